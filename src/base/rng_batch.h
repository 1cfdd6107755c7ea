/* A batch of random words, and the two steps of rng.c that compilers vectorise badly: written out
 * for the instruction sets that have what they need. Private to rng. Local, nothing allocated. */
#ifndef NLRMT_RNG_BATCH_H
#define NLRMT_RNG_BATCH_H

#include <stdint.h>

#include "nlrmt/rng.h"

/* COUNTERS consecutive Philox counters, hence ENTRIES entries: word j of counter i is that of entry
 * 4 i + j. Fits in the first-level cache. */
enum { COUNTERS = 32, ENTRIES = 4 * COUNTERS };
typedef struct {
  uint32_t word[4][COUNTERS];
} nlrmt_rng_batch;

/* The discrete Gaussian by aliases (Walker 1977): a word's top 7 bits choose a column, which stands
 * for itself where the other 25 bits are below keep[column], else for other[column]; all counts of
 * words are exact. Column c stands for the integer c - LATTICE_MAX; the last one has no words.
 * column[c] = keep << 7 | other; a column all its own has itself as the other, and any keep. */
enum { LATTICE_MAX = 63, COLUMNS = 2 * LATTICE_MAX + 2 };
typedef struct {
  uint32_t column[COLUMNS];
  double deviation; /* of the integers */
} nlrmt_rng_lattice;

/* w = the counters block, block + 1, ... of that vector. */
typedef void nlrmt_rng_draw(const nlrmt_stream *stream, uint32_t vector, uint32_t block,
                            nlrmt_rng_batch *w);
/* k[ENTRIES]: the integers of the words, in the order of the entries. */
typedef void nlrmt_rng_integers(const nlrmt_rng_batch *w, const nlrmt_rng_lattice *t, int8_t *k);

#ifdef __x86_64__
nlrmt_rng_draw nlrmt_rng_draw_avx2, nlrmt_rng_draw_avx512;
nlrmt_rng_integers nlrmt_rng_integers_avx2, nlrmt_rng_integers_avx512;
#endif

#endif
