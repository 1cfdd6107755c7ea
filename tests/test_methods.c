/* The methods for m(z), mtilde(z): each against Thm 1 with E_S by quadrature, against the law's own
 * solver, and its flag against the truth. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/methods.h"

enum { NODES_MAX = 6, DATA_MAX = 5, SETTINGS = 120, POINTS = 6 };

typedef struct {
  double phi, psi, weight[NODES_MAX], h[NODES_MAX], eta[NODES_MAX], zeta[NODES_MAX];
  double value[DATA_MAX], share[DATA_MAX];
  nlrmt_nodes nodes;
  nlrmt_data_law data;
  nlrmt_law_problem problem;
} setting;

static uint64_t state = 7;
static double uniform(void) { /* splitmix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

static void finish(setting *s, size_t count) {
  s->nodes = (nlrmt_nodes){count, s->weight, s->h, s->eta, s->zeta};
  s->problem = (nlrmt_law_problem){.phi = s->phi, .psi = s->psi, .nodes = &s->nodes};
}

static void one(setting *s, double phi, double psi, double eta, double zeta) {
  *s = (setting){.phi = phi, .psi = psi, .weight = {1}, .eta = {eta}, .zeta = {zeta}};
  finish(s, 1);
}

/* range: of log10 phi, psi, to both sides. Every third has one node. */
static void draw(setting *s, int k, double range) {
  *s = (setting){.phi = pow(10, range * (2 * uniform() - 1)),
                 .psi = pow(10, range * (2 * uniform() - 1))};
  const size_t count = k % 3 == 0 ? 1 : 1 + (size_t)(NODES_MAX * uniform());
  double total = 0;
  for (size_t i = 0; i < count; i++) {
    total += s->weight[i] = 0.02 + uniform();
    s->eta[i] = pow(10, 2 * uniform() - 1);
    s->zeta[i] = s->eta[i] * fmin(1, fmax(0, 1.4 * uniform() - 0.2)); /* 0 and 1 included */
  }
  for (size_t i = 0; i < count; i++) s->weight[i] /= total;
  finish(s, count);
}

/* Data of another kind: up to DATA_MAX points of mean 1, 0 among them at times. */
static void draw_data(setting *s, nlrmt_data_kind kind) {
  const size_t count = 1 + (size_t)(DATA_MAX * uniform());
  double total = 0, mean = 0;
  for (size_t i = 0; i < count; i++) {
    total += s->share[i] = 0.05 + uniform();
    s->value[i] = i ? s->value[i - 1] + 0.05 + uniform() : uniform();
  }
  if (count > 1 && uniform() < 0.3) s->value[0] = 0;
  for (size_t i = 0; i < count; i++) mean += (s->share[i] /= total) * s->value[i];
  for (size_t i = 0; i < count; i++) s->value[i] /= mean;
  s->data = (nlrmt_data_law){kind, count, s->value, s->share};
  s->problem.data = &s->data;
}

static nlrmt_law *law_of(const setting *s) {
  nlrmt_law *law;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_create(&s->problem, &law, &err) == NLRMT_OK, "%s", err.text);
  return law;
}

static nlrmt_method_result solve(const char *name, const setting *s, const nlrmt_law *law,
                                 double complex z, double tolerance, size_t iterations) {
  const nlrmt_method_options options = {tolerance, iterations};
  nlrmt_method_result r;
  nlrmt_error err = {0};
  CHECK(nlrmt_method_solve(nlrmt_method_find(name), &s->problem, law, z, &options, &r, &err) ==
            NLRMT_OK,
        "%s", err.text);
  return r;
}

static double distance(double complex x, double complex y) {
  return cabs(x - y) / cabs(y);
}

/* E_S[1/(c0 + S c1)], E_S[S/(c0 + S c1)]: sums over a discrete spectrum, else over Marchenko-Pastur
 * by Gauss-Chebyshev of the second kind: exponentially accurate away from the real axis, c != 1. */
static void over_data(const setting *s, double complex c0, double complex c1, double complex *m,
                      double complex *t) {
  enum { RULE = 400 };
  const double c = 1 / s->phi;
  *m = s->problem.data ? 0 : fmax(0, 1 - 1 / c) / c0;
  *t = 0;
  for (size_t i = 0; s->problem.data && i < s->data.count; i++) {
    *m += s->share[i] / (c0 + s->value[i] * c1);
    *t += s->share[i] * s->value[i] / (c0 + s->value[i] * c1);
  }
  for (int i = 1; !s->problem.data && i <= RULE; i++) {
    const double angle = M_PI * i / (RULE + 1), S = 1 + c + 2 * sqrt(c) * cos(angle);
    const double weight = 2 * sin(angle) * sin(angle) / S / (RULE + 1);
    *m += weight / (c0 + S * c1);
    *t += weight * S / (c0 + S * c1);
  }
}

/* Thm 1 as it stands: relative residual of both equations. */
static double thm1_residual(const setting *s, double complex z, double complex m,
                            double complex t) {
  const double rho = s->psi / s->phi;
  double complex c0 = -z, c1 = 0, m1, t1;
  for (size_t k = 0; k < s->nodes.count; k++) {
    const double q = s->zeta[k], p = s->eta[k] - q;
    const double complex d = 1 + rho * (q * t + p * m);
    c0 += s->weight[k] * p / d;
    c1 += s->weight[k] * q / d;
  }
  over_data(s, c0, c1, &m1, &t1);
  return fmax(distance(m1, m), distance(t1, t));
}

static void check_thm1(void) {
  size_t count;
  const nlrmt_method *method = nlrmt_methods(&count);
  for (int k = 0; k < 60; k++) {
    setting s;
    draw(&s, k, 0.7);
    if (k % 6 == 0) s.zeta[0] = k % 12 ? 0 : s.eta[0];
    if (k % 4 == 1) draw_data(&s, NLRMT_DATA_SPECTRUM);
    if (!s.problem.data && fabs(log(s.phi)) < 0.1) continue; /* S reaches 0: the rule is slow */
    nlrmt_law *law = law_of(&s);
    const double complex z = 8 * uniform() - 2 + I * (0.5 + uniform());
    for (size_t i = 0; i < count && law; i++) {
      if (!method[i].applies(&s.problem)) continue;
      const nlrmt_method_result r = solve(method[i].name, &s, law, z, 1e-11, 100000);
      const double residual = thm1_residual(&s, z, r.m, r.mtilde);
      CHECK(r.converged && residual < 1e-10 && r.residual < 1e-10,
            "%s, case %d: converged %d, residual %g by quadrature, %g by itself", method[i].name, k,
            r.converged, residual, r.residual);
    }
    nlrmt_law_destroy(&law);
  }
}

/* Converged means right, at every height and shape, however slow or lost the method is elsewhere.
 */
typedef struct {
  int tried, converged, wrong;
  double worst; /* disagreement where converged */
} tally;

static void compare(const setting *s, const nlrmt_law *law, double complex z, tally *counts) {
  size_t count;
  const nlrmt_method *method = nlrmt_methods(&count);
  const nlrmt_method_result exact = solve("newton", s, law, z, 1e-9, 1);
  for (size_t i = 0; i < count; i++) {
    if (!method[i].applies(&s->problem)) continue;
    const nlrmt_method_result r = solve(method[i].name, s, law, z, 1e-9, 2000);
    const double off = fmax(distance(r.m, exact.m), distance(r.mtilde, exact.mtilde));
    counts[i].tried++;
    counts[i].converged += r.converged;
    if (!r.converged || !exact.converged) continue;
    counts[i].worst = fmax(counts[i].worst, off);
    if (!(off <= 3 * (r.error + exact.error))) {
      counts[i].wrong++;
      printf("  %s: phi=%.17g psi=%.17g nodes=%zu z=%g%+gi: off by %g, claims %g and %g\n",
             method[i].name, s->phi, s->psi, s->nodes.count, creal(z), cimag(z), off, r.error,
             exact.error);
    }
  }
}

/* data: 0 i.i.d., 1 spectrum, 2 population. */
static void check_agreement(double range, double height, int data) {
  size_t count;
  const nlrmt_method *method = nlrmt_methods(&count);
  tally counts[16] = {0};
  for (int k = 0; k < SETTINGS; k++) {
    setting s;
    draw(&s, k, range);
    if (data) draw_data(&s, data == 1 ? NLRMT_DATA_SPECTRUM : NLRMT_DATA_POPULATION);
    nlrmt_law *law = law_of(&s);
    if (!law) continue;
    double l, r;
    nlrmt_law_edges(law, nlrmt_law_bulks(law) - 1, &l, &r);
    for (int i = 0; i < POINTS; i++)
      compare(&s, law, r * (1.3 * uniform() - 0.1) + I * height * r, counts);
    nlrmt_law_destroy(&law);
  }
  for (size_t i = 0; i < count; i++) {
    const bool iteration = strstr(method[i].name, "fixed") || strstr(method[i].name, "half");
    CHECK((data || counts[i].tried > 0) && counts[i].wrong == 0 && counts[i].worst < 4e-9,
          "range %g, Im z = %g r, data %d, %s: %d of %d wrong, worst %g", range, height, data,
          method[i].name, counts[i].wrong, counts[i].converged, counts[i].worst);
    CHECK(counts[i].converged == counts[i].tried || iteration,
          "range %g, Im z = %g r, data %d, %s: %d of %d converged", range, height, data,
          method[i].name, counts[i].converged, counts[i].tried);
    if (strcmp(method[i].name, "fixed_point") == 0 && height < 1e-3) /* it is known to be slow */
      CHECK(counts[i].converged < counts[i].tried, "fixed_point cannot be that good");
  }
}

/* phi = psi = 1, eta = zeta = 1: z^2 m^3 = z m + 1; zeta = 0, rho = 1: z m^2 + z m + 1 = 0. */
static void check_closed_forms(void) {
  setting cubic, square;
  one(&cubic, 1, 1, 1, 1);
  one(&square, 1, 1, 1, 0);
  for (int k = 0; k < 40; k++) {
    const double complex z = 8 * uniform() - 1 + I * pow(10, -4 * uniform());
    static const char *const names[] = {"alp13", "quartic", "quartic_b"};
    for (int i = 0; i < 4; i++) {
      const double complex m =
          solve(i < 3 ? names[i] : "product_wishart", &cubic, NULL, z, 1e-9, 1).m;
      const double off = cabs(z * z * m * m * m - z * m - 1) / (1 + cabs(z * m));
      CHECK(off < 1e-13, "%s: cubic %g at %g%+gi", i < 3 ? names[i] : "product_wishart", off,
            creal(z), cimag(z));
      const double complex n =
          solve(i < 3 ? names[i] : "marchenko_pastur", &square, NULL, z, 1e-9, 1).m;
      const double off2 = cabs(z * n * n + z * n + 1) / (1 + cabs(z * n));
      CHECK(off2 < 1e-13, "%s: square %g at %g%+gi", i < 3 ? names[i] : "marchenko_pastur", off2,
            creal(z), cimag(z));
    }
  }
}

/* A population of the one point 1 is i.i.d. data, solved without the closed form. */
static void check_one_point(void) {
  static const char *const names[] = {"alp13", "fixed_point", "half_averaged"};
  for (int k = 0; k < 30; k++) {
    setting s;
    draw(&s, 1, 1);
    const double complex z = 6 * uniform() - 1 + I * (0.1 + uniform());
    const nlrmt_method_result iid = solve("alp13", &s, NULL, z, 1e-10, 1);
    double one_value = 1, one_weight = 1;
    nlrmt_data_law data = {NLRMT_DATA_POPULATION, 1, &one_value, &one_weight};
    s.problem.data = &data;
    for (int i = 0; i < 3; i++) {
      const nlrmt_method_result r = solve(names[i], &s, NULL, z, 1e-10, 20000);
      const double off = fmax(distance(r.m, iid.m), distance(r.mtilde, iid.mtilde));
      CHECK(r.converged && iid.converged && off < 3e-10, "%s, case %d: off by %g, error %g",
            names[i], k, off, r.error);
    }
  }
}

/* Too few iterations are reported, and so is a tolerance beyond rounding. */
static void check_honesty(void) {
  setting s;
  one(&s, 1.5, 0.8, 1, 0.3);
  const double complex z = 0.7 + 1e-6 * I;
  const nlrmt_method_result early = solve("fixed_point", &s, NULL, z, 1e-9, 10);
  CHECK(!early.converged && early.iterations == 10 && early.error > 1e-6, "10 steps: error %g",
        early.error);
  const nlrmt_method_result good = solve("quartic", &s, NULL, z, 1e-9, 1);
  CHECK(good.converged && distance(early.m, good.m) > 1e-9, "error %g", good.error);
  CHECK(fabs(log(distance(early.m, good.m) / early.error)) < 2, "error %g, estimate %g",
        distance(early.m, good.m), early.error);
  const nlrmt_method_result strict = solve("quartic", &s, NULL, z, 1e-17, 1);
  CHECK(!strict.converged && strict.error < 1e-12, "tolerance 1e-17 met: %g", strict.error);
  /* So close to the axis that rounding decides on the sign of Im m: not certain, hence not up. */
  const nlrmt_method_result sign = solve("quartic", &s, NULL, 50 + 1e-18 * I, 1e-9, 1);
  CHECK(!sign.converged && !(sign.error > 1e-12), "Im m/|m| = %g", cimag(sign.m) / cabs(sign.m));
}

static nlrmt_status try(const char *name, const setting *s, double complex z, double tolerance,
                        size_t iterations) {
  const nlrmt_method_options options = {tolerance, iterations};
  nlrmt_method_result r;
  nlrmt_error err = {0};
  const nlrmt_status status =
      nlrmt_method_solve(nlrmt_method_find(name), &s->problem, NULL, z, &options, &r, &err);
  CHECK(isnan(creal(r.m)) && !r.converged && strlen(err.text) > 0, "%s: refused without words",
        name);
  return status;
}

static void check_refusals(void) {
  setting s, many;
  one(&s, 1.5, 0.8, 1, 0.3);
  do draw(&many, 1, 1);
  while (many.nodes.count == 1);
  CHECK(try("quartic", &s, 1, 1e-9, 1) == NLRMT_ERR_CONFIG, "Im z = 0");
  CHECK(try("quartic", &s, 1 - I, 1e-9, 1) == NLRMT_ERR_CONFIG, "Im z < 0");
  CHECK(try("quartic", &s, I * INFINITY, 1e-9, 1) == NLRMT_ERR_CONFIG, "Im z infinite");
  CHECK(try("quartic", &s, I, 0, 1) == NLRMT_ERR_CONFIG, "tolerance 0");
  CHECK(try("fixed_point", &s, I, 1e-9, 0) == NLRMT_ERR_CONFIG, "no iterations");
  CHECK(try("newton", &s, I, 1e-9, 1) == NLRMT_ERR_CONFIG, "newton without a law");
  CHECK(try("marchenko_pastur", &s, I, 1e-9, 1) == NLRMT_ERR_CONFIG, "zeta > 0");
  CHECK(try("product_wishart", &s, I, 1e-9, 1) == NLRMT_ERR_CONFIG, "zeta < eta");
  CHECK(try("quartic", &many, I, 1e-9, 1) == NLRMT_ERR_CONFIG, "many nodes");
  CHECK(try("quartic_b", &many, I, 1e-9, 1) == NLRMT_ERR_CONFIG, "many nodes");
  CHECK(!nlrmt_method_find("quintic"), "unknown method");
}

int main(void) {
  check_thm1();
  check_closed_forms();
  check_one_point();
  check_honesty();
  check_refusals();
  check_agreement(1, 1, 0);
  check_agreement(1, 1e-2, 0);
  check_agreement(1, 1e-4, 0);
  check_agreement(1, 1e-6, 0);
  check_agreement(3, 1, 0);
  check_agreement(3, 1e-2, 0);
  check_agreement(3, 1e-4, 0);
  for (int data = 1; data <= 2; data++) {
    check_agreement(1, 1, data);
    check_agreement(1, 1e-4, data);
  }
  return check_end("test_methods", 0);
}
