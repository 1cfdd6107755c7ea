/* bias: the law mu_B of the additive biases b_a, one per row of F; its draws and its parameters.
 * The simulation draws from it; the theory integrates over it with a quadrature of its own.
 */
#ifndef NLRMT_BIAS_H
#define NLRMT_BIAS_H

#include <stddef.h>
#include <stdint.h>

#include "nlrmt/rng.h"

enum {
  NLRMT_BIAS_VALUES_MAX = 32,
  NLRMT_BIAS_NODES = 12 /* that stand for a continuous law where each is costly (bias_nodes.h) */
};

typedef enum {
  NLRMT_BIAS_NONE,
  NLRMT_BIAS_GAUSSIAN,  /* N(0, sigma^2) */
  NLRMT_BIAS_BERNOULLI, /* sigma with probability p, else 0 */
  NLRMT_BIAS_UNIFORM,   /* centred, standard deviation sigma */
  NLRMT_BIAS_DISCRETE   /* values[k] with probability weights[k], weights sum to 1 */
} nlrmt_bias_law;

typedef struct {
  nlrmt_bias_law law;
  double sigma, p;
  size_t count; /* of values and weights */
  double values[NLRMT_BIAS_VALUES_MAX], weights[NLRMT_BIAS_VALUES_MAX];
} nlrmt_bias;

/* Local. b[i] = bias of row first + i, i < count; pure function of (seed, trial, layer, row). */
void nlrmt_bias_draw(const nlrmt_bias *bias, uint64_t seed, uint32_t trial, uint32_t layer,
                     uint32_t first, size_t count, double *b);

/* Local. Number of biases with a positive probability; of a continuous law NLRMT_BIAS_NODES. */
size_t nlrmt_bias_atoms(const nlrmt_bias *bias);

/* Local. Standard deviation of the law around 0, sqrt(E b^2). */
double nlrmt_bias_rms(const nlrmt_bias *bias);

#endif
