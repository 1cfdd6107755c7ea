/* stop: requests to end early, by signal, by a file or by the clock. */
#ifndef NLRMT_STOP_H
#define NLRMT_STOP_H

#include <stdbool.h>

#include "nlrmt/comm.h"

/* Local, after MPI_Init. SIGTERM, SIGINT and SIGUSR1 become requests; minutes > 0 sets a deadline
 * so far from now. With minutes = 0 the deadline is a minute before Slurm's own, SLURM_JOB_END_TIME
 * (seconds since 1970), where that is set; else there is none. */
void nlrmt_stop_watch(double minutes);

/* Local, on one rank. From now on a file <output>.stop is a request, too; it is removed when seen.
 */
void nlrmt_stop_file(const char *output);

/* Local. Removes a stop file that came too late to be seen. */
void nlrmt_stop_file_clear(void);

/* Collective over comm. True on every rank if any rank was asked to stop, or if `next` more seconds
 * (one trial) would pass the deadline. */
bool nlrmt_stop_agreed(const nlrmt_comm *comm, double next);

#endif
