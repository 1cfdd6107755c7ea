#include "nlrmt/depth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "points.h"
#include "statement.h"

/* What is decided at the first layer and holds for all. */
typedef struct {
  nlrmt_mixture mixture;
  double f_scale;
} network;

/* What a layer takes in: its variance within rows, the mean square of its row means. */
typedef struct {
  double q, r;
} input;

/* Points of S. The next law blurs them by about rho = m/n1 of itself; too few leave ripples, or a
 * bulk for each (docs/depth.md, "The data law as points"). */
static size_t points_for(double rho) {
  return (size_t)fmin(100000, 1000 * fmax(1, 1 / rho));
}

/* Row means of the input add to z: where f does not take z + b they need nodes of their own. */
static nlrmt_status check_function(const nlrmt_mixture *mixture, int layers, nlrmt_error *err) {
  for (int i = 0; i < mixture->count && layers > 1; i++)
    if (!mixture->f[i].additive)
      return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                        "theory.laws: depth needs a function of z + b, but %s mentions b: leave "
                        "the law out, or set model.layers = 1",
                        mixture->f[i].name);
  return NLRMT_OK;
}

/* f and its scale, from the first layer's input. */
static nlrmt_status network_init(const nlrmt_params *first, const nlrmt_law_statement *s,
                                 int layers, network *net, nlrmt_error *err) {
  nlrmt_nodes nodes = {0};
  net->f_scale = 1;
  if (statement_mixture(first, s, &net->mixture, err) != NLRMT_OK ||
      check_function(&net->mixture, layers, err) != NLRMT_OK || !first->normalize)
    return err->status;
  if (statement_limit_nodes(&net->mixture, first->sigma_w * s->sigma_x, &first->bias, 0, &nodes,
                            err) == NLRMT_OK)
    nlrmt_nodes_normalise(&nodes, &net->f_scale, err);
  nlrmt_nodes_clear(&nodes);
  return err->status;
}

/* Nodes of the rows with these measured means. */
static nlrmt_status given_nodes(const nlrmt_params *params, const network *net, double sigma_z,
                                const nlrmt_depth_given *given, int trial, nlrmt_nodes *nodes,
                                nlrmt_error *err) {
  const size_t n = given->rows;
  int *component = malloc((n + 1) * sizeof *component);
  double *group = malloc((n + 1) * sizeof *group);
  if (!component || !group) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu biases", n);
  } else {
    nlrmt_mixture_draw(&net->mixture, params->seed, (uint32_t)trial, statement_stream(params), 0, n,
                       component);
    statement_row_nodes(&net->mixture, sigma_z, n, component, given->mean, group, nodes, err);
  }
  free(component);
  free(group);
  return err->status;
}

/* Far from over- and underflow, also of products; a constant f is told by the law. */
static nlrmt_status check_size(int layer, double q, nlrmt_error *err) {
  if (q == 0 || (q > 1e-100 && q < 1e100)) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "model.sigma_w: layer %d: its entries have variance %.3g: rescale, or set "
                    "model.batch_norm = yes",
                    layer, q);
}

/* The statement of one layer whose data law is in place; params: that layer's. */
static nlrmt_status state_layer(const nlrmt_params *params, const network *net, const input *in,
                                const nlrmt_depth_given *given, int trial, nlrmt_law_statement *s,
                                nlrmt_error *err) {
  const double variance = given ? given->variance : in->q;
  const double sigma_z = params->sigma_w * sqrt(variance), shift = params->sigma_w * sqrt(in->r);
  s->f_scale = net->f_scale;
  s->sigma_x = sqrt(variance);
  if (given)
    given_nodes(params, net, sigma_z, given, trial, &s->nodes, err);
  else
    statement_limit_nodes(&net->mixture, sigma_z, &params->bias, shift, &s->nodes, err);
  if (err->status != NLRMT_OK) return err->status;
  statement_scale(&s->nodes, net->f_scale);
  if (statement_finish(params, given != NULL, s, err) == NLRMT_OK && params->layers > 1)
    check_size(params->layer, s->eta.mean, err);
  return err->status;
}

static input output_of(const nlrmt_law_statement *s) {
  input out = {.q = s->eta.mean};
  for (size_t k = 0; k < s->nodes.count; k++)
    out.r += s->nodes.weight[k] * s->nodes.h[k] * s->nodes.h[k];
  return out;
}

/* S of the layer `own`, from the solved law of the layer before. */
static nlrmt_status data_from(const nlrmt_law *law, const nlrmt_params *own, nlrmt_data_law *data,
                              nlrmt_error *err) {
  const nlrmt_params before = nlrmt_params_layer(own, own->layer - 1);
  const double unit = own->matrix == NLRMT_SPECTRUM_M ? before.psi / before.phi : 1;
  return points_of_law(law, unit, points_for(own->psi / own->phi), data, err);
}

/* Layers 1 .. layers; the last one is stated, and solved if `solve_last`. */
static nlrmt_status run_chain(const nlrmt_params *params, int layers, bool solve_last,
                              const nlrmt_depth_given *given, int trial, nlrmt_depth_layer *out,
                              nlrmt_error *err) {
  network net;
  input in = {0};
  for (int l = 0; l < layers && err->status == NLRMT_OK; l++) {
    const nlrmt_params own = nlrmt_params_layer(params, l + 1);
    nlrmt_law_statement *s = &out[l].of;
    if (l > 0) {
      data_from(out[l - 1].law, &own, &s->data, err);
    } else if (statement_data(&own, true, s, err) == NLRMT_OK) {
      network_init(&own, s, layers, &net, err);
      in.q = s->sigma_x * s->sigma_x;
    }
    if (err->status != NLRMT_OK) break;
    if (state_layer(&own, &net, &in, given ? &given[l] : NULL, trial, s, err) != NLRMT_OK) break;
    statement_problem(&own, s);
    in = output_of(s);
    out[l].q = in.q, out[l].r = in.r;
    if (l + 1 < layers || solve_last) nlrmt_law_create(&s->problem, &out[l].law, err);
  }
  return err->status;
}

nlrmt_status nlrmt_depth_solve(const nlrmt_params *params, int layers,
                               const nlrmt_depth_given *given, int trial, nlrmt_depth_layer *out,
                               nlrmt_error *err) {
  memset(out, 0, (size_t)layers * sizeof *out);
  return run_chain(params, layers, true, given, trial, out, err);
}

void nlrmt_depth_clear(int layers, nlrmt_depth_layer *out) {
  for (int l = 0; l < layers; l++) {
    nlrmt_laws_state_clear(&out[l].of);
    nlrmt_law_destroy(&out[l].law);
  }
}

nlrmt_status nlrmt_depth_state(const nlrmt_params *params, nlrmt_law_statement *s,
                               nlrmt_error *err) {
  const int layers = params->layer > 1 ? params->layer : 1;
  nlrmt_depth_layer all[NLRMT_LAYERS_MAX] = {{.law = NULL}};
  run_chain(params, layers, false, NULL, 0, all, err);
  *s = all[layers - 1].of;
  all[layers - 1].of = (nlrmt_law_statement){.f_scale = 1};
  statement_problem(params, s);
  nlrmt_depth_clear(layers, all);
  return err->status;
}
