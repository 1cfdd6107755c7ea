/* optimum: the best nonlinearity of a one-parameter family, by training error (ridge_error.h).
 *
 * Adlam-Levinson-Pennington, section 4.1, both families normalised to E_b eta = 1:
 *   NLRMT_FAMILY_SINGLE   one f with eta = 1, zeta = x;
 *   NLRMT_FAMILY_MIXTURE  f_x: (eta, zeta) = (1, 1) with probability x, (1, 0) with 1 - x.
 */
#ifndef NLRMT_OPTIMUM_H
#define NLRMT_OPTIMUM_H

#include "nlrmt/ridge_error.h"

typedef enum { NLRMT_FAMILY_SINGLE, NLRMT_FAMILY_MIXTURE } nlrmt_family;

typedef enum { NLRMT_OPTIMUM_INSIDE, NLRMT_OPTIMUM_AT_0, NLRMT_OPTIMUM_AT_1 } nlrmt_optimum_place;

typedef struct {
  double x; /* zeta or p */
  double train_error;
  double slope; /* d train_error / dx there: rounding inside, >= 0 at 0, <= 0 at 1 */
  nlrmt_optimum_place place;
} nlrmt_optimum;

/* Local. E_train and its derivative in x at one member, 0 <= x <= 1. Errors as nlrmt_ridge_path;
 * NLRMT_ERR_CONFIG for x outside [0, 1]. */
nlrmt_status nlrmt_family_error(nlrmt_family family, double phi, double psi,
                                const nlrmt_ridge_task *task, double gamma, double x,
                                double *train_error, double *derivative, nlrmt_error *err);

/* Local. The least E_train over x in [0, 1], x to about 1e-14 E_train / |d^2 E_train/dx^2|. Zeros
 * of the derivative are bracketed on a grid of 65 points, denser at both ends, so several local
 * minima are told apart unless two lie between neighbours of that grid. Errors as
 * nlrmt_family_error. */
nlrmt_status nlrmt_optimum_find(nlrmt_family family, double phi, double psi,
                                const nlrmt_ridge_task *task, double gamma, nlrmt_optimum *optimum,
                                nlrmt_error *err);

#endif
