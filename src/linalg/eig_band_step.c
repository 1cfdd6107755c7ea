/* The step of the chase (eig_band.h): 12 b^2 operations on two blocks of b x b, b = NLRMT_BAND,
 * that lie in the second-level cache. Whole blocks by vectors of eight, once for each instruction
 * set; the clipped ones at the end of the matrix by plain loops. */
#include "eig_band.h"

#include <math.h>

#define INLINE static inline __attribute__((always_inline))

enum { B = NLRMT_BAND, LANES = 8, VECS = B / LANES, NEXT = NLRMT_BAND_LD - 1 };
/* Of a block, element (p, q) is at [q * NEXT + p]. */

typedef double vec
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int64_t mask __attribute__((vector_size(LANES * sizeof(int64_t))));

INLINE vec load(const double *x) {
  return *(const vec *)x;
}

INLINE void store(double *x, vec y) {
  *(vec *)x = y;
}

/* All lanes the same. */
INLINE vec spread(double x) {
  return (vec){x, x, x, x, x, x, x, x};
}

INLINE double total(vec x) {
  x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
  x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
  return x[0] + x[1];
}

/* Lanes of x from number k on; 0 before. */
INLINE vec from(int k, vec x) {
  static const mask lane = {0, 1, 2, 3, 4, 5, 6, 7};
  mask limit = {k, k, k, k, k, k, k, k};
  return (vec)((mask)x & (lane >= limit));
}

/* v and tau from x[0] and the sum of the other squares; returns the new x[0]. Squares below 1e-290
 * are those of numbers that are nothing beside the norm, which is near 1. */
INLINE double reflection(double first, double squares, double *tau, double *scale) {
  if (squares < 1e-290) {
    *tau = *scale = 0;
    return first;
  }
  double norm = sqrt(first * first + squares), beta = first > 0 ? -norm : norm;
  *tau = (beta - first) / beta;
  *scale = 1 / (first - beta);
  return beta;
}

void nlrmt_band_reflect(int length, double *x, nlrmt_band_reflector *r) {
  double squares = 0, scale;
  for (int i = 1; i < length; i++) squares += x[i] * x[i];
  x[0] = reflection(x[0], squares, &r->tau, &scale);
  r->v[0] = 1;
  r->length = length;
  for (int i = 1; i < length; i++) {
    r->v[i] = scale * x[i];
    x[i] = 0;
  }
}

/* d <- H d H, d the lower triangle of order n: w = tau (y - tau/2 (y'v) v), y = d v; d - v w' - w
 * v'.
 */
static void both_sides(int n, double *d, const nlrmt_band_reflector *r) {
  const double *v = r->v;
  double w[B] = {0}, product = 0;
  for (int q = 0; q < n; q++) {
    double sum = d[q * NEXT + q] * v[q];
    for (int p = q + 1; p < n; p++) {
      w[p] += d[q * NEXT + p] * v[q];
      sum += d[q * NEXT + p] * v[p];
    }
    w[q] += sum;
  }
  for (int p = 0; p < n; p++) product += w[p] * v[p];
  for (int p = 0; p < n; p++) w[p] = r->tau * (w[p] - r->tau / 2 * product * v[p]);
  for (int q = 0; q < n; q++)
    for (int p = q; p < n; p++) d[q * NEXT + p] -= v[p] * w[q] + w[p] * v[q];
}

/* The block of `rows` rows below: from the right by *r, then from the left by the new *r. */
static void off_diagonal(int rows, double *d, nlrmt_band_reflector *r) {
  int n = r->length;
  double z[B] = {0}, *below = d + n;
  for (int q = 0; q < n; q++)
    for (int p = 0; p < rows; p++) z[p] += below[q * NEXT + p] * r->v[q];
  for (int q = 0; q < n; q++)
    for (int p = 0; p < rows; p++) below[q * NEXT + p] -= r->tau * z[p] * r->v[q];
  nlrmt_band_reflect(rows, below, r);
  for (int q = 1; q < n; q++) {
    double sum = 0;
    for (int p = 0; p < rows; p++) sum += r->v[p] * below[q * NEXT + p];
    for (int p = 0; p < rows; p++) below[q * NEXT + p] -= r->tau * sum * r->v[p];
  }
}

static void clipped(double *d, int below, nlrmt_band_reflector *r) {
  both_sides(r->length, d, r);
  if (below > 0) off_diagonal(below, d, r);
}

/* y = d v for the triangle of order B. Above the diagonal lies the end of the column to the left,
 * which belongs to this step too. */
INLINE void multiply_triangle(const double *d, const double *v, vec y[VECS]) {
  for (int r = 0; r < VECS; r++) y[r] = spread(0);
  for (int c = 0; c < VECS; c++) {
    const double *block = d + c * LANES * NEXT;
    vec own = load(v + c * LANES), sum[LANES], add;
    for (int k = 0; k < LANES; k++) {
      vec x = load(block + k * NEXT + c * LANES);
      y[c] += from(k, x) * spread(v[c * LANES + k]);
      sum[k] = from(k + 1, x) * own;
    }
    for (int r = c + 1; r < VECS; r++) {
      vec below = load(v + r * LANES), yr = y[r];
      for (int k = 0; k < LANES; k++) {
        vec x = load(block + k * NEXT + r * LANES);
        yr += x * spread(v[c * LANES + k]);
        sum[k] += x * below;
      }
      y[r] = yr;
    }
    for (int k = 0; k < LANES; k++) add[k] = total(sum[k]);
    y[c] += add;
  }
}

INLINE void update_triangle(double *d, const double *v, const double *w) {
  for (int c = 0; c < VECS; c++) {
    double *block = d + c * LANES * NEXT;
    for (int r = c; r < VECS; r++) {
      vec vr = load(v + r * LANES), wr = load(w + r * LANES);
      for (int k = 0; k < LANES; k++) {
        double *at = block + k * NEXT + r * LANES;
        vec change = vr * spread(w[c * LANES + k]) + wr * spread(v[c * LANES + k]);
        store(at, load(at) - (r == c ? from(k, change) : change));
      }
    }
  }
}

INLINE void whole_both_sides(double *d, const nlrmt_band_reflector *r) {
  double w[B] __attribute__((aligned(64)));
  vec y[VECS], sum = spread(0);
  multiply_triangle(d, r->v, y);
  for (int p = 0; p < VECS; p++) sum += y[p] * load(r->v + p * LANES);
  vec tau = spread(r->tau), half = spread(r->tau / 2 * total(sum));
  for (int p = 0; p < VECS; p++) store(w + p * LANES, tau * (y[p] - half * load(r->v + p * LANES)));
  update_triangle(d, r->v, w);
}

/* z = tau (block v). */
INLINE void multiply_block(const double *block, const nlrmt_band_reflector *r, vec z[VECS]) {
  for (int p = 0; p < VECS; p++) z[p] = spread(0);
  for (int q = 0; q < B; q++) {
    vec vq = spread(r->v[q]);
    for (int p = 0; p < VECS; p++) z[p] += load(block + q * NEXT + p * LANES) * vq;
  }
  for (int p = 0; p < VECS; p++) z[p] *= spread(r->tau);
}

/* First column of block - z v', and the reflection that it defines. */
INLINE void cure(double *block, const vec z[VECS], vec u[VECS], nlrmt_band_reflector *r) {
  double first = block[0] - z[0][0], scale;
  vec squares = spread(0);
  for (int p = 0; p < VECS; p++) {
    u[p] = load(block + p * LANES) - z[p];
    vec rest = p == 0 ? from(1, u[p]) : u[p];
    squares += rest * rest;
    store(block + p * LANES, spread(0));
  }
  block[0] = reflection(first, total(squares), &r->tau, &scale);
  for (int p = 0; p < VECS; p++) u[p] *= spread(scale);
  u[0][0] = 1;
}

/* One pass over the block for the reflections from the right and from the left. */
INLINE void whole_off_diagonal(double *block, nlrmt_band_reflector *r) {
  vec z[VECS], u[VECS];
  multiply_block(block, r, z);
  cure(block, z, u, r);
  for (int q = 1; q < B; q++) {
    double *column = block + q * NEXT;
    vec x[VECS], vq = spread(r->v[q]), sum[2] = {spread(0), spread(0)};
    for (int p = 0; p < VECS; p++) {
      x[p] = load(column + p * LANES) - z[p] * vq;
      sum[p % 2] += x[p] * u[p];
    }
    vec s = spread(r->tau * total(sum[0] + sum[1]));
    for (int p = 0; p < VECS; p++) store(column + p * LANES, x[p] - s * u[p]);
  }
  for (int p = 0; p < VECS; p++) store(r->v + p * LANES, u[p]);
}

INLINE void step(double *d, int below, nlrmt_band_reflector *r) {
  if (r->length < B || below < B) {
    clipped(d, below, r);
    return;
  }
  whole_both_sides(d, r);
  whole_off_diagonal(d + B, r);
}

static void generic(double *d, int below, nlrmt_band_reflector *r) {
  step(d, below, r);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void avx2(double *d, int below,
                                                     nlrmt_band_reflector *r) {
  step(d, below, r);
}

__attribute__((target("avx512f"))) static void avx512(double *d, int below,
                                                      nlrmt_band_reflector *r) {
  step(d, below, r);
}
#endif

nlrmt_band_step *nlrmt_band_step_choose(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
#endif
  return generic;
}
