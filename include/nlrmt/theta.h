/* theta: Piccolo-Schroeder's parameters theta1, theta1b, theta2 under Gaussian biases N(0,
 * sigma_b^2), by their double integral (eq. 10) and by their series (eq. 11): two ways past the
 * nodes of mu_B.
 *
 * In terms of the nodes (moments.h): theta1b = E_b h^2, theta1 - theta1b = E_b eta, theta2 = E_b
 * zeta. Misprint in the paper: eq. 10 gives theta2 the prefactor sigma_w sigma_x where eq. 11 and
 * the limit sigma_b = 0 (its eq. 5) have (sigma_w sigma_x)^2 = sigma_z^2; the square is used here.
 * f is additive, f(z; b) = f(z + b); others are refused with NLRMT_ERR_CONFIG. f' is not needed:
 * both forms are integrated by parts (docs/ridge.md), so sign and step are fine.
 */
#ifndef NLRMT_THETA_H
#define NLRMT_THETA_H

#include "nlrmt/activation.h"
#include "nlrmt/status.h"

typedef struct {
  double theta1, theta1b, theta2;
  double error_theta1b, error_theta2; /* estimates, absolute: refinement, and the series' rest */
  int terms;                          /* of the series; 0: double integral */
} nlrmt_theta;

/* Local. sigma_z = sigma_w sigma_x > 0, sigma_b >= 0. Gauss-Legendre panels over the plane, split
 * at the kinks, halved until they agree to 1e-12. Errors: NLRMT_ERR_CONFIG for bad sigmas, or if
 * the integral does not converge (sigma_b above about 18 sigma_z: too thin a ridge). */
nlrmt_status nlrmt_theta_integral(const nlrmt_activation *f, double sigma_z, double sigma_b,
                                  nlrmt_theta *out, nlrmt_error *err);

/* Local. At most 800 terms. They fall like k^c tau^k with tau = sigma_b^2/(sigma_z^2 + sigma_b^2),
 * smooth f or not (a kink changes c alone): 800 terms give 1e-12 up to sigma_b = 4 sigma_z or so,
 * and beyond that error_* says what is missing. Errors: NLRMT_ERR_CONFIG for bad sigmas, or if the
 * coefficients' integrals do not converge. */
nlrmt_status nlrmt_theta_series(const nlrmt_activation *f, double sigma_z, double sigma_b,
                                nlrmt_theta *out, nlrmt_error *err);

#endif
