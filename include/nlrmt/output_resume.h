/* output_resume: whether an output can be continued with what the program was given this time.
 * Local, rank 0. */
#ifndef NLRMT_OUTPUT_RESUME_H
#define NLRMT_OUTPUT_RESUME_H

#include "nlrmt/config.h"
#include "nlrmt/h5.h"

/* Writes what is compared later besides the configuration: checksums of the data, one attribute a
 * panel, for those whose points have any (samples.h: nlrmt_samples_verify). */
void nlrmt_output_checksums(nlrmt_h5 *h5, const nlrmt_config *config);

/* The output `h5`, read from `path`, against `config`. NLRMT_ERR_CONFIG for another schema or
 * configuration, naming the first key that differs with both values; NLRMT_ERR_DATA for data files
 * that hold something else now, naming panel, point and file. */
nlrmt_status nlrmt_output_same(nlrmt_h5 *h5, const char *path, const nlrmt_config *config,
                               nlrmt_error *err);

#endif
