#include "nlrmt/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/distance.h"
#include "nlrmt/fault.h"
#include "nlrmt/file.h"
#include "nlrmt/h5.h"
#include "nlrmt/lock.h"
#include "nlrmt/output_contest.h"
#include "nlrmt/output_cumulants.h"
#include "nlrmt/output_data.h"
#include "nlrmt/output_network.h"
#include "nlrmt/output_resume.h"
#include "nlrmt/output_ridge.h"
#include "nlrmt/output_stieltjes.h"
#include "nlrmt/output_vectors.h"
#include "nlrmt/progress.h"

enum { PATH_SIZE = NLRMT_OUTPUT_PATH };

struct nlrmt_output {
  char *path;
  const nlrmt_config *config;
  nlrmt_h5 *h5;
  nlrmt_lock lock;
  double saved, cost; /* clock at the last save; what it took, seconds */
  double every;       /* seconds between saves; < 0: as save_is_due thinks fit */
};

/* A layer's place in the file. */
static void layer_path(const nlrmt_output *output, int panel, int point, const nlrmt_params *params,
                       char *path) {
  nlrmt_output_point_path(output->config, panel, point, path);
  if (params->layer < params->layers)
    snprintf(path + strlen(path), PATH_SIZE - strlen(path), "/layers/%d", params->layer);
}

static void timing_path(char *path, const char *base, int phase) {
  char group[PATH_SIZE];
  nlrmt_output_join(group, base, "timing");
  nlrmt_output_join(path, group, nlrmt_phase_name[phase]);
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
  if (output->every >= 0) return since >= output->every;
  return since > 5 && since > 20 * output->cost;
}

static void write_plan(nlrmt_h5 *h5, const char *base, const nlrmt_plan *plan) {
  char grid[32];
  snprintf(grid, sizeof grid, "%dx%d", plan->nprow, plan->npcol);
  nlrmt_h5_attr_text(h5, base, "eigensolver", plan->eig->name);
  nlrmt_h5_attr_text(h5, base, "grid", grid);
  nlrmt_h5_attr_int(h5, base, "block", plan->block);
  nlrmt_h5_attr_int(h5, base, "ranks_per_trial", plan->nprow * plan->npcol);
  nlrmt_h5_attr_double(h5, base, "memory_plan_bytes", (double)plan->bytes_peak);
}

/* The growing part of a point: eigenvalues, trial numbers, timings. */
static void begin_point(nlrmt_output *output, const char *base, const nlrmt_params *params,
                        const nlrmt_plan *plan, const nlrmt_sample *sample) {
  nlrmt_h5 *h5 = output->h5;
  char path[PATH_SIZE], trial[PATH_SIZE], index[PATH_SIZE];
  int64_t n = sample->n;
  nlrmt_h5_group(h5, base);
  nlrmt_output_parameters(h5, base, params);
  write_plan(h5, base, plan);

  nlrmt_field f =
      nlrmt_output_field(trial, base, "trial", 1, 0, 0, "trial number of each row", "1");
  nlrmt_h5_growing(h5, &f, true);
  int64_t *numbers = malloc((size_t)n * sizeof *numbers);
  f = nlrmt_output_field(index, base, "index", 1, n, 0, "rank of an eigenvalue, 0 the smallest",
                         "1");
  for (int64_t i = 0; numbers && i < n; i++) numbers[i] = i;
  if (numbers) nlrmt_h5_write_int(h5, &f, numbers);
  free(numbers);

  bool of_k = params->matrix == NLRMT_SPECTRUM_K;
  f = nlrmt_output_field(path, base, "eigenvalues", 2, 0, n,
                         "eigenvalues, ascending, structural zeros left out", NULL);
  f.normalisation = of_k ? "K = F'F/n1" : "M = FF'/m";
  f.scale[0] = trial;
  f.scale[1] = numbers ? index : NULL;
  nlrmt_h5_growing(h5, &f, false);
  nlrmt_h5_attr_text(h5, path, "matrix", of_k ? "K" : "M");
  nlrmt_h5_attr_int(h5, path, "structural_zeros", plan->zeros);

  if (sample->units > 0) nlrmt_output_network_begin(h5, base, params, sample);
  if (params->gammas > 0) nlrmt_output_ridge_begin(h5, base, params);
  if (params->vectors != NLRMT_VECTORS_NO) nlrmt_output_vectors_begin(h5, base, params);
  nlrmt_output_stieltjes_begin(h5, base, params);
  nlrmt_output_cumulants_begin(h5, base, params);

  for (int p = 0; p < NLRMT_PHASES; p++) {
    timing_path(path, base, p);
    f = (nlrmt_field){
        path, 1, {0}, .unit = "s", .description = "time of this phase, largest over the ranks"};
    f.scale[0] = trial;
    nlrmt_h5_growing(h5, &f, false);
  }
}

/* Whether the layer has been begun; its group alone may stand for the layers below it. */
static bool begun(nlrmt_output *output, const char *base) {
  char path[PATH_SIZE];
  nlrmt_output_join(path, base, "trial");
  return nlrmt_h5_exists(output->h5, path);
}

static nlrmt_status refuse_existing(const nlrmt_output *output, nlrmt_error *err) {
  if (!nlrmt_file_exists(output->path)) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "%s: exists already: --resume continues it, --fresh moves it aside",
                    output->path);
}

/* From here on the output is this run's alone; what killed runs left half-written goes. */
static nlrmt_status claim(nlrmt_output *output, nlrmt_error *err) {
  if (nlrmt_file_make_parents(output->path, err) != NLRMT_OK ||
      nlrmt_lock_take(&output->lock, output->path, err) != NLRMT_OK)
    return err->status;
  if (output->lock.granted)
    nlrmt_file_sweep(output->path);
  else
    fprintf(stderr,
            "nlrmt_sim: note: %s: this file system has no locks: see yourself that no other run "
            "writes it\n",
            output->path);
  return NLRMT_OK;
}

static nlrmt_status open_file(nlrmt_output *output, nlrmt_output_mode mode,
                              const nlrmt_provenance *provenance, nlrmt_error *err) {
  /* Looked at twice: nothing is made beside an output that is refused, nor is one missed. */
  if (mode == NLRMT_OUTPUT_NEW && refuse_existing(output, err) != NLRMT_OK) return err->status;
  if (claim(output, err) != NLRMT_OK) return err->status;
  if (mode == NLRMT_OUTPUT_NEW && refuse_existing(output, err) != NLRMT_OK) return err->status;
  bool exists = nlrmt_file_exists(output->path);
  if (mode == NLRMT_OUTPUT_FRESH && nlrmt_file_move_aside(output->path, err) != NLRMT_OK)
    return err->status;
  if (exists && mode == NLRMT_OUTPUT_RESUME) {
    output->h5 = nlrmt_h5_load(output->path, err);
    return output->h5 ? nlrmt_output_same(output->h5, output->path, output->config, err)
                      : err->status;
  }
  output->h5 = nlrmt_h5_create(err);
  if (!output->h5) return err->status;
  nlrmt_output_head(output->h5, "nlrmt_sim", output->config, provenance);
  nlrmt_output_checksums(output->h5, output->config);
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
  o->every = -1;
  if (open_file(o, mode, provenance, err) == NLRMT_OK)
    *output = o;
  else
    nlrmt_output_close(&o);
  return err->status;
}

void nlrmt_output_save_every(nlrmt_output *output, double seconds) {
  output->every = seconds;
}

nlrmt_status nlrmt_output_load(nlrmt_output *output, int panel, int point,
                               const nlrmt_params *params, nlrmt_sample *sample, bool *complete,
                               nlrmt_error *err) {
  char base[PATH_SIZE], path[PATH_SIZE];
  int64_t flag = 0;
  *complete = false;
  layer_path(output, panel, point, params, base);
  if (!begun(output, base)) return NLRMT_OK;
  if (!nlrmt_output_same_precision(output->h5, base, params))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "%s: %s was begun in another precision than auto chooses now, cannot resume "
                      "it: use --fresh, or parallel.precision = single or fast from the start",
                      output->path, base);
  nlrmt_output_join(path, base, "trial");
  int64_t rows = nlrmt_h5_rows(output->h5, path);
  int64_t *numbers =
      rows >= 0 && rows <= params->trials ? calloc((size_t)rows + 1, sizeof *numbers) : NULL;
  double *times = numbers ? calloc((size_t)rows + 1, sizeof *times) : NULL;
  bool ok = times && nlrmt_h5_read_int(output->h5, path, (size_t)rows, numbers);
  nlrmt_output_join(path, base, "eigenvalues");
  ok = ok && nlrmt_h5_read(output->h5, path, (size_t)(rows * sample->n), sample->lambda);
  ok = ok && nlrmt_output_ridge_load(output->h5, base, rows, sample);
  ok = ok && nlrmt_output_vectors_load(output->h5, base, rows, sample);
  ok = ok && nlrmt_output_network_load(output->h5, base, params, rows, sample);
  ok = ok && nlrmt_output_stieltjes_load(output->h5, base, rows, sample);
  ok = ok && nlrmt_output_cumulants_load(output->h5, base, rows, sample);
  for (int64_t t = 0; ok && t < rows; t++) {
    int64_t from_first = numbers[t] - params->first_trial;
    ok = from_first >= 0 && from_first < params->trials;
    sample->trial[t] = (int)numbers[t];
  }
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
  if (*complete && nlrmt_h5_read_flag(output->h5, base, "trials_failed", &flag))
    sample->failed = (int)flag;
  return NLRMT_OK;
}

nlrmt_status nlrmt_output_trial(nlrmt_output *output, int panel, int point,
                                const nlrmt_params *params, const nlrmt_plan *plan,
                                const nlrmt_sample *sample, nlrmt_error *err) {
  char base[PATH_SIZE], path[PATH_SIZE];
  double start = nlrmt_clock();
  layer_path(output, panel, point, params, base);
  if (!begun(output, base)) begin_point(output, base, params, plan, sample);
  if (sample->done > 0) {
    int last = sample->done - 1;
    double *seconds = sample->seconds + last * NLRMT_PHASES;
    nlrmt_output_join(path, base, "trial");
    nlrmt_h5_append_int(output->h5, path, sample->trial[last]);
    nlrmt_output_join(path, base, "eigenvalues");
    nlrmt_h5_append(output->h5, path, sample->lambda + last * sample->n);
    if (sample->gammas > 0) nlrmt_output_ridge_trial(output->h5, base, sample);
    if (sample->cells > 0) nlrmt_output_vectors_trial(output->h5, base, sample);
    if (sample->units > 0) nlrmt_output_network_trial(output->h5, base, params, sample);
    nlrmt_output_stieltjes_trial(output->h5, base, sample);
    nlrmt_output_cumulants_trial(output->h5, base, sample);
    nlrmt_h5_attr_int(output->h5, base, "trials_done", sample->done);
    for (int p = 0; p < NLRMT_PHASES; p++) {
      if (p == NLRMT_PHASE_IO) seconds[p] = nlrmt_clock() - start;
      timing_path(path, base, p);
      nlrmt_h5_append(output->h5, path, seconds + p);
    }
  }
  bool whole = params->layer >= params->layers; /* the last layer comes last */
  if (whole) nlrmt_fault("kill.filed");
  return whole && save_is_due(output) ? save(output, err) : err->status;
}

void nlrmt_output_there(nlrmt_output *output, int panel, int point, int *done, int *failed,
                        int *complete) {
  char base[PATH_SIZE], path[PATH_SIZE];
  int64_t flag = 0;
  *done = *failed = *complete = 0;
  nlrmt_output_point_path(output->config, panel, point, base);
  if (!begun(output, base)) return;
  nlrmt_output_join(path, base, "trial");
  *done = (int)nlrmt_h5_rows(output->h5, path);
  *complete = nlrmt_h5_read_flag(output->h5, base, "complete", &flag) && flag == 1;
  if (*complete && nlrmt_h5_read_flag(output->h5, base, "trials_failed", &flag))
    *failed = (int)flag;
}

void nlrmt_output_sort(nlrmt_output *output, int panel, int point, int trials,
                       const int64_t *order) {
  char base[PATH_SIZE];
  nlrmt_output_point_path(output->config, panel, point, base);
  nlrmt_h5_sort_rows(output->h5, base, trials, order);
}

void nlrmt_output_usage(nlrmt_output *output, int groups, double utilisation) {
  nlrmt_h5_attr_int(output->h5, "/", "groups", groups);
  nlrmt_h5_attr_double(output->h5, "/", "utilisation", utilisation);
}

static void write_histogram(nlrmt_h5 *h5, const char *base, const nlrmt_judgement *j) {
  char name[64];
  nlrmt_output_bins(h5, base, j->bins, j->edges);
  nlrmt_output_binned(h5, base, "empirical", j->bins, j->empirical,
                      "mean over the trials of the eigenvalue density in each bin");
  nlrmt_output_binned(h5, base, "empirical_se", j->bins, j->empirical_se,
                      "standard error of that mean; 0 with a single trial");
  for (int i = 0; i < j->laws; i++) {
    snprintf(name, sizeof name, "predicted_%s", j->law[i].name);
    nlrmt_output_binned(h5, base, name, j->bins, j->predicted + (int64_t)i * j->bins,
                        "average of the law's density over each bin");
  }
}

/* What the law kernel has beyond the others. */
static void write_kernel(nlrmt_h5 *h5, const char *base, const nlrmt_verdict *v) {
  char theory[PATH_SIZE], group[PATH_SIZE], path[PATH_SIZE];
  const nlrmt_kernel_solution *k = v->kernel;
  nlrmt_output_join(theory, base, "theory");
  nlrmt_output_join(group, theory, v->name);
  nlrmt_h5_attr_int(h5, group, "kernels", (int64_t)k->kernels);
  nlrmt_h5_attr_double(h5, group, "kernel_error", k->kernel_error);
  nlrmt_h5_attr_double(h5, group, "cdf_error", k->cdf_error);
  if (k->spikes == 0) return;
  nlrmt_field f = nlrmt_output_field(path, group, "spikes", 1, (int64_t)k->spikes, 0,
                                     "predicted places of the largest eigenvalues, descending: "
                                     "they are not in the law",
                                     "eigenvalue");
  nlrmt_h5_write(h5, &f, k->place);
}

static nlrmt_status write_theory(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                 const nlrmt_verdict *v, nlrmt_error *err) {
  nlrmt_curve curve = {0};
  if (nlrmt_laws_curve(params, v->law, &curve, err) == NLRMT_OK)
    nlrmt_output_law(h5, base, v->name, v->law, &curve, v->outlier_predicted[0]);
  nlrmt_curve_clear(&curve);
  if (v->kernel) write_kernel(h5, base, v);
  return err->status;
}

/* A [trials] dataset of `group` with its mean and standard error as attributes. */
static void write_row(nlrmt_h5 *h5, const char *base, const char *group, const char *name,
                      const nlrmt_sample *sample, const double *values, const char *description,
                      const char *unit) {
  char path[PATH_SIZE], trial[PATH_SIZE];
  double mean, se;
  nlrmt_output_join(trial, base, "trial");
  nlrmt_field f = nlrmt_output_field(path, group, name, 1, sample->done, 0, description, unit);
  f.scale[0] = trial;
  nlrmt_h5_write(h5, &f, values);
  nlrmt_mean_se((size_t)sample->done, values, &mean, &se);
  nlrmt_h5_attr_double(h5, path, "mean", mean);
  nlrmt_h5_attr_double(h5, path, "se", se);
}

static void write_distance(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample,
                           const nlrmt_verdict *v) {
  char distance[PATH_SIZE], group[PATH_SIZE], path[PATH_SIZE], trial[PATH_SIZE], spikes[PATH_SIZE];
  nlrmt_output_join(distance, base, "distance");
  nlrmt_output_join(group, distance, v->name);
  write_row(h5, base, group, "wasserstein1", sample, v->wasserstein1,
            "integral of |F_n - F|, exact, predicted outliers excluded", "eigenvalue");
  write_row(h5, base, group, "kolmogorov", sample, v->kolmogorov,
            "sup |F_n - F|, predicted outliers excluded", "1");
  if (v->outliers > 0) {
    write_row(h5, base, group, "outlier_predicted", sample, v->outlier_predicted,
              v->kernel ? "place of the largest spike, predicted"
                        : "place of the outlier made by the row means of F, predicted",
              "eigenvalue");
    write_row(h5, base, group, "outlier_measured", sample, v->outlier_measured,
              "largest eigenvalue, where an outlier is predicted", "eigenvalue");
  }
  if (v->bulk) {
    write_row(h5, base, group, "wasserstein1_bulk", sample, v->bulk,
              "integral of |F_n - F| from 0 to cut, all eigenvalues counted", "eigenvalue");
    nlrmt_output_join(path, group, "wasserstein1_bulk");
    nlrmt_h5_attr_double(h5, path, "cut", v->cut);
  }
  if (v->kernel && v->kernel->spikes > 0) {
    nlrmt_output_join(trial, base, "trial");
    nlrmt_output_join(spikes, base, "theory/kernel/spikes");
    nlrmt_field f = nlrmt_output_field(
        path, group, "spikes_measured", 2, sample->done, (int64_t)v->kernel->spikes,
        "largest eigenvalues, descending, where spikes are predicted", "eigenvalue");
    f.scale[0] = trial;
    f.scale[1] = spikes;
    nlrmt_h5_write(h5, &f, v->spike_measured);
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
    nlrmt_field f = nlrmt_output_field(path, base, "failures/trial", 1, sample->failed, 0,
                                       "numbers of the trials that failed numerically", "1");
    nlrmt_h5_write_int(h5, &f, number);
    f = nlrmt_output_field(path, base, "failures/reason", 1, sample->failed, 0, "why they failed",
                           "text");
    nlrmt_h5_write_text(h5, &f, text);
  }
  free(text);
  free(number);
}

nlrmt_status nlrmt_output_point(nlrmt_output *output, int panel, int point,
                                const nlrmt_params *params, const nlrmt_plan *plan,
                                const nlrmt_sample *sample, const nlrmt_judgement *judgement,
                                const nlrmt_data_report *report, double memory_peak,
                                nlrmt_error *err) {
  char base[PATH_SIZE], path[PATH_SIZE];
  nlrmt_h5 *h5 = output->h5;
  layer_path(output, panel, point, params, base);
  if (!begun(output, base)) begin_point(output, base, params, plan, sample);
  nlrmt_h5_attr_double(h5, base, "memory_peak_bytes", memory_peak);
  write_failures(h5, base, sample);
  if (report) nlrmt_output_data(h5, base, params, report);
  for (int i = 0; i < judgement->failures; i++)
    nlrmt_output_law_failure(h5, base, i, judgement->failure[i]);
  if (sample->done > 0) {
    write_histogram(h5, base, judgement);
    for (int i = 0; i < judgement->laws; i++) {
      if (write_theory(h5, base, params, &judgement->law[i], err) != NLRMT_OK) return err->status;
      write_distance(h5, base, sample, &judgement->law[i]);
    }
    if (sample->gammas > 0 &&
        nlrmt_output_ridge_point(h5, base, params, sample, judgement, err) != NLRMT_OK)
      return err->status;
    if (sample->cells > 0) nlrmt_output_vectors_point(h5, base, params, judgement, sample->done);
    nlrmt_output_contest(h5, base, sample, judgement);
    nlrmt_output_stieltjes_point(h5, base, params, sample, judgement);
    if (nlrmt_output_cumulants_point(h5, base, params, sample, err) != NLRMT_OK) return err->status;
    double *column = malloc((size_t)sample->done * sizeof *column);
    for (int t = 0; column && t < sample->done; t++)
      column[t] = sample->seconds[t * NLRMT_PHASES + NLRMT_PHASE_THEORY];
    nlrmt_output_join(path, base, "timing/theory");
    char trial[PATH_SIZE];
    nlrmt_output_join(trial, base, "trial");
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
  nlrmt_output_tail(output->h5, complete);
  return save(output, err);
}

void nlrmt_output_close(nlrmt_output **output) {
  if (!*output) return;
  nlrmt_h5_close(&(*output)->h5);
  nlrmt_lock_release(&(*output)->lock);
  free((*output)->path);
  free(*output);
  *output = NULL;
}
