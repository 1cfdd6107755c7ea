#include "kernel_vectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/gemm.h"
#include "nlrmt/symmetric.h"

static const double EMPTY = 1e-3; /* of the largest lambda times density: no part of the bulk */

/* How many i < m have i blocks/m in [r, r + 1). */
static double block_size(size_t m, size_t blocks, size_t r) {
  return (double)(((r + 1) * m + blocks - 1) / blocks - (r * m + blocks - 1) / blocks);
}

/* x->share and x->mu from the one kernel. */
static nlrmt_status project(kernel_vectors *x, const double *phi, nlrmt_error *err) {
  const size_t m = x->m;
  double *a = malloc(m * m * sizeof *a), *product = malloc(m * m * sizeof *product);
  x->share = calloc(x->blocks * m, sizeof *x->share);
  x->mu = malloc(m * sizeof *x->mu);
  if (!a || !product || !x->share || !x->mu) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu eigenvectors", m);
  } else {
    memcpy(a, phi, m * m * sizeof *a);
    if (nlrmt_symmetric_eigen(m, true, a, x->mu, err) == NLRMT_OK) {
      nlrmt_gemm_tn((int64_t)m, (int64_t)m, (int64_t)m, a, x->v, product, (int64_t)m);
      for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < m; k++)
          x->share[i * x->blocks / m * m + k] += product[i * m + k] * product[i * m + k];
    }
  }
  free(a);
  free(product);
  return err->status;
}

nlrmt_status kernel_vectors_init(kernel_vectors *x, const nlrmt_params *params, const double *gram,
                                 const double *phi, nlrmt_error *err) {
  const size_t m = (size_t)params->m, square = m * m;
  *x = (kernel_vectors){.m = m, .blocks = (size_t)params->vector_blocks};
  double *s = malloc(m * sizeof *s);
  x->v = malloc(square * sizeof *x->v);
  if (!phi) x->space = malloc(2 * square * sizeof *x->space);
  if (!s || !x->v || (!phi && !x->space)) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu singular vectors", m);
  } else {
    memcpy(x->v, gram, square * sizeof *x->v);
    if (nlrmt_symmetric_eigen(m, true, x->v, s, err) == NLRMT_OK && phi) project(x, phi, err);
  }
  free(s);
  return err->status;
}

void kernel_vectors_clear(kernel_vectors *x) {
  free(x->v);
  free(x->share);
  free(x->mu);
  free(x->space);
  *x = (kernel_vectors){0};
}

/* out[r] = sum over block r of Im v_i'Gbar v_i, Gbar as e has it. */
static void dense_sums(kernel_vectors *x, const nlrmt_equivalent *e, double *out) {
  const size_t m = x->m;
  const double complex *g = nlrmt_equivalent_inverse(e);
  double *im = x->space, *product = x->space + m * m;
  for (size_t i = 0; i < m * m; i++) im[i] = cimag(g[i]);
  nlrmt_gemm_tn((int64_t)m, (int64_t)m, (int64_t)m, im, x->v, product, (int64_t)m);
  for (size_t i = 0; i < m; i++)
    for (size_t a = 0; a < m; a++) out[i * x->blocks / m] += x->v[i * m + a] * product[i * m + a];
}

/* The same for one kernel: the a_k are Gbar's eigenvectors. */
static void single_sums(const kernel_vectors *x, const nlrmt_equivalent_point *p, double *out) {
  for (size_t k = 0; k < x->m; k++) {
    const double im = cimag(1 / (x->mu[k] / (1 + p->delta[0]) - p->z));
    for (size_t r = 0; r < x->blocks; r++) out[r] += x->share[r * x->m + k] * im;
  }
}

void kernel_vectors_at(kernel_vectors *x, const nlrmt_equivalent *e,
                       const nlrmt_equivalent_point *p, double *out) {
  double total = 0;
  memset(out, 0, x->blocks * sizeof *out);
  if (x->share)
    single_sums(x, p, out);
  else
    dense_sums(x, e, out);
  for (size_t r = 0; r < x->blocks; r++) total += out[r];
  for (size_t r = 0; r < x->blocks; r++)
    out[r] *= (double)x->m / (total * block_size(x->m, x->blocks, r));
}

/* First and last point inside the bulk: beyond them the imaginary parts are lost in rounding. */
static void inside(const nlrmt_equivalent_point *point, size_t *first, size_t *last) {
  double largest = 0, value[KERNEL_POINTS];
  for (size_t k = 0; k < KERNEL_POINTS; k++) {
    value[k] = cimag(point[k].m) * creal(point[k].z);
    largest = fmax(largest, value[k]);
  }
  *first = 0, *last = KERNEL_POINTS - 1;
  while (*first < *last && value[*first] < EMPTY * largest) ++*first;
  while (*last > *first && value[*last] < EMPTY * largest) --*last;
}

void kernel_vectors_rows(size_t m, size_t blocks, const nlrmt_law *law, const kernel_places *places,
                         const nlrmt_equivalent_point *point, const double *at, const double *spike,
                         double *out) {
  const size_t bulk = m - places->spikes;
  const double *lambda = places->lambda;
  size_t first, last, k;
  inside(point, &first, &last);
  k = first;
  for (size_t j = 0; j < bulk; j++) {
    const double x = nlrmt_law_quantile(law, ((double)j + 0.5) / (double)bulk);
    while (k + 2 <= last && lambda[k + 1] < x) k++;
    const double u = fmin(1, fmax(0, (x - lambda[k]) / (lambda[k + 1] - lambda[k])));
    for (size_t r = 0; r < blocks; r++)
      out[j * blocks + r] = (1 - u) * at[k * blocks + r] + u * at[(k + 1) * blocks + r];
  }
  for (size_t s = 0; s < places->spikes; s++)
    memcpy(out + (m - 1 - s) * blocks, spike + s * blocks, blocks * sizeof *out);
}
