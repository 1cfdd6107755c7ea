/* comm: a communicator, always passed in; MPI_COMM_WORLD appears in main alone.
 *
 * House rule for collective functions: local part -> agree on the status -> communicating part.
 */
#ifndef NLRMT_COMM_H
#define NLRMT_COMM_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/status.h"

typedef struct {
  MPI_Comm mpi;
  int rank, size;
  int node_ranks; /* ranks of this communicator on this rank's node */
  bool owned;     /* mpi is freed by nlrmt_comm_clear */
} nlrmt_comm;

/* Collective over mpi. Wraps mpi without owning it. */
void nlrmt_comm_init(nlrmt_comm *comm, MPI_Comm mpi);

/* Collective over comm. Frees an owned communicator. */
void nlrmt_comm_clear(nlrmt_comm *comm);

/* Collective over comm. Every rank hands in its own *err; all leave with the same one: that of the
 * lowest rank among those with the largest status, its text included. Returns that status. */
nlrmt_status nlrmt_comm_agree(const nlrmt_comm *comm, nlrmt_error *err);

#endif
