/* DSYTRD + DSTERF on one rank, with all of its threads. */
#include <stdlib.h>

#include "eig_backends.h"
#include "scalapack.h"

static const char *refuses(int64_t n, int block, int nprow, int npcol) {
  (void)block;
  if (n > 46340) return "n * n must fit LAPACK's 32-bit indices";
  return nprow * npcol == 1 ? NULL : "it runs on one rank only";
}

/* 4 n + 1 and DSYTRD's n * NB, NB at most 64 in every known library. */
static size_t bytes(int64_t n, int block, int nprow, int npcol) {
  (void)block, (void)nprow, (void)npcol;
  return (size_t)(68 * n + 64) * sizeof(double);
}

/* Local. work: [lwork] with lwork < 0 a query answered in work[0]. */
static void reduce(nlrmt_dmat *a, double *d, double *e, double *tau, double *work, int lwork,
                   int *info) {
  int n = (int)a->n, ld = (int)a->ld;
  dsytrd_("L", &n, a->a, &ld, d, e, tau, work, &lwork, info);
}

static nlrmt_status solve(nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err) {
  int64_t n = a->n;
  int info = 0;
  double optimal = 1, start = MPI_Wtime();
  *times = (nlrmt_eig_times){0, 0};
  nlrmt_eig_verify_matrix(a, err);
  if (nlrmt_comm_agree(a->grid->comm, err) != NLRMT_OK || n == 0) return err->status;
  double dummy = 0;
  reduce(a, &dummy, &dummy, &dummy, &optimal, -1, &info);
  int lwork = (int)optimal;
  double *e = malloc((size_t)(2 * n + lwork) * sizeof *e);
  if (!e) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "lapack: no memory for the workspace");
  if (err->status == NLRMT_OK) {
    reduce(a, lambda, e, e + n, e + 2 * n, lwork, &info);
    times->reduce_s = MPI_Wtime() - start;
    nlrmt_eig_verify("DSYTRD", info, n, lambda, err);
  }
  if (err->status == NLRMT_OK) {
    nlrmt_eig_tridiagonal(n, lambda, e, err);
    times->eigen_s = MPI_Wtime() - start - times->reduce_s;
  }
  free(e);
  return nlrmt_comm_agree(a->grid->comm, err);
}

const nlrmt_eig_backend nlrmt_eig_lapack = {"lapack", refuses, bytes, solve};
