/* Polar Gauss-Legendre panels, split at the axes and at the kinks' radii, halved until nothing
 * moves; eta - zeta is summed as a square, as in moments.c. */
#include "nlrmt/complex_law.h"

#include <gsl/gsl_integration.h>
#include <math.h>

enum { POINTS = 16, REACH = 9, LEVELS = 4 }; /* |u| <= 9 sigma_z: exp(-81) is left out */

static const double TOLERANCE = 1e-12; /* relative to E|f|^2 */
static const double NOISE = 1e-24;     /* squares below this times E|f|^2 are rounding */

typedef struct {
  double mass, square, rest;
  double complex mean, plus, minus; /* E f, E conj(v) f, E v f with v = u/sigma_z */
} averages;

typedef struct {
  const nlrmt_complex_function *f;
  double sigma_z;
  int level;
  const gsl_integration_glfixed_table *rule;
  const averages *first; /* of the first pass; NULL in it */
  averages *out;
} integral;

static void add_point(const integral *q, double r, double theta, double weight) {
  const double complex v = r * cexp(I * theta), value = q->f->f(q->sigma_z * v, q->f->data);
  averages *s = q->out;
  if (q->first) {
    const double complex rest =
        value - q->first->mean - q->first->plus * v - q->first->minus * conj(v);
    s->rest += weight * creal(rest * conj(rest));
    return;
  }
  s->mass += weight;
  s->square += weight * creal(value * conj(value));
  s->mean += weight * value;
  s->plus += weight * conj(v) * value;
  s->minus += weight * v * value;
}

static void add_ring(const integral *q, double lo, double hi) {
  const int panels = 4 << q->level;
  for (size_t i = 0; i < POINTS; i++) {
    double r, weight_r, theta, weight_theta;
    gsl_integration_glfixed_point(lo, hi, i, &r, &weight_r, q->rule);
    weight_r *= r * exp(-r * r) / M_PI;
    for (int panel = 0; panel < panels; panel++)
      for (size_t j = 0; j < POINTS; j++) {
        gsl_integration_glfixed_point(2 * M_PI * panel / panels, 2 * M_PI * (panel + 1) / panels, j,
                                      &theta, &weight_theta, q->rule);
        add_point(q, r, theta, weight_r * weight_theta);
      }
  }
}

static void add_rings(const integral *q) {
  for (int k = 0; k < REACH << q->level; k++) {
    double lo = ldexp(k, -q->level);
    const double hi = ldexp(k + 1, -q->level);
    for (size_t i = 0; i < q->f->kinks; i++) { /* ascending */
      const double kink = q->f->kink[i] / q->sigma_z;
      if (!(kink > lo && kink < hi)) continue;
      add_ring(q, lo, kink);
      lo = kink;
    }
    add_ring(q, lo, hi);
  }
}

static averages integrate(integral *q, int level) {
  averages first = {0}, second = {0};
  q->level = level;
  q->first = NULL, q->out = &first;
  add_rings(q);
  first.square /= first.mass;
  first.mean /= first.mass, first.plus /= first.mass, first.minus /= first.mass;
  q->first = &first, q->out = &second;
  add_rings(q);
  q->first = q->out = NULL;
  first.rest = second.rest / first.mass;
  return first;
}

static bool agree(const averages *x, const averages *y) {
  const double size = sqrt(y->square);
  return cabs(x->mean - y->mean) <= TOLERANCE * size &&
         cabs(x->plus - y->plus) <= TOLERANCE * size &&
         cabs(x->minus - y->minus) <= TOLERANCE * size &&
         fabs(x->rest - y->rest) <= TOLERANCE * y->square;
}

static double unless_noise(double value, double square) {
  return value > NOISE * square ? value : 0;
}

nlrmt_status nlrmt_complex_moments_at(const nlrmt_complex_function *f, double sigma_z,
                                      nlrmt_complex_moments *moments, nlrmt_error *err) {
  if (!(sigma_z > 0 && isfinite(sigma_z)))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "complex moments: sigma_z=%g: must be positive",
                      sigma_z);
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(POINTS);
  if (!rule) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "complex moments: out of memory");
  integral q = {.f = f, .sigma_z = sigma_z, .rule = rule};
  averages last = integrate(&q, 0), s = last;
  bool converged = false;
  for (int level = 1; level < LEVELS && !converged && isfinite(s.square); level++, last = s) {
    s = integrate(&q, level);
    converged = agree(&last, &s);
  }
  gsl_integration_glfixed_table_free(rule);
  if (!converged)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "complex moments: sigma_z=%g: E f, E|f|^2 do not converge: give the kinks of "
                      "f or choose another",
                      sigma_z);
  moments->h = s.mean;
  moments->zeta_plus = unless_noise(creal(s.plus * conj(s.plus)), s.square);
  moments->zeta_minus = unless_noise(creal(s.minus * conj(s.minus)), s.square);
  moments->eta = moments->zeta_plus + moments->zeta_minus + unless_noise(s.rest, s.square);
  return NLRMT_OK;
}

nlrmt_status nlrmt_complex_law_create(const nlrmt_complex_moments *moments, double phi, double psi,
                                      bool of_m, nlrmt_law **law, nlrmt_error *err) {
  double weight = 1, h = cabs(moments->h), eta = moments->eta;
  double zeta = moments->zeta_plus + moments->zeta_minus;
  const nlrmt_nodes nodes = {1, &weight, &h, &eta, &zeta};
  nlrmt_law_problem problem = {phi, psi, &nodes, of_m, NULL};
  const double value[] = {moments->zeta_plus, moments->zeta_minus};
  nlrmt_data_law data = {0};
  *law = NULL;
  if (value[0] > 0 && value[1] > 0) {
    if (nlrmt_data_law_create(NLRMT_DATA_POPULATION, 2, value, NULL, &data, NULL, err) != NLRMT_OK)
      return err->status;
    problem.phi *= 2, problem.psi *= 2;
    problem.data = &data;
  }
  const nlrmt_status status = nlrmt_law_create(&problem, law, err);
  nlrmt_data_law_clear(&data);
  return status;
}
