/* Seconds of the eigensolvers, a benchmark, not a test:
 *   mpirun -np P bench_eig N [BLOCK [BACKEND ...]]
 * One line each: GF/s at 4/3 n^3, and the same as a share of the dgemm rate of all ranks. */
#include "nlrmt/blas.h"
#include "nlrmt/eig.h"

#include <stdio.h>
#include <stdlib.h>

/* Symmetric, entries of order 1, no structure. */
static void fill(nlrmt_dmat *a) {
  const nlrmt_grid *g = a->grid;
  for (int64_t c = 0; c < a->cols; c++)
    for (int64_t r = 0; r < a->rows; r++) {
      int64_t i = nlrmt_block_global(r, a->block, g->myrow, g->nprow);
      int64_t j = nlrmt_block_global(c, a->block, g->mycol, g->npcol);
      uint64_t x = (uint64_t)(i > j ? i * a->n + j : j * a->n + i) * 0x9e3779b97f4a7c15u;
      x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
      a->a[c * a->ld + r] = (double)(x >> 12) * 0x1p-52 - 0.5;
    }
}

static void bench(const nlrmt_grid *grid, int64_t n, int block, const char *name, double rate) {
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_eig_times times = {0, 0};
  const nlrmt_eig_backend *backend;
  nlrmt_dmat *a = NULL;
  double *lambda = malloc((size_t)n * sizeof *lambda);
  if (!lambda) nlrmt_fail(&err, NLRMT_ERR_RESOURCE, "no memory for the eigenvalues");
  nlrmt_eig_choose(name, n, block, grid->nprow, grid->npcol, false, false, &backend, &err);
  if (nlrmt_comm_agree(grid->comm, &err) == NLRMT_OK &&
      nlrmt_dmat_create(grid, n, block, &a, &err) == NLRMT_OK) {
    fill(a);
    backend->solve(a, lambda, &times, &err);
  }
  double s = times.reduce_s + times.eigen_s, flops = 4.0 / 3 * (double)n * (double)n * (double)n;
  if (grid->comm->rank == 0 && err.status != NLRMT_OK) printf("%-10s %s\n", name, err.text);
  if (grid->comm->rank == 0 && err.status == NLRMT_OK)
    printf("%-10s %8.2f s (reduction %.2f, eigenvalues %.2f)  %6.1f GF/s  %4.2f of dgemm\n", name,
           s, times.reduce_s, times.eigen_s, flops / s / 1e9, flops / s / rate);
  nlrmt_dmat_destroy(&a);
  free(lambda);
}

int main(int argc, char **argv) {
  nlrmt_blas_guard(argv);
  MPI_Init(&argc, &argv);
  if (argc < 2) {
    fprintf(stderr, "usage: bench_eig N [BLOCK [BACKEND ...]]\n");
    MPI_Abort(MPI_COMM_WORLD, NLRMT_ERR_CONFIG);
  }
  int64_t n = atoll(argv[1]);
  int block = argc > 2 ? atoi(argv[2]) : 32;
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_comm comm;
  nlrmt_grid *grid;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  int threads = nlrmt_blas_share_cpus(&comm);
  double rate = nlrmt_blas_rate();
  MPI_Allreduce(MPI_IN_PLACE, &rate, 1, MPI_DOUBLE, MPI_SUM, comm.mpi);
  if (nlrmt_grid_create(&comm, 0, 0, &grid, &err) != NLRMT_OK) MPI_Abort(comm.mpi, err.status);
  if (comm.rank == 0)
    printf("n = %lld, block %d, %d x %d ranks, %d threads each, %s, dgemm %.1f GF/s\n",
           (long long)n, block, grid->nprow, grid->npcol, threads, nlrmt_blas_core(), rate / 1e9);
  size_t count;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  if (argc > 3)
    for (int k = 3; k < argc; k++) bench(grid, n, block, argv[k], rate);
  else
    for (size_t k = 0; k < count; k++) bench(grid, n, block, backend[k]->name, rate);
  nlrmt_grid_destroy(&grid);
  nlrmt_comm_clear(&comm);
  MPI_Finalize();
  return 0;
}
