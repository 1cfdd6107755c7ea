#include "nlrmt/optimum.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>

enum { GRID = 64, ROOT_STEPS = 100 };

typedef struct {
  nlrmt_family family;
  double phi, psi, gamma;
  const nlrmt_ridge_task *task;
  nlrmt_error *err;
} search;

static nlrmt_status member(const search *s, double x, double *train_error, double *derivative) {
  double zero[2] = {0};
  double weight[2] = {1, 0}, eta[2] = {1, 0}, zeta[2] = {x, 0}, d_weight[2] = {0},
         d_zeta[2] = {1, 0};
  nlrmt_nodes nodes = {1, weight, zero, eta, zeta}, direction = {1, d_weight, zero, zero, d_zeta};
  if (s->family == NLRMT_FAMILY_MIXTURE) {
    weight[0] = x, weight[1] = 1 - x;
    d_weight[0] = 1, d_weight[1] = -1;
    eta[1] = 1, zeta[0] = 1, zeta[1] = 0, d_zeta[0] = 0;
    nodes.count = direction.count = 2;
  }
  const nlrmt_law_problem problem = {.phi = s->phi, .psi = s->psi, .nodes = &nodes};
  nlrmt_ridge_point point;
  if (nlrmt_ridge_derivative(&problem, s->task, s->gamma, &direction, &point, derivative, s->err) !=
      NLRMT_OK)
    return s->err->status;
  *train_error = point.train_error;
  return NLRMT_OK;
}

nlrmt_status nlrmt_family_error(nlrmt_family family, double phi, double psi,
                                const nlrmt_ridge_task *task, double gamma, double x,
                                double *train_error, double *derivative, nlrmt_error *err) {
  if (!(x >= 0 && x <= 1))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s=%g: must lie in [0, 1]",
                      family == NLRMT_FAMILY_SINGLE ? "zeta" : "p", x);
  const search s = {family, phi, psi, gamma, task, err};
  return member(&s, x, train_error, derivative);
}

/* For GSL; a failed solve becomes NaN, and s->err has the reason. */
static double slope(double x, void *params) {
  double train_error, derivative;
  return member(params, x, &train_error, &derivative) == NLRMT_OK ? derivative : NAN;
}

/* The zero of the derivative in [lo, hi], where it changes from - to +. NaN: it cannot be solved.
 */
static double bracketed_zero(search *s, double lo, double hi) {
  gsl_function f = {slope, s};
  gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
  double x = NAN;
  if (solver && gsl_root_fsolver_set(solver, &f, lo, hi) == GSL_SUCCESS) {
    for (int k = 0; k < ROOT_STEPS && lo < hi; k++) {
      if (gsl_root_fsolver_iterate(solver) != GSL_SUCCESS) break;
      x = gsl_root_fsolver_root(solver);
      lo = gsl_root_fsolver_x_lower(solver), hi = gsl_root_fsolver_x_upper(solver);
      if (hi - lo < 1e-15 * x) break;
    }
  }
  if (solver) gsl_root_fsolver_free(solver);
  return x;
}

/* Takes x in if it beats *best. */
static nlrmt_status consider(const search *s, double x, nlrmt_optimum *best) {
  nlrmt_optimum o = {.x = x};
  if (member(s, x, &o.train_error, &o.slope) != NLRMT_OK) return s->err->status;
  o.place = x == 0 ? NLRMT_OPTIMUM_AT_0 : x == 1 ? NLRMT_OPTIMUM_AT_1 : NLRMT_OPTIMUM_INSIDE;
  if (!(o.train_error >= best->train_error)) *best = o;
  return NLRMT_OK;
}

nlrmt_status nlrmt_optimum_find(nlrmt_family family, double phi, double psi,
                                const nlrmt_ridge_task *task, double gamma, nlrmt_optimum *optimum,
                                nlrmt_error *err) {
  search s = {family, phi, psi, gamma, task, err};
  gsl_error_handler_t *handler = gsl_set_error_handler_off();
  *optimum = (nlrmt_optimum){.train_error = INFINITY};
  double last_x = 0, last = NAN;
  for (int k = 0; k <= GRID && err->status == NLRMT_OK; k++) {
    const double half = sin(M_PI_2 * k / GRID), x = k == GRID ? 1 : half * half;
    const double now = slope(x, &s);
    if ((k == 0 && now >= 0) || (k == GRID && now <= 0)) consider(&s, x, optimum);
    if (last < 0 && now > 0) consider(&s, bracketed_zero(&s, last_x, x), optimum);
    if (k > 0 && k < GRID && now == 0) consider(&s, x, optimum);
    last_x = x, last = now;
  }
  gsl_set_error_handler(handler);
  return err->status;
}
