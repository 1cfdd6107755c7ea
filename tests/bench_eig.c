/* Seconds of the eigensolvers, a benchmark, not a test:
 *   mpirun -np P bench_eig N[,N ...] [BLOCK [BACKEND ...]]
 * CSV on stdout, one line for each order, backend and precision: the fastest of a few rounds, which
 * take the solvers by turns, since machines are shared. Columns:
 *   band, tridiagonal, eigenvalues   seconds of the phases, where the backend tells them apart
 *   gflops, share                    at 4/3 n^3 flops; of the gemm rate of that precision, all
 * ranks, measured in this run difference                       largest from the first line's
 * eigenvalues, over the norm of A */
#include "nlrmt/blas.h"
#include "nlrmt/eig.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOLVERS_MAX = 16 };

typedef struct {
  const nlrmt_eig_backend *backend;
  bool single;
  nlrmt_eig_times best;
  double difference;
} solver;

static double seconds(const nlrmt_eig_times *t) {
  return t->reduce_s + t->eigen_s;
}

/* Symmetric, entries of order 1, no structure. */
static void fill(nlrmt_dmat *a) {
  const nlrmt_grid *g = a->grid;
  for (int64_t c = 0; c < a->cols; c++)
    for (int64_t r = 0; r < a->rows; r++) {
      int64_t i = nlrmt_block_global(r, a->block, g->myrow, g->nprow);
      int64_t j = nlrmt_block_global(c, a->block, g->mycol, g->npcol);
      uint64_t x = (uint64_t)(i > j ? i * a->n + j : j * a->n + i) * 0x9e3779b97f4a7c15u;
      x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
      double entry = (double)(x >> 12) * 0x1p-52 - 0.5;
      if (a->single)
        a->s[c * a->ld + r] = (float)entry;
      else
        a->a[c * a->ld + r] = entry;
    }
}

/* Flop/s of one rank in a product of matrices. */
static double gemm_rate(bool single) {
  enum { N = 1024, ROUNDS = 8 };
  float *s = calloc(3 * (size_t)N * N, sizeof *s);
  double best = 1e9;
  if (!single || !s) {
    free(s);
    return single ? 0 : nlrmt_blas_rate();
  }
  for (int i = 0; i < 2 * N * N; i++) s[i] = (float)(i % 7);
  for (int k = 0; k < ROUNDS; k++) {
    double start = MPI_Wtime();
    cblas_sgemm(CblasColMajor, CblasTrans, CblasNoTrans, N, N, N, 1, s, N, s + N * N, N, 0,
                s + 2 * N * N, N);
    best = fmin(best, MPI_Wtime() - start);
  }
  free(s);
  return 2.0 * N * N * N / best;
}

static void stop(const nlrmt_grid *grid, const nlrmt_error *err) {
  if (grid->comm->rank == 0) fprintf(stderr, "bench_eig: %s\n", err->text);
  MPI_Abort(grid->comm->mpi, err->status);
}

static void solve(const nlrmt_grid *grid, int64_t n, int block, solver *s, bool first,
                  const double *expected, double *lambda) {
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_eig_times times = {0};
  nlrmt_dmat *a;
  (s->single ? nlrmt_dmat_create_single : nlrmt_dmat_create)(grid, n, block, &a, &err);
  if (err.status != NLRMT_OK) stop(grid, &err);
  fill(a);
  MPI_Barrier(grid->comm->mpi);
  if (s->backend->solve(a, lambda, &times, &err) != NLRMT_OK) stop(grid, &err);
  nlrmt_dmat_destroy(&a);
  if (first || seconds(&times) < seconds(&s->best)) s->best = times;
  double norm = fmax(fabs(expected[0]), fabs(expected[n - 1])), worst = 0;
  for (int64_t i = 0; i < n; i++) worst = fmax(worst, fabs(lambda[i] - expected[i]));
  s->difference = fmax(first ? 0 : s->difference, worst / norm);
}

static void print(const nlrmt_grid *grid, int64_t n, int block, int threads, const solver *s,
                  const double rate[2]) {
  double all = seconds(&s->best), flops = 4.0 / 3 * (double)n * (double)n * (double)n / all;
  printf("%lld,%d,%dx%d,%d,%s,%s,%.3f,%.3f,%.3f,%.3f,%.1f,%.3f,%.1e\n", (long long)n, block,
         grid->nprow, grid->npcol, threads, s->backend->name, s->single ? "single" : "double", all,
         s->best.band_s, s->best.reduce_s - s->best.band_s, s->best.eigen_s, flops / 1e9,
         flops / rate[s->single], s->difference);
  fflush(stdout);
}

/* Backends by name, all if there are none, in each precision that they take. */
static int choose(int names, char **name, const nlrmt_grid *grid, int64_t n, int block,
                  solver chosen[SOLVERS_MAX]) {
  size_t count;
  int solvers = 0;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  for (size_t k = 0; k < count; k++) {
    bool wanted = names == 0;
    for (int i = 0; i < names; i++) wanted = wanted || !strcmp(name[i], backend[k]->name);
    if (!wanted || backend[k]->refuses(n, block, grid->nprow, grid->npcol)) continue;
    for (int single = 0; single <= backend[k]->single && solvers < SOLVERS_MAX; single++)
      chosen[solvers++] = (solver){.backend = backend[k], .single = single};
  }
  return solvers;
}

static void bench(const nlrmt_grid *grid, int64_t n, int block, int threads, int names,
                  char **name) {
  solver chosen[SOLVERS_MAX];
  int solvers = choose(names, name, grid, n, block, chosen);
  int rounds = n <= 1024 ? 5 : n <= 4096 ? 3 : 2;
  double rate[2], *lambda = malloc(2 * (size_t)n * sizeof *lambda), *expected = lambda + n;
  if (!lambda) MPI_Abort(grid->comm->mpi, NLRMT_ERR_RESOURCE);
  for (int single = 0; single < 2; single++) rate[single] = gemm_rate(single);
  MPI_Allreduce(MPI_IN_PLACE, rate, 2, MPI_DOUBLE, MPI_SUM, grid->comm->mpi);
  if (grid->comm->rank == 0)
    printf("# gemm of all ranks: double %.1f GF/s, single %.1f GF/s, %s\n", rate[0] / 1e9,
           rate[1] / 1e9, nlrmt_blas_core());
  for (int round = 0; round < rounds; round++)
    for (int k = 0; k < solvers; k++) {
      bool reference = round == 0 && k == 0;
      solve(grid, n, block, &chosen[k], round == 0, reference ? lambda : expected, lambda);
      if (reference) memcpy(expected, lambda, (size_t)n * sizeof *lambda);
    }
  for (int k = 0; k < solvers && grid->comm->rank == 0; k++)
    print(grid, n, block, threads, &chosen[k], rate);
  free(lambda);
}

int main(int argc, char **argv) {
  nlrmt_blas_guard(argv);
  MPI_Init(&argc, &argv);
  if (argc < 2) {
    fprintf(stderr, "usage: bench_eig N[,N ...] [BLOCK [BACKEND ...]]\n");
    MPI_Abort(MPI_COMM_WORLD, NLRMT_ERR_CONFIG);
  }
  int block = argc > 2 ? atoi(argv[2]) : 64;
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_comm comm;
  nlrmt_grid *grid;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  int threads = nlrmt_blas_share_cpus(&comm);
  if (nlrmt_grid_create(&comm, 0, 0, &grid, &err) != NLRMT_OK) MPI_Abort(comm.mpi, err.status);
  if (comm.rank == 0)
    printf("n,block,ranks,threads,backend,precision,seconds,band,tridiagonal,eigenvalues,gflops,"
           "share,difference\n");
  for (char *n = strtok(argv[1], ","); n; n = strtok(NULL, ","))
    bench(grid, atoll(n), block, threads, argc > 3 ? argc - 3 : 0, argv + 3);
  nlrmt_grid_destroy(&grid);
  nlrmt_comm_clear(&comm);
  MPI_Finalize();
  return 0;
}
