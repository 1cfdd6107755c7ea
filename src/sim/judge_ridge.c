#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/judge.h"
#include "nlrmt/laws.h"
#include "nlrmt/progress.h"
#include "nlrmt/ridge.h"

/* What the law says for row t of the sample; those of kernel, depth, depth_b are known already. */
static nlrmt_status predict(const nlrmt_params *params, const nlrmt_kernel_solution *kernel,
                            const nlrmt_sample *sample, const char *name, int t, double *predicted,
                            nlrmt_error *err) {
  size_t bytes = (size_t)params->gammas * sizeof *predicted;
  int trial = sample->trial[t];
  if (nlrmt_judge_depth(sample, name, t, err)) {
    const nlrmt_depth_solution *d = sample->depth;
    memcpy(predicted,
           nlrmt_laws_given_biases(name) ? d->given_error + (int64_t)t * params->gammas
                                         : d->limit_error,
           bytes);
    return NLRMT_OK;
  }
  if (err->status != NLRMT_OK) return err->status;
  if (strcmp(name, "kernel") != 0) return nlrmt_laws_ridge(params, name, trial, predicted, err);
  const nlrmt_error *failure =
      kernel->failure.status != NLRMT_OK ? &kernel->failure : &kernel->ridge_failure;
  if (failure->status != NLRMT_OK) return nlrmt_fail(err, failure->status, "%s", failure->text);
  memcpy(predicted, kernel->train_error, bytes);
  return NLRMT_OK;
}

/* One law; v->predicted holds the arrays of all three. */
static nlrmt_status judge_law(const nlrmt_params *params, const nlrmt_kernel_solution *kernel,
                              nlrmt_sample *sample, const double *expected, nlrmt_ridge_verdict *v,
                              nlrmt_error *err) {
  size_t count = (size_t)sample->gammas, rows = v->given ? (size_t)sample->done : 1;
  v->predicted = malloc(((rows + 2) * count + (size_t)sample->done) * sizeof *v->predicted);
  if (!v->predicted)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu training errors", rows * count);
  v->z = v->predicted + rows * count;
  v->expected = v->z + count;
  for (size_t t = 0; t < rows; t++) {
    double start = nlrmt_clock();
    if (predict(params, kernel, sample, v->name, (int)t, v->predicted + t * count, err) != NLRMT_OK)
      return err->status;
    sample->seconds[t * NLRMT_PHASES + NLRMT_PHASE_THEORY] += nlrmt_clock() - start;
  }
  int step = v->given ? sample->gammas : 0;
  double *difference = v->expected + count;
  nlrmt_judge_score(sample->done, sample->gammas, sample->drawn, v->predicted, step, difference,
                    v->z);
  nlrmt_judge_score(sample->done, sample->gammas, expected, v->predicted, step, difference,
                    v->expected);
  return NLRMT_OK;
}

static nlrmt_status expect(const nlrmt_params *params, const nlrmt_plan *plan,
                           const nlrmt_sample *sample, double **expected, nlrmt_error *err) {
  size_t count = (size_t)sample->gammas, rows = (size_t)sample->done;
  *expected = malloc(rows * count * sizeof **expected);
  if (!*expected)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu training errors", rows * count);
  for (size_t t = 0; t < rows; t++) {
    double *row = *expected + t * count;
    nlrmt_ridge_noise(params, plan, sample->lambda + (int64_t)t * sample->n, row);
    for (size_t g = 0; g < count; g++) row[g] += sample->signal[t * count + g];
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_judge_ridge(const nlrmt_params *params, const nlrmt_plan *plan,
                               const nlrmt_kernel_solution *kernel, nlrmt_sample *sample,
                               nlrmt_judgement *judgement, nlrmt_error *err) {
  if (sample->gammas == 0 || expect(params, plan, sample, &judgement->expected, err) != NLRMT_OK)
    return err->status;
  for (int i = 0; i < params->laws && err->status == NLRMT_OK; i++) {
    nlrmt_ridge_verdict *v = &judgement->ridge[judgement->ridges];
    if (strcmp(params->law[i], "kernel_b") == 0) continue; /* it has no training error */
    nlrmt_error own = {0};
    memcpy(v->name, params->law[i], sizeof v->name);
    v->given = nlrmt_laws_given_biases(v->name);
    judge_law(params, kernel, sample, judgement->expected, v, &own);
    if (own.status == NLRMT_OK) {
      judgement->ridges++;
      continue;
    }
    free(v->predicted);
    memset(v, 0, sizeof *v);
    nlrmt_judgement_fail(judgement, params->law[i], &own, err);
  }
  return err->status;
}
