/* moments: what the theory needs of an activation and a bias law, as nodes of mu_B.
 *
 * For a bias value b and N ~ N(0,1), sigma_z = sigma_w sigma_x:
 *   h(b) = E f(sigma_z N; b), eta(b) = Var f(sigma_z N; b), zeta(b) = (E[N f(sigma_z N; b)])^2
 * (Adlam-Levinson-Pennington, Thm 1; zeta = (sigma_z E f')^2 by Stein, so no derivative is needed).
 */
#ifndef NLRMT_MOMENTS_H
#define NLRMT_MOMENTS_H

#include <stddef.h>

#include "nlrmt/activation.h"
#include "nlrmt/bias.h"
#include "nlrmt/status.h"

/* A probability law on (h, eta, zeta): weights sum to 1, 0 <= zeta <= eta. */
typedef struct {
  size_t count;
  double *weight, *h, *eta, *zeta; /* [count] each, owned */
} nlrmt_nodes;

/* Local. h, eta, zeta at one bias value; absolute accuracy about 1e-13 times E f^2. */
nlrmt_status nlrmt_moments_at(const nlrmt_activation *f, double sigma_z, double b, double *h,
                              double *eta, double *zeta, nlrmt_error *err);

/* Local. Nodes of the law mu_B itself: atoms, or a quadrature refined until the first two moments
 * of eta, zeta, h stand to 1e-13 (and resolvents of eta to 1e-12, within reason: docs/theory.md,
 * "Limits"). Errors: NLRMT_ERR_CONFIG if they diverge or sigma_z <= 0. */
nlrmt_status nlrmt_nodes_of_law(const nlrmt_activation *f, double sigma_z, const nlrmt_bias *bias,
                                nlrmt_nodes *nodes, nlrmt_error *err);

/* Local. The same for b + sigma N, sigma >= 0, f additive: the row means of the layer before add
 * such a Gaussian to the biases (depth.h). Below 1e-9 sigma_z, or 1e-4 of a uniform law's sigma,
 * that Gaussian is left out. */
nlrmt_status nlrmt_nodes_of_sum(const nlrmt_activation *f, double sigma_z, const nlrmt_bias *bias,
                                double sigma, nlrmt_nodes *nodes, nlrmt_error *err);

/* Local. Nodes of the realised biases b[0..n1), weight 1/n1 each, ascending, equal values merged.
 */
nlrmt_status nlrmt_nodes_of_biases(const nlrmt_activation *f, double sigma_z, size_t n1,
                                   const double *b, nlrmt_nodes *nodes, nlrmt_error *err);

/* Local. One node with the averages of eta and zeta, and h = sqrt(E h^2): what Piccolo-Schroeder's
 * Thm 2.5 sees of the biases (theta1 - theta1b = E eta, theta2 = E zeta, theta1b = E h^2). */
nlrmt_status nlrmt_nodes_average(const nlrmt_nodes *nodes, nlrmt_nodes *average, nlrmt_error *err);

/* Local. The mixture of `count` laws: part[i] with probability[i] (each >= 0, sum 1 within 1e-9),
 * as for rows that draw their activation at random (Adlam-Levinson-Pennington, section 4.1).
 * Errors: NLRMT_ERR_CONFIG for bad probabilities, NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_nodes_mix(size_t count, const nlrmt_nodes *part, const double *probability,
                             nlrmt_nodes *mixture, nlrmt_error *err);

/* Local. Frees the arrays; a zeroed struct is allowed. */
void nlrmt_nodes_clear(nlrmt_nodes *nodes);

#endif
