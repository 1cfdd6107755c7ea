/* Gauss-Legendre panels over |N| <= REACH, split where f has a kink, halved until nothing moves.
 * eta - zeta is summed as a square of what is left after the mean and the linear part are taken
 * out, so that 0 <= zeta <= eta holds exactly and a nearly affine f keeps its small difference. */
#include "nlrmt/moments.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quadrature.h"

enum { POINTS = 16, REACH = 17, LEVELS = 9 }; /* x^64 exp(-x^2/2) has 1e-26 of its mass beyond 17 */

static const double TOLERANCE = 1e-13; /* relative to E f^2 */
static const double NOISE = 1e-24;     /* squares below this times E f^2 are rounding */

/* Nodes x, weights w with Gaussian density, values f. */
typedef struct {
  size_t count, capacity;
  double *x, *w, *f;
} samples;

/* The rule without kinks is kept from one bias to the next. */
struct quadrature {
  gsl_integration_glfixed_table *rule;
  int level; /* of smooth; -1: none */
  samples smooth, s;
};

static void samples_clear(samples *s) {
  free(s->x);
  free(s->w);
  free(s->f);
  *s = (samples){0};
}

static bool samples_reserve(samples *s, size_t capacity) {
  s->count = 0;
  if (s->capacity >= capacity) return true;
  samples_clear(s);
  s->x = malloc(capacity * sizeof *s->x);
  s->w = malloc(capacity * sizeof *s->w);
  s->f = malloc(capacity * sizeof *s->f);
  if (s->x && s->w && s->f) s->capacity = capacity;
  return s->capacity == capacity;
}

quadrature *quadrature_create(void) {
  quadrature *q = calloc(1, sizeof *q);
  if (!q) return NULL;
  q->level = -1;
  q->rule = gsl_integration_glfixed_table_alloc(POINTS);
  if (!q->rule) quadrature_destroy(&q);
  return q;
}

void quadrature_destroy(quadrature **q) {
  if (!*q) return;
  if ((*q)->rule) gsl_integration_glfixed_table_free((*q)->rule);
  samples_clear(&(*q)->smooth);
  samples_clear(&(*q)->s);
  free(*q);
  *q = NULL;
}

static void add_panel(const quadrature *q, samples *s, double lo, double hi) {
  for (size_t i = 0; i < POINTS; i++) {
    double x, w;
    gsl_integration_glfixed_point(lo, hi, i, &x, &w, q->rule);
    s->x[s->count] = x;
    s->w[s->count++] = w * exp(-x * x / 2);
  }
}

static bool make_smooth(quadrature *q, int level) {
  const int panels = 2 * REACH << level;
  q->level = -1;
  if (!samples_reserve(&q->smooth, (size_t)panels * POINTS)) return false;
  for (int k = 0; k < panels; k++)
    add_panel(q, &q->smooth, -REACH + ldexp(k, -level), -REACH + ldexp(k + 1, -level));
  q->level = level;
  return true;
}

static void copy_panels(const samples *from, samples *to, int first, int end) {
  const size_t at = (size_t)first * POINTS, count = (size_t)(end - first) * POINTS;
  memcpy(to->x + to->count, from->x + at, count * sizeof *to->x);
  memcpy(to->w + to->count, from->w + at, count * sizeof *to->w);
  to->count += count;
}

/* f(sigma_z x; b) at all samples. */
static void evaluate(samples *s, const nlrmt_activation *f, double sigma_z, double b) {
  double same[POINTS];
  for (int i = 0; i < POINTS; i++) same[i] = b;
  for (size_t k = 0; k < s->count; k++) s->f[k] = sigma_z * s->x[k];
  for (size_t k = 0; k < s->count; k += POINTS) nlrmt_activation_apply(f, POINTS, same, s->f + k);
}

/* Samples f on panels of width 2^-level, those that hold a kink split there. */
static bool sample(quadrature *q, const nlrmt_activation *f, double sigma_z, double b, int level) {
  const int panels = 2 * REACH << level;
  samples *s = &q->s;
  if (q->level != level && !make_smooth(q, level)) return false;
  double at[NLRMT_KINKS_MAX];
  const int kinks = nlrmt_activation_kinks(f, b, at);
  if (!samples_reserve(s, (size_t)(panels + kinks) * POINTS)) return false;
  int done = 0;
  double lo = -INFINITY; /* a kink splits the panel that is already split there */
  for (int i = 0; i < kinks; i++) {
    const double kink = at[i] / sigma_z;
    if (!(fabs(kink) < REACH)) continue;
    const int k = (int)floor(ldexp(kink + REACH, level));
    if (k >= done) {
      if (lo > -INFINITY) add_panel(q, s, lo, -REACH + ldexp(done, -level));
      copy_panels(&q->smooth, s, done, k);
      lo = -REACH + ldexp(k, -level);
      done = k + 1;
    }
    add_panel(q, s, lo, kink);
    lo = kink;
  }
  if (lo > -INFINITY) add_panel(q, s, lo, -REACH + ldexp(done, -level));
  copy_panels(&q->smooth, s, done, panels);
  evaluate(s, f, sigma_z, b);
  return true;
}

static moments reduce(samples *s) {
  double mass = 0, mean = 0, slope = 0, rest = 0, square = 0;
  for (size_t k = 0; k < s->count; k++) mass += s->w[k], mean += s->w[k] * s->f[k];
  mean /= mass;
  for (size_t k = 0; k < s->count; k++) slope += s->w[k] * s->x[k] * (s->f[k] - mean);
  slope /= mass;
  for (size_t k = 0; k < s->count; k++) {
    const double r = s->f[k] - mean - slope * s->x[k];
    rest += s->w[k] * r * r;
    square += s->w[k] * s->f[k] * s->f[k];
  }
  return (moments){.h = mean, .slope = slope, .rest = rest / mass, .square = square / mass};
}

bool quadrature_at_level(quadrature *q, const nlrmt_activation *f, double sigma_z, double b,
                         int level, moments *out) {
  if (!sample(q, f, sigma_z, b, level)) return false;
  *out = reduce(&q->s);
  if (out->rest <= NOISE * out->square) out->rest = 0;
  if (out->slope * out->slope <= NOISE * out->square) out->slope = 0;
  return true;
}

static bool agree(const moments *x, const moments *y) {
  const double size = sqrt(y->square);
  return fabs(x->h - y->h) <= TOLERANCE * size && fabs(x->slope - y->slope) <= TOLERANCE * size &&
         fabs(x->rest - y->rest) <= TOLERANCE * y->square;
}

nlrmt_status quadrature_refine(quadrature *q, const nlrmt_activation *f, double sigma_z, double b,
                               int *level, moments *out, nlrmt_error *err) {
  if (!(sigma_z > 0 && isfinite(sigma_z) && isfinite(b)))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "moments: sigma_z=%g, bias %g: must be finite and sigma_z > 0", sigma_z, b);
  moments coarse = {.h = NAN};
  for (; *level < LEVELS; ++*level, coarse = *out) {
    if (!quadrature_at_level(q, f, sigma_z, b, *level, out))
      return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "moments: out of memory");
    if (!isfinite(out->square) || !isfinite(out->rest)) break;
    if (agree(&coarse, out)) return NLRMT_OK;
  }
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "moments: f=%s, sigma_z=%g, bias %g: E f, E f^2 do not converge: choose "
                    "another activation or scale",
                    f->name, sigma_z, b);
}

nlrmt_status nlrmt_moments_at(const nlrmt_activation *f, double sigma_z, double b, double *h,
                              double *eta, double *zeta, nlrmt_error *err) {
  quadrature *q = quadrature_create();
  if (!q) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "moments: out of memory");
  int level = 0;
  moments m;
  const nlrmt_status status = quadrature_refine(q, f, sigma_z, b, &level, &m, err);
  quadrature_destroy(&q);
  if (status != NLRMT_OK) return status;
  *h = m.h;
  *zeta = m.slope * m.slope;
  *eta = *zeta + m.rest;
  return NLRMT_OK;
}
