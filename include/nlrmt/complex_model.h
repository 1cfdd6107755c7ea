/* complex_model: complex random features of one trial and their Gram matrix, in real arithmetic.
 *
 * F = f(WX; b), W and X complex with independent real and imaginary parts of equal variance; f acts
 * on the real and on the imaginary part of W X by itself, with the row's bias in both ("split").
 * F = A + iB stands as the real matrix of 2 x 2 blocks [A_aj, -B_aj; B_aj, A_aj], 2 n1 x 2 m: its
 * Gram matrix has every eigenvalue of F*F twice, so ScaLAPACK's and ELPA's real solvers serve; WX
 * costs four real products as any complex one, the Gram matrix and its reduction twice what complex
 * arithmetic would. Both indices of a block are neighbours, on one rank: block and piece are even.
 */
#ifndef NLRMT_COMPLEX_MODEL_H
#define NLRMT_COMPLEX_MODEL_H

#include "nlrmt/config.h"
#include "nlrmt/grid.h"
#include "nlrmt/plan.h"
#include "nlrmt/progress.h"

/* Collective over grid. params->field complex, plan: of nlrmt_plan_make for it. *a: order 2 n, the
 * caller's. Adds seconds as nlrmt_model_gram. Errors: NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_complex_gram(const nlrmt_grid *grid, const nlrmt_params *params,
                                const nlrmt_plan *plan, int trial, nlrmt_progress *progress,
                                nlrmt_dmat **a, double *seconds, nlrmt_error *err);

#endif
