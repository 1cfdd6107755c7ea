#include "nlrmt/distance.h"

#include <math.h>

/* Integral of |F - c| over [lo, hi]; F is monotone, so it crosses c once at most. */
static double area(const nlrmt_law *law, double c, double lo, double hi, double cdf_lo,
                   double cdf_hi, double integral_lo, double integral_hi) {
  const double difference = (integral_hi - integral_lo) - c * (hi - lo);
  if (cdf_lo >= c || cdf_hi <= c) return fabs(difference);
  const double x = fmin(hi, fmax(lo, nlrmt_law_quantile(law, c)));
  const double below = c * (x - lo) - (nlrmt_law_cdf_integral(law, x) - integral_lo);
  return difference + 2 * below;
}

/* Where numerical zeros end: eigenvalues of a singular matrix come out as +-1e-16 of the largest.
 */
static size_t count_zeros(const nlrmt_law *law, size_t n, const double *lambda) {
  double left, right;
  nlrmt_law_edges(law, nlrmt_law_bulks(law) - 1, &left, &right);
  size_t k = 0;
  while (k < n && lambda[k] <= 1e-13 * right) k++;
  return k;
}

double nlrmt_distance_wasserstein1(const nlrmt_law *law, size_t zeros, size_t n,
                                   const double *lambda) {
  const size_t first = count_zeros(law, n, lambda);
  const double total = (double)(zeros + n);
  double x = 0, cdf = nlrmt_law_cdf(law, 0), integral = nlrmt_law_cdf_integral(law, 0), sum = 0;
  for (size_t k = first; k < n; k++) {
    const double next = lambda[k], cdf_next = nlrmt_law_cdf(law, next);
    const double integral_next = nlrmt_law_cdf_integral(law, next);
    sum += area(law, (double)(zeros + k) / total, x, next, cdf, cdf_next, integral, integral_next);
    x = next, cdf = cdf_next, integral = integral_next;
  }
  const double end = nlrmt_law_quantile(law, 1); /* beyond the sample F_n = 1 >= F */
  return end <= x ? sum : sum + (end - x) - (nlrmt_law_cdf_integral(law, end) - integral);
}

double nlrmt_distance_bulk(const nlrmt_law *law, double mass, double cut, size_t zeros, size_t n,
                           const double *lambda) {
  const size_t first = count_zeros(law, n, lambda);
  const double total = (double)(zeros + n) * mass; /* |F_n - mass F| = mass |F_n/mass - F| */
  double x = 0, cdf = nlrmt_law_cdf(law, 0), integral = nlrmt_law_cdf_integral(law, 0), sum = 0;
  for (size_t k = first; k <= n && x < cut; k++) {
    const double next = k < n ? fmin(cut, lambda[k]) : cut, cdf_next = nlrmt_law_cdf(law, next);
    const double integral_next = nlrmt_law_cdf_integral(law, next);
    sum += area(law, (double)(zeros + k) / total, x, next, cdf, cdf_next, integral, integral_next);
    x = next, cdf = cdf_next, integral = integral_next;
  }
  return mass * sum;
}

double nlrmt_distance_kolmogorov(const nlrmt_law *law, size_t zeros, size_t n,
                                 const double *lambda) {
  const size_t first = count_zeros(law, n, lambda);
  const double total = (double)(zeros + n);
  double sup = fabs(nlrmt_law_cdf(law, 0) - (double)(zeros + first) / total);
  for (size_t k = first; k < n; k++) {
    const double cdf = nlrmt_law_cdf(law, lambda[k]); /* continuous off 0 */
    sup = fmax(sup, fabs(cdf - (double)(zeros + k) / total));
    sup = fmax(sup, fabs(cdf - (double)(zeros + k + 1) / total));
  }
  return sup;
}

void nlrmt_mean_se(size_t n, const double *x, double *mean, double *se) {
  double sum = 0, squares = 0;
  for (size_t k = 0; k < n; k++) sum += x[k];
  *mean = n ? sum / (double)n : NAN;
  for (size_t k = 0; k < n; k++) squares += (x[k] - *mean) * (x[k] - *mean);
  *se = n < 2 ? 0 : sqrt(squares / (double)(n - 1) / (double)n);
}
