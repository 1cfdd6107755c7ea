/* gemm: the local matrix products that feed a trial. */
#ifndef NLRMT_GEMM_H
#define NLRMT_GEMM_H

#include <stdbool.h>
#include <stdint.h>

/* Local. C = A'B: A is [rows][inner], B is [cols][inner] (vectors of `inner` contiguous
 * components), C is [cols][rows] with leading dimension ldc >= rows. All dimensions < 2^31; empty
 * ones allowed. */
void nlrmt_gemm_tn(int64_t rows, int64_t cols, int64_t inner, const double *a, const double *b,
                   double *c, int64_t ldc);

/* Local. The same in single precision. */
void nlrmt_gemm_tn_single(int64_t rows, int64_t cols, int64_t inner, const float *a, const float *b,
                          float *c, int64_t ldc);

/* Local. The same for integers of at most 63 in size, which keeps oneDNN's kernels exact on every
 * instruction set; inner <= 2^19, so that the sums are exact too: the same bits from everywhere.
 * ld >= inner: components from one vector of A or B to the next. */
void nlrmt_gemm_tn_int8(int64_t rows, int64_t cols, int64_t inner, int64_t ld, const int8_t *a,
                        const int8_t *b, int32_t *c, int64_t ldc);

/* Local. nlrmt_gemm_tn_int8 without a library, and where it is compiled in, with oneDNN: for tests.
 * The latter returns false if oneDNN refused, C then undefined. */
void nlrmt_gemm_int8_plain(int64_t rows, int64_t cols, int64_t inner, int64_t ld, const int8_t *a,
                           const int8_t *b, int32_t *c, int64_t ldc);
bool nlrmt_gemm_int8_onednn(int64_t rows, int64_t cols, int64_t inner, int64_t ld, const int8_t *a,
                            const int8_t *b, int32_t *c, int64_t ldc);

/* Local. What multiplies integers here: for the record of a run, as "oneDNN 2.6.3" or "plain C". */
const char *nlrmt_gemm_int8_name(void);

/* Local. C += alpha A B: a is rows x inner with leading dimension lda, b inner x cols (ldb), c rows
 * x cols (ldc), all column-major. */
void nlrmt_gemm_add(int64_t rows, int64_t cols, int64_t inner, double alpha, const double *a,
                    int64_t lda, const double *b, int64_t ldb, double *c, int64_t ldc);

#endif
