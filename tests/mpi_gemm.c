/* Products of small integers: oneDNN's and plain C's against a triple loop, equal to the last bit.
 * Local, but what it links needs MPI; every rank does the same. */
#include "nlrmt/gemm.h"

#include <stdlib.h>

#include "check.h"
#include "nlrmt/comm.h"

/* From -63 to 63; `extreme`: only these two, in phase, so that sums are as large as they can be. */
static void fill(int64_t count, uint64_t seed, bool extreme, int8_t *x) {
  for (int64_t i = 0; i < count; i++) {
    uint64_t h = ((uint64_t)i + seed) * 0x9e3779b97f4a7c15u;
    int k = (int)((h >> 40) % 127) - 63;
    x[i] = (int8_t)(extreme ? (i % 2 ? 63 : -63) : k);
  }
}

static void compare(int64_t rows, int64_t cols, int64_t inner, bool extreme) {
  int64_t ldc = rows + 3, ld = inner + inner % 4, wrong[3] = {0};
  int8_t *a = malloc((size_t)(rows * ld)), *b = malloc((size_t)(cols * ld));
  int32_t *c = malloc(3 * (size_t)(cols * ldc) * sizeof *c);
  fill(rows * ld, 1, extreme, a);
  fill(cols * ld, 77, extreme, b);
  for (int64_t i = 0; i < 3 * cols * ldc; i++) c[i] = -9;
  nlrmt_gemm_tn_int8(rows, cols, inner, ld, a, b, c, ldc);
  nlrmt_gemm_int8_plain(rows, cols, inner, ld, a, b, c + cols * ldc, ldc);
  bool library = nlrmt_gemm_int8_onednn(rows, cols, inner, ld, a, b, c + 2 * cols * ldc, ldc);
  for (int64_t j = 0; j < cols; j++)
    for (int64_t i = 0; i < ldc; i++) {
      int64_t sum = i < rows ? 0 : -9; /* between the columns nothing is written */
      for (int64_t k = 0; k < inner && i < rows; k++) sum += a[i * ld + k] * b[j * ld + k];
      for (int v = 0; v < (library ? 3 : 2); v++)
        wrong[v] += c[v * cols * ldc + j * ldc + i] != sum;
    }
  CHECK(wrong[0] == 0 && wrong[1] == 0 && wrong[2] == 0,
        "%lld x %lld x %lld: wrong %lld, plain %lld, oneDNN %lld", (long long)rows, (long long)cols,
        (long long)inner, (long long)wrong[0], (long long)wrong[1], (long long)wrong[2]);
  free(a);
  free(b);
  free(c);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  static const int64_t sizes[][3] = {{1, 1, 1},     {2, 3, 5},      {64, 64, 64},
                                     {65, 129, 63}, {100, 7, 1025}, {31, 200, 333}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int extreme = 0; extreme < 2; extreme++)
      compare(sizes[i][0], sizes[i][1], sizes[i][2], extreme);
  compare(3, 5, 1 << 19, true); /* the longest sums that fit */
  int32_t untouched = 5;
  nlrmt_gemm_tn_int8(0, 1, 4, 4, NULL, NULL, &untouched, 1);
  CHECK(untouched == 5, "an empty product writes");
  int status = check_end("mpi_gemm", comm.rank);
  nlrmt_comm_clear(&comm);
  MPI_Finalize();
  return status;
}
