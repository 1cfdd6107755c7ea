/* output_stieltjes: the groups stieltjes/ and moments/ of a simulated point (docs/output.md).
 * Local, rank 0; `base` is the path of the point's group; failures show when the file is saved, as
 * in h5.h. Every function does nothing where the point has neither z nor moments. */
#ifndef NLRMT_OUTPUT_STIELTJES_H
#define NLRMT_OUTPUT_STIELTJES_H

#include "nlrmt/h5.h"
#include "nlrmt/judge.h"

/* z and, if wanted, empirical_mtilde, which grows by a row a trial. */
void nlrmt_output_stieltjes_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params);

/* Appends the last trial of `sample`. */
void nlrmt_output_stieltjes_trial(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample);

/* Reads `rows` trials back into `sample`. False if they are not there. */
bool nlrmt_output_stieltjes_load(nlrmt_h5 *h5, const char *base, int64_t rows,
                                 nlrmt_sample *sample);

/* What is derived: empirical_m, moments, predictions and, from two trials on, scores. */
void nlrmt_output_stieltjes_point(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                  const nlrmt_sample *sample, const nlrmt_judgement *judgement);

#endif
