/* Kernels against two-dimensional integrals that do not know of Hermite polynomials: the inner one
 * in closed form for a kink, trapezoidal sums for smooth f; closed forms against series. */
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "nlrmt/kernel.h"

enum { SAMPLES = 4 };
static const double norms[SAMPLES] = {1.0, 0.4, 2.3, 0.0};
static const double correlations[] = {-0.97, -0.6, -0.05, 0.2, 0.5, 0.9};
enum { CORRELATIONS = sizeof correlations / sizeof *correlations };

static double normal(double x) {
  return exp(-x * x / 2) / sqrt(2 * M_PI);
}

static double phi(double x) {
  return erfc(-x / M_SQRT2) / 2;
}

/* E f(mu + tau N). */
static double mean_relu(double mu, double tau) {
  return mu * phi(mu / tau) + tau * normal(mu / tau);
}
static double mean_step(double mu, double tau) {
  return phi(mu / tau);
}
static double relu(double x) {
  return x > 0 ? x : 0;
}
static double step(double x) {
  return x > 0;
}
static double cube_of_tanh(double x) {
  return tanh(x) * tanh(x) * tanh(x) + 0.3 * x;
}

/* Cov(f(sa x + b), f(sb y + b)), correlation r, for f = 0 left of 0. */
static double kinked(double (*f)(double), double (*mean)(double, double), double sa, double sb,
                     double b, double r) {
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(20);
  double sum = 0;
  for (int k = 0; k < 200; k++)
    for (size_t i = 0; i < 20; i++) {
      double u, w;
      gsl_integration_glfixed_point(-b / sa + 0.1 * k, -b / sa + 0.1 * (k + 1), i, &u, &w, rule);
      sum += w * normal(u) * f(sa * u + b) * mean(b + sb * r * u, sb * sqrt((1 - r) * (1 + r)));
    }
  gsl_integration_glfixed_table_free(rule);
  return sum - mean(b, sa) * mean(b, sb);
}

static double smooth(double (*f)(double), double sa, double sb, double b, double r) {
  const double d = 0.05;
  double sum = 0, ha = 0, hb = 0;
  for (int i = -200; i <= 200; i++) {
    const double u = i * d;
    ha += d * normal(u) * f(sa * u + b), hb += d * normal(u) * f(sb * u + b);
    for (int j = -200; j <= 200; j++)
      sum += d * d * normal(u) * normal(j * d) * f(sa * u + b) *
             f(sb * (r * u + sqrt((1 - r) * (1 + r)) * j * d) + b);
  }
  return sum - ha * hb;
}

static nlrmt_kernel *make(const char *name, double sigma_w, double b, double r_max,
                          double accuracy) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_kernel *k = NULL;
  CHECK(nlrmt_activation_init(&f, name, sigma_w, &err) == NLRMT_OK, "%s", err.text);
  const nlrmt_kernel_options o = {&f, sigma_w, b, r_max, accuracy};
  CHECK(nlrmt_kernel_create(&o, SAMPLES, norms, &k, &err) == NLRMT_OK, "%s: %s", name, err.text);
  return k;
}

static double entry(const nlrmt_kernel *k, size_t a, size_t b, double r, double *error) {
  const double gram = r * sqrt(norms[a] * norms[b]);
  double out;
  *error = nlrmt_kernel_row(k, a, 1, &b, &gram, &out);
  return out;
}

/* One number of every pair of samples and every correlation. */
typedef struct {
  const char *name;
  double b;
  double (*f)(double), (*mean)(double, double);
  double tolerance;
} against;

static void check_against(const against *t) {
  const double sigma_w = 1.3;
  nlrmt_kernel *k = make(t->name, sigma_w, t->b, 0.97, 1e-9);
  for (size_t a = 0; a < 3; a++)
    for (int i = 0; i < CORRELATIONS; i++) {
      const size_t b = (a + 1) % 3;
      const double sa = sigma_w * sqrt(norms[a]), sb = sigma_w * sqrt(norms[b]);
      const double r = correlations[i];
      double error;
      const double got = entry(k, a, b, r, &error);
      const double want =
          t->mean ? kinked(t->f, t->mean, sa, sb, t->b, r) : smooth(t->f, sa, sb, t->b, r);
      CHECK(fabs(got - want) < t->tolerance + error && error < 1e-7,
            "%s b=%g r=%g: %.12g, integral %.12g, bound %.1e", t->name, t->b, r, got, want, error);
    }
  nlrmt_kernel_destroy(&k);
}

/* A form that is only known by its series, and the same function in closed form. */
static void check_closed(const char *closed, const char *series) {
  nlrmt_kernel *c = make(closed, 0.9, 0, 0.9, 1e-10), *s = make(series, 0.9, 0, 0.9, 1e-10);
  CHECK(nlrmt_kernel_terms(c) == 0 && nlrmt_kernel_terms(s) > 0, "%s: %zu and %zu terms", closed,
        nlrmt_kernel_terms(c), nlrmt_kernel_terms(s));
  for (int i = 0; i < CORRELATIONS; i++) {
    if (correlations[i] < -0.9) continue;
    double error, none;
    const double x = entry(c, 0, 2, correlations[i], &none);
    const double y = entry(s, 0, 2, correlations[i], &error);
    CHECK(fabs(x - y) < 2e-12 + error && none == 0, "%s r=%g: %.14g %.14g, bound %.1e", closed,
          correlations[i], x, y, error);
  }
  for (size_t a = 0; a < SAMPLES; a++) {
    CHECK(fabs(nlrmt_kernel_means(c)[a] - nlrmt_kernel_means(s)[a]) < 1e-12, "%s mean", closed);
    CHECK(fabs(nlrmt_kernel_variances(c)[a] - nlrmt_kernel_variances(s)[a]) < 1e-12, "%s", closed);
  }
  nlrmt_kernel_destroy(&c);
  nlrmt_kernel_destroy(&s);
}

/* Two equal samples: the closed form ends in the variance, which is integrated (up to asin at
 * 1 - eps). */
static void check_diagonal(const char *name) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_kernel *k = NULL;
  const double g[] = {1.7, 1.7};
  double out[2];
  nlrmt_activation_init(&f, name, 1, &err);
  const nlrmt_kernel_options o = {&f, 0.8, 0, 1, 1e-10};
  CHECK(nlrmt_kernel_create(&o, 2, g, &k, &err) == NLRMT_OK, "%s", err.text);
  nlrmt_kernel_row(k, 0, 2, NULL, g, out);
  CHECK(fabs(out[0] - out[1]) < 3e-8 * out[0], "%s: %.15g %.15g", name, out[0], out[1]);
  nlrmt_kernel_destroy(&k);
}

/* Cov(x^3, y^3) = sa^3 sb^3 (9 r + 6 r^3): three terms, exact. */
static void check_cubic(void) {
  nlrmt_kernel *k = make("cubic", 1.1, 0, 1, 1e-12);
  double error;
  const double s = pow(1.1, 6) * pow(norms[0] * norms[2], 1.5), r = 0.7;
  const double got = entry(k, 0, 2, r, &error), want = s * (9 * r + 6 * r * r * r);
  CHECK(nlrmt_kernel_terms(k) == 3 && error < 1e-10, "%zu terms, %.1e", nlrmt_kernel_terms(k),
        error);
  CHECK(fabs(got / want - 1) < 1e-12, "cubic: %.15g %.15g", got, want);
  CHECK(fabs(nlrmt_kernel_variances(k)[2] / (15 * pow(1.1 * sqrt(norms[2]), 6)) - 1) < 1e-12,
        "variance %.15g", nlrmt_kernel_variances(k)[2]);
  nlrmt_kernel_destroy(&k);
}

/* The bound must hold where the series is cut far too early, and say so. */
static void check_bound(void) {
  nlrmt_kernel *k = make("step", 1, -0.3, 0.2, 1e-3);
  for (int i = 0; i < CORRELATIONS; i++) {
    double error;
    const double got = entry(k, 0, 2, correlations[i], &error);
    const double want = kinked(step, mean_step, 1, sqrt(norms[2]), -0.3, correlations[i]);
    CHECK(fabs(got - want) <= error, "step r=%g: error %.2e, bound %.2e", correlations[i],
          got - want, error);
    CHECK(fabs(correlations[i]) > 0.2 || error < 1e-3, "bound %.2e", error);
  }
  nlrmt_kernel_destroy(&k);
}

/* A sample that is 0 has a constant feature; a row in one call. */
static void check_row(void) {
  nlrmt_kernel *k = make("relu", 1.3, 0.7, 0.97, 1e-9);
  const double gram[SAMPLES] = {0.3, norms[1], -0.1, 0};
  double out[SAMPLES], error;
  nlrmt_kernel_row(k, 1, SAMPLES, NULL, gram, out);
  CHECK(out[1] == nlrmt_kernel_variances(k)[1] && out[3] == 0, "%g %g", out[1], out[3]);
  CHECK(out[0] == entry(k, 1, 0, 0.3 / sqrt(norms[0] * norms[1]), &error), "row and entry");
  CHECK(nlrmt_kernel_means(k)[3] == 0.7 && nlrmt_kernel_variances(k)[3] == 0, "zero sample");
  const double s = 1.3 * sqrt(norms[2]);
  CHECK(fabs(nlrmt_kernel_means(k)[2] - mean_relu(0.7, s)) < 1e-13, "mean %.15g",
        nlrmt_kernel_means(k)[2]);
  nlrmt_kernel_destroy(&k);
}

static void check_errors(void) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_kernel *k = NULL;
  nlrmt_activation_init(&f, "\"exp(x*x)\"", 1, &err);
  nlrmt_kernel_options o = {&f, 1, 0, 0.5, 1e-8};
  CHECK(nlrmt_kernel_create(&o, SAMPLES, norms, &k, &err) == NLRMT_ERR_CONFIG && !k, "%s",
        err.text);
  err.status = NLRMT_OK, o.r_max = 1.5;
  CHECK(nlrmt_kernel_create(&o, SAMPLES, norms, &k, &err) == NLRMT_ERR_CONFIG && !k, "%s",
        err.text);
  err.status = NLRMT_OK, o.r_max = 0.5;
  const double bad[] = {1, -1};
  CHECK(nlrmt_kernel_create(&o, 2, bad, &k, &err) == NLRMT_ERR_DATA && !k, "%s", err.text);
}

int main(void) {
  const against cases[] = {{"relu", 0.7, relu, mean_relu, 1e-11},
                           {"relu", 0, relu, mean_relu, 1e-11},
                           {"relu", -1.5, relu, mean_relu, 1e-11},
                           {"step", -0.4, step, mean_step, 1e-11},
                           {"step", 0, step, mean_step, 1e-11},
                           {"tanh", 0.5, tanh, NULL, 1e-11},
                           {"erf", 0, erf, NULL, 1e-11},
                           {"erf", -0.8, erf, NULL, 1e-11},
                           {"\"tanh(x)^3+0.3*x\"", 0.2, cube_of_tanh, NULL, 1e-11}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_against(&cases[i]);
  check_closed("relu", "\"max(x,0)+0*b\"");
  check_closed("leaky_relu(0.3)", "\"max(x,0)+0.3*min(x,0)+0*b\"");
  check_closed("blend(0.4)",
               "\"sqrt(0.4)*x/0.9+sqrt(0.6)*(abs(x)/0.9-sqrt(2/_pi))/sqrt(1-2/_pi)+0*b\"");
  check_closed("\"sign(x)+abs(x)-0.5*x+2\"", "\"sign(x)+abs(x)-0.5*x+2+0*b\"");
  check_diagonal("relu");
  check_diagonal("sign");
  check_diagonal("erf");
  check_cubic();
  check_bound();
  check_row();
  check_errors();
  return check_end("test_kernel", 0);
}
