/* output_vectors: the group vectors/ of a simulated point (docs/output.md). Local, rank 0; `base`
 * is the path of the point's group; failures show when the file is saved, as in h5.h. */
#ifndef NLRMT_OUTPUT_VECTORS_H
#define NLRMT_OUTPUT_VECTORS_H

#include "nlrmt/h5.h"
#include "nlrmt/judge.h"

/* overlap, which grows by a map a trial. */
void nlrmt_output_vectors_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params);

/* Appends the last trial of `sample`, and after the first one the whole matrix, if there is one. */
void nlrmt_output_vectors_trial(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample);

/* Reads `rows` trials back into `sample`. False if they are not there. */
bool nlrmt_output_vectors_load(nlrmt_h5 *h5, const char *base, int64_t rows, nlrmt_sample *sample);

/* Predictions and, from two trials on, scores. */
void nlrmt_output_vectors_point(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                const nlrmt_judgement *judgement, int trials);

#endif
