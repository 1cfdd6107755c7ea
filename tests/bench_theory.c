/* bench_theory: what a law costs, next to other methods that give its density. One core, medians of
 * several rounds in one run, since machines are shared. A benchmark, not a test; `make bench`, and
 * docs/theory-bench.md for a table made by it.
 *
 * Figure A1 of Adlam-Levinson-Pennington, ReLU, phi = 1.5, psi = 0.8, b ~ N(0,1): with the nodes
 * that the library takes, and with the few that Gauss-Hermite needs for nine digits of this law
 * (128), and, cheapest for the slow methods, for as many as Im z = HEIGHT leaves (64); and the same
 * without bias (one node). First the law with all that is asked of it: nodes from the activation's
 * name, edges, atom, certificate, density and cdf at POINTS points on the real axis. Then m(z)
 * alone at the same points + i HEIGHT by the methods of methods.h; their density is Im m/pi, and
 * they give no edges and no cdf.
 *
 * Usage: bench_theory [rounds of each method, default 3] */
#include <complex.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "nlrmt/law.h"
#include "nlrmt/methods.h"
#include "nlrmt/moments.h"

enum { POINTS = 2000, LAW_ROUNDS = 9, ROUNDS_MAX = 99, ITERATIONS_MAX = 100000 };
static const double PHI = 1.5, PSI = 0.8, HEIGHT = 1e-6;

typedef struct {
  double nodes, create, curve, total; /* seconds */
} times;

typedef struct {
  nlrmt_activation f;
  nlrmt_bias bias;
  size_t hermite; /* nodes of a Gauss-Hermite rule for a Gaussian bias; 0: the library's own */
  nlrmt_nodes nodes;
  nlrmt_law_problem problem;
  nlrmt_law *law;
  double lambda[POINTS], density[POINTS], cdf[POINTS], peak;
} subject;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(int count, const double *x) {
  double sorted[POINTS];
  for (int k = 0; k < count; k++) sorted[k] = x[k];
  qsort(sorted, (size_t)count, sizeof *sorted, ascending);
  return sorted[count / 2];
}

static void stop(const nlrmt_error *err) {
  fprintf(stderr, "bench_theory: %s\n", err->text);
  exit(err->status);
}

/* Nodes by Gauss-Hermite, weight e^(-b^2/2). */
static void hermite_nodes(subject *s, nlrmt_error *err) {
  const size_t n = s->hermite;
  gsl_integration_fixed_workspace *rule =
      gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, n, 0, 0.5, 0, 0);
  const double *b = gsl_integration_fixed_nodes(rule), *w = gsl_integration_fixed_weights(rule);
  s->nodes = (nlrmt_nodes){n, malloc(n * sizeof(double)), malloc(n * sizeof(double)),
                           malloc(n * sizeof(double)), malloc(n * sizeof(double))};
  for (size_t k = 0; k < n; k++) {
    s->nodes.weight[k] = w[k] / sqrt(2 * M_PI);
    nlrmt_moments_at(&s->f, 1, b[k] * s->bias.sigma, &s->nodes.h[k], &s->nodes.eta[k],
                     &s->nodes.zeta[k], err);
  }
  gsl_integration_fixed_free(rule);
}

/* Everything from the activation's name to the curve; leaves nodes and law in *s. */
static times solve_law(subject *s) {
  nlrmt_error err = {0};
  times t;
  const double start = now();
  if (s->hermite)
    hermite_nodes(s, &err);
  else
    nlrmt_nodes_of_law(&s->f, 1, &s->bias, &s->nodes, &err);
  if (err.status != NLRMT_OK) stop(&err);
  t.nodes = now() - start;
  s->problem = (nlrmt_law_problem){.phi = PHI, .psi = PSI, .nodes = &s->nodes};
  if (nlrmt_law_create(&s->problem, &s->law, &err) != NLRMT_OK) stop(&err);
  t.create = now() - start - t.nodes;
  nlrmt_law_grid(s->law, POINTS, s->lambda);
  for (int k = 0; k < POINTS; k++) {
    s->density[k] = nlrmt_law_density(s->law, s->lambda[k]);
    s->cdf[k] = nlrmt_law_cdf(s->law, s->lambda[k]);
  }
  t.total = now() - start;
  t.curve = t.total - t.nodes - t.create;
  return t;
}

static void release(subject *s) {
  nlrmt_law_destroy(&s->law);
  nlrmt_nodes_clear(&s->nodes);
}

static void bench_law(const char *name, subject *s) {
  double part[4][LAW_ROUNDS];
  for (int k = 0; k < LAW_ROUNDS; k++) {
    if (k > 0) release(s);
    const times t = solve_law(s);
    part[0][k] = t.nodes, part[1][k] = t.create, part[2][k] = t.curve, part[3][k] = t.total;
  }
  for (int k = 0; k < POINTS; k++) s->peak = fmax(s->peak, s->density[k]);
  const nlrmt_law_certificate *c = nlrmt_law_certify(s->law);
  printf("law,nodes,nodes_ms,solve_ms,curve_ms,total_ms,residual,mass_error,moment_error\n");
  printf("%s,%zu,%.3g,%.3g,%.3g,%.3g,%.1e,%.1e,%.1e\n", name, s->nodes.count,
         1e3 * median(LAW_ROUNDS, part[0]), 1e3 * median(LAW_ROUNDS, part[1]),
         1e3 * median(LAW_ROUNDS, part[2]), 1e3 * median(LAW_ROUNDS, part[3]), c->residual_max,
         c->mass_error, c->moment_error);
}

typedef struct {
  size_t iterations, converged;
  double worst, middle; /* error of the density over its peak: largest, median */
} outcome;

static double run_method(const nlrmt_method *method, const subject *s, double tolerance,
                         outcome *o) {
  const nlrmt_method_options options = {tolerance, ITERATIONS_MAX};
  double density[POINTS], error[POINTS];
  *o = (outcome){0};
  const double start = now();
  for (int k = 0; k < POINTS; k++) {
    nlrmt_method_result r;
    nlrmt_error err = {0};
    if (nlrmt_method_solve(method, &s->problem, s->law, CMPLX(s->lambda[k], HEIGHT), &options, &r,
                           &err) != NLRMT_OK)
      stop(&err);
    density[k] = cimag(r.m) / M_PI;
    o->iterations += r.iterations;
    o->converged += r.converged;
  }
  const double seconds = now() - start;
  for (int k = 0; k < POINTS; k++) {
    error[k] = fabs(density[k] - s->density[k]) / s->peak;
    o->worst = fmax(o->worst, error[k]);
  }
  o->middle = median(POINTS, error);
  return seconds;
}

/* The law is timed again next to each run, so that the ratio sees the same neighbours. */
static void bench_method(const char *law, const char *name, const subject *s, double tolerance,
                         int rounds) {
  const nlrmt_method *method = nlrmt_method_find(name);
  if (!method->applies(&s->problem)) return;
  double seconds[ROUNDS_MAX], ratio[ROUNDS_MAX];
  static subject again;
  outcome o;
  for (int k = 0; k < rounds; k++) {
    seconds[k] = run_method(method, s, tolerance, &o);
    again = (subject){.f = s->f, .bias = s->bias, .hermite = s->hermite};
    ratio[k] = seconds[k] / solve_law(&again).total;
    release(&again);
  }
  const double middle = median(rounds, seconds);
  printf("%s,%s,%g,%g,%.4g,%.3g,%.1f,%zu,%.1e,%.1e,%.3g\n", law, name, HEIGHT, tolerance,
         1e3 * middle, 1e6 * middle / POINTS, (double)o.iterations / POINTS, o.converged, o.middle,
         o.worst, median(rounds, ratio));
  fflush(stdout);
}

static void bench(const char *name, nlrmt_bias bias, size_t hermite, int rounds) {
  static subject s;
  nlrmt_error err = {0};
  s = (subject){.bias = bias, .hermite = hermite};
  if (nlrmt_activation_init(&s.f, "relu", 1, &err) != NLRMT_OK) stop(&err);
  bench_law(name, &s);
  printf("law,method,im_z,tolerance,ms,us_per_point,iterations,converged,density_error_median,"
         "density_error_max,over_law\n");
  bench_method(name, "fixed_point", &s, 1e-4, rounds);
  bench_method(name, "fixed_point", &s, 1e-6, rounds);
  bench_method(name, "fixed_point", &s, 1e-8, rounds);
  bench_method(name, "half_averaged", &s, 1e-6, rounds);
  bench_method(name, "alp13", &s, 1e-10, rounds);
  bench_method(name, "newton", &s, 1e-10, rounds);
  bench_method(name, "quartic", &s, 1e-10, rounds);
  bench_method(name, "quartic_b", &s, 1e-10, rounds);
  release(&s);
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 3;
  if (rounds < 1 || rounds > ROUNDS_MAX) {
    fprintf(stderr, "usage: %s [rounds, 1 to %d]\n", argv[0], ROUNDS_MAX);
    return NLRMT_ERR_CONFIG;
  }
  const nlrmt_bias gaussian = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = 1};
  bench("gaussian_bias", gaussian, 0, rounds);
  bench("gaussian_bias_128", gaussian, 128, rounds);
  bench("gaussian_bias_64", gaussian, 64, rounds);
  bench("no_bias", (nlrmt_bias){.law = NLRMT_BIAS_NONE}, 0, rounds);
  return 0;
}
