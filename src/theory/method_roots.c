#include "method_roots.h"

#include <float.h>
#include <math.h>

#include "method_map.h"

enum { ABERTH_STEPS = 200, REFINE_STEPS = 3 };

/* Start values: on circles whose radii are the slopes of the upper hull of (k, log|c[k]|), so that
 * roots of very different size are each met at their own scale (Bini 1996). */
static void start_values(size_t degree, const double complex *c, double complex *root) {
  size_t at = 0;
  while (at < degree) {
    size_t next = at + 1;
    double steepest = -INFINITY;
    for (size_t k = at + 1; k <= degree; k++) {
      const double slope = (log(cabs(c[k])) - log(cabs(c[at]))) / (double)(k - at);
      if (slope >= steepest) steepest = slope, next = k;
    }
    for (size_t k = at; k < next; k++) {
      const double angle = 2 * M_PI * (double)(k - at) / (double)(next - at) + 0.7 + (double)at;
      root[k] = exp(-steepest) * CMPLX(cos(angle), sin(angle));
    }
    at = next;
  }
}

/* Value over derivative, and whether the value is rounding. */
static double complex newton_ratio(size_t degree, const double complex *c, double complex x,
                                   bool *rounding) {
  double complex value = c[degree], slope = 0;
  double size = cabs(value);
  for (size_t k = degree; k-- > 0;) {
    slope = slope * x + value;
    value = value * x + c[k];
    size = size * cabs(x) + cabs(c[k]);
  }
  *rounding = cabs(value) <= 4 * DBL_EPSILON * size;
  return value / slope;
}

/* Aberth-Ehrlich. GSL's solver takes real coefficients only; these are complex, as z is. */
size_t method_polynomial_roots(size_t degree, const double complex *c, double complex *root,
                               size_t *iterations) {
  size_t zeros = 0;
  while (degree > 0 && c[degree] == 0) degree--;
  for (; zeros < degree && c[zeros] == 0; zeros++) root[zeros] = 0;
  c += zeros, root += zeros, degree -= zeros;
  start_values(degree, c, root);
  bool done[METHOD_DEGREE_MAX] = {false};
  size_t left = degree;
  for (int step = 0; step < ABERTH_STEPS && left > 0; step++)
    for (size_t i = 0; i < degree; i++) {
      if (done[i]) continue;
      bool rounding;
      const double complex ratio = newton_ratio(degree, c, root[i], &rounding);
      double complex repel = 0;
      for (size_t j = 0; j < degree; j++)
        if (j != i) repel += 1 / (root[i] - root[j]);
      const double complex move = ratio / (1 - ratio * repel);
      ++*iterations;
      if (isfinite(cabs(move))) root[i] -= move;
      done[i] = rounding || cabs(move) <= DBL_EPSILON * cabs(root[i]);
      left -= done[i];
    }
  return zeros + degree;
}

/* By how much the filters hold, as sines of angles: positive if all do. The tests must not depend
 * on units, and near the real axis rounding decides between the merely nonnegative. */
static double margin(double complex z, double complex m, double complex t) {
  if (!(cabs(m) * cimag(z) <= 1 + 1e-9)) return -1;
  return fmin(cimag(m) / cabs(m), fmin(cimag(z * m) / cabs(z * m), cimag(t) / cabs(t)));
}

/* (m, t) with t from the one node's D = 1/(1 - rho (1 + zm)) and 1/t = 1/m + C1/phi. */
static double complex companion(const nlrmt_law_problem *problem, double complex z,
                                double complex m) {
  const double rho = problem->psi / problem->phi;
  return m / (1 + problem->nodes->zeta[0] / problem->phi * m * (1 - rho * (1 + z * m)));
}

/* Newton on the equations themselves, as long as it improves: a polynomial's coefficients round,
 * and at extreme shapes cost its roots half the digits. */
static method_distance refine(const nlrmt_law_problem *problem, double complex z, double complex *m,
                              double complex *t, size_t *iterations) {
  method_distance d = method_measure(problem, z, *m, *t);
  for (int k = 0; k < REFINE_STEPS && d.error < 1e-3; k++) {
    const double complex next_m = *m + d.dm, next_t = *t + d.dt;
    const method_distance next = method_measure(problem, z, next_m, next_t);
    ++*iterations;
    if (!(next.error < d.error)) break;
    *m = next_m, *t = next_t, d = next;
  }
  return d;
}

/* The candidate that satisfies the filters and, after refinement, the equations best. Lost digits
 * can make a root of the polynomial fail a filter by a little, hence the refinement before it. */
static void choose(const nlrmt_law_problem *problem, double complex z, size_t count,
                   const double complex *candidate, nlrmt_method_result *result) {
  double best = INFINITY;
  for (size_t i = 0; i < count; i++) {
    double complex m = candidate[i], t = companion(problem, z, m);
    const method_distance d = refine(problem, z, &m, &t, &result->iterations);
    if (margin(z, m, t) > 0 && d.error < best) {
      best = d.error;
      result->m = m, result->mtilde = t;
    }
  }
}

void method_quartic(const nlrmt_law_problem *problem, double complex z,
                    const nlrmt_method_options *options, nlrmt_method_result *result) {
  (void)options;
  const double phi = problem->phi, psi = problem->psi;
  const double eta = problem->nodes->eta[0], zeta = problem->nodes->zeta[0];
  const double p = eta - zeta, d = psi - phi;
  const double complex c[] = {
      phi * phi * phi, phi * (eta * phi * d + phi * phi * z - zeta * d),
      z * phi * (eta * phi * psi + zeta * (phi - 2 * psi)) - p * zeta * d * d,
      -z * psi * zeta * (2 * p * d + phi * z), -z * z * psi * psi * zeta * p};
  double complex root[METHOD_DEGREE_MAX];
  const size_t count = method_polynomial_roots(4, c, root, &result->iterations);
  choose(problem, z, count, root, result);
}

/* In units of M: z_M = r z, r = n1/m, and m = r^2 g - (1 - r)/z (the atoms at 0 differ). */
void method_quartic_b(const nlrmt_law_problem *problem, double complex z,
                      const nlrmt_method_options *options, nlrmt_method_result *result) {
  (void)options;
  const double r = problem->phi / problem->psi, psi = problem->psi;
  const double theta1 = problem->nodes->eta[0], theta2 = problem->nodes->zeta[0];
  const double complex zm = r * z, v1 = 1 - r, v2 = -r * zm; /* g (1 - r u) = v1 g + v2 g^2 */
  const double complex alpha = theta1 - theta2 / psi, beta = theta2 / psi * zm;
  const double kappa = theta2 * (theta1 - theta2) / psi;
  const double complex c[] = {1, zm - alpha * v1, beta * v1 - alpha * v2 - kappa * v1 * v1,
                              beta * v2 - 2 * kappa * v1 * v2, -kappa * v2 * v2};
  double complex root[METHOD_DEGREE_MAX];
  const size_t count = method_polynomial_roots(4, c, root, &result->iterations);
  for (size_t i = 0; i < count; i++) root[i] = r * r * root[i] - (1 - r) / z;
  choose(problem, z, count, root, result);
}

/* rho eta z m^2 + (z - eta + rho eta) m + 1 = 0, t = m/(1 + 0). */
void method_marchenko_pastur(const nlrmt_law_problem *problem, double complex z,
                             const nlrmt_method_options *options, nlrmt_method_result *result) {
  (void)options;
  const double eta = problem->nodes->eta[0], rho = problem->psi / problem->phi;
  const double complex lead = rho * eta * z, b = z - eta + rho * eta,
                       root = csqrt(b * b - 4 * lead);
  const double sign = creal(b) * creal(root) + cimag(b) * cimag(root) < 0 ? -1 : 1;
  const double complex sum = -(b + sign * root) / 2, m1 = sum / lead, m2 = 1 / sum;
  result->m = result->mtilde = margin(z, m1, m1) > margin(z, m2, m2) ? m1 : m2;
  result->iterations = 1;
}

/* The S-transforms 1/(1 + y/phi), 1/(1 + rho y) of the factors multiply, whence the cubic in
 * y = -1 - z m; t = m (1 + y/phi). */
void method_product_wishart(const nlrmt_law_problem *problem, double complex z,
                            const nlrmt_method_options *options, nlrmt_method_result *result) {
  (void)options;
  const double eta = problem->nodes->eta[0], c = 1 / problem->phi, rho = problem->psi * c;
  const double complex cubic[] = {eta, eta * (1 + c + rho) - z, eta * (c + rho + c * rho),
                                  eta * c * rho};
  double complex y[METHOD_DEGREE_MAX];
  double best = -INFINITY;
  const size_t count = method_polynomial_roots(3, cubic, y, &result->iterations);
  for (size_t i = 0; i < count; i++) {
    /* 1 + y = -z m cancels for large |z|; the equation gives it as a quotient. */
    const double complex m = -y[i] / (eta * (1 + c * y[i]) * (1 + rho * y[i]));
    const double complex t = m * (1 + c * y[i]);
    if (margin(z, m, t) > best) {
      best = margin(z, m, t);
      result->m = m, result->mtilde = t;
    }
  }
}
