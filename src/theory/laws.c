#include "nlrmt/laws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/depth.h"
#include "nlrmt/ridge_error.h"
#include "nlrmt/transforms.h"
#include "statement.h"

bool nlrmt_laws_given_biases(const char *name) {
  size_t length = strlen(name);
  return length > 2 && strcmp(name + length - 2, "_b") == 0;
}

bool nlrmt_laws_sees_data(const char *name) {
  return strcmp(name, "mp") != 0;
}

nlrmt_status nlrmt_laws_sigma_x(const nlrmt_params *params, double *sigma_x, nlrmt_error *err) {
  nlrmt_law_statement s = {0};
  if (statement_data(params, false, &s, err) == NLRMT_OK) *sigma_x = s.sigma_x;
  return err->status;
}

/* The nodes of the components and biases that nlrmt_sim draws in `trial`, f scaled by f_scale. */
static nlrmt_status realised_nodes(const nlrmt_params *params, const nlrmt_mixture *mixture,
                                   double sigma_z, double f_scale, int trial, nlrmt_nodes *nodes,
                                   nlrmt_error *err) {
  size_t n1 = (size_t)params->n1;
  double *b = malloc(2 * n1 * sizeof *b);
  int *component = malloc(n1 * sizeof *component);
  if (b && component) {
    uint32_t layer = statement_stream(params);
    nlrmt_bias_draw(&params->bias, params->seed, (uint32_t)trial, layer, 0, n1, b);
    nlrmt_mixture_draw(mixture, params->seed, (uint32_t)trial, layer, 0, n1, component);
    statement_row_nodes(mixture, sigma_z, n1, component, b, b + n1, nodes, err);
  } else {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu biases", n1);
  }
  free(b);
  free(component);
  if (err->status == NLRMT_OK) statement_scale(nodes, f_scale);
  return err->status;
}

static nlrmt_status average_nodes(nlrmt_nodes *nodes, nlrmt_error *err) {
  nlrmt_nodes all = *nodes;
  *nodes = (nlrmt_nodes){0};
  nlrmt_nodes_average(&all, nodes, err);
  nlrmt_nodes_clear(&all);
  return err->status;
}

/* Complex features, f on both parts: h = (1 + i) h', eta = 2 eta', zeta = 2 zeta' with those of a
 * part, whose preactivations have half the variance (complex_law.h: zeta_minus = 0). */
static void double_nodes(nlrmt_nodes *nodes) {
  for (size_t k = 0; k < nodes->count; k++) {
    nodes->h[k] *= sqrt(2);
    nodes->eta[k] *= 2;
    nodes->zeta[k] *= 2;
  }
}

/* The nodes that a law sees: of the components and mu_B, or those of `trial`; averaged for ps and
 * ps_b. The scale of f is decided by their laws also where the realised ones are given: it is part
 * of the features' definition, as sigma_w is, and comes before the draw. Batch norm measures what
 * was drawn. */
static nlrmt_status state_nodes(const nlrmt_params *params, const char *name, int trial,
                                nlrmt_law_statement *s, nlrmt_error *err) {
  bool given = nlrmt_laws_given_biases(name) &&
               (params->bias.law != NLRMT_BIAS_NONE || params->mixture.count > 1);
  double sigma_z = params->sigma_w * s->sigma_x * (params->complex_field ? sqrt(0.5) : 1);
  nlrmt_mixture mixture;
  if (statement_mixture(params, s, &mixture, err) == NLRMT_OK && (!given || params->normalize))
    statement_limit_nodes(&mixture, sigma_z, &params->bias, 0, &s->nodes, err);
  if (params->complex_field) double_nodes(&s->nodes);
  if (err->status == NLRMT_OK && params->normalize)
    nlrmt_nodes_normalise(&s->nodes, &s->f_scale, err);
  if (err->status == NLRMT_OK && given) {
    nlrmt_nodes_clear(&s->nodes);
    realised_nodes(params, &mixture, sigma_z, s->f_scale, trial, &s->nodes, err);
    if (params->complex_field) double_nodes(&s->nodes);
  }
  for (size_t k = 0; k < s->nodes.count && params->surrogate != NLRMT_SURROGATE_NO; k++)
    s->nodes.h[k] = 0;
  if (err->status != NLRMT_OK || statement_finish(params, given, s, err) != NLRMT_OK)
    return err->status;
  return strncmp(name, "ps", 2) == 0 ? average_nodes(&s->nodes, err) : NLRMT_OK;
}

nlrmt_status nlrmt_laws_state(const nlrmt_params *params, const char *name, int trial,
                              nlrmt_law_statement *s, nlrmt_error *err) {
  *s = (nlrmt_law_statement){.f_scale = 1, .c2 = 1};
  if (strncmp(name, "kernel", 6) == 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "theory.laws: %s needs the samples themselves: nlrmt_sim solves it", name);
  if (strcmp(name, "depth_b") == 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "theory.laws: depth_b needs the row means of drawn layers: nlrmt_sim solves "
                      "it, depth needs none");
  if (strcmp(name, "depth") == 0) return nlrmt_depth_state(params, s, err);
  if (statement_data(params, nlrmt_laws_sees_data(name), s, err) == NLRMT_OK)
    state_nodes(params, name, trial, s, err);
  statement_problem(params, s);
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

nlrmt_status nlrmt_laws_f_scale(const nlrmt_params *params, double *scale, nlrmt_error *err) {
  nlrmt_law_statement s;
  *scale = 1;
  if (!params->normalize) return NLRMT_OK;
  if (nlrmt_laws_state(params, "mp", 0, &s, err) == NLRMT_OK) *scale = s.f_scale;
  nlrmt_laws_state_clear(&s);
  return err->status;
}

static nlrmt_status check_train_error(double train_error, nlrmt_error *err) {
  if (isfinite(train_error)) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "ridge.sigma_a, ridge.sigma_eps: the training error overflows, rescale");
}

nlrmt_status nlrmt_laws_state_ridge(const nlrmt_params *params, const nlrmt_law_statement *s,
                                    double *train_error, nlrmt_error *err) {
  size_t k = (size_t)params->gammas;
  const nlrmt_ridge_task task = {params->sigma_a, s->sigma_x, params->sigma_eps};
  nlrmt_ridge_point *at = malloc(k * sizeof *at);
  if (!at)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu values of gamma", k);
  else
    nlrmt_ridge_path(&s->problem, &task, k, params->gamma, at, err);
  for (size_t i = 0; i < k && err->status == NLRMT_OK; i++) {
    train_error[i] = at[i].train_error;
    check_train_error(train_error[i], err);
  }
  free(at);
  return err->status;
}

nlrmt_status nlrmt_laws_ridge(const nlrmt_params *params, const char *name, int trial,
                              double *train_error, nlrmt_error *err) {
  nlrmt_law_statement s;
  if (nlrmt_laws_state(params, name, trial, &s, err) == NLRMT_OK)
    nlrmt_laws_state_ridge(params, &s, train_error, err);
  nlrmt_laws_state_clear(&s);
  return err->status;
}

nlrmt_status nlrmt_laws_state_transforms(const nlrmt_params *params, const nlrmt_law_statement *s,
                                         double complex *m, double complex *mtilde,
                                         nlrmt_error *err) {
  const double mean = s->sigma_x / params->sigma_x;
  if (nlrmt_transforms_solve(&s->problem, (size_t)params->zs, params->z, m, mtilde, err) ==
      NLRMT_OK)
    for (int i = 0; i < params->zs; i++) mtilde[i] *= mean * mean;
  return err->status;
}

/* The families know one kind of data. */
static nlrmt_ridge_task family_task(const nlrmt_params *params) {
  return (nlrmt_ridge_task){params->sigma_a, params->sigma_x, params->sigma_eps};
}

nlrmt_status nlrmt_laws_optimum(const nlrmt_params *params, nlrmt_family family,
                                nlrmt_optimum *optimum, nlrmt_error *err) {
  const nlrmt_ridge_task task = family_task(params);
  for (int i = 0; i < params->gammas && err->status == NLRMT_OK; i++) {
    nlrmt_optimum_find(family, params->phi, params->psi, &task, params->gamma[i], &optimum[i], err);
    if (err->status == NLRMT_OK) check_train_error(optimum[i].train_error, err);
  }
  return err->status;
}

nlrmt_status nlrmt_laws_family(const nlrmt_params *params, nlrmt_family family, size_t count,
                               const double *x, double *train_error, nlrmt_error *err) {
  const nlrmt_ridge_task task = family_task(params);
  double ignored;
  for (size_t i = 0; i < (size_t)params->gammas; i++)
    for (size_t k = 0; k < count && err->status == NLRMT_OK; k++, train_error++)
      if (nlrmt_family_error(family, params->phi, params->psi, &task, params->gamma[i], x[k],
                             train_error, &ignored, err) == NLRMT_OK)
        check_train_error(*train_error, err);
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
