/* Complex features against a serial oracle: whole complex matrices, plain loops, LAPACK's ZHEEV. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/blas.h"
#include "nlrmt/complex_model.h"
#include "on_grid.h"

void zheev_(const char *jobz, const char *uplo, const int *n, double complex *a, const int *lda,
            double *w, double complex *work, const int *lwork, double *rwork, int *info);

enum { TRIAL = 3 };

static nlrmt_params make_params(int64_t m, int64_t n0, int64_t n1) {
  nlrmt_params p = {.seed = 42,
                    .trials = 1,
                    .m = m,
                    .n0 = n0,
                    .n1 = n1,
                    .sigma_w = 1.3,
                    .sigma_x = 0.7,
                    .complex_field = true};
  nlrmt_error err = {0};
  p.phi = (double)n0 / (double)m;
  p.psi = (double)n0 / (double)n1;
  p.bias = (nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0.8};
  strcpy(p.eigensolver, "auto");
  p.mixture = (nlrmt_mixture){.count = 2, .p = {0.3, 0.7}};
  nlrmt_activation_init(&p.mixture.f[0], "tanh", 1, &err);
  nlrmt_activation_init(&p.mixture.f[1], "relu", 1, &err);
  return p;
}

/* n0 complex numbers of one vector, as the generator draws them: real parts, then imaginary ones.
 */
static void draw(const nlrmt_params *p, nlrmt_matrix matrix, int64_t vector, double scale,
                 double complex *out) {
  size_t n0 = (size_t)p->n0;
  double *parts = malloc(2 * n0 * sizeof *parts);
  nlrmt_stream stream = {p->seed, TRIAL, 0, matrix};
  nlrmt_rng_entries(&stream, matrix == NLRMT_MATRIX_X ? p->entries_x : p->entries, scale / sqrt(2),
                    (uint32_t)vector, 0, 2 * n0, parts);
  for (size_t k = 0; k < n0; k++) out[k] = CMPLX(parts[k], parts[n0 + k]);
  free(parts);
}

/* The eigenvalues of F*F/n1 or FF* /m, whichever is smaller, in K's or M's scale. */
static void oracle(const nlrmt_params *p, const nlrmt_plan *plan, double *lambda) {
  size_t m = (size_t)p->m, n0 = (size_t)p->n0, n1 = (size_t)p->n1, n = (size_t)plan->n;
  double complex *w = malloc(n1 * n0 * sizeof *w), *x = malloc(m * n0 * sizeof *x);
  double complex *f = malloc(n1 * m * sizeof *f), *gram = calloc(n * n, sizeof *gram);
  for (size_t a = 0; a < n1; a++)
    draw(p, NLRMT_MATRIX_W, (int64_t)a, p->sigma_w / sqrt((double)n0), w + a * n0);
  for (size_t i = 0; i < m; i++) draw(p, NLRMT_MATRIX_X, (int64_t)i, p->sigma_x, x + i * n0);
  for (size_t a = 0; a < n1; a++) {
    double b;
    int c;
    nlrmt_bias_draw(&p->bias, p->seed, TRIAL, 0, (uint32_t)a, 1, &b);
    nlrmt_mixture_draw(&p->mixture, p->seed, TRIAL, 0, (uint32_t)a, 1, &c);
    for (size_t i = 0; i < m; i++) {
      double complex z = 0;
      for (size_t k = 0; k < n0; k++) z += w[a * n0 + k] * x[i * n0 + k];
      f[a * m + i] = CMPLX(nlrmt_activation_eval(&p->mixture.f[c], creal(z) + b),
                           nlrmt_activation_eval(&p->mixture.f[c], cimag(z) + b));
    }
  }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < (size_t)plan->big / 2; k++)
        gram[j * n + i] += plan->alpha * (plan->tall ? conj(f[k * m + i]) * f[k * m + j]
                                                     : f[i * m + k] * conj(f[j * m + k]));
  int order = (int)n, lwork = 64 * order, info;
  double complex *work = malloc((size_t)lwork * sizeof *work);
  double *rwork = malloc(3 * n * sizeof *rwork);
  zheev_("N", "L", &order, gram, &order, lambda, work, &lwork, rwork, &info);
  CHECK(info == 0, "ZHEEV: %d", info);
  free(w), free(x), free(f), free(gram), free(work), free(rwork);
}

static void compare(const nlrmt_grid *grid, const nlrmt_params *p, const char *what) {
  nlrmt_plan plan;
  nlrmt_error err = {0};
  nlrmt_dmat *a = NULL;
  nlrmt_progress progress;
  nlrmt_eig_times times = {0};
  double seconds[NLRMT_PHASES] = {0}, worst = 0, twice = 0;
  nlrmt_progress_init(&progress, true, 1);
  nlrmt_plan_make(p, grid->comm->size, 1e9, &plan, &err);
  CHECK(plan.order == 2 * plan.n && plan.block % 2 == 0 && plan.piece % 2 == 0, "%s: plan", what);
  nlrmt_complex_gram(grid, p, &plan, TRIAL, &progress, &a, seconds, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", what, err.text);
  if (!a) return;
  size_t n = (size_t)plan.n;
  double *exact = malloc(n * sizeof *exact), *lambda = malloc(2 * n * sizeof *lambda);
  oracle(p, &plan, exact);
  plan.eig->solve(a, lambda, &times, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", what, err.text);
  for (size_t i = 0; i < n; i++) {
    worst = fmax(worst, fabs(lambda[2 * i] - exact[i]));
    twice = fmax(twice, fabs(lambda[2 * i] - lambda[2 * i + 1]));
  }
  CHECK(worst < 1e-12 * (1 + exact[n - 1]), "%s: eigenvalues off by %g", what, worst);
  CHECK(twice < 1e-12 * (1 + exact[n - 1]), "%s: pairs differ by %g", what, twice);
  CHECK(n < 2 || fabs(exact[n - 1] - exact[n - 2]) > 1e-6, "%s: pairs that prove nothing", what);
  free(exact);
  free(lambda);
  nlrmt_dmat_destroy(&a);
}

static void checks(const nlrmt_grid *grid) {
  nlrmt_params tall = make_params(30, 41, 73), wide = make_params(80, 25, 33);
  nlrmt_params tiny = make_params(1, 3, 2), odd = make_params(31, 17, 29), of_m = tall;
  of_m.matrix = NLRMT_SPECTRUM_M;
  odd.block = 3;
  tall.entries = NLRMT_ENTRIES_RADEMACHER;
  tall.entries_x = NLRMT_ENTRIES_UNIFORM;
  compare(grid, &tall, "tall");
  compare(grid, &wide, "wide");
  compare(grid, &tiny, "tiny");
  compare(grid, &odd, "odd block");
  compare(grid, &of_m, "scaled as M");
}

int main(int argc, char **argv) {
  return on_grid("mpi_complex", &argc, &argv, checks);
}
