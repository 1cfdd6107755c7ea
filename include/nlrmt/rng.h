/* rng: every random number is a pure function of (seed, trial, layer, matrix, vector, component).
 *
 * Counter-based (Philox4x32-10, Salmon et al. 2011, as in Random123): any process grid, block size,
 * strip height, batch or restart draws the same matrices, each rank draws its own part alone, and
 * any trial can be redone by itself. The same bits on every instruction set: only IEEE operations
 * in fixed order, no fused multiply-add, no libm.
 *
 * A random matrix is seen as vectors of n0 components: row a of W, column alpha of X. Counter
 * words: { component / 4, vector, trial, matrix | layer << 8 }, key = seed (low, high). One counter
 * gives four 32-bit words, hence four entries; component c uses the entry c % 4 of its counter.
 */
#ifndef NLRMT_RNG_H
#define NLRMT_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef enum { NLRMT_MATRIX_W = 1, NLRMT_MATRIX_X = 2, NLRMT_MATRIX_B = 3 } nlrmt_matrix;

typedef enum {
  NLRMT_ENTRIES_GAUSSIAN,
  NLRMT_ENTRIES_RADEMACHER,
  NLRMT_ENTRIES_UNIFORM /* on (-sqrt 3, sqrt 3) */
} nlrmt_entries;

typedef struct {
  uint64_t seed;
  uint32_t trial;
  uint32_t layer; /* < 2^24 */
  nlrmt_matrix matrix;
} nlrmt_stream;

/* Local. out[i] = scale * entry(vector, first + i), i < count; entries have mean 0, variance 1. */
void nlrmt_rng_entries(const nlrmt_stream *stream, nlrmt_entries law, double scale, uint32_t vector,
                       uint64_t first, size_t count, double *out);

/* Local. Uniform on (0, 1), 52 bits from words 0 and 1 of the counter of component 0; one a vector.
 */
double nlrmt_rng_uniform(const nlrmt_stream *stream, uint32_t vector);

#endif
