/* output_data: data/ of a point, for samples from files (docs/output.md). Local, rank 0; writes
 * into the file's image in memory (h5.h). */
#ifndef NLRMT_OUTPUT_DATA_H
#define NLRMT_OUTPUT_DATA_H

#include "nlrmt/config.h"
#include "nlrmt/data_report.h"
#include "nlrmt/h5.h"

/* The measured spectrum, where the samples come from, how far they are from assumption 1. */
void nlrmt_output_data(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                       const nlrmt_data_report *report);

#endif
