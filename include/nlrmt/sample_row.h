/* sample_row: one trial's numbers as they travel from the rank that has them to rank 0, and the
 * trials of a sample in order. Local: no communication.
 *
 * params: of the layer that the sample is of. full: the row goes with the matrix of
 * spectrum.vectors = full, which is that of trial 0.
 */
#ifndef NLRMT_SAMPLE_ROW_H
#define NLRMT_SAMPLE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nlrmt/judge.h"

/* How many words a row takes. */
size_t nlrmt_sample_words(const nlrmt_sample *sample, const nlrmt_params *params, bool full);

/* Row `row` into `word`, or from it; returned: the number of words. */
size_t nlrmt_sample_pack(const nlrmt_sample *sample, const nlrmt_params *params, int row, bool full,
                         double *word);
size_t nlrmt_sample_unpack(nlrmt_sample *sample, const nlrmt_params *params, int row, bool full,
                           const double *word);

/* order [done]: the rows by their trials' numbers, ascending. True if that is how they stand, or if
 * there is no memory to sort them: then they stay. */
bool nlrmt_sample_order(const nlrmt_sample *sample, int64_t *order);

/* Puts row order[i] into place i (NULL: all stay), and the failed trials in order of their number.
 * NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_sample_sort(nlrmt_sample *sample, const nlrmt_params *params,
                               const int64_t *order, nlrmt_error *err);

#endif
