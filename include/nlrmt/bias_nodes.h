/* bias_nodes: the law of the biases as a few atoms, for laws whose cost grows with their number.
 *
 * Discrete laws are their own atoms. Gauss-Hermite nodes for a Gaussian, Gauss-Legendre for a
 * uniform law: exact for polynomials of degree 2 NLRMT_BIAS_NODES - 1 in b (docs/kernel.md, "How
 * many biases").
 */
#ifndef NLRMT_BIAS_NODES_H
#define NLRMT_BIAS_NODES_H

#include "nlrmt/bias.h"
#include "nlrmt/status.h"

enum { NLRMT_BIAS_NODES_MAX = NLRMT_BIAS_VALUES_MAX };

/* Local. b, weight [NLRMT_BIAS_NODES_MAX]; *count of them are filled, weights > 0 that sum to 1.
 * NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_bias_nodes(const nlrmt_bias *bias, double *b, double *weight, size_t *count,
                              nlrmt_error *err);

/* Local. share[count], sum 1, that a row with bias x gives the nodes b[count] of the law. Discrete:
 * all to the nearest. Continuous: Lagrange's polynomials at x, exact for polynomials of degree
 * below count; shares of either sign. */
void nlrmt_bias_nodes_spread(const nlrmt_bias *bias, size_t count, const double *b, double x,
                             double *share);

#endif
