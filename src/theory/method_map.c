#include "method_map.h"

#include <float.h>
#include <math.h>

/* Both roots without cancellation; the wanted one maps the lower half-plane of C0, C1 to C+, where
 * there is exactly one (docs/theory.md: a holomorphic map of a half-plane into itself). */
static double complex root_13(double phi, double complex c0, double complex c1) {
  const double complex lead = c0 * c1, b = phi * c0 + (phi - 1) * c1;
  const double complex root = csqrt(b * b + 4 * phi * lead);
  const double sign = creal(b) * creal(root) + cimag(b) * cimag(root) < 0 ? -1 : 1;
  const double complex sum = -(b + sign * root) / 2, small = phi / -sum;
  if (lead == 0) return small;
  const double complex large = sum / lead;
  return cimag(small) * cabs(large) >= cimag(large) * cabs(small) ? small : large;
}

/* E_S at (C0, C1): the images of m and t, their derivatives by C0, C1 and, for a population, by the
 * m put in, and bounds of what rounding does to them, C0 and C1 given. */
typedef struct {
  double complex m, t, m0, m1, mm, t0, t1, tm;
  double rounding_m, rounding_t;
} image;

/* m from Q = C0 C1 m^2 + (phi C0 + (phi - 1) C1) m - phi = 0, t from 1/t = 1/m + C1/phi. */
static image image_iid(double phi, double complex c0, double complex c1) {
  const double complex m = root_13(phi, c0, c1), t = m / (1 + c1 * m / phi);
  const double complex slope = 2 * c0 * c1 * m + phi * c0 + (phi - 1) * c1;
  const double complex ratio = t / m * (t / m);
  const double terms =
      cabs(c0 * c1 * m * m) + phi * cabs(c0 * m) + fabs(phi - 1) * cabs(c1 * m) + phi; /* of Q */
  image x = {.m = m, .t = t};
  x.m0 = -(c1 * m + phi) * m / slope;
  x.m1 = -(c0 * m + phi - 1) * m / slope;
  x.t0 = ratio * x.m0;
  x.t1 = ratio * x.m1 - t * t / phi;
  x.rounding_m = DBL_EPSILON * (terms / cabs(slope) + cabs(m));
  x.rounding_t = cabs(ratio) * x.rounding_m + DBL_EPSILON * cabs(t);
  return x;
}

static image image_spectrum(const nlrmt_data_law *data, double complex c0, double complex c1) {
  image x = {0};
  for (size_t k = 0; k < data->count; k++) {
    const double s = data->value[k], w = data->weight[k];
    const double complex inv = 1 / (c0 + s * c1);
    const double size = (cabs(c0) + s * cabs(c1)) * cabs(inv);
    x.m += w * inv;
    x.t += w * s * inv;
    x.m0 -= w * inv * inv;
    x.m1 -= w * s * inv * inv;
    x.t1 -= w * s * s * inv * inv;
    x.rounding_m += DBL_EPSILON * w * cabs(inv) * (1 + size);
    x.rounding_t += DBL_EPSILON * w * s * cabs(inv) * (1 + size);
  }
  x.t0 = x.m1;
  return x;
}

static image image_population(const nlrmt_data_law *data, double phi, double complex c0,
                              double complex c1, double complex m) {
  double complex e = 0, de = 0; /* de/d(C1 m) */
  double rounding = 0;
  for (size_t k = 0; k < data->count; k++) {
    const double tau = data->value[k], w = data->weight[k];
    const double complex inv = 1 / (1 + tau / phi * c1 * m);
    e += w * tau * inv;
    de -= w * tau * tau / phi * inv * inv;
    rounding +=
        DBL_EPSILON * w * tau * cabs(inv) * (1 + (1 + tau / phi * cabs(c1 * m)) * cabs(inv));
  }
  image x = {.m = 1 / (c0 + c1 * e)};
  x.t = x.m * e;
  x.m0 = -x.m * x.m;
  x.m1 = -x.m * x.m * (e + c1 * m * de);
  x.mm = -x.m * x.m * c1 * c1 * de;
  x.t0 = x.m0 * e;
  x.t1 = x.m1 * e + x.m * m * de;
  x.tm = x.mm * e + x.m * c1 * de;
  x.rounding_m = cabs(x.m * x.m) * (cabs(c1) * rounding + DBL_EPSILON * (cabs(c0) + cabs(c1 * e)));
  x.rounding_t = x.rounding_m * cabs(e) + cabs(x.m) * rounding;
  return x;
}

static image image_of(const nlrmt_law_problem *problem, double complex c0, double complex c1,
                      double complex m) {
  const nlrmt_data_law *data = problem->data;
  if (!data) return image_iid(problem->phi, c0, c1);
  if (data->kind == NLRMT_DATA_SPECTRUM) return image_spectrum(data, c0, c1);
  return image_population(data, problem->phi, c0, c1, m);
}

void method_map(const nlrmt_law_problem *problem, double complex z, double complex *m,
                double complex *t) {
  const nlrmt_nodes *n = problem->nodes;
  const double rho = problem->psi / problem->phi;
  const double mr = rho * creal(*m), mi = rho * cimag(*m);
  const double tr = rho * creal(*t), ti = rho * cimag(*t);
  double c0r = 0, c0i = 0, c1r = 0, c1i = 0;
  for (size_t k = 0; k < n->count; k++) {
    const double q = n->zeta[k], p = n->eta[k] - q;
    const double dr = 1 + q * tr + p * mr, di = q * ti + p * mi;
    const double inv = n->weight[k] / (dr * dr + di * di), er = dr * inv, ei = -di * inv;
    c0r += p * er, c0i += p * ei;
    c1r += q * er, c1i += q * ei;
  }
  const double complex c0 = CMPLX(c0r, c0i) - z, c1 = CMPLX(c1r, c1i);
  if (problem->data) {
    const image x = image_of(problem, c0, c1, *m);
    *m = x.m, *t = x.t;
  } else { /* without the derivatives, as this is what iterations spend their time on */
    *m = root_13(problem->phi, c0, c1);
    *t = *m / (1 + c1 * *m / problem->phi);
  }
}

/* C0, C1, minus their derivatives by m and t over rho, and bounds of their rounding. */
typedef struct {
  double complex c0, c1, pp, pq, qq;
  double rounding0, rounding1;
} averages;

static averages average(const nlrmt_law_problem *problem, double complex z, double complex m,
                        double complex t) {
  const nlrmt_nodes *n = problem->nodes;
  const double rho = problem->psi / problem->phi;
  const double abs_m = rho * cabs(m), abs_t = rho * cabs(t);
  averages a = {.c0 = -z, .rounding0 = DBL_EPSILON * cabs(z)};
  for (size_t k = 0; k < n->count; k++) {
    const double w = n->weight[k], q = n->zeta[k], p = n->eta[k] - q;
    const double complex d = 1 + rho * (q * t + p * m);
    const double norm = creal(d) * creal(d) + cimag(d) * cimag(d);
    const double complex inv = conj(d) / norm, wi = w * inv, wi2 = wi * inv;
    const double rounding = DBL_EPSILON * w * (2 / sqrt(norm) + (1 + q * abs_t + p * abs_m) / norm);
    a.c0 += p * wi;
    a.c1 += q * wi;
    a.pp += p * p * wi2;
    a.pq += p * q * wi2;
    a.qq += q * q * wi2;
    a.rounding0 += p * rounding;
    a.rounding1 += q * rounding;
  }
  return a;
}

method_distance method_measure(const nlrmt_law_problem *problem, double complex z, double complex m,
                               double complex t) {
  const double rho = problem->psi / problem->phi;
  const averages a = average(problem, z, m, t);
  const image x = image_of(problem, a.c0, a.c1, m);
  /* 1 - J in (log m, log t). */
  const double complex jmm = 1 + rho * (x.m0 * a.pp + x.m1 * a.pq) - x.mm;
  const double complex jmt = rho * (x.m0 * a.pq + x.m1 * a.qq) * t / m;
  const double complex jtm = (rho * (x.t0 * a.pp + x.t1 * a.pq) - x.tm) * m / t;
  const double complex jtt = 1 + rho * (x.t0 * a.pq + x.t1 * a.qq);
  const double complex det = jmm * jtt - jmt * jtm;
  const double complex rm = x.m / m - 1, rt = x.t / t - 1;
  const double complex um = (jtt * rm - jmt * rt) / det, ut = (jmm * rt - jtm * rm) / det;
  const double em = (cabs(x.m0) * a.rounding0 + cabs(x.m1) * a.rounding1 + x.rounding_m) / cabs(m);
  const double et = (cabs(x.t0) * a.rounding0 + cabs(x.t1) * a.rounding1 + x.rounding_t) / cabs(t);
  const double error_m = cabs(um) + (cabs(jtt) * em + cabs(jmt) * et) / cabs(det);
  const double error_t = cabs(ut) + (cabs(jtm) * em + cabs(jmm) * et) / cabs(det);
  return (method_distance){.residual = fmax(cabs(rm), cabs(rt)),
                           .error = error_m > error_t || isnan(error_m) ? error_m : error_t,
                           .dm = m * um,
                           .dt = t * ut};
}
