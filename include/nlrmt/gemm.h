/* gemm: the one local matrix product that feeds a trial. */
#ifndef NLRMT_GEMM_H
#define NLRMT_GEMM_H

#include <stdint.h>

/* Local. C = A'B: A is [rows][inner], B is [cols][inner] (vectors of `inner` contiguous
 * components), C is [cols][rows] with leading dimension ldc >= rows. All dimensions < 2^31; empty
 * ones allowed. */
void nlrmt_gemm_tn(int64_t rows, int64_t cols, int64_t inner, const double *a, const double *b,
                   double *c, int64_t ldc);

/* Local. C += alpha A B: a is rows x inner with leading dimension lda, b inner x cols (ldb), c rows
 * x cols (ldc), all column-major. */
void nlrmt_gemm_add(int64_t rows, int64_t cols, int64_t inner, double alpha, const double *a,
                    int64_t lda, const double *b, int64_t ldb, double *c, int64_t ldc);

#endif
