/* Whole trials of ridge regression against their definition in quadruple precision: the same W, X,
 * b, components, A and eps by plain loops, K or FF', a Cholesky factorisation for every gamma.
 * Any rank count; every backend. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/ridge.h"
#include "nlrmt/trial.h"
#include "on_grid.h"

typedef __float128 quad;
enum { GAMMAS = 6, TRIAL = 2 };
static double gammas[GAMMAS] = {1e-8, 1e-4, 1e-2, 1, 1e3, 1e8};

static quad root(quad x) {
  quad y = (quad)sqrt((double)x);
  for (int i = 0; i < 3 && y > 0; i++) y = (y + x / y) / 2;
  return y;
}

/* What the simulation draws, whole. */
typedef struct {
  size_t m, n0, n1, n2;
  double *x; /* [m][n0] */
  double *f; /* [m][n1], scaled */
  double *y; /* [m][n2] */
} draws;

static double *draw(const nlrmt_params *p, nlrmt_matrix matrix, nlrmt_entries law, double scale,
                    size_t vectors, size_t components) {
  nlrmt_stream stream = {p->seed, TRIAL, 0, matrix};
  double *out = malloc((vectors * components + 1) * sizeof *out);
  for (size_t v = 0; v < vectors; v++)
    nlrmt_rng_entries(&stream, law, scale, (uint32_t)v, 0, components, out + v * components);
  return out;
}

static draws draw_all(const nlrmt_params *p, double f_scale) {
  draws s = {(size_t)p->m, (size_t)p->n0, (size_t)p->n1, (size_t)p->n2, 0, 0, 0};
  double root_n0 = sqrt((double)p->n0);
  double *w = draw(p, NLRMT_MATRIX_W, p->entries, p->sigma_w / root_n0, s.n1, s.n0);
  double *a = draw(p, NLRMT_MATRIX_A, NLRMT_ENTRIES_GAUSSIAN, p->sigma_a / root_n0, s.n2, s.n0);
  double *b = malloc(s.n1 * sizeof *b);
  int *component = malloc(s.n1 * sizeof *component);
  s.x = draw(p, NLRMT_MATRIX_X, p->entries, p->sigma_x, s.m, s.n0);
  s.y = draw(p, NLRMT_MATRIX_E, NLRMT_ENTRIES_GAUSSIAN, p->sigma_eps, s.m, s.n2);
  s.f = malloc(s.m * s.n1 * sizeof *s.f);
  nlrmt_bias_draw(&p->bias, p->seed, TRIAL, 0, 0, s.n1, b);
  nlrmt_mixture_draw(&p->mixture, p->seed, TRIAL, 0, 0, s.n1, component);
  for (size_t i = 0; i < s.m; i++) {
    for (size_t r = 0; r < s.n1; r++) {
      quad z = 0;
      for (size_t k = 0; k < s.n0; k++) z += (quad)w[r * s.n0 + k] * s.x[i * s.n0 + k];
      s.f[i * s.n1 + r] =
          f_scale * nlrmt_activation_eval(&p->mixture.f[component[r]], (double)z + b[r]);
    }
    for (size_t r = 0; r < s.n2; r++)
      for (size_t k = 0; k < s.n0; k++) s.y[i * s.n2 + r] += a[r * s.n0 + k] * s.x[i * s.n0 + k];
  }
  free(w);
  free(a);
  free(b);
  free(component);
  return s;
}

/* K + gamma = L L', K = F'F/n1. */
static void factorise(const draws *s, double gamma, quad *l) {
  size_t m = s->m;
  for (size_t j = 0; j < m; j++)
    for (size_t i = j; i < m; i++) {
      quad k = 0;
      for (size_t r = 0; r < s->n1; r++) k += (quad)s->f[i * s->n1 + r] * s->f[j * s->n1 + r];
      k = k / s->n1 + (i == j ? (quad)gamma : 0);
      for (size_t c = 0; c < j; c++) k -= l[i * m + c] * l[j * m + c];
      l[i * m + j] = i == j ? root(k) : k / l[j * m + j];
    }
}

/* gamma^2 times the sum over the rows y (component r of t [m][rows]; NULL: unit vectors) of |G
 * y|^2.
 */
static quad residual(const draws *s, const quad *l, double gamma, const double *t, size_t rows) {
  size_t m = s->m;
  quad sum = 0, *v = malloc(m * sizeof *v);
  for (size_t r = 0; r < rows; r++) {
    for (size_t i = 0; i < m; i++) {
      v[i] = t ? (quad)t[i * rows + r] : (quad)(i == r);
      for (size_t c = 0; c < i; c++) v[i] -= l[i * m + c] * v[c];
      v[i] /= l[i * m + i];
    }
    for (size_t i = m; i-- > 0;) {
      for (size_t c = i + 1; c < m; c++) v[i] -= l[c * m + i] * v[c];
      v[i] /= l[i * m + i];
      sum += v[i] * v[i];
    }
  }
  free(v);
  return (quad)gamma * gamma * sum;
}

typedef struct {
  double drawn[GAMMAS], signal[GAMMAS], noise[GAMMAS];
} errors;

static errors by_definition(const nlrmt_params *p, double f_scale) {
  errors e;
  draws s = draw_all(p, f_scale);
  quad *l = malloc(s.m * s.m * sizeof *l);
  double m = (double)s.m;
  for (int g = 0; g < GAMMAS; g++) {
    factorise(&s, gammas[g], l);
    e.drawn[g] = (double)residual(&s, l, gammas[g], s.y, s.n2) / (m * (double)s.n2);
    e.signal[g] = p->sigma_a * p->sigma_a * (double)residual(&s, l, gammas[g], s.x, s.n0) /
                  (m * (double)s.n0);
    e.noise[g] = p->sigma_eps * p->sigma_eps * (double)residual(&s, l, gammas[g], NULL, s.m) / m;
  }
  free(l);
  free(s.x);
  free(s.f);
  free(s.y);
  return e;
}

static nlrmt_params shape(int64_t m, int64_t n0, int64_t n1, const char *f) {
  nlrmt_error err = {0};
  nlrmt_params p = {.seed = 5, .trials = 1, .m = m, .n0 = n0, .n1 = n1, .sigma_w = 1.2};
  p.sigma_x = 0.8;
  p.phi = (double)n0 / (double)m, p.psi = (double)n0 / (double)n1;
  p.bias = (nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0.5};
  p.mixture.count = 1, p.mixture.p[0] = 1;
  CHECK(nlrmt_activation_init(&p.mixture.f[0], f, 1, &err) == NLRMT_OK, "%s", err.text);
  p.gammas = GAMMAS, p.gamma = gammas;
  p.sigma_a = 0.9, p.sigma_eps = 0.4, p.n2 = 7;
  strcpy(p.eigensolver, "auto");
  return p;
}

/* `loss`: allowed relative error at gamma = 1e-8, falling like 1/gamma; `absolute`: in units of the
 * mean square of the targets, where E is a difference. */
static void compare(const char *what, const nlrmt_eig_backend *backend, const nlrmt_params *p,
                    const errors *exact, const nlrmt_trial_out *out, const nlrmt_plan *plan,
                    double loss, double absolute) {
  double noise[GAMMAS];
  nlrmt_ridge_noise(p, plan, out->lambda, noise);
  for (int g = 0; g < GAMMAS; g++) {
    const double got[3] = {out->drawn[g], out->signal[g], noise[g]};
    const double want[3] = {exact->drawn[g], exact->signal[g], exact->noise[g]};
    for (int k = 0; k < 3; k++) {
      double bound = (1e-11 + loss * 1e-8 / gammas[g]) * want[k] + absolute;
      CHECK(fabs(got[k] - want[k]) <= bound,
            "%s, %s, %d x %d, gamma %g, %s: %.17g, should be %.17g", what, backend->name,
            plan->nprow, plan->npcol, gammas[g],
            k == 0   ? "drawn"
            : k == 1 ? "signal"
                     : "noise",
            got[k], want[k]);
    }
  }
}

static void check_point(const nlrmt_grid *grid, const char *what, nlrmt_params p, double loss) {
  size_t count;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  nlrmt_plan plan;
  nlrmt_error err = {0};
  nlrmt_progress progress;
  nlrmt_progress_init(&progress, true, 1);
  CHECK(nlrmt_plan_make(&p, grid->comm->size, 1e9, &plan, &err) == NLRMT_OK, "%s", err.text);
  double f_scale = sqrt(plan.alpha * (double)p.n1 / plan.scale);
  errors exact = by_definition(&p, f_scale);
  double drawn[GAMMAS], signal[GAMMAS], seconds[NLRMT_PHASES];
  double *lambda = malloc((size_t)plan.n * sizeof *lambda);
  nlrmt_trial_out out = {.lambda = lambda, .drawn = drawn, .signal = signal, .seconds = seconds};
  for (size_t k = 0; k < count; k++) {
    if (!backend[k]->rows || backend[k]->refuses(plan.n, plan.block, plan.nprow, plan.npcol))
      continue;
    plan.eig = backend[k];
    nlrmt_trial_run(grid, &p, &plan, NULL, TRIAL, what, &progress, &out, &err);
    CHECK(err.status == NLRMT_OK, "%s, %s: %s", what, backend[k]->name, err.text);
    compare(what, backend[k], &p, &exact, &out, &plan, loss, plan.tall ? 0 : 1e-13);
  }
  free(lambda);
}

static void checks(const nlrmt_grid *grid) {
  nlrmt_error err = {0};
  nlrmt_params tall = shape(40, 30, 70, "relu"), wide = shape(60, 25, 33, "relu");
  nlrmt_params linear = shape(48, 20, 64, "identity"), labels = tall, of_m = tall, wide_m = wide;
  nlrmt_params mixed = tall, wide_mixed = wide, strips = shape(33, 20, 100, "tanh");
  linear.bias.law = NLRMT_BIAS_NONE;
  labels.sigma_a = 0, labels.n2 = 1;
  of_m.matrix = wide_m.matrix = NLRMT_SPECTRUM_M;
  of_m.normalize = wide_m.normalize = true;
  mixed.mixture.count = wide_mixed.mixture.count = 2;
  mixed.mixture.p[0] = wide_mixed.mixture.p[0] = 0.4;
  mixed.mixture.p[1] = wide_mixed.mixture.p[1] = 0.6;
  nlrmt_activation_init(&mixed.mixture.f[1], "abs", 1, &err);
  wide_mixed.mixture.f[1] = mixed.mixture.f[1];
  mixed.normalize = true;
  strips.block = 3;
  check_point(grid, "tall", tall, 1e-10);
  check_point(grid, "wide", wide, 1e-9);
  check_point(grid, "random labels, one row", labels, 1e-10);
  check_point(grid, "as M, normalised", of_m, 1e-10);
  check_point(grid, "wide, as M, normalised", wide_m, 1e-9);
  check_point(grid, "mixture, normalised", mixed, 1e-10);
  check_point(grid, "wide mixture", wide_mixed, 1e-9);
  check_point(grid, "block 3", strips, 1e-10);
  /* rank 20 of 48: eigenvalues that should be 0 are 1e-15, beside gamma = 1e-8 */
  check_point(grid, "null space", linear, 1e-6);
}

int main(int argc, char **argv) {
  return on_grid("mpi_ridge", &argc, &argv, checks);
}
