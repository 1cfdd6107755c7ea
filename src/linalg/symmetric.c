#include "nlrmt/symmetric.h"

#include <math.h>
#include <stdlib.h>

#include "lapack.h"

nlrmt_status nlrmt_symmetric_eigen(size_t n, bool vectors, double *a, double *lambda,
                                   nlrmt_error *err) {
  const int order = (int)n;
  const char *job = vectors ? "V" : "N";
  int lwork = -1, liwork = -1, isize, info;
  double size;
  dsyevd_(job, "L", &order, a, &order, lambda, &size, &lwork, &isize, &liwork, &info);
  lwork = (int)size, liwork = isize;
  double *work = malloc((size_t)lwork * sizeof *work);
  int *iwork = malloc((size_t)liwork * sizeof *iwork);
  if (!work || !iwork) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: eigenvalues of a matrix of order %zu", n);
  } else {
    dsyevd_(job, "L", &order, a, &order, lambda, work, &lwork, iwork, &liwork, &info);
    if (info != 0 || !isfinite(lambda[0]) || !isfinite(lambda[n - 1]))
      nlrmt_fail(err, NLRMT_ERR_NUMERIC, "dsyevd: order %zu: no eigenvalues (info %d)", n, info);
  }
  free(work);
  free(iwork);
  return err->status;
}
