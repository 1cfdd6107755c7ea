#include "nlrmt/output_theory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATH_SIZE = NLRMT_OUTPUT_PATH, FAMILY_POINTS = 101 };

void nlrmt_output_point_path(const nlrmt_config *config, int panel, int point, char *path) {
  snprintf(path, PATH_SIZE, "/%s/p%04d", config->panel[panel].name, point);
}

/* Both are short by construction (names are at most NLRMT_NAME_MAX). */
__attribute__((noinline)) void nlrmt_output_join(char *path, const char *base, const char *name) {
  snprintf(path, PATH_SIZE, "%s/%s", base, name);
}

nlrmt_field nlrmt_output_field(char *path, const char *base, const char *name, int rank, int64_t d0,
                               int64_t d1, const char *description, const char *unit) {
  nlrmt_output_join(path, base, name);
  return (nlrmt_field){path, rank, {d0, d1}, .description = description, .unit = unit};
}

static void now_text(char *text, size_t size) {
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void write_provenance(nlrmt_h5 *h5, const char *program, const nlrmt_config *config,
                             const nlrmt_provenance *provenance) {
  char started[32];
  now_text(started, sizeof started);
  nlrmt_h5_attr_text(h5, "/", "schema", "nlrmt/1");
  nlrmt_h5_attr_text(h5, "/", "program", program);
  nlrmt_h5_attr_text(h5, "/", "version", NLRMT_VERSION);
  nlrmt_h5_attr_text(h5, "/", "git_commit", NLRMT_GIT_COMMIT);
  nlrmt_h5_attr_text(h5, "/", "name", config->name);
  nlrmt_h5_attr_text(h5, "/", "title", config->title);
  nlrmt_h5_attr_text(h5, "/", "config", config->effective);
  nlrmt_h5_attr_int(h5, "/", "seed", (int64_t)config->seed);
  nlrmt_h5_attr_int(h5, "/", "complete", 0);
  nlrmt_h5_attr_text(h5, "/", "started", started);
  nlrmt_h5_attr_text(h5, "/", "finished", "");
  nlrmt_h5_attr_int(h5, "/", "ranks", provenance->ranks);
  nlrmt_h5_attr_text(h5, "/", "hosts", provenance->hosts);
  nlrmt_h5_attr_text(h5, "/", "openblas_core", provenance->blas_core);
  nlrmt_h5_attr_text(h5, "/", "openblas", provenance->blas);
  nlrmt_h5_attr_text(h5, "/", "mpi", provenance->mpi);
  nlrmt_h5_attr_text(h5, "/", "elpa", provenance->elpa);
  nlrmt_h5_attr_text(h5, "/", "scalapack", provenance->scalapack);
  nlrmt_h5_attr_text(h5, "/", "hdf5", nlrmt_h5_version());
}

/* The panel's table of points: one column for each size and each swept key, all as text. */
static void write_index(nlrmt_h5 *h5, const nlrmt_panel *panel) {
  enum { SIZES = 3 };
  const char *size_name[SIZES] = {"m", "n0", "n1"};
  int columns = 1 + SIZES + panel->sweeps;
  size_t cells = (size_t)panel->points * (size_t)columns;
  char(*text)[NLRMT_NAME_MAX] = calloc(cells, sizeof *text);
  const char **cell = calloc(cells, sizeof *cell), **name = calloc((size_t)columns, sizeof *name);
  char path[PATH_SIZE];
  snprintf(path, sizeof path, "/%s/index", panel->name);
  name[0] = "point";
  for (int c = 0; c < SIZES; c++) name[1 + c] = size_name[c];
  for (int c = 0; c < panel->sweeps; c++) name[1 + SIZES + c] = panel->sweep_key[c];
  for (int q = 0; q < panel->points; q++) {
    const nlrmt_params *params = &panel->point[q].params;
    const int64_t size[SIZES] = {params->m, params->n0, params->n1};
    char(*row)[NLRMT_NAME_MAX] = text + (size_t)q * (size_t)columns;
    snprintf(row[0], sizeof row[0], "p%04d", q);
    for (int c = 0; c < SIZES; c++) snprintf(row[1 + c], sizeof row[0], "%lld", (long long)size[c]);
    for (int c = 0; c < panel->sweeps; c++)
      memcpy(row[1 + SIZES + c], panel->point[q].swept_text[c], sizeof row[0]);
  }
  for (size_t i = 0; i < cells; i++) cell[i] = text[i];
  nlrmt_field field = {path,
                       2,
                       {panel->points, columns},
                       .description =
                           "the points of this panel: a text table, see attribute columns",
                       .unit = "text"};
  nlrmt_h5_write_text(h5, &field, cell);
  char columns_text[1024] = "";
  for (int c = 0; c < columns; c++) {
    size_t used = strlen(columns_text);
    snprintf(columns_text + used, sizeof columns_text - used, "%s%s", c ? "," : "", name[c]);
  }
  nlrmt_h5_attr_text(h5, path, "columns", columns_text);
  free(text);
  free(cell);
  free(name);
}

void nlrmt_output_head(nlrmt_h5 *h5, const char *program, const nlrmt_config *config,
                       const nlrmt_provenance *provenance) {
  write_provenance(h5, program, config, provenance);
  for (int p = 0; p < config->panels; p++) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/%s", config->panel[p].name);
    nlrmt_h5_group(h5, path);
    nlrmt_h5_attr_text(h5, path, "title", config->panel[p].title);
    if (*config->panel[p].skipped)
      nlrmt_h5_attr_text(h5, path, "skipped", config->panel[p].skipped);
    write_index(h5, &config->panel[p]);
  }
}

void nlrmt_output_tail(nlrmt_h5 *h5, bool complete) {
  char finished[32];
  now_text(finished, sizeof finished);
  nlrmt_h5_attr_int(h5, "/", "complete", complete);
  nlrmt_h5_attr_text(h5, "/", "finished", finished);
}

void nlrmt_output_bias_text(const nlrmt_bias *bias, char *text, size_t size) {
  switch (bias->law) {
  case NLRMT_BIAS_NONE:
    snprintf(text, size, "none");
    break;
  case NLRMT_BIAS_GAUSSIAN:
    snprintf(text, size, "gaussian(sigma=%g)", bias->sigma);
    break;
  case NLRMT_BIAS_BERNOULLI:
    snprintf(text, size, "bernoulli(p=%g, sigma=%g)", bias->p, bias->sigma);
    break;
  case NLRMT_BIAS_UNIFORM:
    snprintf(text, size, "uniform(sigma=%g)", bias->sigma);
    break;
  case NLRMT_BIAS_DISCRETE:
    snprintf(text, size, "discrete(%zu values)", bias->count);
    break;
  }
}

void nlrmt_output_data_text(const nlrmt_data *data, char *text, size_t size) {
  const char *of = data->population ? "population" : "sample";
  switch (data->source) {
  case NLRMT_SOURCE_GAUSSIAN:
    snprintf(text, size, "gaussian");
    break;
  case NLRMT_SOURCE_DISCRETE:
    snprintf(text, size, "discrete(%zu %s eigenvalues)", data->count, of);
    break;
  case NLRMT_SOURCE_SPECTRUM:
    snprintf(text, size, "spectrum(%.64s, %s)", data->path, of);
    break;
  case NLRMT_SOURCE_BIMODAL: /* never here: it is a discrete one */
    break;
  case NLRMT_SOURCE_IDX:
    snprintf(text, size, "idx(%.64s)", data->path);
    break;
  case NLRMT_SOURCE_CIFAR10:
    snprintf(text, size, "cifar10(%.64s)", data->path);
    break;
  case NLRMT_SOURCE_HDF5:
    snprintf(text, size, "hdf5(%.64s)", data->path);
    break;
  }
}

void nlrmt_output_mixture_text(const nlrmt_mixture *mixture, char *text, size_t size) {
  size_t used = 0;
  if (mixture->count == 1) {
    snprintf(text, size, "%s", mixture->f[0].name);
    return;
  }
  for (int i = 0; i < mixture->count && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%.6g %s", i ? ", " : "", mixture->p[i],
                             mixture->f[i].name);
}

/* Averages over the limit law's nodes, f_scale and batch norm included: alp's, whatever the data,
 * beyond the first layer those that the layers before it lead to. */
static void write_moments(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  nlrmt_law_statement s;
  nlrmt_error ignored = {0};
  if (nlrmt_laws_state(params, params->layer > 1 ? "depth" : "mp", 0, &s, &ignored) == NLRMT_OK) {
    nlrmt_h5_attr_double(h5, base, "eta", s.eta.mean);
    nlrmt_h5_attr_double(h5, base, "zeta", s.eta.zeta);
    if (params->normalize) nlrmt_h5_attr_double(h5, base, "f_scale", s.f_scale);
  }
  nlrmt_laws_state_clear(&s);
}

/* The law of matrix entries as the configuration names it, student_t with its degrees of freedom.
 */
static void entries_text(nlrmt_entries law, double dof, char *text, size_t size) {
  static const char *const names[] = {"gaussian", "rademacher",  "uniform",
                                      "lattice",  "exponential", "student_t"};
  if (law == NLRMT_ENTRIES_STUDENT_T)
    snprintf(text, size, "%s(%.6g)", names[law], dof);
  else
    snprintf(text, size, "%s", names[law]);
}

bool nlrmt_output_same_precision(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  char *there = nlrmt_h5_read_text(h5, base, "precision");
  bool same = !there || strcmp(there, nlrmt_config_precision_name(params->precision)) == 0;
  free(there);
  return same;
}

/* A narrow mode with what its probe measured (probe.h). */
static void write_precision(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  const nlrmt_probe *probe = &params->probe;
  if (params->precision == NLRMT_PRECISION_AUTO) return; /* the theory alone */
  nlrmt_h5_attr_text(h5, base, "precision", nlrmt_config_precision_name(params->precision));
  if (probe->m == 0) return;
  nlrmt_h5_attr_int(h5, base, "precision_probe_m", probe->m);
  nlrmt_h5_attr_double(h5, base, "precision_error_max", probe->worst);
  nlrmt_h5_attr_double(h5, base, "precision_error_mean", probe->mean);
  nlrmt_h5_attr_double(h5, base, "precision_probe_spread", probe->spread);
}

void nlrmt_output_parameters(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  const bool mixed = params->mixture.count > 1;
  char bias[64], data[128], mixture[NLRMT_MIXTURE_TEXT], entries[32], entries_x[32];
  nlrmt_output_bias_text(&params->bias, bias, sizeof bias);
  nlrmt_output_data_text(&params->data, data, sizeof data);
  nlrmt_output_mixture_text(&params->mixture, mixture, sizeof mixture);
  entries_text(params->entries, params->dof, entries, sizeof entries);
  entries_text(params->entries_x, params->dof_x, entries_x, sizeof entries_x);
  nlrmt_h5_group(h5, base);
  nlrmt_h5_attr_int(h5, base, "m", params->m);
  nlrmt_h5_attr_int(h5, base, "n0", params->n0);
  nlrmt_h5_attr_int(h5, base, "n1", params->n1);
  nlrmt_h5_attr_int(h5, base, "layer", params->layer);
  nlrmt_h5_attr_int(h5, base, "layers", params->layers);
  nlrmt_h5_attr_text(h5, base, "field", params->complex_field ? "complex" : "real");
  nlrmt_h5_attr_text(h5, base, "batch_norm", params->batch_norm ? "yes" : "no");
  nlrmt_h5_attr_double(h5, base, "phi", params->phi);
  nlrmt_h5_attr_double(h5, base, "psi", params->psi);
  nlrmt_h5_attr_double(h5, base, "sigma_w", params->sigma_w);
  nlrmt_h5_attr_double(h5, base, "sigma_x", params->sigma_x);
  nlrmt_h5_attr_text(h5, base, "activation", mixed ? "mixture" : mixture);
  nlrmt_h5_attr_text(h5, base, "mixture", mixed ? mixture : "none");
  nlrmt_h5_attr_text(h5, base, "normalize", params->normalize ? "yes" : "no");
  nlrmt_h5_attr_text(h5, base, "bias", bias);
  nlrmt_h5_attr_text(h5, base, "data", data);
  nlrmt_h5_attr_text(h5, base, "entries", entries);
  if (!nlrmt_data_from_files(&params->data)) nlrmt_h5_attr_text(h5, base, "entries_x", entries_x);
  write_precision(h5, base, params);
  nlrmt_h5_attr_text(h5, base, "surrogate",
                     params->surrogate == NLRMT_SURROGATE_NO ? "no" : "linear");
  nlrmt_h5_attr_text(h5, base, "matrix", params->matrix == NLRMT_SPECTRUM_K ? "K" : "M");
  nlrmt_h5_attr_int(h5, base, "seed", (int64_t)params->seed);
  nlrmt_h5_attr_int(h5, base, "trials", params->trials);
  nlrmt_h5_attr_int(h5, base, "first_trial", params->first_trial);
  nlrmt_h5_attr_int(h5, base, "trials_done", 0);
  nlrmt_h5_attr_int(h5, base, "complete", 0);
  write_moments(h5, base, params);
}

static void write_support(nlrmt_h5 *h5, const char *group, const nlrmt_law *law) {
  size_t bulks = nlrmt_law_bulks(law);
  double *edges = calloc(2 * bulks + 1, sizeof *edges);
  if (!edges) return;
  for (size_t i = 0; i < bulks; i++) nlrmt_law_edges(law, i, &edges[i], &edges[bulks + i]);
  nlrmt_h5_attr_table(h5, group, "edges", 2, (int64_t)bulks, edges);
  free(edges);
}

static void write_curve(nlrmt_h5 *h5, const char *group, const nlrmt_curve *curve) {
  char lambda[PATH_SIZE], path[PATH_SIZE];
  int64_t k = (int64_t)curve->count;
  nlrmt_field f = nlrmt_output_field(lambda, group, "lambda", 1, k, 0, "where the law is evaluated",
                                     "eigenvalue");
  nlrmt_h5_write(h5, &f, curve->lambda);
  f = nlrmt_output_field(path, group, "density", 1, k, 0,
                         "predicted density, without the atom at 0", NULL);
  f.normalisation = "total mass 1 with the atom";
  f.scale[0] = lambda;
  nlrmt_h5_write(h5, &f, curve->density);
  f = nlrmt_output_field(path, group, "cdf", 1, k, 0,
                         "predicted distribution function, with the atom at 0", "1");
  f.scale[0] = lambda;
  nlrmt_h5_write(h5, &f, curve->cdf);
}

void nlrmt_output_law(nlrmt_h5 *h5, const char *base, const char *name, const nlrmt_law *law,
                      const nlrmt_curve *curve, double outlier) {
  char theory[PATH_SIZE], group[PATH_SIZE];
  const nlrmt_law_certificate *certificate = nlrmt_law_certify(law);
  nlrmt_output_join(theory, base, "theory");
  nlrmt_output_join(group, theory, name);
  write_curve(h5, group, curve);
  nlrmt_h5_attr_double(h5, group, "atom_at_zero", nlrmt_law_atom(law));
  nlrmt_h5_attr_double(h5, group, "outlier", outlier);
  nlrmt_h5_attr_double(h5, group, "residual_max", certificate->residual_max);
  nlrmt_h5_attr_double(h5, group, "mass_error", certificate->mass_error);
  nlrmt_h5_attr_double(h5, group, "moment_error", certificate->moment_error);
  write_support(h5, group, law);
}

static const char TRAIN_ERROR[] =
    "mean squared residual per entry of the targets, |Y - W2 F|^2/(n2 m)";

void nlrmt_output_gamma(nlrmt_h5 *h5, const char *base, const nlrmt_params *params, char *gamma) {
  nlrmt_field f =
      nlrmt_output_field(gamma, base, "ridge/gamma", 1, params->gammas, 0,
                         "ridge parameter: added to the eigenvalues of K", "eigenvalue");
  if (!nlrmt_h5_exists(h5, gamma)) nlrmt_h5_write(h5, &f, params->gamma);
}

static void write_ridge_curve(nlrmt_h5 *h5, const char *base, const char *name,
                              const nlrmt_params *params, const nlrmt_ridge_curve *curve) {
  char ridge[PATH_SIZE], path[PATH_SIZE], gamma[PATH_SIZE], trial[PATH_SIZE], text[128];
  nlrmt_output_join(ridge, base, "ridge");
  nlrmt_output_join(trial, base, "trial");
  nlrmt_output_gamma(h5, base, params, gamma);
  snprintf(text, sizeof text, "limiting training error of ridge regression, law %s%s", curve->name,
           curve->trials > 0 ? ", given each trial's biases and components" : "");
  int rows = curve->trials > 0;
  nlrmt_field f =
      nlrmt_output_field(path, ridge, name, 1 + rows, rows ? curve->trials : params->gammas,
                         params->gammas, text, NULL);
  f.normalisation = TRAIN_ERROR;
  f.scale[0] = rows ? trial : gamma;
  f.scale[1] = gamma;
  nlrmt_h5_write(h5, &f, curve->train_error);
}

/* predicted: one number for each gamma, whatever the first law. */
static void write_predicted(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                            const nlrmt_ridge_curve *first) {
  nlrmt_ridge_curve mean = *first;
  int rows = first->trials > 0 ? first->trials : 1;
  mean.trials = 0;
  mean.train_error = calloc((size_t)params->gammas, sizeof *mean.train_error);
  if (!mean.train_error) return;
  for (int t = 0; t < rows; t++)
    for (int g = 0; g < params->gammas; g++)
      mean.train_error[g] += first->train_error[t * params->gammas + g] / rows;
  write_ridge_curve(h5, base, "predicted", params, &mean);
  free(mean.train_error);
}

void nlrmt_output_ridge(nlrmt_h5 *h5, const char *base, const nlrmt_params *params, int count,
                        const nlrmt_ridge_curve *curve) {
  char ridge[PATH_SIZE], name[64];
  write_predicted(h5, base, params, &curve[0]);
  for (int i = 0; i < count; i++) {
    snprintf(name, sizeof name, "predicted_%s", curve[i].name);
    write_ridge_curve(h5, base, name, params, &curve[i]);
  }
  nlrmt_output_join(ridge, base, "ridge");
  nlrmt_h5_attr_double(h5, ridge, "sigma_a", params->sigma_a);
  nlrmt_h5_attr_double(h5, ridge, "sigma_eps", params->sigma_eps);
}

const char *nlrmt_output_family(nlrmt_family family) {
  return family == NLRMT_FAMILY_SINGLE ? "single" : "mixture";
}

/* x, train_error, slope, interior, all [g]. `value` is scratch space, [g]. */
static void write_best(nlrmt_h5 *h5, const char *group, const char *gamma, nlrmt_family family,
                       int64_t g, const nlrmt_optimum *best, double *value) {
  char path[PATH_SIZE];
  int64_t *interior = (int64_t *)value;
  nlrmt_field f = nlrmt_output_field(path, group, "x", 1, g, 0,
                                     family == NLRMT_FAMILY_SINGLE
                                         ? "zeta of the best single activation with eta = 1"
                                         : "probability of the linear component in the best "
                                           "mixture with a purely nonlinear one, eta = 1",
                                     "1");
  f.scale[0] = gamma;
  for (int64_t i = 0; i < g; i++) value[i] = best[i].x;
  nlrmt_h5_write(h5, &f, value);
  f = nlrmt_output_field(path, group, "train_error", 1, g, 0, "limiting training error at x", NULL);
  f.normalisation = TRAIN_ERROR;
  f.scale[0] = gamma;
  for (int64_t i = 0; i < g; i++) value[i] = best[i].train_error;
  nlrmt_h5_write(h5, &f, value);
  f = nlrmt_output_field(path, group, "slope", 1, g, 0,
                         "derivative of the training error by x, at x: 0 inside but for rounding",
                         NULL);
  f.normalisation = TRAIN_ERROR;
  f.scale[0] = gamma;
  for (int64_t i = 0; i < g; i++) value[i] = best[i].slope;
  nlrmt_h5_write(h5, &f, value);
  f = nlrmt_output_field(path, group, "interior", 1, g, 0,
                         "1 where x lies strictly between 0 and 1, else 0", "1");
  f.scale[0] = gamma;
  for (int64_t i = 0; i < g; i++) interior[i] = best[i].place == NLRMT_OPTIMUM_INSIDE;
  nlrmt_h5_write_int(h5, &f, interior);
}

/* curve_x [k], curve [g, k]. */
static void write_family(nlrmt_h5 *h5, const char *group, const char *gamma, nlrmt_family family,
                         int64_t g, const double *x, const double *curve) {
  char scale[PATH_SIZE], path[PATH_SIZE];
  nlrmt_field f =
      nlrmt_output_field(scale, group, "curve_x", 1, FAMILY_POINTS, 0,
                         family == NLRMT_FAMILY_SINGLE ? "zeta of a single activation"
                                                       : "probability of the linear component",
                         "1");
  nlrmt_h5_write(h5, &f, x);
  f = nlrmt_output_field(path, group, "curve", 2, g, FAMILY_POINTS,
                         "limiting training error over the family", NULL);
  f.normalisation = TRAIN_ERROR;
  f.scale[0] = gamma;
  f.scale[1] = scale;
  nlrmt_h5_write(h5, &f, curve);
}

static nlrmt_status write_optimum(nlrmt_h5 *h5, const char *ridge, const char *gamma,
                                  const nlrmt_params *params, nlrmt_family family,
                                  nlrmt_error *err) {
  size_t g = (size_t)params->gammas;
  char optimum[PATH_SIZE], group[PATH_SIZE];
  double x[FAMILY_POINTS], *curve = malloc(g * (FAMILY_POINTS + 1) * sizeof *curve);
  nlrmt_optimum *best = malloc(g * sizeof *best);
  nlrmt_output_join(optimum, ridge, "optimum");
  nlrmt_output_join(group, optimum, nlrmt_output_family(family));
  for (int k = 0; k < FAMILY_POINTS; k++) x[k] = (double)k / (FAMILY_POINTS - 1);
  if (!curve || !best)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu values of gamma", g);
  else if (nlrmt_laws_optimum(params, family, best, err) == NLRMT_OK &&
           nlrmt_laws_family(params, family, FAMILY_POINTS, x, curve, err) == NLRMT_OK) {
    write_best(h5, group, gamma, family, (int64_t)g, best, curve + g * FAMILY_POINTS);
    write_family(h5, group, gamma, family, (int64_t)g, x, curve);
  }
  free(curve);
  free(best);
  return err->status;
}

nlrmt_status nlrmt_output_optimum(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                  nlrmt_error *err) {
  char ridge[PATH_SIZE], gamma[PATH_SIZE];
  if (!params->optimum[NLRMT_FAMILY_SINGLE] && !params->optimum[NLRMT_FAMILY_MIXTURE])
    return NLRMT_OK;
  nlrmt_output_join(ridge, base, "ridge");
  nlrmt_output_gamma(h5, base, params, gamma);
  for (nlrmt_family f = NLRMT_FAMILY_SINGLE; f <= NLRMT_FAMILY_MIXTURE; f++)
    if (params->optimum[f] && write_optimum(h5, ridge, gamma, params, f, err) != NLRMT_OK) break;
  return err->status;
}

void nlrmt_output_law_failure(nlrmt_h5 *h5, const char *base, int number, const char *text) {
  char name[32];
  snprintf(name, sizeof name, "law_failure_%d", number);
  nlrmt_h5_attr_text(h5, base, name, text);
}

void nlrmt_output_bins(nlrmt_h5 *h5, const char *base, int bins, const double *edges) {
  char path[PATH_SIZE];
  double *middle = malloc((size_t)bins * sizeof *middle);
  for (int k = 0; middle && k < bins; k++) middle[k] = 0.5 * (edges[k] + edges[k + 1]);
  nlrmt_field f = nlrmt_output_field(path, base, "histogram/edges", 1, bins + 1, 0,
                                     "edges of the bins", "eigenvalue");
  nlrmt_h5_write(h5, &f, edges);
  f = nlrmt_output_field(path, base, "histogram/centre", 1, bins, 0, "centres of the bins",
                         "eigenvalue");
  if (middle) nlrmt_h5_write(h5, &f, middle);
  free(middle);
}

void nlrmt_output_binned(nlrmt_h5 *h5, const char *base, const char *name, int bins,
                         const double *density, const char *description) {
  char histogram[PATH_SIZE], centre[PATH_SIZE], path[PATH_SIZE];
  nlrmt_output_join(histogram, base, "histogram");
  nlrmt_output_join(centre, histogram, "centre");
  nlrmt_field f = nlrmt_output_field(path, histogram, name, 1, bins, 0, description, NULL);
  f.normalisation = "density; total mass 1 includes zeros, excludes predicted outliers";
  f.scale[0] = nlrmt_h5_exists(h5, centre) ? centre : NULL;
  nlrmt_h5_write(h5, &f, density);
}
