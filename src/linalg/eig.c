#include "nlrmt/eig.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eig_backends.h"
#include "nlrmt/fault.h"
#include "scalapack.h"

static const nlrmt_eig_backend *const backends[] = {
    &nlrmt_eig_lapack,
    &nlrmt_eig_scalapack,
    &nlrmt_eig_band,
#ifdef NLRMT_HAVE_ELPA
    &nlrmt_eig_elpa2,
#endif
};
enum { BACKENDS = sizeof backends / sizeof *backends };

const nlrmt_eig_backend *const *nlrmt_eig_backends(size_t *count) {
  *count = BACKENDS;
  return backends;
}

/* `auto`. CPU seconds, one thread (Zen 5, OpenBLAS 0.3.21 with AVX-512; docs/eigensolver.md):
 *
 *      n     lapack   band   band, single
 *   1024      0.046  0.041      0.028
 *   2048      0.42   0.24       0.14
 *   4096      4.4    1.6        0.87
 *
 * On 2 ranks scalapack and elpa2 take as long as band at 1024, twice and half as long again at
 * 2048. With right-hand sides band and ELPA would need vectors. From counted messages band is
 * predicted to stay ahead up to 4096 ranks (docs/performance.md). */
enum { BAND_FROM = 1024 };

static const nlrmt_eig_backend *choose_auto(int64_t n, int ranks, bool rows, bool single) {
  if (!rows && (single || n >= BAND_FROM)) return &nlrmt_eig_band;
  return ranks == 1 ? &nlrmt_eig_lapack : &nlrmt_eig_scalapack;
}

nlrmt_status nlrmt_eig_choose(const char *name, int64_t n, int block, int nprow, int npcol,
                              bool rows, bool single, const nlrmt_eig_backend **backend,
                              nlrmt_error *err) {
  *backend = NULL;
  char names[128] = "auto";
  if (!strcmp(name, "auto")) *backend = choose_auto(n, nprow * npcol, rows, single);
  for (int k = 0; k < BACKENDS; k++) {
    if (!strcmp(name, backends[k]->name)) *backend = backends[k];
    strcat(strcat(names, ", "), backends[k]->name);
  }
  if (!*backend)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "eigensolver: \"%s\" is not in this program, choose one of %s", name, names);
  const char *reason = (*backend)->refuses(n, block, nprow, npcol);
  if (rows && !(*backend)->rows) reason = "it has eigenvalues alone, no right-hand sides";
  if (!reason) return NLRMT_OK;
  nlrmt_fail(err, NLRMT_ERR_CONFIG, "eigensolver: %s cannot solve order %lld on %d x %d ranks: %s",
             (*backend)->name, (long long)n, nprow, npcol, reason);
  *backend = NULL;
  return err->status;
}

nlrmt_status nlrmt_eig_solve(const nlrmt_eig_backend *backend, nlrmt_dmat *a, double *lambda,
                             nlrmt_eig_times *times, nlrmt_error *err) {
  if (!backend->single && nlrmt_dmat_widen(a, err) != NLRMT_OK) return err->status;
  return backend->solve(a, lambda, times, err);
}

void nlrmt_eig_verify_matrix(const nlrmt_dmat *a, nlrmt_error *err) {
  int bad = 0;
  for (int64_t j = 0; j < a->cols; j++)
    if (a->single)
      for (int64_t i = 0; i < a->rows; i++) bad |= !(fabsf(a->s[j * a->ld + i]) <= FLT_MAX);
    else
      for (int64_t i = 0; i < a->rows; i++) bad |= !(fabs(a->a[j * a->ld + i]) <= DBL_MAX);
  if (bad)
    nlrmt_fail(err, NLRMT_ERR_NUMERIC,
               "eigenvalues: the matrix has an entry that is not finite, look for overflow in it");
}

void nlrmt_eig_verify(const char *routine, int info, int64_t n, const double *lambda,
                      nlrmt_error *err) {
  if (nlrmt_fault("eig.info")) info = 1;
  if (info != 0) {
    nlrmt_fail(err, NLRMT_ERR_NUMERIC, "eigenvalues: %s failed with INFO = %d", routine, info);
    return;
  }
  for (int64_t i = 0; i < n; i++)
    if (!isfinite(lambda[i])) {
      nlrmt_fail(err, NLRMT_ERR_NUMERIC, "eigenvalues: %s: value %lld of %lld is not finite",
                 routine, (long long)i + 1, (long long)n);
      return;
    }
}

void nlrmt_eig_tridiagonal(int64_t n, double *d, double *e, nlrmt_error *err) {
  int order = (int)n, info = 0;
  /* DSTERF does not return from a NaN in some versions. */
  nlrmt_eig_verify("reduction to tridiagonal form", 0, n, d, err);
  nlrmt_eig_verify("reduction to tridiagonal form", 0, n - 1, e, err);
  if (err->status != NLRMT_OK) return;
  dsterf_(&order, d, e, &info);
  nlrmt_eig_verify("DSTERF", info, n, d, err);
}

nlrmt_status
nlrmt_eig_solve_reduced(nlrmt_status (*reduce)(nlrmt_dmat *a, nlrmt_rows *c, double *d, double *e,
                                               nlrmt_eig_times *times, nlrmt_error *err),
                        nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err) {
  double *off = nlrmt_fault("eig.malloc") ? NULL : malloc((size_t)(a->n + 1) * sizeof *off);
  if (!off) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "eigenvalues: no memory for the workspace");
  if (nlrmt_comm_agree(a->grid->comm, err) == NLRMT_OK &&
      reduce(a, NULL, lambda, off, times, err) == NLRMT_OK) {
    double start = MPI_Wtime();
    nlrmt_eig_tridiagonal(a->n, lambda, off, err);
    times->eigen_s = MPI_Wtime() - start;
  }
  free(off);
  return nlrmt_comm_agree(a->grid->comm, err);
}

/* Collective. Z of T, distributed like A would be. */
static nlrmt_status tridiagonal_vectors(const nlrmt_rows *c, double *d, double *e, nlrmt_dmat **z,
                                        nlrmt_error *err) {
  int n = (int)c->n, one = 1, info = 0, lwork = -1, liwork = -1, wanted_int = 0;
  double wanted = 0;
  if (nlrmt_dmat_create(c->grid, c->n, c->block, z, err) != NLRMT_OK) return err->status;
  pdstedc_("I", &n, d, e, (*z)->a, &one, &one, (*z)->desc, &wanted, &lwork, &wanted_int, &liwork,
           &info);
  if (wanted > 2e9)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE,
               "eigenvectors: PDSTEDC's workspace is beyond 32-bit counts, use more ranks");
  lwork = err->status == NLRMT_OK ? (int)wanted + 1024 : 1;
  liwork = wanted_int + 1024;
  double *work = malloc((size_t)lwork * sizeof *work);
  int *iwork = malloc((size_t)liwork * sizeof *iwork);
  if (!work || !iwork) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "eigenvectors: no memory");
  if (nlrmt_comm_agree(c->grid->comm, err) == NLRMT_OK) {
    pdstedc_("I", &n, d, e, (*z)->a, &one, &one, (*z)->desc, work, &lwork, iwork, &liwork, &info);
    nlrmt_eig_verify("PDSTEDC", info, c->n, d, err);
  }
  free(work);
  free(iwork);
  return nlrmt_comm_agree(c->grid->comm, err);
}

nlrmt_status nlrmt_eig_finish_rows(nlrmt_rows *c, double *d, double *e, nlrmt_error *err) {
  nlrmt_dmat *z = NULL;
  bool diagonal = true;
  for (int64_t i = 0; i + 1 < c->n; i++) diagonal = diagonal && e[i] == 0 && d[i] <= d[i + 1];
  if (diagonal) return NLRMT_OK; /* the same on every rank */
  if (tridiagonal_vectors(c, d, e, &z, err) == NLRMT_OK) nlrmt_rows_multiply(c, z, err);
  nlrmt_dmat_destroy(&z);
  return err->status;
}
