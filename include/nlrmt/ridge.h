/* ridge: training errors of one trial for a whole path of ridge parameters.
 *
 * The minimiser of (1/(n2 m)) |Y - W2 F|^2 + (gamma n1/(n2 m)) |W2|^2 leaves the residual gamma Y
 * G, G = (K + gamma)^-1 (Adlam-Levinson-Pennington, section 4). Three numbers per gamma: drawn
 * gamma^2/(n2 m) tr(Y'Y G^2), for the targets that were drawn; signal  gamma^2 sigma_a^2/(n0 m)
 * tr(X'X G^2) and noise   gamma^2 sigma_eps^2/m tr G^2: their sum is the conditional expectation of
 * drawn over A and eps given X and F. f is the scaled one where the configuration normalises it.
 */
#ifndef NLRMT_RIDGE_H
#define NLRMT_RIDGE_H

#include "nlrmt/targets.h"

/* Collective over the grid of sides->rows, which eig.h's reduce has rotated; d [n], e [n - 1]: the
 * tridiagonal matrix. drawn, signal [gammas] on every rank. Errors as nlrmt_shifted_sums. */
nlrmt_status nlrmt_ridge_errors(const nlrmt_params *params, const nlrmt_plan *plan,
                                const nlrmt_sides *sides, const double *d, const double *e,
                                double *drawn, double *signal, nlrmt_error *err);

/* Local. noise [gammas] from the eigenvalues lambda [n] of the plan's Gram matrix; negative ones
 * are rounding errors of 0. */
void nlrmt_ridge_noise(const nlrmt_params *params, const nlrmt_plan *plan, const double *lambda,
                       double *noise);

#endif
