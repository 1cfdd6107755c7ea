/* The projection of a sample on the difference of two laws: against brute force on a fine grid, and
 * on samples that follow one law, the other, or a mixture of both by construction. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "nlrmt/projection.h"

static uint64_t state = 12345;
static double uniform(void) { /* splitmix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

/* Two nodes, or their average in one. */
static nlrmt_law *make_law(double phi, double psi, bool of_m, bool averaged, double zeta) {
  double weight[] = {0.7, 0.3}, h[] = {0, 0}, eta[] = {1, 6}, zetas[] = {0.4, zeta};
  double one = 1, none = 0, mean_eta = 0.7 + 1.8, mean_zeta = 0.28 + 0.3 * zeta;
  const nlrmt_nodes two = {2, weight, h, eta, zetas},
                    single = {1, &one, &none, &mean_eta, &mean_zeta};
  const nlrmt_law_problem problem = {
      .phi = phi, .psi = psi, .nodes = averaged ? &single : &two, .of_m = of_m};
  nlrmt_law *law;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_create(&problem, &law, &err) == NLRMT_OK, "%s", err.text);
  return law;
}

static void project(const nlrmt_law *a, const nlrmt_law *b, size_t zeros, size_t n, const double *x,
                    nlrmt_projection *p) {
  nlrmt_error err = {0};
  CHECK(nlrmt_project(a, b, zeros, n, x, p, &err) == NLRMT_OK, "%s", err.text);
}

/* All three integrals by the midpoint rule, sample included. */
static nlrmt_projection brute(const nlrmt_law *a, const nlrmt_law *b, size_t zeros, size_t n,
                              const double *x) {
  enum { POINTS = 1000000 };
  const double end = fmax(nlrmt_law_quantile(a, 1), nlrmt_law_quantile(b, 1));
  nlrmt_projection p = {0};
  for (int i = 0; i < POINTS; i++) {
    const double lambda = end * (i + 0.5) / POINTS;
    size_t k = 0;
    for (size_t j = 0; j < n; j++) k += x[j] <= lambda;
    const double cdf = nlrmt_law_cdf(a, lambda), d = nlrmt_law_cdf(b, lambda) - cdf;
    p.statistic += ((double)(zeros + k) / (double)(zeros + n) - cdf) * d * end / POINTS;
    p.separation += fabs(d) * end / POINTS;
    p.weight += d * d * end / POINTS;
  }
  p.statistic /= p.weight;
  return p;
}

static void check_brute(const nlrmt_law *a, const nlrmt_law *b, size_t zeros) {
  enum { N = 7 };
  double x[N];
  for (int k = 0; k < N; k++) x[k] = 1.2 * nlrmt_law_quantile(a, uniform());
  nlrmt_projection p, slow = brute(a, b, zeros, N, x);
  project(a, b, zeros, N, x, &p);
  CHECK(fabs(p.statistic - slow.statistic) < 1e-4 * fmax(1, fabs(slow.statistic)), "s %.9g, %.9g",
        p.statistic, slow.statistic);
  CHECK(fabs(p.separation / slow.separation - 1) < 1e-4, "separation %.9g, %.9g", p.separation,
        slow.separation);
  CHECK(fabs(p.weight / slow.weight - 1) < 1e-5, "weight %.9g, %.9g", p.weight, slow.weight);
}

/* Quantiles of a and of b, shares 1 - share and share of the sample: s = share, to 1/n^2. */
static void check_share(const nlrmt_law *a, const nlrmt_law *b, int share) {
  enum { N = 80000 };
  static double x[N];
  const int of_b = N / 4 * share;
  for (int k = 0; k < N; k++)
    x[k] = k < of_b ? nlrmt_law_quantile(b, (k + 0.5) / of_b)
                    : nlrmt_law_quantile(a, (k - of_b + 0.5) / (N - of_b));
  nlrmt_projection p;
  project(a, b, 0, N, x, &p);
  CHECK(fabs(p.statistic - share / 4.0) < 1e-4, "%d/4 from b: s = %.9g", share, p.statistic);
}

/* Laws exchanged: s becomes 1 - s; a pair of laws as near as those of a weak bias. */
static void check_near(const nlrmt_law *a, const nlrmt_law *b) {
  enum { N = 50 };
  double x[N];
  for (int k = 0; k < N; k++) x[k] = nlrmt_law_quantile(a, uniform());
  nlrmt_projection p, q;
  project(a, b, 0, N, x, &p);
  project(b, a, 0, N, x, &q);
  CHECK(fabs(p.statistic + q.statistic - 1) < 1e-5 * fmax(1, fabs(p.statistic)), "%.9g + %.9g",
        p.statistic, q.statistic);
  CHECK(p.separation > 0 && p.separation < 1e-3, "separation %g", p.separation);
}

int main(void) {
  for (int m = 0; m < 2; m++) {
    nlrmt_law *a = make_law(1.5, 0.8, m, false, 1), *b = make_law(1.5, 0.8, m, true, 1);
    check_brute(a, b, m ? 5 : 0); /* m: M has an atom at 0 */
    if (m == 0)
      for (int share = 0; share <= 4; share++) check_share(a, b, share);
    nlrmt_projection p;
    const double x = 1;
    project(a, a, 0, 1, &x, &p);
    CHECK(p.weight == 0 && p.statistic == 0 && p.separation == 0, "one law: %g", p.weight);
    nlrmt_law_destroy(&a);
    nlrmt_law_destroy(&b);
  }
  for (int m = 0; m < 2; m++) {
    nlrmt_law *a = make_law(1, 2, m, true, 1), *b = make_law(1, 2, m, true, 1.002);
    check_near(a, b);
    for (int share = 0; share <= 4; share++) check_share(a, b, share);
    nlrmt_law_destroy(&a);
    nlrmt_law_destroy(&b);
  }
  nlrmt_law *a = make_law(0.4, 1.5, false, false, 1),
            *b = make_law(0.4, 1.5, false, true, 1); /* atoms */
  check_brute(a, b, 20);
  nlrmt_law_destroy(&a);
  nlrmt_law_destroy(&b);
  return check_end("test_projection", 0);
}
