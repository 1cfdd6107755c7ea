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
 * Components are below 2^34.
 *
 * Gaussian entries are Box-Muller pairs sqrt(-2 log u) (cos, sin)(2 pi v), (u, v) = words (0, 1)
 * and (2, 3), each (w + 1/2) 2^-32: correct to 1e-11 relative as a function of the words, and
 * bounded by sqrt(66 log 2) = 6.764 (a true Gaussian exceeds that once in 7e10 entries).
 * Rademacher: the top bit of a word; uniform: sqrt 3 (2u - 1); exponential: -log u - 1, skewed
 * (third moment 2). Lattice: the discrete Gaussian on the integers |k| <= 63, P(k) ~ exp(-k^2/288),
 * so that entries are whole multiples of a step of 1/12 (to 1e-5); its first 8 moments are the
 * Gaussian's to 1e-4 or less. Student's t with dof degrees of freedom (Bailey 1994; a word of a
 * second counter gives the direction: matrix | 0x80): it has no moments from order dof on, so below
 * dof = 4 it violates what the theorems assume. u >= 2^-33 bounds it; all laws are scaled to
 * variance 1 of what is drawn, that bound included, which below dof = 2.5 is more than 1 % of the
 * variance.
 */
#ifndef NLRMT_RNG_H
#define NLRMT_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
  NLRMT_MATRIX_W = 1,
  NLRMT_MATRIX_X = 2,
  NLRMT_MATRIX_B = 3, /* biases */
  NLRMT_MATRIX_C = 4, /* components of a mixture, one a row of F */
  NLRMT_MATRIX_A = 5, /* ridge regression, targets A X + eps: A, one vector a row */
  NLRMT_MATRIX_E = 6, /* and eps, one vector a row */
  NLRMT_MATRIX_F = 7, /* the activations random(zeta, k), the same for every seed: vector k */
  NLRMT_MATRIX_D = 8, /* which samples of a file are chosen: one number a sample, trial 0 */
  NLRMT_MATRIX_N = 9  /* noise of the linear surrogate, one vector a column of F */
} nlrmt_matrix;

typedef enum {
  NLRMT_ENTRIES_GAUSSIAN,
  NLRMT_ENTRIES_RADEMACHER,
  NLRMT_ENTRIES_UNIFORM, /* on (-sqrt 3, sqrt 3) */
  NLRMT_ENTRIES_LATTICE,
  NLRMT_ENTRIES_EXPONENTIAL, /* centred */
  NLRMT_ENTRIES_STUDENT_T    /* has a parameter: nlrmt_rng_law */
} nlrmt_entries;

typedef struct {
  uint64_t seed;
  uint32_t trial;
  uint32_t layer; /* < 2^24 */
  nlrmt_matrix matrix;
} nlrmt_stream;

/* Local. out[i] = scale * entry(vector, first + i), i < count; entries have mean 0, variance 1.
 * Several threads may draw at once after a call of nlrmt_rng_deviation.
 * dof: > 2, of student_t; the other laws do not look at it, and nlrmt_rng_entries is for them. */
void nlrmt_rng_law(const nlrmt_stream *stream, nlrmt_entries law, double dof, double scale,
                   uint32_t vector, uint64_t first, size_t count, double *out);
void nlrmt_rng_entries(const nlrmt_stream *stream, nlrmt_entries law, double scale, uint32_t vector,
                       uint64_t first, size_t count, double *out);

/* Local. The lattice's integers k, |k| <= 63: an entry of that law is scale * k / deviation. For
 * several threads as nlrmt_rng_law. */
void nlrmt_rng_steps(const nlrmt_stream *stream, uint32_t vector, uint64_t first, size_t count,
                     int8_t *out);
double nlrmt_rng_deviation(void); /* of k */

/* One instruction-set variant of nlrmt_rng_law and nlrmt_rng_steps; all give the same bits. */
typedef struct {
  const char *isa;
  void (*entries)(const nlrmt_stream *stream, nlrmt_entries law, double dof, double scale,
                  uint32_t vector, uint64_t first, size_t count, double *out);
  void (*steps)(const nlrmt_stream *stream, uint32_t vector, uint64_t first, size_t count,
                int8_t *out);
} nlrmt_rng_variant;

/* Local. The variants this CPU can run, [*count], the one nlrmt_rng_law uses first: for tests,
 * benchmarks and the record of a run. */
const nlrmt_rng_variant *nlrmt_rng_variants(size_t *count);

/* Local. Uniform on (0, 1), 52 bits from words 0 and 1 of the counter of component 0; one a vector.
 */
double nlrmt_rng_uniform(const nlrmt_stream *stream, uint32_t vector);

#endif
