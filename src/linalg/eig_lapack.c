/* DSYTRD + DSTERF on one rank, with all of its threads. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "eig_backends.h"
#include "scalapack.h"

static const char *refuses(int64_t n, int block, int nprow, int npcol) {
  (void)block;
  if (n > 46340) return "n * n must fit LAPACK's 32-bit indices";
  return nprow * npcol == 1 ? NULL : "it runs on one rank only";
}

/* 4 n + 1, DSYTRD's n * NB and DORMTR's count * NB + 65 * 64, NB at most 64 in every known library.
 */
static size_t bytes(int64_t n, int block, int nprow, int npcol, int64_t count) {
  (void)block, (void)nprow, (void)npcol;
  return (size_t)(4 * n + 64 * (n > count ? n : count) + 8192) * sizeof(double);
}

/* Local. work: [lwork] with lwork < 0 a query answered in work[0]. */
static int tridiagonalise(nlrmt_dmat *a, double *d, double *e, double *tau, double *work,
                          int lwork) {
  int n = (int)a->n, ld = (int)a->ld, info = 0;
  dsytrd_("L", &n, a->a, &ld, d, e, tau, work, &lwork, &info);
  return info;
}

static int rotate(nlrmt_dmat *a, nlrmt_rows *c, const double *tau, double *work, int lwork) {
  int n = (int)a->n, count = (int)c->rows, ld = (int)a->ld, ldc = (int)c->ld, info = 0;
  dormtr_("R", "L", "N", &count, &n, a->a, &ld, tau, c->c, &ldc, work, &lwork, &info);
  return info;
}

static int workspace(nlrmt_dmat *a, nlrmt_rows *c) {
  double dummy = 0, tridiagonal = 1, rotation = 1;
  tridiagonalise(a, &dummy, &dummy, &dummy, &tridiagonal, -1);
  if (c) rotate(a, c, &dummy, &rotation, -1);
  return (int)fmax(tridiagonal, rotation);
}

/* SSYTRD: T of a matrix in single precision. */
static void reduce_single(nlrmt_dmat *a, double *d, double *e, nlrmt_error *err) {
  int n = (int)a->n, ld = (int)a->ld, lwork = -1, info = 0;
  float wanted = 1;
  ssytrd_("L", &n, a->s, &ld, &wanted, &wanted, &wanted, &wanted, &lwork, &info);
  lwork = (int)wanted;
  float *t = malloc((size_t)(3 * a->n + lwork) * sizeof *t), *off = t + n, *tau = off + n;
  if (!t) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "lapack: no memory for the workspace");
    return;
  }
  ssytrd_("L", &n, a->s, &ld, t, off, tau, tau + n, &lwork, &info);
  for (int i = 0; i < n; i++) d[i] = t[i];
  for (int i = 0; i + 1 < n; i++) e[i] = off[i];
  nlrmt_eig_verify("SSYTRD", info, n, d, err);
  free(t);
}

static nlrmt_status reduce(nlrmt_dmat *a, nlrmt_rows *c, double *d, double *e,
                           nlrmt_eig_times *times, nlrmt_error *err) {
  double start = MPI_Wtime();
  *times = (nlrmt_eig_times){0};
  nlrmt_eig_verify_matrix(a, err);
  if (nlrmt_comm_agree(a->grid->comm, err) != NLRMT_OK || a->n == 0) return err->status;
  if (a->single) {
    assert(!c);
    reduce_single(a, d, e, err);
    times->reduce_s = MPI_Wtime() - start;
    return err->status;
  }
  int lwork = workspace(a, c);
  double *tau = malloc((size_t)(a->n + lwork) * sizeof *tau), *work = tau + a->n;
  if (!tau) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "lapack: no memory for the workspace");
  if (err->status == NLRMT_OK)
    nlrmt_eig_verify("DSYTRD", tridiagonalise(a, d, e, tau, work, lwork), a->n, d, err);
  if (err->status == NLRMT_OK && c && c->count > 0)
    nlrmt_eig_verify("DORMTR", rotate(a, c, tau, work, lwork), 0, NULL, err);
  free(tau);
  times->reduce_s = MPI_Wtime() - start;
  return nlrmt_comm_agree(a->grid->comm, err);
}

static nlrmt_status solve(nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err) {
  return nlrmt_eig_solve_reduced(reduce, a, lambda, times, err);
}

const nlrmt_eig_backend nlrmt_eig_lapack = {.name = "lapack",
                                            .single = true,
                                            .rows = true,
                                            .refuses = refuses,
                                            .bytes = bytes,
                                            .solve = solve,
                                            .reduce = reduce};
