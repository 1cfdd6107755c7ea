/* theory_run: every law of every point of a configuration, to a file, a table, or CSV. Local. */
#ifndef NLRMT_THEORY_RUN_H
#define NLRMT_THEORY_RUN_H

#include "nlrmt/config.h"
#include "nlrmt/theory_options.h"

/* Solves the laws, and for params.gamma predicts the training errors, and writes options->output
 * (layout: docs/output.md) and a table on standard output, or with options->csv the curves there
 * and no file. options->method compares each law at lambda + i options->epsilon with that method.
 * A law that cannot be certified is told in one line on standard error and in the file, and left
 * out: then NLRMT_ERR_NUMERIC with an empty text; so is one that the method contradicts, but not
 * left out. Other errors end the run and leave no file: NLRMT_ERR_CONFIG (the output exists;
 * moments that diverge), NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_theory_run(const nlrmt_theory_options *options, const nlrmt_config *config,
                              nlrmt_error *err);

#endif
