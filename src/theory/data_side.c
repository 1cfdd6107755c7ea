#include "data_side.h"

#include <math.h>
#include <stdlib.h>

#include "sums.h"

static double larger(double x, double y) {
  return x > y || isnan(x) ? x : y;
}

static double complex inverse(double complex x) {
  const double r = creal(x), i = cimag(x), s = 1 / (r * r + i * i);
  return CMPLX(r * s, -i * s);
}

static double complex times(double complex x, double complex y) {
  return CMPLX(creal(x) * creal(y) - cimag(x) * cimag(y),
               creal(x) * cimag(y) + cimag(x) * creal(y));
}

static void describe(data_side *d) {
  double second = 0, positive = 0, largest = 0;
  for (size_t k = 0; k < d->count; k++) {
    second += d->w[k] * d->v[k] * d->v[k];
    if (d->v[k] > 0) positive += d->w[k];
    largest = fmax(largest, d->v[k]);
  }
  d->variance = second - 1;
  d->positive = positive > 1 - 1e-13 ? 1 : positive;
  d->bound = largest;
  if (!d->population) return;
  const double root = 1 + 1 / sqrt(d->phi);
  d->variance = second / d->phi;
  d->positive = fmin(1, d->phi * d->positive);
  d->bound *= root * root;
}

bool data_side_init(data_side *d, const nlrmt_data_law *law, double phi) {
  static double one[] = {1};
  const nlrmt_data_law iid = {NLRMT_DATA_POPULATION, 1, one, one};
  if (!law) law = &iid;
  *d = (data_side){
      .population = law->kind == NLRMT_DATA_POPULATION, .count = law->count, .phi = phi};
  const size_t padded = sums_padded(law->count);
  d->v = malloc(padded * sizeof *d->v);
  d->w = malloc(padded * sizeof *d->w);
  d->one = malloc(padded * sizeof *d->one);
  if (!d->v || !d->w || !d->one) return false;
  for (size_t k = 0; k < padded; k++) {
    d->v[k] = law->value[k < law->count ? k : 0];
    d->w[k] = k < law->count ? law->weight[k] : 0;
    d->one[k] = 1;
  }
  describe(d);
  return true;
}

void data_side_clear(data_side *d) {
  free(d->v);
  free(d->w);
  free(d->one);
  *d = (data_side){0};
}

/* x = C0 + S C1; a and t are its inverses' averages, their derivatives those of its square. */
static void spectrum_values(const data_side *d, const double complex y[2], data_values *x) {
  sums m;
  sums_over(d->count, d->w, d->one, d->v, 0, y[0], y[1], &m);
  *x = (data_values){.a = m.u, .t = m.v, .a0 = -m.uu, .a1 = -m.uv, .t0 = -m.uv, .t1 = -m.vv};
  x->c0 = y[0], x->c00 = 1, x->c01 = 0;
  x->size_a = m.size_u;
  x->size_c0 = cabs(y[0]);
}

/* Q = C1 a, r = 1 + c T Q, U = E[T/r]; t = a U, C0 = 1/a - C1 U. */
static void population_values(const data_side *d, const double complex y[2], data_values *x) {
  const double c = 1 / d->phi;
  const double complex a = y[0], ia = inverse(a);
  sums m; /* u = T, v = 1 */
  sums_over(d->count, d->w, d->v, d->one, 1, c * times(a, y[1]), 0, &m);
  const double complex C1U = times(y[1], m.u);
  *x = (data_values){.a = a, .t = times(a, m.u), .c0 = ia - C1U, .a0 = 1, .a1 = 0, .t0 = m.uv};
  x->t1 = -c * times(times(a, a), m.uu);
  x->c00 = c * times(times(y[1], y[1]), m.uu) - times(ia, ia);
  x->c01 = -m.uv;
  x->size_a = cabs(a);
  x->size_c0 = cabs(ia) + cabs(C1U);
}

void data_side_values(const data_side *d, const double complex y[2], data_values *x) {
  if (d->population)
    population_values(d, y, x);
  else
    spectrum_values(d, y, x);
}

static void spectrum_second(const data_side *d, const double y[2], data_second *x) {
  double c[4] = {0};
  for (size_t k = 0; k < d->count; k++) {
    const double s = d->v[k], e = 1 / (y[0] + s * y[1]), f = 2 * d->w[k] * e * e * e;
    c[0] += f, c[1] += s * f, c[2] += s * s * f, c[3] += s * s * s * f;
  }
  *x = (data_second){{c[0], c[1], c[2]}, {c[1], c[2], c[3]}, {0, 0, 0}};
}

static void population_second(const data_side *d, const double y[2], data_second *x) {
  const double c = 1 / d->phi, a = y[0], C1 = y[1];
  double v2 = 0, u3 = 0; /* E[T^2/r^3], E[T^3/r^3] */
  for (size_t k = 0; k < d->count; k++) {
    const double T = d->v[k], e = 1 / (1 + c * T * C1 * a), f = d->w[k] * T * T * e * e * e;
    v2 += f, u3 += T * f;
  }
  const double mixed = 2 * c * v2, third = 2 * c * c * u3;
  *x = (data_second){{0, 0, 0},
                     {-mixed * C1, -mixed * a, third * a * a * a},
                     {2 / (a * a * a) - third * C1 * C1 * C1, mixed * C1, mixed * a}};
}

void data_side_second(const data_side *d, const double y[2], data_second *x) {
  if (d->population)
    population_second(d, y, x);
  else
    spectrum_second(d, y, x);
}

void data_side_start(const data_side *d, double complex z, double mean_q, double complex y[2]) {
  y[0] = d->population ? -1 / z : -z;
  y[1] = mean_q;
}

/* Relative change of x = x0 + v x1, which has no zero at any value v, when x0 and x1 change by dx0
 * and dx1: at the ends and on both sides of where x is smallest. It runs along a circle with v and
 * is at most a few times that in between. */
static double factor_change(const data_side *d, const double complex x[2],
                            const double complex dx[2]) {
  const double least = -creal(x[0] * conj(x[1])), square = creal(x[1] * conj(x[1]));
  size_t at[4] = {0, d->count - 1, 0, d->count - 1};
  while (at[3] > at[2] + 1) {
    const size_t mid = (at[2] + at[3]) / 2;
    at[d->v[mid] * square < least ? 2 : 3] = mid;
  }
  double change = 0;
  for (int k = 0; k < 4; k++) {
    const double v = d->v[at[k]];
    change = larger(change, cabs(dx[0] + v * dx[1]) / cabs(x[0] + v * x[1]));
    if (d->count == 1) break;
  }
  return change;
}

/* Of a and every r, and of t C1, a term of C0 a + C1 t = 1: that keeps C1 when c is small. */
static double population_change(const data_side *d, const double complex y[2],
                                const double complex dy[2]) {
  const double c = 1 / d->phi;
  const double complex Q = times(y[0], y[1]), dQ = times(y[0], dy[1]) + times(y[1], dy[0]);
  const double r = cabs(1 + c * Q);
  const double change =
      factor_change(d, (double complex[]){1, c * Q}, (double complex[]){0, c * dQ});
  return larger(larger(change, cabs(dy[0]) / cabs(y[0])), cabs(times(y[0], dy[1])) / (r + cabs(Q)));
}

double data_side_change(const data_side *d, const double complex y[2], const double complex dy[2]) {
  return d->population ? population_change(d, y, dy) : factor_change(d, y, dy);
}

static double complex complex_expm1(double complex x) {
  const double r = creal(x), i = cimag(x), half = sin(i / 2), e = expm1(r);
  return CMPLX(e * cos(i) - 2 * half * half, (1 + e) * sin(i));
}

/* Steps in log a and log(1 + c C1 a), the only r there is for T = 1: large ones stay off 0. */
static void population_advance(const data_side *d, double complex y[2], const double complex dy[2],
                               double f) {
  const double c = 1 / d->phi;
  const double complex Q = times(y[0], y[1]), dQ = times(y[0], dy[1]) + times(y[1], dy[0]);
  const double complex grown = complex_expm1(f * c * times(dQ, inverse(1 + c * Q)));
  y[0] += times(y[0], complex_expm1(f * times(dy[0], inverse(y[0]))));
  y[1] = times(Q + times(Q + d->phi, grown), inverse(y[0]));
}

void data_side_advance(const data_side *d, double complex y[2], const double complex dy[2],
                       double change, double limit) {
  const double f = change > limit ? limit / change : 1;
  if (d->population) {
    population_advance(d, y, dy, f);
  } else {
    y[0] += f * dy[0];
    y[1] += f * dy[1];
  }
}

/* The points x lie in the lower half-plane, the r on either side: both have their own arguments on
 * the real axis. */
static double spectrum_argument(const data_side *d, const double complex y[2]) {
  double sum = 0;
  for (size_t k = 0; k < d->count; k++) {
    const double complex x = y[0] + d->v[k] * y[1];
    sum -= d->w[k] * atan2(fabs(cimag(x)), creal(x));
  }
  return sum;
}

static double population_argument(const data_side *d, const double complex y[2]) {
  const double c = 1 / d->phi;
  const bool real = cimag(y[0]) == 0 && cimag(y[1]) == 0;
  const double complex Q = times(y[0], y[1]);
  double complex U = 0;
  double sum = 0;
  for (size_t k = 0; k < d->count; k++) {
    const double complex r = 1 + c * d->v[k] * Q;
    const double negative = creal(y[0]) < 0 ? M_PI : -M_PI;
    sum += d->w[k] * (real ? (creal(r) < 0 ? negative : 0) : carg(r));
    U += d->w[k] * d->v[k] * inverse(r);
  }
  return d->phi * sum - atan2(cimag(y[0]), creal(y[0])) - cimag(times(Q, U));
}

double data_side_argument(const data_side *d, const double complex y[2]) {
  return d->population ? population_argument(d, y) : spectrum_argument(d, y);
}

/* 1 + argument/pi without the 1: -arg a is -pi or 0, arg r is pi for a < 0 and -pi for a > 0. */
double data_side_above(const data_side *d, const double complex y[2]) {
  const double a = creal(y[0]), Q = a * creal(y[1]);
  long double sum = 0; /* thousands of equal weights add up to their last bit */
  for (size_t k = 0; k < d->count; k++)
    if (d->population ? 1 + d->v[k] * Q / d->phi < 0 : creal(y[0]) + d->v[k] * creal(y[1]) > 0)
      sum += d->w[k];
  if (!d->population) return (double)sum;
  return (double)(a < 0 ? d->phi * sum : 1 - d->phi * sum);
}
