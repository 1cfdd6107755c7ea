/* The backend `band`: two-stage reduction with its own code on level-3 BLAS, for eigenvalues alone,
 * in either precision (eig_band.h has its parts). A matrix in single precision is one down to the
 * band; from there on all is in double precision, which costs little. */
#include "eig_band.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "eig_backends.h"
#include "nlrmt/blas.h"
#include "nlrmt/fault.h"

static const char *refuses(int64_t n, int block, int nprow, int npcol) {
  (void)block, (void)nprow, (void)npcol;
  return n > (1 << 24) ? "64 columns would be beyond MPI's 32-bit counts" : NULL;
}

/* The arrays of eig_band_full.h, in double precision, and the band. */
static size_t bytes(int64_t n, int block, int nprow, int npcol, int64_t count) {
  (void)count;
  int64_t rows = nlrmt_block_count(n, block, 0, nprow), b = NLRMT_BAND;
  int64_t cols = nlrmt_block_count(n, block, 0, npcol), threads = nlrmt_blas_threads();
  int64_t most = rows > cols ? rows : cols, short_panel = nprow * (b + 2 * (int64_t)block);
  int64_t words = b * (rows * (5 + threads) + rows / 8 + cols * 4 + 8 * b) + rows;
  if (nprow > 1) words += b * (cols + 2 * nprow * b + (rows > short_panel ? rows : short_panel));
  if (nprow * npcol > 1) words += 2 * b * most; /* MPI's own copies */
  return (size_t)words * sizeof(double) + nlrmt_band_store_bytes(n) + 4096;
}

/* Collective. The exponent of the largest entry, 0 if A = 0. */
static int largest_exponent(const nlrmt_dmat *a) {
  double largest = 0;
  int exponent = 0;
  for (int64_t j = 0; j < a->cols; j++)
    for (int64_t i = 0; i < a->rows; i++) {
      int64_t at = j * a->ld + i;
      double x = fabs(a->single ? (double)a->s[at] : a->a[at]);
      largest = x > largest ? x : largest;
    }
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, a->grid->comm->mpi);
  frexp(largest, &exponent);
  return exponent;
}

/* Local. A *= 2^exponent. */
static void scale(nlrmt_dmat *a, int exponent) {
  for (int64_t j = 0; j < a->cols; j++)
    for (int64_t i = 0; i < a->rows; i++) {
      int64_t at = j * a->ld + i;
      if (a->single)
        a->s[at] = ldexpf(a->s[at], exponent);
      else
        a->a[at] = ldexp(a->a[at], exponent);
    }
}

/* Collective. The two stages, for entries of order 1. */
static void two_stages(nlrmt_dmat *a, int threads, double *d, double *e, nlrmt_eig_times *times,
                       nlrmt_error *err) {
  nlrmt_band_store store;
  double start = MPI_Wtime();
  if (nlrmt_band_store_create(a->grid->comm, a->n, &store, err) == NLRMT_OK) {
    double *band = a->grid->comm->rank == 0 ? store.band : NULL;
    (a->single ? nlrmt_band_from_full_single : nlrmt_band_from_full_double)(a, threads, band, err);
    times->band_s = MPI_Wtime() - start;
    if (err->status == NLRMT_OK) nlrmt_band_chase(&store, threads, d, e);
  }
  nlrmt_band_store_destroy(&store);
}

static nlrmt_status reduce(nlrmt_dmat *a, nlrmt_rows *c, double *d, double *e,
                           nlrmt_eig_times *times, nlrmt_error *err) {
  double start = MPI_Wtime();
  *times = (nlrmt_eig_times){0};
  assert(!c || c->count == 0);
  nlrmt_eig_verify_matrix(a, err);
  if (nlrmt_comm_agree(a->grid->comm, err) != NLRMT_OK || a->n == 0) return err->status;
  int threads = nlrmt_blas_threads(), exponent = largest_exponent(a);
  if (abs(exponent) < 8) exponent = 0;
  if (exponent != 0) scale(a, -exponent);
  nlrmt_blas_set_threads(1); /* the threads are ours */
  two_stages(a, threads, d, e, times, err);
  nlrmt_blas_set_threads(threads);
  if (err->status == NLRMT_OK) {
    nlrmt_eig_verify("reduction to a band", 0, a->n, d, err);
    for (int64_t i = 0; i < a->n; i++) d[i] = ldexp(d[i], exponent);
    for (int64_t i = 0; i + 1 < a->n; i++) e[i] = ldexp(e[i], exponent);
  }
  times->reduce_s = MPI_Wtime() - start;
  return nlrmt_comm_agree(a->grid->comm, err);
}

static nlrmt_status solve(nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err) {
  const nlrmt_comm *comm = a->grid->comm;
  double *e = nlrmt_fault("eig.malloc") ? NULL : malloc((size_t)(a->n + 1) * sizeof *e);
  if (!e) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "band: no memory for the eigenvalues");
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK &&
      reduce(a, NULL, lambda, e, times, err) == NLRMT_OK) {
    double start = MPI_Wtime();
    nlrmt_band_eigenvalues(comm, nlrmt_blas_threads(), a->n, lambda, e, err);
    times->eigen_s = MPI_Wtime() - start;
  }
  free(e);
  return err->status;
}

const nlrmt_eig_backend nlrmt_eig_band = {.name = "band",
                                          .single = true,
                                          .lower = true,
                                          .band = true,
                                          .refuses = refuses,
                                          .bytes = bytes,
                                          .solve = solve,
                                          .reduce = reduce};
