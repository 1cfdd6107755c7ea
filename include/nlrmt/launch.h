/* launch: was the program started by the launcher of the MPI that it was built with?
 *
 * A foreign one (MPICH's mpirun for Open MPI, srun without its plugin) starts the processes, but
 * each then finds itself alone, as rank 0 of 1: N runs instead of one on N ranks. What the launcher
 * says of itself in the environment tells. Local.
 */
#ifndef NLRMT_LAUNCH_H
#define NLRMT_LAUNCH_H

#include <stdbool.h>

#include "nlrmt/status.h"

/* `size`: of MPI_COMM_WORLD. NLRMT_ERR_CONFIG with the remedy if it is 1 and the launcher started
 * more; *speaks: this is the one of these processes that should print it. */
nlrmt_status nlrmt_launch_check(int size, bool *speaks, nlrmt_error *err);

#endif
