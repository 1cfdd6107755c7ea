/* The model against a serial oracle: the same W, X, b and features, formed by plain loops. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/blas.h"
#include "nlrmt/model.h"
#include "nlrmt/moments.h"
#include "on_grid.h"

static nlrmt_params make_params(int64_t m, int64_t n0, int64_t n1, nlrmt_bias_law law) {
  nlrmt_params p = {.seed = 42,
                    .trials = 1,
                    .m = m,
                    .n0 = n0,
                    .n1 = n1,
                    .sigma_w = 1.3,
                    .sigma_x = 0.7,
                    .entries = NLRMT_ENTRIES_GAUSSIAN};
  nlrmt_error err = {0};
  p.phi = (double)n0 / (double)m;
  p.psi = (double)n0 / (double)n1;
  p.bias = (nlrmt_bias){.law = law, .sigma = 0.8, .p = 0.5};
  strcpy(p.eigensolver, "auto");
  p.mixture.count = 1;
  p.mixture.p[0] = 1;
  nlrmt_activation_init(&p.mixture.f[0], "relu", 1, &err);
  return p;
}

/* What row a makes of its preactivations z[m], in place. */
static void apply_row(const nlrmt_params *p, int trial, uint32_t a, double b, double *z) {
  nlrmt_error err = {0};
  nlrmt_stream ns = {p->seed, (uint32_t)trial, 0, NLRMT_MATRIX_N};
  double h, eta, zeta, noise, sigma_z = p->sigma_w * p->sigma_x;
  int c;
  nlrmt_mixture_draw(&p->mixture, p->seed, (uint32_t)trial, 0, a, 1, &c);
  if (p->surrogate != NLRMT_SURROGATE_NO)
    nlrmt_moments_at(&p->mixture.f[c], sigma_z, b, &h, &eta, &zeta, &err);
  for (int64_t i = 0; i < p->m; i++)
    if (p->surrogate == NLRMT_SURROGATE_NO) {
      z[i] = nlrmt_activation_eval(&p->mixture.f[c], z[i] + b);
    } else {
      nlrmt_rng_entries(&ns, NLRMT_ENTRIES_GAUSSIAN, 1, (uint32_t)i, a, 1, &noise);
      z[i] = sqrt(zeta) * z[i] / sigma_z + sqrt(eta - zeta) * noise;
    }
}

/* The same Gram matrix by definition, from whole W, X, b; column-major n x n. */
static double *oracle(const nlrmt_params *p, const nlrmt_plan *plan, int trial) {
  size_t m = (size_t)p->m, n0 = (size_t)p->n0, n1 = (size_t)p->n1, n = (size_t)plan->n;
  double *w = malloc(n1 * n0 * 8), *x = malloc(m * n0 * 8), *b = malloc(n1 * 8);
  double *f = malloc(n1 * m * 8), *gram = calloc(n * n, 8);
  nlrmt_stream ws = {p->seed, (uint32_t)trial, 0, NLRMT_MATRIX_W};
  nlrmt_stream xs = {p->seed, (uint32_t)trial, 0, NLRMT_MATRIX_X};
  for (size_t a = 0; a < n1; a++)
    nlrmt_rng_law(&ws, p->entries, p->dof, p->sigma_w / sqrt((double)n0), (uint32_t)a, 0, n0,
                  w + a * n0);
  for (size_t i = 0; i < m; i++)
    nlrmt_rng_law(&xs, p->entries_x, p->dof_x, p->sigma_x, (uint32_t)i, 0, n0, x + i * n0);
  nlrmt_bias_draw(&p->bias, p->seed, (uint32_t)trial, 0, 0, n1, b);
  for (size_t a = 0; a < n1; a++) {
    for (size_t i = 0; i < m; i++) {
      f[a * m + i] = 0;
      for (size_t k = 0; k < n0; k++) f[a * m + i] += w[a * n0 + k] * x[i * n0 + k];
    }
    apply_row(p, trial, (uint32_t)a, b[a], f + a * m);
  }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < (size_t)plan->big; k++)
        gram[j * n + i] +=
            plan->alpha * (plan->tall ? f[k * m + i] * f[k * m + j] : f[i * m + k] * f[j * m + k]);
  free(w);
  free(x);
  free(b);
  free(f);
  return gram;
}

static void compare(const nlrmt_grid *grid, const nlrmt_params *p, const char *what) {
  nlrmt_plan plan;
  nlrmt_error err = {0};
  nlrmt_dmat *a = NULL;
  nlrmt_sides sides;
  double seconds[NLRMT_PHASES] = {0}, worst = 0, largest = 1;
  nlrmt_progress progress;
  nlrmt_progress_init(&progress, true, 1);
  nlrmt_plan_make(p, grid->comm->size, 1e9, &plan, &err);
  nlrmt_model_gram(grid, p, &plan, NULL, 3, &progress, &a, &sides, seconds, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", what, err.text);
  double *exact = oracle(p, &plan, 3);
  for (int64_t c = 0; a && c < a->cols; c++)
    for (int64_t r = 0; r < a->rows; r++) {
      int64_t i = nlrmt_block_global(r, plan.block, grid->myrow, grid->nprow);
      int64_t j = nlrmt_block_global(c, plan.block, grid->mycol, grid->npcol);
      if (plan.eig->lower && i / plan.block < j / plan.block) continue;
      double got = a->single ? (double)a->s[c * a->ld + r] : a->a[c * a->ld + r];
      worst = fmax(worst, fabs(got - exact[j * plan.n + i]));
      largest = fmax(largest, fabs(exact[j * plan.n + i]));
    }
  bool narrow = p->precision != NLRMT_PRECISION_DOUBLE;
  CHECK(!a || a->single == narrow, "%s: a matrix of the wrong precision", what);
  CHECK(worst < (narrow ? 1e-6 * largest : 1e-13 * (double)plan.big), "%s: largest difference %g",
        what, worst);
  /* A control that must fail: another trial is another matrix. */
  double *other = oracle(p, &plan, 4);
  CHECK(fabs(other[0] - exact[0]) > 1e-6, "%s: trials 3 and 4 are the same", what);
  free(exact);
  free(other);
  CHECK(!sides.rows, "%s: right-hand sides that nobody asked for", what);
  nlrmt_dmat_destroy(&a);
}

/* Order-independent hash of all entries that the ranks draw: the same on every grid, bit for bit.
 */
static void check_bits(const nlrmt_grid *grid, int block) {
  enum { N = 37, N0 = 29 };
  double v[N0];
  uint64_t sum = 0, all = 0;
  nlrmt_stream stream = {7, 2, 0, NLRMT_MATRIX_X};
  for (int pass = 0; pass < 2; pass++) {
    int procs = pass == 0 ? grid->npcol : 1, proc = pass == 0 ? grid->mycol : 0;
    uint64_t hash = 0;
    for (int64_t l = 0; l < nlrmt_block_count(N, block, proc, procs); l++) {
      int64_t vector = nlrmt_block_global(l, block, proc, procs);
      nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, 1.7, (uint32_t)vector, 0, N0, v);
      for (int k = 0; k < N0; k++) {
        uint64_t bits;
        memcpy(&bits, &v[k], 8);
        hash += (bits ^ ((uint64_t)vector * 1000003u + (uint64_t)k)) * 0x9e3779b97f4a7c15u;
      }
    }
    if (pass == 0)
      MPI_Allreduce(&hash, &sum, 1, MPI_UINT64_T, MPI_SUM, grid->row);
    else
      all = hash;
  }
  CHECK(sum == all, "block %d: %llx on the grid, %llx alone", block, (unsigned long long)sum,
        (unsigned long long)all);
}

static void check_models(const nlrmt_grid *grid) {
  nlrmt_error err = {0};
  nlrmt_params tall = make_params(50, 40, 83, NLRMT_BIAS_GAUSSIAN);
  nlrmt_params wide = make_params(90, 33, 47, NLRMT_BIAS_BERNOULLI);
  nlrmt_params square = make_params(64, 64, 64, NLRMT_BIAS_NONE);
  nlrmt_params tiny = make_params(1, 3, 2, NLRMT_BIAS_UNIFORM);
  nlrmt_params strips = make_params(30, 20, 2100, NLRMT_BIAS_GAUSSIAN);
  nlrmt_params of_m = make_params(50, 40, 83, NLRMT_BIAS_GAUSSIAN);
  of_m.matrix = NLRMT_SPECTRUM_M;
  strips.block = 3;
  compare(grid, &tall, "tall");
  compare(grid, &wide, "wide");
  compare(grid, &square, "square");
  compare(grid, &tiny, "tiny");
  compare(grid, &strips, "several strips, block 3");
  compare(grid, &of_m, "scaled as M");
  for (int orientation = 0; orientation < 2; orientation++) {
    nlrmt_params mixed = orientation ? wide : strips;
    mixed.mixture = (nlrmt_mixture){.count = 3, .p = {0.3, 0.5, 0.2}};
    nlrmt_activation_init(&mixed.mixture.f[0], "identity", 1, &err);
    nlrmt_activation_init(&mixed.mixture.f[1], "abs", 1, &err);
    nlrmt_activation_init(&mixed.mixture.f[2], "\"max(x,0)^2\"", 1, &err);
    compare(grid, &mixed, orientation ? "mixture, wide" : "mixture, strips");
    nlrmt_activation_init(&mixed.mixture.f[2], "cubic", 1, &err);
    mixed.surrogate = NLRMT_SURROGATE_LINEAR;
    compare(grid, &mixed, orientation ? "surrogate, wide" : "surrogate, strips");
    nlrmt_params other = orientation ? wide : strips;
    other.entries = NLRMT_ENTRIES_STUDENT_T;
    other.dof = 3;
    other.entries_x = NLRMT_ENTRIES_EXPONENTIAL;
    compare(grid, &other, orientation ? "other entries, wide" : "other entries, strips");
    mixed.surrogate = NLRMT_SURROGATE_NO;
    nlrmt_params_set_precision(&mixed, NLRMT_PRECISION_SINGLE);
    compare(grid, &mixed, orientation ? "single, wide" : "single, strips");
    nlrmt_params_set_precision(&mixed, NLRMT_PRECISION_FAST);
    compare(grid, &mixed, orientation ? "fast, wide" : "fast, strips");
  }
}

static void checks(const nlrmt_grid *grid) {
  for (int threads = 1; threads <= 3; threads += 2) {
    nlrmt_blas_set_threads(threads);
    check_models(grid);
  }
  for (int block = 1; block <= 16; block *= 4) check_bits(grid, block);
}

int main(int argc, char **argv) {
  return on_grid("mpi_model", &argc, &argv, checks);
}
