#include "bulk.h"

#include <gsl/gsl_chebyshev.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

static const double TOLERANCE = 1e-13; /* of a panel's mass, relative to the bulk's */
static const double WIDTH_MIN = 1e-12; /* of a panel, in theta */
static const double LIGHT = 1e-9;      /* bulks of less of the mass are taken as semicircles */
static const double BLUR = 1e-14;      /* lambda/right below which a hard edge is rounding */

static bool hard(const bulk *b) {
  return b->left == 0;
}

/* Accurate near both edges: right - (right - left) cos^2(theta/2) on the right half. */
double bulk_lambda(const bulk *b, double theta) {
  const double width = b->right - b->left, s = sin(theta / 2), c = cos(theta / 2);
  if (hard(b)) return b->right * s * s * s * s * s * s;
  return theta < M_PI / 2 ? b->left + width * s * s : b->right - width * c * c;
}

static double bulk_theta(const bulk *b, double lambda) {
  const double width = b->right - b->left;
  double left = fmax(0, lambda - b->left) / width, right = fmax(0, b->right - lambda) / width;
  if (hard(b)) left = cbrt(left), right = fmax(0, -expm1(log1p(-right) / 3));
  return left < right ? 2 * asin(sqrt(left)) : M_PI - 2 * asin(sqrt(right));
}

static double bulk_slope(const bulk *b, double theta) { /* dlambda/dtheta */
  const double s = sin(theta / 2), c = cos(theta / 2);
  return (b->right - b->left) * s * c * (hard(b) ? 3 * s * s * s * s : 1);
}

/* GSL's view of a series stored in a panel. */
static gsl_cheb_series series(const bulk_panel *p, const double *terms) {
  return (gsl_cheb_series){.c = (double *)terms, .order = BULK_TERMS - 1, .a = p->lo, .b = p->hi};
}

static double evaluate(const bulk_panel *p, const double *terms, double theta) {
  const gsl_cheb_series s = series(p, terms);
  return gsl_cheb_eval(&s, theta);
}

static void interpolate(const bulk_panel *p, double *terms, const gsl_function *f) {
  double values[BULK_TERMS];
  gsl_cheb_series s = series(p, terms);
  s.f = values;
  gsl_cheb_init(&s, f, p->lo, p->hi);
}

static void integrate(const bulk_panel *p, const double *terms, double *out) {
  const gsl_cheb_series s = series(p, terms);
  gsl_cheb_series i = series(p, out);
  gsl_cheb_calc_integ(&i, &s);
}

/* State while the panels of one bulk are made, left to right. */
typedef struct {
  const sce *s;
  bulk *b;
  sce_counts *counts;
  sce_point last; /* last point solved, the next one's guess */
  bool solved;    /* last is one */
  bulk_result result;
  sce_point *at;
  bool semicircle; /* instead of solving */
  size_t capacity;
  const bulk_panel *panel; /* for the second interpolation */
} builder;

static double density_in_theta(double theta, void *data) {
  builder *d = data;
  if (d->result != BULK_OK) return 0;
  const double lambda = bulk_lambda(d->b, theta);
  const bool blurred = hard(d->b) && lambda < BLUR * d->b->right; /* seen in mass_error */
  sce_point x = d->last;
  if (d->solved ? !sce_follow(d->s, lambda, &x, d->counts)
                : !sce_solve(d->s, lambda, &x, d->counts)) {
    if (blurred) return 0;
    d->at->z = lambda;
    d->result = BULK_LOST;
    return 0;
  }
  if (x.kind == SCE_GAP) {
    if (blurred) return 0;
    *d->at = x;
    d->result = BULK_GAP;
    return 0;
  }
  d->last = x;
  d->solved = true;
  return d->b->unit * cimag(x.a) / M_PI * bulk_slope(d->b, theta);
}

static double cdf_in_theta(double theta, void *data) {
  const builder *d = data;
  return (d->panel->cdf + evaluate(d->panel, d->panel->mass, theta)) * bulk_slope(d->b, theta);
}

/* A rare population's own bulk is a semicircle up to its width/lambda ~ mass^(1/2). */
static double semicircle_in_theta(double theta, void *data) {
  const builder *d = data;
  return 2 / M_PI * sin(theta) * sin(theta) * d->b->exact;
}

static bool converged(const bulk *b, const bulk_panel *p) {
  const double width = p->hi - p->lo, mass = b->exact;
  /* A thin bulk's own place is only known to rounding. */
  const double noise = 4e-16 * b->right / (b->right - b->left);
  double tail = 0;
  for (int k = BULK_TERMS - 3; k < BULK_TERMS; k++) tail += fabs(p->density[k]);
  return tail * width <= (TOLERANCE + noise) * mass || width < WIDTH_MIN;
}

static void append(builder *d, const bulk_panel *p) {
  bulk *b = d->b;
  if (b->count == d->capacity) {
    d->capacity = d->capacity ? 2 * d->capacity : 8;
    bulk_panel *grown = realloc(b->panel, d->capacity * sizeof *grown);
    if (!grown) {
      d->result = BULK_MEMORY;
      return;
    }
    b->panel = grown;
  }
  b->panel[b->count++] = *p;
}

/* Panels over [lo, hi], halved until their series end. */
static void build_panels(builder *d, double lo, double hi) {
  bulk_panel p = {.lo = lo, .hi = hi};
  gsl_function f = {d->semicircle ? semicircle_in_theta : density_in_theta, d};
  interpolate(&p, p.density, &f);
  if (d->result != BULK_OK) return;
  if (converged(d->b, &p)) {
    append(d, &p);
    return;
  }
  build_panels(d, lo, (lo + hi) / 2);
  if (d->result == BULK_OK) build_panels(d, (lo + hi) / 2, hi);
}

/* Scales the densities to the mass known in closed form, then accumulates cdf and its integral. */
static void accumulate(builder *d, double cdf_integral) {
  bulk *b = d->b;
  double mass = 0;
  for (size_t k = 0; k < b->count; k++) {
    bulk_panel *p = &b->panel[k];
    integrate(p, p->density, p->mass);
    mass += evaluate(p, p->mass, p->hi);
  }
  const double exact = b->exact;
  b->mass_error = fabs(mass - exact);
  double cdf = b->cdf_left;
  for (size_t k = 0; k < b->count; k++) {
    bulk_panel *p = &b->panel[k];
    for (int i = 0; i < BULK_TERMS; i++) p->density[i] *= exact / mass, p->mass[i] *= exact / mass;
    p->cdf = cdf;
    p->cdf_integral = cdf_integral;
    d->panel = p;
    gsl_function f = {cdf_in_theta, d};
    double terms[BULK_TERMS];
    interpolate(p, terms, &f);
    integrate(p, terms, p->integral);
    cdf += evaluate(p, p->mass, p->hi);
    cdf_integral += evaluate(p, p->integral, p->hi);
  }
  b->integral_right = cdf_integral;
}

static bool integrate_moments(bulk *b) {
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(BULK_TERMS);
  if (!rule) return false;
  for (size_t k = 0; k < b->count; k++)
    for (size_t i = 0; i < BULK_TERMS; i++) {
      const bulk_panel *p = &b->panel[k];
      double theta, weight;
      gsl_integration_glfixed_point(p->lo, p->hi, i, &theta, &weight, rule);
      const double lambda = bulk_lambda(b, theta);
      const double first = weight * lambda * evaluate(p, p->density, theta);
      b->moment[0] += first;
      b->moment[1] += lambda * first;
    }
  gsl_integration_glfixed_table_free(rule);
  return true;
}

bulk_result bulk_build(const sce *s, const sce_edge *left, const sce_edge *right, double unit,
                       double cdf_integral, bulk *b, sce_point *at, sce_counts *counts) {
  *b = (bulk){.left = left->lambda,
              .right = right->lambda,
              .unit = unit,
              .above_left = left->above,
              .above_right = right->above,
              .cdf_left = fmax(0, 1 - unit * left->above),
              .cdf_right = 1 - unit * right->above,
              .exact = unit * (left->above - right->above),
              .integral_left = cdf_integral};
  builder d = {.s = s, .b = b, .counts = counts, .at = at};
  const double mass = b->exact / unit; /* of K */
  d.semicircle = mass < LIGHT * s->rank && !hard(b);
  build_panels(&d, 0, M_PI);
  /* Too thin for double precision: no solution, or one taken for real because Im a is rounding of
   * a. */
  if (((d.result == BULK_LOST && mass < LIGHT) || (d.result == BULK_GAP && mass < LIGHT / 1000)) &&
      !hard(b)) {
    b->count = 0;
    d.semicircle = true;
    d.result = BULK_OK;
    build_panels(&d, 0, M_PI);
  }
  if (d.result == BULK_OK) {
    accumulate(&d, cdf_integral);
    if (!integrate_moments(b)) d.result = BULK_MEMORY;
  }
  if (d.result != BULK_OK) bulk_clear(b);
  return d.result;
}

/* A cubic in theta with its values and slopes at the ends; derivative only. */
typedef struct {
  double lo, width, rise, slope[2];
} cubic;

static double cubic_slope(double theta, void *data) {
  const cubic *c = data;
  const double u = (theta - c->lo) / c->width;
  return 6 * u * (1 - u) * c->rise + (1 - u) * (1 - 3 * u) * c->slope[0] +
         u * (3 * u - 2) * c->slope[1];
}

bulk_result bulk_of_table(size_t count, const double *lambda, const double *density,
                          const double *cdf, double cdf_integral, bulk *b) {
  const size_t end = count - 1;
  *b = (bulk){.left = lambda[0], .right = lambda[end], .unit = 1};
  b->above_left = 1 - cdf[0], b->above_right = 1 - cdf[end];
  b->cdf_left = cdf[0], b->cdf_right = cdf[end], b->exact = cdf[end] - cdf[0];
  b->integral_left = cdf_integral;
  builder d = {.b = b};
  for (size_t k = 0; k < end && d.result == BULK_OK; k++) {
    bulk_panel p = {.lo = k ? b->panel[k - 1].hi : 0};
    p.hi = k + 1 == end ? M_PI : bulk_theta(b, lambda[k + 1]);
    cubic c = {.lo = p.lo, .width = p.hi - p.lo};
    c.rise = (cdf[k + 1] - cdf[k]) / c.width;
    c.slope[0] = fmin(3 * c.rise, density[k] * bulk_slope(b, p.lo)); /* monotone: Fritsch-Carlson */
    c.slope[1] = fmin(3 * c.rise, density[k + 1] * bulk_slope(b, p.hi));
    gsl_function f = {cubic_slope, &c};
    interpolate(&p, p.density, &f);
    append(&d, &p);
  }
  if (d.result == BULK_OK) accumulate(&d, cdf_integral);
  if (d.result == BULK_OK && !integrate_moments(b)) d.result = BULK_MEMORY;
  if (d.result != BULK_OK) bulk_clear(b);
  return d.result;
}

void bulk_clear(bulk *b) {
  free(b->panel);
  *b = (bulk){0};
}

/* The panel that holds theta. */
static const bulk_panel *panel_of(const bulk *b, double theta) {
  size_t lo = 0, hi = b->count;
  while (hi - lo > 1) {
    const size_t mid = (lo + hi) / 2;
    if (b->panel[mid].lo <= theta)
      lo = mid;
    else
      hi = mid;
  }
  return &b->panel[lo];
}

double bulk_density(const bulk *b, double lambda) {
  const double theta = bulk_theta(b, lambda), slope = bulk_slope(b, theta);
  const bulk_panel *p = panel_of(b, theta);
  return slope > 0 ? fmax(0, evaluate(p, p->density, theta) / slope) : 0;
}

double bulk_cdf(const bulk *b, double lambda) {
  const double theta = bulk_theta(b, lambda);
  const bulk_panel *p = panel_of(b, theta);
  return fmin(b->cdf_right, fmax(b->cdf_left, p->cdf + evaluate(p, p->mass, theta)));
}

double bulk_cdf_integral(const bulk *b, double lambda) {
  const double theta = bulk_theta(b, lambda);
  const bulk_panel *p = panel_of(b, theta);
  return p->cdf_integral + evaluate(p, p->integral, theta);
}

/* Newton in theta inside a bracket that bisection keeps. */
double bulk_quantile(const bulk *b, double p) {
  size_t k = 0;
  while (k + 1 < b->count && b->panel[k + 1].cdf < p) k++;
  const bulk_panel *panel = &b->panel[k];
  double lo = panel->lo, hi = panel->hi, theta = (lo + hi) / 2;
  for (int step = 0; step < 80 && hi - lo > 1e-16 * hi; step++) {
    const double f = panel->cdf + evaluate(panel, panel->mass, theta) - p;
    if (f < 0)
      lo = theta;
    else
      hi = theta;
    double next = theta - f / evaluate(panel, panel->density, theta);
    if (!(next > lo && next < hi)) next = (lo + hi) / 2;
    if (fabs(next - theta) <= 1e-16 * theta) break;
    theta = next;
  }
  return bulk_lambda(b, theta);
}
