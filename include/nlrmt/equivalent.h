/* equivalent: the deterministic equivalent of K for given data and a mixture of kernels.
 *
 * Rows of F are independent given X; a share w_b of them has the m x m second moment matrix Phi_b
 * (kernel.h). With D_b = 1 + delta_b
 *   Gbar(z) = (-z + sum_b w_b Phi_b/D_b)^-1,   delta_b = (1/n1) tr Phi_b Gbar,   m = (1/m) tr Gbar.
 * Dense: every step inverts an m x m matrix. Few steps are needed, because the same equations with
 * the diagonals of Phi_b in the eigenbasis of sum w_b Phi_b, which cost nothing, predict each step
 * (docs/kernel.md, "Mixtures"). Points z are independent of each other: spread them over ranks.
 */
#ifndef NLRMT_EQUIVALENT_H
#define NLRMT_EQUIVALENT_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/status.h"

enum { NLRMT_EQUIVALENT_KERNELS = 64 };

typedef struct nlrmt_equivalent nlrmt_equivalent;

/* Local. phi[b]: m x m, symmetric, both triangles, borrowed until destroy; weight[b] > 0 sum to 1.
 * Takes 24 m^2 bytes and one symmetric eigenvalue problem. Errors: NLRMT_ERR_CONFIG for sizes or
 * weights, NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC. */
nlrmt_status nlrmt_equivalent_create(size_t m, size_t n1, size_t count, const double *weight,
                                     const double *const *phi, nlrmt_equivalent **equivalent,
                                     nlrmt_error *err);
void nlrmt_equivalent_destroy(nlrmt_equivalent **equivalent);

typedef struct {
  double complex z, m;
  double complex delta[NLRMT_EQUIVALENT_KERNELS];
  double cdf;      /* -Im of the potential over pi, the law left of Re z smoothed over Im z: exact
                    * for the diagonal model, up to multiples of 2/m for the dense one */
  int inversions;  /* 0: of the diagonal model */
  double residual; /* largest relative change of a delta that the next step would make */
} nlrmt_equivalent_point;

/* Local. The diagonal model alone at z, Im z > 0: m(z) to a few 1e-3, in milliseconds.
 * NLRMT_ERR_NUMERIC if it cannot be solved. */
nlrmt_status nlrmt_equivalent_model(const nlrmt_equivalent *equivalent, double complex z,
                                    nlrmt_equivalent_point *point, nlrmt_error *err);

/* Local. The equivalent at z, Im z > 0, delta to a relative `tolerance`. guess (NULL: none): a
 * solved point nearby, whose difference from the model is carried over. NLRMT_ERR_NUMERIC if it
 * does not converge. */
nlrmt_status nlrmt_equivalent_solve(nlrmt_equivalent *equivalent, double complex z,
                                    double tolerance, const nlrmt_equivalent_point *guess,
                                    nlrmt_equivalent_point *point, nlrmt_error *err);

/* Local. Where to solve for the law of K: lambda[k], k >= 8, over the bulk that the diagonal model
 * has, denser at its ends, a little beyond them. The model's large isolated eigenvalues are left
 * out: *spikes of them at place[0 .. *spikes), descending, at most NLRMT_EQUIVALENT_SPIKES. Solve
 * at lambda[i] + i *height. NLRMT_ERR_NUMERIC. */
enum { NLRMT_EQUIVALENT_SPIKES = 64 };
nlrmt_status nlrmt_equivalent_grid(const nlrmt_equivalent *equivalent, size_t k, double *lambda,
                                   double *height, size_t *spikes, double *place, nlrmt_error *err);

/* Local. density[k], cdf[k] of the law without the spikes, total mass 1, from the points solved on
 * the grid: input of nlrmt_law_of_table. The cdf's multiples of 2/m are settled by the density.
 * Returns the largest difference between the cdf's increments and the trapezoidal rule's, an error
 * bound of what is interpolated. */
double nlrmt_equivalent_table(const nlrmt_equivalent *equivalent, size_t k, size_t spikes,
                              const nlrmt_equivalent_point *point, double *density, double *cdf);

/* Local. Gbar [m][m] at the last point that nlrmt_equivalent_solve solved; borrowed until the next
 * call that takes a nlrmt_equivalent that is not const. */
const double complex *nlrmt_equivalent_inverse(const nlrmt_equivalent *equivalent);

/* Local. Frees what only dense solutions need and forgets phi: the model and the functions of other
 * weights below are what is left. */
void nlrmt_equivalent_thin(nlrmt_equivalent *equivalent);

/* Local. The equivalent at base->z for other weights that sum to 1 (a few slightly negative ones do
 * no harm), from a dense solution for its own: delta, m and cdf of *point. No inversion: the error
 * of the cdf is of second order in the change of the weights, and then only as large as the model's
 * (equivalent_given.c). false: the new point could not be solved; cdf is then that of first order,
 * delta and m are the base's. */
bool nlrmt_equivalent_given(const nlrmt_equivalent *equivalent, const double *weight,
                            const nlrmt_equivalent_point *base, nlrmt_equivalent_point *point);

/* Local. Moves the places of the spikes, [spikes] as nlrmt_equivalent_grid gives them, to these
 * weights; one that cannot be followed stays. */
void nlrmt_equivalent_given_spikes(const nlrmt_equivalent *equivalent, const double *weight,
                                   size_t spikes, double *place);

typedef struct {
  double gamma, m, dm; /* at z = -gamma; ' = d/dz */
  double signal_dm;    /* d/dz (1/m) tr(C Gbar) */
  int inversions;
} nlrmt_equivalent_ridge_point;

/* Local. At z = -gamma: the training error is gamma^2 (sigma_eps^2 dm + sigma_a^2 signal_dm) for c
 * = X'X/n0 (m x m, symmetric; NULL: signal_dm = 0). Takes another 8 m^2 (count + 2) bytes. Errors:
 * NLRMT_ERR_CONFIG for gamma not positive and finite, NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC. */
nlrmt_status nlrmt_equivalent_ridge(nlrmt_equivalent *equivalent, double gamma, const double *c,
                                    nlrmt_equivalent_ridge_point *point, nlrmt_error *err);

#endif
