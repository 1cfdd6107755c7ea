/* transforms: the limiting Stieltjes transforms and moments of K, without the law's density.
 *
 *   m(z)      = lim (1/m) tr (K - z)^-1
 *   mtilde(z) = lim (1/m) tr (X'X/(n0 sigma_x^2) (K - z)^-1)       (Adlam-Levinson-Pennington, Thm
 * 1) In the upper half plane by the certified solver behind law.h, at z < 0 by that of
 * ridge_error.h. problem->of_m is not looked at: always of K, without its outlier.
 */
#ifndef NLRMT_TRANSFORMS_H
#define NLRMT_TRANSFORMS_H

#include <complex.h>
#include <stddef.h>

#include "nlrmt/law.h"

/* Local. m[i], mtilde[i] at z[i], i < count, Im z > 0 or z real and < 0; each by itself. Errors:
 * NLRMT_ERR_CONFIG as nlrmt_law_create, and for another z; NLRMT_ERR_NUMERIC if the solution cannot
 * be certified. */
nlrmt_status nlrmt_transforms_solve(const nlrmt_law_problem *problem, size_t count,
                                    const double complex *z, double complex *m,
                                    double complex *mtilde, nlrmt_error *err);

/* Local. moment[j - 1] = lim (1/m) tr K^j, j = 1 .. k <= NLRMT_LAW_MOMENTS, from the equations at
 * infinity. Errors: NLRMT_ERR_CONFIG as nlrmt_law_create. */
nlrmt_status nlrmt_transforms_moments(const nlrmt_law_problem *problem, size_t k, double *moment,
                                      nlrmt_error *err);

#endif
