/* stieltjes: the Stieltjes transforms and moments of K = F'F/n1 in one trial.
 *
 *   m(z)      = (1/m) tr (K - z)^-1        mtilde(z) = (1/m) tr (X'X/(n0 sigma_x^2) (K - z)^-1)
 * (Adlam-Levinson-Pennington, Thm 1), always of K, f scaled where the configuration normalises it.
 * m and the moments need eigenvalues alone; mtilde needs the rows of X rotated with K (eig.h), no
 * eigenvectors. m and the moments leave the predicted outliers out, as distances do: of the sum and
 * of the mass. In mtilde they are: their part is at most lambda_max(X'X/(n0 sigma_x^2))/(m Im z)
 * (docs/stieltjes.md).
 */
#ifndef NLRMT_STIELTJES_H
#define NLRMT_STIELTJES_H

#include <complex.h>

#include "nlrmt/targets.h"

/* Collective over the grid of sides->rows, which eig.h's reduce has rotated; d [n], e [n - 1]: the
 * tridiagonal matrix. mtilde [zs] on every rank. Errors as nlrmt_shifted_forms. */
nlrmt_status nlrmt_stieltjes_mtilde(const nlrmt_params *params, const nlrmt_plan *plan,
                                    const nlrmt_sides *sides, const double *d, const double *e,
                                    double complex *mtilde, nlrmt_error *err);

/* Local. lambda [n] ascending, of the plan's Gram matrix; the largest `excluded` < n of them are
 * left out. m [zs]: the mean of 1/(lambda_K - z) over the others and the zeros of K. */
void nlrmt_stieltjes_m(const nlrmt_params *params, const nlrmt_plan *plan, int64_t excluded,
                       const double *lambda, double complex *m);

/* Local. moment [moments]: the mean of lambda_K^j over the same ones, j = 1 .. moments. */
void nlrmt_stieltjes_moments(const nlrmt_params *params, const nlrmt_plan *plan, int64_t excluded,
                             const double *lambda, double *moment);

#endif
