#include "nlrmt/precision.h"

#include <math.h>

#include "nlrmt/gemm.h"
#include "nlrmt/rng.h"

size_t nlrmt_precision_entry(nlrmt_precision mode) {
  return mode == NLRMT_PRECISION_FAST     ? sizeof(int8_t)
         : mode == NLRMT_PRECISION_SINGLE ? sizeof(float)
                                          : sizeof(double);
}

size_t nlrmt_precision_feature(nlrmt_precision mode) {
  _Static_assert(sizeof(int32_t) == sizeof(float), "a feature replaces its preactivation");
  return mode == NLRMT_PRECISION_DOUBLE ? sizeof(double) : sizeof(float);
}

int64_t nlrmt_precision_stride(nlrmt_precision mode, int64_t n0) {
  enum { LINE = 64 };
  return mode == NLRMT_PRECISION_FAST ? ((n0 + LINE - 1) / LINE | 1) * LINE : n0;
}

void nlrmt_precision_multiply(nlrmt_precision mode, int64_t rows, int64_t cols, int64_t inner,
                              const void *a, const void *b, void *z, int64_t ldz) {
  if (mode == NLRMT_PRECISION_FAST)
    nlrmt_gemm_tn_int8(rows, cols, inner, nlrmt_precision_stride(mode, inner), a, b, z, ldz);
  else if (mode == NLRMT_PRECISION_SINGLE)
    nlrmt_gemm_tn_single(rows, cols, inner, a, b, z, ldz);
  else
    nlrmt_gemm_tn(rows, cols, inner, a, b, z, ldz);
}

double nlrmt_precision_step(const nlrmt_params *p) {
  if (p->precision != NLRMT_PRECISION_FAST) return 1;
  double unit = nlrmt_rng_deviation();
  return p->sigma_w / sqrt((double)p->n0) / unit * (p->sigma_x / unit);
}

void nlrmt_precision_apply(nlrmt_precision mode, double step, const nlrmt_activation *f,
                           size_t count, const double *bias, void *z) {
  enum { RUN = 512 }; /* stays in the first-level cache */
  double wide[RUN];
  if (mode == NLRMT_PRECISION_DOUBLE) {
    nlrmt_activation_apply(f, count, bias, z);
    return;
  }
  for (size_t i = 0; i < count; i += RUN) {
    size_t run = count - i < RUN ? count - i : RUN;
    float *feature = (float *)z + i;
    const int32_t *sum = (const int32_t *)z + i;
    if (mode == NLRMT_PRECISION_FAST)
      for (size_t k = 0; k < run; k++) wide[k] = step * sum[k];
    else
      for (size_t k = 0; k < run; k++) wide[k] = feature[k];
    nlrmt_activation_apply(f, run, bias + i, wide);
    for (size_t k = 0; k < run; k++) feature[k] = (float)wide[k];
  }
}
