#include "nlrmt/laws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/ridge_error.h"

bool nlrmt_laws_given_biases(const char *name) {
  size_t length = strlen(name);
  return length > 2 && strcmp(name + length - 2, "_b") == 0;
}

/* What is known of the data, with mean 1; nothing for gaussian data, whose law is built in. */
static nlrmt_status state_data(const nlrmt_params *params, nlrmt_law_statement *s,
                               nlrmt_error *err) {
  const nlrmt_data *data = &params->data;
  nlrmt_data_kind kind = data->population ? NLRMT_DATA_POPULATION : NLRMT_DATA_SPECTRUM;
  nlrmt_error own = {0};
  double mean = 1;
  if (data->source == NLRMT_SOURCE_DISCRETE)
    nlrmt_data_law_create(kind, data->count, data->values,
                          data->weighted > 0 ? data->weights : NULL, &s->data, &mean, err);
  if (data->source == NLRMT_SOURCE_SPECTRUM &&
      nlrmt_data_law_read(kind, data->path, &s->data, &mean, &own) != NLRMT_OK) {
    bool told = strncmp(own.text, data->path, strlen(data->path)) == 0;
    nlrmt_fail(err, own.status, "%s%s%s", told ? "" : data->path, told ? "" : ": ", own.text);
  }
  s->sigma_x = params->sigma_x * sqrt(mean);
  return err->status;
}

/* The nodes of the biases that nlrmt_sim draws in `trial`, f scaled by f_scale. */
static nlrmt_status realised_nodes(const nlrmt_params *params, const nlrmt_activation *f,
                                   double sigma_z, double f_scale, int trial, nlrmt_nodes *nodes,
                                   nlrmt_error *err) {
  size_t n1 = (size_t)params->n1;
  double *b = malloc(n1 * sizeof *b);
  if (!b) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu biases", n1);
  nlrmt_bias_draw(&params->bias, params->seed, (uint32_t)trial, 0, 0, n1, b);
  nlrmt_nodes_of_biases(f, sigma_z, n1, b, nodes, err);
  free(b);
  for (size_t k = 0; k < nodes->count && err->status == NLRMT_OK; k++) {
    nodes->h[k] *= f_scale;
    nodes->eta[k] *= f_scale * f_scale;
    nodes->zeta[k] *= f_scale * f_scale;
  }
  return err->status;
}

static nlrmt_law_eta eta_of_nodes(const nlrmt_nodes *nodes, bool given, int64_t n1) {
  double mean = 0, square = 0;
  for (size_t i = 0; i < nodes->count; i++) mean += nodes->weight[i] * nodes->eta[i];
  for (size_t i = 0; i < nodes->count; i++)
    square += nodes->weight[i] * (nodes->eta[i] - mean) * (nodes->eta[i] - mean);
  return (nlrmt_law_eta){mean, given ? 0 : sqrt(square / (double)n1)};
}

static nlrmt_status average_nodes(nlrmt_nodes *nodes, nlrmt_error *err) {
  nlrmt_nodes all = *nodes;
  *nodes = (nlrmt_nodes){0};
  nlrmt_nodes_average(&all, nodes, err);
  nlrmt_nodes_clear(&all);
  return err->status;
}

/* The nodes that a law sees: mu_B, or the biases of `trial`; averaged for ps and ps_b. The scale of
 * f is decided by mu_B also where the realised biases are given: it is part of the features'
 * definition, as sigma_w is, and comes before the draw. */
static nlrmt_status state_nodes(const nlrmt_params *params, const char *name, int trial,
                                nlrmt_law_statement *s, nlrmt_error *err) {
  bool given = nlrmt_laws_given_biases(name) && params->bias.law != NLRMT_BIAS_NONE;
  double sigma_z = params->sigma_w * s->sigma_x;
  nlrmt_activation f = params->mixture.f[0];
  if (s->sigma_x != params->sigma_x) /* abs_centred is centred for it */
    nlrmt_activation_init(&f, f.name, hypot(sigma_z, nlrmt_bias_rms(&params->bias)), err);
  if (err->status == NLRMT_OK && (!given || params->normalize))
    nlrmt_nodes_of_law(&f, sigma_z, &params->bias, &s->nodes, err);
  if (err->status == NLRMT_OK && params->normalize)
    nlrmt_nodes_normalise(&s->nodes, &s->f_scale, err);
  if (err->status == NLRMT_OK && given) {
    nlrmt_nodes_clear(&s->nodes);
    realised_nodes(params, &f, sigma_z, s->f_scale, trial, &s->nodes, err);
  }
  if (err->status != NLRMT_OK) return err->status;
  s->eta = eta_of_nodes(&s->nodes, given, params->n1);
  return strncmp(name, "ps", 2) == 0 ? average_nodes(&s->nodes, err) : NLRMT_OK;
}

nlrmt_status nlrmt_laws_state(const nlrmt_params *params, const char *name, int trial,
                              nlrmt_law_statement *s, nlrmt_error *err) {
  *s = (nlrmt_law_statement){.f_scale = 1};
  if (state_data(params, s, err) == NLRMT_OK) state_nodes(params, name, trial, s, err);
  s->problem = (nlrmt_law_problem){.phi = params->phi,
                                   .psi = params->psi,
                                   .nodes = &s->nodes,
                                   .of_m = params->matrix == NLRMT_SPECTRUM_M,
                                   .data = s->data.count > 0 ? &s->data : NULL};
  return err->status;
}

void nlrmt_laws_state_clear(nlrmt_law_statement *s) {
  nlrmt_nodes_clear(&s->nodes);
  nlrmt_data_law_clear(&s->data);
}

nlrmt_status nlrmt_laws_solve(const nlrmt_params *params, const char *name, int trial,
                              nlrmt_law **law, nlrmt_law_eta *eta, nlrmt_error *err) {
  nlrmt_law_statement s;
  *law = NULL;
  if (nlrmt_laws_state(params, name, trial, &s, err) == NLRMT_OK)
    nlrmt_law_create(&s.problem, law, err);
  *eta = s.eta;
  nlrmt_laws_state_clear(&s);
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
