#include "rng_batch.h"

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512dq,avx512bw")))

/* Philox4x32-10 (Salmon et al. 2011), a counter's word in the low half of a 64-bit lane, where the
 * multiplier of 32-bit numbers takes it and leaves both halves of the product. The high halves then
 * hold what no product looks at; two sets of lanes, of even and odd counters, are merged at the
 * end. Random123 has the same for one counter at a time: rng.c's other variants, the test's oracle.
 */
enum { ROUNDS = 10, SETS = 4 };
static const uint32_t FACTOR[2] = {0xd2511f53, 0xcd9e8d57}, BUMP[2] = {0x9e3779b9, 0xbb67ae85};

AVX512 void nlrmt_rng_draw_avx512(const nlrmt_stream *stream, uint32_t vector, uint32_t block,
                                  nlrmt_rng_batch *w) {
  enum { LANES = 8 };
  _Static_assert(SETS * LANES == COUNTERS, "a batch fills the sets");
  const __m512i factor0 = _mm512_set1_epi64(FACTOR[0]), factor1 = _mm512_set1_epi64(FACTOR[1]);
  const __m512i even = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
  uint32_t key0 = (uint32_t)stream->seed, key1 = (uint32_t)(stream->seed >> 32);
  __m512i c[SETS][4];
  for (uint32_t s = 0; s < SETS; s++) {
    c[s][0] = _mm512_add_epi64(even, _mm512_set1_epi64(block + s / 2 * 2 * LANES + s % 2));
    c[s][1] = _mm512_set1_epi64(vector);
    c[s][2] = _mm512_set1_epi64(stream->trial);
    c[s][3] = _mm512_set1_epi64((uint32_t)stream->matrix | stream->layer << 8);
  }
  for (int r = 0; r < ROUNDS; r++, key0 += BUMP[0], key1 += BUMP[1])
    for (int s = 0; s < SETS; s++) {
      __m512i p0 = _mm512_mul_epu32(c[s][0], factor0), p1 = _mm512_mul_epu32(c[s][2], factor1);
      __m512i k0 = _mm512_set1_epi64(key0), k1 = _mm512_set1_epi64(key1);
      c[s][0] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c[s][1], k0, 0x96); /* xor */
      c[s][2] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c[s][3], k1, 0x96);
      c[s][1] = p1;
      c[s][3] = p0;
    }
  for (int s = 0; s < SETS; s += 2)
    for (int j = 0; j < 4; j++)
      _mm512_storeu_si512(w->word[j] + s * LANES,
                          _mm512_mask_shuffle_epi32(c[s][j], 0xaaaa, c[s + 1][j], 0xa0));
}

AVX2 void nlrmt_rng_draw_avx2(const nlrmt_stream *stream, uint32_t vector, uint32_t block,
                              nlrmt_rng_batch *w) {
  enum { LANES = 4 };
  const __m256i factor0 = _mm256_set1_epi64x(FACTOR[0]), factor1 = _mm256_set1_epi64x(FACTOR[1]);
  const __m256i even = _mm256_set_epi64x(6, 4, 2, 0);
  for (uint32_t first = 0; first < COUNTERS; first += 2 * LANES) {
    uint32_t key0 = (uint32_t)stream->seed, key1 = (uint32_t)(stream->seed >> 32);
    __m256i c[2][4];
    for (uint32_t s = 0; s < 2; s++) {
      c[s][0] = _mm256_add_epi64(even, _mm256_set1_epi64x(block + first + s));
      c[s][1] = _mm256_set1_epi64x(vector);
      c[s][2] = _mm256_set1_epi64x(stream->trial);
      c[s][3] = _mm256_set1_epi64x((uint32_t)stream->matrix | stream->layer << 8);
    }
    for (int r = 0; r < ROUNDS; r++, key0 += BUMP[0], key1 += BUMP[1])
      for (int s = 0; s < 2; s++) {
        __m256i p0 = _mm256_mul_epu32(c[s][0], factor0), p1 = _mm256_mul_epu32(c[s][2], factor1);
        __m256i k0 = _mm256_set1_epi64x(key0), k1 = _mm256_set1_epi64x(key1);
        c[s][0] = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c[s][1], k0));
        c[s][2] = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c[s][3], k1));
        c[s][1] = p1;
        c[s][3] = p0;
      }
    for (int j = 0; j < 4; j++)
      _mm256_storeu_si256((__m256i *)(w->word[j] + first),
                          _mm256_blend_epi32(c[0][j], _mm256_slli_epi64(c[1][j], 32), 0xaa));
  }
}

AVX2 void nlrmt_rng_integers_avx2(const nlrmt_rng_batch *w, const nlrmt_rng_lattice *t, int8_t *k) {
  enum { LANES = 8 };
  const __m256i low = _mm256_set1_epi32(127), middle = _mm256_set1_epi8(LATTICE_MAX);
  const __m256i sign = _mm256_set1_epi32(INT32_MIN); /* comparisons are of signed numbers */
  for (int i = 0; i < COUNTERS; i += LANES) {
    __m256i bytes = _mm256_setzero_si256();
    for (int j = 3; j >= 0; j--) {
      __m256i word = _mm256_loadu_si256((const __m256i *)(w->word[j] + i));
      __m256i own = _mm256_srli_epi32(word, 25);
      __m256i column = _mm256_i32gather_epi32((const int *)t->column, own, 4);
      __m256i rest = _mm256_or_si256(_mm256_slli_epi32(word, 7), low);
      __m256i kept =
          _mm256_cmpgt_epi32(_mm256_xor_si256(column, sign), _mm256_xor_si256(rest, sign));
      __m256i chosen = _mm256_blendv_epi8(_mm256_and_si256(column, low), own, kept);
      bytes = _mm256_or_si256(_mm256_slli_epi32(bytes, 8), chosen);
    }
    _mm256_storeu_si256((__m256i *)(k + 4 * i), _mm256_sub_epi8(bytes, middle));
  }
}

/* The columns of 16 words, from a table in eight registers: four look-ups by the low five bits of
 * the column's number, of which its two high bits choose one. A gather takes several times as long.
 */
AVX512 static inline __m512i look_up(const __m512i *table, __m512i word, __m512i number) {
  __mmask16 high = _mm512_movepi32_mask(word);
  __mmask16 next = _mm512_movepi32_mask(_mm512_slli_epi32(word, 1));
  __m512i quarter[4];
  for (int q = 0; q < 4; q++)
    quarter[q] = _mm512_permutex2var_epi32(table[2 * q], number, table[2 * q + 1]);
  return _mm512_mask_blend_epi32(high, _mm512_mask_blend_epi32(next, quarter[0], quarter[1]),
                                 _mm512_mask_blend_epi32(next, quarter[2], quarter[3]));
}

AVX512 void nlrmt_rng_integers_avx512(const nlrmt_rng_batch *w, const nlrmt_rng_lattice *t,
                                      int8_t *k) {
  enum { LANES = 16 };
  const __m512i low = _mm512_set1_epi32(127), middle = _mm512_set1_epi8(LATTICE_MAX);
  __m512i table[COLUMNS / LANES];
  for (int i = 0; i < COLUMNS / LANES; i++) table[i] = _mm512_loadu_si512(t->column + i * LANES);
  for (int i = 0; i < COUNTERS; i += LANES) {
    __m512i bytes = _mm512_setzero_si512();
    for (int j = 3; j >= 0; j--) {
      __m512i word = _mm512_loadu_si512(w->word[j] + i), own = _mm512_srli_epi32(word, 25);
      __m512i column = look_up(table, word, own);
      __m512i rest = _mm512_or_si512(_mm512_slli_epi32(word, 7), low);
      __mmask16 kept = _mm512_cmplt_epu32_mask(rest, column);
      __m512i chosen = _mm512_mask_mov_epi32(_mm512_and_si512(column, low), kept, own);
      bytes = _mm512_or_si512(_mm512_slli_epi32(bytes, 8), chosen);
    }
    _mm512_storeu_si512(k + 4 * i, _mm512_sub_epi8(bytes, middle));
  }
}
#endif
