/* The backend `band` against known spectra, on any rank count: in both precisions, sizes around its
 * bandwidth, spectra that are hard for one of its stages; the tridiagonal stage against DSTERF. */
#include "nlrmt/eig.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/linalg/eig_band.h"
#include "check.h"
#include "known.h"

static const nlrmt_eig_backend *band_backend(void) {
  size_t count;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  for (size_t k = 0; k < count; k++)
    if (!strcmp(backend[k]->name, "band")) return backend[k];
  return NULL;
}

/* Largest error of lambda in units of eps |A|, eps that of the matrix's precision. */
static double error_of(int64_t n, const double *found, const double *lambda, bool single) {
  double worst = 0, norm = 0;
  for (int64_t i = 0; i < n; i++) {
    worst = fmax(worst, fabs(found[i] - lambda[i]));
    norm = fmax(norm, fabs(lambda[i]));
  }
  return worst / ((single ? (double)FLT_EPSILON : DBL_EPSILON) * (norm > 0 ? norm : 1));
}

/* Seen: 15 units in double and 13 in single precision, both with clusters at -1, 0 and 1, where
 * rounding the matrix to single precision alone may cost sqrt(n) / 2. */
static void check_matrix(const nlrmt_grid *g, int64_t n, int block, const double *whole,
                         const double *lambda, const char *what) {
  double *found = malloc((size_t)(n + 1) * sizeof *found);
  for (int single = 0; single < 2; single++) {
    nlrmt_error err = {NLRMT_OK, ""};
    nlrmt_eig_times times = {-1, -1, -1};
    nlrmt_dmat *a = known_distribute(g, n, block, single, whole);
    CHECK(band_backend()->solve(a, found, &times, &err) == NLRMT_OK, "%s", err.text);
    double error = error_of(n, found, lambda, single), bound = single ? 20 : 40;
    CHECK(error < bound, "%s, n %lld, block %d, %d x %d, single %d: %g eps |A|", what, (long long)n,
          block, g->nprow, g->npcol, single, error);
    CHECK(times.band_s >= 0 && times.band_s <= times.reduce_s && times.eigen_s >= 0, "times");
    for (int64_t i = 1; i < n; i++) CHECK(found[i - 1] <= found[i], "%s: ascending", what);
    nlrmt_dmat_destroy(&a);
  }
  free(found);
}

static int ascending(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

typedef enum { EVEN, CLUSTERS, DEFICIENT, GRADED, OUTLIER, ZERO, CLOSE, KINDS } kind;
static const char *const names[KINDS] = {"even",    "clusters", "rank-deficient", "graded",
                                         "outlier", "zero",     "close pairs"};

static double value_of(kind k, int64_t i, int64_t n) {
  double x = (double)(i + 1) / (double)n;
  switch (k) {
  case CLUSTERS:
    return (double)(i % 3) - 1;
  case DEFICIENT:
    return 3 * i < 2 * n ? 0 : x;
  case GRADED:
    return pow(10, -12 * x);
  case OUTLIER:
    return i == 0 ? 1e4 : x;
  case ZERO:
    return 0;
  case CLOSE:
    return floor(x * (double)n / 2) / (double)n + 1e-15 * (double)(i % 2);
  default:
    return 2 * x - 1;
  }
}

/* A spectrum of some kind, times `factor`. */
static void test_kind(const nlrmt_grid *g, int64_t n, int block, kind k, double factor) {
  double *lambda = malloc((size_t)(n + 1) * sizeof *lambda);
  for (int64_t i = 0; i < n; i++) lambda[i] = factor * value_of(k, i, n);
  double *whole = known_matrix(n, lambda);
  qsort(lambda, (size_t)n, sizeof *lambda, ascending);
  check_matrix(g, n, block, whole, lambda, names[k]);
  free(whole);
  free(lambda);
}

/* Diagonal, and with one far element: nothing to reflect in most panels. */
static void test_sparse(const nlrmt_grid *g, int64_t n, int block, bool far) {
  double *whole = calloc((size_t)(n * n), sizeof *whole),
         *lambda = malloc((size_t)n * sizeof *lambda);
  for (int64_t i = 0; i < n; i++) whole[i * n + i] = lambda[i] = (double)(i % 7);
  if (far) { /* the last and the first mix: (0, x) -> (0 + x)/2 -+ sqrt(x^2/4 + 1) */
    double x = lambda[n - 1], root = sqrt(x * x / 4 + 1);
    whole[n - 1] = whole[(n - 1) * n] = 1;
    lambda[0] = x / 2 - root, lambda[n - 1] = x / 2 + root;
  }
  qsort(lambda, (size_t)n, sizeof *lambda, ascending);
  check_matrix(g, n, block, whole, lambda, far ? "one far element" : "diagonal");
  free(whole);
  free(lambda);
}

/* Every rank must come back with the error, in both precisions; a later solve is not affected. */
static void test_not_finite(const nlrmt_grid *g, double entry) {
  enum { N = 150 };
  double lambda[N], found[N];
  for (int i = 0; i < N; i++) lambda[i] = i;
  double *whole = known_matrix(N, lambda);
  whole[3 * N + 140] = whole[140 * N + 3] = entry;
  for (int single = 0; single < 2; single++) {
    nlrmt_error err = {NLRMT_OK, ""};
    nlrmt_eig_times times;
    nlrmt_dmat *a = known_distribute(g, N, 8, single, whole);
    CHECK(band_backend()->solve(a, found, &times, &err) == NLRMT_ERR_NUMERIC, "status");
    CHECK(strstr(err.text, "finite"), "%s", err.text);
    nlrmt_dmat_destroy(&a);
  }
  free(whole);
}

static void test_tridiagonal(const nlrmt_comm *comm, int threads, int64_t n, int kind_of) {
  uint64_t state = 99;
  nlrmt_error err = {NLRMT_OK, ""};
  double *d = malloc((size_t)(4 * n + 1) * sizeof *d), *e = d + n, *d2 = e + n, *e2 = d2 + n;
  for (int64_t i = 0; i < n; i++) {
    d[i] = kind_of == 0 ? known_uniform(&state) : kind_of == 1 ? 2 : fabs((double)(i - n / 2));
    e[i] = kind_of == 0 ? known_uniform(&state) : 1;
    if (kind_of == 3) d[i] = 1e200 * d[i], e[i] = i % 3 == 0 ? 0 : 1e200;
    d2[i] = d[i], e2[i] = e[i];
  }
  CHECK(nlrmt_band_eigenvalues(comm, threads, n, d, e, &err) == NLRMT_OK, "%s", err.text);
  nlrmt_eig_tridiagonal(n, d2, e2, &err);
  CHECK(err.status == NLRMT_OK, "%s", err.text);
  double error = error_of(n, d, d2, false);
  CHECK(error < (double)n + 10, "n %lld, kind %d: %g eps |T| from DSTERF", (long long)n, kind_of,
        error);
  free(d);
}

/* The chase alone, of a full band: the same bits whoever does it, and the trace and the norm kept.
 */
static void test_chase(const nlrmt_comm *comm, int64_t n) {
  double *d = calloc((size_t)(4 * n), sizeof *d), *e = d + n, trace = 0, square = 0;
  double *first = e + n;
  for (int threads = 1; threads <= 3; threads++) {
    nlrmt_error err = {NLRMT_OK, ""};
    nlrmt_band_store store;
    uint64_t state = 7;
    CHECK(nlrmt_band_store_create(comm, n, &store, &err) == NLRMT_OK, "%s", err.text);
    trace = square = 0;
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = j; i < n && i <= j + NLRMT_BAND; i++) {
        double x = known_uniform(&state);
        if (comm->rank == 0) store.band[j * NLRMT_BAND_LD + i - j] = x;
        trace += i == j ? x : 0;
        square += i == j ? x * x : 2 * x * x;
      }
    nlrmt_band_chase(&store, threads, d, e);
    nlrmt_band_store_destroy(&store);
    for (int64_t i = 0; i < n; i++) {
      trace -= d[i];
      square -= d[i] * d[i] + (i + 1 < n ? 2 * e[i] * e[i] : 0);
    }
    CHECK(fabs(trace) < 1e-10 && fabs(square) < 1e-9 * (double)n, "n %lld: %g, %g off",
          (long long)n, trace, square);
    if (threads == 1) memcpy(first, d, 2 * (size_t)n * sizeof *d);
    CHECK(!memcmp(first, d, 2 * (size_t)n * sizeof *d), "n %lld, %d threads", (long long)n,
          threads);
  }
  free(d);
}

static void test_grid(const nlrmt_comm *comm, int nprow, int npcol) {
  static const int64_t sizes[] = {0, 1, 2, 3, 4, 5, 63, 64, 65, 66, 67, 127, 128, 130, 193, 300};
  static const int blocks[] = {1, 7, 64, 100};
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_grid *g;
  CHECK(nlrmt_grid_create(comm, nprow, npcol, &g, &err) == NLRMT_OK, "%s", err.text);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
      if (blocks[b] > 1 || sizes[s] < 200) test_kind(g, sizes[s], blocks[b], EVEN, 1);
  for (kind k = 0; k < KINDS; k++) test_kind(g, 200 + k, 16, k, 1);
  test_kind(g, 140, 32, EVEN, 1e30);
  test_kind(g, 140, 32, EVEN, 1e-30);
  for (kind k = 0; k < KINDS; k++) test_kind(g, 400, 64, k, 1); /* tall panels on 4 x 1, too */
  test_sparse(g, 201, 32, false);
  test_sparse(g, 201, 32, true);
  test_sparse(g, 401, 32, true);
  test_not_finite(g, NAN);
  test_not_finite(g, INFINITY);
  nlrmt_grid_destroy(&g);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  int p, q;
  nlrmt_grid_shape(comm.size, &p, &q);
  test_grid(&comm, p, q);
  if (comm.size > 1) test_grid(&comm, comm.size, 1);
  for (int k = 0; k < 4; k++)
    for (int64_t n = 1; n < 1000; n = 3 * n + 2) test_tridiagonal(&comm, 1 + k % 2, n, k);
  for (int64_t n = 1; n < 600; n = 2 * n + 5) test_chase(&comm, n);
  int failed = check_end("mpi_eig_band", comm.rank);
  nlrmt_comm_clear(&comm);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
