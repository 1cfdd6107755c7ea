/* Distances between a sample and a law against brute-force integration on a fine grid. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "nlrmt/distance.h"

static uint64_t state = 12345;
static double uniform(void) { /* splitmix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

static int ascending(const void *x, const void *y) {
  const double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

static nlrmt_law *make_law(double phi, double psi, bool of_m) {
  double weight[] = {0.7, 0.3}, h[] = {0, 0}, eta[] = {1, 6}, zeta[] = {0.4, 1};
  const nlrmt_nodes nodes = {2, weight, h, eta, zeta};
  const nlrmt_law_problem problem = {.phi = phi, .psi = psi, .nodes = &nodes, .of_m = of_m};
  nlrmt_law *law;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_create(&problem, &law, &err) == NLRMT_OK, "%s", err.text);
  return law;
}

/* The midpoint rule between all samples and many points more. */
static double brute_w1(const nlrmt_law *law, size_t zeros, size_t n, const double *x) {
  enum { POINTS = 400000 };
  const double end = fmax(nlrmt_law_quantile(law, 1), n ? x[n - 1] : 0) * 1.01;
  double sum = 0;
  for (size_t i = 0, k = 0; i < POINTS; i++) {
    const double lambda = end * ((double)i + 0.5) / POINTS;
    while (k < n && x[k] <= lambda) k++;
    sum += fabs((double)(zeros + k) / (double)(zeros + n) - nlrmt_law_cdf(law, lambda));
  }
  return sum * end / POINTS;
}

/* At every jump from both sides: cdf(x) is right-continuous, and continuous off 0. */
static double brute_sup(const nlrmt_law *law, size_t zeros, size_t n, const double *x) {
  double sup = 0;
  for (size_t i = 0; i < n; i++)
    for (int side = -1; side <= 1; side += 2) {
      const double lambda = x[i] * (1 + side * 1e-13);
      size_t k = 0;
      while (k < n && x[k] <= lambda) k++;
      sup = fmax(sup, fabs((double)(zeros + k) / (double)(zeros + n) - nlrmt_law_cdf(law, lambda)));
    }
  return fmax(sup, fabs((double)zeros / (double)(zeros + n) - nlrmt_law_cdf(law, 0)));
}

/* |F_n - mass F| over [0, cut] by the midpoint rule. */
static double brute_bulk(const nlrmt_law *law, double mass, double cut, size_t zeros, size_t n,
                         const double *x) {
  enum { POINTS = 400000 };
  double sum = 0;
  for (size_t i = 0, k = 0; i < POINTS; i++) {
    const double lambda = cut * ((double)i + 0.5) / POINTS;
    while (k < n && x[k] <= lambda) k++;
    sum += fabs((double)(zeros + k) / (double)(zeros + n) - mass * nlrmt_law_cdf(law, lambda));
  }
  return sum * cut / POINTS;
}

static void check_against_brute_force(const nlrmt_law *law, size_t zeros, size_t n, double stretch,
                                      double power) {
  double x[1000];
  for (size_t k = 0; k < n; k++)
    x[k] = stretch * nlrmt_law_quantile(law, 1e-9 + pow(uniform(), power) * (1 - 1e-9)) + 1e-9;
  qsort(x, n, sizeof *x, ascending);
  const double w = nlrmt_distance_wasserstein1(law, zeros, n, x);
  const double reference = brute_w1(law, zeros, n, x);
  const double end = fmax(nlrmt_law_quantile(law, 1), x[n - 1]);
  CHECK(fabs(w - reference) < 3e-6 * end, "W1 %.9g, brute force %.9g (n=%zu)", w, reference, n);
  const double sup = nlrmt_distance_kolmogorov(law, zeros, n, x);
  CHECK(fabs(sup - brute_sup(law, zeros, n, x)) < 1e-9, "sup %.9g, brute force %.9g", sup,
        brute_sup(law, zeros, n, x));
  CHECK(fabs(nlrmt_distance_bulk(law, 1, end, zeros, n, x) - w) < 1e-12 * end,
        "whole: %.15g, %.15g", nlrmt_distance_bulk(law, 1, end, zeros, n, x), w);
  const double cuts[] = {0, 0.3 * end, 1.3 * end}, masses[] = {1, 0.8};
  for (int i = 0; i < 6; i++) {
    const double part = nlrmt_distance_bulk(law, masses[i % 2], cuts[i / 2], zeros, n, x);
    const double slow = brute_bulk(law, masses[i % 2], cuts[i / 2], zeros, n, x);
    CHECK(fabs(part - slow) < 4e-6 * end, "bulk %d: %.9g, brute force %.9g", i, part, slow);
  }
}

/* A sample at the law's own quantiles: sup = 1/(2n); W1 of a law to a point is a first moment. */
static void check_exact(const nlrmt_law *law) {
  enum { N = 1000 };
  double x[N];
  for (int k = 0; k < N; k++) x[k] = nlrmt_law_quantile(law, (k + 0.5) / N);
  CHECK(fabs(nlrmt_distance_kolmogorov(law, 0, N, x) - 0.5 / N) < 1e-12, "quantile sample");
  const double w = nlrmt_distance_wasserstein1(law, 0, N, x);
  CHECK(w < 0.5 / N * x[N - 1] && w > 0.1 / N, "quantile sample: W1 %g", w);
  const double far = 1e3;
  CHECK(fabs(nlrmt_distance_wasserstein1(law, 0, 1, &far) - (far - 2.5)) < 1e-9,
        "W1 to a point far right: %.12g", nlrmt_distance_wasserstein1(law, 0, 1, &far));
  CHECK(fabs(nlrmt_distance_wasserstein1(law, 5, 0, x) - 2.5) < 1e-9, "W1 to zero: %.12g",
        nlrmt_distance_wasserstein1(law, 5, 0, x));
  CHECK(nlrmt_distance_kolmogorov(law, 5, 0, x) == 1, "sup to zero");
  x[0] = -1e-16, x[1] = 1e-16; /* numerical zeros count as zeros */
  CHECK(fabs(nlrmt_distance_wasserstein1(law, 0, 2, x) - 2.5) < 1e-9, "numerical zeros");
}

static void check_mean_se(void) {
  const double x[] = {1, 2, 4, 9};
  double mean, se;
  nlrmt_mean_se(4, x, &mean, &se);
  CHECK(mean == 4 && fabs(se - sqrt(38.0 / 3 / 4)) < 1e-15, "mean %g se %g", mean, se);
  nlrmt_mean_se(1, x, &mean, &se);
  CHECK(mean == 1 && se == 0, "one value: mean %g se %g", mean, se);
}

int main(void) {
  nlrmt_law *law = make_law(1.5, 0.8, false); /* no atom; E lambda = 2.5 */
  check_exact(law);
  check_against_brute_force(law, 0, 37, 1, 1);
  check_against_brute_force(law, 0, 1000, 1.01, 1);
  check_against_brute_force(law, 20, 5, 0.3, 3);
  nlrmt_law_destroy(&law);
  law = make_law(0.4, 1.5, false); /* atom 1 - 0.4/1.5 */
  check_against_brute_force(law, 700, 280, 1, 1);
  check_against_brute_force(law, 10, 500, 1.5, 0.5);
  nlrmt_law_destroy(&law);
  law = make_law(1.5, 0.8, true);
  check_against_brute_force(law, 400, 500, 1, 1);
  nlrmt_law_destroy(&law);
  check_mean_se();
  return check_end("test_distance", 0);
}
