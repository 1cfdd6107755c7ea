/* model: the random features of one trial and their Gram matrix.
 *
 * F = f(WX; b), n1 x m, with the smaller of K = F'F/n1 and M = FF'/m formed block-cyclically
 * (plan.h). Every row of F draws its bias and its activation (mixture.h). Every rank draws what
 * it needs itself (rng.h) or has it from files (samples.h); the only communication is
 * nlrmt_gram_add's and, where the streamed vectors are X's columns, one sum of the targets. W (or
 * X, the streamed one) is never whole anywhere: one strip of it is drawn, multiplied and forgotten.
 */
#ifndef NLRMT_MODEL_H
#define NLRMT_MODEL_H

#include "nlrmt/config.h"
#include "nlrmt/grid.h"
#include "nlrmt/plan.h"
#include "nlrmt/progress.h"
#include "nlrmt/samples.h"
#include "nlrmt/targets.h"

/* Collective over grid. samples: NULL for i.i.d. data. *a: the Gram matrix, both triangles unless
 * plan->eig looks at one alone; *sides:
 * the right-hand sides of ridge regression, empty if none are asked for; both owned by the caller.
 * Adds the seconds of the phases generate and gram to seconds[NLRMT_PHASES] (this rank's). Errors:
 * NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_model_gram(const nlrmt_grid *grid, const nlrmt_params *params,
                              const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                              nlrmt_progress *progress, nlrmt_dmat **a, nlrmt_sides *sides,
                              double *seconds, nlrmt_error *err);

#endif
