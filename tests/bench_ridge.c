/* Time of a ridge path against the number of ridge parameters, next to a Cholesky factorisation for
 * each. One rank, all threads: bench_ridge [n] [right-hand sides] [runs]. CSV, medians over the
 * runs. path      reduce A and the right-hand sides once, then all gamma cholesky  for every gamma:
 * copy A, dpotrf, solve for the right-hand sides, sum of squares */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/blas.h"
#include "nlrmt/eig.h"
#include "nlrmt/rng.h"
#include "nlrmt/shifted.h"

void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda,
             double *b, const int *ldb, int *info);
void dsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
            const double *a, const int *lda, const double *beta, double *c, const int *ldc);

enum { MOST = 1000 };

static int ascending(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

static void die(const nlrmt_error *err) {
  fprintf(stderr, "bench_ridge: %s\n", err->text);
  MPI_Abort(MPI_COMM_WORLD, err->status);
}

/* A = F'F/(2n), F 2n x n Gaussian; whole on the one rank. */
static void fill(nlrmt_dmat *a, nlrmt_rows *c) {
  int n = (int)a->n, big = 2 * n;
  double *f = malloc((size_t)n * (size_t)big * sizeof *f), alpha = 1.0 / big, zero = 0;
  nlrmt_stream stream = {1, 0, 0, NLRMT_MATRIX_X};
  nlrmt_error err = {0};
  for (int j = 0; j < n; j++)
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, 1, (uint32_t)j, 0, (size_t)big,
                      f + (size_t)j * (size_t)big);
  dsyrk_("L", "T", &n, &big, &alpha, f, &big, &zero, a->a, &n);
  free(f);
  nlrmt_dmat_symmetrise(a, &err);
  stream.matrix = NLRMT_MATRIX_E;
  for (int64_t l = 0; l < c->cols; l++)
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, 1, (uint32_t)l, 0, (size_t)c->rows,
                      c->c + l * c->ld);
}

static double time_path(const nlrmt_dmat *a, const nlrmt_rows *c, size_t count, const double *gamma,
                        nlrmt_shifted (*sum)[2]) {
  nlrmt_error err = {0};
  nlrmt_dmat *copy;
  nlrmt_rows *rows;
  nlrmt_eig_times times;
  const nlrmt_eig_backend *eig;
  int64_t n = a->n;
  double *d = malloc((size_t)(2 * n + 1) * sizeof *d);
  nlrmt_dmat_create(a->grid, n, a->block, &copy, &err);
  nlrmt_rows_create(a->grid, c->count, n, a->block, &rows, &err);
  nlrmt_eig_choose("auto", n, a->block, 1, 1, true, false, &eig, &err);
  if (err.status != NLRMT_OK) die(&err);
  memcpy(copy->a, a->a, (size_t)(n * n) * sizeof(double));
  memcpy(rows->c, c->c, (size_t)(c->ld * n) * sizeof(double));
  double start = MPI_Wtime();
  eig->reduce(copy, rows, d, d + n, &times, &err);
  nlrmt_shifted_sums(rows, c->count, d, d + n, count, gamma, sum, &err);
  double took = MPI_Wtime() - start;
  if (err.status != NLRMT_OK) die(&err);
  nlrmt_dmat_destroy(&copy);
  nlrmt_rows_destroy(&rows);
  free(d);
  return took;
}

/* One gamma. b: the right-hand sides as columns. */
static double time_cholesky(const nlrmt_dmat *a, const double *b, int rhs, double gamma,
                            double *square) {
  int n = (int)a->n, info;
  size_t order = (size_t)n, size = order * (size_t)rhs;
  double *l = malloc(order * order * sizeof *l), *x = malloc(size * sizeof *x);
  double start = MPI_Wtime();
  memcpy(l, a->a, order * order * sizeof *l);
  memcpy(x, b, size * sizeof *x);
  for (size_t i = 0; i < order; i++) l[i * order + i] += gamma;
  dpotrf_("L", &n, l, &n, &info);
  dpotrs_("L", &n, &rhs, l, &n, x, &n, &info);
  *square = 0;
  for (size_t i = 0; i < size; i++) *square += x[i] * x[i];
  double took = MPI_Wtime() - start;
  free(l);
  free(x);
  return took;
}

int main(int argc, char **argv) {
  nlrmt_blas_guard(argv);
  MPI_Init(&argc, &argv);
  int64_t n = argc > 1 ? atoll(argv[1]) : 4096, count = argc > 2 ? atoll(argv[2]) : n / 2 + 64;
  int runs = argc > 3 ? atoi(argv[3]) : 3;
  nlrmt_comm comm;
  nlrmt_error err = {0};
  nlrmt_grid *grid;
  nlrmt_dmat *a;
  nlrmt_rows *c;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  int threads = nlrmt_blas_share_cpus(&comm);
  if (comm.size != 1 || runs < 1 || runs > 99) {
    fprintf(stderr, "bench_ridge: one rank, 1 to 99 runs\n");
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  nlrmt_grid_create(&comm, 1, 1, &grid, &err);
  nlrmt_dmat_create(grid, n, 64, &a, &err);
  nlrmt_rows_create(grid, count, n, 64, &c, &err);
  if (err.status != NLRMT_OK) die(&err);
  fill(a, c);
  double *gamma = malloc(MOST * sizeof *gamma), *b = malloc((size_t)(n * count) * sizeof *b);
  nlrmt_shifted(*sum)[2] = malloc(MOST * sizeof *sum);
  for (int64_t r = 0; r < count; r++)
    for (int64_t i = 0; i < n; i++) b[r * n + i] = c->c[i * c->ld + r];
  printf("# %d threads, OpenBLAS core %s, %.0f GF/s in dgemm\nn,right_hand_sides,gammas,path_s,"
         "cholesky_s,ratio,difference\n",
         threads, nlrmt_blas_core(), nlrmt_blas_rate() / 1e9);
  for (size_t g = 1; g <= MOST; g *= 10) {
    double path[99], one[99], square = 0;
    for (size_t k = 0; k < g; k++) gamma[k] = pow(10, -3 + 6.0 * (double)k / (double)g);
    for (int r = 0; r < runs; r++) {
      path[r] = time_path(a, c, g, gamma, sum);
      one[r] = time_cholesky(a, b, (int)count, gamma[g - 1], &square);
    }
    qsort(path, (size_t)runs, sizeof *path, ascending);
    qsort(one, (size_t)runs, sizeof *one, ascending);
    double all = one[runs / 2] * (double)g;
    printf("%lld,%lld,%zu,%.3f,%.3f,%.2f,%.1e\n", (long long)n, (long long)count, g, path[runs / 2],
           all, all / path[runs / 2], fabs(sum[g - 1][0].square / square - 1));
    fflush(stdout);
  }
  nlrmt_rows_destroy(&c);
  nlrmt_dmat_destroy(&a);
  nlrmt_grid_destroy(&grid);
  nlrmt_comm_clear(&comm);
  free(gamma);
  free(b);
  free(sum);
  MPI_Finalize();
  return 0;
}
