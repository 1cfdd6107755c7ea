/* The training error of equivalent.h: docs/kernel.md, "Mixtures". */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "equivalent_parts.h"
#include "lapack.h"
#include "scalapack.h"

enum { ROUNDS = 60 };

/* g [m][m] <- Gbar(-gamma) at delta, both triangles. */
static bool real_inverse(const nlrmt_equivalent *e, double gamma, const double *delta, double *g) {
  const size_t m = e->m;
  const int n = (int)m;
  int info;
  memset(g, 0, m * m * sizeof *g);
  for (size_t b = 0; b < e->count; b++) {
    const double share = e->weight[b] / (1 + delta[b]);
    for (size_t i = 0; i < m * m; i++) g[i] += share * e->phi[b][i];
  }
  for (size_t i = 0; i < m; i++) g[i * m + i] += gamma;
  dpotrf_("L", &n, g, &n, &info);
  if (info == 0) dpotri_("L", &n, g, &n, &info);
  for (size_t j = 0; j < m; j++)
    for (size_t i = 0; i < j; i++) g[j * m + i] = g[i * m + j];
  return info == 0;
}

static double dot(size_t n, const double *x, const double *y) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

/* h[b] = Phi_b G, and t[c][b] = (1/n1) tr(Phi_b G Phi_c G), the derivative of the map but for
 * w/D^2. */
static void real_products(const nlrmt_equivalent *e, const double *g, double *h, double *t) {
  const size_t m = e->m, square = m * m;
  const int n = (int)m;
  const double one = 1, zero = 0;
  for (size_t b = 0; b < e->count; b++)
    dsymm_("L", "L", &n, &n, &one, e->phi[b], &n, g, &n, &zero, h + b * square, &n);
  for (size_t b = 0; b < e->count; b++)
    for (size_t c = 0; c <= b; c++) {
      double sum = 0;
      for (size_t j = 0; j < m; j++)
        for (size_t i = 0; i < m; i++) sum += h[b * square + j * m + i] * h[c * square + i * m + j];
      t[b * e->count + c] = t[c * e->count + b] = sum / (double)e->n1;
    }
}

/* x <- (1 - t diag(w/D^2))^-1 x: an M-matrix, so x stays positive. */
static bool solve_slopes(const nlrmt_equivalent *e, const double *delta, const double *t,
                         double *x) {
  const int n = (int)e->count, one = 1;
  int pivot[KERNELS], info;
  double *matrix = malloc(e->count * e->count * sizeof *matrix);
  if (!matrix) return false;
  for (int c = 0; c < n; c++)
    for (int b = 0; b < n; b++)
      matrix[c * n + b] =
          (b == c) - t[c * n + b] * e->weight[c] / ((1 + delta[c]) * (1 + delta[c]));
  dgesv_(&n, &one, matrix, &n, pivot, x, &n, &info);
  free(matrix);
  return info == 0;
}

/* Newton on delta = map(delta); false if it does not come to rest. */
static bool real_solve(const nlrmt_equivalent *e, double gamma, double *delta, double *g, double *h,
                       double *t, int *inversions) {
  for (size_t b = 0; b < e->count; b++) { /* from above: Gbar <= 1/gamma */
    double trace = 0;
    for (size_t i = 0; i < e->m; i++) trace += e->d[b * e->m + i];
    delta[b] = trace / gamma / (double)e->n1;
  }
  for (int k = 0; k < ROUNDS; k++) {
    double step[KERNELS], size = 0;
    if (!real_inverse(e, gamma, delta, g)) return false;
    ++*inversions;
    real_products(e, g, h, t);
    for (size_t b = 0; b < e->count; b++) {
      double trace = 0;
      for (size_t i = 0; i < e->m; i++) trace += h[(b * e->m + i) * e->m + i];
      step[b] = trace / (double)e->n1 - delta[b];
    }
    if (!solve_slopes(e, delta, t, step)) return false;
    for (size_t b = 0; b < e->count; b++) {
      const double next = fmax(delta[b] + step[b], delta[b] / 100);
      size = fmax(size, fabs(next - delta[b]) / next);
      delta[b] = next;
    }
    if (!isfinite(size)) return false;
    if (size < 1e-12) return true;
  }
  return false;
}

/* Gbar' = G (G + sum kappa_b Phi_b G), kappa_b = w_b delta_b'/D_b^2, delta' = (1 - t w/D^2)^-1
 * (1/n1) tr Phi_b G^2. h[0] is overwritten by the bracket. */
static bool real_slopes(nlrmt_equivalent *e, const double *c, const double *delta, const double *g,
                        double *h, const double *t, nlrmt_equivalent_ridge_point *p) {
  const size_t square = e->m * e->m;
  const int n = (int)e->m;
  const double one = 1, zero = 0;
  double slope[KERNELS];
  for (size_t b = 0; b < e->count; b++) slope[b] = dot(square, h + b * square, g) / (double)e->n1;
  if (!solve_slopes(e, delta, t, slope)) return false;
  for (size_t b = 0; b < e->count; b++) {
    const double kappa = e->weight[b] * slope[b] / ((1 + delta[b]) * (1 + delta[b]));
    for (size_t i = 0; i < square; i++) h[i] = (b ? h[i] : 0) + kappa * h[b * square + i];
  }
  for (size_t i = 0; i < square; i++) h[i] += g[i];
  p->m = p->signal_dm = 0;
  for (size_t i = 0; i < e->m; i++) p->m += g[i * e->m + i] / (double)e->m;
  p->dm = dot(square, g, h) / (double)e->m;
  if (c) {
    double *gc = (double *)e->a;
    dsymm_("L", "L", &n, &n, &one, g, &n, c, &n, &zero, gc, &n);
    p->signal_dm = dot(square, gc, h) / (double)e->m;
  }
  return true;
}

nlrmt_status nlrmt_equivalent_ridge(nlrmt_equivalent *e, double gamma, const double *c,
                                    nlrmt_equivalent_ridge_point *point, nlrmt_error *err) {
  if (!(gamma > 0 && isfinite(gamma)))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "equivalent: gamma=%g: must be positive and finite",
                      gamma);
  const size_t square = e->m * e->m;
  double delta[KERNELS], *g = malloc(square * (e->count + 1) * sizeof *g);
  double *t = malloc(e->count * e->count * sizeof *t);
  *point = (nlrmt_equivalent_ridge_point){.gamma = gamma};
  nlrmt_status status = g && t ? NLRMT_OK : equivalent_no_memory(e->m, err);
  if (status == NLRMT_OK && (!real_solve(e, gamma, delta, g, g + square, t, &point->inversions) ||
                             !real_slopes(e, c, delta, g, g + square, t, point)))
    status =
        nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                   "equivalent: m=%zu n1=%zu gamma=%g: does not converge, choose a larger gamma",
                   e->m, e->n1, gamma);
  free(g);
  free(t);
  return status;
}
