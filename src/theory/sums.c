/* One body for every instruction set: vectors of eight lanes, which the compiler cuts to what there
 * is, and no contraction to fused operations, so that the bits are the same. */
#include "sums.h"

#include <math.h>
#include <string.h>

typedef double lanes __attribute__((vector_size(SUMS_LANES * sizeof(double)), may_alias));

#define INLINE static inline __attribute__((always_inline))

enum { UR, UI, VR, VI, UUR, UUI, UVR, UVI, VVR, VVI, UU, VV, SUMS };

INLINE void body(size_t count, const double *w, const double *u, const double *v, double constant,
                 const double a[4], double out[SUMS]) {
  lanes sum[SUMS] = {{0}};
  for (size_t k = 0; k < count; k += SUMS_LANES) {
    lanes wk, uk, vk;
    memcpy(&wk, w + k, sizeof wk);
    memcpy(&uk, u + k, sizeof uk);
    memcpy(&vk, v + k, sizeof vk);
    const lanes dr = constant + uk * a[0] + vk * a[2], di = uk * a[1] + vk * a[3];
    const lanes inv = 1 / (dr * dr + di * di), er = dr * inv, ei = -di * inv; /* 1/d */
    const lanes fr = er * er - ei * ei, fi = 2 * er * ei;
    const lanes wu = wk * uk, wv = wk * vk, wuu = wu * uk, wuv = wu * vk, wvv = wv * vk;
    sum[UR] += wu * er, sum[UI] += wu * ei;
    sum[VR] += wv * er, sum[VI] += wv * ei;
    sum[UUR] += wuu * fr, sum[UUI] += wuu * fi;
    sum[UVR] += wuv * fr, sum[UVI] += wuv * fi;
    sum[VVR] += wvv * fr, sum[VVI] += wvv * fi;
    sum[UU] += wuu * inv, sum[VV] += wvv * inv;
  }
  for (int i = 0; i < SUMS; i++) {
    out[i] = 0;
    for (int lane = 0; lane < SUMS_LANES; lane++) out[i] += sum[i][lane];
  }
}

typedef void variant(size_t count, const double *w, const double *u, const double *v,
                     double constant, const double a[4], double out[SUMS]);

static void generic(size_t count, const double *w, const double *u, const double *v,
                    double constant, const double a[4], double out[SUMS]) {
  body(count, w, u, v, constant, a, out);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void avx2(size_t count, const double *w, const double *u,
                                                 const double *v, double constant,
                                                 const double a[4], double out[SUMS]) {
  body(count, w, u, v, constant, a, out);
}

__attribute__((target("avx512f"))) static void avx512(size_t count, const double *w,
                                                      const double *u, const double *v,
                                                      double constant, const double a[4],
                                                      double out[SUMS]) {
  body(count, w, u, v, constant, a, out);
}
#endif

static variant *choose(void) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return avx512;
  if (__builtin_cpu_supports("avx2")) return avx2;
#endif
  return generic;
}

void sums_over(size_t count, const double *w, const double *u, const double *v, double constant,
               double complex A, double complex T, sums *out) {
  const double a[] = {creal(A), cimag(A), creal(T), cimag(T)};
  double s[SUMS];
  choose()(count, w, u, v, constant, a, s);
  *out = (sums){.u = CMPLX(s[UR], s[UI]), .v = CMPLX(s[VR], s[VI])};
  out->uu = CMPLX(s[UUR], s[UUI]);
  out->uv = CMPLX(s[UVR], s[UVI]);
  out->vv = CMPLX(s[VVR], s[VVI]);
  out->size_u = sqrt(s[UU]);
  out->size_v = sqrt(s[VV]);
}
