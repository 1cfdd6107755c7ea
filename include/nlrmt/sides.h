/* sides: right-hand sides that were summed in parts, brought to where the Gram matrix needs them.
 */
#ifndef NLRMT_SIDES_H
#define NLRMT_SIDES_H

#include "nlrmt/targets.h"

/* Collective over the grid, not tall: sides->rows <- factor times the sum over the process rows of
 * `partial` ([cols][count], all rows of B on this process column); sides->norm is summed likewise.
 * NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_sides_collect(const nlrmt_grid *grid, double factor, const double *partial,
                                 nlrmt_sides *sides, nlrmt_error *err);

#endif
