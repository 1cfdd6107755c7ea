/* Template (REAL, GEMM): QR of a tall panel, the reflections in compact form.
 *
 * Recursive: the left half, its reflections applied to the right half by products of matrices, the
 * right half. NARROW columns by passes over them with vectors, once for each instruction set. */
#ifndef NLRMT_LINALG_EIG_BAND_PANEL_H
#define NLRMT_LINALG_EIG_BAND_PANEL_H

#include <math.h>

#include "eig_band.h"

#define INLINE static inline __attribute__((always_inline))

enum { NARROW = 8, LANES = 64 / sizeof(REAL), GROUP = 4 };

typedef REAL vec __attribute__((vector_size(64), aligned(sizeof(REAL)), may_alias));

INLINE REAL total(const vec *x) {
  REAL sum = 0;
  for (int k = 0; k < LANES; k++) sum += (*x)[k];
  return sum;
}

/* out[j] = v'a_j, j < count <= GROUP, a_j = a + j ld. */
INLINE void dots_of(int count, int64_t rows, const REAL *v, const REAL *a, int64_t ld, REAL *out) {
  vec sum[GROUP] = {{0}};
  int64_t i = 0;
  for (; i + LANES <= rows; i += LANES) {
    vec x = *(const vec *)(v + i);
    for (int j = 0; j < count; j++) sum[j] += x * *(const vec *)(a + j * ld + i);
  }
  for (int j = 0; j < count; j++) {
    out[j] = total(&sum[j]);
    for (int64_t r = i; r < rows; r++) out[j] += v[r] * a[j * ld + r];
  }
}

INLINE void dots(int count, int64_t rows, const REAL *v, const REAL *a, int64_t ld, REAL *out) {
  int j = 0;
  for (; j + GROUP <= count; j += GROUP) dots_of(GROUP, rows, v, a + j * ld, ld, out + j);
  for (; j < count; j++) dots_of(1, rows, v, a + j * ld, ld, out + j);
}

/* a_j -= c[j] v, j < count <= GROUP. */
INLINE void subtract_of(int count, int64_t rows, const REAL *v, const REAL *c, REAL *a,
                        int64_t ld) {
  int64_t i = 0;
  vec factor[GROUP] = {{0}};
  for (int j = 0; j < count; j++) factor[j] = c[j] - (vec){0};
  for (; i + LANES <= rows; i += LANES) {
    vec x = *(const vec *)(v + i);
    for (int j = 0; j < count; j++) *(vec *)(a + j * ld + i) -= factor[j] * x;
  }
  for (int j = 0; j < count; j++)
    for (int64_t r = i; r < rows; r++) a[j * ld + r] -= c[j] * v[r];
}

INLINE void subtract(int count, int64_t rows, const REAL *v, const REAL *c, REAL *a, int64_t ld) {
  int j = 0;
  for (; j + GROUP <= count; j += GROUP) subtract_of(GROUP, rows, v, c + j, a + j * ld, ld);
  for (; j < count; j++) subtract_of(1, rows, v, c + j, a + j * ld, ld);
}

/* v from x[rows], in its place, v[0] = 1; *beta: what the reflection makes of x[0]. Squares that
 * are nothing beside those of the matrix, whose entries are of order 1, count as 0. */
INLINE REAL reflect(int64_t rows, REAL *x, REAL *beta) {
  REAL squares, first = x[0];
  dots_of(1, rows - 1, x + 1, x + 1, 0, &squares);
  bool nothing = squares < (sizeof(REAL) == 4 ? (REAL)1e-30 : (REAL)1e-290);
  REAL norm = (REAL)sqrt((double)first * (double)first + (double)squares);
  *beta = nothing ? first : first > 0 ? -norm : norm;
  REAL zero = 0, scale = nothing ? zero : 1 / (first - *beta);
  for (int64_t i = 1; i < rows; i++) x[i] *= scale;
  x[0] = 1;
  return nothing ? zero : (*beta - first) / *beta;
}

/* `count` <= NARROW columns: V into a, R and T into r and t, both with leading dimension
 * NLRMT_BAND. rows >= count. */
INLINE void narrow_body(int count, int64_t rows, REAL *a, int64_t ld, REAL *r, REAL *t) {
  REAL c[NARROW], beta;
  for (int j = 0; j < count; j++) {
    REAL *column = a + j * ld, *mine = t + j * NLRMT_BAND;
    for (int i = 0; i < j; i++) {
      r[j * NLRMT_BAND + i] = column[i];
      column[i] = 0;
    }
    REAL tau = reflect(rows - j, column + j, &beta);
    r[j * NLRMT_BAND + j] = beta;
    dots(count - j - 1, rows - j, column + j, column + ld + j, ld, c);
    for (int k = 0; k < count - j - 1; k++) c[k] *= tau;
    subtract(count - j - 1, rows - j, column + j, c, column + ld + j, ld);
    dots(j, rows - j, column + j, a + j, ld, c);
    for (int i = 0; i < j; i++) { /* t[0:j, j] = -tau T V'v_j */
      mine[i] = 0;
      for (int k = i; k < j; k++) mine[i] -= tau * t[k * NLRMT_BAND + i] * c[k];
    }
    mine[j] = tau;
  }
}

static void narrow_generic(int count, int64_t rows, REAL *a, int64_t ld, REAL *r, REAL *t) {
  narrow_body(count, rows, a, ld, r, t);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void narrow_avx2(int count, int64_t rows, REAL *a,
                                                            int64_t ld, REAL *r, REAL *t) {
  narrow_body(count, rows, a, ld, r, t);
}

__attribute__((target("avx512f"))) static void narrow_avx512(int count, int64_t rows, REAL *a,
                                                             int64_t ld, REAL *r, REAL *t) {
  narrow_body(count, rows, a, ld, r, t);
}
#endif

static void narrow(int count, int64_t rows, REAL *a, int64_t ld, REAL *r, REAL *t) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    narrow_avx512(count, rows, a, ld, r, t);
    return;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    narrow_avx2(count, rows, a, ld, r, t);
    return;
  }
#endif
  narrow_generic(count, rows, a, ld, r, t);
}

static void multiply(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int64_t m, int64_t n, int64_t k,
                     REAL alpha, const REAL *a, int64_t lda, const REAL *b, int64_t ldb, REAL beta,
                     REAL *c, int64_t ldc) {
  GEMM(CblasColMajor, ta, tb, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c,
       (int)ldc);
}

/* Local. The panel a, rows x count with rows >= count <= NLRMT_BAND, = (1 - V T V') (R; 0): V,
 * explicit, takes a's place; upper triangles R and T, leading dimension NLRMT_BAND (what is below
 * their diagonals is not touched). Entries of order 1 or less. */
static void panel_qr(int count, int64_t rows, REAL *a, int64_t ld, REAL *r, REAL *t) {
  if (count <= NARROW) {
    narrow(count, rows, a, ld, r, t);
    return;
  }
  enum { LD = NLRMT_BAND };
  int left = (count / 2 + NARROW - 1) / NARROW * NARROW, right = count - left;
  REAL w[NLRMT_BAND * NLRMT_BAND / 4 + NLRMT_BAND], x[sizeof w / sizeof *w], *a2 = a + left * ld;
  panel_qr(left, rows, a, ld, r, t);
  multiply(CblasTrans, CblasNoTrans, left, right, rows, 1, a, ld, a2, ld, 0, w, left);
  multiply(CblasTrans, CblasNoTrans, left, right, left, 1, t, LD, w, left, 0, x, left);
  multiply(CblasNoTrans, CblasNoTrans, rows, right, left, -1, a, ld, x, left, 1, a2, ld);
  for (int j = 0; j < right; j++)
    for (int i = 0; i < left; i++) {
      r[(left + j) * LD + i] = a2[j * ld + i];
      a2[j * ld + i] = 0;
    }
  panel_qr(right, rows - left, a2 + left, ld, r + left * LD + left, t + left * LD + left);
  multiply(CblasTrans, CblasNoTrans, left, right, rows, 1, a, ld, a2, ld, 0, w, left);
  multiply(CblasNoTrans, CblasNoTrans, left, right, left, -1, t, LD, w, left, 0, x, left);
  multiply(CblasNoTrans, CblasNoTrans, left, right, right, 1, x, left, t + left * LD + left, LD, 0,
           t + left * LD, LD);
}

#endif
