#include "nlrmt/rng.h"

/* The same bits from every compiler, level and instruction set: nothing contracted to FMA, no
 * excess precision, and from libm only sqrt, which IEEE rounds correctly. */
#if defined __clang__
#pragma STDC FP_CONTRACT OFF
#elif defined __GNUC__
#pragma GCC optimize("fp-contract=off")
#endif

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <Random123/philox.h>

#include "rng_batch.h"

#ifdef __FAST_MATH__
#error "rng.c needs IEEE arithmetic: build without -ffast-math"
#endif
_Static_assert(FLT_EVAL_METHOD == 0, "rng.c needs double arithmetic in double precision");

#define INLINE static inline __attribute__((always_inline))

/* Batches of fixed length in structures of arrays, which the compiler vectorises; the Gaussian law
 * only under -fno-math-errno, for sqrt would have to set errno: without it, a quarter of the speed.
 */

INLINE philox4x32_ctr_t philox(const nlrmt_stream *stream, uint32_t vector, uint32_t block) {
  const philox4x32_key_t key = {{(uint32_t)stream->seed, (uint32_t)(stream->seed >> 32)}};
  const philox4x32_ctr_t counter = {
      {block, vector, stream->trial, (uint32_t)stream->matrix | stream->layer << 8}};
  return philox4x32(counter, key);
}

static void draw_generic(const nlrmt_stream *stream, uint32_t vector, uint32_t block,
                         nlrmt_rng_batch *w) {
  for (uint32_t i = 0; i < COUNTERS; i++) {
    philox4x32_ctr_t r = philox(stream, vector, block + i);
    for (int j = 0; j < 4; j++) w->word[j][i] = r.v[j];
  }
}

INLINE double as_double(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

INLINE uint64_t as_bits(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* -2 log u, u = (w + 1/2) 2^-32, relative error below 1e-11. With w + 1/2 = 2^k m,
 * sqrt(1/2) <= m < sqrt(2), and s = (m-1)/(m+1): log m = 2 atanh s = s (2 + s^2 p(s^2)), p the
 * minimax polynomial (Remez) on s^2 <= 0.0295: degree 3 leaves 4.8e-12 of log m, degree 2 8e-10.
 * Neither m - 1 nor the sum k log 2 + log m cancels, so that u near 1 keeps the relative error. */
INLINE double minus_two_log(uint32_t w) {
  const uint64_t two52 = 0x4330000000000000, root_half = 0x3fe6a09e667f3bcd; /* bits of doubles */
  double v = as_double(two52 | w) - (0x1p52 - 0.5);                          /* w + 1/2, exact */
  uint64_t shifted = as_bits(v) - root_half + 0x0010000000000000; /* v = 1/2 has exponent -1 */
  double m = as_double((shifted & 0x000fffffffffffff) + root_half);
  double k = as_double((shifted >> 52) + two52) - (0x1p52 + 33); /* of u */
  double s = (m - 1) / (m + 1), z = s * s;
  double p =
      0.66666665648232960934 +
      z * (0.40000334636862327608 + z * (0.28537339966528496739 + z * 0.23581613728328739463));
  return -2 * (k * 0.69314718055994530942 + s * (2 + z * p));
}

/* exp(x) - 1 for |x| <= 700, relative error below 1e-12. With x = k log 2 + r, |r| <= log(2)/2:
 * exp(r) - 1 by its series to r^11, whose rest is 1e-14 of it; then 2^k (exp(r) - 1) + (2^k - 1),
 * which does not cancel. log 2 comes in two parts: k times the first is exact. */
INLINE double exp_minus_one(double x) {
  const double magic = 0x1.8p52; /* adding it rounds to an integer, which the low bits then hold */
  double sum = x * 1.4426950408889634074 + magic, k = sum - magic;
  double r = (x - k * 0x1.62e42feep-1) - k * 1.9082149292705877e-10;
  static const double inverse_factorial[] = {
      1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,     1.0 / 24,     1.0 / 6,     1.0 / 2,    1};
  double p = 1.0 / 39916800;
  for (int i = 0; i < 10; i++) p = p * r + inverse_factorial[i];
  double power = as_double((as_bits(sum) - as_bits(magic) + 1023) << 52);
  return power * (p * r) + (power - 1);
}

/* Cosine and sine of 2 pi (w + 1/2) 2^-32: t quarter turns, |t| <= 1/2, away from `quarter` whole
 * ones, exact. Minimax polynomials (Remez, relative error) in t^2 <= 1/4 of sin(pi t/2)/t, degree
 * 4: 4.6e-12, and cos(pi t/2), degree 5: 7e-14 (4: 6e-11). sin(x) = t p(t^2), so entries near 0
 * keep the relative error. An odd quarter swaps the two; the signs follow the quadrant. */
INLINE void direction(uint32_t w, double *cosine, double *sine) {
  double t = ((double)(int32_t)(w << 2) + 2) * 0x1p-32;
  uint64_t quarter = (uint64_t)(w + 0x20000000u) >> 30;
  double z = t * t;
  double s = t * (1.5707963267877500739 +
                  z * (-0.64596409610241773851 +
                       z * (0.079692581842884275334 +
                            z * (-0.0046812606275760382001 + z * 0.00015819507434731413191))));
  double c = 0.99999999999993435818 +
             z * (-1.2337005501181886478 +
                  z * (0.25366950709148199661 +
                       z * (-0.020863467311979735356 +
                            z * (0.00091915860402522695107 - z * 0.000024845978626635328757))));
  uint64_t odd = -(quarter & 1), swap = (as_bits(c) ^ as_bits(s)) & odd;
  *cosine = as_double(as_bits(c) ^ swap ^ ((quarter + 1) >> 1 & 1) << 63);
  *sine = as_double(as_bits(s) ^ swap ^ quarter >> 1 << 63);
}

/* Box-Muller: words 0 and 2 give a radius, words 1 and 3 its direction. */
INLINE void gaussian(const nlrmt_rng_batch *w, double scale, double *out) {
  double x[4][COUNTERS];
  for (int j = 0; j < 4; j += 2)
    for (int i = 0; i < COUNTERS; i++) {
      double r = sqrt(minus_two_log(w->word[j][i])), c, s;
      direction(w->word[j + 1][i], &c, &s);
      x[j][i] = scale * (r * c);
      x[j + 1][i] = scale * (r * s);
    }
  for (int i = 0; i < COUNTERS; i++)
    for (int j = 0; j < 4; j++) out[4 * i + j] = x[j][i];
}

/* The sign is the word's top bit. */
INLINE void rademacher(const nlrmt_rng_batch *w, double scale, double *out) {
  for (int i = 0; i < COUNTERS; i++)
    for (int j = 0; j < 4; j++) out[4 * i + j] = w->word[j][i] >> 31 ? -scale : scale;
}

/* sqrt(3) (2u - 1), u = (w + 1/2) 2^-32; 2u - 1 is exact. */
INLINE void uniform(const nlrmt_rng_batch *w, double scale, double *out) {
  const double root3 = 1.7320508075688772935;
  for (int i = 0; i < COUNTERS; i++)
    for (int j = 0; j < 4; j++) {
      double centred = ((double)(int32_t)(w->word[j][i] ^ 0x80000000u) + 0.5) * 0x1p-31;
      out[4 * i + j] = scale * (root3 * centred);
    }
}

/* -log u - 1. */
INLINE void exponential(const nlrmt_rng_batch *w, double scale, double *out) {
  for (int i = 0; i < COUNTERS; i++)
    for (int j = 0; j < 4; j++) out[4 * i + j] = scale * (0.5 * minus_two_log(w->word[j][i]) - 1);
}

enum { LATTICE_STEPS = 12, COLUMN_WORDS = 1 << 25 };

/* words[column] of the 2^32: 2^32 exp(-k^2/288)/sum, rounded; k = 0 takes what is left. */
static void count_words(uint32_t *words, double *deviation) {
  double weight[LATTICE_MAX + 1], sum = 1, square = 0;
  memset(words, 0, COLUMNS * sizeof *words);
  for (int k = 1; k <= LATTICE_MAX; k++) {
    weight[k] = exp_minus_one(-(double)(k * k) / (2 * LATTICE_STEPS * LATTICE_STEPS)) + 1;
    sum += 2 * weight[k];
  }
  for (int k = 1; k <= LATTICE_MAX; k++) {
    uint32_t n = (uint32_t)(0x1p32 * weight[k] / sum + 0.5);
    words[LATTICE_MAX + k] = words[LATTICE_MAX - k] = n;
    words[LATTICE_MAX] -= 2 * n; /* mod 2^32 */
    square += 2 * (double)n * (k * k);
  }
  *deviation = sqrt(square * 0x1p-32);
}

/* A column short of words is filled up from one that has more than its own. */
static void make_lattice(nlrmt_rng_lattice *t) {
  uint32_t words[COLUMNS];
  int small[COLUMNS], large[COLUMNS], smalls = 0, larges = 0;
  count_words(words, &t->deviation);
  for (int c = 0; c < COLUMNS; c++) {
    t->column[c] = (uint32_t)c;
    if (words[c] < COLUMN_WORDS)
      small[smalls++] = c;
    else
      large[larges++] = c;
  }
  while (smalls > 0) {
    int s = small[--smalls], l = large[larges - 1];
    t->column[s] = words[s] << 7 | (uint32_t)l;
    words[l] -= COLUMN_WORDS - words[s];
    if (words[l] >= COLUMN_WORDS) continue;
    larges--;
    small[smalls++] = l;
  }
}

/* Made once: before threads draw, by nlrmt_rng_deviation. */
static const nlrmt_rng_lattice *the_lattice(void) {
  static nlrmt_rng_lattice table;
  if (table.deviation == 0) make_lattice(&table);
  return &table;
}

static void integers_generic(const nlrmt_rng_batch *w, const nlrmt_rng_lattice *t, int8_t *k) {
  for (int i = 0; i < COUNTERS; i++)
    for (int j = 0; j < 4; j++) {
      uint32_t word = w->word[j][i], own = word >> 25, column = t->column[own];
      bool kept = (word << 7 | 127) < column; /* its low 25 bits are below the column's top 25 */
      k[4 * i + j] = (int8_t)((int)(kept ? own : column & 127) - LATTICE_MAX);
    }
}

/* What is written out for an instruction set. */
typedef struct {
  nlrmt_rng_draw *draw;
  nlrmt_rng_integers *integers;
} loops;

INLINE void lattice(const loops *by, const nlrmt_rng_batch *w, double scale, double *out) {
  const nlrmt_rng_lattice *t = the_lattice();
  double step = scale / t->deviation;
  int8_t k[ENTRIES];
  by->integers(w, t, k);
  for (int i = 0; i < ENTRIES; i++) out[i] = step * k[i];
}

/* E u^(-2/nu) - 1 over the 2^32 values of u: the first 64 by themselves, the others, the midpoint
 * rule on (2^-26, 1), as their integral with the first correction of Euler and Maclaurin. */
static double student_moment(double nu) {
  enum { FIRST = 64 };
  const double log_two = 0.69314718055994530942;
  double s = 2 / nu, sum = 0, rise = exp_minus_one(26 * s * log_two); /* at u = 2^-26 */
  for (uint32_t w = 0; w < FIRST; w++) sum += exp_minus_one(minus_two_log(w) / nu);
  double integral = (s - 0x1p-26 * (rise + s)) / (1 - s);
  return integral + 0x1p-32 * (sum - s * (rise + 1) / (24 * FIRST));
}

/* Bailey 1994: with R^2 = nu (u^(-2/nu) - 1), R cos(2 pi v) is Student's t exactly. The sine would
 * be another, not independent: an entry has a counter's word u and the same word v of the second.
 */
INLINE void student(const nlrmt_rng_batch *w, const nlrmt_rng_batch *second, double nu,
                    double scale, double *out) {
  for (int j = 0; j < 4; j++)
    for (int i = 0; i < COUNTERS; i++) {
      double r = sqrt(exp_minus_one(minus_two_log(w->word[j][i]) / nu)), c, s;
      direction(second->word[j][i], &c, &s);
      out[4 * i + j] = scale * (r * c);
    }
}

/* One batch of entries. Those of student_t have second counters: the stream with the matrix's top
 * bit set. */
INLINE void transform(const loops *by, const nlrmt_stream *stream, nlrmt_entries law, double dof,
                      double scale, uint32_t vector, uint32_t block, double *out) {
  nlrmt_stream other = *stream;
  nlrmt_rng_batch w, second;
  by->draw(stream, vector, block, &w);
  switch (law) {
  case NLRMT_ENTRIES_GAUSSIAN:
    gaussian(&w, scale, out);
    return;
  case NLRMT_ENTRIES_RADEMACHER:
    rademacher(&w, scale, out);
    return;
  case NLRMT_ENTRIES_UNIFORM:
    uniform(&w, scale, out);
    return;
  case NLRMT_ENTRIES_LATTICE:
    lattice(by, &w, scale, out);
    return;
  case NLRMT_ENTRIES_EXPONENTIAL:
    exponential(&w, scale, out);
    return;
  case NLRMT_ENTRIES_STUDENT_T:
    other.matrix = (nlrmt_matrix)((uint32_t)stream->matrix | 0x80u);
    by->draw(&other, vector, block, &second);
    student(&w, &second, dof, scale, out);
    return;
  }
  assert(!"unknown law of the entries");
}

/* Whole batches go straight to out; a first one that starts inside a counter and a last one that
 * `count` cuts go through a buffer, so that an entry never depends on where a fill starts or ends.
 */
INLINE void entries(const loops *by, const nlrmt_stream *stream, nlrmt_entries law, double dof,
                    double scale, uint32_t vector, uint64_t first, size_t count, double *out) {
  assert(stream->layer < 1u << 24);
  assert(count <= (uint64_t)1 << 34 && first <= ((uint64_t)1 << 34) - count);
  assert(law != NLRMT_ENTRIES_STUDENT_T || dof > 2);
  if (law == NLRMT_ENTRIES_STUDENT_T) scale /= sqrt(0.5 * student_moment(dof));
  while (count > 0) {
    size_t skip = first % 4, take = ENTRIES - skip < count ? ENTRIES - skip : count;
    double buffer[ENTRIES], *to = take == ENTRIES ? out : buffer;
    transform(by, stream, law, dof, scale, vector, (uint32_t)(first / 4), to);
    if (to == buffer) memcpy(out, buffer + skip, take * sizeof *out);
    first += take, out += take, count -= take;
  }
}

/* The lattice's integers themselves. */
static void steps(const loops *by, const nlrmt_stream *stream, uint32_t vector, uint64_t first,
                  size_t count, int8_t *out) {
  nlrmt_rng_batch w;
  while (count > 0) {
    size_t skip = first % 4, take = ENTRIES - skip < count ? ENTRIES - skip : count;
    int8_t buffer[ENTRIES], *to = take == ENTRIES ? out : buffer;
    by->draw(stream, vector, (uint32_t)(first / 4), &w);
    by->integers(&w, the_lattice(), to);
    if (to == buffer) memcpy(out, buffer + skip, take);
    first += take, out += take, count -= take;
  }
}

#define VARIANT(name, target, ...)                                                                 \
  static const loops loops_##name = {__VA_ARGS__};                                                 \
  target static void entries_##name(const nlrmt_stream *stream, nlrmt_entries law, double dof,     \
                                    double scale, uint32_t vector, uint64_t first, size_t count,   \
                                    double *out) {                                                 \
    entries(&loops_##name, stream, law, dof, scale, vector, first, count, out);                    \
  }                                                                                                \
  static void steps_##name(const nlrmt_stream *stream, uint32_t vector, uint64_t first,            \
                           size_t count, int8_t *out) {                                            \
    steps(&loops_##name, stream, vector, first, count, out);                                       \
  }
VARIANT(generic, , draw_generic, integers_generic)
#ifdef __x86_64__
VARIANT(avx2, __attribute__((target("avx2"))), nlrmt_rng_draw_avx2, nlrmt_rng_integers_avx2)
VARIANT(avx512, __attribute__((target("avx512f,avx512dq,avx512bw"))), nlrmt_rng_draw_avx512,
        nlrmt_rng_integers_avx512)
#endif

/* Fastest first, each runnable wherever its predecessor is: what a CPU has is a suffix. */
static const nlrmt_rng_variant variants[] = {
#ifdef __x86_64__
    {"avx512", entries_avx512, steps_avx512},
    {"avx2", entries_avx2, steps_avx2},
#endif
    {"generic", entries_generic, steps_generic},
};

const nlrmt_rng_variant *nlrmt_rng_variants(size_t *count) {
  size_t lacking = 0;
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512bw"))
    lacking = 1;
  if (!__builtin_cpu_supports("avx2")) lacking = 2;
#endif
  *count = sizeof variants / sizeof *variants - lacking;
  return variants + lacking;
}

void nlrmt_rng_law(const nlrmt_stream *stream, nlrmt_entries law, double dof, double scale,
                   uint32_t vector, uint64_t first, size_t count, double *out) {
  size_t variants_here;
  nlrmt_rng_variants(&variants_here)->entries(stream, law, dof, scale, vector, first, count, out);
}

void nlrmt_rng_entries(const nlrmt_stream *stream, nlrmt_entries law, double scale, uint32_t vector,
                       uint64_t first, size_t count, double *out) {
  nlrmt_rng_law(stream, law, 0, scale, vector, first, count, out);
}

void nlrmt_rng_steps(const nlrmt_stream *stream, uint32_t vector, uint64_t first, size_t count,
                     int8_t *out) {
  size_t variants_here;
  nlrmt_rng_variants(&variants_here)->steps(stream, vector, first, count, out);
}

double nlrmt_rng_deviation(void) {
  return the_lattice()->deviation;
}

double nlrmt_rng_uniform(const nlrmt_stream *stream, uint32_t vector) {
  assert(stream->layer < 1u << 24);
  philox4x32_ctr_t r = philox(stream, vector, 0);
  uint64_t bits = (uint64_t)r.v[0] << 32 | r.v[1];
  return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}
