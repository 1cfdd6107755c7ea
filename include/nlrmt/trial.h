/* trial: one draw of W, X and b -> all eigenvalues of the Gram matrix. */
#ifndef NLRMT_TRIAL_H
#define NLRMT_TRIAL_H

#include "nlrmt/model.h"

/* Collective over grid. lambda [n] ascending, on every rank; seconds [NLRMT_PHASES]: largest over
 * the ranks, on every rank, phases generate to eigen. Errors: NLRMT_ERR_RESOURCE; NLRMT_ERR_NUMERIC
 * if the eigensolver fails (the caller records it and goes on). */
nlrmt_status nlrmt_trial_run(const nlrmt_grid *grid, const nlrmt_params *params,
                             const nlrmt_plan *plan, int trial, const char *what,
                             nlrmt_progress *progress, double *lambda, double *seconds,
                             nlrmt_error *err);

#endif
