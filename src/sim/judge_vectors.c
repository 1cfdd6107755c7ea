#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/judge.h"
#include "nlrmt/laws.h"
#include "nlrmt/overlap.h"

/* The law's own map. */
static nlrmt_status predict(const nlrmt_params *params, int trial, nlrmt_vectors_verdict *v,
                            nlrmt_error *err) {
  const size_t blocks = (size_t)params->vector_blocks;
  nlrmt_law_statement s;
  nlrmt_law *law = NULL;
  if (nlrmt_laws_state(params, v->name, trial, &s, err) == NLRMT_OK) {
    s.problem.of_m = false;
    if (nlrmt_law_create(&s.problem, &law, err) == NLRMT_OK)
      nlrmt_overlap_map(&s.problem, law, blocks, blocks, v->predicted, &v->balance, err);
  }
  nlrmt_law_destroy(&law);
  nlrmt_laws_state_clear(&s);
  return err->status;
}

/* That of the law kernel: means over the columns of blocks as the sample has them, its outliers'
 * eigenvectors left out (vectors.c). balance: what all columns together are off 1. */
static nlrmt_status predict_kernel(const nlrmt_params *params, const nlrmt_plan *plan,
                                   const nlrmt_kernel_solution *kernel, nlrmt_vectors_verdict *v,
                                   nlrmt_error *err) {
  const int64_t blocks = params->vector_blocks, m = params->m, kept = m - plan->outliers;
  if (kernel->failure.status != NLRMT_OK)
    return nlrmt_fail(err, kernel->failure.status, "%s", kernel->failure.text);
  memset(v->predicted, 0, (size_t)(blocks * blocks) * sizeof *v->predicted);
  v->balance = 0;
  for (int64_t r = 0; r < blocks; r++) {
    double total = 0;
    for (int64_t j = 0; j < m; j++) total += kernel->overlap[j * blocks + r] / (double)m;
    v->balance = fmax(v->balance, fabs(total - 1));
    for (int64_t c = 0, j = 0; c < blocks; c++) {
      double *cell = &v->predicted[r * blocks + c];
      int64_t first = j;
      for (; j < kept && j * blocks / kept == c; j++) *cell += kernel->overlap[j * blocks + r];
      *cell /= (double)(j - first);
    }
  }
  return NLRMT_OK;
}

static nlrmt_status judge_law(const nlrmt_params *params, const nlrmt_plan *plan,
                              const nlrmt_kernel_solution *kernel, const nlrmt_sample *sample,
                              nlrmt_vectors_verdict *v, nlrmt_error *err) {
  size_t cells = (size_t)sample->cells;
  v->predicted = malloc((2 * cells + (size_t)sample->done) * sizeof *v->predicted);
  if (!v->predicted) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu blocks", cells);
  v->z = v->predicted + cells;
  if (strcmp(v->name, "kernel") == 0)
    predict_kernel(params, plan, kernel, v, err);
  else
    predict(params, sample->trial[0], v, err);
  if (err->status == NLRMT_OK)
    nlrmt_judge_score(sample->done, sample->cells, sample->overlap, v->predicted, 0, v->z + cells,
                      v->z);
  return err->status;
}

/* Laws given the biases are those of the first trial: over blocks the difference is far below what
 * one draw of W leaves. That of kernel_b would be made anew: it is left out. */
nlrmt_status nlrmt_judge_vectors(const nlrmt_params *params, const nlrmt_plan *plan,
                                 const nlrmt_kernel_solution *kernel, nlrmt_sample *sample,
                                 nlrmt_judgement *judgement, nlrmt_error *err) {
  for (int i = 0; i < params->laws && sample->cells > 0 && err->status == NLRMT_OK; i++) {
    nlrmt_vectors_verdict *v = &judgement->map[judgement->maps];
    nlrmt_error own = {0};
    if (strcmp(params->law[i], "kernel_b") == 0) continue;
    memcpy(v->name, params->law[i], sizeof v->name);
    judge_law(params, plan, kernel, sample, v, &own);
    if (own.status == NLRMT_OK) {
      judgement->maps++;
      continue;
    }
    free(v->predicted);
    memset(v, 0, sizeof *v);
    nlrmt_judgement_fail(judgement, params->law[i], &own, err);
  }
  return err->status;
}
