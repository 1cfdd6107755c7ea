/* pmpi_toy: a program whose messages can be counted by hand, for the test of pmpi_count
 * (bench_test.py, which has the count). On p >= 2 ranks, doubles (8 bytes):
 *   rank 0 sends 10 to rank 1, twice; everyone sends 3 to itself
 *   all-reduce of 7; broadcast of 5 from rank 1; reduction of 6 to rank 0; one barrier
 *   all-gather of 4 each; all-gatherv of 2 + rank each; all-to-all of 1 to each
 *   a ring: 9 to the next rank while 9 come from the one before
 *   and once more a broadcast of 5 from rank 0, over a communicator of one rank each */
#include <mpi.h>
#include <stdlib.h>

static double in[4096], out[4096];

static void between_two(int rank) {
  for (int k = 0; k < 2; k++) {
    if (rank == 0) MPI_Send(out, 10, MPI_DOUBLE, 1, 0, MPI_COMM_WORLD);
    if (rank == 1) MPI_Recv(in, 20, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  MPI_Request self;
  MPI_Irecv(in, 3, MPI_DOUBLE, rank, 1, MPI_COMM_WORLD, &self);
  MPI_Send(out, 3, MPI_DOUBLE, rank, 1, MPI_COMM_WORLD);
  MPI_Wait(&self, MPI_STATUS_IGNORE);
}

static void among_all(int rank, int p) {
  int counts[64], displs[64];
  for (int i = 0, at = 0; i < p; at += counts[i++]) {
    counts[i] = 2 + i;
    displs[i] = at;
  }
  MPI_Allreduce(out, in, 7, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  MPI_Bcast(out, 5, MPI_DOUBLE, 1, MPI_COMM_WORLD);
  MPI_Reduce(out, in, 6, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Allgather(out, 4, MPI_DOUBLE, in, 4, MPI_DOUBLE, MPI_COMM_WORLD);
  MPI_Allgatherv(out, counts[rank], MPI_DOUBLE, in, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
  MPI_Alltoall(out, 1, MPI_DOUBLE, in, 1, MPI_DOUBLE, MPI_COMM_WORLD);
  MPI_Sendrecv(out, 9, MPI_DOUBLE, (rank + 1) % p, 2, in, 9, MPI_DOUBLE, (rank + p - 1) % p, 2,
               MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

int main(int argc, char **argv) {
  int rank, p;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &p);
  if (p < 2 || p > 64) MPI_Abort(MPI_COMM_WORLD, 2);
  between_two(rank);
  among_all(rank, p);
  MPI_Bcast(out, 5, MPI_DOUBLE, 0, MPI_COMM_SELF);
  MPI_Finalize();
  return 0;
}
