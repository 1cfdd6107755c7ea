/* bench_gemm: the rate of bare dgemm and sgemm on the local shapes of a trial; a benchmark.
 *   mpirun -n P bench_gemm M N0 N1 PIECE [SECONDS]
 * Every rank multiplies what it does in nlrmt_sim, over and over for SECONDS (default 1) of each:
 *   wx    a strip of W with the rank's columns of X:  PIECE x N0 times N0 x n/npcol
 *   gram  the gathered strip with itself:  n/nprow x S times S x n/npcol, S = PIECE nprow
 * n = min(M, N1), streamed and stored sides as in the plan. CSV: flops are 2 x the three
 * dimensions, rates the sum over the ranks, all of which start together. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include "nlrmt/blas.h"
#include "nlrmt/grid.h"

typedef struct {
  const char *name;
  int rows, cols, inner;
} shape;

typedef struct {
  void *a, *b, *c;
} operands;

static void fail(const nlrmt_comm *comm, const char *what) {
  if (comm->rank == 0) fprintf(stderr, "bench_gemm: %s\n", what);
  MPI_Abort(comm->mpi, NLRMT_ERR_CONFIG);
}

/* C = A'B, A inner x rows, B inner x cols, as the simulation calls it. */
static void multiply(const shape *s, int single, const operands *o) {
  if (single)
    cblas_sgemm(CblasColMajor, CblasTrans, CblasNoTrans, s->rows, s->cols, s->inner, 1, o->a,
                s->inner, o->b, s->inner, 0, o->c, s->rows);
  else
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, s->rows, s->cols, s->inner, 1, o->a,
                s->inner, o->b, s->inner, 0, o->c, s->rows);
}

static void *fill(size_t count, int single) {
  void *x = malloc(count * (single ? sizeof(float) : sizeof(double)));
  for (size_t i = 0; x && i < count; i++) {
    double value = (double)(i % 7) - 3;
    if (single)
      ((float *)x)[i] = (float)value;
    else
      ((double *)x)[i] = value;
  }
  return x;
}

/* Collective. Flop/s of all ranks together, after one multiplication that does not count. */
static double rate(const nlrmt_comm *comm, const shape *s, int single, double seconds) {
  size_t rows = (size_t)s->rows, cols = (size_t)s->cols, inner = (size_t)s->inner;
  operands o = {fill(rows * inner, single), fill(cols * inner, single), fill(rows * cols, single)};
  if (!o.a || !o.b || !o.c) fail(comm, "no memory for the operands");
  multiply(s, single, &o);
  double took = 0, flops = 0, all = 0;
  MPI_Barrier(comm->mpi);
  for (double start = MPI_Wtime(); took < seconds; took = MPI_Wtime() - start) {
    multiply(s, single, &o);
    flops += 2.0 * (double)rows * (double)cols * (double)inner;
  }
  flops /= took;
  MPI_Allreduce(&flops, &all, 1, MPI_DOUBLE, MPI_SUM, comm->mpi);
  free(o.a);
  free(o.b);
  free(o.c);
  return all;
}

int main(int argc, char **argv) {
  nlrmt_blas_guard(argv);
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  long long m = argc > 4 ? atoll(argv[1]) : 0, n0 = argc > 4 ? atoll(argv[2]) : 0;
  long long n1 = argc > 4 ? atoll(argv[3]) : 0, piece = argc > 4 ? atoll(argv[4]) : 0;
  double seconds = argc > 5 ? atof(argv[5]) : 1;
  if (m < 1 || n0 < 1 || n1 < 1 || piece < 1 || m > 1 << 24 || n0 > 1 << 24 || n1 > 1 << 24 ||
      piece > 1 << 20)
    fail(&comm, "usage: bench_gemm M N0 N1 PIECE [SECONDS], all > 0");
  int threads = nlrmt_blas_share_cpus(&comm), nprow, npcol;
  nlrmt_grid_shape(comm.size, &nprow, &npcol);
  int n = (int)(m < n1 ? m : n1);
  const shape shapes[] = {
      {"wx", (int)piece, (n + npcol - 1) / npcol, (int)n0},
      {"gram", (n + nprow - 1) / nprow, (n + npcol - 1) / npcol, (int)(piece * nprow)}};
  if (comm.rank == 0) printf("type,shape,ranks,threads,core,rows,cols,inner,flops_per_second\n");
  for (int single = 0; single < 2; single++)
    for (int k = 0; k < 2; k++) {
      double all = rate(&comm, &shapes[k], single, seconds);
      if (comm.rank == 0)
        printf("%s,%s,%d,%d,%s,%d,%d,%d,%.4g\n", single ? "single" : "double", shapes[k].name,
               comm.size, threads, nlrmt_blas_core(), shapes[k].rows, shapes[k].cols,
               shapes[k].inner, all);
    }
  nlrmt_comm_clear(&comm);
  MPI_Finalize();
  return 0;
}
