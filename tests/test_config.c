/* Good configurations: values, levels, panels, sweeps, the round trip of the effective text; then
 * many random mutations of good files, which must never crash and, where accepted, round-trip. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/config.h"

#define GOOD "[model]\nm = 8\nphi = 1\npsi = 1\n"

/* Parses text with up to one --set and one panel; the program ends if a good text is refused. */
static nlrmt_config *parse(const char *text, const char *set, const char *panel) {
  nlrmt_config *config;
  nlrmt_error err = {0};
  char *sets[] = {(char *)set}, *panels[] = {(char *)panel};
  nlrmt_status status = nlrmt_config_parse("dir.d/x-1.ini", text, set != NULL, sets, panel != NULL,
                                           panels, &config, &err);
  CHECK(status == NLRMT_OK, "refused: %s\n%s", err.text, text);
  if (status != NLRMT_OK) exit(check_end("test_config", 0));
  return config;
}

static const nlrmt_params *point(const nlrmt_config *config, int panel, int index) {
  return &config->panel[panel].point[index].params;
}

static bool same_bias(const nlrmt_bias *a, const nlrmt_bias *b) {
  bool same = a->law == b->law && a->sigma == b->sigma && a->p == b->p && a->count == b->count;
  for (size_t i = 0; i < NLRMT_BIAS_VALUES_MAX && same; i++)
    same = a->values[i] == b->values[i] && a->weights[i] == b->weights[i];
  return same;
}

static bool same_mixture(const nlrmt_mixture *a, const nlrmt_mixture *b) {
  bool same = a->count == b->count;
  for (int i = 0; i < a->count && same; i++)
    same = strcmp(a->f[i].name, b->f[i].name) == 0 && a->f[i].arg[0] == b->f[i].arg[0] &&
           a->f[i].arg[1] == b->f[i].arg[1] && a->p[i] == b->p[i];
  return same;
}

static bool same_params(const nlrmt_params *a, const nlrmt_params *b) {
  bool same = a->seed == b->seed && a->trials == b->trials && a->m == b->m && a->n0 == b->n0 &&
              a->n1 == b->n1 && a->phi == b->phi && a->psi == b->psi && a->sigma_w == b->sigma_w &&
              a->entries == b->entries && a->entries_x == b->entries_x && a->dof == b->dof &&
              a->dof_x == b->dof_x && a->sigma_x == b->sigma_x && a->matrix == b->matrix;
  same = same && same_mixture(&a->mixture, &b->mixture) && same_bias(&a->bias, &b->bias);
  same = same && a->bins == b->bins && a->range_auto == b->range_auto &&
         a->range[0] == b->range[0] && a->range[1] == b->range[1] && a->points == b->points;
  same = same && a->laws == b->laws && a->lambdas == b->lambdas && a->block == b->block &&
         strcmp(a->eigensolver, b->eigensolver) == 0;
  for (int i = 0; same && i < a->laws; i++) same = strcmp(a->law[i], b->law[i]) == 0;
  for (int i = 0; same && i < a->lambdas; i++) same = a->lambda[i] == b->lambda[i];
  same = same && a->normalize == b->normalize && a->gammas == b->gammas &&
         a->sigma_a == b->sigma_a && a->sigma_eps == b->sigma_eps && a->n2 == b->n2 &&
         a->optimum[0] == b->optimum[0] && a->optimum[1] == b->optimum[1];
  for (int i = 0; same && i < a->gammas; i++) same = a->gamma[i] == b->gamma[i];
  same = same && a->zs == b->zs && a->mtilde == b->mtilde && a->moments == b->moments;
  for (int i = 0; same && i < a->zs; i++) same = a->z[i] == b->z[i];
  return same;
}

static bool same_panel(const nlrmt_panel *a, const nlrmt_panel *b) {
  bool same = strcmp(a->name, b->name) == 0 && strcmp(a->title, b->title) == 0 &&
              a->sweeps == b->sweeps && a->points == b->points;
  for (int s = 0; same && s < a->sweeps; s++) same = strcmp(a->sweep_key[s], b->sweep_key[s]) == 0;
  for (int i = 0; same && i < a->points; i++) {
    same = same_params(&a->point[i].params, &b->point[i].params);
    for (int s = 0; same && s < a->sweeps; s++)
      same = strcmp(a->point[i].swept_text[s], b->point[i].swept_text[s]) == 0;
  }
  return same;
}

/* The effective text, parsed under another name, gives the same figure and the same text. */
static bool round_trips(const nlrmt_config *a) {
  nlrmt_config *b;
  nlrmt_error err = {0};
  if (nlrmt_config_parse("other.ini", a->effective, 0, NULL, 0, NULL, &b, &err) != NLRMT_OK) {
    printf("effective text refused: %s\n%s\n", err.text, a->effective);
    return false;
  }
  bool same = strcmp(a->effective, b->effective) == 0 && strcmp(a->name, b->name) == 0 &&
              strcmp(a->title, b->title) == 0 && a->seed == b->seed && a->panels == b->panels;
  for (int k = 0; same && k < a->panels; k++) same = same_panel(&a->panel[k], &b->panel[k]);
  nlrmt_config_destroy(&b);
  return same;
}

static void end(nlrmt_config *config) {
  CHECK(round_trips(config), "no round trip:\n%s", config->effective);
  nlrmt_config_destroy(&config);
  CHECK(config == NULL, "destroy leaves a pointer");
}

static void test_fig1(void) {
  nlrmt_config *c;
  nlrmt_error err = {0};
  nlrmt_status status = nlrmt_config_load("configs/fig1.ini", 0, NULL, 0, NULL, &c, &err);
  CHECK(status == NLRMT_OK, "%s", err.text);
  if (status != NLRMT_OK) return;
  CHECK(strcmp(c->name, "fig1") == 0 && c->seed == 1, "%s", c->name);
  CHECK(c->panels == 2 && strcmp(c->panel[0].name, "gaussian") == 0 &&
            strcmp(c->panel[1].name, "bernoulli") == 0,
        "%d panels", c->panels);
  for (int k = 0; k < 2; k++) {
    const nlrmt_params *p = point(c, k, 0);
    CHECK(c->panel[k].points == 1 && p->trials == 1, "%d points", c->panel[k].points);
    CHECK(p->m == 16384 && p->n0 == 24576 && p->n1 == 30720, "m %ld n0 %ld n1 %ld", (long)p->m,
          (long)p->n0, (long)p->n1);
    CHECK(p->phi == 1.5 && p->psi == 0.8 && p->sigma_w == 1 && p->sigma_x == 1, "phi %g psi %g",
          p->phi, p->psi);
    CHECK(strcmp(p->mixture.f[0].name, "relu") == 0 && p->laws == 4 && p->range_auto, "%s",
          p->mixture.f[0].name);
  }
  CHECK(point(c, 0, 0)->bias.law == NLRMT_BIAS_GAUSSIAN && point(c, 0, 0)->bias.sigma == 1, "law");
  CHECK(point(c, 1, 0)->bias.law == NLRMT_BIAS_BERNOULLI && point(c, 1, 0)->bias.p == 0.5, "law");
  end(c);
}

static void test_defaults(void) {
  nlrmt_config *c = parse(GOOD, NULL, NULL);
  const nlrmt_params *p = point(c, 0, 0);
  CHECK(strcmp(c->name, "x-1") == 0 && *c->title == '\0', "name %s", c->name);
  CHECK(c->panels == 1 && strcmp(c->panel[0].name, "main") == 0 && c->panel[0].points == 1, "main");
  CHECK(p->seed == 1 && p->trials == 1 && p->sigma_w == 1 && p->sigma_x == 1, "defaults");
  CHECK(p->data.source == NLRMT_SOURCE_GAUSSIAN && !p->data.population && p->data.count == 0,
        "data");
  CHECK(p->entries == NLRMT_ENTRIES_GAUSSIAN && p->bias.law == NLRMT_BIAS_NONE, "laws");
  CHECK(p->matrix == NLRMT_SPECTRUM_K && p->bins == 100 && p->range_auto, "spectrum");
  CHECK(p->laws == 2 && strcmp(p->law[0], "alp") == 0 && strcmp(p->law[1], "alp_b") == 0, "laws");
  CHECK(p->points == 2000 && p->lambdas == 0 && p->lambda == NULL, "theory");
  CHECK(p->gammas == 0 && p->gamma == NULL && p->sigma_a == 0 && p->sigma_eps == 1, "ridge");
  CHECK(!p->normalize && p->n2 == 64 && !p->optimum[0] && !p->optimum[1], "normalize, n2, optimum");
  CHECK(p->zs == 0 && p->z == NULL && !p->mtilde && p->moments == 0, "transforms and moments");
  CHECK(p->mixture.count == 1 && p->mixture.p[0] == 1, "%d components", p->mixture.count);
  CHECK(strcmp(p->eigensolver, "auto") == 0 && p->block == 0, "parallel");
  end(c);
}

/* BOM, CRLF, comments, tabs, colon, no newline at the end, continuation lines, long comments. */
static void test_forms(void) {
  char text[2000] =
      "\xEF\xBB\xBF[ model ] ; c\r\n\tm = 2^4 ; c\r\nphi:1.5\t; x\r\n# n1 = 3\r\nn1=\t7\n;";
  memset(text + strlen(text), '-', 500);
  strcat(text,
         "\n[experiment]\ntitle =\n \xCE\xBB; b\n\n  and #1\n[theory]\nlambda = 1,\n 2, ; x = 3\n"
         "\n; between\n\tlogspace(1,2,\n\t3)\nlaws = ps");
  nlrmt_config *c = parse(text, NULL, NULL);
  const nlrmt_params *p = point(c, 0, 0);
  CHECK(p->m == 16 && p->n0 == 24 && p->n1 == 7, "m %ld n0 %ld n1 %ld", (long)p->m, (long)p->n0,
        (long)p->n1);
  CHECK(p->psi == 24.0 / 7, "psi %g is that of the integers", p->psi);
  CHECK(strcmp(c->title, "\xCE\xBB; b and #1") == 0, "title %s", c->title);
  CHECK(p->lambdas == 5 && p->lambda[1] == 2 && p->lambda[2] == 10 && p->lambda[4] == 100, "%d",
        p->lambdas);
  CHECK(p->laws == 1 && strcmp(p->law[0], "ps") == 0, "%s", p->law[0]);
  end(c);
}

static void test_every_key(void) {
  nlrmt_config *c = parse("experiment.name = a_B-9\nexperiment.seed = 18446744073709551615\n"
                          "[experiment]\ntitle = T\ntrials = 10^6\n"
                          "[model]\nm = 2147483647\nn0 = 5\nn1 = 6\nsigma_w = 1e-3\n"
                          "entries = student_t\ndof = 3.5\n[activation]\nf = leaky_relu(0.1)\n"
                          "normalize = yes\n"
                          "[bias]\nlaw = discrete\nsigma = 0\np = 1\nvalues = -1, 1, 2.5\n"
                          "weights = 0.5, 0.3, 0.2\n[data]\nentries = uniform\ndof = 9\nsource = "
                          "discrete\nsigma_x = 2.5\n"
                          "of = population\nvalues = 3, 0.5\nweights = 0.25, 0.75\npath = a b.txt\n"
                          "[spectrum]\nmatrix = M\nbins = 7\nrange = -0.5, 1e1\n"
                          "[theory]\nlaws = ps_b, alp\npoints = 2\nlambda = -1, 0.1, 3\n"
                          "[ridge]\ngamma = 1, logspace(-2,-1,2), 7\nsigma_a = 0.5\nsigma_eps = 0\n"
                          "n2 = 2^5\n"
                          "[parallel]\nprecision = double\neigensolver = elpa2\nblock = 64\n",
                          NULL, NULL);
  const nlrmt_params *p = point(c, 0, 0);
  CHECK(strcmp(c->name, "a_B-9") == 0 && strcmp(c->title, "T") == 0, "%s", c->name);
  CHECK(c->seed == UINT64_MAX && p->seed == UINT64_MAX && p->trials == 1000000, "seed");
  CHECK(p->m == 2147483647 && p->n0 == 5 && p->n1 == 6, "dimensions");
  CHECK(p->phi == 5 / 2147483647.0 && p->psi == 5 / 6.0, "ratios %g %g", p->phi, p->psi);
  CHECK(p->sigma_w == 1e-3 && p->entries == NLRMT_ENTRIES_STUDENT_T, "entries");
  CHECK(p->entries_x == NLRMT_ENTRIES_UNIFORM && p->dof == 3.5 && p->dof_x == 9, "entries of X");
  CHECK(strcmp(p->mixture.f[0].name, "leaky_relu(0.1)") == 0 && p->mixture.f[0].arg[0] == 0.1, "%s",
        p->mixture.f[0].name);
  CHECK(p->bias.law == NLRMT_BIAS_DISCRETE && p->bias.count == 3 && p->bias.values[2] == 2.5 &&
            p->bias.weights[1] == 0.3 && p->bias.sigma == 0 && p->bias.p == 1,
        "bias");
  CHECK(p->data.source == NLRMT_SOURCE_DISCRETE && p->data.population && p->data.count == 2 &&
            p->data.weighted == 2 && p->data.values[0] == 3 && p->data.weights[1] == 0.75 &&
            strcmp(p->data.path, "a b.txt") == 0,
        "data");
  CHECK(p->sigma_x == 2.5 && p->matrix == NLRMT_SPECTRUM_M && p->bins == 7, "spectrum");
  CHECK(!p->range_auto && p->range[0] == -0.5 && p->range[1] == 10, "range");
  CHECK(p->laws == 2 && strcmp(p->law[0], "ps_b") == 0 && strcmp(p->law[1], "alp") == 0, "laws");
  CHECK(p->points == 2 && p->lambdas == 3 && p->lambda[1] == 0.1, "lambda");
  CHECK(p->gammas == 4 && p->gamma[0] == 1 && p->gamma[2] == 0.1 && p->gamma[3] == 7, "gamma");
  CHECK(p->sigma_a == 0.5 && p->sigma_eps == 0 && p->normalize && p->n2 == 32, "ridge, normalize");
  CHECK(strcmp(p->eigensolver, "elpa2") == 0 && p->block == 64, "parallel");
  end(c);
}

/* Complex numbers: every way to write one, ranges in either part, panels with their own. */
static void test_stieltjes(void) {
  nlrmt_config *c =
      parse(GOOD "[spectrum]\nstieltjes_z = 0.5+0.1i, -1, 1e-3+1e-2i, -2 + 3i,0.25i,\n"
                 "  linspace(-1,1,3)+logspace(-2,-1,2)i\nmoments = 8\n",
            "spectrum.stieltjes_z=0.5+0.1i,-1,1e-3+1e-2i,-2 + "
            "3i,0.25i,linspace(-1,1,3)+logspace(-2,-1,2)i, "
            "linspace(-3,-1,2)",
            NULL);
  const double complex want[] = {
      CMPLX(0.5, 0.1), CMPLX(-1, 0),   CMPLX(1e-3, 1e-2), CMPLX(-2, 3),  CMPLX(0, 0.25),
      CMPLX(-1, 0.01), CMPLX(-1, 0.1), CMPLX(0, 0.01),    CMPLX(0, 0.1), CMPLX(1, 0.01),
      CMPLX(1, 0.1),   CMPLX(-3, 0),   CMPLX(-1, 0)};
  const nlrmt_params *p = point(c, 0, 0);
  CHECK(p->zs == 13 && p->moments == 8 && !p->mtilde, "%d numbers", p->zs);
  for (int i = 0; i < 13 && p->zs == 13; i++)
    CHECK(p->z[i] == want[i], "number %d: %g%+gi", i, creal(p->z[i]), cimag(p->z[i]));
  end(c);
  c = parse(GOOD "[spectrum]\nstieltjes_z = 1i\n[panel a]\nspectrum.stieltjes_z = 2i, 3i\n"
                 "spectrum.stieltjes_mtilde = yes\nsweep.spectrum.moments = 0, 3\n[panel b]\n",
            NULL, NULL);
  CHECK(point(c, 0, 1)->zs == 2 && point(c, 0, 1)->mtilde && point(c, 0, 1)->moments == 3,
        "panel a");
  CHECK(point(c, 1, 0)->zs == 1 && !point(c, 1, 0)->mtilde && point(c, 1, 0)->z[0] == CMPLX(0, 1),
        "panel b");
  end(c);
}

/* X has the law of W unless it has its own, swept or not. */
static void test_entries(void) {
  nlrmt_config *c = parse(GOOD "sweep.model.entries = lattice, student_t\n"
                               "sweep.model.dof = 3, 8\n",
                          NULL, NULL);
  CHECK(c->panel[0].points == 4, "%d points", c->panel[0].points);
  const nlrmt_params *p = point(c, 0, 2);
  CHECK(p->entries == NLRMT_ENTRIES_STUDENT_T && p->entries_x == p->entries && p->dof == 3 &&
            p->dof_x == 3,
        "entries %d, dof %g %g", (int)p->entries_x, p->dof, p->dof_x);
  CHECK(point(c, 0, 1)->entries_x == NLRMT_ENTRIES_LATTICE && point(c, 0, 3)->dof_x == 8, "swept");
  end(c);
  c = parse(GOOD "sweep.data.entries = model, exponential\n", "model.entries=uniform", NULL);
  CHECK(point(c, 0, 0)->entries_x == NLRMT_ENTRIES_UNIFORM, "model");
  CHECK(point(c, 0, 1)->entries_x == NLRMT_ENTRIES_EXPONENTIAL &&
            point(c, 0, 1)->entries == NLRMT_ENTRIES_UNIFORM,
        "X alone");
  end(c);
}

/* The sources of the data, also as a sweep; equal weights need no list. */
static void test_data(void) {
  nlrmt_config *c = parse(GOOD "[data]\nvalues = 0, 2\npath = e.txt\n"
                               "[sweep]\ndata.source = gaussian, discrete, spectrum\n"
                               "data.of = sample, population\n",
                          NULL, NULL);
  CHECK(c->panel[0].points == 6, "%d points", c->panel[0].points);
  for (int q = 0; q < 6; q++) {
    const nlrmt_data *data = &point(c, 0, q)->data;
    CHECK((int)data->source == q / 2 && data->population == q % 2, "p%04d", q);
    CHECK(data->count == 2 && data->weighted == 0 && data->values[1] == 2, "p%04d", q);
  }
  end(c);
}

/* Samples in files: n0 is theirs, n1 follows once it is known; a phi given beside is held to it. */
static void test_files(void) {
  const char *text = "[model]\nm = 200\npsi = 0.5\n[data]\nsource = idx\npath = a, b.gz\n"
                     "label_path = c\nclasses = 8, 0\nmean_subtract = yes\n"
                     "[panel a]\n[panel b]\nmodel.phi = 1.5\n[panel c]\nmodel.n1 = 7\n";
  nlrmt_error err = {0};
  nlrmt_config *c = parse(text, NULL, NULL);
  nlrmt_params copy[3] = {*point(c, 0, 0), *point(c, 1, 0), *point(c, 2, 0)};
  nlrmt_params *a = &copy[0], *b = &copy[1], *of_n1 = &copy[2];
  const nlrmt_data *data = &a->data;
  CHECK(data->source == NLRMT_SOURCE_IDX && nlrmt_data_from_files(data) && data->mean_subtract &&
            data->classes == 2 && data->class_number[0] == 8 && data->class_number[1] == 0,
        "data");
  CHECK(strcmp(data->path, "a, b.gz") == 0 && strcmp(data->label_path, "c") == 0, "paths");
  CHECK(!a->measured && a->n0 == 0 && a->phi == 0 && a->n1 == 0 && b->n0 == 300 && b->n1 == 600,
        "before: n0 %ld %ld", (long)a->n0, (long)b->n0);
  CHECK(nlrmt_params_set_n0(a, 784, &err) == NLRMT_OK, "%s", err.text);
  CHECK(a->n0 == 784 && a->n1 == 1568 && a->phi == 3.92 && a->psi == 0.5, "n1 %ld", (long)a->n1);
  CHECK(nlrmt_params_set_n0(a, 784, &err) == NLRMT_OK, "a second time: %s", err.text);
  CHECK(nlrmt_params_set_n0(of_n1, 784, &err) == NLRMT_OK && of_n1->n1 == 7 && of_n1->psi == 112,
        "psi %g", of_n1->psi);
  CHECK(nlrmt_params_set_n0(b, 784, &err) == NLRMT_ERR_CONFIG && strstr(err.text, "n0 = 300, but"),
        "%s", err.text);
  end(c);
}

static void test_bimodal(void) {
  nlrmt_config *c = parse(GOOD "[data]\nsource = bimodal\n[panel a]\n[panel b]\n"
                               "data.values = 1, 2, 3\n",
                          NULL, NULL);
  const nlrmt_data *data = &point(c, 0, 0)->data, *other = &point(c, 1, 0)->data;
  CHECK(data->source == NLRMT_SOURCE_DISCRETE && data->population && data->count == 2 &&
            data->weighted == 0 && data->values[0] == 0.2 && data->values[1] == 1.8,
        "defaults");
  CHECK(other->population && other->count == 3 && other->values[2] == 3, "values");
  CHECK(!nlrmt_data_from_files(data), "not from files");
  end(c);
}

/* Components: quotes and parentheses guard commas; the last probability may be left out; all have
 * the same s. */
static void test_mixture(void) {
  nlrmt_config *c =
      parse(GOOD "[mixture]\ncomponents = sin, cubic, \"max(x, b)\",\n"
                 " relu\nprobabilities = 0.25, 0.125,\n 0.5\n"
                 "[bias]\nlaw = gaussian\nsigma = 2\n",
            "mixture.components=identity,\"max(x, b)\" , random(0.5, 3),abs_centred", NULL);
  const nlrmt_mixture *x = &point(c, 0, 0)->mixture;
  static const char *const names[] = {"identity", "\"max(x, b)\"", "random(0.5, 3)", "abs_centred"};
  static const double p[] = {0.25, 0.125, 0.5, 0.125};
  CHECK(x->count == 4, "%d components", x->count);
  for (int i = 0; i < 4; i++)
    CHECK(strcmp(x->f[i].name, names[i]) == 0 && x->p[i] == p[i], "%d: %g %s", i, x->p[i],
          x->f[i].name);
  CHECK(fabs(x->f[3].arg[0] * sqrt(5 * (1 - 2 / M_PI)) - 1) < 1e-14, "s is not that of z + b");
  end(c);
  c = parse(GOOD "[mixture]\ncomponents = tanh\n[ridge]\ngamma = 1\noptimum = mixture, single\n",
            NULL, NULL);
  x = &point(c, 0, 0)->mixture;
  CHECK(x->count == 1 && x->p[0] == 1 && strcmp(x->f[0].name, "tanh") == 0, "one component");
  CHECK(point(c, 0, 0)->optimum[0] && point(c, 0, 0)->optimum[1], "optimum");
  end(c);
}

/* One number swept, each item a whole value; long expressions come back whole. */
static void test_mixture_sweep(void) {
  char text[600] = GOOD "[mixture]\ncomponents = relu, \"x";
  for (int i = 0; i < 50; i++) strcat(text, "+1");
  strcat(text, "\"\n[sweep]\nmixture.probabilities = 0, linspace(0.25, 1, 4)\n");
  nlrmt_config *c = parse(text, NULL, NULL);
  CHECK(c->panel[0].points == 5, "%d points", c->panel[0].points);
  for (int q = 0; q < 5; q++) {
    const nlrmt_mixture *x = &point(c, 0, q)->mixture;
    CHECK(x->count == 2 && x->p[0] == 0.25 * q && x->p[1] == 1 - 0.25 * q, "p%04d: %g", q, x->p[0]);
    CHECK(strlen(x->f[1].name) == 103 && c->panel[0].point[q].swept[0] == 0.25 * q, "p%04d", q);
  }
  end(c);
}

static void is_single(const char *text, const char *set, int panel, const char *name) {
  nlrmt_config *c = parse(text, set, NULL);
  const nlrmt_mixture *x = &point(c, panel, 0)->mixture;
  CHECK(x->count == 1 && strcmp(x->f[0].name, name) == 0, "%d of %s, not %s", x->count,
        x->f[0].name, name);
  end(c);
}

static void is_mixture(const char *text, const char *set, int panel, const char *name) {
  nlrmt_config *c = parse(text, set, NULL);
  const nlrmt_mixture *x = &point(c, panel, 0)->mixture;
  CHECK(x->count == 2 && strcmp(x->f[0].name, name) == 0, "%d of %s", x->count, x->f[0].name);
  end(c);
}

/* activation.f and mixture.components are one quantity: the later level wins, and an f takes the
 * probabilities away. */
static void test_mixture_levels(void) {
#define MIXED GOOD "[mixture]\ncomponents = relu, tanh\nprobabilities = 0.5\n"
#define SINGLE GOOD "[activation]\nf = erf\n"
  is_mixture(MIXED, NULL, 0, "relu");
  is_mixture(MIXED, "mixture.components=sin,erf", 0, "sin");
  is_single(MIXED, "activation.f=erf", 0, "erf");
  is_single(MIXED "[panel a]\nactivation.f = sin\n[panel b]\n", NULL, 0, "sin");
  is_mixture(MIXED "[panel a]\nactivation.f = sin\n[panel b]\n", NULL, 1, "relu");
  is_mixture(SINGLE "[panel a]\nmixture.components = sin, relu\nmixture.probabilities = 0.1\n",
             NULL, 0, "sin");
  is_single(SINGLE "[panel a]\nmixture.components = sin, relu\nmixture.probabilities = 0.1\n",
            "activation.f=tanh", 0, "tanh");
  is_single(MIXED "[sweep]\nactivation.f = sin, erf\n", NULL, 0, "sin");
  is_single(GOOD "[mixture]\ncomponents = relu, tanh\n[sweep]\nmixture.probabilities = 0, 1\n",
            "activation.f=erf", 0, "erf");
}

/* abs_centred must see the standard deviation of z + b: c1 = 1/(s sqrt(1 - 2/pi)). */
static void test_activation_argument(void) {
  nlrmt_config *c = parse(GOOD "sigma_w = 2\n[data]\nsigma_x = 1.5\n[activation]\nf = abs_centred\n"
                               "[bias]\nlaw = uniform\nsigma = 4\n",
                          NULL, NULL);
  double c1 = 1 / (5 * sqrt(1 - 2 / acos(-1)));
  CHECK(fabs(point(c, 0, 0)->mixture.f[0].arg[0] - c1) < 1e-14, "c1 %.17g",
        point(c, 0, 0)->mixture.f[0].arg[0]);
  end(c);
}

static void test_panels(void) {
  const char *text = GOOD "[panel a]\n[panel b]\ntitle = B\nmodel.n0 = 12\nexperiment.trials = 5\n"
                          "[model]\nsigma_w = 3\n[panel c]\nmodel.psi = 2\nmodel.sigma_w = 4\n";
  nlrmt_config *c = parse(text, NULL, NULL);
  CHECK(c->panels == 3, "%d panels", c->panels);
  CHECK(point(c, 0, 0)->n0 == 8 && point(c, 0, 0)->sigma_w == 3 && *c->panel[0].title == '\0', "a");
  CHECK(point(c, 1, 0)->n0 == 12 && point(c, 1, 0)->n1 == 12 && point(c, 1, 0)->phi == 1.5, "b");
  CHECK(point(c, 1, 0)->trials == 5 && strcmp(c->panel[1].title, "B") == 0, "b");
  CHECK(point(c, 2, 0)->n1 == 4 && point(c, 2, 0)->sigma_w == 4, "c");
  end(c);
  c = parse(text, NULL, "c");
  CHECK(c->panels == 1 && strcmp(c->panel[0].name, "c") == 0 && point(c, 0, 0)->n1 == 4, "only c");
  CHECK(strstr(c->effective, "[panel b]") == NULL, "b is left out");
  end(c);
}

/* --set beats panels and sweeps, for the key and for the one that says the same. */
static void test_sets(void) {
  const char *text = GOOD "[panel a]\nmodel.n0 = 12\n[panel b]\nsweep.model.phi = 1, 2\n"
                          "sweep.model.sigma_w = 1, 2\n";
  nlrmt_config *c = parse(text, " model.phi = 3 ", NULL);
  CHECK(point(c, 0, 0)->n0 == 24, "n0 %ld", (long)point(c, 0, 0)->n0);
  CHECK(c->panel[1].sweeps == 1 && c->panel[1].points == 2 && point(c, 1, 1)->n0 == 24, "sweep");
  end(c);
  c = parse(text, "model.n0=7", NULL);
  CHECK(point(c, 0, 0)->n0 == 7 && c->panel[1].points == 2 && point(c, 1, 0)->n0 == 7, "n0");
  end(c);
  c = parse(text, "theory.lambda=linspace(0,1,2000), 2", NULL);
  CHECK(point(c, 0, 0)->lambdas == 2001 && point(c, 1, 3)->lambda[2000] == 2, "lambda");
  end(c);
  char *twice[] = {"model.m=9", "model.n1=5", "model.m=10"};
  nlrmt_error err = {0};
  nlrmt_config_parse("x.ini", text, 3, twice, 0, NULL, &c, &err);
  CHECK(c && point(c, 1, 0)->m == 10 && point(c, 1, 0)->n1 == 5, "the last --set wins");
  end(c);
}

static void test_sweeps(void) {
  nlrmt_config *c = parse(GOOD "sweep.model.psi = 0.5, 1, 2\n[sweep]\n"
                               "activation.f = relu, leaky_relu(0.5)\n",
                          NULL, NULL);
  const nlrmt_panel *p = &c->panel[0];
  CHECK(p->sweeps == 2 && p->points == 6, "%d sweeps %d points", p->sweeps, p->points);
  CHECK(strcmp(p->sweep_key[0], "model.psi") == 0 && strcmp(p->sweep_key[1], "activation.f") == 0,
        "%s", p->sweep_key[0]);
  static const int n1[] = {16, 16, 8, 8, 4, 4};
  for (int i = 0; i < 6; i++) {
    const char *f = i % 2 ? "leaky_relu(0.5)" : "relu";
    CHECK(p->point[i].params.n1 == n1[i] && strcmp(p->point[i].params.mixture.f[0].name, f) == 0,
          "%d", i);
    CHECK(p->point[i].swept[0] == 8.0 / n1[i] && isnan(p->point[i].swept[1]), "%d", i);
    CHECK(strcmp(p->point[i].swept_text[1], f) == 0, "%s", p->point[i].swept_text[1]);
  }
  end(c);
}

/* Shared sweeps hold in each panel, a panel's own sweep of the same quantity takes their place, and
 * any sweep beats a plain value. */
static void test_panel_sweeps(void) {
  nlrmt_config *c = parse(GOOD "[sweep]\nmodel.psi = 1, 2\nmodel.m = 2^3, 2^4\n"
                               "[panel a]\nmodel.psi = 4\n[panel b]\nsweep.model.n1 = 3, 5, 7\n",
                          NULL, NULL);
  CHECK(c->panel[0].points == 4 && point(c, 0, 2)->n1 == 4 && point(c, 0, 3)->n1 == 8, "a");
  CHECK(c->panel[0].point[1].swept[1] == 16, "2^4 as a number");
  CHECK(strcmp(c->panel[0].point[1].swept_text[1], "2^4") == 0, "2^4 as written");
  CHECK(c->panel[1].points == 6 && strcmp(c->panel[1].sweep_key[1], "model.n1") == 0, "b");
  CHECK(point(c, 1, 5)->m == 16 && point(c, 1, 5)->n1 == 7 && point(c, 1, 0)->n1 == 3, "b");
  end(c);
}

static void test_ranges(void) {
  nlrmt_config *c = parse(GOOD "sweep.model.sigma_w = logspace(-3,3,7), 0.1, linspace(1, 2, 11)\n"
                               "sweep.model.m = logspace(1,3,3)\n",
                          NULL, NULL);
  const nlrmt_panel *p = &c->panel[0];
  CHECK(p->points == 19 * 3, "%d points", p->points);
  for (int i = 0; i < 7; i++)
    CHECK(fabs(point(c, 0, 3 * i)->sigma_w / pow(10, i - 3) - 1) < 4 * DBL_EPSILON, "%d", i);
  for (int i = 0; i < 11; i++)
    CHECK(fabs(point(c, 0, 3 * (8 + i))->sigma_w - (1 + 0.1 * i)) < 4 * DBL_EPSILON, "%d", i);
  CHECK(point(c, 0, 3 * 18)->sigma_w == 2, "ends");
  CHECK(point(c, 0, 2)->m == 1000 && strcmp(p->point[2].swept_text[1], "1000") == 0, "integers");
  end(c);
}

/* Ends exactly where rounding would miss it; 200 values go through inih's short lines. */
static void test_long_list(void) {
  char text[8000] = GOOD "[theory]\nlambda = linspace(-1e16, 0.1, 2)";
  for (int i = 1; i <= 200; i++)
    sprintf(text + strlen(text), ",%s%.17g", i % 5 ? "" : "\n ", 0.1 + i / 3.0);
  nlrmt_config *c = parse(text, NULL, NULL);
  const nlrmt_params *p = point(c, 0, 0);
  CHECK(p->lambdas == 202 && p->lambda[1] == 0.1, "%d, %.17g", p->lambdas, p->lambda[1]);
  CHECK(p->lambda[201] == 0.1 + 200 / 3.0, "%.17g", p->lambda[201]);
  end(c);
}

/* Every double printed with 17 digits comes back as it was, point by point. */
static void test_doubles(void) {
  static const double values[] = {0.1, 1 / 3.0, 1e-30, 123456789.123456789, 1 + DBL_EPSILON};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    char text[300];
    snprintf(text, sizeof text, GOOD "sigma_w = %.17g\n[sweep]\ndata.sigma_x = 1, %.17g\n",
             values[i], values[i]);
    nlrmt_config *c = parse(text, NULL, NULL);
    CHECK(point(c, 0, 0)->sigma_w == values[i] && point(c, 0, 1)->sigma_x == values[i], "%.17g",
          values[i]);
    end(c);
  }
}

static void test_nearest(void) {
  static const char *const words[] = {"relu", "tanh", "gaussian", "sigma_w", "sigma_x"};
  static const char *const expect[][2] = {
      {"relo", "relu"}, {"ReLU", "relu"}, {"gauss", "gaussian"}, {"sigma_ww", "sigma_w"},
      {"tahn", NULL},   {"", NULL},       {"completely", NULL},  {"sigma_X", "sigma_x"}};
  for (size_t i = 0; i < sizeof expect / sizeof expect[0]; i++) {
    const char *near = nlrmt_nearest(expect[i][0], words, 5);
    CHECK((!near && !expect[i][1]) || (near && expect[i][1] && strcmp(near, expect[i][1]) == 0),
          "%s: %s", expect[i][0], near ? near : "none");
  }
}

/* The table: every line at most 100 columns, every default accepted (test_defaults), all named. */
static void test_help(void) {
  char *text, *line;
  size_t bytes;
  FILE *out = open_memstream(&text, &bytes);
  nlrmt_config_help(out);
  fclose(out);
  static const char *const named[] = {"[experiment]", "[parallel]", "sigma_w", "leaky_relu(a)",
                                      "eigensolver",  "required",   "logspace"};
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
    CHECK(strstr(text, named[i]) != NULL, "%s is not in the help", named[i]);
  for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
    CHECK(strlen(line) <= 100 && line[strlen(line) - 1] != ' ', "\"%s\"", line);
  free(text);
}

/* ---- random mutations ---- */

static uint32_t state = 12345;

static uint32_t draw(uint32_t below) { /* xorshift: the same mutations on every machine */
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % below;
}

/* Replaces, deletes, inserts or doubles a few bytes at one place; text has room for 64 more. */
static void mutate(char *text) {
  static const char pieces[] = "[]=:;#,.()-+^ \t\n\r019eEx\xEF\x80\x01_";
  size_t length = strlen(text), at = draw((uint32_t)length), span = 1 + draw(8);
  if (at + span > length) span = length - at;
  char copy[8], piece = pieces[draw(sizeof pieces - 1)];
  switch (draw(5)) {
  case 0:
    text[at] = piece;
    break;
  case 1:
    memmove(text + at, text + at + span, length - at - span + 1);
    break;
  case 2:
    memmove(text + at + 1, text + at, length - at + 1);
    text[at] = piece;
    break;
  case 3:
    text[at] = (char)(1 + draw(255));
    break;
  case 4:
    memcpy(copy, text + at, span);
    memmove(text + at + span, text + at, length - at + 1);
    memcpy(text + at, copy, span);
    break;
  }
}

static void test_mutations(const char *seed, int count) {
  int good = 0, crooked = 0, wordless = 0;
  char *text = malloc(strlen(seed) + 64);
  for (int i = 0; i < count && text; i++) {
    strcpy(text, seed);
    for (int k = (int)draw(3); k >= 0; k--) mutate(text);
    nlrmt_config *config;
    nlrmt_error err = {0};
    if (nlrmt_config_parse("x.ini", text, 0, NULL, 0, NULL, &config, &err) == NLRMT_OK) {
      good++;
      if (!round_trips(config)) crooked += printf("crooked:\n%s\n", text) > 0;
    } else {
      wordless += config != NULL || strncmp(err.text, "x.ini:", 6) != 0 || strchr(err.text, '\n');
    }
    nlrmt_config_destroy(&config);
  }
  CHECK(crooked == 0 && wordless == 0, "%d accepted but not round, %d refused without words",
        crooked, wordless);
  CHECK(good > count / 100 && good < count, "%d of %d accepted: the mutations test nothing", good,
        count);
  free(text);
}

static void test_fuzz(void) {
  static char fig1[8192];
  FILE *file = fopen("configs/fig1.ini", "rb");
  CHECK(file && fread(fig1, 1, sizeof fig1 - 1, file) > 0, "configs/fig1.ini: run from the root");
  if (!file) return;
  fclose(file);
  test_mutations(fig1, 50000);
  test_mutations(
      "[model]\nm=8\nphi=1\npsi=1\n[bias]\nlaw=discrete\nvalues=1,2\nweights=.5,.5\n"
      "[theory]\nlambda=logspace(-1,1,5),\n  20,\n  30\nlaws=ps\n[ridge]\ngamma=1,.5\n"
      "[spectrum]\nstieltjes_z=1+.1i,linspace(0,1,3)+2e-1i\nstieltjes_mtilde=yes\n[panel a]\n"
      "ridge.gamma=2\nridge.sigma_a=1\n"
      "sweep.model.psi=1,2\nsweep.activation.f=relu,leaky_relu(.5)\ntitle=x y\n",
      50000);
  test_mutations("[model]\nm=8\nphi=1\npsi=1\n[mixture]\n"
                 "components=relu,\"max(x,b)\",\n  random(.5,2)\nprobabilities=.5,.25\n"
                 "[panel a]\nactivation.f=tanh\n[panel b]\nmixture.components=sin,abs\n"
                 "sweep.mixture.probabilities=0,1 ; a comment\n; a longer comment\n",
                 50000);
}

int main(void) {
  test_fig1();
  test_defaults();
  test_forms();
  test_every_key();
  test_stieltjes();
  test_entries();
  test_data();
  test_files();
  test_bimodal();
  test_mixture();
  test_mixture_sweep();
  test_mixture_levels();
  test_activation_argument();
  test_panels();
  test_sets();
  test_sweeps();
  test_panel_sweeps();
  test_ranges();
  test_long_list();
  test_doubles();
  test_nearest();
  test_help();
  test_fuzz();
  return check_end("test_config", 0);
}
