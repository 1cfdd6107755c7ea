#include "nlrmt/bias.h"

#include <assert.h>
#include <math.h>

/* The value whose stretch of (0, 1) holds u; the last one takes what rounding leaves over. */
static double pick(const nlrmt_bias *bias, double u) {
  double below = 0;
  for (size_t k = 0; k + 1 < bias->count; k++) {
    below += bias->weights[k];
    if (u < below) return bias->values[k];
  }
  return bias->values[bias->count - 1];
}

/* Continuous laws: row a is component a of vector 0; two-point and discrete laws: one uniform
 * number, of vector a. */
void nlrmt_bias_draw(const nlrmt_bias *bias, uint64_t seed, uint32_t trial, uint32_t layer,
                     uint32_t first, size_t count, double *b) {
  const nlrmt_stream stream = {
      .seed = seed, .trial = trial, .layer = layer, .matrix = NLRMT_MATRIX_B};
  switch (bias->law) {
  case NLRMT_BIAS_NONE:
    for (size_t i = 0; i < count; i++) b[i] = 0;
    return;
  case NLRMT_BIAS_GAUSSIAN:
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, bias->sigma, 0, first, count, b);
    return;
  case NLRMT_BIAS_UNIFORM:
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_UNIFORM, bias->sigma, 0, first, count, b);
    return;
  case NLRMT_BIAS_BERNOULLI:
    for (size_t i = 0; i < count; i++)
      b[i] = nlrmt_rng_uniform(&stream, first + (uint32_t)i) < bias->p ? bias->sigma : 0;
    return;
  case NLRMT_BIAS_DISCRETE:
    assert(bias->count > 0 && bias->count <= NLRMT_BIAS_VALUES_MAX);
    for (size_t i = 0; i < count; i++)
      b[i] = pick(bias, nlrmt_rng_uniform(&stream, first + (uint32_t)i));
    return;
  }
  assert(!"unknown bias law");
}

double nlrmt_bias_rms(const nlrmt_bias *bias) {
  double square = 0;
  switch (bias->law) {
  case NLRMT_BIAS_NONE:
    return 0;
  case NLRMT_BIAS_GAUSSIAN:
  case NLRMT_BIAS_UNIFORM:
    return fabs(bias->sigma);
  case NLRMT_BIAS_BERNOULLI:
    return fabs(bias->sigma) * sqrt(bias->p);
  case NLRMT_BIAS_DISCRETE:
    for (size_t k = 0; k < bias->count; k++)
      square += bias->weights[k] * bias->values[k] * bias->values[k];
    return sqrt(square);
  }
  assert(!"unknown bias law");
  return 0;
}

size_t nlrmt_bias_atoms(const nlrmt_bias *bias) {
  size_t atoms = 0;
  if (bias->law == NLRMT_BIAS_BERNOULLI) return (bias->p > 0) + (size_t)(bias->p < 1);
  if (bias->law == NLRMT_BIAS_DISCRETE) {
    for (size_t i = 0; i < bias->count; i++) atoms += bias->weights[i] > 0;
    return atoms;
  }
  return bias->law == NLRMT_BIAS_NONE || bias->sigma == 0 ? 1 : NLRMT_BIAS_NODES;
}
