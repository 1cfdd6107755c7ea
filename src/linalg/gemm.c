#include "nlrmt/gemm.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>

void nlrmt_gemm_tn(int64_t rows, int64_t cols, int64_t inner, const double *a, const double *b,
                   double *c, int64_t ldc) {
  if (rows == 0 || cols == 0) return;
  assert(rows <= INT_MAX && cols <= INT_MAX && inner > 0 && inner <= INT_MAX && ldc <= INT_MAX);
  cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)rows, (int)cols, (int)inner, 1.0, a,
              (int)inner, b, (int)inner, 0.0, c, (int)ldc);
}

void nlrmt_gemm_tn_single(int64_t rows, int64_t cols, int64_t inner, const float *a, const float *b,
                          float *c, int64_t ldc) {
  if (rows == 0 || cols == 0) return;
  assert(rows <= INT_MAX && cols <= INT_MAX && inner > 0 && inner <= INT_MAX && ldc <= INT_MAX);
  cblas_sgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)rows, (int)cols, (int)inner, 1.0f, a,
              (int)inner, b, (int)inner, 0.0f, c, (int)ldc);
}

void nlrmt_gemm_add(int64_t rows, int64_t cols, int64_t inner, double alpha, const double *a,
                    int64_t lda, const double *b, int64_t ldb, double *c, int64_t ldc) {
  if (rows == 0 || cols == 0 || inner == 0) return;
  assert(rows <= INT_MAX && cols <= INT_MAX && inner <= INT_MAX);
  assert(lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)rows, (int)cols, (int)inner, alpha, a,
              (int)lda, b, (int)ldb, 1.0, c, (int)ldc);
}
