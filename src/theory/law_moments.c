/* lim (1/m) tr K^k from the equations at infinity, as power series in x = 1/z:
 *   a = -x A(x), t = -x T(x), A = 1 + mu_1 x + ..., P = E[p/D], Q = E[q/D],
 *   1/D = 1/(1 - rho x (q T + p A)),
 *   spectrum:   A = E_S[1/(1 - x P - x S Q)], T = E_S[S/(1 - x P - x S Q)];
 *   population: U = E_T[T/(1 - c T x Q A)], A = 1/(1 - x P - x Q U), T = A U.
 * Each round adds an order; all terms are positive, so nothing cancels. */
#include <math.h>
#include <string.h>

#include "series.h"

typedef struct {
  double c[SERIES_TERMS];
} series;

static series constant(double value) {
  return (series){{value}};
}

static void add(series *to, double weight, const series *x) {
  for (int k = 0; k < SERIES_TERMS; k++) to->c[k] += weight * x->c[k];
}

static series multiply(const series *x, const series *y) {
  series out = {{0}};
  for (int i = 0; i < SERIES_TERMS; i++)
    for (int k = i; k < SERIES_TERMS; k++) out.c[k] += x->c[i] * y->c[k - i];
  return out;
}

/* 1/(1 - x f). */
static series geometric(const series *f) {
  series out = {{1}};
  for (int k = 1; k < SERIES_TERMS; k++)
    for (int i = 0; i < k; i++) out.c[k] += f->c[i] * out.c[k - 1 - i];
  return out;
}

static void rows(const sce *s, const series *A, const series *T, series *P, series *Q) {
  *P = *Q = constant(0);
  for (size_t k = 0; k < s->count; k++) {
    series f = constant(0);
    add(&f, s->rho * s->p[k], A);
    add(&f, s->rho * s->q[k], T);
    const series inverse = geometric(&f);
    add(P, s->w[k] * s->p[k], &inverse);
    add(Q, s->w[k] * s->q[k], &inverse);
  }
}

static void spectrum(const data_side *d, const series *P, const series *Q, series *A, series *T) {
  *A = *T = constant(0);
  for (size_t k = 0; k < d->count; k++) {
    series f = *P;
    add(&f, d->v[k], Q);
    const series inverse = geometric(&f);
    add(A, d->w[k], &inverse);
    add(T, d->w[k] * d->v[k], &inverse);
  }
}

static void population(const data_side *d, const series *P, const series *Q, series *A, series *T) {
  const series QA = multiply(Q, A);
  series U = constant(0), f = *P;
  for (size_t k = 0; k < d->count; k++) {
    series g = constant(0);
    add(&g, d->v[k] / d->phi, &QA);
    const series inverse = geometric(&g);
    add(&U, d->w[k] * d->v[k], &inverse);
  }
  const series QU = multiply(Q, &U);
  add(&f, 1, &QU);
  *A = geometric(&f);
  *T = multiply(A, &U);
}

void sce_moments(const sce *s, double moment[SERIES_TERMS]) {
  series A = constant(1), T = constant(1), P, Q;
  for (int order = 0; order < SERIES_TERMS; order++) {
    rows(s, &A, &T, &P, &Q);
    (s->data.population ? population : spectrum)(&s->data, &P, &Q, &A, &T);
  }
  memcpy(moment, A.c, sizeof A.c);
}
