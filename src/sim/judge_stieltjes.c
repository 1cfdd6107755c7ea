#include <stdlib.h>
#include <string.h>

#include "nlrmt/judge.h"
#include "nlrmt/laws.h"
#include "nlrmt/progress.h"
#include "nlrmt/stieltjes.h"
#include "nlrmt/transforms.h"

static void clear(nlrmt_stieltjes_verdict *v) {
  free(v->m);
  free(v->moment);
  memset(v, 0, sizeof *v);
}

void nlrmt_judge_stieltjes_clear(nlrmt_judgement *j) {
  for (int i = 0; i < j->transforms; i++) clear(&j->transform[i]);
  free(j->empirical_m);
  free(j->moment);
}

static nlrmt_status allocate(const nlrmt_params *params, size_t rows, nlrmt_stieltjes_verdict *v,
                             nlrmt_error *err) {
  size_t zs = (size_t)params->zs, moments = (size_t)params->moments;
  v->m = calloc(2 * (rows + 1) * zs + 1, sizeof *v->m);
  v->moment = calloc((rows + 1) * moments + 1, sizeof *v->moment);
  if (!v->m || !v->moment)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu Stieltjes transforms",
                      rows * zs);
  v->mtilde = v->m + rows * zs;
  v->m_z = v->mtilde + rows * zs;
  v->mtilde_z = v->m_z + zs;
  v->moment_z = v->moment + rows * moments;
  return NLRMT_OK;
}

/* Row `row` of the predictions, for `trial`. */
static nlrmt_status predict(const nlrmt_params *params, int trial, size_t row,
                            nlrmt_stieltjes_verdict *v, nlrmt_error *err) {
  size_t zs = (size_t)params->zs, moments = (size_t)params->moments;
  nlrmt_law_statement s;
  if (nlrmt_laws_state(params, v->name, trial, &s, err) == NLRMT_OK &&
      nlrmt_laws_state_transforms(params, &s, v->m + row * zs, v->mtilde + row * zs, err) ==
          NLRMT_OK)
    nlrmt_transforms_moments(&s.problem, moments, v->moment + row * moments, err);
  nlrmt_laws_state_clear(&s);
  return err->status;
}

static nlrmt_status judge_law(const nlrmt_params *params, nlrmt_sample *sample,
                              const nlrmt_judgement *j, double *difference,
                              nlrmt_stieltjes_verdict *v, nlrmt_error *err) {
  int rows = v->given ? sample->done : 1, zs = 2 * params->zs, moments = params->moments;
  if (allocate(params, (size_t)rows, v, err) != NLRMT_OK) return err->status;
  for (int t = 0; t < rows; t++) {
    double start = nlrmt_clock();
    if (predict(params, sample->trial[t], (size_t)t, v, err) != NLRMT_OK) return err->status;
    sample->seconds[t * NLRMT_PHASES + NLRMT_PHASE_THEORY] += nlrmt_clock() - start;
  }
  /* a complex number is its real and its imaginary part, side by side */
  nlrmt_judge_score(sample->done, zs, (double *)j->empirical_m, (double *)v->m, v->given ? zs : 0,
                    difference, (double *)v->m_z);
  if (params->mtilde)
    nlrmt_judge_score(sample->done, zs, (double *)sample->mtilde, (double *)v->mtilde,
                      v->given ? zs : 0, difference, (double *)v->mtilde_z);
  nlrmt_judge_score(sample->done, moments, j->moment, v->moment, v->given ? moments : 0, difference,
                    v->moment_z);
  return NLRMT_OK;
}

/* As many as any of the laws says that have transforms. */
static void count_outliers(const nlrmt_plan *plan, nlrmt_judgement *j) {
  for (int i = 0; i < j->laws; i++)
    if (!j->law[i].kernel && (int64_t)j->law[i].outliers > j->excluded)
      j->excluded = (int64_t)j->law[i].outliers;
  if (j->excluded >= plan->n) j->excluded = 0;
}

/* What the eigenvalues say. `clean`: scratch, [n]. */
static void measure(const nlrmt_params *params, const nlrmt_plan *plan, const nlrmt_sample *sample,
                    double *clean, nlrmt_judgement *j) {
  for (int t = 0; t < sample->done; t++) {
    nlrmt_judge_clean(plan->n, sample->lambda + (int64_t)t * plan->n, clean);
    nlrmt_stieltjes_m(params, plan, j->excluded, clean, j->empirical_m + (int64_t)t * params->zs);
    nlrmt_stieltjes_moments(params, plan, j->excluded, clean,
                            j->moment + (int64_t)t * params->moments);
  }
}

nlrmt_status nlrmt_judge_stieltjes(const nlrmt_params *params, const nlrmt_plan *plan,
                                   nlrmt_sample *sample, nlrmt_judgement *j, nlrmt_error *err) {
  size_t done = (size_t)sample->done;
  if (params->zs == 0 && params->moments == 0) return NLRMT_OK;
  double *scratch = malloc(((size_t)plan->n + done) * sizeof *scratch);
  j->empirical_m = malloc((done * (size_t)params->zs + 1) * sizeof *j->empirical_m);
  j->moment = malloc((done * (size_t)params->moments + 1) * sizeof *j->moment);
  if (!scratch || !j->empirical_m || !j->moment) {
    free(scratch);
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: Stieltjes transforms");
  }
  count_outliers(plan, j);
  measure(params, plan, sample, scratch, j);
  for (int i = 0; i < params->laws && err->status == NLRMT_OK; i++) {
    nlrmt_stieltjes_verdict *v = &j->transform[j->transforms];
    nlrmt_error own = {0};
    if (strncmp(params->law[i], "kernel", 6) == 0 || strcmp(params->law[i], "depth_b") == 0)
      continue; /* its transform is that of a table: not known */
    memcpy(v->name, params->law[i], sizeof v->name);
    v->given = nlrmt_laws_given_biases(v->name);
    judge_law(params, sample, j, scratch, v, &own);
    if (own.status == NLRMT_OK) {
      j->transforms++;
      continue;
    }
    clear(v);
    nlrmt_judgement_fail(j, params->law[i], &own, err);
  }
  free(scratch);
  return err->status;
}
