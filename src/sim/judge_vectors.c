#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/distance.h"
#include "nlrmt/judge.h"
#include "nlrmt/laws.h"
#include "nlrmt/overlap.h"

/* Mean of measured - predicted over the trials in standard errors, block by block. */
static void score(const nlrmt_sample *sample, const double *predicted, double *difference,
                  double *z) {
  for (int k = 0; k < sample->cells; k++) {
    double mean, se;
    for (int t = 0; t < sample->done; t++)
      difference[t] = sample->overlap[(int64_t)t * sample->cells + k] - predicted[k];
    nlrmt_mean_se((size_t)sample->done, difference, &mean, &se);
    z[k] = se > 0 ? mean / se : 0;
  }
}

static nlrmt_status judge_law(const nlrmt_params *params, const nlrmt_sample *sample,
                              nlrmt_vectors_verdict *v, nlrmt_error *err) {
  size_t cells = (size_t)sample->cells, blocks = (size_t)params->vector_blocks;
  nlrmt_law_statement s;
  nlrmt_law *law = NULL;
  v->predicted = malloc((2 * cells + (size_t)sample->done) * sizeof *v->predicted);
  if (!v->predicted) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu blocks", cells);
  v->z = v->predicted + cells;
  if (nlrmt_laws_state(params, v->name, sample->trial[0], &s, err) == NLRMT_OK) {
    s.problem.of_m = false;
    if (nlrmt_law_create(&s.problem, &law, err) == NLRMT_OK &&
        nlrmt_overlap_map(&s.problem, law, blocks, blocks, v->predicted, &v->balance, err) ==
            NLRMT_OK)
      score(sample, v->predicted, v->z + cells, v->z);
  }
  nlrmt_law_destroy(&law);
  nlrmt_laws_state_clear(&s);
  return err->status;
}

/* Laws given the biases are those of the first trial: over blocks the difference is far below what
 * one draw of W leaves. */
nlrmt_status nlrmt_judge_vectors(const nlrmt_params *params, nlrmt_sample *sample,
                                 nlrmt_judgement *judgement, nlrmt_error *err) {
  for (int i = 0; i < params->laws && sample->cells > 0 && err->status == NLRMT_OK; i++) {
    nlrmt_vectors_verdict *v = &judgement->map[judgement->maps];
    nlrmt_error own = {0};
    if (strncmp(params->law[i], "kernel", 6) == 0)
      continue; /* overlap.h knows laws of this form only */
    memcpy(v->name, params->law[i], sizeof v->name);
    judge_law(params, sample, v, &own);
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
