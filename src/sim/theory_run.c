#include "nlrmt/theory_run.h"

#include <complex.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nlrmt/file.h"
#include "nlrmt/laws.h"
#include "nlrmt/methods.h"
#include "nlrmt/output_theory.h"
#include "nlrmt/output_transforms.h"
#include "nlrmt/progress.h"
#include "nlrmt/transforms.h"
#include "theory_table.h"

typedef struct {
  const nlrmt_theory_options *options;
  const nlrmt_config *config;
  nlrmt_h5 *h5; /* NULL with --csv */
  char path[4096];
  int failures; /* laws that could not be certified, or that another method contradicts */
} run;

/* One law of one point, solved. */
typedef struct {
  const char *name;
  nlrmt_law *law;
  nlrmt_curve curve;
  double mean;    /* E eta */
  double outlier; /* 0: none */
  double seconds;
  nlrmt_method_check check; /* with --method */
} solved;

/* One layer of one point: the laws that could be solved, the training errors that could be. */
typedef struct {
  const nlrmt_panel *panel;
  int number;
  bool head;                  /* the first layer shown of its point */
  const nlrmt_params *params; /* of the layer */
  char name[32];              /* p0000, p0000/layers/1 */
  char base[NLRMT_OUTPUT_PATH];
  int laws, curves, failures;
  solved law[NLRMT_LAWS_MAX];
  nlrmt_ridge_curve curve[NLRMT_LAWS_MAX];
  int transforms; /* laws whose Stieltjes transforms and moments could be solved */
  nlrmt_transforms_curve transform[NLRMT_LAWS_MAX]; /* m and moment are owned, mtilde is in m */
  bool has_best;                                    /* all families asked for could be solved */
  nlrmt_optimum *best[2]; /* [gammas] by nlrmt_family, NULL if not asked for */
} point;

/* Two solutions so far apart, relative to the peak of the density, contradict each other. */
static const double CONTRADICTION = 1e-6;
static const nlrmt_method_options METHOD_OPTIONS = {.tolerance = 1e-10, .iterations_max = 10000};

static void clear_solved(solved *s) {
  nlrmt_law_destroy(&s->law);
  nlrmt_curve_clear(&s->curve);
}

static nlrmt_status solve(const nlrmt_params *params, const char *name,
                          const nlrmt_law_statement *of, solved *s, nlrmt_error *err) {
  const nlrmt_nodes *nodes = &of->nodes;
  *s = (solved){.name = name};
  if (nlrmt_law_create(&of->problem, &s->law, err) == NLRMT_OK &&
      nlrmt_laws_curve(params, s->law, &s->curve, err) == NLRMT_OK)
    nlrmt_law_outlier(s->law, (double)params->m, (double)params->n1, &s->outlier);
  for (size_t k = 0; k < nodes->count; k++) s->mean += nodes->weight[k] * nodes->eta[k];
  if (err->status != NLRMT_OK) clear_solved(s);
  return err->status;
}

static nlrmt_status predict_ridge(const nlrmt_params *params, const nlrmt_law_statement *of,
                                  nlrmt_ridge_curve *curve, nlrmt_error *err) {
  size_t k = (size_t)params->gammas;
  curve->train_error = malloc(k * sizeof *curve->train_error);
  if (!curve->train_error)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu values of gamma", k);
  if (nlrmt_laws_state_ridge(params, of, curve->train_error, err) != NLRMT_OK)
    free(curve->train_error);
  return err->status;
}

static nlrmt_status predict_transforms(const nlrmt_params *params, const nlrmt_law_statement *of,
                                       nlrmt_transforms_curve *curve, nlrmt_error *err) {
  size_t zs = (size_t)params->zs, moments = (size_t)params->moments;
  double complex *m = malloc((2 * zs + 1) * sizeof *m);
  double *moment = malloc((moments + 1) * sizeof *moment);
  if (!m || !moment)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu Stieltjes transforms", zs);
  else if (nlrmt_laws_state_transforms(params, of, m, m + zs, err) == NLRMT_OK)
    nlrmt_transforms_moments(&of->problem, moments, moment, err);
  if (err->status == NLRMT_OK) {
    *curve = (nlrmt_transforms_curve){curve->name, 0, m, m + zs, moment};
    return NLRMT_OK;
  }
  free(m);
  free(moment);
  return err->status;
}

/* The families that ridge.optimum names, at every gamma. */
static nlrmt_status find_optimum(point *p, nlrmt_error *err) {
  size_t k = (size_t)p->params->gammas;
  for (nlrmt_family f = NLRMT_FAMILY_SINGLE; f <= NLRMT_FAMILY_MIXTURE; f++) {
    if (!p->params->optimum[f]) continue;
    p->best[f] = malloc(k * sizeof *p->best[f]);
    if (!p->best[f])
      return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu values of gamma", k);
    if (nlrmt_laws_optimum(p->params, f, p->best[f], err) != NLRMT_OK) break;
  }
  return err->status;
}

/* z = lambda + i epsilon as the methods and the transform take it: of K. */
static double complex place_of_k(const run *r, const nlrmt_params *params, double lambda) {
  double unit = params->matrix == NLRMT_SPECTRUM_M ? params->psi / params->phi : 1;
  return unit * CMPLX(lambda, r->options->epsilon);
}

/* The method against the solver, both smoothed by the same imaginary part. */
static nlrmt_status compare(const run *r, const nlrmt_params *params, const nlrmt_law_statement *of,
                            solved *s, nlrmt_error *err) {
  const nlrmt_method *method = nlrmt_method_find(r->options->method);
  nlrmt_method_check *c = &s->check;
  *c = (nlrmt_method_check){.applies = method->applies(&of->problem), .count = s->curve.count};
  if (!c->applies) return NLRMT_OK;
  double *density = malloc(c->count * sizeof *density);
  if (!density) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu points", c->count);
  double start = nlrmt_clock(), excess = 0; /* over the error that convergence allows */
  for (size_t i = 0; i < c->count && err->status == NLRMT_OK; i++) {
    double complex m = 0, mtilde;
    nlrmt_law_transform(s->law, place_of_k(r, params, s->curve.lambda[i]), &m, &mtilde, err);
    density[i] = cimag(m) / M_PI;
    c->peak = fmax(c->peak, density[i]);
  }
  c->solver_seconds = nlrmt_clock() - start;
  start = nlrmt_clock();
  for (size_t i = 0; i < c->count && err->status == NLRMT_OK; i++) {
    nlrmt_method_result result;
    nlrmt_method_solve(method, &of->problem, s->law, place_of_k(r, params, s->curve.lambda[i]),
                       &METHOD_OPTIONS, &result, err);
    if (!result.converged) continue;
    c->converged++;
    double difference = fabs(cimag(result.m) / M_PI - density[i]);
    c->difference = fmax(c->difference, difference);
    excess = fmax(excess, difference - METHOD_OPTIONS.tolerance * cabs(result.m));
  }
  c->seconds = nlrmt_clock() - start;
  free(density);
  if (err->status == NLRMT_OK && excess > CONTRADICTION * c->peak)
    nlrmt_fail(err, NLRMT_ERR_NUMERIC,
               "method %s: converged to a density that is %.1e of the peak away", method->name,
               c->difference / c->peak);
  return err->status;
}

/* The file's parents are made and an old file is found before any work is done. */
static nlrmt_status open_output(run *r, nlrmt_error *err) {
  char host[256] = "unknown";
  gethostname(host, sizeof host - 1);
  const nlrmt_provenance provenance = {1, host, "none", "none", "none", "none", "none"};
  if (r->options->csv) return NLRMT_OK;
  if (r->options->output)
    snprintf(r->path, sizeof r->path, "%s", r->options->output);
  else
    snprintf(r->path, sizeof r->path, "results/%s-theory.h5", r->config->name);
  if (nlrmt_file_exists(r->path) && !r->options->fresh)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: exists already: --fresh moves it aside", r->path);
  if (nlrmt_file_make_parents(r->path, err) != NLRMT_OK) return err->status;
  r->h5 = nlrmt_h5_create(err);
  if (r->h5) nlrmt_output_head(r->h5, "nlrmt_theory", r->config, &provenance);
  return err->status;
}

/* An old file is moved aside only now that there is a new one. */
static nlrmt_status save_output(run *r, nlrmt_error *err) {
  nlrmt_output_tail(r->h5, true);
  if (nlrmt_file_move_aside(r->path, err) != NLRMT_OK) return err->status;
  return nlrmt_h5_save(r->h5, r->path, err);
}

/* A law that cannot be certified, or is contradicted: told and recorded, the run goes on. */
static void tell_failure(run *r, point *p, const char *name, const char *reason) {
  char parameters[NLRMT_MIXTURE_TEXT + 700], text[600];
  nlrmt_table_parameters(p->params, parameters, sizeof parameters);
  fprintf(stderr, "nlrmt_theory: %s: %s: %s (%s)\n", p->base + 1, name, reason, parameters);
  snprintf(text, sizeof text, "%s: %s", name, reason);
  if (r->h5) nlrmt_output_law_failure(r->h5, p->base, p->failures, text);
  p->failures++;
  r->failures++;
}

/* The bins' averages of every law, over the range that nlrmt_sim would choose. */
static nlrmt_status write_histogram(run *r, const point *p, nlrmt_error *err) {
  const nlrmt_params *params = p->params;
  size_t bins = (size_t)params->bins;
  double range[2] = {params->range[0], params->range[1]}, low = DBL_MAX, high = 0;
  double *edges = malloc((2 * bins + 1) * sizeof *edges);
  if (!edges) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu bins", bins);
  double *average = edges + bins + 1;
  for (int i = 0; i < p->laws; i++) nlrmt_laws_span(p->law[i].law, &low, &high);
  if (params->range_auto) nlrmt_laws_range(low, high, range);
  for (size_t k = 0; k <= bins; k++)
    edges[k] = range[0] + (double)k * ((range[1] - range[0]) / (double)bins);
  nlrmt_output_bins(r->h5, p->base, params->bins, edges);
  for (int i = 0; i < p->laws; i++) {
    char name[64];
    snprintf(name, sizeof name, "predicted_%s", p->law[i].name);
    nlrmt_laws_bins(p->law[i].law, bins, edges, average);
    nlrmt_output_binned(r->h5, p->base, name, params->bins, average,
                        "average of the law's density over each bin");
  }
  free(edges);
  return NLRMT_OK;
}

static void print_csv(const point *p, const solved *s) {
  for (size_t i = 0; i < s->curve.count; i++)
    printf("%s,%s,%s,%.17g,%.17g,%.17g\n", p->panel->name, p->name, s->name, s->curve.lambda[i],
           s->curve.density[i], s->curve.cdf[i]);
}

/* What there is to say of a point, on standard output; titles come with the first point of each. */
static void tell_point(const run *r, const point *p) {
  bool csv = r->options->csv, begins = p->number == 0 && p->head;
  bool first = p->panel == r->config->panel && begins;
  if (r->options->quiet && !csv) return;
  if (csv) {
    if (first) puts("panel,point,law,lambda,density,cdf");
    for (int i = 0; i < p->laws; i++) print_csv(p, &p->law[i]);
    return;
  }
  if (first) nlrmt_table_figure(r->config);
  if (begins) nlrmt_table_panel(p->panel);
  nlrmt_table_point(p->number, p->params, p->head);
  for (int i = 0; i < p->laws; i++)
    nlrmt_table_law(p->law[i].name, p->law[i].law, p->law[i].mean, p->law[i].outlier,
                    p->law[i].seconds);
  const char *method = r->options->method;
  if (method) nlrmt_table_method_head(method, r->options->epsilon);
  for (int i = 0; method && i < p->laws; i++)
    nlrmt_table_method(method, p->law[i].name, &p->law[i].check);
  if (p->curves > 0) nlrmt_table_ridge(p->params, p->curves, p->curve);
  if (p->has_best) nlrmt_table_optimum(p->params, p->best);
}

static nlrmt_status write_point(run *r, const point *p, nlrmt_error *err) {
  for (int i = 0; i < p->laws; i++)
    nlrmt_output_law(r->h5, p->base, p->law[i].name, p->law[i].law, &p->law[i].curve,
                     p->law[i].outlier);
  if (p->curves > 0) nlrmt_output_ridge(r->h5, p->base, p->params, p->curves, p->curve);
  for (int i = 0; i < p->transforms; i++)
    nlrmt_output_transforms(r->h5, p->base, p->params, &p->transform[i]);
  if (p->has_best && nlrmt_output_optimum(r->h5, p->base, p->params, err) != NLRMT_OK)
    return err->status;
  nlrmt_h5_attr_int(r->h5, p->base, "complete", 1);
  return p->laws > 0 ? write_histogram(r, p, err) : NLRMT_OK;
}

/* An error of one law: the run goes on after a numerical one. */
static void settle(run *r, point *p, const char *name, const nlrmt_error *own, nlrmt_error *err) {
  if (own->status == NLRMT_ERR_NUMERIC)
    tell_failure(r, p, name, own->text);
  else if (own->status != NLRMT_OK)
    nlrmt_fail(err, own->status, "%s: %s: %s", p->base + 1, name, own->text);
}

static nlrmt_status do_law(run *r, point *p, const char *name, nlrmt_error *err) {
  const nlrmt_params *params = p->params;
  nlrmt_error of_statement = {0}, of_law = {0}, of_ridge = {0}, of_transforms = {0};
  nlrmt_law_statement s;
  solved *law = &p->law[p->laws];
  double start = nlrmt_clock();
  if (nlrmt_laws_state(params, name, params->first_trial, &s, &of_statement) == NLRMT_OK) {
    if (solve(params, name, &s, law, &of_law) == NLRMT_OK) {
      p->laws++;
      law->seconds = nlrmt_clock() - start;
      if (r->options->method) compare(r, params, &s, law, &of_law);
    }
    p->curve[p->curves] = (nlrmt_ridge_curve){.name = name};
    if (params->gammas > 0 &&
        predict_ridge(params, &s, &p->curve[p->curves], &of_ridge) == NLRMT_OK)
      p->curves++;
    p->transform[p->transforms] = (nlrmt_transforms_curve){.name = name};
    if (params->zs + params->moments > 0 &&
        predict_transforms(params, &s, &p->transform[p->transforms], &of_transforms) == NLRMT_OK)
      p->transforms++;
  }
  settle(r, p, name, &of_statement, err);
  settle(r, p, name, &of_law, err);
  settle(r, p, name, &of_ridge, err);
  settle(r, p, name, &of_transforms, err);
  nlrmt_laws_state_clear(&s);
  return err->status;
}

static nlrmt_status do_optimum(run *r, point *p, nlrmt_error *err) {
  nlrmt_error own = {0};
  if (!p->params->optimum[NLRMT_FAMILY_SINGLE] && !p->params->optimum[NLRMT_FAMILY_MIXTURE])
    return NLRMT_OK;
  p->has_best = find_optimum(p, &own) == NLRMT_OK;
  settle(r, p, "ridge.optimum", &own, err);
  return err->status;
}

/* p: whose laws, with its name and base. */
static nlrmt_status do_layer(run *r, point *p, nlrmt_error *err) {
  if (r->h5) nlrmt_output_parameters(r->h5, p->base, p->params);
  for (int i = 0; i < p->params->laws && err->status == NLRMT_OK; i++)
    do_law(r, p, p->params->law[i], err);
  if (err->status == NLRMT_OK) do_optimum(r, p, err);
  if (err->status == NLRMT_OK) tell_point(r, p);
  if (err->status == NLRMT_OK && r->h5) write_point(r, p, err);
  for (int i = 0; i < p->laws; i++) clear_solved(&p->law[i]);
  for (int i = 0; i < p->curves; i++) free(p->curve[i].train_error);
  for (int i = 0; i < p->transforms; i++) {
    free((void *)p->transform[i].m);
    free((void *)p->transform[i].moment);
  }
  for (int f = 0; f < 2; f++) free(p->best[f]);
  return err->status;
}

/* The layers that spectrum.layers names; the point's own groups are those of the last. */
static nlrmt_status do_point(run *r, const nlrmt_panel *panel, int number, nlrmt_error *err) {
  const nlrmt_params *params = &panel->point[number].params;
  for (int i = 0; i < params->shown && err->status == NLRMT_OK; i++) {
    const nlrmt_params own = nlrmt_params_layer(params, params->show[i]);
    point p = {.panel = panel, .number = number, .head = i == 0, .params = &own};
    nlrmt_output_point_path(r->config, (int)(panel - r->config->panel), number, p.base);
    if (own.layer < params->layers) {
      size_t used = strlen(p.base);
      snprintf(p.base + used, sizeof p.base - used, "/layers/%d", own.layer);
      snprintf(p.name, sizeof p.name, "p%04d/layers/%d", number, own.layer);
    } else {
      snprintf(p.name, sizeof p.name, "p%04d", number);
    }
    do_layer(r, &p, err);
  }
  return err->status;
}

static nlrmt_status do_points(run *r, nlrmt_error *err) {
  for (int p = 0; p < r->config->panels; p++)
    for (int q = 0; q < r->config->panel[p].points; q++)
      if (do_point(r, &r->config->panel[p], q, err) != NLRMT_OK) return err->status;
  if (!r->options->csv && !r->options->quiet) nlrmt_table_legend();
  return NLRMT_OK;
}

nlrmt_status nlrmt_theory_run(const nlrmt_theory_options *options, const nlrmt_config *config,
                              nlrmt_error *err) {
  run r = {.options = options, .config = config};
  if (open_output(&r, err) == NLRMT_OK && do_points(&r, err) == NLRMT_OK && r.h5 &&
      save_output(&r, err) == NLRMT_OK && !options->quiet)
    printf("wrote %s: tools/nlrmt_plot draws it\n", r.path);
  if (err->status == NLRMT_OK && (fflush(stdout) != 0 || ferror(stdout)))
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "standard output: cannot write: %s", strerror(errno));
  nlrmt_h5_close(&r.h5);
  if (err->status == NLRMT_OK && r.failures > 0) err->status = NLRMT_ERR_NUMERIC;
  return err->status;
}
