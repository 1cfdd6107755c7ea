/* Every backend against a known spectrum. Any rank count. */
#include "nlrmt/eig.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "known.h"

/* lambda[n] ascending with a large outlier and a multiple eigenvalue; a[n][n] with that spectrum.
 */
static double *outlier_matrix(int64_t n, double *lambda) {
  for (int64_t i = 0; i < n; i++) lambda[i] = i < n / 5 ? 0.125 : 0.25 + (double)i / (double)n;
  if (n > 2) lambda[n - 1] = 40;
  return known_matrix(n, lambda);
}

/* Solves with one backend; returns the largest error in units of n eps |A|. */
static double error_of(const nlrmt_eig_backend *backend, const nlrmt_grid *g, int64_t n, int block,
                       const double *whole, const double *lambda) {
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_eig_times times;
  nlrmt_dmat *a = known_distribute(g, n, block, false, whole);
  double *found = malloc((size_t)n * sizeof *found), worst = 0, largest = 0;
  CHECK(backend->solve(a, found, &times, &err) == NLRMT_OK, "%s", err.text);
  for (int64_t i = 0; i < n; i++) {
    worst = fmax(worst, fabs(found[i] - lambda[i]));
    largest = fmax(largest, fabs(lambda[i]));
  }
  CHECK(times.reduce_s >= 0 && times.eigen_s >= 0, "times");
  nlrmt_dmat_destroy(&a);
  free(found);
  return worst / ((double)n * DBL_EPSILON * largest);
}

static void test_spectrum(const nlrmt_grid *g, int64_t n, int block) {
  double *lambda = malloc((size_t)n * sizeof *lambda), *whole = outlier_matrix(n, lambda);
  size_t count;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  for (size_t k = 0; k < count; k++) {
    if (backend[k]->refuses(n, block, g->nprow, g->npcol)) continue;
    double error = error_of(backend[k], g, n, block, whole, lambda);
    CHECK(error < 10, "%s, n %lld, block %d, %d x %d: error %g n eps |A|", backend[k]->name,
          (long long)n, block, g->nprow, g->npcol, error);
  }
  free(whole);
  free(lambda);
}

/* Eigenvectors: rows = 1 become V; the largest entry of A V - V diag(lambda), in units of n eps
 * |A|.
 */
static double residual_of(const nlrmt_eig_backend *backend, const nlrmt_grid *g, int64_t n,
                          int block, const double *whole, const double *lambda) {
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_eig_times times;
  nlrmt_dmat *a = known_distribute(g, n, block, false, whole);
  nlrmt_rows *c;
  size_t size = (size_t)(n * n);
  double *d = calloc((size_t)(2 * n + 1), sizeof *d), *v = calloc(size, sizeof *v), worst = 0;
  nlrmt_rows_create(g, n, n, block, &c, &err);
  for (int64_t l = 0; l < c->cols; l++)
    for (int64_t r = 0; r < c->rows; r++)
      c->c[l * c->ld + r] = nlrmt_block_global(l, block, g->mycol, g->npcol) == c->first + r;
  backend->reduce(a, c, d, d + n, &times, &err);
  nlrmt_eig_finish_rows(c, d, d + n, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", backend->name, err.text);
  for (int64_t l = 0; l < c->cols; l++)
    for (int64_t r = 0; r < c->rows; r++)
      v[nlrmt_block_global(l, block, g->mycol, g->npcol) * n + c->first + r] = c->c[l * c->ld + r];
  MPI_Allreduce(MPI_IN_PLACE, v, (int)size, MPI_DOUBLE, MPI_SUM, g->comm->mpi);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < n; i++) {
      double sum = -lambda[j] * v[j * n + i];
      for (int64_t k = 0; k < n; k++) sum += whole[i * n + k] * v[j * n + k];
      worst = fmax(worst, fabs(sum));
    }
  nlrmt_dmat_destroy(&a);
  nlrmt_rows_destroy(&c);
  free(d);
  free(v);
  return worst / ((double)n * DBL_EPSILON * lambda[n - 1]);
}

static void test_vectors(const nlrmt_grid *g, int64_t n, int block) {
  double *lambda = malloc((size_t)n * sizeof *lambda), *whole = outlier_matrix(n, lambda);
  size_t count;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  for (size_t k = 0; k < count; k++) {
    if (!backend[k]->rows || backend[k]->refuses(n, block, g->nprow, g->npcol)) continue;
    double error = residual_of(backend[k], g, n, block, whole, lambda);
    CHECK(error < 10, "%s, n %lld, block %d, %d x %d: A v is off by %g n eps |A|", backend[k]->name,
          (long long)n, block, g->nprow, g->npcol, error);
  }
  free(whole);
  free(lambda);
}

/* A NaN in the matrix must come back as an error on every rank. */
static void test_nan(const nlrmt_grid *g) {
  enum { N = 40 };
  double lambda[N], *whole = outlier_matrix(N, lambda);
  size_t count;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  whole[3 * N + 7] = whole[7 * N + 3] = NAN;
  for (size_t k = 0; k < count; k++) {
    if (backend[k]->refuses(N, 8, g->nprow, g->npcol)) continue;
    nlrmt_error err = {NLRMT_OK, ""};
    nlrmt_eig_times times;
    nlrmt_dmat *a = known_distribute(g, N, 8, false, whole);
    CHECK(backend[k]->solve(a, lambda, &times, &err) == NLRMT_ERR_NUMERIC, "%s", backend[k]->name);
    CHECK(strstr(err.text, "finite"), "%s: %s", backend[k]->name, err.text);
    nlrmt_dmat_destroy(&a);
  }
  free(whole);
}

static void test_choose(void) {
  nlrmt_error err = {NLRMT_OK, ""};
  const nlrmt_eig_backend *backend;
  CHECK(nlrmt_eig_choose("lapack", 100, 16, 1, 1, false, false, &backend, &err) == NLRMT_OK, "%s",
        err.text);
  CHECK(backend && !strcmp(backend->name, "lapack"), "lapack");
  CHECK(nlrmt_eig_choose("lapack", 100, 16, 1, 2, false, false, &backend, &err) == NLRMT_ERR_CONFIG,
        "2 ranks");
  CHECK(!backend && strstr(err.text, "one rank"), "%s", err.text);
  err = (nlrmt_error){NLRMT_OK, ""};
  CHECK(nlrmt_eig_choose("laplack", 9, 16, 1, 1, false, false, &backend, &err) == NLRMT_ERR_CONFIG,
        "unknown");
  CHECK(!backend && strstr(err.text, "scalapack"), "%s", err.text);
  err = (nlrmt_error){NLRMT_OK, ""};
  CHECK(nlrmt_eig_choose("scalapack", 1 << 20, 64, 1, 2, false, false, &backend, &err) ==
            NLRMT_ERR_CONFIG,
        "2^28");
  err = (nlrmt_error){NLRMT_OK, ""};
  CHECK(nlrmt_eig_choose("scalapack", 100, 16, 1, 2, false, true, &backend, &err) == NLRMT_OK,
        "a backend without single precision is given the matrix in double");
  err = (nlrmt_error){NLRMT_OK, ""};
  CHECK(nlrmt_eig_choose("band", 100, 16, 1, 2, true, true, &backend, &err) == NLRMT_ERR_CONFIG,
        "right-hand sides");
  CHECK(!backend && strstr(err.text, "right-hand sides"), "%s", err.text);
  err = (nlrmt_error){NLRMT_OK, ""};
  CHECK(nlrmt_eig_choose("auto", 100, 16, 1, 2, false, true, &backend, &err) == NLRMT_OK &&
            backend->single,
        "auto, single precision");
  for (int64_t n = 1; n <= 4096; n *= 2)
    for (int q = 1; q <= 8; q++) {
      err = (nlrmt_error){NLRMT_OK, ""};
      CHECK(nlrmt_eig_choose("auto", n, 32, 1, q, false, false, &backend, &err) == NLRMT_OK, "%s",
            err.text);
      CHECK(backend && !backend->refuses(n, 32, 1, q), "n %lld on %d", (long long)n, q);
    }
}

static void test_grid(const nlrmt_comm *comm, int nprow, int npcol) {
  static const int64_t sizes[] = {1, 2, 7, 65, 131, 300};
  static const int blocks[] = {1, 3, 16, 32, 64};
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_grid *grid;
  CHECK(nlrmt_grid_create(comm, nprow, npcol, &grid, &err) == NLRMT_OK, "%s", err.text);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
      test_spectrum(grid, sizes[s], blocks[b]);
  test_vectors(grid, 1, 1);
  test_vectors(grid, 77, 8);
  test_vectors(grid, 130, 32);
  test_nan(grid);
  nlrmt_grid_destroy(&grid);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  int p, q;
  nlrmt_grid_shape(comm.size, &p, &q);
  test_choose();
  test_grid(&comm, p, q);
  if (p > 1) test_grid(&comm, 1, comm.size);
  if (comm.size > 1) test_grid(&comm, comm.size, 1);
  int failed = check_end("mpi_eig", comm.rank);
  nlrmt_comm_clear(&comm);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
