#include "nlrmt/mixture.h"

#include <assert.h>

#include "nlrmt/rng.h"

/* The component whose stretch of (0, 1) holds u; the last one with p > 0 takes what rounding leaves
 * over. */
static int pick(const nlrmt_mixture *mixture, double u) {
  int last = mixture->count - 1;
  double below = 0;
  while (last > 0 && mixture->p[last] == 0) last--;
  for (int k = 0; k < last; k++) {
    below += mixture->p[k];
    if (u < below) return k;
  }
  return last;
}

void nlrmt_mixture_draw(const nlrmt_mixture *mixture, uint64_t seed, uint32_t trial, uint32_t layer,
                        uint32_t first, size_t count, int *component) {
  const nlrmt_stream stream = {
      .seed = seed, .trial = trial, .layer = layer, .matrix = NLRMT_MATRIX_C};
  assert(mixture->count >= 1 && mixture->count <= NLRMT_COMPONENTS_MAX);
  for (size_t i = 0; i < count; i++)
    component[i] =
        mixture->count == 1 ? 0 : pick(mixture, nlrmt_rng_uniform(&stream, first + (uint32_t)i));
}
