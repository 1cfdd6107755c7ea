/* kernel_point: the law `kernel` of one point: K for its samples as they are, no assumption on
 * them.
 *
 * One kernel Phi for each component of the mixture and each node of the biases' law (kernel.h,
 * bias_nodes.h). A single one is a scalar law (kernel_law.h) that rank 0 solves; several are solved
 * densely (equivalent.h), the points lambda + i0 and the values of gamma dealt to the ranks. Rows
 * of F draw their bias from its law: this is a limit law, the realised biases are not looked at.
 */
#ifndef NLRMT_KERNEL_POINT_H
#define NLRMT_KERNEL_POINT_H

#include <stdbool.h>

#include "nlrmt/config.h"
#include "nlrmt/grid.h"
#include "nlrmt/judge.h"
#include "nlrmt/samples.h"

/* Collective over comm. Before anything is begun; `where`: panel and point. NLRMT_ERR_RESOURCE if
 * it would take more than 60 % of what a node has free, the text names the largest m. Nothing is
 * checked if the law is not wanted. */
nlrmt_status nlrmt_kernel_point_check(const nlrmt_comm *comm, const char *where,
                                      const nlrmt_params *params, nlrmt_error *err);

/* Local. Predicted seconds of nlrmt_kernel_point_make on `size` ranks of `rate` flop/s in dgemm; 0
 * if the law is not wanted. */
double nlrmt_kernel_point_seconds(const nlrmt_params *params, int size, double rate);

/* Collective over grid. Solves the law and, for params->gamma, the training errors; takes and frees
 * samples->gram. On rank 0 *solution is the caller's, also after an error; a law that cannot be
 * solved is told in its failure and is no error. Errors: NLRMT_ERR_RESOURCE; NLRMT_ERR_CONFIG for
 * moments that diverge. */
nlrmt_status nlrmt_kernel_point_make(const nlrmt_grid *grid, const nlrmt_params *params,
                                     nlrmt_samples *samples, nlrmt_kernel_solution *solution,
                                     nlrmt_error *err);

#endif
