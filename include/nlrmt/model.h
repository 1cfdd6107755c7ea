/* model: the random features of one trial and their Gram matrix.
 *
 * F = f(WX; b), n1 x m, with the smaller of K = F'F/n1 and M = FF'/m formed block-cyclically
 * (plan.h). Every rank draws what it needs itself (rng.h); the only communication is
 * nlrmt_gram_add's. W (or X, the streamed one) is never whole anywhere: one strip of it is drawn,
 * multiplied and forgotten.
 */
#ifndef NLRMT_MODEL_H
#define NLRMT_MODEL_H

#include "nlrmt/config.h"
#include "nlrmt/grid.h"
#include "nlrmt/plan.h"
#include "nlrmt/progress.h"

/* Collective over grid. *a: the Gram matrix, both triangles, owned by the caller. Adds the seconds
 * of the phases generate and gram to seconds[NLRMT_PHASES] (this rank's). Errors:
 * NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_model_gram(const nlrmt_grid *grid, const nlrmt_params *params,
                              const nlrmt_plan *plan, int trial, nlrmt_progress *progress,
                              nlrmt_dmat **a, double *seconds, nlrmt_error *err);

#endif
