/* cumulants: cycle correlations of the features (Piccolo-Schroeder, Props 3.2, 3.3), measured on
 * the first rows and columns of F.
 *
 * Y is F, each row without its mean h(b_a). For distinct rows i and distinct columns j
 *
 *   kappa_1 = kappa(Y_ij, Y_ij)                                       -> E_b eta
 *   kappa_k = kappa(Y_i1j1, Y_i2j1, Y_i2j2, ..., Y_ikjk, Y_i1jk)      -> theta2^k n0^(1-k), k = 2,
 * 3 row     = kappa(F_ij1, F_ij2), F with its row means               -> theta1b = E_b h^2
 *
 * and theta1 = E_b eta + theta1b. A trial gives the mean products over all cycles, exact polynomial
 * sums over matrix products with inclusion and exclusion of equal indices, and the mean products of
 * two entries, which are of order 1/n0 or less and taken off kappa_2; those of kappa_3 stay: they
 * are smaller than it by a factor of order 1/n0, as the theorem's own error is 1/sqrt(n0).
 */
#ifndef NLRMT_CUMULANTS_H
#define NLRMT_CUMULANTS_H

#include "nlrmt/judge.h"

/* Where a trial's mean products stand. */
enum {
  NLRMT_CYCLE = 0,        /* [3] Y over cycles of length 2, 4, 6 */
  NLRMT_PAIR_COLUMN = 3,  /* Y, two entries of a column */
  NLRMT_PAIR_ROW = 4,     /* Y, two entries of a row */
  NLRMT_PAIR_APART = 5,   /* Y, two entries of no common row or column */
  NLRMT_PAIR_ROW_OF_F = 6 /* F, two entries of a row */
};

/* Rows and columns of the block: at most so many, at most n1 and m. */
enum { NLRMT_CUMULANTS_BLOCK = 1024 };

/* Local. product[NLRMT_PRODUCTS]: means over the cycles and pairs of y[rows][cols], each row
 * contiguous, rows, cols >= 3; the last one is left as it is. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_cumulants_of_block(int64_t rows, int64_t cols, const double *y, double *product,
                                      nlrmt_error *err);

/* Local. Draws the block of `trial` anew, whatever process grid the trial ran on, and measures it:
 * product[NLRMT_PRODUCTS]. Errors: NLRMT_ERR_RESOURCE, NLRMT_ERR_CONFIG for moments that diverge.
 */
nlrmt_status nlrmt_cumulants_measure(const nlrmt_params *params, int trial, double *product,
                                     nlrmt_error *err);

/* What the trials say together: kappa_1, kappa_2, kappa_3, row. */
enum { NLRMT_KAPPAS = 4 };
typedef struct {
  double kappa[NLRMT_KAPPAS], se[NLRMT_KAPPAS]; /* se, z: 0 for one trial */
  double predicted[NLRMT_KAPPAS], z[NLRMT_KAPPAS];
  double theta1, theta1b, theta2;
} nlrmt_cumulants;

/* Local. Errors as nlrmt_laws_state. */
nlrmt_status nlrmt_cumulants_judge(const nlrmt_params *params, const nlrmt_sample *sample,
                                   nlrmt_cumulants *cumulants, nlrmt_error *err);

#endif
