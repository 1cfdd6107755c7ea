/* shifted: quadratic forms in (T + gamma)^-1 or (T - z)^-1, for many gamma or z, from one
 * tridiagonal T.
 *
 * After A = Q T Q' and C = B Q (eig.h, reduce), for every row b of B
 *   b (A + gamma)^-1 b' = c (T + gamma)^-1 c',    |b (A + gamma)^-1|^2 = |c (T + gamma)^-1|^2,
 * likewise for A - z, so a path over gamma costs one LDL' of T (O(n)) and one solve (9 n flops) per
 * row and gamma, no further reduction. The rows are dealt out to all ranks; a step solves WIDTH of
 * them at once.
 */
#ifndef NLRMT_SHIFTED_H
#define NLRMT_SHIFTED_H

#include <complex.h>

#include "nlrmt/grid.h"

/* Sums over a group of rows. */
typedef struct {
  double form;   /* sum of c (T + gamma)^-1 c' */
  double square; /* sum of |c (T + gamma)^-1|^2 */
} nlrmt_shifted;

/* Collective over the grid's comm. The rows [0, split) of c are one group, the others a second:
 * sum[g][0], sum[g][1], on every rank, for gamma[g] > 0, g < count. d [n], e [n - 1]: T. Errors:
 * NLRMT_ERR_RESOURCE; NLRMT_ERR_NUMERIC where T + gamma is not positive definite, as when gamma is
 * below the rounding errors of T. */
nlrmt_status nlrmt_shifted_sums(const nlrmt_rows *c, int64_t split, const double *d,
                                const double *e, size_t count, const double *gamma,
                                nlrmt_shifted (*sum)[2], nlrmt_error *err);

/* Collective over the grid's comm. form[g] = sum of c (T - z[g])^-1 c' over the rows [0, split) of
 * c, on every rank, g < count; Im z > 0, or z real and below T's eigenvalues. No pivoting is
 * needed: the pivots of T - z have imaginary parts <= -Im z. Errors: NLRMT_ERR_RESOURCE;
 * NLRMT_ERR_NUMERIC where z is real and T - z not positive definite. */
nlrmt_status nlrmt_shifted_forms(const nlrmt_rows *c, int64_t split, const double *d,
                                 const double *e, size_t count, const double complex *z,
                                 double complex *form, nlrmt_error *err);

#endif
