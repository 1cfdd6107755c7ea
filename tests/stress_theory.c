/* stress_theory: random parameter sets over all laws; every one must be solved, certified and agree
 * with methods that share nothing with the solver. `make stress`; not a unit test, it takes
 * minutes. Usage: stress_theory [sets, default 10000] [seed, default 1] [first, default 0] A set is
 * a function of (seed, its number): a failure's line ends with the command that repeats it. Exit
 * status 1 if any set fails. */
#include <complex.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nlrmt/law.h"
#include "nlrmt/methods.h"
#include "nlrmt/moments.h"

enum {
  NODES_MAX = 6,
  DATA_MAX = 6,
  DATASET = 200,
  BIASES = 200,
  PROBES = 20,
  QUADRATURE_BULKS = 8
};

/* What a law must reach. */
static const double RESIDUAL = 1e-12, MASS = 1e-10, MOMENT = 1e-9, ROUND_TRIP = 1e-10,
                    DISAGREEMENT = 1e-9;

typedef struct {
  double residual, mass, moment, mass2, moment2, round_trip, disagreement;
  size_t bulks;
} totals;

/* What a set is drawn from, in turns of 20. */
typedef enum { NODES, SPECTRUM, POPULATION, LAW_OF_BIAS, DRAWN_BIASES, FAMILIES } family;
static const char *const FAMILY_NAMES[FAMILIES] = {
    "1-6 nodes, i.i.d. data", "1-6 nodes, discrete spectrum", "1-6 nodes, discrete population",
    "activation, Gaussian bias", "activation, 200 draws of a bias"};

typedef struct {
  unsigned long seed, number;
  uint64_t random;
  family family;
  char text[640]; /* its parameters in words */
  double phi, psi;
  bool of_m;
  nlrmt_nodes nodes;
  double value[DATASET], share[DATASET];
  nlrmt_data_law data; /* count 0: i.i.d. */
  bool failed;
} setting;

static double uniform(setting *s) { /* splitmix64 */
  uint64_t z = (s->random += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

static double log_uniform(setting *s, double low, double high) {
  return low * pow(high / low, uniform(s));
}

static size_t choice(setting *s, size_t count) {
  return (size_t)((double)count * uniform(s));
}

static double gaussian(setting *s) {
  const double r = sqrt(-2 * log(uniform(s)));
  return r * cos(2 * M_PI * uniform(s));
}

static void fail(setting *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(setting *s, const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("FAIL set %lu: phi=%.17g psi=%.17g of_m=%d %s: ", s->number, s->phi, s->psi, s->of_m,
         s->text);
  vprintf(format, args);
  printf(" (stress_theory 1 %lu %lu)\n", s->seed, s->number);
  va_end(args);
  fflush(stdout);
  s->failed = true;
}

/* phi and psi over six decades; square and doubly square shapes, whose edges are hard, too. */
static void draw_shape(setting *s) {
  s->phi = log_uniform(s, 1e-3, 1e3);
  s->psi = log_uniform(s, 1e-3, 1e3);
  switch (choice(s, 16)) {
  case 0:
    s->psi = s->phi;
    break;
  case 1:
    s->phi = 1;
    break;
  case 2:
    s->psi = 1;
    break;
  case 3:
    s->phi = s->psi = 1;
    break;
  }
  s->of_m = choice(s, 2);
}

static bool allocate(nlrmt_nodes *nodes, size_t count) {
  *nodes = (nlrmt_nodes){count, malloc(count * sizeof(double)), malloc(count * sizeof(double)),
                         malloc(count * sizeof(double)), malloc(count * sizeof(double))};
  return nodes->weight && nodes->h && nodes->eta && nodes->zeta;
}

/* 1 to 6 nodes: zeta/eta 0, 1 or between, eta within up to four decades, weights down to 1e-4. */
static void draw_nodes(setting *s) {
  const size_t count = choice(s, 5) < 2 ? 1 : 1 + choice(s, NODES_MAX);
  if (!allocate(&s->nodes, count)) exit(NLRMT_ERR_RESOURCE);
  const double spread = 0.5 * (double)choice(s, 5), lightest = choice(s, 4) ? 0.05 : 1e-4;
  double total = 0;
  for (size_t k = 0; k < count; k++) {
    const size_t kind = choice(s, 5);
    s->nodes.h[k] = gaussian(s);
    s->nodes.eta[k] = pow(10, spread * (2 * uniform(s) - 1));
    s->nodes.zeta[k] = s->nodes.eta[k] * (kind == 0 ? 0 : kind == 1 ? 1 : uniform(s));
    total += s->nodes.weight[k] = log_uniform(s, lightest, 1);
  }
  int at = snprintf(s->text, sizeof s->text, "(weight eta zeta/eta):");
  for (size_t k = 0; k < count; k++) {
    s->nodes.weight[k] /= total;
    at += snprintf(s->text + at, sizeof s->text - (size_t)at, " (%.6g %.6g %.6g)",
                   s->nodes.weight[k], s->nodes.eta[k], s->nodes.zeta[k] / s->nodes.eta[k]);
  }
}

/* 1 to 6 points, at times as many as a data set has, of mean 1 within up to three decades, 0 among
 * them at times. */
static void draw_data(setting *s) {
  const size_t count = choice(s, 8) ? 1 + choice(s, DATA_MAX) : DATASET;
  const double spread = 0.5 * (double)choice(s, 4), lightest = choice(s, 4) ? 0.05 : 1e-4;
  const bool null = count > 1 && choice(s, 4) == 0;
  double total = 0, mean = 0;
  for (size_t k = 0; k < count; k++) total += s->share[k] = log_uniform(s, lightest, 1);
  for (size_t k = 0; k < count; k++) {
    const double step = (double)k + (null ? 0 : 0.5) + 0.4 * uniform(s); /* ascending, apart */
    s->value[k] = null && k == 0 ? 0 : step * pow(10, spread * step / (double)count);
    mean += (s->share[k] /= total) * s->value[k];
  }
  for (size_t k = 0; k < count; k++) s->value[k] /= mean;
  s->data = (nlrmt_data_law){s->family == SPECTRUM ? NLRMT_DATA_SPECTRUM : NLRMT_DATA_POPULATION,
                             count, s->value, s->share};
  size_t at = strlen(s->text);
  at += (size_t)snprintf(s->text + at, sizeof s->text - at, ", %zu data (share value):", count);
  for (size_t k = 0; k < count && k < DATA_MAX && at < sizeof s->text; k++)
    at += (size_t)snprintf(s->text + at, sizeof s->text - at, " (%.6g %.6g)", s->share[k],
                           s->value[k]);
}

/* An activation under a Gaussian bias, its law or BIASES draws of it. */
static void draw_activation(setting *s) {
  const bool realised = s->family == DRAWN_BIASES;
  static const char *const names[] = {"relu", "tanh", "erf", "leaky_relu(0.3)", "abs"};
  const char *name = names[choice(s, 5)];
  const double sigma_z = log_uniform(s, 0.3, 3), sigma_b = 5 * uniform(s);
  nlrmt_activation f;
  nlrmt_error err = {0};
  snprintf(s->text, sizeof s->text, "%s sigma_z=%.17g b~N(0,%.17g^2)%s", name, sigma_z, sigma_b,
           realised ? ", 200 draws" : "");
  if (nlrmt_activation_init(&f, name, 1, &err) != NLRMT_OK) {
    fail(s, "%s", err.text);
  } else if (realised) {
    double b[BIASES];
    for (size_t a = 0; a < BIASES; a++) b[a] = sigma_b * gaussian(s);
    if (nlrmt_nodes_of_biases(&f, sigma_z, BIASES, b, &s->nodes, &err) != NLRMT_OK)
      fail(s, "%s", err.text);
  } else {
    const nlrmt_bias bias = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = sigma_b};
    if (nlrmt_nodes_of_law(&f, sigma_z, &bias, &s->nodes, &err) != NLRMT_OK)
      fail(s, "%s", err.text);
  }
}

static void draw(setting *s, unsigned long seed, unsigned long number) {
  *s = (setting){.seed = seed, .number = number, .random = seed * 0x9e3779b97f4a7c15u + number};
  for (int k = 0; k < 3; k++) s->random = (uint64_t)(uniform(s) * 0x1p64);
  draw_shape(s);
  const unsigned long turn = number % 20;
  s->family = turn < 12   ? NODES
              : turn < 15 ? SPECTRUM
              : turn < 18 ? POPULATION
              : turn < 19 ? LAW_OF_BIAS
                          : DRAWN_BIASES;
  if (s->family == LAW_OF_BIAS || s->family == DRAWN_BIASES)
    draw_activation(s);
  else
    draw_nodes(s);
  if (s->family == SPECTRUM || s->family == POPULATION) draw_data(s);
}

/* Var S: Marchenko-Pastur's 1/phi, deformed by a population, or a spectrum's own. */
static double data_variance(const setting *s) {
  double square = 0;
  for (size_t k = 0; k < s->data.count; k++) square += s->share[k] * s->value[k] * s->value[k];
  return s->family == SPECTRUM     ? square - 1
         : s->family == POPULATION ? square / s->phi
                                   : 1 / s->phi;
}

/* E lambda and E lambda^2 of the matrix asked for. */
static void closed_form_moments(const setting *s, double moment[3]) {
  const double rho = s->psi / s->phi;
  double eta = 0, eta2 = 0, zeta = 0;
  for (size_t k = 0; k < s->nodes.count; k++) {
    eta += s->nodes.weight[k] * s->nodes.eta[k];
    eta2 += s->nodes.weight[k] * s->nodes.eta[k] * s->nodes.eta[k];
    zeta += s->nodes.weight[k] * s->nodes.zeta[k];
  }
  moment[0] = 1;
  moment[1] = eta;
  moment[2] = eta * eta + rho * eta2 + zeta * zeta * data_variance(s);
  if (s->of_m) moment[2] /= rho; /* eigenvalues over rho, rho times as many of them */
}

typedef struct {
  const nlrmt_law *law;
  double left, right;
  int power;
} integrand;

/* density lambda^power d lambda/d theta, lambda = left + (right - left) sin^6(theta/2): smooth at
 * soft and hard edges alike. */
static double integrand_at(double theta, void *data) {
  const integrand *f = data;
  const double s = sin(theta / 2), width = f->right - f->left;
  const double lambda = f->left + width * pow(s, 6);
  return nlrmt_law_density(f->law, lambda) * pow(lambda, f->power) * 3 * width * pow(s, 5) *
         cos(theta / 2);
}

/* integral lambda^power density over all bulks, by GSL's own adaptive quadrature. */
static double integrate(const nlrmt_law *law, int power, gsl_integration_cquad_workspace *space) {
  double sum = 0;
  for (size_t b = 0; b < nlrmt_law_bulks(law); b++) {
    integrand data = {.law = law, .power = power};
    nlrmt_law_edges(law, b, &data.left, &data.right);
    const gsl_function f = {integrand_at, &data};
    double part = NAN;
    gsl_integration_cquad(&f, 0, M_PI, 1e-14, 1e-10, space, &part, NULL, NULL);
    sum += part;
  }
  return sum;
}

static void worse(double *worst, double x) {
  if (!(x <= *worst)) *worst = x;
}

/* Mass and moments: what the law says of itself, its cdf's integral, and the density's. */
static void check_moments(setting *s, const nlrmt_law *law, totals *sum,
                          gsl_integration_cquad_workspace *space) {
  const nlrmt_law_certificate *c = nlrmt_law_certify(law);
  double moment[3], left, right;
  closed_form_moments(s, moment);
  nlrmt_law_edges(law, nlrmt_law_bulks(law) - 1, &left, &right);
  /* The mean as right - integral of the cdf, which loses what the mean is smaller by. */
  const double first =
      (right - nlrmt_law_cdf_integral(law, right) - moment[1]) / (moment[1] + 1e-5 * right);
  worse(&sum->residual, c->residual_max);
  worse(&sum->mass, c->mass_error);
  worse(&sum->moment, fmax(c->moment_error, fabs(first)));
  if (!(c->residual_max <= RESIDUAL)) fail(s, "residual %.2e", c->residual_max);
  if (!(c->mass_error <= MASS)) fail(s, "mass error %.2e", c->mass_error);
  if (!(c->moment_error <= MOMENT)) fail(s, "moment error %.2e", c->moment_error);
  if (!(fabs(first) <= MOMENT)) fail(s, "first moment of the cdf off by %.2e", first);
  if (nlrmt_law_bulks(law) > QUADRATURE_BULKS) return;
  const double mass = nlrmt_law_atom(law) + integrate(law, 0, space) - 1;
  const double second = integrate(law, 2, space) / moment[2] - 1;
  worse(&sum->mass2, fabs(mass));
  worse(&sum->moment2, fabs(second));
  if (!(fabs(mass) <= MOMENT)) fail(s, "integral of the density off by %.2e", mass);
  if (!(fabs(second) <= MOMENT)) fail(s, "second moment of the density off by %.2e", second);
}

/* cdf and quantile undo each other, rise, and the density is nonnegative and ends at the edges. */
static void check_functions(setting *s, const nlrmt_law *law, totals *sum) {
  double left, right, last, below = 0, round_trip = 0;
  nlrmt_law_edges(law, nlrmt_law_bulks(law) - 1, &last, &right);
  nlrmt_law_edges(law, 0, &left, &last);
  const double atom = nlrmt_law_atom(law);
  for (int k = 0; k < PROBES; k++) {
    const double p = (k + uniform(s)) / PROBES, lambda = nlrmt_law_quantile(law, p);
    const double cdf = nlrmt_law_cdf(law, lambda), density = nlrmt_law_density(law, lambda);
    worse(&round_trip, p <= atom ? fabs(lambda) / right : fabs(cdf - p));
    if (!(lambda >= below && lambda <= right && density >= 0))
      fail(s, "p=%.17g: quantile %.17g after %.17g, density %g", p, lambda, below, density);
    below = lambda;
  }
  worse(&sum->round_trip, round_trip);
  if (!(round_trip <= ROUND_TRIP)) fail(s, "cdf(quantile(p)) off by %.2e", round_trip);
  below = 0;
  for (int k = 0; k < PROBES; k++) {
    const double lambda = 1.2 * right * (k + uniform(s)) / PROBES - 0.1 * right;
    const double cdf = nlrmt_law_cdf(law, lambda), density = nlrmt_law_density(law, lambda);
    const bool outside = lambda < left || lambda > right;
    if (!(cdf >= below && cdf <= 1 && density >= 0 && (!outside || density == 0)) ||
        (lambda < 0 && cdf != 0) || (lambda >= right && cdf != 1))
      fail(s, "lambda=%.17g: cdf %.17g after %.17g, density %g", lambda, cdf, below, density);
    below = cdf;
  }
}

/* nlrmt_law_transform against another method at z, which must converge. */
static void check_method(setting *s, const nlrmt_law_problem *problem, const nlrmt_law *law,
                         const char *name, double complex z, totals *sum) {
  const nlrmt_method_options options = {1e-11, 100000};
  nlrmt_method_result r = {0};
  nlrmt_error err = {0};
  double complex m, t;
  if (nlrmt_law_transform(law, z, &m, &t, &err) != NLRMT_OK ||
      nlrmt_method_solve(nlrmt_method_find(name), problem, NULL, z, &options, &r, &err) !=
          NLRMT_OK) {
    fail(s, "%s", err.text);
    return;
  }
  const double off = fmax(cabs(m - r.m) / cabs(m), cabs(t - r.mtilde) / cabs(t));
  if (!r.converged)
    fail(s, "%s at z=%.17g%+.17gi: error %.1e after %zu steps", name, creal(z), cimag(z), r.error,
         r.iterations);
  worse(&sum->disagreement, off);
  if (!(off <= DISAGREEMENT))
    fail(s, "%s at z=%.17g%+.17gi: m, mtilde differ by %.2e", name, creal(z), cimag(z), off);
}

static void check_methods(setting *s, const nlrmt_law_problem *problem, const nlrmt_law *law,
                          totals *sum) {
  double left, right;
  nlrmt_law_edges(law, nlrmt_law_bulks(law) - 1, &left, &right);
  if (s->of_m) right *= s->psi / s->phi; /* methods and transform speak of K */
  for (int k = 0; k < 3; k++) {
    const double x = right * (1.3 * uniform(s) - 0.1);
    const double complex near = CMPLX(x, right * log_uniform(s, 1e-6, 1));
    const double complex far = CMPLX(x, right * log_uniform(s, 0.1, 1));
    check_method(s, problem, law, "half_averaged", far, sum);
    check_method(s, problem, law, "alp13", near, sum);
    if (s->nodes.count > 1 || problem->data) continue;
    check_method(s, problem, law, "quartic", near, sum);
    check_method(s, problem, law, "quartic_b", near, sum);
    if (s->nodes.zeta[0] == 0) check_method(s, problem, law, "marchenko_pastur", near, sum);
    if (s->nodes.zeta[0] == s->nodes.eta[0])
      check_method(s, problem, law, "product_wishart", near, sum);
  }
}

static void check(setting *s, totals *sum, gsl_integration_cquad_workspace *space) {
  const nlrmt_law_problem problem = {.phi = s->phi,
                                     .psi = s->psi,
                                     .nodes = &s->nodes,
                                     .of_m = s->of_m,
                                     .data = s->data.count ? &s->data : NULL};
  nlrmt_law *law = NULL;
  nlrmt_error err = {0};
  if (nlrmt_law_create(&problem, &law, &err) != NLRMT_OK) {
    fail(s, "%s", err.text);
    return;
  }
  sum->bulks += nlrmt_law_bulks(law);
  check_moments(s, law, sum, space);
  check_functions(s, law, sum);
  check_methods(s, &problem, law, sum);
  nlrmt_law_destroy(&law);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(const totals *sum, const size_t sets[], const size_t failures[],
                   double seconds) {
  size_t all = 0, failed = 0;
  for (int k = 0; k < FAMILIES; k++) {
    printf("%-31s %zu sets, %zu failures\n", FAMILY_NAMES[k], sets[k], failures[k]);
    all += sets[k], failed += failures[k];
  }
  printf("sets                            %zu (%zu bulks)\n", all, sum->bulks);
  printf("failures                        %zu\n", failed);
  printf("worst residual                  %.1e (allowed %.0e)\n", sum->residual, RESIDUAL);
  printf("worst mass error                %.1e (allowed %.0e)\n", sum->mass, MASS);
  printf("worst moment error              %.1e (allowed %.0e)\n", sum->moment, MOMENT);
  printf("worst mass by quadrature        %.1e (allowed %.0e)\n", sum->mass2, MOMENT);
  printf("worst 2nd moment by quadrature  %.1e (allowed %.0e)\n", sum->moment2, MOMENT);
  printf("worst cdf(quantile(p)) - p      %.1e (allowed %.0e)\n", sum->round_trip, ROUND_TRIP);
  printf("worst disagreement of methods   %.1e (allowed %.0e)\n", sum->disagreement, DISAGREEMENT);
  printf("seconds                         %.1f\n", seconds);
}

int main(int argc, char **argv) {
  unsigned long argument[] = {10000, 1, 0}; /* sets, seed, first */
  for (int k = 1; k < argc; k++) {
    char *end = NULL;
    if (k <= 3) argument[k - 1] = strtoul(argv[k], &end, 10);
    if (k > 3 || end == argv[k] || *end) {
      fprintf(stderr, "usage: %s [sets] [seed] [first]\n", argv[0]);
      return NLRMT_ERR_CONFIG;
    }
  }
  const double start = now();
  gsl_integration_cquad_workspace *space = gsl_integration_cquad_workspace_alloc(1000);
  totals sum = {0};
  size_t sets[FAMILIES] = {0}, failures[FAMILIES] = {0}, failed = 0;
  for (unsigned long k = 0; k < argument[0]; k++) {
    setting s;
    draw(&s, argument[1], argument[2] + k);
    if (!s.failed) check(&s, &sum, space);
    nlrmt_nodes_clear(&s.nodes);
    sets[s.family]++;
    failures[s.family] += s.failed;
    failed += s.failed;
  }
  gsl_integration_cquad_workspace_free(space);
  report(&sum, sets, failures, now() - start);
  return failed > 0;
}
