/* Eigenvalues of a symmetric tridiagonal matrix by Sturm counts, shared out to ranks and threads.
 *
 * The recurrence q_i = d_i - x - e_{i-1}^2 / q_{i-1} gives the number of eigenvalues below x
 * (negative q_i) for WIDE values of x at once, and beside it, almost free under the division, the
 * first two logarithmic derivatives of the characteristic polynomial. An interval that holds
 * several eigenvalues is cut in the middle, one that holds a single one where Laguerre's step puts
 * it. Only counts decide: an eigenvalue is found when they enclose it to 2 tolerances, a few eps
 * |T|. About ten evaluations an eigenvalue, n divisions each; a cluster costs as one.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "eig_band.h"
#include "nlrmt/fault.h"
#include "nlrmt/team.h"

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 8, VECS = 4, WIDE = LANES * VECS, SLICE = 128, PATIENCE = 3 };

typedef double vec __attribute__((vector_size(LANES * sizeof(double)), may_alias));
typedef uint64_t bits __attribute__((vector_size(LANES * sizeof(uint64_t)), may_alias));

/* A zero pivot q is followed by one of -inf, which makes the count right, if e is not 0 there:
 * squares are DBL_MIN at least, on a scale of order 1. What the derivatives then are is not a
 * number, and the interval is cut in the middle.
 *
 * What is known at WIDE points: eigenvalues below, sum of 1/(x - lambda), of its square. */
typedef struct {
  vec x[VECS], first[VECS], second[VECS];
  bits below[VECS];
} points;

typedef struct {
  int64_t n;
  const double *d, *square; /* diagonal; squares of the off-diagonal, square[0] any */
  double low, high;         /* enclose the spectrum */
  double tolerance;
  int64_t begin, end; /* eigenvalues wanted */
  double *lambda;     /* [n] */
} problem;

INLINE void evaluate_body(const problem *p, points *at) {
  vec x[VECS], r[VECS], u[VECS], v[VECS], first[VECS], second[VECS], one = 1.0 - (vec){0};
  bits below[VECS];
  for (int k = 0; k < VECS; k++) {
    x[k] = at->x[k];
    r[k] = u[k] = v[k] = first[k] = second[k] = (vec){0};
    below[k] = (bits){0};
  }
  for (int64_t i = 0; i < p->n; i++)
    for (int k = 0; k < VECS; k++) {
      vec g = p->square[i] * r[k], q = p->d[i] - x[k] - g;
      below[k] += (bits)q >> 63; /* the sign */
      r[k] = one / q;
      v[k] = r[k] * g * (v[k] - 2 * u[k] * u[k]); /* q''/q, */
      u[k] = r[k] * (g * u[k] - one);             /* q'/q */
      first[k] += u[k];
      second[k] += u[k] * u[k] - v[k];
    }
  for (int k = 0; k < VECS; k++) {
    at->first[k] = first[k], at->second[k] = second[k];
    at->below[k] = below[k];
  }
}

static void evaluate_generic(const problem *p, points *at) {
  evaluate_body(p, at);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void evaluate_avx2(const problem *p, points *at) {
  evaluate_body(p, at);
}

__attribute__((target("avx512f"))) static void evaluate_avx512(const problem *p, points *at) {
  evaluate_body(p, at);
}
#endif

static void evaluate(const problem *p, points *at) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    evaluate_avx512(p, at);
    return;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    evaluate_avx2(p, at);
    return;
  }
#endif
  evaluate_generic(p, at);
}

/* Holds the eigenvalues number below_low ... below_high - 1. */
typedef struct {
  double low, high;
  int64_t below_low, below_high;
  double guess; /* where to cut it; NAN: in the middle */
  int tries;    /* guesses so far */
} interval;

/* The intervals that hold one of the eigenvalues begin ... end - 1, at most SLICE of them. */
typedef struct {
  const problem *p;
  int64_t begin, end;
  interval list[SLICE + 1];
  int count;
} worklist;

/* Files an interval: its eigenvalues are found, or it has to be cut further. */
static void put(worklist *w, const interval *i) {
  int64_t begin = i->below_low > w->begin ? i->below_low : w->begin;
  int64_t end = i->below_high < w->end ? i->below_high : w->end;
  double middle = i->low + (i->high - i->low) / 2;
  if (begin >= end) return;
  if (i->high - i->low > 2 * w->p->tolerance && middle > i->low && middle < i->high)
    w->list[w->count++] = *i;
  else
    for (int64_t k = begin; k < end; k++) w->p->lambda[k] = middle;
}

/* Laguerre's step from x to the next eigenvalue on the right (or left): never beyond it. */
static double laguerre(int64_t n, double first, double second, bool right) {
  double degree = (double)n;
  double root = sqrt((degree - 1) * (degree * second - first * first));
  return -degree / (right ? first - root : first + root);
}

/* Where the only eigenvalue of i is, seen from x, one of the ends: a tolerance further if it is
 * within one of x, so that the next count closes the interval. Not every time: should the guesses
 * lead nowhere, halves do. */
static double guess_from(const problem *p, const interval *i, double x, double first,
                         double second) {
  bool right = x == i->low;
  double step = laguerre(p->n, first, second, right);
  if (fabs(step) <= p->tolerance) step += right ? p->tolerance : -p->tolerance;
  bool inside = x + step > i->low && x + step < i->high && i->tries % PATIENCE < PATIENCE - 1;
  return inside ? x + step : NAN;
}

/* The points that cut an interval, `count` of them, ascending: its guess and equal parts. */
static void place(const interval *i, int count, double *x) {
  int guesses = isnan(i->guess) ? 0 : 1, parts = count - guesses + 1;
  for (int k = 0, j = 1; k < count; k++) {
    double next = i->low + (i->high - i->low) * j / parts;
    bool guess = guesses > 0 && (j == parts || i->guess < next);
    x[k] = guess ? i->guess : next;
    if (guess) guesses = 0;
    j += !guess;
  }
}

/* The pieces of an interval between the points first ... first + count - 1 that cut it. */
static void split(worklist *w, const interval *i, const points *at, int first, int count) {
  const double *x = (const double *)at->x, *s1 = (const double *)at->first,
               *s2 = (const double *)at->second;
  const uint64_t *below = (const uint64_t *)at->below;
  interval piece = *i;
  for (int k = first; k <= first + count; k++) {
    bool end = k == first + count;
    int64_t under =
        end ? i->below_high : (int64_t)below[k]; /* rounding must not disorder the counts */
    if (under > i->below_high) under = i->below_high;
    if (under < piece.below_low) under = piece.below_low;
    piece.below_high = under;
    piece.high = end ? i->high : x[k];
    piece.tries = i->tries + 1;
    piece.guess = NAN;
    if (piece.below_high - piece.below_low == 1 && k > first)
      piece.guess = guess_from(w->p, &piece, x[k - 1], s1[k - 1], s2[k - 1]);
    else if (piece.below_high - piece.below_low == 1)
      piece.guess = guess_from(w->p, &piece, x[k], s1[k], s2[k]);
    put(w, &piece);
    piece.low = piece.high;
    piece.below_low = piece.below_high;
  }
}

/* Eigenvalues number begin + item SLICE and the SLICE - 1 after it. */
static void find(void *shared, int64_t item, int thread) {
  const problem *p = shared;
  worklist w = {.p = p, .begin = p->begin + item * SLICE};
  (void)thread;
  w.end = w.begin + SLICE < p->end ? w.begin + SLICE : p->end;
  put(&w, &(interval){p->low, p->high, 0, p->n, NAN, 0});
  while (w.count > 0) {
    int taken = w.count < WIDE ? w.count : WIDE, each = WIDE / taken;
    interval cut[WIDE];
    points at = {0};
    double *x = (double *)at.x;
    w.count -= taken;
    for (int k = 0; k < taken; k++) {
      cut[k] = w.list[w.count + k];
      place(&cut[k], each, x + k * each);
    }
    for (int k = taken * each; k < WIDE; k++) x[k] = p->low;
    evaluate(p, &at);
    for (int k = 0; k < taken; k++) split(&w, &cut[k], &at, k * each, each);
  }
}

/* Collective. All of lambda from each rank's part [n rank / size, n (rank + 1) / size). */
static void collect(const nlrmt_comm *comm, int64_t n, int *counts, double *lambda) {
  int *offsets = counts + comm->size;
  for (int r = 0; r < comm->size; r++) {
    offsets[r] = (int)(n * r / comm->size);
    counts[r] = (int)(n * (r + 1) / comm->size) - offsets[r];
  }
  MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, lambda, counts, offsets, MPI_DOUBLE,
                 comm->mpi);
}

/* d, e <- 2^-exponent d, e^2 shifted by one, of order 1; the interval and the limits. */
static void prepare(problem *p, double *d, double *square, const double *e, int exponent) {
  for (int64_t i = 0; i < p->n; i++) {
    double left = i > 0 ? fabs(ldexp(e[i - 1], -exponent)) : 0;
    double right = i + 1 < p->n ? fabs(ldexp(e[i], -exponent)) : 0;
    d[i] = ldexp(d[i], -exponent);
    square[i] = fmax(left * left, DBL_MIN);
    p->low = i == 0 ? d[i] - right : fmin(p->low, d[i] - left - right);
    p->high = i == 0 ? d[i] + right : fmax(p->high, d[i] + left + right);
  }
  double norm = fmax(fabs(p->low), fabs(p->high));
  p->tolerance = 2 * DBL_EPSILON * norm;
  p->low -= (2 * (double)p->n + 10) * DBL_EPSILON * norm + DBL_MIN;
  p->high += (2 * (double)p->n + 10) * DBL_EPSILON * norm + DBL_MIN;
}

nlrmt_status nlrmt_band_eigenvalues(const nlrmt_comm *comm, int threads, int64_t n, double *d,
                                    const double *e, nlrmt_error *err) {
  double *own = nlrmt_fault("eig.malloc") ? NULL : malloc((size_t)(2 * n) * sizeof *own + 1);
  int *counts = malloc(2 * (size_t)comm->size * sizeof *counts), exponent;
  double largest = 0;
  if (!own || !counts) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "eigenvalues: no memory");
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK) {
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(d[i]));
    for (int64_t i = 0; i + 1 < n; i++) largest = fmax(largest, fabs(e[i]));
    frexp(largest, &exponent);
    problem p = {.n = n, .d = own, .square = own + n, .lambda = d};
    for (int64_t i = 0; i < n; i++) own[i] = d[i];
    p.begin = n * comm->rank / comm->size;
    p.end = n * (comm->rank + 1) / comm->size;
    prepare(&p, own, own + n, e, exponent);
    nlrmt_team_run(threads, (p.end - p.begin + SLICE - 1) / SLICE, find, &p);
    for (int64_t k = p.begin; k < p.end; k++) d[k] = ldexp(d[k], exponent);
    collect(comm, n, counts, d);
    for (int64_t k = 1; k < n; k++) d[k] = fmax(d[k], d[k - 1]); /* neighbours found apart */
  }
  free(own);
  free(counts);
  return err->status;
}
