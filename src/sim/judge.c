#include "nlrmt/judge.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/distance.h"
#include "nlrmt/kernel_given.h"
#include "nlrmt/laws.h"
#include "nlrmt/progress.h"

/* Mean preactivations that are kept: of all layers, by the last one. */
static int64_t count_units(const nlrmt_params *params) {
  int64_t units = 0;
  bool wanted = false;
  for (int i = 0; i < params->laws; i++) wanted = wanted || strcmp(params->law[i], "depth_b") == 0;
  for (int l = 0; l < params->layers && wanted && params->layer == params->layers; l++)
    units += params->width[l];
  return units;
}

nlrmt_status nlrmt_sample_init(nlrmt_sample *sample, const nlrmt_params *params, int trials,
                               int64_t n, bool whole, nlrmt_error *err) {
  memset(sample, 0, sizeof *sample);
  size_t rows = (size_t)trials, errors = rows * (size_t)params->gammas + 1;
  bool vectors = params->vectors != NLRMT_VECTORS_NO;
  sample->n = n;
  sample->gammas = params->gammas;
  sample->zs = params->zs;
  sample->cells = vectors ? params->vector_blocks * params->vector_blocks : 0;
  sample->units = count_units(params);
  sample->mean = malloc((rows * (size_t)sample->units + 1) * sizeof *sample->mean);
  sample->variance = malloc((rows * (size_t)params->layers + 1) * sizeof *sample->variance);
  sample->trial = calloc(rows, sizeof *sample->trial);
  sample->lambda = malloc(rows * (size_t)n * sizeof *sample->lambda);
  sample->drawn = malloc(errors * sizeof *sample->drawn);
  sample->signal = malloc(errors * sizeof *sample->signal);
  sample->overlap = malloc((rows * (size_t)sample->cells + 1) * sizeof *sample->overlap);
  if (params->mtilde) sample->mtilde = malloc(rows * (size_t)params->zs * sizeof *sample->mtilde);
  if (params->cumulants) sample->product = malloc(rows * NLRMT_PRODUCTS * sizeof *sample->product);
  if (whole && params->vectors == NLRMT_VECTORS_FULL)
    sample->full = calloc((size_t)n * (size_t)n, sizeof *sample->full);
  sample->seconds = calloc(rows * NLRMT_PHASES, sizeof *sample->seconds);
  sample->failed_trial = calloc(rows, sizeof *sample->failed_trial);
  sample->failure = calloc(rows, sizeof *sample->failure);
  if (!sample->trial || !sample->lambda || !sample->drawn || !sample->signal || !sample->overlap ||
      !sample->mean || !sample->variance || !sample->seconds || !sample->failed_trial ||
      !sample->failure || (params->mtilde && !sample->mtilde) ||
      (params->cumulants && !sample->product) ||
      (whole && params->vectors == NLRMT_VECTORS_FULL && !sample->full))
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE,
                      "out of memory: %d x %lld eigenvalues, %d training errors", trials,
                      (long long)n, params->gammas);
  return NLRMT_OK;
}

void nlrmt_sample_clear(nlrmt_sample *sample) {
  free(sample->trial);
  free(sample->lambda);
  free(sample->drawn);
  free(sample->signal);
  free(sample->overlap);
  free(sample->mtilde);
  free(sample->product);
  free(sample->full);
  free(sample->mean);
  free(sample->variance);
  free(sample->seconds);
  free(sample->failed_trial);
  free(sample->failure);
  memset(sample, 0, sizeof *sample);
}

static void clear_verdict(nlrmt_verdict *v) {
  if (!v->kernel && !v->borrowed) nlrmt_law_destroy(&v->law);
  free(v->wasserstein1);
  free(v->kolmogorov);
  free(v->outlier_predicted);
  free(v->outlier_measured);
  free(v->spike_measured);
  free(v->bulk);
  nlrmt_kernel_solution_clear(&v->given);
  memset(v, 0, sizeof *v);
}

void nlrmt_judgement_clear(nlrmt_judgement *judgement) {
  for (int i = 0; i < judgement->laws; i++) clear_verdict(&judgement->law[i]);
  free(judgement->edges);
  free(judgement->empirical);
  free(judgement->empirical_se);
  free(judgement->predicted);
  for (int i = 0; i < NLRMT_LAWS_MAX; i++) free(judgement->ridge[i].predicted);
  free(judgement->expected);
  for (int i = 0; i < NLRMT_LAWS_MAX; i++) free(judgement->map[i].predicted);
  for (int i = 0; i < judgement->contests; i++) free(judgement->contest[i].statistic);
  nlrmt_judge_stieltjes_clear(judgement);
  memset(judgement, 0, sizeof *judgement);
}

void nlrmt_kernel_solution_clear(nlrmt_kernel_solution *solution) {
  nlrmt_law_destroy(&solution->law);
  nlrmt_kernel_base_destroy(&solution->base);
  free(solution->place);
  free(solution->train_error);
  free(solution->overlap);
  *solution = (nlrmt_kernel_solution){0};
}

void nlrmt_judge_clean(int64_t n, const double *lambda, double *clean) {
  double scale = fmax(fabs(lambda[0]), fabs(lambda[n - 1])),
         floor = (double)n * DBL_EPSILON * scale;
  for (int64_t i = 0; i < n; i++) clean[i] = fabs(lambda[i]) <= floor ? 0 : lambda[i];
}

/* kernel: of the laws kernel and kernel_b, that of this trial; else NULL. */
static void measure(const nlrmt_params *params, const nlrmt_plan *plan, const nlrmt_law *law,
                    const nlrmt_kernel_solution *kernel, const double *lambda, int row,
                    nlrmt_verdict *v) {
  double place = 0, mass = 1;
  size_t n = (size_t)plan->n, zeros = (size_t)plan->zeros;
  size_t outliers = nlrmt_law_outlier(law, (double)params->m, (double)params->n1, &place);
  if (kernel && kernel->spikes > 0) {
    outliers = kernel->spikes;
    place = kernel->place[0];
    mass = 1 - (double)outliers / (double)(zeros + n);
    for (size_t s = 0; s < outliers; s++)
      v->spike_measured[(size_t)row * outliers + s] = s < n ? lambda[n - 1 - s] : 0;
  }
  if (outliers >= n) outliers = 0;
  if (v->bulk) v->bulk[row] = nlrmt_distance_bulk(law, mass, v->cut, zeros, n, lambda);
  v->outlier_predicted[row] = outliers > 0 ? place : 0;
  v->outlier_measured[row] = outliers > 0 ? lambda[n - 1] : 0;
  if (outliers > v->outliers) v->outliers = outliers;
  v->wasserstein1[row] = nlrmt_distance_wasserstein1(law, zeros, n - outliers, lambda);
  v->kolmogorov[row] = nlrmt_distance_kolmogorov(law, zeros, n - outliers, lambda);
}

/* Between the bulk of the law kernel and its spikes, or a little right of it. */
static double cut_of(const nlrmt_kernel_solution *k) {
  double left, right;
  nlrmt_law_edges(k->law, nlrmt_law_bulks(k->law) - 1, &left, &right);
  return k->spikes > 0 ? (right + k->place[k->spikes - 1]) / 2 : 1.1 * right;
}

static nlrmt_status allocate(size_t rows, const nlrmt_kernel_solution *kernel, nlrmt_verdict *v,
                             nlrmt_error *err) {
  size_t spikes = v->kernel ? v->kernel->spikes : 0;
  v->wasserstein1 = calloc(rows, sizeof(double));
  v->kolmogorov = calloc(rows, sizeof(double));
  v->outlier_predicted = calloc(rows, sizeof(double));
  v->outlier_measured = calloc(rows, sizeof(double));
  v->spike_measured = calloc(rows * spikes + 1, sizeof(double));
  if (kernel) v->bulk = calloc(rows, sizeof(double));
  if (!v->wasserstein1 || !v->kolmogorov || !v->outlier_predicted || !v->outlier_measured ||
      !v->spike_measured || (kernel && !v->bulk))
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: distances of %zu trials", rows);
  return err->status;
}

static bool is_depth(const char *name) {
  return strcmp(name, "depth") == 0 || strcmp(name, "depth_b") == 0;
}

nlrmt_law *nlrmt_judge_depth(const nlrmt_sample *sample, const char *name, int row,
                             nlrmt_error *err) {
  const nlrmt_depth_solution *d = sample->depth;
  if (!is_depth(name)) return NULL;
  bool given = nlrmt_laws_given_biases(name);
  const nlrmt_error *failure = given ? &d->given_failure : &d->limit_failure;
  if (failure->status != NLRMT_OK) *err = *failure;
  return failure->status != NLRMT_OK ? NULL : given ? d->given[row] : d->limit;
}

/* The law kernel or kernel_b of row t: the point's own, or made for the trial. */
static nlrmt_status kernel_of_trial(const nlrmt_params *params, const nlrmt_kernel_solution *kernel,
                                    const nlrmt_sample *sample, int t, nlrmt_verdict *v,
                                    nlrmt_kernel_solution *own, nlrmt_error *err) {
  const bool given = nlrmt_laws_given_biases(v->name) && kernel->base;
  if (given)
    nlrmt_kernel_given_make(params, kernel, sample->trial[t], t == 0 ? &v->given : own, err);
  if (t == 0) v->kernel = given ? &v->given : kernel;
  if (t == 0) v->law = v->kernel->law;
  return err->status;
}

/* Of row t: *law, which v->law of the first one serves unless it is given the biases; *own: solved
 * anew. */
static nlrmt_status law_of_trial(const nlrmt_params *params, const nlrmt_kernel_solution *kernel,
                                 const nlrmt_sample *sample, int t, nlrmt_verdict *v,
                                 nlrmt_kernel_solution *own, const nlrmt_law **law,
                                 nlrmt_error *err) {
  nlrmt_law_eta eta = {0};
  const bool new = t == 0 || nlrmt_laws_given_biases(v->name);
  if (new &&is_depth(v->name)) {
    nlrmt_law *known = nlrmt_judge_depth(sample, v->name, t, err);
    v->borrowed = true;
    if (t == 0) v->law = known;
    if (!nlrmt_laws_given_biases(v->name)) v->fluctuation = sample->depth->fluctuation;
    *law = known;
    return err->status;
  }
  if (new &&nlrmt_kernel_named(v->name)) {
    kernel_of_trial(params, kernel, sample, t, v, own, err);
  } else if (new) {
    nlrmt_laws_solve(params, v->name, sample->trial[t], t == 0 ? &v->law : &own->law, &eta, err);
    if (t == 0) v->fluctuation = eta.fluctuation;
  }
  *law = own->law ? own->law : v->law;
  return err->status;
}

/* kernel: the law kernel of the point if it could be solved, else NULL. */
static nlrmt_status judge_law(const nlrmt_params *params, const nlrmt_plan *plan,
                              const nlrmt_kernel_solution *kernel, nlrmt_sample *sample,
                              double *clean, nlrmt_verdict *v, nlrmt_error *err) {
  if (kernel) v->cut = cut_of(kernel);
  for (int t = 0; t < sample->done; t++) {
    double start = nlrmt_clock();
    nlrmt_kernel_solution own = {0};
    const nlrmt_law *law = NULL;
    if (law_of_trial(params, kernel, sample, t, v, &own, &law, err) == NLRMT_OK && t == 0)
      allocate((size_t)sample->done, kernel, v, err);
    if (err->status == NLRMT_OK) {
      nlrmt_judge_clean(plan->n, sample->lambda + t * plan->n, clean);
      measure(params, plan, law, v->kernel && own.law ? &own : v->kernel, clean, t, v);
    }
    nlrmt_kernel_solution_clear(&own);
    if (err->status != NLRMT_OK) return err->status;
    sample->seconds[t * NLRMT_PHASES + NLRMT_PHASE_THEORY] += nlrmt_clock() - start;
  }
  return NLRMT_OK;
}

/* What the laws' supports need; without a law, what the first trial needs. */
static void choose_range(const nlrmt_params *params, const nlrmt_judgement *j,
                         const nlrmt_sample *sample, double *range) {
  double low = DBL_MAX, high = 0;
  memcpy(range, params->range, sizeof params->range);
  if (!params->range_auto) return;
  for (int i = 0; i < j->laws; i++) nlrmt_laws_span(j->law[i].law, &low, &high);
  if (high == 0) {
    low = sample->lambda[0];
    high = sample->lambda[sample->n - 1];
  }
  nlrmt_laws_range(low, high, range);
}

/* Density of each trial in each bin; mean and standard error over the trials. */
static void fill_histogram(const nlrmt_plan *plan, const nlrmt_sample *sample, size_t outliers,
                           double *clean, nlrmt_judgement *j) {
  double width = (j->edges[j->bins] - j->edges[0]) / j->bins;
  double *count = j->empirical_se; /* scratch until the end of each trial */
  double *mean = j->empirical;
  double *square = calloc((size_t)j->bins, sizeof *square);
  for (int t = 0; t < sample->done; t++) {
    int64_t n = plan->n - (int64_t)outliers;
    double mass = 1 / ((double)(n + plan->zeros) * width);
    memset(count, 0, (size_t)j->bins * sizeof *count);
    nlrmt_judge_clean(plan->n, sample->lambda + t * plan->n, clean);
    for (int64_t i = 0; i < n; i++) {
      int bin = (int)floor((clean[i] - j->edges[0]) / width);
      if (clean[i] != 0 && clean[i] >= j->edges[0] && bin < j->bins) count[bin] += mass;
    }
    for (int k = 0; k < j->bins; k++) {
      double delta = count[k] - mean[k];
      mean[k] += delta / (t + 1);
      if (square) square[k] += delta * (count[k] - mean[k]);
    }
  }
  for (int k = 0; k < j->bins; k++)
    j->empirical_se[k] = sample->done > 1 && square
                             ? sqrt(square[k] / ((double)sample->done * (sample->done - 1)))
                             : 0;
  free(square);
}

/* The law's mass in each bin as the sample counts it: without the first law's outliers, but with
 * its other eigenvalues, among them spikes that the law kernel leaves out. */
static void predict_bins(const nlrmt_plan *plan, nlrmt_judgement *j, int law) {
  const nlrmt_verdict *v = &j->law[law];
  double total = (double)(plan->n + plan->zeros), *average = j->predicted + (int64_t)law * j->bins;
  nlrmt_laws_bins(v->law, (size_t)j->bins, j->edges, average);
  for (int k = 0; v->kernel && k < j->bins; k++)
    average[k] *= (total - (double)v->outliers) / (total - (double)j->law[0].outliers);
}

static nlrmt_status make_histogram(const nlrmt_params *params, const nlrmt_plan *plan,
                                   const nlrmt_sample *sample, double *clean, nlrmt_judgement *j,
                                   nlrmt_error *err) {
  size_t bins = (size_t)params->bins;
  double range[2];
  j->bins = params->bins;
  j->edges = calloc(bins + 1, sizeof(double));
  j->empirical = calloc(bins, sizeof(double));
  j->empirical_se = calloc(bins, sizeof(double));
  j->predicted = calloc(bins * (size_t)(j->laws > 0 ? j->laws : 1), sizeof(double));
  if (!j->edges || !j->empirical || !j->empirical_se || !j->predicted)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d bins", params->bins);
  choose_range(params, j, sample, range);
  double width = (range[1] - range[0]) / params->bins;
  for (int k = 0; k <= params->bins; k++) j->edges[k] = range[0] + k * width;
  fill_histogram(plan, sample, j->laws > 0 ? j->law[0].outliers : 0, clean, j);
  for (int i = 0; i < j->laws; i++) predict_bins(plan, j, i);
  return NLRMT_OK;
}

void nlrmt_judgement_fail(nlrmt_judgement *judgement, const char *name, const nlrmt_error *own,
                          nlrmt_error *err) {
  if (own->status == NLRMT_ERR_NUMERIC)
    snprintf(judgement->failure[judgement->failures++], sizeof judgement->failure[0], "%s: %s",
             name, own->text);
  else
    *err = *own;
}

void nlrmt_judge_score(int trials, int count, const double *measured, const double *predicted,
                       int step, double *difference, double *z) {
  for (int k = 0; k < count; k++) {
    double mean, se;
    for (int t = 0; t < trials; t++)
      difference[t] = measured[(int64_t)t * count + k] - predicted[(int64_t)t * step + k];
    nlrmt_mean_se((size_t)trials, difference, &mean, &se);
    z[k] = se > 0 ? mean / se : 0;
  }
}

nlrmt_status nlrmt_judge(const nlrmt_params *params, const nlrmt_plan *plan,
                         const nlrmt_kernel_solution *kernel, nlrmt_sample *sample,
                         nlrmt_judgement *judgement, nlrmt_error *err) {
  const nlrmt_kernel_solution *solved = kernel && kernel->law ? kernel : NULL;
  memset(judgement, 0, sizeof *judgement);
  double *clean = malloc((size_t)plan->n * sizeof *clean);
  if (!clean)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld eigenvalues",
                      (long long)plan->n);
  for (int i = 0; i < params->laws && err->status == NLRMT_OK; i++) {
    nlrmt_verdict *v = &judgement->law[judgement->laws];
    nlrmt_error own = {0};
    memcpy(v->name, params->law[i], sizeof v->name);
    if (nlrmt_kernel_named(v->name) && !solved)
      own = kernel->failure;
    else
      judge_law(params, plan, solved, sample, clean, v, &own);
    if (own.status == NLRMT_OK) {
      judgement->laws++;
      continue;
    }
    clear_verdict(v);
    nlrmt_judgement_fail(judgement, params->law[i], &own, err);
  }
  if (err->status == NLRMT_OK) make_histogram(params, plan, sample, clean, judgement, err);
  if (err->status == NLRMT_OK) nlrmt_judge_ridge(params, plan, kernel, sample, judgement, err);
  if (kernel) sample->seconds[NLRMT_PHASE_THEORY] += kernel->seconds;
  if (err->status == NLRMT_OK) nlrmt_judge_vectors(params, plan, kernel, sample, judgement, err);
  if (err->status == NLRMT_OK) nlrmt_judge_contest(params, plan, sample, judgement, err);
  if (err->status == NLRMT_OK) nlrmt_judge_stieltjes(params, plan, sample, judgement, err);
  free(clean);
  return err->status;
}
