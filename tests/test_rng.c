/* test_rng: Philox's published values, entries against libm, independence of the fill's shape and
 * of the instruction set, stored bits, statistics; the biases drawn from it. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <Random123/philox.h>

#include "check.h"
#include "nlrmt/bias.h"
#include "nlrmt/rng.h"

static const nlrmt_stream base = {
    .seed = 0x0123456789abcdef, .trial = 7, .layer = 2, .matrix = NLRMT_MATRIX_W};
static const nlrmt_entries laws[] = {NLRMT_ENTRIES_GAUSSIAN,    NLRMT_ENTRIES_RADEMACHER,
                                     NLRMT_ENTRIES_UNIFORM,     NLRMT_ENTRIES_LATTICE,
                                     NLRMT_ENTRIES_EXPONENTIAL, NLRMT_ENTRIES_STUDENT_T};
enum { LAWS = 6, LATTICE = 3, EXPONENTIAL = 4 };
static const double dof = 10; /* of Student's t: moments to the ninth */

/* A counter as arguments of nlrmt_rng_entries. */
typedef struct {
  nlrmt_stream stream;
  uint32_t vector;
  uint64_t first;
} place;

static place place_of(const uint32_t counter[4], uint64_t seed) {
  return (place){.stream = {.seed = seed,
                            .trial = counter[2],
                            .layer = counter[3] >> 8,
                            .matrix = (nlrmt_matrix)(counter[3] & 255)},
                 .vector = counter[1],
                 .first = 4 * (uint64_t)counter[0]};
}

static void entries_at(const place *p, nlrmt_entries law, double out[4]) {
  nlrmt_rng_entries(&p->stream, law, 1, p->vector, p->first, 4, out);
}

static uint32_t inverse(uint32_t odd) { /* mod 2^32; Newton doubles the correct bits */
  uint32_t x = odd;
  for (int i = 0; i < 5; i++) x *= 2 - odd * x;
  return x;
}

/* Philox4x32-10 backwards, written from the paper: the place whose four words are w. So any words
 * can be asked for, and the code under test has an independent oracle. */
static place place_with_words(const uint32_t w[4], uint64_t seed) {
  const uint32_t m0 = 0xd2511f53, m1 = 0xcd9e8d57;
  uint32_t x[4] = {w[0], w[1], w[2], w[3]};
  for (uint32_t round = 10; round-- > 0;) {
    uint32_t k0 = (uint32_t)seed + round * 0x9e3779b9;
    uint32_t k1 = (uint32_t)(seed >> 32) + round * 0xbb67ae85;
    uint32_t x2 = x[1] * inverse(m1), x0 = x[3] * inverse(m0);
    uint32_t x1 = x[0] ^ (uint32_t)((uint64_t)m1 * x2 >> 32) ^ k0;
    uint32_t x3 = x[2] ^ (uint32_t)((uint64_t)m0 * x0 >> 32) ^ k1;
    x[0] = x0, x[1] = x1, x[2] = x2, x[3] = x3;
  }
  return place_of(x, seed);
}

/* A uniform entry is one to one with its word. */
static void words_at(const place *p, uint32_t w[4]) {
  double u[4];
  entries_at(p, NLRMT_ENTRIES_UNIFORM, u);
  for (int j = 0; j < 4; j++) w[j] = (uint32_t)((u[j] / sqrt(3) + 1) * 0x1p31);
}

static void check_known_answers(void) {
  static const struct {
    uint32_t counter[4], key[2], words[4];
  } known[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (int k = 0; k < 3; k++) {
    place p = place_of(known[k].counter, (uint64_t)known[k].key[1] << 32 | known[k].key[0]);
    uint32_t w[4];
    words_at(&p, w);
    for (int j = 0; j < 4; j++)
      CHECK(w[j] == known[k].words[j], "Philox vector %d, word %d: %08x", k, j, w[j]);
    place q = place_with_words(known[k].words, p.stream.seed);
    CHECK(q.first == p.first && q.vector == p.vector && q.stream.trial == p.stream.trial &&
              q.stream.layer == p.stream.layer && q.stream.matrix == p.stream.matrix,
          "the inverse misses Philox vector %d", k);
  }
}

/* The layout that the header promises, spelled out with Random123's own philox4x32. */
static void check_layout(void) {
  enum { N = 1000 };
  double uniform[N], sign[N];
  nlrmt_rng_entries(&base, NLRMT_ENTRIES_UNIFORM, 3, 41, 0, N, uniform);
  nlrmt_rng_entries(&base, NLRMT_ENTRIES_RADEMACHER, 3, 41, 0, N, sign);
  int wrong = 0;
  for (uint32_t c = 0; c < N; c++) {
    philox4x32_ctr_t counter = {{c / 4, 41, base.trial, NLRMT_MATRIX_W | base.layer << 8}};
    philox4x32_key_t key = {{0x89abcdef, 0x01234567}};
    uint32_t w = philox4x32(counter, key).v[c % 4];
    wrong += sign[c] != (w & 0x80000000u ? -3 : 3);
    wrong += fabs(uniform[c] - 3 * sqrt(3) * (2 * ((double)w + 0.5) * 0x1p-32 - 1)) > 4e-15;
  }
  CHECK(wrong == 0, "%d entries differ from their words", wrong);
  philox4x32_ctr_t counter = {{0, 41, base.trial, NLRMT_MATRIX_W | base.layer << 8}};
  philox4x32_key_t key = {{0x89abcdef, 0x01234567}};
  philox4x32_ctr_t r = philox4x32(counter, key);
  double expected = (double)r.v[0] * 0x1p20 + (double)(r.v[1] >> 12) + 0.5; /* of 52 bits */
  CHECK(nlrmt_rng_uniform(&base, 41) == expected * 0x1p-52, "uniform %.17g",
        nlrmt_rng_uniform(&base, 41));
}

/* Largest relative error of the two Box-Muller pairs of the words w, in long double's view. */
static double pair_error(const uint32_t w[4], uint64_t seed) {
  const long double two_pi = 6.283185307179586476925286766559L;
  place p = place_with_words(w, seed);
  double x[4], worst = 0;
  entries_at(&p, NLRMT_ENTRIES_GAUSSIAN, x);
  for (int j = 0; j < 4; j += 2) {
    long double r = sqrtl(-2 * logl(((long double)w[j] + 0.5L) * 0x1p-32L));
    /* Reduced by whole quarter turns first: cosl(2 pi v) itself loses digits near its zeros. */
    uint32_t quarter = (w[j + 1] + 0x20000000u) >> 30;
    int32_t rest = (int32_t)(w[j + 1] << 2) / 4;
    long double angle = ((long double)rest + 0.5L) * 0x1p-32L * two_pi;
    long double c = cosl(angle), s = sinl(angle);
    const long double turned[4][2] = {{c, s}, {-s, c}, {-c, -s}, {s, -c}};
    for (int i = 0; i < 2; i++) {
      long double exact = r * turned[quarter][i];
      double error = (double)fabsl((x[j + i] - exact) / exact);
      worst = fmax(worst, isnan(error) ? HUGE_VAL : error);
    }
  }
  return worst;
}

static void check_accuracy(void) {
  /* Both ends of (0, 1), powers of two and mantissas around sqrt(1/2) for the logarithm; the
   * octants' borders for the angle. */
  static const uint32_t hard[] = {0,          1,          2,          0x1fffffff, 0x20000000,
                                  0x3fffffff, 0x40000000, 0x5a827999, 0x5a82799a, 0x5fffffff,
                                  0x60000000, 0x7fffffff, 0x80000000, 0x9fffffff, 0xa0000000,
                                  0xb504f333, 0xb504f334, 0xbfffffff, 0xc0000000, 0xdfffffff,
                                  0xe0000000, 0xfffffffe, 0xffffffff};
  const size_t n = sizeof hard / sizeof *hard;
  double worst = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      const uint32_t w[4] = {hard[i], hard[j], hard[j], hard[i]};
      worst = fmax(worst, pair_error(w, base.seed));
    }
  CHECK(worst < 1e-11, "relative error %.3g at hard words", worst);
  uint64_t state = 1; /* a Weyl sequence: evenly spread words */
  for (worst = 0; state < 200000; state++) {
    uint64_t a = state * 0x9e3779b97f4a7c15, b = state * 0xd1b54a32d192ed03;
    const uint32_t w[4] = {(uint32_t)a, (uint32_t)(a >> 32), (uint32_t)b, (uint32_t)(b >> 32)};
    worst = fmax(worst, pair_error(w, base.seed));
  }
  CHECK(worst < 1e-11, "relative error %.3g at spread words", worst);
}

static void check_extremes(void) {
  const uint32_t zero[4] = {0, 0, 0, 0};
  place p = place_with_words(zero, 5);
  double x[4];
  entries_at(&p, NLRMT_ENTRIES_GAUSSIAN, x);
  CHECK(fabs(x[0] - sqrt(66 * log(2))) < 1e-9, "largest entry %.17g", x[0]);
  double smallest = 1, largest = 0, sum = 0;
  enum { N = 100000 };
  for (uint32_t a = 0; a < N; a++) {
    double u = nlrmt_rng_uniform(&base, a);
    smallest = fmin(smallest, u), largest = fmax(largest, u), sum += u;
  }
  CHECK(smallest > 0 && largest < 1, "uniforms in [%g, %g]", smallest, largest);
  CHECK(fabs(sum / N - 0.5) < 4 / sqrt(12.0 * N), "mean of uniforms %g", sum / N);
}

/* Any cut of a fill gives the same bits and writes nothing outside. */
static void check_splitting(nlrmt_entries law) {
  enum { N = 3000, CUTS = 400 };
  static double whole[N], part[N + 2];
  const uint64_t origins[] = {0, 3, 0x1p32 - 1000, 0x1p34 - N};
  uint32_t wrong = 0, state = 12345;
  for (int o = 0; o < 4; o++) {
    nlrmt_rng_law(&base, law, dof, 0.3, 9, origins[o], N, whole);
    for (int k = 0; k < CUTS; k++) {
      state = state * 1664525 + 1013904223;
      size_t from = (state >> 8) % N, count = (state >> 4) % (k % 2 ? 12 : N);
      if (count > N - from) count = N - from;
      part[0] = part[count + 1] = -99;
      nlrmt_rng_law(&base, law, dof, 0.3, 9, origins[o] + from, count, part + 1);
      wrong += memcmp(part + 1, whole + from, count * sizeof *part) != 0;
      wrong += part[0] != -99 || part[count + 1] != -99;
    }
  }
  CHECK(wrong == 0, "law %d: %u cuts change the entries", (int)law, wrong);
}

/* The integers are those of the entries, wherever a fill starts and from every variant. */
static void check_steps(void) {
  enum { N = 20000 };
  static double entry[N];
  static int8_t step[N], other[N];
  size_t count, wrong = 0;
  const nlrmt_rng_variant *variant = nlrmt_rng_variants(&count);
  for (uint64_t first = 0; first < 6; first++) {
    nlrmt_rng_entries(&base, NLRMT_ENTRIES_LATTICE, 1.7, 3, first, N, entry);
    nlrmt_rng_steps(&base, 3, first, N - first, step);
    for (size_t i = 0; i < N - first; i++)
      wrong += entry[i] != 1.7 / nlrmt_rng_deviation() * step[i];
    for (size_t v = 0; v < count; v++) {
      variant[v].steps(&base, 3, first, N - first, other);
      CHECK(memcmp(step, other, N - first) == 0, "steps: %s gives others", variant[v].isa);
    }
  }
  CHECK(wrong == 0, "%zu steps are not those of the entries", wrong);
}

static void check_variants(nlrmt_entries law) {
  enum { N = 20000 };
  static double expected[N], got[N];
  size_t count;
  const nlrmt_rng_variant *variant = nlrmt_rng_variants(&count);
  CHECK(count >= 1, "no variant runs here");
  nlrmt_rng_law(&base, law, dof, 1.7, 3, 5, N, expected);
  for (size_t v = 0; v < count; v++) {
    variant[v].entries(&base, law, dof, 1.7, 3, 5, N, got);
    CHECK(memcmp(got, expected, sizeof got) == 0, "law %d: %s gives other bits", (int)law,
          variant[v].isa);
  }
}

/* A mix of the bits of n entries; their order matters. */
static uint64_t digest(const double *x, size_t n) {
  uint64_t h = 0xcbf29ce484222325;
  for (size_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, x + i, sizeof bits);
    h = (h ^ bits) * 0x100000001b3;
    h ^= h >> 29;
  }
  return h;
}

/* Stored bits: they hold for every compiler, optimisation level and machine. */
static void check_golden(void) {
  enum { N = 50000 };
  static double x[N];
  static const uint64_t expected[LAWS] = {0x49e8fa03ce24ffdc, 0x2e02a4b79039ae92,
                                          0xf1f0e94c7fb31792, 0xe809f73100b1df2b,
                                          0x3e48a6d0f733c00e, 0x5d3caebccb6d5d81};
  static const double first[4] = {0x1.6677b901983e6p-4, -0x1.c7d6346965deep-2, 0x1.25f85ea849741p-1,
                                  -0x1.e3208f844034cp-2};
  for (int law = 0; law < LAWS; law++) {
    nlrmt_rng_law(&base, laws[law], dof, 1.25, 3, 1, N, x);
    CHECK(digest(x, N) == expected[law], "law %d: digest %#llx", law,
          (unsigned long long)digest(x, N));
    for (int i = 0; law == 0 && i < 4; i++) CHECK(x[i] == first[i], "entry %d is %a", i, x[i]);
  }
  CHECK(nlrmt_rng_uniform(&base, 3) == 0x1.ee15c21215a11p-1, "uniform is %a",
        nlrmt_rng_uniform(&base, 3));
}

static double correlation(const double *x, const double *y, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
  return sum / (double)n;
}

/* Changing any one part of the address changes every entry, and leaves no correlation. */
static void check_streams(void) {
  enum { N = 400000, OTHERS = 7 };
  double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  nlrmt_stream other[OTHERS];
  for (int k = 0; k < OTHERS; k++) other[k] = base;
  other[0].seed ^= 1, other[1].seed ^= (uint64_t)1 << 32, other[2].trial++, other[3].layer++;
  other[4].matrix = NLRMT_MATRIX_X, other[5].matrix = NLRMT_MATRIX_B; /* [6]: the next vector */
  nlrmt_rng_entries(&base, NLRMT_ENTRIES_GAUSSIAN, 1, 11, 0, N, x);
  for (int k = 0; k < OTHERS; k++) {
    nlrmt_rng_entries(&other[k], NLRMT_ENTRIES_GAUSSIAN, 1, 11 + (k == 6), 0, N, y);
    int equal = 0;
    for (int i = 0; i < N; i++) equal += x[i] == y[i];
    CHECK(equal == 0, "stream %d repeats %d entries", k, equal);
    CHECK(fabs(correlation(x, y, N)) < 4 / sqrt(N), "stream %d: correlation %.3g", k,
          correlation(x, y, N));
    double u = nlrmt_rng_uniform(&base, 11), v = nlrmt_rng_uniform(&other[k], 11 + (k == 6));
    CHECK(u != v, "stream %d repeats the uniform %g", k, u);
  }
  free(x), free(y);
}

/* Moments 1-4 within 4 standard errors. */
static void check_moments(const double *x, size_t n, nlrmt_entries law) {
  static const double moment[LAWS][9] = {
      {1, 0, 1, 0, 3, 0, 15, 0, 105},        {1, 0, 1, 0, 1, 0, 1, 0, 1},
      {1, 0, 1, 0, 1.8, 0, 27.0 / 7, 0, 9},  {1, 0, 1, 0, 3, 0, 15, 0, 105},
      {1, 0, 1, 2, 9, 44, 265, 1854, 14833}, {1, 0, 1, 0, 4, 0, 40, 0, 1120}};
  double sum[5] = {0};
  for (size_t i = 0; i < n; i++)
    for (int k = 1; k <= 4; k++)
      sum[k] += k == 1   ? x[i]
                : k == 2 ? x[i] * x[i]
                : k == 3 ? x[i] * x[i] * x[i]
                         : x[i] * x[i] * x[i] * x[i];
  for (int k = 1; k <= 4; k++) {
    double mean = sum[k] / (double)n, m = moment[law][k];
    double error = sqrt((moment[law][2 * k] - m * m) / (double)n);
    CHECK(fabs(mean - m) <= 4 * error, "law %d, moment %d: %.6g, not %g +- %.2g", (int)law, k, mean,
          m, error);
  }
}

/* Kolmogorov-Smirnov distance to the normal law, at 4096 edges; sqrt(n) D > 1.95 has probability
 * 0.001. */
static double ks_statistic(const double *x, size_t n) {
  enum { BINS = 4096 };
  static size_t below[BINS];
  memset(below, 0, sizeof below);
  for (size_t i = 0; i < n; i++) below[(int)((x[i] + 8) * (BINS / 16))]++;
  double largest = 0, sum = 0;
  for (int k = 0; k < BINS; k++) {
    sum += (double)below[k];
    double edge = (k + 1) * 16.0 / BINS - 8;
    largest = fmax(largest, fabs(sum / (double)n - 0.5 * erfc(-edge * M_SQRT1_2)));
  }
  return sqrt((double)n) * largest;
}

static void check_statistics(void) {
  const size_t n = 10000000;
  double *x = malloc(n * sizeof *x);
  for (int law = 0; law < LAWS; law++) {
    nlrmt_rng_law(&base, laws[law], dof, 1, 0, 0, n, x);
    check_moments(x, n, laws[law]);
    for (size_t lag = 1; lag <= 8; lag++) {
      double c = correlation(x, x + lag, n - lag);
      CHECK(fabs(c) < 4 / sqrt((double)n), "law %d: correlation %.3g at lag %zu", law, c, lag);
    }
  }
  nlrmt_rng_entries(&base, NLRMT_ENTRIES_GAUSSIAN, 1, 0, 0, n, x);
  double d = ks_statistic(x, n);
  CHECK(d < 1.95, "Kolmogorov-Smirnov sqrt(n) D = %.3g", d);
  for (size_t i = 0; i < n; i++) x[i] *= 1.005; /* negative control: half a per cent too wide */
  d = ks_statistic(x, n);
  CHECK(d > 1.95, "Kolmogorov-Smirnov is blind: %.3g", d);
  /* Squares: the two of a Box-Muller pair share a radius, yet must be independent. */
  for (size_t i = 0; i < n; i++) x[i] = x[i] * x[i] / (1.005 * 1.005) - 1;
  for (size_t lag = 1; lag <= 4; lag++) {
    double c = correlation(x, x + lag, n - lag) / 2;
    CHECK(fabs(c) < 4 / sqrt((double)n), "squares: correlation %.3g at lag %zu", c, lag);
  }
  free(x);
}

/* Integers of the right frequencies, as their chi^2 over the 89 that come often tells. */
static void check_lattice(void) {
  enum { N = 4000000, MAX = 63, OFTEN = 44 };
  double *x = malloc(N * sizeof *x), count[2 * MAX + 1] = {0}, sum = 0, deviation = 0, chi2 = 0;
  for (int k = -MAX; k <= MAX; k++) sum += exp(-k * k / 288.0);
  for (int k = -MAX; k <= MAX; k++) deviation += exp(-k * k / 288.0) / sum * k * k;
  deviation = sqrt(deviation);
  CHECK(fabs(deviation / 12 - 1) < 1e-5, "standard deviation %.9g steps", deviation);
  nlrmt_rng_entries(&base, NLRMT_ENTRIES_LATTICE, deviation, 2, 0, N, x);
  int wrong = 0;
  for (int i = 0; i < N; i++) {
    double k = round(x[i]);
    wrong += fabs(x[i] - k) > 1e-6 || fabs(k) > MAX;
    if (fabs(k) <= MAX) count[(int)k + MAX]++;
  }
  CHECK(wrong == 0, "%d entries off the lattice", wrong);
  for (int k = -OFTEN; k <= OFTEN; k++) {
    double expected = N * exp(-k * k / 288.0) / sum, d = count[k + MAX] - expected;
    chi2 += d * d / expected;
  }
  CHECK(fabs(chi2 - 89) < 4 * sqrt(2 * 89.0), "chi^2 %.1f of 89 frequencies", chi2);
  free(x);
}

/* Words give u and v: the entry, in long double, with the variance summed over all 2^32 values of
 * u, the first 2^16 one by one. */
static void check_student_words(double nu) {
  const long double half = 0.5L, s = 2 / (long double)nu, cut = 0x1p-16L;
  long double moment = 0; /* E u^-s - 1 */
  for (uint32_t w = 0; w < 1u << 16; w++) moment += expm1l(-s * logl((w + half) * 0x1p-32L));
  moment = moment * 0x1p-32L + (s - cut * (expm1l(-s * logl(cut)) + s)) / (1 - s);
  static const uint32_t hard[] = {0, 1, 77, 0x20000000, 0x80000000, 0xfffffffe, 0xffffffff};
  for (int i = 0; i < 7; i++) {
    const uint32_t w[4] = {hard[i], hard[i], hard[i], hard[i]};
    place p = place_with_words(w, base.seed), second = p;
    double x[4];
    uint32_t v[4];
    second.stream.matrix = (nlrmt_matrix)((uint32_t)p.stream.matrix ^ 0x80u);
    if ((uint32_t)p.stream.matrix & 0x80u) continue; /* no stream of a matrix: the second counter */
    words_at(&second, v);
    nlrmt_rng_law(&p.stream, NLRMT_ENTRIES_STUDENT_T, nu, 1, p.vector, p.first, 4, x);
    for (int j = 0; j < 4; j++) {
      long double r = sqrtl(expm1l(-s * logl((hard[i] + half) * 0x1p-32L)) / (moment / 2));
      long double exact = r * cosl(6.283185307179586476925L * (v[j] + half) * 0x1p-32L);
      CHECK(fabsl(x[j] - exact) <= 2e-9L * r, "dof %g, word %x: %.12g, not %.12Lg", nu, hard[i],
            x[j], exact);
    }
  }
}

/* With four degrees of freedom the distribution function is algebraic. */
static void check_student(void) {
  enum { N = 2000000, EDGES = 400 };
  double *x = malloc(N * sizeof *x), worst = 0, wide = 0;
  static double below[EDGES + 1];
  nlrmt_rng_law(&base, NLRMT_ENTRIES_STUDENT_T, 4, sqrt(2), 5, 0, N, x);
  for (int i = 0; i < N; i++) {
    double edge = ceil((x[i] + 10) * EDGES / 20);
    if (edge <= EDGES) below[edge < 0 ? 0 : (int)edge]++;
  }
  for (int e = 0; e <= EDGES; e++) {
    double t = e * 20.0 / EDGES - 10, q = 1 + t * t / 4;
    if (e > 0) below[e] += below[e - 1];
    double cdf = 0.5 + 0.375 * t / sqrt(q) * (1 - t * t / (12 * q));
    worst = fmax(worst, fabs(below[e] / N - cdf));
    wide = fmax(wide, fabs(below[e] / N - 0.5 * erfc(-t / 2))); /* the Gaussian of its variance */
  }
  CHECK(sqrt(N) * worst < 1.95, "Student: Kolmogorov-Smirnov sqrt(n) D = %.3g", sqrt(N) * worst);
  CHECK(sqrt(N) * wide > 1.95, "Student is not told from a Gaussian: %.3g", sqrt(N) * wide);
  /* Neighbours share a counter; their squares must not be correlated (a tenth moment exists). */
  nlrmt_rng_law(&base, NLRMT_ENTRIES_STUDENT_T, 12, 1, 5, 0, N, x);
  for (int i = 0; i < N; i++) x[i] = x[i] * x[i] - 1;
  double spread = correlation(x, x, N);
  for (size_t lag = 1; lag <= 4; lag++) {
    double c = correlation(x, x + lag, N - lag) / spread;
    CHECK(fabs(c) < 4 / sqrt(N), "Student's squares: correlation %.3g at lag %zu", c, lag);
  }
  free(x);
  check_student_words(2.05);
  check_student_words(3);
  check_student_words(1e5);
}

/* A matrix of vectors: neighbouring columns are uncorrelated too. */
static void check_vectors(void) {
  enum { VECTORS = 2000, N = 500 };
  double *x = malloc((size_t)VECTORS * N * sizeof *x), mean = 0;
  for (uint32_t a = 0; a < VECTORS; a++)
    nlrmt_rng_entries(&base, NLRMT_ENTRIES_GAUSSIAN, 1, a, 0, N, x + (size_t)a * N);
  const size_t n = (size_t)(VECTORS - 1) * N;
  double c = correlation(x, x + N, n);
  CHECK(fabs(c) < 4 / sqrt((double)n), "neighbouring vectors: correlation %.3g", c);
  for (uint32_t a = 0; a < VECTORS; a++) mean += x[(size_t)a * N]; /* the same component of all */
  mean /= VECTORS;
  CHECK(fabs(mean) < 4 / sqrt(VECTORS), "component 0 over vectors: mean %.3g", mean);
  free(x);
}

/* The sample's mean square against the law's, within 4 standard errors; and any cut gives the same.
 */
static void check_bias(const nlrmt_bias *bias, double fourth) {
  enum { N = 400000, FROM = 1237, PART = 1001 };
  double *b = malloc(N * sizeof *b), part[PART], square = 0;
  nlrmt_bias_draw(bias, 3, 1, 0, 0, N, b);
  for (int i = 0; i < N; i++) square += b[i] * b[i];
  square /= N;
  double rms = nlrmt_bias_rms(bias), error = sqrt(fmax(fourth - rms * rms * rms * rms, 0) / N);
  CHECK(fabs(square - rms * rms) <= 4 * error, "law %d: mean square %.6g, not %.6g", (int)bias->law,
        square, rms * rms);
  nlrmt_bias_draw(bias, 3, 1, 0, FROM, PART, part);
  CHECK(memcmp(part, b + FROM, sizeof part) == 0, "law %d: a cut changes the biases",
        (int)bias->law);
  const struct {
    uint64_t seed;
    uint32_t trial, layer;
  } other[] = {{4, 1, 0}, {3, 2, 0}, {3, 1, 1}};
  for (int k = 0; k < 3; k++) {
    nlrmt_bias_draw(bias, other[k].seed, other[k].trial, other[k].layer, FROM, PART, part);
    bool same = memcmp(part, b + FROM, sizeof part) == 0;
    CHECK(same == (bias->law == NLRMT_BIAS_NONE), "law %d: draw %d repeats", (int)bias->law, k);
  }
  free(b);
}

static void check_biases(void) {
  const double s = 0.7, s4 = s * s * s * s;
  nlrmt_bias bias = {.law = NLRMT_BIAS_NONE};
  check_bias(&bias, 0);
  bias = (nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = s};
  check_bias(&bias, 3 * s4);
  bias = (nlrmt_bias){.law = NLRMT_BIAS_UNIFORM, .sigma = s};
  check_bias(&bias, 1.8 * s4);
  bias = (nlrmt_bias){.law = NLRMT_BIAS_BERNOULLI, .sigma = s, .p = 0.3};
  check_bias(&bias, 0.3 * s4);
  bias = (nlrmt_bias){
      .law = NLRMT_BIAS_DISCRETE, .count = 3, .values = {-1, 0.5, 2}, .weights = {0.25, 0.5, 0.25}};
  check_bias(&bias, 0.25 * (1 + 16) + 0.5 * 0.0625);
}

/* Each value comes as often as its weight says, and nothing else comes. */
static void check_discrete(void) {
  enum { N = 200000 };
  static double b[N];
  const nlrmt_bias bias = {.law = NLRMT_BIAS_DISCRETE,
                           .count = 4,
                           .values = {3, -1, 0, 8},
                           .weights = {0.1, 0.2, 0.3, 0.4}};
  nlrmt_bias_draw(&bias, 3, 1, 0, 0, N, b);
  double all = 0;
  for (size_t k = 0; k < bias.count; k++) {
    double hits = 0, w = bias.weights[k];
    for (int i = 0; i < N; i++) hits += b[i] == bias.values[k];
    CHECK(fabs(hits / N - w) < 4 * sqrt(w * (1 - w) / N), "value %g: %g of %d", bias.values[k],
          hits, N);
    all += hits;
  }
  CHECK(all == N, "%g biases are no listed value", N - all);
  for (int p = 0; p <= 1; p++) {
    const nlrmt_bias certain = {.law = NLRMT_BIAS_BERNOULLI, .sigma = 2, .p = p};
    nlrmt_bias_draw(&certain, 3, 1, 0, 0, N, b);
    int wrong = 0;
    for (int i = 0; i < N; i++) wrong += b[i] != 2 * p;
    CHECK(wrong == 0, "p = %d: %d wrong", p, wrong);
  }
}

int main(void) {
  check_known_answers();
  check_layout();
  check_accuracy();
  check_extremes();
  for (int law = 0; law < LAWS; law++) {
    check_splitting(laws[law]);
    check_variants(laws[law]);
  }
  check_golden();
  check_streams();
  check_statistics();
  check_lattice();
  check_steps();
  check_student();
  check_vectors();
  check_biases();
  check_discrete();
  return check_end("test_rng", 0);
}
