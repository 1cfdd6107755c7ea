#include "statement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

nlrmt_status statement_data(const nlrmt_params *params, bool seen, nlrmt_law_statement *s,
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
  if (nlrmt_data_from_files(data) && seen) {
    if (params->unmeasured)
      return nlrmt_fail(err, params->unmeasured->status, "spectrum of the data: %s",
                        params->unmeasured->text);
    if (!params->measured)
      return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                        "data.source: the eigenvalues of samples in files are not known here: "
                        "nlrmt_sim measures them and stores them");
    nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, params->measured_count, params->measured, NULL,
                          &s->data, &mean, err);
    mean = 1; /* sigma_x is exact, that mean has rounding */
  }
  if (!seen || params->layer > 1) nlrmt_data_law_clear(&s->data);
  s->sigma_x = params->sigma_x * sqrt(mean);
  return err->status;
}

nlrmt_status statement_mixture(const nlrmt_params *params, const nlrmt_law_statement *s,
                               nlrmt_mixture *mixture, nlrmt_error *err) {
  double rms = nlrmt_bias_rms(&params->bias);
  *mixture = params->mixture;
  for (int i = 0; i < mixture->count && s->sigma_x != params->sigma_x; i++)
    if (nlrmt_activation_init(&mixture->f[i], mixture->f[i].name,
                              hypot(params->sigma_w * s->sigma_x, rms), err) != NLRMT_OK)
      break;
  return err->status;
}

/* Mixes one law of nodes a component and frees them, also after an error. */
static nlrmt_status mix_parts(const nlrmt_mixture *mixture, nlrmt_nodes *part, const double *share,
                              nlrmt_nodes *nodes, nlrmt_error *err) {
  if (err->status == NLRMT_OK) nlrmt_nodes_mix((size_t)mixture->count, part, share, nodes, err);
  for (int i = 0; i < mixture->count; i++) nlrmt_nodes_clear(&part[i]);
  return err->status;
}

nlrmt_status statement_limit_nodes(const nlrmt_mixture *mixture, double sigma_z,
                                   const nlrmt_bias *bias, double sigma, nlrmt_nodes *nodes,
                                   nlrmt_error *err) {
  nlrmt_nodes part[NLRMT_COMPONENTS_MAX] = {{0}};
  for (int i = 0; i < mixture->count && err->status == NLRMT_OK; i++)
    if (mixture->p[i] > 0) nlrmt_nodes_of_sum(&mixture->f[i], sigma_z, bias, sigma, &part[i], err);
  return mix_parts(mixture, part, mixture->p, nodes, err);
}

nlrmt_status statement_row_nodes(const nlrmt_mixture *mixture, double sigma_z, size_t n1,
                                 const int *component, const double *b, double *group,
                                 nlrmt_nodes *nodes, nlrmt_error *err) {
  nlrmt_nodes part[NLRMT_COMPONENTS_MAX] = {{0}};
  double share[NLRMT_COMPONENTS_MAX] = {0};
  for (int i = 0; i < mixture->count && err->status == NLRMT_OK; i++) {
    size_t rows = 0;
    for (size_t a = 0; a < n1; a++)
      if (component[a] == i) group[rows++] = b[a];
    share[i] = (double)rows / (double)n1;
    if (rows > 0) nlrmt_nodes_of_biases(&mixture->f[i], sigma_z, rows, group, &part[i], err);
  }
  return mix_parts(mixture, part, share, nodes, err);
}

void statement_scale(nlrmt_nodes *nodes, double factor) {
  for (size_t k = 0; k < nodes->count; k++) {
    nodes->h[k] *= factor;
    nodes->eta[k] *= factor * factor;
    nodes->zeta[k] *= factor * factor;
  }
}

uint32_t statement_stream(const nlrmt_params *params) {
  return params->layer > 1 ? (uint32_t)params->layer - 1 : 0;
}

static nlrmt_law_eta eta_of_nodes(const nlrmt_nodes *nodes, bool given, int64_t n1) {
  double mean = 0, square = 0, zeta = 0;
  for (size_t i = 0; i < nodes->count; i++) {
    mean += nodes->weight[i] * nodes->eta[i];
    zeta += nodes->weight[i] * nodes->zeta[i];
  }
  for (size_t i = 0; i < nodes->count; i++)
    square += nodes->weight[i] * (nodes->eta[i] - mean) * (nodes->eta[i] - mean);
  return (nlrmt_law_eta){
      .mean = mean, .fluctuation = given ? 0 : sqrt(square / (double)n1), .zeta = zeta};
}

/* Variance of all entries about their one mean: within rows, and of the rows' means. */
static nlrmt_status normalise_batch(const nlrmt_params *params, nlrmt_law_statement *s,
                                    nlrmt_error *err) {
  const nlrmt_nodes *n = &s->nodes;
  double mean = 0, variance = 0, eta = 0;
  for (size_t k = 0; k < n->count; k++) mean += n->weight[k] * n->h[k];
  for (size_t k = 0; k < n->count; k++) {
    eta += n->weight[k] * n->eta[k];
    variance += n->weight[k] * (n->eta[k] + (n->h[k] - mean) * (n->h[k] - mean));
  }
  if (!(eta > 0 && isfinite(1 / variance)))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "model.batch_norm: layer %d: f is constant over the samples, there is no "
                      "variance to scale: choose another activation",
                      params->layer > 1 ? params->layer : 1);
  s->c2 = 1 / variance;
  statement_scale(&s->nodes, sqrt(s->c2));
  return NLRMT_OK;
}

nlrmt_status statement_finish(const nlrmt_params *params, bool given, nlrmt_law_statement *s,
                              nlrmt_error *err) {
  s->c2 = 1;
  if (params->batch_norm && normalise_batch(params, s, err) != NLRMT_OK) return err->status;
  s->eta = eta_of_nodes(&s->nodes, given, params->n1);
  return NLRMT_OK;
}

void statement_problem(const nlrmt_params *params, nlrmt_law_statement *s) {
  s->problem = (nlrmt_law_problem){.phi = params->phi,
                                   .psi = params->psi,
                                   .nodes = &s->nodes,
                                   .of_m = params->matrix == NLRMT_SPECTRUM_M,
                                   .data = s->data.count > 0 ? &s->data : NULL};
}
