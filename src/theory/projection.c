#include "nlrmt/projection.h"

#include <gsl/gsl_integration.h>
#include <math.h>

enum { POINTS = 128, POINTS_MANY = 32, MANY = 24 }; /* per interval; where there are MANY or more */

static const double COINCIDE = 1e-8;

typedef struct {
  double first, absolute, square; /* integrals of F_a D, |D|, D^2 */
} sums;

/* Adds the integrals over [lo, hi], which has no edge of either law inside: Gauss-Legendre in
 * theta, lambda = (lo + hi)/2 - (hi - lo)/2 cos theta, in which a root at either end is smooth. */
static void add_interval(const nlrmt_law *a, const nlrmt_law *b, double lo, double hi,
                         const gsl_integration_glfixed_table *rule, sums *sum) {
  const double half = (hi - lo) / 2;
  for (size_t k = 0; k < rule->n; k++) {
    double theta, weight;
    gsl_integration_glfixed_point(0, M_PI, k, &theta, &weight, rule);
    const double lambda = lo + half * (1 - cos(theta));
    const double cdf = nlrmt_law_cdf(a, lambda), d = nlrmt_law_cdf(b, lambda) - cdf;
    weight *= half * sin(theta);
    sum->first += weight * cdf * d;
    sum->absolute += weight * fabs(d);
    sum->square += weight * d * d;
  }
}

static size_t next_edge(const nlrmt_law *law, double after, double *edge) {
  const size_t bulks = nlrmt_law_bulks(law);
  for (size_t k = 0; k < bulks; k++) {
    double end[2];
    nlrmt_law_edges(law, k, &end[0], &end[1]);
    for (int i = 0; i < 2; i++)
      if (end[i] > after) {
        *edge = fmin(*edge, end[i]);
        return 1;
      }
  }
  return 0;
}

/* From edge to edge of both laws, 0 first; *end: the last edge. */
static nlrmt_status integrate(const nlrmt_law *a, const nlrmt_law *b, sums *sum, double *end,
                              nlrmt_error *err) {
  const size_t intervals = 2 * (nlrmt_law_bulks(a) + nlrmt_law_bulks(b));
  gsl_integration_glfixed_table *rule =
      gsl_integration_glfixed_table_alloc(intervals < MANY ? POINTS : POINTS_MANY);
  if (!rule) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: a quadrature rule");
  double lo = 0, hi = INFINITY;
  while (next_edge(a, lo, &hi) + next_edge(b, lo, &hi) > 0) {
    add_interval(a, b, lo, hi, rule, sum);
    lo = hi;
    hi = INFINITY;
  }
  gsl_integration_glfixed_table_free(rule);
  *end = lo;
  return NLRMT_OK;
}

nlrmt_status nlrmt_project(const nlrmt_law *a, const nlrmt_law *b, size_t zeros, size_t n,
                           const double *lambda, nlrmt_projection *projection, nlrmt_error *err) {
  sums sum = {0};
  double end = 0;
  if (integrate(a, b, &sum, &end, err) != NLRMT_OK) return err->status;
  const double total = nlrmt_law_cdf_integral(b, end) - nlrmt_law_cdf_integral(a, end);
  double mean = (double)zeros * total; /* of the integral of D from the eigenvalue on */
  for (size_t k = 0; k < n; k++) {
    const double x = fmin(end, lambda[k]);
    mean += total - (nlrmt_law_cdf_integral(b, x) - nlrmt_law_cdf_integral(a, x));
  }
  mean /= (double)(zeros + n);
  *projection = (nlrmt_projection){.separation = sum.absolute};
  if (sum.absolute <= COINCIDE * end) return NLRMT_OK;
  projection->weight = sum.square;
  projection->statistic = (mean - sum.first) / sum.square;
  return NLRMT_OK;
}
