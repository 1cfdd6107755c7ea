/* run: all panels, points and trials of a configuration, into one output file. */
#ifndef NLRMT_RUN_H
#define NLRMT_RUN_H

#include "nlrmt/comm.h"
#include "nlrmt/config.h"
#include "nlrmt/options.h"

/* Collective over comm. Checks memory for every point and all data files, opens the output, runs
 * what it lacks. rate: flop/s of a rank (blas.h). NLRMT_OK, NLRMT_ERR_NUMERIC (finished, some
 * trials or laws failed), NLRMT_STOPPED (resumable), or the error that ended it; *err is the same
 * on every rank. */
nlrmt_status nlrmt_run(const nlrmt_comm *comm, const nlrmt_options *options, nlrmt_config *config,
                       double rate, nlrmt_error *err);

#endif
