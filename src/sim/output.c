#include "nlrmt/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nlrmt/distance.h"
#include "nlrmt/file.h"
#include "nlrmt/h5.h"
#include "nlrmt/progress.h"

enum { PATH_SIZE = 256 };

struct nlrmt_output {
  char *path;
  const nlrmt_config *config;
  nlrmt_h5 *h5;
  double saved, cost; /* clock at the last save; what it took, seconds */
};

/* A point's place in the file. */
static void point_path(const nlrmt_output *output, int panel, int point, char *path) {
  snprintf(path, PATH_SIZE, "/%s/p%04d", output->config->panel[panel].name, point);
}

/* path = base/name; both are short by construction (names are at most NLRMT_NAME_MAX). */
__attribute__((noinline)) static void join(char *path, const char *base, const char *name) {
  snprintf(path, PATH_SIZE, "%s/%s", base, name);
}

static void timing_path(char *path, const char *base, int phase) {
  char group[PATH_SIZE];
  join(group, base, "timing");
  join(path, group, nlrmt_phase_name[phase]);
}

static void now_text(char *text, size_t size) {
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static nlrmt_status save(nlrmt_output *output, nlrmt_error *err) {
  double start = nlrmt_clock();
  nlrmt_h5_save(output->h5, output->path, err);
  output->saved = nlrmt_clock();
  output->cost = output->saved - start;
  return err->status;
}

/* Often enough to lose little, seldom enough to cost little. */
static bool save_is_due(const nlrmt_output *output) {
  double since = nlrmt_clock() - output->saved;
  return since > 5 && since > 20 * output->cost;
}

static void write_provenance(nlrmt_output *output, const nlrmt_provenance *provenance) {
  nlrmt_h5 *h5 = output->h5;
  char started[32];
  now_text(started, sizeof started);
  nlrmt_h5_attr_text(h5, "/", "schema", "nlrmt/1");
  nlrmt_h5_attr_text(h5, "/", "version", NLRMT_VERSION);
  nlrmt_h5_attr_text(h5, "/", "git_commit", NLRMT_GIT_COMMIT);
  nlrmt_h5_attr_text(h5, "/", "name", output->config->name);
  nlrmt_h5_attr_text(h5, "/", "title", output->config->title);
  nlrmt_h5_attr_text(h5, "/", "config", output->config->effective);
  nlrmt_h5_attr_int(h5, "/", "seed", (int64_t)output->config->seed);
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
static void write_index(nlrmt_output *output, int p) {
  const nlrmt_panel *panel = &output->config->panel[p];
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
  nlrmt_h5_write_text(output->h5, &field, cell);
  char columns_text[1024] = "";
  for (int c = 0; c < columns; c++) {
    size_t used = strlen(columns_text);
    snprintf(columns_text + used, sizeof columns_text - used, "%s%s", c ? "," : "", name[c]);
  }
  nlrmt_h5_attr_text(output->h5, path, "columns", columns_text);
  free(text);
  free(cell);
  free(name);
}

static void bias_text(const nlrmt_bias *bias, char *text, size_t size) {
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

static void write_parameters(nlrmt_h5 *h5, const char *path, const nlrmt_params *params,
                             const nlrmt_plan *plan) {
  static const char *const entries[] = {"gaussian", "rademacher", "uniform"};
  char bias[64], grid[32];
  bias_text(&params->bias, bias, sizeof bias);
  snprintf(grid, sizeof grid, "%dx%d", plan->nprow, plan->npcol);
  nlrmt_h5_attr_int(h5, path, "m", params->m);
  nlrmt_h5_attr_int(h5, path, "n0", params->n0);
  nlrmt_h5_attr_int(h5, path, "n1", params->n1);
  nlrmt_h5_attr_double(h5, path, "phi", params->phi);
  nlrmt_h5_attr_double(h5, path, "psi", params->psi);
  nlrmt_h5_attr_double(h5, path, "sigma_w", params->sigma_w);
  nlrmt_h5_attr_double(h5, path, "sigma_x", params->sigma_x);
  nlrmt_h5_attr_text(h5, path, "activation", params->f.name);
  nlrmt_h5_attr_text(h5, path, "bias", bias);
  nlrmt_h5_attr_text(h5, path, "entries", entries[params->entries]);
  nlrmt_h5_attr_int(h5, path, "seed", (int64_t)params->seed);
  nlrmt_h5_attr_int(h5, path, "trials", params->trials);
  nlrmt_h5_attr_int(h5, path, "trials_done", 0);
  nlrmt_h5_attr_text(h5, path, "eigensolver", plan->eig->name);
  nlrmt_h5_attr_text(h5, path, "grid", grid);
  nlrmt_h5_attr_int(h5, path, "block", plan->block);
  nlrmt_h5_attr_double(h5, path, "memory_plan_bytes", (double)plan->bytes_peak);
  nlrmt_h5_attr_int(h5, path, "complete", 0);
}

/* A field below `base`, with its full path in `path`. */
static nlrmt_field field_at(char *path, const char *base, const char *name, int rank, int64_t d0,
                            int64_t d1, const char *description, const char *unit) {
  join(path, base, name);
  return (nlrmt_field){path, rank, {d0, d1}, .description = description, .unit = unit};
}

/* The growing part of a point: eigenvalues, trial numbers, timings. */
static void begin_point(nlrmt_output *output, const char *base, const nlrmt_params *params,
                        const nlrmt_plan *plan, int64_t n) {
  nlrmt_h5 *h5 = output->h5;
  char path[PATH_SIZE], trial[PATH_SIZE], index[PATH_SIZE];
  nlrmt_h5_remove(h5, base);
  nlrmt_h5_group(h5, base);
  write_parameters(h5, base, params, plan);

  nlrmt_field f = field_at(trial, base, "trial", 1, 0, 0, "trial number of each row", "1");
  nlrmt_h5_growing(h5, &f, true);
  int64_t *numbers = malloc((size_t)n * sizeof *numbers);
  f = field_at(index, base, "index", 1, n, 0, "rank of an eigenvalue, 0 the smallest", "1");
  for (int64_t i = 0; numbers && i < n; i++) numbers[i] = i;
  if (numbers) nlrmt_h5_write_int(h5, &f, numbers);
  free(numbers);

  bool of_k = params->matrix == NLRMT_SPECTRUM_K;
  f = field_at(path, base, "eigenvalues", 2, 0, n,
               "eigenvalues, ascending, structural zeros left out", NULL);
  f.normalisation = of_k ? "K = F'F/n1" : "M = FF'/m";
  f.scale[0] = trial;
  f.scale[1] = numbers ? index : NULL;
  nlrmt_h5_growing(h5, &f, false);
  nlrmt_h5_attr_text(h5, path, "matrix", of_k ? "K" : "M");
  nlrmt_h5_attr_int(h5, path, "structural_zeros", plan->zeros);

  for (int p = 0; p < NLRMT_PHASES; p++) {
    timing_path(path, base, p);
    f = (nlrmt_field){
        path, 1, {0}, .unit = "s", .description = "time of this phase, largest over the ranks"};
    f.scale[0] = trial;
    nlrmt_h5_growing(h5, &f, false);
  }
}

/* RESUME goes on only with the same configuration and program schema. */
static nlrmt_status check_same(nlrmt_output *output, nlrmt_error *err) {
  char *config = nlrmt_h5_read_text(output->h5, "/", "config");
  char *schema = nlrmt_h5_read_text(output->h5, "/", "schema");
  if (!schema || strcmp(schema, "nlrmt/1") != 0)
    nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: not an nlrmt/1 output, cannot resume it", output->path);
  else if (!config || strcmp(config, output->config->effective) != 0)
    nlrmt_fail(
        err, NLRMT_ERR_CONFIG,
        "%s: was made with another configuration, cannot resume it: use the same, or --fresh",
        output->path);
  free(config);
  free(schema);
  return err->status;
}

static nlrmt_status open_file(nlrmt_output *output, nlrmt_output_mode mode,
                              const nlrmt_provenance *provenance, nlrmt_error *err) {
  bool exists = nlrmt_file_exists(output->path);
  if (exists && mode == NLRMT_OUTPUT_NEW)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "%s: exists already: --resume continues it, --fresh moves it aside",
                      output->path);
  if (mode == NLRMT_OUTPUT_FRESH && nlrmt_file_move_aside(output->path, err) != NLRMT_OK)
    return err->status;
  if (exists && mode == NLRMT_OUTPUT_RESUME) {
    output->h5 = nlrmt_h5_load(output->path, err);
    return output->h5 ? check_same(output, err) : err->status;
  }
  if (nlrmt_file_make_parents(output->path, err) != NLRMT_OK) return err->status;
  output->h5 = nlrmt_h5_create(err);
  if (!output->h5) return err->status;
  write_provenance(output, provenance);
  for (int p = 0; p < output->config->panels; p++) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/%s", output->config->panel[p].name);
    nlrmt_h5_group(output->h5, path);
    nlrmt_h5_attr_text(output->h5, path, "title", output->config->panel[p].title);
    write_index(output, p);
  }
  return save(output, err);
}

nlrmt_status nlrmt_output_open(const char *path, nlrmt_output_mode mode, const nlrmt_config *config,
                               const nlrmt_provenance *provenance, nlrmt_output **output,
                               nlrmt_error *err) {
  nlrmt_output *o = calloc(1, sizeof *o);
  *output = NULL;
  if (!o || !(o->path = strdup(path))) {
    free(o);
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: out of memory", path);
  }
  o->config = config;
  o->saved = nlrmt_clock();
  if (open_file(o, mode, provenance, err) == NLRMT_OK)
    *output = o;
  else
    nlrmt_output_close(&o);
  return err->status;
}

nlrmt_status nlrmt_output_load(nlrmt_output *output, int panel, int point, nlrmt_sample *sample,
                               bool *complete, nlrmt_error *err) {
  char base[PATH_SIZE], path[PATH_SIZE];
  int64_t flag = 0;
  *complete = false;
  point_path(output, panel, point, base);
  if (!nlrmt_h5_exists(output->h5, base)) return NLRMT_OK;
  join(path, base, "trial");
  int64_t rows = nlrmt_h5_rows(output->h5, path);
  int64_t trials = output->config->panel[panel].point[point].params.trials;
  int64_t *numbers = rows >= 0 && rows <= trials ? calloc((size_t)rows + 1, sizeof *numbers) : NULL;
  double *times = numbers ? calloc((size_t)rows + 1, sizeof *times) : NULL;
  bool ok = times && nlrmt_h5_read_int(output->h5, path, (size_t)rows, numbers);
  join(path, base, "eigenvalues");
  ok = ok && nlrmt_h5_read(output->h5, path, (size_t)(rows * sample->n), sample->lambda);
  for (int64_t t = 0; ok && t < rows; t++) sample->trial[t] = (int)numbers[t];
  for (int p = 0; ok && p < NLRMT_PHASES; p++) {
    timing_path(path, base, p);
    ok = nlrmt_h5_read(output->h5, path, (size_t)rows, times);
    for (int64_t t = 0; ok && t < rows; t++) sample->seconds[t * NLRMT_PHASES + p] = times[t];
  }
  free(numbers);
  free(times);
  if (!ok)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: %s is damaged, cannot resume: use --fresh",
                      output->path, base);
  sample->done = (int)rows;
  *complete = nlrmt_h5_read_flag(output->h5, base, "complete", &flag) && flag == 1;
  return NLRMT_OK;
}

nlrmt_status nlrmt_output_trial(nlrmt_output *output, int panel, int point, const nlrmt_plan *plan,
                                const nlrmt_sample *sample, nlrmt_error *err) {
  char base[PATH_SIZE], path[PATH_SIZE];
  double start = nlrmt_clock();
  point_path(output, panel, point, base);
  const nlrmt_params *params = &output->config->panel[panel].point[point].params;
  if (!nlrmt_h5_exists(output->h5, base)) begin_point(output, base, params, plan, sample->n);
  if (sample->done > 0) {
    int last = sample->done - 1;
    double *seconds = sample->seconds + last * NLRMT_PHASES;
    join(path, base, "trial");
    nlrmt_h5_append_int(output->h5, path, sample->trial[last]);
    join(path, base, "eigenvalues");
    nlrmt_h5_append(output->h5, path, sample->lambda + last * sample->n);
    nlrmt_h5_attr_int(output->h5, base, "trials_done", sample->done);
    for (int p = 0; p < NLRMT_PHASES; p++) {
      if (p == NLRMT_PHASE_IO) seconds[p] = nlrmt_clock() - start;
      timing_path(path, base, p);
      nlrmt_h5_append(output->h5, path, seconds + p);
    }
  }
  return save_is_due(output) ? save(output, err) : err->status;
}

static void write_histogram(nlrmt_h5 *h5, const char *base, const nlrmt_judgement *j) {
  char path[PATH_SIZE], centre[PATH_SIZE], name[64];
  double *middle = malloc((size_t)j->bins * sizeof *middle);
  for (int k = 0; middle && k < j->bins; k++) middle[k] = 0.5 * (j->edges[k] + j->edges[k + 1]);
  nlrmt_field f =
      field_at(path, base, "histogram/edges", 1, j->bins + 1, 0, "edges of the bins", "eigenvalue");
  nlrmt_h5_write(h5, &f, j->edges);
  f = field_at(centre, base, "histogram/centre", 1, j->bins, 0, "centres of the bins",
               "eigenvalue");
  if (middle) nlrmt_h5_write(h5, &f, middle);
  static const char mass[] = "density; total mass 1 includes zeros, excludes predicted outliers";
  f = field_at(path, base, "histogram/empirical", 1, j->bins, 0,
               "mean over the trials of the eigenvalue density in each bin", NULL);
  f.normalisation = mass;
  f.scale[0] = middle ? centre : NULL;
  nlrmt_h5_write(h5, &f, j->empirical);
  f = field_at(path, base, "histogram/empirical_se", 1, j->bins, 0,
               "standard error of that mean; 0 with a single trial", NULL);
  f.normalisation = mass;
  f.scale[0] = middle ? centre : NULL;
  nlrmt_h5_write(h5, &f, j->empirical_se);
  for (int i = 0; i < j->laws; i++) {
    snprintf(name, sizeof name, "histogram/predicted_%s", j->law[i].name);
    f = field_at(path, base, name, 1, j->bins, 0, "average of the law's density over each bin",
                 NULL);
    f.normalisation = mass;
    f.scale[0] = middle ? centre : NULL;
    nlrmt_h5_write(h5, &f, j->predicted + (int64_t)i * j->bins);
  }
  free(middle);
}

static void write_support(nlrmt_h5 *h5, const char *group, const nlrmt_law *law) {
  size_t bulks = nlrmt_law_bulks(law);
  double *edges = calloc(2 * bulks + 1, sizeof *edges);
  if (!edges) return;
  for (size_t i = 0; i < bulks; i++) nlrmt_law_edges(law, i, &edges[i], &edges[bulks + i]);
  nlrmt_h5_attr_table(h5, group, "edges", 2, (int64_t)bulks, edges);
  free(edges);
}

static void write_theory(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                         const nlrmt_verdict *v) {
  char path[PATH_SIZE], lambda_path[PATH_SIZE], theory[PATH_SIZE], group[PATH_SIZE];
  int64_t k = params->lambdas > 0 ? params->lambdas : params->points;
  double *lambda = malloc(3 * (size_t)k * sizeof *lambda), *density = lambda + k,
         *cdf = density + k;
  if (!lambda) return;
  if (params->lambdas > 0)
    memcpy(lambda, params->lambda, (size_t)k * sizeof *lambda);
  else
    nlrmt_law_grid(v->law, (size_t)k, lambda);
  for (int64_t i = 0; i < k; i++) {
    density[i] = nlrmt_law_density(v->law, lambda[i]);
    cdf[i] = nlrmt_law_cdf(v->law, lambda[i]);
  }
  join(theory, base, "theory");
  join(group, theory, v->name);
  nlrmt_field f =
      field_at(lambda_path, group, "lambda", 1, k, 0, "where the law is evaluated", "eigenvalue");
  nlrmt_h5_write(h5, &f, lambda);
  f = field_at(path, group, "density", 1, k, 0, "predicted density, without the atom at 0", NULL);
  f.normalisation = "total mass 1 with the atom";
  f.scale[0] = lambda_path;
  nlrmt_h5_write(h5, &f, density);
  f = field_at(path, group, "cdf", 1, k, 0, "predicted distribution function, with the atom at 0",
               "1");
  f.scale[0] = lambda_path;
  nlrmt_h5_write(h5, &f, cdf);
  free(lambda);

  const nlrmt_law_certificate *certificate = nlrmt_law_certify(v->law);
  nlrmt_h5_attr_double(h5, group, "atom_at_zero", nlrmt_law_atom(v->law));
  nlrmt_h5_attr_double(h5, group, "outlier", v->outlier_predicted[0]);
  nlrmt_h5_attr_double(h5, group, "residual_max", certificate->residual_max);
  nlrmt_h5_attr_double(h5, group, "mass_error", certificate->mass_error);
  nlrmt_h5_attr_double(h5, group, "moment_error", certificate->moment_error);
  write_support(h5, group, v->law);
}

/* A [trials] dataset of `group` with its mean and standard error as attributes. */
static void write_row(nlrmt_h5 *h5, const char *base, const char *group, const char *name,
                      const nlrmt_sample *sample, const double *values, const char *description,
                      const char *unit) {
  char path[PATH_SIZE], trial[PATH_SIZE];
  double mean, se;
  join(trial, base, "trial");
  nlrmt_field f = field_at(path, group, name, 1, sample->done, 0, description, unit);
  f.scale[0] = trial;
  nlrmt_h5_write(h5, &f, values);
  nlrmt_mean_se((size_t)sample->done, values, &mean, &se);
  nlrmt_h5_attr_double(h5, path, "mean", mean);
  nlrmt_h5_attr_double(h5, path, "se", se);
}

static void write_distance(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample,
                           const nlrmt_verdict *v) {
  char distance[PATH_SIZE], group[PATH_SIZE];
  join(distance, base, "distance");
  join(group, distance, v->name);
  write_row(h5, base, group, "wasserstein1", sample, v->wasserstein1,
            "integral of |F_n - F|, exact, predicted outliers excluded", "eigenvalue");
  write_row(h5, base, group, "kolmogorov", sample, v->kolmogorov,
            "sup |F_n - F|, predicted outliers excluded", "1");
  if (v->outliers > 0) {
    write_row(h5, base, group, "outlier_predicted", sample, v->outlier_predicted,
              "place of the outlier made by the row means of F, predicted", "eigenvalue");
    write_row(h5, base, group, "outlier_measured", sample, v->outlier_measured,
              "largest eigenvalue, where an outlier is predicted", "eigenvalue");
  }
  nlrmt_h5_attr_int(h5, group, "outliers_excluded", (int64_t)v->outliers);
  nlrmt_h5_attr_double(h5, group, "fluctuation_scale", v->fluctuation);
}

static void write_failures(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample) {
  nlrmt_h5_attr_int(h5, base, "trials_failed", sample->failed);
  if (sample->failed == 0) return;
  char path[PATH_SIZE];
  const char **text = calloc((size_t)sample->failed, sizeof *text);
  int64_t *number = calloc((size_t)sample->failed, sizeof *number);
  for (int i = 0; text && number && i < sample->failed; i++) {
    text[i] = sample->failure[i].text;
    number[i] = sample->failed_trial[i];
  }
  if (text && number) {
    nlrmt_field f = field_at(path, base, "failures/trial", 1, sample->failed, 0,
                             "numbers of the trials that failed numerically", "1");
    nlrmt_h5_write_int(h5, &f, number);
    f = field_at(path, base, "failures/reason", 1, sample->failed, 0, "why they failed", "text");
    nlrmt_h5_write_text(h5, &f, text);
  }
  free(text);
  free(number);
}

nlrmt_status nlrmt_output_point(nlrmt_output *output, int panel, int point, const nlrmt_plan *plan,
                                const nlrmt_sample *sample, const nlrmt_judgement *judgement,
                                double memory_peak, nlrmt_error *err) {
  char base[PATH_SIZE], path[PATH_SIZE];
  const nlrmt_params *params = &output->config->panel[panel].point[point].params;
  nlrmt_h5 *h5 = output->h5;
  point_path(output, panel, point, base);
  if (!nlrmt_h5_exists(h5, base)) begin_point(output, base, params, plan, sample->n);
  nlrmt_h5_attr_double(h5, base, "memory_peak_bytes", memory_peak);
  write_failures(h5, base, sample);
  for (int i = 0; i < judgement->failures; i++) {
    char name[32];
    snprintf(name, sizeof name, "law_failure_%d", i);
    nlrmt_h5_attr_text(h5, base, name, judgement->failure[i]);
  }
  if (sample->done > 0) {
    write_histogram(h5, base, judgement);
    for (int i = 0; i < judgement->laws; i++) {
      write_theory(h5, base, params, &judgement->law[i]);
      write_distance(h5, base, sample, &judgement->law[i]);
    }
    double *column = malloc((size_t)sample->done * sizeof *column);
    for (int t = 0; column && t < sample->done; t++)
      column[t] = sample->seconds[t * NLRMT_PHASES + NLRMT_PHASE_THEORY];
    join(path, base, "timing/theory");
    char trial[PATH_SIZE];
    join(trial, base, "trial");
    nlrmt_field f = {path,
                     1,
                     {sample->done},
                     .unit = "s",
                     .scale = {trial},
                     .description = "time of this phase on rank 0: laws and distances"};
    if (column) nlrmt_h5_write(h5, &f, column);
    free(column);
  }
  nlrmt_h5_attr_int(h5, base, "complete", 1);
  return save(output, err);
}

nlrmt_status nlrmt_output_finish(nlrmt_output *output, bool complete, nlrmt_error *err) {
  char finished[32];
  now_text(finished, sizeof finished);
  nlrmt_h5_attr_int(output->h5, "/", "complete", complete);
  nlrmt_h5_attr_text(output->h5, "/", "finished", finished);
  return save(output, err);
}

void nlrmt_output_close(nlrmt_output **output) {
  if (!*output) return;
  nlrmt_h5_close(&(*output)->h5);
  free((*output)->path);
  free(*output);
  *output = NULL;
}
