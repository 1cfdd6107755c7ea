/* Whole trials: mtilde(z), m(z) and moments against their definitions with the inverse of the dense
 * K - z, from the same W, X, b by plain loops. Any rank count; every backend; tall and wide, K and
 * M, alone and beside ridge regression. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/stieltjes.h"
#include "nlrmt/trial.h"
#include "on_grid.h"

enum { ZS = 6, MOMENTS = 4, TRIAL = 3, GAMMAS = 2 };
static double complex zs[ZS] = {CMPLX(0.5, 1e-3), CMPLX(0, 0.1),  CMPLX(1, 0.5),
                                CMPLX(-2, 3),     CMPLX(-0.3, 0), CMPLX(-50, 0)};
static double gammas[GAMMAS] = {0.1, 10};

typedef struct {
  double complex m[ZS], mtilde[ZS];
  double moment[MOMENTS];
} numbers;

static double *draw(const nlrmt_params *p, nlrmt_matrix matrix, double scale, int64_t vectors) {
  nlrmt_stream stream = {p->seed, TRIAL, 0, matrix};
  double *out = malloc((size_t)(vectors * p->n0) * sizeof *out);
  for (int64_t v = 0; v < vectors; v++)
    nlrmt_rng_entries(&stream, p->entries, scale, (uint32_t)v, 0, (size_t)p->n0, out + v * p->n0);
  return out;
}

/* K [m][m] and S = X'X/(n0 sigma_x^2) [m][m]. */
static void make_matrices(const nlrmt_params *p, double f_scale, double *k, double *s) {
  int64_t m = p->m, n0 = p->n0, n1 = p->n1;
  double *w = draw(p, NLRMT_MATRIX_W, p->sigma_w / sqrt((double)n0), n1);
  double *x = draw(p, NLRMT_MATRIX_X, p->sigma_x, m);
  double *b = malloc((size_t)n1 * sizeof *b), *f = malloc((size_t)(n1 * m) * sizeof *f);
  int *component = malloc((size_t)n1 * sizeof *component);
  nlrmt_bias_draw(&p->bias, p->seed, TRIAL, 0, 0, (size_t)n1, b);
  nlrmt_mixture_draw(&p->mixture, p->seed, TRIAL, 0, 0, (size_t)n1, component);
  for (int64_t a = 0; a < n1; a++)
    for (int64_t i = 0; i < m; i++) {
      double z = b[a];
      for (int64_t r = 0; r < n0; r++) z += w[a * n0 + r] * x[i * n0 + r];
      f[a * m + i] = f_scale * nlrmt_activation_eval(&p->mixture.f[component[a]], z);
    }
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < m; j++) {
      double sum = 0, cov = 0;
      for (int64_t a = 0; a < n1; a++) sum += f[a * m + i] * f[a * m + j];
      for (int64_t r = 0; r < n0; r++) cov += x[i * n0 + r] * x[j * n0 + r];
      k[i * m + j] = sum / (double)n1;
      s[i * m + j] = cov / ((double)n0 * p->sigma_x * p->sigma_x);
    }
  free(w);
  free(x);
  free(b);
  free(f);
  free(component);
}

/* inverse <- (k - z)^-1 by Gauss and Jordan with pivots; both [m][m]. */
static void invert(int64_t m, const double *k, double complex z, long double complex *inverse) {
  long double complex *u = malloc((size_t)(m * m) * sizeof *u);
  for (int64_t i = 0; i < m * m; i++) {
    inverse[i] = i % (m + 1) == 0;
    u[i] = k[i] - (i % (m + 1) == 0 ? z : 0);
  }
  for (int64_t c = 0; c < m; c++) {
    int64_t best = c;
    for (int64_t i = c + 1; i < m; i++)
      if (cabsl(u[i * m + c]) > cabsl(u[best * m + c])) best = i;
    for (int64_t j = 0; j < m && best != c; j++) {
      long double complex a = u[c * m + j], b = inverse[c * m + j];
      u[c * m + j] = u[best * m + j], u[best * m + j] = a;
      inverse[c * m + j] = inverse[best * m + j], inverse[best * m + j] = b;
    }
    long double complex pivot = u[c * m + c];
    for (int64_t j = 0; j < m; j++) u[c * m + j] /= pivot, inverse[c * m + j] /= pivot;
    for (int64_t i = 0; i < m; i++) {
      long double complex q = u[i * m + c];
      if (i == c || q == 0) continue;
      for (int64_t j = 0; j < m; j++) {
        u[i * m + j] -= q * u[c * m + j];
        inverse[i * m + j] -= q * inverse[c * m + j];
      }
    }
  }
  free(u);
}

/* tr (a b), both [m][m], b symmetric. */
static double product_trace(int64_t m, const double *a, const double *b) {
  double sum = 0;
  for (int64_t i = 0; i < m * m; i++) sum += a[i] * b[i];
  return sum;
}

static numbers by_definition(const nlrmt_params *p, double f_scale) {
  size_t m = (size_t)p->m, square = m * m;
  double *k = malloc(4 * square * sizeof *k), *s = k + square, *power = s + square;
  double *next = power + square;
  long double complex *g = malloc(square * sizeof *g);
  numbers out;
  make_matrices(p, f_scale, k, s);
  for (int i = 0; i < ZS; i++) {
    long double complex trace = 0, with_s = 0;
    invert(p->m, k, zs[i], g);
    for (size_t r = 0; r < m; r++) trace += g[r * m + r];
    for (size_t r = 0; r < square; r++) with_s += s[r] * g[r];
    out.m[i] = (double complex)(trace / (double)m);
    out.mtilde[i] = (double complex)(with_s / (double)m);
  }
  for (size_t i = 0; i < square; i++) power[i] = i % (m + 1) == 0;
  for (int j = 0; j < MOMENTS; j++) {
    out.moment[j] = product_trace(p->m, power, k) / (double)m;
    memset(next, 0, square * sizeof *next);
    for (size_t a = 0; a < m; a++)
      for (size_t c = 0; c < m; c++)
        for (size_t b = 0; b < m; b++) next[a * m + b] += power[a * m + c] * k[c * m + b];
    memcpy(power, next, square * sizeof *next);
  }
  free(k);
  free(g);
  return out;
}

static void compare(const char *what, const char *backend, const nlrmt_plan *plan,
                    const numbers *want, const double complex *m, const double complex *mtilde,
                    const double *moment) {
  for (int i = 0; i < ZS; i++) {
    double near = cimag(zs[i]) > 0 ? cimag(zs[i]) : -creal(zs[i]);
    double bound = 1e-12 + 1e-13 / near;
    CHECK(cabs(m[i] / want->m[i] - 1) < bound, "%s, %s, %d x %d, m(%g%+gi): off by %.1e", what,
          backend, plan->nprow, plan->npcol, creal(zs[i]), cimag(zs[i]),
          cabs(m[i] / want->m[i] - 1));
    CHECK(cabs(mtilde[i] / want->mtilde[i] - 1) < bound,
          "%s, %s, %d x %d, mtilde(%g%+gi): off by %.1e", what, backend, plan->nprow, plan->npcol,
          creal(zs[i]), cimag(zs[i]), cabs(mtilde[i] / want->mtilde[i] - 1));
  }
  for (int j = 0; j < MOMENTS; j++)
    CHECK(fabs(moment[j] / want->moment[j] - 1) < 1e-12, "%s, %s, moment %d: %g, should be %g",
          what, backend, j + 1, moment[j], want->moment[j]);
}

static void check_point(const nlrmt_grid *grid, const char *what, nlrmt_params p) {
  size_t count;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  nlrmt_plan plan;
  nlrmt_error err = {0};
  nlrmt_progress progress;
  nlrmt_progress_init(&progress, true, 1);
  CHECK(nlrmt_plan_make(&p, grid->comm->size, 1e9, &plan, &err) == NLRMT_OK, "%s", err.text);
  numbers want = by_definition(&p, sqrt(plan.alpha * (double)p.n1 / plan.scale));
  double seconds[NLRMT_PHASES], drawn[GAMMAS], signal[GAMMAS], moment[MOMENTS];
  double complex m[ZS], mtilde[ZS];
  double *lambda = malloc((size_t)plan.n * sizeof *lambda);
  nlrmt_trial_out out = {
      .lambda = lambda, .drawn = drawn, .signal = signal, .mtilde = mtilde, .seconds = seconds};
  for (size_t k = 0; k < count; k++) {
    if (!backend[k]->rows || backend[k]->refuses(plan.n, plan.block, plan.nprow, plan.npcol))
      continue;
    plan.eig = backend[k];
    nlrmt_trial_run(grid, &p, &plan, NULL, TRIAL, what, &progress, &out, &err);
    CHECK(err.status == NLRMT_OK, "%s, %s: %s", what, backend[k]->name, err.text);
    nlrmt_stieltjes_m(&p, &plan, 0, lambda, m);
    nlrmt_stieltjes_moments(&p, &plan, 0, lambda, moment);
    compare(what, backend[k]->name, &plan, &want, m, mtilde, moment);
  }
  free(lambda);
}

/* Leaving the largest out: of the sum and of the mass. */
static void test_excluded(void) {
  nlrmt_params p = {.m = 5, .zs = 1, .z = zs, .moments = 2};
  nlrmt_plan plan = {.n = 3, .scale = 2};
  const double lambda[3] = {2, 4, 600}; /* of K: 0, 0, 1, 2, 300 */
  double moment[2];
  double complex m, z = zs[0], want = (2 / -z + 1 / (1 - z) + 1 / (2 - z)) / 4;
  nlrmt_stieltjes_m(&p, &plan, 1, lambda, &m);
  nlrmt_stieltjes_moments(&p, &plan, 1, lambda, moment);
  CHECK(cabs(m - want) < 1e-14, "%g%+gi", creal(m), cimag(m));
  CHECK(fabs(moment[0] - 0.75) < 1e-15 && fabs(moment[1] - 1.25) < 1e-15, "%g %g", moment[0],
        moment[1]);
}

static nlrmt_params shape(int64_t m, int64_t n0, int64_t n1) {
  nlrmt_error err = {0};
  nlrmt_params p = {.seed = 5, .trials = 1, .m = m, .n0 = n0, .n1 = n1, .sigma_w = 1.2};
  p.sigma_x = 0.8;
  p.phi = (double)n0 / (double)m, p.psi = (double)n0 / (double)n1;
  p.bias = (nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0.5};
  p.mixture.count = 1, p.mixture.p[0] = 1;
  CHECK(nlrmt_activation_init(&p.mixture.f[0], "relu", 1, &err) == NLRMT_OK, "%s", err.text);
  p.zs = ZS, p.z = zs, p.mtilde = true, p.moments = MOMENTS;
  p.sigma_eps = 0.4, p.n2 = 7;
  strcpy(p.eigensolver, "auto");
  return p;
}

static void checks(const nlrmt_grid *grid) {
  nlrmt_error err = {0};
  nlrmt_params tall = shape(40, 30, 70), wide = shape(60, 25, 33), of_m = tall, wide_m = wide;
  nlrmt_params ridge = tall, wide_ridge = wide, labels = tall, few = shape(20, 3, 30);
  of_m.matrix = wide_m.matrix = NLRMT_SPECTRUM_M;
  of_m.normalize = wide_m.normalize = true;
  of_m.mixture.count = 2;
  of_m.mixture.p[0] = 0.4, of_m.mixture.p[1] = 0.6;
  nlrmt_activation_init(&of_m.mixture.f[1], "abs", 1, &err);
  ridge.gammas = wide_ridge.gammas = labels.gammas = GAMMAS;
  ridge.gamma = wide_ridge.gamma = labels.gamma = gammas;
  ridge.sigma_a = wide_ridge.sigma_a = 0.9; /* labels: rows of X for mtilde alone */
  few.block = 2;
  check_point(grid, "tall", tall);
  check_point(grid, "wide", wide);
  check_point(grid, "as M, normalised, mixture", of_m);
  check_point(grid, "wide, as M, normalised", wide_m);
  check_point(grid, "with ridge", ridge);
  check_point(grid, "wide, with ridge", wide_ridge);
  check_point(grid, "with random labels", labels);
  check_point(grid, "three rows of X, block 2", few);
  test_excluded();
}

int main(int argc, char **argv) {
  return on_grid("mpi_stieltjes", &argc, &argv, checks);
}
