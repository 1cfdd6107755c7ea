#include "nlrmt/bias_nodes.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdbool.h>

static nlrmt_status gauss(const nlrmt_bias *bias, double *b, double *weight, nlrmt_error *err) {
  const double s = bias->sigma, end = sqrt(3) * s;
  gsl_integration_fixed_workspace *rule =
      bias->law == NLRMT_BIAS_GAUSSIAN
          ? gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, NLRMT_BIAS_NODES, 0,
                                        1 / (2 * s * s), 0, 0)
          : gsl_integration_fixed_alloc(gsl_integration_fixed_legendre, NLRMT_BIAS_NODES, -end, end,
                                        0, 0);
  double sum = 0;
  if (!rule) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: nodes of the biases");
  for (int i = 0; i < NLRMT_BIAS_NODES; i++) {
    b[i] = gsl_integration_fixed_nodes(rule)[i];
    sum += weight[i] = gsl_integration_fixed_weights(rule)[i];
  }
  for (int i = 0; i < NLRMT_BIAS_NODES; i++) weight[i] /= sum;
  gsl_integration_fixed_free(rule);
  return NLRMT_OK;
}

static void add(double value, double share, double *b, double *weight, size_t *count) {
  if (!(share > 0)) return;
  b[*count] = value;
  weight[(*count)++] = share;
}

nlrmt_status nlrmt_bias_nodes(const nlrmt_bias *bias, double *b, double *weight, size_t *count,
                              nlrmt_error *err) {
  double sum = 0;
  *count = 0;
  if (bias->law == NLRMT_BIAS_NONE || (bias->law != NLRMT_BIAS_DISCRETE && bias->sigma == 0)) {
    add(0, 1, b, weight, count);
  } else if (bias->law == NLRMT_BIAS_BERNOULLI) {
    add(bias->sigma, bias->p, b, weight, count);
    add(0, 1 - bias->p, b, weight, count);
  } else if (bias->law == NLRMT_BIAS_DISCRETE) {
    for (size_t i = 0; i < bias->count; i++)
      add(bias->values[i], bias->weights[i], b, weight, count);
  } else {
    *count = NLRMT_BIAS_NODES;
    return gauss(bias, b, weight, err);
  }
  for (size_t i = 0; i < *count; i++) sum += weight[i];
  for (size_t i = 0; i < *count; i++) weight[i] /= sum;
  return NLRMT_OK;
}

void nlrmt_bias_nodes_spread(const nlrmt_bias *bias, size_t count, const double *b, double x,
                             double *share) {
  const bool continuous = bias->law == NLRMT_BIAS_GAUSSIAN || bias->law == NLRMT_BIAS_UNIFORM;
  size_t nearest = 0;
  for (size_t i = 0; i < count; i++) {
    share[i] = continuous;
    for (size_t k = 0; continuous && k < count; k++)
      if (k != i) share[i] *= (x - b[k]) / (b[i] - b[k]);
    if (fabs(x - b[i]) < fabs(x - b[nearest])) nearest = i;
  }
  if (!continuous) share[nearest] = 1;
}
