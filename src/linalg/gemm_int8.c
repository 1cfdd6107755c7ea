/* Exact products of small integers: oneDNN's matmul primitive (8-10 times the rate of dgemm on CPUs
 * with VNNI or AMX), or plain C. */
#include <assert.h>
#include <limits.h>
#include <string.h>

#include "nlrmt/blas.h"
#include "nlrmt/gemm.h"

#ifdef NLRMT_HAVE_ONEDNN
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#endif

/* Tiles of A and B that stay in the second-level cache; the sums over a stretch of the inner
 * dimension are vectorised by the compiler. */
void nlrmt_gemm_int8_plain(int64_t rows, int64_t cols, int64_t inner, int64_t ld, const int8_t *a,
                           const int8_t *b, int32_t *c, int64_t ldc) {
  enum { ROWS = 64, STRETCH = 1024 };
  for (int64_t j = 0; j < cols; j++) memset(c + j * ldc, 0, (size_t)rows * sizeof *c);
  for (int64_t i0 = 0; i0 < rows; i0 += ROWS)
    for (int64_t k0 = 0; k0 < inner; k0 += STRETCH) {
      int64_t i1 = i0 + ROWS < rows ? i0 + ROWS : rows;
      int64_t length = inner - k0 < STRETCH ? inner - k0 : STRETCH;
      for (int64_t j = 0; j < cols; j++)
        for (int64_t i = i0; i < i1; i++) {
          const int8_t *x = a + i * ld + k0, *y = b + j * ld + k0;
          int32_t sum = 0;
          for (int64_t k = 0; k < length; k++) sum += x[k] * y[k];
          c[j * ldc + i] += sum;
        }
    }
}

#ifdef NLRMT_HAVE_ONEDNN
/* Made with the first product and kept: the CPU and the one stream of calls to it. */
static dnnl_engine_t engine;
static dnnl_stream_t stream;

static bool ready(void) {
  if (stream) return true;
  return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success &&
         dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success;
}

/* A row-major matrix in memory that is the caller's. */
static bool view(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride,
                 dnnl_data_type_t type, const void *data, dnnl_memory_desc_t *desc,
                 dnnl_memory_t *memory) {
  const dnnl_dims_t size = {rows, cols}, stride = {row_stride, col_stride};
  return dnnl_memory_desc_init_by_strides(desc, 2, size, type, stride) == dnnl_success &&
         dnnl_memory_create(memory, desc, engine, (void *)data) == dnnl_success;
}

/* Row-major as oneDNN sees them: C' [cols][rows] = B [cols][inner] times A' [inner][rows]. */
bool nlrmt_gemm_int8_onednn(int64_t rows, int64_t cols, int64_t inner, int64_t ld, const int8_t *a,
                            const int8_t *b, int32_t *c, int64_t ldc) {
  dnnl_memory_desc_t desc[3];
  dnnl_memory_t memory[3] = {NULL, NULL, NULL};
  dnnl_matmul_desc_t product;
  dnnl_primitive_desc_t choice = NULL;
  dnnl_primitive_t primitive = NULL;
  bool good = ready() && view(cols, inner, ld, 1, dnnl_s8, b, &desc[0], &memory[0]) &&
              view(inner, rows, 1, ld, dnnl_s8, a, &desc[1], &memory[1]) &&
              view(cols, rows, ldc, 1, dnnl_s32, c, &desc[2], &memory[2]) &&
              dnnl_matmul_desc_init(&product, &desc[0], &desc[1], NULL, &desc[2]) == dnnl_success &&
              dnnl_primitive_desc_create(&choice, &product, NULL, engine, NULL) == dnnl_success &&
              dnnl_primitive_create(&primitive, choice) == dnnl_success;
  const dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_SRC, memory[0]}, {DNNL_ARG_WEIGHTS, memory[1]}, {DNNL_ARG_DST, memory[2]}};
  good = good && dnnl_primitive_execute(primitive, stream, 3, arguments) == dnnl_success &&
         dnnl_stream_wait(stream) == dnnl_success;
  if (primitive) dnnl_primitive_destroy(primitive);
  if (choice) dnnl_primitive_desc_destroy(choice);
  for (int i = 0; i < 3; i++)
    if (memory[i]) dnnl_memory_destroy(memory[i]);
  return good;
}

const char *nlrmt_gemm_int8_name(void) {
  static char name[48];
  const dnnl_version_t *v = dnnl_version();
  snprintf(name, sizeof name, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
  return name;
}
#else
bool nlrmt_gemm_int8_onednn(int64_t rows, int64_t cols, int64_t inner, int64_t ld, const int8_t *a,
                            const int8_t *b, int32_t *c, int64_t ldc) {
  (void)rows, (void)cols, (void)inner, (void)ld, (void)a, (void)b, (void)c, (void)ldc;
  return false;
}

const char *nlrmt_gemm_int8_name(void) {
  return "plain C";
}
#endif

void nlrmt_gemm_tn_int8(int64_t rows, int64_t cols, int64_t inner, int64_t ld, const int8_t *a,
                        const int8_t *b, int32_t *c, int64_t ldc) {
  if (rows == 0 || cols == 0) return;
  assert(inner > 0 && inner <= 1 << 19 && ld >= inner && ldc >= rows);
#ifdef NLRMT_HAVE_ONEDNN
  omp_set_num_threads(nlrmt_blas_threads());
#endif
  if (!nlrmt_gemm_int8_onednn(rows, cols, inner, ld, a, b, c, ldc))
    nlrmt_gemm_int8_plain(rows, cols, inner, ld, a, b, c, ldc);
}
