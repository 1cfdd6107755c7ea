/* output_cumulants: the group cumulants/ of a simulated point (docs/output.md). Local, rank 0;
 * `base` is the path of the point's group; failures show when the file is saved, as in h5.h. All do
 * nothing where spectrum.cumulants = no. */
#ifndef NLRMT_OUTPUT_CUMULANTS_H
#define NLRMT_OUTPUT_CUMULANTS_H

#include "nlrmt/h5.h"
#include "nlrmt/judge.h"

/* The dataset that grows by a row a trial: products. */
void nlrmt_output_cumulants_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params);

/* Appends the last trial of `sample`. */
void nlrmt_output_cumulants_trial(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample);

/* Reads `rows` trials back into `sample`. False if they are not there. */
bool nlrmt_output_cumulants_load(nlrmt_h5 *h5, const char *base, int64_t rows,
                                 nlrmt_sample *sample);

/* What is derived: kappa, s.e., predictions, scores. Errors as nlrmt_cumulants_judge. */
nlrmt_status nlrmt_output_cumulants_point(nlrmt_h5 *h5, const char *base,
                                          const nlrmt_params *params, const nlrmt_sample *sample,
                                          nlrmt_error *err);

#endif
