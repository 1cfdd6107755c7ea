/* kernel_table: a law of kernels by its points: what kernel_point solves and kernel_given moves. */
#ifndef NLRMT_KERNEL_TABLE_H
#define NLRMT_KERNEL_TABLE_H

#include "kernel_list.h"
#include "nlrmt/equivalent.h"
#include "nlrmt/judge.h"

enum { KERNEL_POINTS = 48 };

/* Where the equivalent is solved, and the law's spikes. */
typedef struct {
  double lambda[KERNEL_POINTS], height, place[NLRMT_EQUIVALENT_SPIKES];
  size_t spikes;
} kernel_places;

/* The law kernel, solved: what the law of other weights starts from. */
struct nlrmt_kernel_base {
  kernel_list list;
  kernel_places at;
  nlrmt_equivalent_point point[KERNEL_POINTS];
  nlrmt_equivalent *e; /* owned, thin */
};

/* Local. s->law, spikes, place and cdf_error from the solved points. Errors: NLRMT_ERR_RESOURCE,
 * NLRMT_ERR_NUMERIC. */
nlrmt_status kernel_table_law(const nlrmt_params *params, const nlrmt_equivalent *e,
                              const kernel_places *at, const nlrmt_equivalent_point *point,
                              nlrmt_kernel_solution *s, nlrmt_error *err);

#endif
