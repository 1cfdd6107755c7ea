/* bulk (private to src/theory): one interval of the support with its density as Chebyshev series.
 *
 * lambda(theta) = left + (right - left) sin^2(theta/2), theta in [0, pi]: a square-root edge makes
 * density * dlambda/dtheta analytic in theta. A hard edge (left = 0), whose density is a series in
 * lambda^(1/2) or, for a product of square matrices, lambda^(1/3), takes right sin^6(theta/2)
 * instead. Bulks that nearly touch are left to panels graded towards the gap.
 */
#ifndef NLRMT_THEORY_BULK_H
#define NLRMT_THEORY_BULK_H

#include "support.h"

enum { BULK_TERMS = 24 };

/* Series over theta in [lo, hi]: the density in theta, its integral from lo, and the integral from
 * lo of cdf dlambda. */
typedef struct {
  double lo, hi;
  double cdf, cdf_integral; /* at lo, of the whole law */
  double density[BULK_TERMS], mass[BULK_TERMS], integral[BULK_TERMS];
} bulk_panel;

typedef struct {
  double left, right;
  double unit;                    /* total mass of the law per mass of K's: 1, or m/n1 for M */
  double above_left, above_right; /* K's mass right of the edges, closed form */
  double cdf_left, cdf_right;     /* 1 minus unit times that */
  double exact;                   /* mass, in units of the law */
  double integral_left, integral_right;
  double mass_error; /* of the series against the exact one */
  double moment[2];  /* integrals of lambda and lambda^2 */
  size_t count;
  bulk_panel *panel; /* [count] */
} bulk;

typedef enum { BULK_OK, BULK_GAP, BULK_LOST, BULK_MEMORY } bulk_result;

/* Solves the density between two edges. BULK_GAP: *at is a gap inside; BULK_LOST: at->z could not
 * be solved. unit: see above; cdf_integral: of the law at the left edge. */
bulk_result bulk_build(const sce *s, const sce_edge *left, const sce_edge *right, double unit,
                       double cdf_integral, bulk *b, sce_point *at, sce_counts *counts);
void bulk_clear(bulk *b);

/* The same from a table: lambda strictly ascending [count], cdf ascending, density; a monotone
 * cubic of the cdf in theta between the points. */
bulk_result bulk_of_table(size_t count, const double *lambda, const double *density,
                          const double *cdf, double cdf_integral, bulk *b);

double bulk_lambda(const bulk *b, double theta);
/* Evaluations at left < lambda < right, of the whole law. */
double bulk_density(const bulk *b, double lambda);
double bulk_cdf(const bulk *b, double lambda);
double bulk_cdf_integral(const bulk *b, double lambda);
/* cdf_left < p < cdf_right. */
double bulk_quantile(const bulk *b, double p);

#endif
