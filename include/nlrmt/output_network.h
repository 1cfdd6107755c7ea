/* output_network: the group network/ of a simulated point that has the law depth_b: what that law
 * is given of every layer in every trial. Local, rank 0; as output_ridge.h. */
#ifndef NLRMT_OUTPUT_NETWORK_H
#define NLRMT_OUTPUT_NETWORK_H

#include "nlrmt/h5.h"
#include "nlrmt/judge.h"

/* mean_preactivation and input_variance, which grow by a row a trial. */
void nlrmt_output_network_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                const nlrmt_sample *sample);

/* Appends the last trial of `sample`. */
void nlrmt_output_network_trial(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                const nlrmt_sample *sample);

/* Reads `rows` trials back into `sample`. False if they are not there. */
bool nlrmt_output_network_load(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                               int64_t rows, nlrmt_sample *sample);

#endif
