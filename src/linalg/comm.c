#include "nlrmt/comm.h"

void nlrmt_comm_init(nlrmt_comm *comm, MPI_Comm mpi) {
  comm->mpi = mpi;
  comm->owned = false;
  MPI_Comm_rank(mpi, &comm->rank);
  MPI_Comm_size(mpi, &comm->size);
  MPI_Comm node;
  MPI_Comm_split_type(mpi, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &comm->node_ranks);
  MPI_Comm_free(&node);
}

void nlrmt_comm_clear(nlrmt_comm *comm) {
  if (comm->owned) MPI_Comm_free(&comm->mpi);
  comm->mpi = MPI_COMM_NULL;
  comm->owned = false;
}

nlrmt_status nlrmt_comm_agree(const nlrmt_comm *comm, nlrmt_error *err) {
  struct {
    int status, rank;
  } mine = {(int)err->status, comm->rank}, worst;
  /* MAXLOC breaks ties in favour of the lower rank. */
  MPI_Allreduce(&mine, &worst, 1, MPI_2INT, MPI_MAXLOC, comm->mpi);
  if (worst.status != NLRMT_OK) MPI_Bcast(err, (int)sizeof *err, MPI_BYTE, worst.rank, comm->mpi);
  return err->status;
}
