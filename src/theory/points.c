/* In lambda = left + (right - left) sin^2(theta/2) the mass per theta of a bulk with square-root
 * edges is an even periodic analytic function: the midpoint rule converges geometrically. A bulk
 * that begins at 0, or close to it, has its mass near there at small theta only in
 * left + (right - left) sin^6(theta/2), which is not even: panels of a Gauss-Legendre rule. */
#include "points.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { PANEL = 8, BULK_POINTS = 8, STEEP_MIN = 1000, STEEP_MAX = 2000, DOUBLINGS = 3 };

static const double LIGHT = 1e-6;    /* a bulk of less mass gets a few points only */
static const double UNSEEN = 1e-10;  /* one of less of the mass and of the mean gets none */
static const double RESOLVED = 1e-7; /* relative error of a bulk's mass */
static const double UNRESOLVED = 1e-4;
static const double STEEP = 1.0 / 64; /* left/right below which a bulk begins close to 0 */

typedef struct {
  size_t count, capacity;
  double *value, *weight;
} list;

static bool reserve(list *l, size_t more) {
  if (l->count + more <= l->capacity) return true;
  const size_t capacity = 2 * (l->count + more);
  double *value = realloc(l->value, capacity * sizeof *value);
  if (value) l->value = value;
  double *weight = realloc(l->weight, capacity * sizeof *weight);
  if (weight) l->weight = weight;
  if (value && weight) l->capacity = capacity;
  return value && weight;
}

/* One bulk. */
typedef struct {
  double left, right, mass;
  double before, share; /* cdf left of it; its share of the mass off 0 */
  bool steep;           /* begins close to 0 */
} interval;

static double place(const interval *b, double theta) {
  const double s = sin(theta / 2), c = cos(theta / 2), width = b->right - b->left;
  if (b->steep) return b->left + width * s * s * s * s * s * s;
  return theta < M_PI / 2 ? b->left + width * s * s : b->right - width * c * c;
}

/* The point at theta with the mass per theta times `step`. */
static double add_point(const nlrmt_law *law, const interval *b, double theta, double step,
                        list *l) {
  const double s = sin(theta / 2), c = cos(theta / 2), lambda = place(b, theta);
  const double slope = (b->right - b->left) * s * c * (b->steep ? 3 * s * s * s * s : 1);
  l->value[l->count] = lambda;
  return l->weight[l->count++] = nlrmt_law_density(law, lambda) * slope * step;
}

/* count points; the sum of their weights. */
static double add_rule(const nlrmt_law *law, const interval *b, size_t count,
                       const gsl_integration_glfixed_table *rule, list *l) {
  const size_t panels = b->steep ? count / PANEL : count;
  double sum = 0, theta = 0, step = M_PI / (double)panels;
  for (size_t k = 0; k < panels; k++) {
    const double lo = M_PI * (double)k / (double)panels,
                 hi = M_PI * (double)(k + 1) / (double)panels;
    if (!b->steep) sum += add_point(law, b, (lo + hi) / 2, step, l);
    for (size_t i = 0; b->steep && i < PANEL; i++) {
      gsl_integration_glfixed_point(lo, hi, i, &theta, &step, rule);
      sum += add_point(law, b, theta, step, l);
    }
  }
  return sum;
}

/* A bulk whose humps barely touch: count cells of equal theta, each with its mass at its mean. */
static void add_cells(const nlrmt_law *law, const interval *b, size_t count, list *l) {
  double at = b->left, cdf = b->before, integral = nlrmt_law_cdf_integral(law, at);
  for (size_t k = 1; k <= count; k++) {
    const double next = k < count ? place(b, M_PI * (double)k / (double)count) : b->right;
    const double next_cdf = nlrmt_law_cdf(law, next);
    const double next_integral = nlrmt_law_cdf_integral(law, next), mass = next_cdf - cdf;
    const double moment = (next - at) * next_cdf - (next_integral - integral); /* about `at` */
    if (mass > 0) {
      l->value[l->count] = fmin(next, fmax(at, at + moment / mass));
      l->weight[l->count++] = mass;
    }
    at = next, cdf = next_cdf, integral = next_integral;
  }
}

/* More points until the bulk's mass is right; what is left of the error is shared out. */
static bool add_bulk(const nlrmt_law *law, const interval *b, size_t count,
                     const gsl_integration_glfixed_table *rule, list *l) {
  const size_t first = l->count;
  size_t points = b->share < LIGHT ? 0 : (size_t)((double)count * b->share);
  if (b->steep) points = points < STEEP_MIN ? STEEP_MIN : points > STEEP_MAX ? STEEP_MAX : points;
  points = points / PANEL * PANEL + BULK_POINTS;
  double sum = 0;
  for (int k = 0; k <= DOUBLINGS; k++, points *= 2) {
    l->count = first;
    if (!reserve(l, 2 * points)) return false;
    sum = add_rule(law, b, points, rule, l);
    if (b->share < LIGHT || fabs(sum - b->mass) <= RESOLVED * b->mass) break;
  }
  if (!(fabs(sum - b->mass) <= UNRESOLVED * b->mass)) {
    l->count = first;
    add_cells(law, b, points, l);
    sum = b->mass;
  }
  for (size_t i = first; i < l->count; i++) l->weight[i] *= b->mass / sum;
  return true;
}

/* All bulks but those that no average would notice. */
static bool add_bulks(const nlrmt_law *law, size_t count, const gsl_integration_glfixed_table *rule,
                      list *l) {
  double before = nlrmt_law_atom(law), moment[2];
  const double all = 1 - before;
  nlrmt_law_moments(law, 1, moment);
  for (size_t k = 0; k < nlrmt_law_bulks(law); k++) {
    interval b;
    nlrmt_law_edges(law, k, &b.left, &b.right);
    const double after = nlrmt_law_cdf(law, b.right);
    b.before = before;
    b.mass = after - before;
    b.share = b.mass / all;
    b.steep = b.left < STEEP * b.right;
    before = after;
    if (!(b.share * fmax(1, b.right / moment[1]) > UNSEEN)) continue;
    if (!add_bulk(law, &b, count, rule, l)) return false;
  }
  return true;
}

nlrmt_status points_of_law(const nlrmt_law *law, double unit, size_t count, nlrmt_data_law *data,
                           nlrmt_error *err) {
  list l = {0};
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(PANEL);
  bool good = rule && reserve(&l, 1);
  l.count = 1; /* for the atom */
  if (good && add_bulks(law, count, rule, &l)) {
    const double atom = fmax(0, 1 - (1 - nlrmt_law_atom(law)) / unit);
    double rest = 0;
    for (size_t i = 1; i < l.count; i++) rest += l.weight[i];
    for (size_t i = 1; i < l.count; i++) l.weight[i] *= (1 - atom) / rest;
    l.value[0] = 0, l.weight[0] = atom > 1e-13 ? atom : 0;
    nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, l.count, l.value, l.weight, data, NULL, err);
  } else {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "layers: out of memory: %zu points of a law", l.count);
  }
  if (rule) gsl_integration_glfixed_table_free(rule);
  free(l.value);
  free(l.weight);
  return err->status;
}
