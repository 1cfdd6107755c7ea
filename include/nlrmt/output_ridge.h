/* output_ridge: the group ridge/ of a simulated point (docs/output.md). Local, rank 0; `base` is
 * the path of the point's group; failures show when the file is saved, as in h5.h. */
#ifndef NLRMT_OUTPUT_RIDGE_H
#define NLRMT_OUTPUT_RIDGE_H

#include "nlrmt/h5.h"
#include "nlrmt/judge.h"

/* gamma, and the datasets that grow by a row a trial: train_error, expected_signal. */
void nlrmt_output_ridge_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params);

/* Appends the last trial of `sample`. */
void nlrmt_output_ridge_trial(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample);

/* Reads `rows` trials back into `sample`. False if they are not there. */
bool nlrmt_output_ridge_load(nlrmt_h5 *h5, const char *base, int64_t rows, nlrmt_sample *sample);

/* What is derived: conditional expectations, predictions, scores, the best of a family. Errors as
 * nlrmt_output_optimum. */
nlrmt_status nlrmt_output_ridge_point(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                      const nlrmt_sample *sample, const nlrmt_judgement *judgement,
                                      nlrmt_error *err);

#endif
