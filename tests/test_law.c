/* The law against closed forms (Marchenko-Pastur, product Wishart, the quartics of Adlam et al. and
 * Piccolo-Schroeder, a spiked matrix), an independent fixed point, its own integrals, and a stress
 * over random parameters. */
#include <complex.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/law.h"

enum { NODES_MAX = 8 };

typedef struct {
  double phi, psi;
  size_t count;
  double weight[NODES_MAX], h[NODES_MAX], eta[NODES_MAX], zeta[NODES_MAX];
} setting;

static nlrmt_nodes nodes_of(setting *s) {
  return (nlrmt_nodes){s->count, s->weight, s->h, s->eta, s->zeta};
}

static nlrmt_status create(setting *s, bool of_m, nlrmt_law **law, nlrmt_error *err) {
  const nlrmt_nodes nodes = nodes_of(s);
  const nlrmt_law_problem problem = {s->phi, s->psi, &nodes, of_m, NULL};
  *err = (nlrmt_error){0};
  return nlrmt_law_create(&problem, law, err);
}

static nlrmt_law *law_of(setting s, bool of_m) {
  nlrmt_law *law;
  nlrmt_error err;
  CHECK(create(&s, of_m, &law, &err) == NLRMT_OK, "%s", err.text);
  return law;
}

static setting single(double phi, double psi, double eta, double zeta) {
  return (setting){phi, psi, 1, {1}, {0}, {eta}, {zeta}};
}

/* The five-node case with everything in it: dead, linear, noisy and mixed rows. */
static setting mixed(double phi, double psi) {
  return (setting){phi,
                   psi,
                   5,
                   {0.2, 0.1, 0.3, 0.25, 0.15},
                   {0.1, 0, 0.5, -0.3, 0},
                   {0, 1, 0.7, 4, 2},
                   {0, 1, 0, 1.5, 0.1}};
}

static uint64_t state = 2024;
static double uniform(void) { /* splitmix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

static setting random_setting(void) {
  setting s = {.phi = pow(10, 3 * uniform() - 1.5), .psi = pow(10, 3 * uniform() - 1.5)};
  s.count = 1 + (size_t)(5 * uniform());
  double total = 0;
  for (size_t k = 0; k < s.count; k++) {
    total += s.weight[k] = 0.02 + uniform();
    s.eta[k] = pow(10, 2 * uniform() - 1);
    s.zeta[k] = s.eta[k] * fmin(1, fmax(0, 1.2 * uniform() - 0.1)); /* 0 and 1 included */
  }
  for (size_t k = 0; k < s.count; k++) s.weight[k] /= total;
  return s;
}

/* zeta = 0: Marchenko-Pastur of ratio rho = psi/phi scaled by eta. Its cdf by quadrature in the
 * angle, where the integrand is smooth. */
static void check_marchenko_pastur(double phi, double psi, double eta) {
  const double rho = psi / phi, root = sqrt(rho);
  const double left = eta * (1 - root) * (1 - root), right = eta * (1 + root) * (1 + root);
  nlrmt_law *law = law_of(single(phi, psi, eta, 0), false);
  double l, r, density = 0, cdf = 0;
  nlrmt_law_edges(law, 0, &l, &r);
  CHECK(nlrmt_law_bulks(law) == 1 && fabs(l - left) < 1e-12 * right &&
            fabs(r - right) < 1e-12 * right,
        "edges %.15g %.15g, exact %.15g %.15g", l, r, left, right);
  CHECK(fabs(nlrmt_law_atom(law) - fmax(0, 1 - 1 / rho)) < 1e-14, "atom %g", nlrmt_law_atom(law));
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(128);
  for (int k = 1; k < 100; k++) {
    const double top = M_PI * k / 100, x = left + (right - left) * pow(sin(top / 2), 2);
    double mass = fmax(0, 1 - 1 / rho), theta, weight;
    for (size_t i = 0; i < 128; i++) {
      gsl_integration_glfixed_point(0, top, i, &theta, &weight, rule);
      const double s = sin(theta), y = left + (right - left) * pow(sin(theta / 2), 2);
      mass += weight * pow((right - left) / 2 * s, 2) / (2 * M_PI * rho * eta * y);
    }
    const double exact = sqrt((right - x) * (x - left)) / (2 * M_PI * rho * eta * x);
    density = fmax(density, fabs(nlrmt_law_density(law, x) / exact - 1));
    cdf = fmax(cdf, fabs(nlrmt_law_cdf(law, x) - mass));
  }
  CHECK(density < 1e-9 && cdf < 1e-12, "phi=%g psi=%g: density error %g, cdf error %g", phi, psi,
        density, cdf);
  gsl_integration_glfixed_table_free(rule);
  nlrmt_law_destroy(&law);
}

/* The quartic that eliminating mtilde gives for one activation, relative to its terms. */
static double quartic_a(double phi, double psi, double eta, double zeta, double complex z,
                        double complex m) {
  const double complex c[] = {
      phi * phi * phi, phi * (eta * phi * (psi - phi) + phi * phi * z + zeta * (phi - psi)),
      z * eta * phi * phi * psi - eta * phi * phi * zeta + 2 * eta * phi * psi * zeta -
          eta * psi * psi * zeta + z * phi * phi * zeta + phi * phi * zeta * zeta -
          2 * z * phi * psi * zeta - 2 * phi * psi * zeta * zeta + psi * psi * zeta * zeta,
      z * psi * zeta * (2 * (zeta - eta) * (psi - phi) - phi * z),
      z * z * psi * psi * zeta * (zeta - eta)};
  double complex sum = 0, power = 1;
  double size = 0;
  for (int k = 0; k < 5; k++, power *= m) sum += c[k] * power, size += cabs(c[k] * power);
  return cabs(sum) / size;
}

/* Piccolo-Schroeder's quartic for g = (1/n1) tr (M - z)^-1. */
static double quartic_b(double phi, double psi, double theta1, double theta2, double complex z,
                        double complex g) {
  const double complex u = 1 + z * g, v = g * (1 - phi / psi * u);
  const double complex term[] = {u, -(theta1 - theta2 / psi * u) * v,
                                 -theta2 * (theta1 - theta2) / psi * v * v};
  return cabs(term[0] + term[1] + term[2]) / (cabs(term[0]) + cabs(term[1]) + cabs(term[2]));
}

static void check_quartics(void) {
  static const double phis[] = {1.5, 0.3, 4}, psis[] = {0.8, 2, 0.1}, ratios[] = {0, 0.2, 0.7, 1};
  for (int i = 0; i < 36; i++) {
    const double phi = phis[i % 3], psi = psis[i / 3 % 3], eta = 1.3, zeta = eta * ratios[i / 9];
    nlrmt_law *law = law_of(single(phi, psi, eta, zeta), false);
    for (int k = 0; k < 30; k++) {
      const double complex z = 6 * uniform() + I * pow(10, -6 * uniform());
      double complex m, t;
      nlrmt_error err = {0};
      CHECK(nlrmt_law_transform(law, z, &m, &t, &err) == NLRMT_OK, "%s", err.text);
      const double r = phi / psi, error_a = quartic_a(phi, psi, eta, zeta, z, m);
      const double error_b = quartic_b(phi, psi, eta, zeta, r * z, (m / r + (1 - r) / (r * z)) / r);
      CHECK(error_a < 1e-12 && error_b < 1e-12,
            "phi=%g psi=%g zeta/eta=%g z=%g+%gi: quartic A %.1e, B %.1e", phi, psi, zeta / eta,
            creal(z), cimag(z), error_a, error_b);
    }
    nlrmt_law_destroy(&law);
  }
}

/* The equations as the theorem has them, E_S by the Marchenko-Pastur transform, iterated with half
 * steps from 0: no code shared with the solver. */
static void fixed_point(const setting *s, double complex z, double complex *m, double complex *t) {
  const double rho = s->psi / s->phi, c = 1 / s->phi;
  *m = *t = -1 / z;
  for (int step = 0; step < 20000; step++) {
    double complex c0 = -z, c1 = 0;
    for (size_t k = 0; k < s->count; k++) {
      const double p = s->eta[k] - s->zeta[k], q = s->zeta[k];
      const double complex d = 1 + rho * (q * *t + p * *m);
      c0 += s->weight[k] * p / d;
      c1 += s->weight[k] * q / d;
    }
    double complex next = 1 / c0, next_t = next;
    if (cabs(c1) > 0) { /* s(w) of ratio c: the root with Im s Im w > 0 and Im(ws) Im w >= 0 */
      const double complex w = -c0 / c1, b = w + c - 1, root = csqrt(b * b - 4 * c * w);
      double complex s1 = (-b + root) / (2 * c * w), s2 = (-b - root) / (2 * c * w);
      const double side = cimag(w) > 0 ? 1 : -1;
      const bool first = fmin(side * cimag(s1), side * cimag(w * s1)) >
                         fmin(side * cimag(s2), side * cimag(w * s2));
      next = (first ? s1 : s2) / c1;
      next_t = (1 - c0 * next) / c1;
    }
    const double change = cabs(next - *m) + cabs(next_t - *t);
    *m = (*m + next) / 2, *t = (*t + next_t) / 2;
    if (change < 1e-15) return;
  }
}

static void check_fixed_point(void) {
  for (int i = 0; i < 40; i++) {
    setting s = i == 0 ? mixed(1.5, 0.8) : i == 1 ? mixed(0.3, 2) : random_setting();
    nlrmt_law *law = law_of(s, false);
    for (int k = 0; k < 10; k++) {
      const double complex z = 20 * uniform() - 5 + I * (0.3 + uniform());
      double complex m, t, m1, t1;
      nlrmt_error err = {0};
      CHECK(nlrmt_law_transform(law, z, &m, &t, &err) == NLRMT_OK, "%s", err.text);
      fixed_point(&s, z, &m1, &t1);
      CHECK(cabs(m - m1) < 1e-11 * cabs(m) && cabs(t - t1) < 1e-9 * cabs(t),
            "case %d z=%g+%gi: m differs by %g, mtilde by %g", i, creal(z), cimag(z),
            cabs(m - m1) / cabs(m), cabs(t - t1) / cabs(t));
    }
    nlrmt_law_destroy(&law);
  }
}

/* eta = zeta, phi = psi = 1: Fuss-Catalan, right edge 27/4, third moment 12, and the cubic
 * z^2 m^3 = z m + 1. Its cdf near 0 goes like lambda^(1/3). */
static void check_product_wishart(void) {
  nlrmt_law *law = law_of(single(1, 1, 1, 1), false);
  double l, r;
  nlrmt_law_edges(law, 0, &l, &r);
  CHECK(l == 0 && fabs(r - 6.75) < 1e-12, "edges %g %.15g", l, r);
  for (int k = 0; k < 50; k++) {
    const double complex z = 8 * uniform() + I * pow(10, -4 * uniform());
    double complex m, t;
    nlrmt_error err = {0};
    CHECK(nlrmt_law_transform(law, z, &m, &t, &err) == NLRMT_OK, "%s", err.text);
    const double cubic = cabs(z * z * m * m * m - z * m - 1) / (1 + cabs(z * m));
    CHECK(cubic < 1e-12, "cubic residual %g", cubic);
  }
  const double slope = nlrmt_law_cdf(law, 1e-9) / 1e-3; /* sqrt(3)/(2 pi) * 3 lambda^(1/3) */
  CHECK(fabs(slope - 3 * sqrt(3) / (2 * M_PI)) < 2e-3, "cdf near 0: %g", slope);
  double third = 0, theta, weight; /* E lambda^3 = 12 */
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(200);
  for (size_t i = 0; i < 200; i++) {
    gsl_integration_glfixed_point(0, 1, i, &theta, &weight, rule);
    const double x = r * pow(theta, 6);
    third += weight * pow(x, 3) * nlrmt_law_density(law, x) * 6 * r * pow(theta, 5);
  }
  gsl_integration_glfixed_table_free(rule);
  CHECK(fabs(third - 12) < 1e-4, "third moment %.9g", third);
  nlrmt_law_destroy(&law);
}

/* What every law must satisfy inside itself; brute numbers from public functions alone. */
static void check_consistency(setting s, bool of_m) {
  nlrmt_law *law = law_of(s, of_m);
  if (!law) return;
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(60);
  const double complex z = 0.7 + 0.4 * I, unit = of_m ? s.psi / s.phi : 1;
  double complex stieltjes = -nlrmt_law_atom(law) / z;
  double mass = nlrmt_law_atom(law), first = 0, l, r, last = 0;
  double area = 0; /* integral of the cdf by quadrature */
  for (size_t b = 0; b < nlrmt_law_bulks(law); b++) {
    nlrmt_law_edges(law, b, &l, &r);
    CHECK(l >= last && r > l, "edges ascend: %g [%g %g]", last, l, r);
    area += (l - last) * nlrmt_law_cdf(law, (l + last) / 2);
    for (int panel = 0; panel < 16; panel++)
      for (size_t i = 0; i < 60; i++) {
        double theta, weight;
        gsl_integration_glfixed_point(M_PI * panel / 16, M_PI * (panel + 1) / 16, i, &theta,
                                      &weight, rule);
        const double lambda = (l + r) / 2 - (r - l) / 2 * cos(theta);
        weight *= (r - l) / 2 * sin(theta);
        const double density = nlrmt_law_density(law, lambda);
        mass += weight * density;
        first += weight * density * lambda;
        stieltjes += weight * density / (lambda - z);
        area += weight * nlrmt_law_cdf(law, lambda);
      }
    CHECK(fabs(nlrmt_law_cdf(law, r) - mass) < 1e-9, "cdf(%g)=%.12g, mass %.12g", r,
          nlrmt_law_cdf(law, r), mass);
    CHECK(fabs(nlrmt_law_cdf_integral(law, r) - area) < 1e-9 * r, "cdf_integral %.12g, area %.12g",
          nlrmt_law_cdf_integral(law, r), area);
    last = r;
  }
  gsl_integration_glfixed_table_free(rule);
  CHECK(fabs(mass - 1) < 1e-9 && nlrmt_law_cdf(law, r) == 1, "mass %.12g", mass);
  CHECK(nlrmt_law_cdf(law, -1e-300) == 0, "nothing below 0");
  CHECK(fabs(nlrmt_law_cdf_integral(law, r) + first - r) < 1e-9 * r, "by parts");
  double complex m, t;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_transform(law, z * unit, &m, &t, &err) == NLRMT_OK, "%s", err.text);
  const double complex expected = of_m ? unit * unit * m - (1 - unit) / z : m;
  CHECK(cabs(stieltjes - expected) < 1e-8, "transform %g%+gi, integral %g%+gi", creal(expected),
        cimag(expected), creal(stieltjes), cimag(stieltjes));
  double worst = 0;
  for (int k = 1; k < 200; k++) {
    const double p = k / 200.0, x = nlrmt_law_quantile(law, p);
    worst = fmax(worst, p <= nlrmt_law_atom(law) ? fabs(x) : fabs(nlrmt_law_cdf(law, x) - p));
  }
  CHECK(worst < 1e-12, "quantile round trip: %g", worst);
  double grid[101];
  nlrmt_law_grid(law, 101, grid);
  nlrmt_law_edges(law, 0, &l, &r);
  bool sorted = grid[0] == l && grid[100] == last;
  for (int k = 1; k < 101; k++) sorted = sorted && grid[k] > grid[k - 1];
  CHECK(sorted, "grid from %g to %g", grid[0], grid[100]);
  nlrmt_law_destroy(&law);
}

/* Atoms: rank counting with dead and linear rows, seen in the cdf too. */
static void check_atoms(void) {
  const struct {
    setting s;
    double atom;
  } cases[] = {{single(1.5, 0.8, 1, 0.3), 0},
               {single(1.5, 3, 1, 0.3), 0.5},
               {single(0.4, 0.1, 1, 0.3), 0},
               {single(0.4, 0.1, 1, 1), 0.6},
               {single(1.5, 3, 1, 1), 0.5},
               {mixed(1, 1), 0.2},            /* rank 0.1 + 0.7 of n1 = m */
               {mixed(0.05, 0.05), 1 - 0.75}, /* linear rows span only n0 */
               {mixed(1, 0.1), 0}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    nlrmt_law *law = law_of(cases[k].s, false);
    CHECK(fabs(nlrmt_law_atom(law) - cases[k].atom) < 1e-14, "case %zu: atom %.15g, expected %g", k,
          nlrmt_law_atom(law), cases[k].atom);
    CHECK(nlrmt_law_cdf(law, 0) == nlrmt_law_atom(law), "cdf(0)");
    nlrmt_law_destroy(&law);
    law = law_of(cases[k].s, true); /* same nonzero eigenvalues */
    const double rho = cases[k].s.psi / cases[k].s.phi;
    CHECK(fabs(1 - nlrmt_law_atom(law) - rho * (1 - cases[k].atom)) < 1e-14, "case %zu: of M", k);
    nlrmt_law_destroy(&law);
  }
}

/* Theta' + h 1' with i.i.d. noise of variance eta: the outlier of a rank-one perturbation of a
 * Gaussian matrix, eta (1 + s)(rho + s)/s with s = m h^2/eta, exists for s^2 > rho. */
static void check_outlier(void) {
  const double m = 1000, eta = 1.7, phi = 1.5, psi = 0.8, rho = psi / phi;
  for (double s = 0.2; s < 1e6; s *= 1.7) {
    setting one = single(phi, psi, eta, 0);
    one.h[0] = sqrt(s * eta / m);
    nlrmt_law *law = law_of(one, false), *law_m = law_of(one, true);
    double at = 0, at_m = 0;
    const size_t count = nlrmt_law_outlier(law, m, m / rho, &at);
    CHECK(count == (s * s > rho), "s=%g: %zu outliers", s, count);
    const double exact = eta * (1 + s) * (rho + s) / s;
    if (count) CHECK(fabs(at / exact - 1) < 1e-9, "s=%g: outlier %.12g, exact %.12g", s, at, exact);
    CHECK(nlrmt_law_outlier(law_m, m, m / rho, &at_m) == count &&
              (!count || fabs(at_m * rho / at - 1) < 1e-12),
          "outlier of M %g, of K %g", at_m, at);
    nlrmt_law_destroy(&law);
    nlrmt_law_destroy(&law_m);
  }
  setting s = mixed(1.5, 0.8); /* leading order: (m/n1) S2 + rho sum h^2 eta/S2 + E eta */
  nlrmt_law *law = law_of(s, false);
  double at, h2 = 0, h2eta = 0, mean = 0;
  for (size_t k = 0; k < s.count; k++) {
    h2 += s.weight[k] * s.h[k] * s.h[k];
    h2eta += s.weight[k] * s.h[k] * s.h[k] * s.eta[k];
    mean += s.weight[k] * s.eta[k];
  }
  CHECK(nlrmt_law_outlier(law, 1e6, 1e6 / rho, &at) == 1, "mixed: no outlier");
  CHECK(fabs(at - 1e6 * h2 - rho * h2eta / h2 - mean) < 1e-3, "mixed: outlier %.9g", at);
  nlrmt_law_destroy(&law);
}

/* Two separate populations: rare strong rows leave the main bulk; masses are node weights. */
static void check_gap(void) {
  const setting s = {1.5, 0.1, 2, {0.9999, 0.0001}, {0, 0}, {1, 300}, {0.5, 30}};
  nlrmt_law *law = law_of(s, false);
  CHECK(nlrmt_law_bulks(law) == 2, "%zu bulks", nlrmt_law_bulks(law));
  CHECK(fabs(nlrmt_law_cdf(law, 10) - (1 - 0.0001 * 15)) < 1e-14, "mass of the main bulk %.15g",
        nlrmt_law_cdf(law, 10));
  nlrmt_law_destroy(&law);
  for (int k = 0; k <= 40; k++) { /* through the closing of a gap */
    const double eta = 4 + 0.05 * k;
    const setting near = {1.5, 0.3, 2, {0.99, 0.01}, {0, 0}, {1, eta}, {0.1, 0.1}};
    law = law_of(near, false);
    const nlrmt_law_certificate *c = law ? nlrmt_law_certify(law) : NULL;
    CHECK(law && c->mass_error < 1e-10 && c->moment_error < 1e-10, "eta=%g", eta);
    nlrmt_law_destroy(&law);
  }
}

static void check_refusals(void) {
  static const struct {
    double phi, psi, weight, eta, zeta;
  } bad[] = {{0, 1, 1, 1, 0},   {1, -1, 1, 1, 0},  {NAN, 1, 1, 1, 0},      {1, 1, -1, 1, 0},
             {1, 1, 0.5, 1, 0}, {1, 1, 1, 1, 1.1}, {1, 1, 1, 1, -0.1},     {1, 1, 1, NAN, 0},
             {1, 1, 1, 0, 0},   {1, 1, NAN, 1, 0}, {1, 1, 1, INFINITY, 0}, {INFINITY, 1, 1, 1, 0}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    setting s = single(bad[k].phi, bad[k].psi, bad[k].eta, bad[k].zeta);
    s.weight[0] = bad[k].weight;
    nlrmt_law *law;
    nlrmt_error err;
    CHECK(create(&s, false, &law, &err) == NLRMT_ERR_CONFIG && !law && strlen(err.text) > 0,
          "bad input %zu accepted", k);
  }
  nlrmt_law *law = law_of(single(1, 1, 1, 0.5), false);
  double complex m, t;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_transform(law, -1, &m, &t, &err) == NLRMT_ERR_NUMERIC, "Im z = 0 accepted");
  nlrmt_law_destroy(&law);
  nlrmt_law_destroy(&law);
}

/* Random parameters all certify; what does not must say so (counted and printed). */
static void check_stress(void) {
  enum { CASES = 400 };
  int refused = 0, bulks = 0;
  double residual = 0, mass = 0, moment = 0;
  for (int k = 0; k < CASES; k++) {
    setting s = random_setting();
    if (k % 4 == 1) s.psi = s.phi;
    if (k % 4 == 2) s.phi = 1, s.psi = k % 8 < 4 ? s.psi : 1;
    nlrmt_law *law;
    nlrmt_error err;
    if (create(&s, false, &law, &err) != NLRMT_OK) {
      printf("  stress %d: %s\n", k, err.text);
      refused++;
      continue;
    }
    const nlrmt_law_certificate *c = nlrmt_law_certify(law);
    residual = fmax(residual, c->residual_max);
    mass = fmax(mass, c->mass_error);
    moment = fmax(moment, c->moment_error);
    bulks += (int)nlrmt_law_bulks(law);
    nlrmt_law_destroy(&law);
  }
  printf("  stress: %d of %d not certified, %d bulks, residual %.1e, mass %.1e, moments %.1e\n",
         refused, CASES, bulks, residual, mass, moment);
  CHECK(refused == 0 && residual < 1e-12 && mass < 1e-8 && moment < 1e-8, "see above");
}

/* Whole chains from an activation: bounded and unbounded eta, more and fewer rows than columns,
 * rare rows that leave the bulk on either side. */
static void check_activations(void) {
  static const struct {
    const char *name;
    double phi, psi, sigma;
    size_t n1; /* 0: the law of the biases itself */
  } cases[] = {
      {"relu", 1.5, 0.8, 1, 0},   {"relu", 1.5, 0.8, 1, 640},  {"relu", 1.5, 1.5, 1, 400},
      {"relu", 1.5, 3, 1, 300},   {"tanh", 1, 5, 0.25, 0},     {"tanh", 1, 5, 0.25, 600},
      {"cubic", 1, 2, 0.25, 0},   {"cubic", 1, 2, 0.25, 1000}, {"cubic", 1, 2, 1, 500},
      {"sign", 1, 2, 0.5, 200},   {"identity", 0.5, 2, 1, 0},  {"hermite(3)", 2, 1, 1, 500},
      {"softplus", 3, 0.2, 1, 0}, {"abs", 1, 1, 0, 0}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    nlrmt_activation f;
    nlrmt_bias bias = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = cases[k].sigma};
    nlrmt_nodes nodes;
    nlrmt_law *law = NULL;
    nlrmt_error err = {0};
    double b[1000];
    nlrmt_bias_draw(&bias, 7, 0, 0, 0, cases[k].n1, b);
    nlrmt_activation_init(&f, cases[k].name, 1, &err);
    if (cases[k].n1)
      nlrmt_nodes_of_biases(&f, 1, cases[k].n1, b, &nodes, &err);
    else
      nlrmt_nodes_of_law(&f, 1, &bias, &nodes, &err);
    const nlrmt_law_problem problem = {cases[k].phi, cases[k].psi, &nodes, false, NULL};
    CHECK(nlrmt_law_create(&problem, &law, &err) == NLRMT_OK, "%s", err.text);
    const nlrmt_law_certificate *c = law ? nlrmt_law_certify(law) : NULL;
    CHECK(law && c->residual_max < 1e-12 && c->mass_error < 1e-9 && c->moment_error < 1e-8,
          "%s n1=%zu: residual %.1e mass %.1e moments %.1e", cases[k].name, cases[k].n1,
          law ? c->residual_max : 0, law ? c->mass_error : 0, law ? c->moment_error : 0);
    nlrmt_law_destroy(&law);
    nlrmt_nodes_clear(&nodes);
  }
}

int main(void) {
  check_marchenko_pastur(1.5, 0.8, 1);
  check_marchenko_pastur(0.2, 0.7, 3);
  check_marchenko_pastur(20, 0.05, 0.5);
  check_marchenko_pastur(1, 1, 1);
  check_quartics();
  check_fixed_point();
  check_product_wishart();
  for (int of_m = 0; of_m < 2; of_m++) {
    check_consistency(single(1.5, 0.8, 1, 0.25), of_m);
    check_consistency(single(0.4, 3, 1, 1), of_m);
    check_consistency(mixed(1.5, 0.8), of_m);
    check_consistency(mixed(0.3, 2), of_m);
    check_consistency(mixed(4, 0.7), of_m);
  }
  check_atoms();
  check_outlier();
  check_gap();
  check_refusals();
  check_activations();
  check_stress();
  return check_end("test_law", 0);
}
