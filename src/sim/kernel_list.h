/* kernel_list: the kernels that a point's laws kernel and kernel_b mix, and their weights. */
#ifndef NLRMT_KERNEL_LIST_H
#define NLRMT_KERNEL_LIST_H

#include "nlrmt/config.h"
#include "nlrmt/equivalent.h"

/* Components times biases (bias_nodes.h); kernels of one component are neighbours, its biases in
 * the same order. */
typedef struct {
  size_t count, biases;
  double weight[NLRMT_EQUIVALENT_KERNELS], b[NLRMT_EQUIVALENT_KERNELS];
  int component[NLRMT_EQUIVALENT_KERNELS];
  const nlrmt_activation *f[NLRMT_EQUIVALENT_KERNELS]; /* the params' */
} kernel_list;

/* Local. NLRMT_ERR_RESOURCE. */
nlrmt_status kernel_list_make(const nlrmt_params *params, kernel_list *list, nlrmt_error *err);

/* Local. weight[count] that the rows of `trial` give the kernels, sum 1. Of a discrete law: shares
 * of the rows. Of a continuous one each row's bias is spread over the nodes (bias_nodes.h): exact
 * where what is averaged over the rows is a polynomial of degree below the number of nodes in b;
 * some weights of outer nodes are then slightly negative. NLRMT_ERR_RESOURCE. */
nlrmt_status kernel_list_realised(const nlrmt_params *params, const kernel_list *list, int trial,
                                  double *weight, nlrmt_error *err);

#endif
