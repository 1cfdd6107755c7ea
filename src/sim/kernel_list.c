#include "kernel_list.h"

#include <assert.h>
#include <stdlib.h>

#include "nlrmt/bias.h"
#include "nlrmt/bias_nodes.h"
#include "nlrmt/mixture.h"

_Static_assert((int)NLRMT_KERNELS_MAX == (int)NLRMT_EQUIVALENT_KERNELS, "config.h, equivalent.h");

nlrmt_status kernel_list_make(const nlrmt_params *params, kernel_list *k, nlrmt_error *err) {
  double b[NLRMT_BIAS_NODES_MAX], weight[NLRMT_BIAS_NODES_MAX], sum = 0;
  const nlrmt_mixture *mixture = &params->mixture;
  k->count = 0;
  assert(nlrmt_params_kernels(params) <= NLRMT_EQUIVALENT_KERNELS); /* config.h refuses more */
  if (nlrmt_bias_nodes(&params->bias, b, weight, &k->biases, err) != NLRMT_OK) return err->status;
  for (int c = 0; c < mixture->count; c++)
    for (size_t i = 0; i < k->biases && mixture->p[c] > 0; i++) {
      k->f[k->count] = &mixture->f[c];
      k->component[k->count] = c;
      k->b[k->count] = b[i];
      k->weight[k->count++] = mixture->p[c] * weight[i];
    }
  for (size_t i = 0; i < k->count; i++) sum += k->weight[i];
  for (size_t i = 0; i < k->count; i++) k->weight[i] /= sum;
  return NLRMT_OK;
}

nlrmt_status kernel_list_realised(const nlrmt_params *params, const kernel_list *list, int trial,
                                  double *weight, nlrmt_error *err) {
  size_t n1 = (size_t)params->n1;
  double *b = malloc(n1 * sizeof *b), share[NLRMT_BIAS_NODES_MAX];
  int *component = malloc(n1 * sizeof *component);
  for (size_t i = 0; i < list->count; i++) weight[i] = 0;
  if (b && component) {
    nlrmt_bias_draw(&params->bias, params->seed, (uint32_t)trial, 0, 0, (uint32_t)n1, b);
    nlrmt_mixture_draw(&params->mixture, params->seed, (uint32_t)trial, 0, 0, n1, component);
  } else {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu biases", n1);
  }
  for (size_t a = 0; a < n1 && err->status == NLRMT_OK; a++) {
    size_t first = 0;
    while (list->component[first] != component[a]) first += list->biases;
    nlrmt_bias_nodes_spread(&params->bias, list->biases, list->b + first, b[a], share);
    for (size_t i = 0; i < list->biases; i++) weight[first + i] += share[i] / (double)n1;
  }
  free(b);
  free(component);
  return err->status;
}
