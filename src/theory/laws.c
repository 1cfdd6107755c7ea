#include "nlrmt/laws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool nlrmt_laws_given_biases(const char *name) {
  size_t length = strlen(name);
  return length > 2 && strcmp(name + length - 2, "_b") == 0;
}

static nlrmt_status nodes_of_trial(const nlrmt_params *params, double sigma_z, int trial,
                                   nlrmt_nodes *nodes, nlrmt_error *err) {
  size_t n1 = (size_t)params->n1;
  double *b = malloc(n1 * sizeof *b);
  if (!b) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu biases", n1);
  nlrmt_bias_draw(&params->bias, params->seed, (uint32_t)trial, 0, 0, n1, b);
  nlrmt_nodes_of_biases(&params->f, sigma_z, n1, b, nodes, err);
  free(b);
  return err->status;
}

static nlrmt_law_eta eta_of_nodes(const nlrmt_nodes *nodes, bool given, int64_t n1) {
  double mean = 0, square = 0;
  for (size_t i = 0; i < nodes->count; i++) mean += nodes->weight[i] * nodes->eta[i];
  for (size_t i = 0; i < nodes->count; i++)
    square += nodes->weight[i] * (nodes->eta[i] - mean) * (nodes->eta[i] - mean);
  return (nlrmt_law_eta){mean, given ? 0 : sqrt(square / (double)n1)};
}

/* What is known of the data, its eigenvalues with mean 1; *scale: their mean. Nothing for gaussian
 * data: their law is built in. */
static nlrmt_status read_data(const nlrmt_data *data, nlrmt_data_law *law, double *scale,
                              nlrmt_error *err) {
  nlrmt_data_kind kind = data->population ? NLRMT_DATA_POPULATION : NLRMT_DATA_SPECTRUM;
  *scale = 1;
  switch (data->source) {
  case NLRMT_SOURCE_GAUSSIAN:
    return NLRMT_OK;
  case NLRMT_SOURCE_DISCRETE:
    return nlrmt_data_law_create(kind, data->count, data->values,
                                 data->weighted > 0 ? data->weights : NULL, law, scale, err);
  case NLRMT_SOURCE_SPECTRUM:
    break;
  }
  nlrmt_error own = {0};
  if (nlrmt_data_law_read(kind, data->path, law, scale, &own) == NLRMT_OK) return NLRMT_OK;
  bool told = strncmp(own.text, data->path, strlen(data->path)) == 0;
  return nlrmt_fail(err, own.status, "%s%s%s", told ? "" : data->path, told ? "" : ": ", own.text);
}

/* The nodes that a law sees: mu_B, or the biases of `trial`; averaged for ps and ps_b. data_scale:
 * mean eigenvalue of the data in units of sigma_x^2. */
static nlrmt_status law_nodes(const nlrmt_params *params, const char *name, int trial,
                              double data_scale, nlrmt_nodes *nodes, nlrmt_law_eta *eta,
                              nlrmt_error *err) {
  double sigma_z = params->sigma_w * params->sigma_x * sqrt(data_scale);
  bool given = nlrmt_laws_given_biases(name) && params->bias.law != NLRMT_BIAS_NONE;
  nlrmt_params p = *params;
  double s = hypot(sigma_z, nlrmt_bias_rms(&params->bias)); /* abs_centred is centred for it */
  if (data_scale != 1 && nlrmt_activation_init(&p.f, params->f.name, s, err) != NLRMT_OK)
    return err->status;
  if (given)
    nodes_of_trial(&p, sigma_z, trial, nodes, err);
  else
    nlrmt_nodes_of_law(&p.f, sigma_z, &p.bias, nodes, err);
  if (err->status != NLRMT_OK) return err->status;
  *eta = eta_of_nodes(nodes, given, params->n1);
  if (strncmp(name, "ps", 2) == 0) {
    nlrmt_nodes all = *nodes;
    memset(nodes, 0, sizeof *nodes);
    nlrmt_nodes_average(&all, nodes, err);
    nlrmt_nodes_clear(&all);
  }
  return err->status;
}

nlrmt_status nlrmt_laws_solve(const nlrmt_params *params, const char *name, int trial,
                              nlrmt_law **law, nlrmt_law_eta *eta, nlrmt_error *err) {
  nlrmt_nodes nodes = {0};
  nlrmt_data_law data = {0};
  double scale;
  *law = NULL;
  *eta = (nlrmt_law_eta){0};
  if (read_data(&params->data, &data, &scale, err) == NLRMT_OK &&
      law_nodes(params, name, trial, scale, &nodes, eta, err) == NLRMT_OK) {
    nlrmt_law_problem problem = {.phi = params->phi,
                                 .psi = params->psi,
                                 .nodes = &nodes,
                                 .of_m = params->matrix == NLRMT_SPECTRUM_M,
                                 .data = data.count > 0 ? &data : NULL};
    nlrmt_law_create(&problem, law, err);
  }
  nlrmt_nodes_clear(&nodes);
  nlrmt_data_law_clear(&data);
  return err->status;
}

nlrmt_status nlrmt_laws_curve(const nlrmt_params *params, const nlrmt_law *law, nlrmt_curve *curve,
                              nlrmt_error *err) {
  size_t k = (size_t)(params->lambdas > 0 ? params->lambdas : params->points);
  double *space = malloc(3 * k * sizeof *space);
  if (!space) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu values of lambda", k);
  *curve = (nlrmt_curve){k, space, space + k, space + 2 * k};
  if (params->lambdas > 0)
    memcpy(curve->lambda, params->lambda, k * sizeof *space);
  else
    nlrmt_law_grid(law, k, curve->lambda);
  for (size_t i = 0; i < k; i++) {
    curve->density[i] = nlrmt_law_density(law, curve->lambda[i]);
    curve->cdf[i] = nlrmt_law_cdf(law, curve->lambda[i]);
  }
  return NLRMT_OK;
}

void nlrmt_curve_clear(nlrmt_curve *curve) {
  free(curve->lambda);
  memset(curve, 0, sizeof *curve);
}

void nlrmt_laws_range(double low, double high, double range[2]) {
  double margin = 0.04 * (high - low) + (high > low ? 0 : 0.5);
  range[0] = fmax(0, low < 3 * margin ? 0 : low - margin);
  range[1] = high + margin;
}

void nlrmt_laws_span(const nlrmt_law *law, double *low, double *high) {
  size_t bulks = nlrmt_law_bulks(law);
  double left, right, ignored;
  if (bulks == 0) return;
  nlrmt_law_edges(law, 0, &left, &ignored);
  nlrmt_law_edges(law, bulks - 1, &ignored, &right);
  *low = fmin(*low, left);
  *high = fmax(*high, right);
}

static double continuous_cdf(const nlrmt_law *law, double lambda) {
  return nlrmt_law_cdf(law, lambda) - (lambda >= 0 ? nlrmt_law_atom(law) : 0);
}

void nlrmt_laws_bins(const nlrmt_law *law, size_t bins, const double *edges, double *average) {
  for (size_t k = 0; k < bins; k++)
    average[k] = (continuous_cdf(law, edges[k + 1]) - continuous_cdf(law, edges[k])) /
                 (edges[k + 1] - edges[k]);
}
