/* The network of layers against a serial oracle: every layer by plain loops from whole matrices. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/blas.h"
#include "nlrmt/network.h"
#include "on_grid.h"

enum { TRIAL = 3, LAYERS = 3 };

static nlrmt_params make_params(int64_t m, int64_t n0, const int64_t width[LAYERS]) {
  nlrmt_params p = {.seed = 42,
                    .trials = 1,
                    .m = m,
                    .n0 = n0,
                    .n1 = width[0],
                    .layers = LAYERS,
                    .layer = 1,
                    .shown = LAYERS,
                    .show = {1, 2, 3},
                    .sigma_w = 1.3,
                    .sigma_x = 0.7,
                    .gammas = 1,
                    .n2 = 5,
                    .sigma_eps = 0.9,
                    .entries = NLRMT_ENTRIES_GAUSSIAN};
  nlrmt_error err = {0};
  memcpy(p.width, width, LAYERS * sizeof *width);
  p.phi = (double)n0 / (double)m;
  p.psi = (double)n0 / (double)p.n1;
  p.bias = (nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0.8};
  strcpy(p.eigensolver, "auto");
  p.mixture = (nlrmt_mixture){.count = 2, .p = {0.3, 0.7}};
  nlrmt_activation_init(&p.mixture.f[0], "tanh", 1, &err);
  nlrmt_activation_init(&p.mixture.f[1], "abs", 1, &err);
  return p;
}

/* One layer by definition: y [m][n] <- c f(W x + b), x [m][in]; mean[n] and x's centred variance.
 */
static double *layer(const nlrmt_params *p, int l, int64_t in, const double *x, double *mean,
                     double *variance) {
  int64_t m = p->m, n = p->width[l];
  double *w = malloc((size_t)(n * in) * 8), *y = calloc((size_t)(m * n), 8);
  double *b = malloc((size_t)n * 8), total = 0, square = 0;
  int *c = malloc((size_t)n * sizeof *c);
  nlrmt_stream ws = {p->seed, TRIAL, (uint32_t)l, NLRMT_MATRIX_W};
  nlrmt_bias_draw(&p->bias, p->seed, TRIAL, (uint32_t)l, 0, (size_t)n, b);
  nlrmt_mixture_draw(&p->mixture, p->seed, TRIAL, (uint32_t)l, 0, (size_t)n, c);
  *variance = 0;
  for (int64_t k = 0; k < in; k++) {
    double sum = 0;
    for (int64_t i = 0; i < m; i++) sum += x[i * in + k] / (double)m;
    for (int64_t i = 0; i < m; i++)
      *variance += (x[i * in + k] - sum) * (x[i * in + k] - sum) / (double)(m * in);
  }
  for (int64_t a = 0; a < n; a++) {
    nlrmt_rng_entries(&ws, p->entries, p->sigma_w / sqrt((double)in), (uint32_t)a, 0, (size_t)in,
                      w + a * in);
    mean[a] = 0;
    for (int64_t i = 0; i < m; i++) {
      double z = b[a];
      for (int64_t k = 0; k < in; k++) z += w[a * in + k] * x[i * in + k];
      mean[a] += z / (double)m;
      y[i * n + a] = nlrmt_activation_eval(&p->mixture.f[c[a]], z);
      total += y[i * n + a] / (double)(n * m);
      square += y[i * n + a] * y[i * n + a] / (double)(n * m);
    }
  }
  double scale = p->batch_norm ? 1 / sqrt(square - total * total) : 1;
  for (int64_t i = 0; i < n * m; i++) y[i] *= scale;
  free(w);
  free(b);
  free(c);
  return y;
}

/* Largest difference of a from alpha G'G. */
static double differ(const nlrmt_grid *grid, const nlrmt_plan *plan, const nlrmt_dmat *a, int64_t m,
                     int64_t n, const double *y) {
  double worst = 0;
  for (int64_t c = 0; c < a->cols; c++)
    for (int64_t r = 0; r < a->rows; r++) {
      int64_t i = nlrmt_block_global(r, plan->block, grid->myrow, grid->nprow);
      int64_t j = nlrmt_block_global(c, plan->block, grid->mycol, grid->npcol);
      double sum = 0;
      for (int64_t k = 0; k < plan->big; k++)
        sum += plan->tall ? y[i * n + k] * y[j * n + k] : y[k * n + i] * y[k * n + j];
      worst = fmax(worst, fabs(a->a[c * a->ld + r] - plan->alpha * sum));
    }
  (void)m;
  return worst;
}

/* The same of the right-hand sides. */
static double differ_sides(const nlrmt_grid *grid, const nlrmt_params *p, const nlrmt_plan *plan,
                           const nlrmt_sides *sides, int64_t n, const double *y) {
  const nlrmt_rows *b = sides->rows;
  double worst = 0, noise[8];
  nlrmt_stream es = {p->seed, TRIAL, 0, NLRMT_MATRIX_E};
  for (int64_t l = 0; l < b->cols; l++)
    for (int64_t r = 0; r < b->rows; r++) {
      int64_t j = nlrmt_block_global(l, plan->block, grid->mycol, grid->npcol);
      double exact = 0;
      for (int64_t i = plan->tall ? j : 0; i < (plan->tall ? j + 1 : p->m); i++) {
        nlrmt_rng_entries(&es, NLRMT_ENTRIES_GAUSSIAN, p->sigma_eps, (uint32_t)i, 0, 5, noise);
        exact += noise[b->first + r] * (plan->tall ? 1 : sqrt(plan->alpha) * y[i * n + j]);
      }
      worst = fmax(worst, fabs(b->c[l * b->ld + r] - exact));
    }
  return worst;
}

static void compare(const nlrmt_grid *grid, const nlrmt_params *p, const char *what) {
  nlrmt_plan plan[LAYERS];
  nlrmt_error err = {0};
  nlrmt_network *network = NULL;
  int64_t in = p->n0;
  double *x = malloc((size_t)(p->m * in) * 8);
  nlrmt_stream xs = {p->seed, TRIAL, 0, NLRMT_MATRIX_X};
  for (int64_t i = 0; i < p->m; i++)
    nlrmt_rng_entries(&xs, p->entries, p->sigma_x, (uint32_t)i, 0, (size_t)in, x + i * in);
  nlrmt_plan_layers(p, grid->comm->size, 1e9, plan, &err);
  nlrmt_network_create(grid, p, &plan[0], NULL, TRIAL, &network, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", what, err.text);
  for (int l = 0; network && l < LAYERS; in = p->width[l++]) {
    int64_t n = p->width[l];
    double *mean = malloc((size_t)n * 8), variance, off = 0;
    double *y = layer(p, l, in, x, mean, &variance);
    nlrmt_network_layer told;
    nlrmt_dmat *a = NULL;
    nlrmt_sides sides;
    nlrmt_network_advance(network, &told, &err);
    nlrmt_network_gram(network, &plan[l], &a, &sides, &err);
    CHECK(err.status == NLRMT_OK, "%s, layer %d: %s", what, l + 1, err.text);
    if (err.status != NLRMT_OK) break;
    double worst = differ(grid, &plan[l], a, p->m, n, y);
    CHECK(worst < 1e-11, "%s, layer %d: largest difference %g", what, l + 1, worst);
    worst = differ_sides(grid, p, &plan[l], &sides, n, y);
    CHECK(worst < 1e-11, "%s, layer %d: right-hand sides differ by %g", what, l + 1, worst);
    for (int64_t k = 0; k < n; k++) off = fmax(off, fabs(told.mean[k] - mean[k]));
    CHECK(off < 1e-12, "%s, layer %d: mean preactivations differ by %g", what, l + 1, off);
    CHECK(fabs(told.variance - variance) < 1e-12, "%s, layer %d: variance of its input", what,
          l + 1);
    if (l == 0) { /* a control that must fail: the matrix is not that of the data */
      nlrmt_plan of_x = plan[0];
      of_x.big = plan[0].tall ? in : p->m;
      bool too_large = !plan[0].tall && in < n; /* the matrix has more rows than x has units */
      CHECK(a->rows * a->cols == 0 || too_large || differ(grid, &of_x, a, p->m, in, x) > 1e-3, "%s",
            what);
    }
    free(mean);
    free(x);
    x = y;
    nlrmt_dmat_destroy(&a);
    nlrmt_sides_clear(&sides);
  }
  free(x);
  nlrmt_network_destroy(&network);
}

static void check_constant(const nlrmt_grid *grid) {
  nlrmt_params p = make_params(30, 20, (int64_t[]){20, 20, 20});
  nlrmt_plan plan[LAYERS];
  nlrmt_error err = {0};
  nlrmt_network *network = NULL;
  nlrmt_network_layer told;
  p.batch_norm = true;
  p.bias = (nlrmt_bias){.law = NLRMT_BIAS_DISCRETE, .count = 1, .values = {1e3}, .weights = {1}};
  p.mixture.count = 1;
  p.mixture.p[0] = 1;
  nlrmt_activation_init(&p.mixture.f[0], "step", 1, &err);
  nlrmt_plan_layers(&p, grid->comm->size, 1e9, plan, &err);
  nlrmt_network_create(grid, &p, &plan[0], NULL, TRIAL, &network, &err);
  nlrmt_network_advance(network, &told, &err);
  CHECK(err.status == NLRMT_ERR_CONFIG && strstr(err.text, "layer 1 is constant"), "%d: %s",
        (int)err.status, err.text);
  nlrmt_network_destroy(&network);
}

static void checks(const nlrmt_grid *grid) {
  nlrmt_params tall = make_params(37, 41, (int64_t[]){83, 64, 90});
  nlrmt_params wide = make_params(90, 33, (int64_t[]){47, 47, 50});
  nlrmt_params mixed = make_params(50, 20, (int64_t[]){83, 31, 60});
  nlrmt_params tiny = make_params(5, 3, (int64_t[]){2, 1, 7});
  nlrmt_params blocks = make_params(70, 45, (int64_t[]){66, 40, 52});
  blocks.block = 3;
  blocks.batch_norm = true;
  compare(grid, &tall, "tall");
  compare(grid, &wide, "wide");
  compare(grid, &mixed, "mixed");
  compare(grid, &tiny, "tiny");
  compare(grid, &blocks, "batch norm, block 3");
  check_constant(grid);
}

int main(int argc, char **argv) {
  return on_grid("mpi_network", &argc, &argv, checks);
}
