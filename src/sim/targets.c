#include "nlrmt/targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/gemm.h"

nlrmt_status nlrmt_targets_create(const nlrmt_params *params, int trial, int64_t first,
                                  int64_t rows, nlrmt_targets *targets, nlrmt_error *err) {
  *targets = (nlrmt_targets){.params = params, .trial = trial, .first = first, .rows = rows};
  if (params->sigma_a == 0 || rows == 0) return NLRMT_OK;
  size_t n0 = (size_t)params->n0;
  targets->a = malloc((size_t)rows * n0 * sizeof *targets->a);
  if (!targets->a)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld x %lld entries of A",
                      (long long)rows, (long long)n0);
  nlrmt_stream stream = {params->seed, (uint32_t)trial, 0, NLRMT_MATRIX_A};
  double scale = params->sigma_a / sqrt((double)n0);
  for (int64_t r = 0; r < rows; r++)
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, scale, (uint32_t)(first + r), 0, n0,
                      targets->a + (size_t)r * n0);
  return NLRMT_OK;
}

void nlrmt_targets_clear(nlrmt_targets *targets) {
  free(targets->a);
  targets->a = NULL;
}

void nlrmt_targets_signal(const nlrmt_targets *targets, int64_t cols, const double *x, double *y,
                          int64_t ld) {
  if (targets->a)
    nlrmt_gemm_tn(targets->rows, cols, targets->params->n0, targets->a, x, y, ld);
  else
    for (int64_t l = 0; l < cols; l++) memset(y + l * ld, 0, (size_t)targets->rows * sizeof *y);
}

void nlrmt_targets_noise(const nlrmt_targets *targets, int64_t sample, double *y) {
  enum { PIECE = 256 };
  double noise[PIECE];
  const nlrmt_params *p = targets->params;
  if (p->sigma_eps == 0) return;
  nlrmt_stream stream = {p->seed, (uint32_t)targets->trial, 0, NLRMT_MATRIX_E};
  for (int64_t r = 0; r < targets->rows; r += PIECE) {
    int64_t count = targets->rows - r < PIECE ? targets->rows - r : PIECE;
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, p->sigma_eps, (uint32_t)sample,
                      (uint64_t)(targets->first + r), (size_t)count, noise);
    for (int64_t k = 0; k < count; k++) y[r + k] += noise[k];
  }
}

void nlrmt_sides_clear(nlrmt_sides *sides) {
  nlrmt_rows_destroy(&sides->rows);
}
