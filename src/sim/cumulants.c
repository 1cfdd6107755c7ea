#include "nlrmt/cumulants.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/distance.h"
#include "nlrmt/gemm.h"
#include "nlrmt/laws.h"
#include "nlrmt/moments.h"
#include "nlrmt/samples.h"

/* Sums over one line of entries, of Y, Y^2, Y^4, Y^6. */
typedef struct {
  double y, q, q2, q3;
} powers;

static powers sum_powers(int64_t count, const double *y, int64_t step) {
  powers p = {0};
  for (int64_t i = 0; i < count; i++) {
    double v = y[i * step], q = v * v;
    p.y += v;
    p.q += q;
    p.q2 += q * q;
    p.q3 += q * q * q;
  }
  return p;
}

/* What columns and rows alone give: pairs, the cycle of length 2, and for the longer cycles the
 * sums over distinct rows where all columns are one: equal[0] of Y1^2 Y2^2, equal[1] of Y1^2 Y2^2
 * Y3^2. */
static void simple_sums(int64_t rows, int64_t cols, const double *y, double *product,
                        double equal[2]) {
  double r = (double)rows, c = (double)cols, all = 0, square = 0, by_column = 0, by_row = 0;
  equal[0] = equal[1] = 0;
  for (int64_t j = 0; j < cols; j++) {
    powers p = sum_powers(rows, y + j, cols);
    all += p.y;
    square += p.q;
    by_column += p.y * p.y;
    equal[0] += p.q * p.q - p.q2;
    equal[1] += p.q * p.q * p.q - 3 * p.q * p.q2 + 2 * p.q3;
  }
  for (int64_t i = 0; i < rows; i++) {
    double sum = sum_powers(cols, y + i * cols, 1).y;
    by_row += sum * sum;
  }
  product[NLRMT_CYCLE] = square / (r * c);
  product[NLRMT_PAIR_COLUMN] = (by_column - square) / (r * (r - 1) * c);
  product[NLRMT_PAIR_ROW] = (by_row - square) / (r * c * (c - 1));
  product[NLRMT_PAIR_APART] =
      (all * all - by_column - by_row + square) / (r * (r - 1) * c * (c - 1));
}

/* b_ij = y_ij (q_j/2 - y_ij^2), q_j the sum of squares of column j. */
static void weigh(int64_t rows, int64_t cols, const double *y, double *b) {
  for (int64_t j = 0; j < cols; j++) {
    double half = sum_powers(rows, y + j, cols).q / 2;
    for (int64_t i = j; i < rows * cols; i += cols) b[i] = y[i] * (half - y[i] * y[i]);
  }
}

static double dot(int64_t count, const double *x, const double *y) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i] * y[i];
  return sum;
}

/* The longer cycles, with G = Y Y' off its diagonal. Distinct columns by inclusion and exclusion:
 *   k = 2: sum G12^2 - [columns equal]
 *   k = 3: tr G^3 - 3 sum G13 S13 + 2 [all columns equal],
 * S13 = sum_j Y1j Y3j (q_j - Y1j^2 - Y3j^2), two columns equal, = E13 + E31 with E = B Y'. */
static void cycle_sums(int64_t rows, int64_t cols, const double *y, double *b, double *g, double *e,
                       const double equal[2], double *product) {
  double r = (double)rows, c = (double)cols, two, three;
  nlrmt_gemm_tn(rows, rows, cols, y, y, g, rows);
  for (int64_t i = 0; i < rows; i++) g[i * rows + i] = 0;
  two = dot(rows * rows, g, g) - equal[0];
  nlrmt_gemm_tn(rows, rows, rows, g, g, e, rows);
  three = dot(rows * rows, g, e) + 2 * equal[1];
  weigh(rows, cols, y, b);
  nlrmt_gemm_tn(rows, rows, cols, b, y, e, rows);
  three -= 6 * dot(rows * rows, g, e);
  product[NLRMT_CYCLE + 1] = two / (r * (r - 1) * c * (c - 1));
  product[NLRMT_CYCLE + 2] = three / (r * (r - 1) * (r - 2) * c * (c - 1) * (c - 2));
}

nlrmt_status nlrmt_cumulants_of_block(int64_t rows, int64_t cols, const double *y, double *product,
                                      nlrmt_error *err) {
  double *b = malloc((size_t)(rows * (cols + 2 * rows)) * sizeof *b), equal[2];
  if (!b) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: cycle correlations");
  double *g = b + rows * cols, *e = g + rows * rows;
  simple_sums(rows, cols, y, product, equal);
  cycle_sums(rows, cols, y, b, g, e, equal, product);
  free(b);
  return NLRMT_OK;
}

/* ---- the block of a trial ---- */

enum { INNER = 2048 }; /* components of W's rows and X's columns that are drawn at a time */

static int64_t at_most(int64_t n, int64_t limit) {
  return n < limit ? n : limit;
}

/* z[rows][cols] = (WX)[rows][cols]; w, x: [rows][INNER], [cols][INNER]; part: as z. */
static void draw_block(const nlrmt_params *p, int trial, int64_t rows, int64_t cols, double *w,
                       double *x, double *part, double *z) {
  nlrmt_stream stream = {p->seed, (uint32_t)trial, 0, NLRMT_MATRIX_W};
  double scale = p->sigma_w / sqrt((double)p->n0);
  memset(z, 0, (size_t)(rows * cols) * sizeof *z);
  for (int64_t first = 0; first < p->n0; first += INNER) {
    int64_t inner = at_most(p->n0 - first, INNER);
    for (int64_t a = 0; a < rows; a++)
      nlrmt_rng_law(&stream, p->entries, p->dof, scale, (uint32_t)a, (uint64_t)first, (size_t)inner,
                    w + a * inner);
    for (int64_t j = 0; j < cols; j++)
      nlrmt_samples_entries(NULL, p, trial, j, first, inner, x + j * inner);
    nlrmt_gemm_tn(cols, rows, inner, x, w, part, cols);
    for (int64_t i = 0; i < rows * cols; i++) z[i] += part[i];
  }
}

/* z -> Y, a row at a time; the mean product of F over pairs of a row on the way. bias: [cols]. */
static nlrmt_status apply_rows(const nlrmt_params *p, int trial, int64_t rows, int64_t cols,
                               double f_scale, double *bias, double *z, double *row_of_f,
                               nlrmt_error *err) {
  double sum = 0, c = (double)cols;
  for (int64_t a = 0; a < rows; a++) {
    double h, eta, zeta, *y = z + a * cols;
    int component;
    nlrmt_bias_draw(&p->bias, p->seed, (uint32_t)trial, 0, (uint32_t)a, 1, bias);
    nlrmt_mixture_draw(&p->mixture, p->seed, (uint32_t)trial, 0, (uint32_t)a, 1, &component);
    const nlrmt_activation *f = &p->mixture.f[component];
    if (nlrmt_moments_at(f, p->sigma_w * p->sigma_x, bias[0], &h, &eta, &zeta, err) != NLRMT_OK)
      return err->status;
    for (int64_t j = 1; j < cols; j++) bias[j] = bias[0];
    nlrmt_activation_apply(f, (size_t)cols, bias, y);
    for (int64_t j = 0; j < cols; j++) y[j] *= f_scale;
    powers s = sum_powers(cols, y, 1);
    sum += (s.y * s.y - s.q) / (c * (c - 1));
    for (int64_t j = 0; j < cols; j++) y[j] -= f_scale * h;
  }
  *row_of_f = sum / (double)rows;
  return NLRMT_OK;
}

nlrmt_status nlrmt_cumulants_measure(const nlrmt_params *params, int trial, double *product,
                                     nlrmt_error *err) {
  int64_t rows = at_most(params->n1, NLRMT_CUMULANTS_BLOCK);
  int64_t cols = at_most(params->m, NLRMT_CUMULANTS_BLOCK);
  int64_t inner = at_most(params->n0, INNER);
  double f_scale, *z = malloc((size_t)(2 * rows * cols + (rows + cols) * inner) * sizeof *z);
  if (!z) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: block for spectrum.cumulants");
  double *part = z + rows * cols, *w = part + rows * cols, *x = w + rows * inner;
  if (nlrmt_laws_f_scale(params, &f_scale, err) == NLRMT_OK) {
    draw_block(params, trial, rows, cols, w, x, part, z);
    if (apply_rows(params, trial, rows, cols, f_scale, part, z, product + NLRMT_PAIR_ROW_OF_F,
                   err) == NLRMT_OK)
      nlrmt_cumulants_of_block(rows, cols, z, product, err);
  }
  free(z);
  return err->status;
}

/* ---- all trials ---- */

static nlrmt_status predict(const nlrmt_params *params, nlrmt_cumulants *c, nlrmt_error *err) {
  nlrmt_law_statement s;
  double n0 = (double)params->n0;
  if (nlrmt_laws_state(params, "alp", 0, &s, err) == NLRMT_OK) {
    for (size_t i = 0; i < s.nodes.count; i++)
      c->theta1b += s.nodes.weight[i] * s.nodes.h[i] * s.nodes.h[i];
    c->theta1 = s.eta.mean + c->theta1b;
    c->theta2 = s.eta.zeta;
    c->predicted[0] = s.eta.mean;
    c->predicted[1] = c->theta2 * c->theta2 / n0;
    c->predicted[2] = c->theta2 * c->theta2 * c->theta2 / (n0 * n0);
    c->predicted[3] = c->theta1b;
  }
  nlrmt_laws_state_clear(&s);
  return err->status;
}

nlrmt_status nlrmt_cumulants_judge(const nlrmt_params *params, const nlrmt_sample *sample,
                                   nlrmt_cumulants *c, nlrmt_error *err) {
  static const int from[NLRMT_KAPPAS] = {NLRMT_CYCLE, NLRMT_CYCLE + 1, NLRMT_CYCLE + 2,
                                         NLRMT_PAIR_ROW_OF_F};
  size_t done = (size_t)sample->done;
  double *column = malloc(done * sizeof *column), pairs = 0, ignored;
  *c = (nlrmt_cumulants){0};
  if (!column) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: cycle correlations");
  for (int k = 0; k < NLRMT_PRODUCTS; k++) {
    double mean;
    for (size_t t = 0; t < done; t++) column[t] = sample->product[t * NLRMT_PRODUCTS + k];
    nlrmt_mean_se(done, column, &mean, &ignored);
    if (k >= NLRMT_PAIR_COLUMN && k <= NLRMT_PAIR_APART) pairs += mean * mean;
    for (int i = 0; i < NLRMT_KAPPAS; i++)
      if (from[i] == k) nlrmt_mean_se(done, column, &c->kappa[i], &c->se[i]);
  }
  free(column);
  c->kappa[1] -= pairs;
  if (predict(params, c, err) != NLRMT_OK) return err->status;
  for (int i = 0; i < NLRMT_KAPPAS; i++)
    c->z[i] = c->se[i] > 0 ? (c->kappa[i] - c->predicted[i]) / c->se[i] : 0;
  return NLRMT_OK;
}
