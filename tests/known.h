/* known: symmetric matrices of a known spectrum for tests of the eigensolvers: A = H D H with D
 * diagonal and H a product of Householder reflections, built whole on every rank. */
#ifndef NLRMT_TESTS_KNOWN_H
#define NLRMT_TESTS_KNOWN_H

#include <math.h>
#include <stdlib.h>

#include "nlrmt/grid.h"

/* Uniform on (-1, 1), the same on every rank. */
static inline double known_uniform(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) * 0x1p-52 - 1;
}

/* a <- (1 - 2vv') a (1 - 2vv') with a random unit vector v. */
static inline void known_reflect(int64_t n, double *a, double *v, double *w, uint64_t *state) {
  double norm = 0, vav = 0;
  for (int64_t i = 0; i < n; i++) v[i] = known_uniform(state), norm += v[i] * v[i];
  for (int64_t i = 0; i < n; i++) v[i] /= sqrt(norm);
  for (int64_t i = 0; i < n; i++) {
    w[i] = 0;
    for (int64_t j = 0; j < n; j++) w[i] += a[i * n + j] * v[j];
    vav += v[i] * w[i];
  }
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++)
      a[i * n + j] += 4 * vav * v[i] * v[j] - 2 * (v[i] * w[j] + w[i] * v[j]);
}

/* a [n][n] with the spectrum lambda [n], the caller's. */
static inline double *known_matrix(int64_t n, const double *lambda) {
  uint64_t state = 12345;
  double *a = calloc((size_t)(n * n + 2 * n + 1), sizeof *a);
  for (int64_t i = 0; i < n; i++) a[i * n + i] = lambda[i];
  for (int k = 0; k < 3; k++) known_reflect(n, a, a + n * n, a + n * n + n, &state);
  return a;
}

/* `whole`, [n][n], on the grid. */
static inline nlrmt_dmat *known_distribute(const nlrmt_grid *g, int64_t n, int block, bool single,
                                           const double *whole) {
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_dmat *a;
  (single ? nlrmt_dmat_create_single : nlrmt_dmat_create)(g, n, block, &a, &err);
  for (int64_t c = 0; c < a->cols; c++)
    for (int64_t r = 0; r < a->rows; r++) {
      double entry = whole[nlrmt_block_global(c, block, g->mycol, g->npcol) * n +
                           nlrmt_block_global(r, block, g->myrow, g->nprow)];
      if (single)
        a->s[c * a->ld + r] = (float)entry;
      else
        a->a[c * a->ld + r] = entry;
    }
  return a;
}

#endif
