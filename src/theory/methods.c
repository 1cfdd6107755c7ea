#include "nlrmt/methods.h"

#include <math.h>
#include <string.h>

#include "method_map.h"
#include "method_roots.h"

enum { NEWTON_STEPS = 30, HALVINGS = 20, PATH_STEPS = 400, WARM_UP = 2 };

/* Iterates until the steps are at rest and the distance to the solution is what was asked for:
 * small steps alone may mean slow convergence. share: of the new point in the average. */
static void iterate(const nlrmt_law_problem *problem, double complex z, double share,
                    const nlrmt_method_options *options, nlrmt_method_result *r) {
  double complex m = -1 / z, t = m;
  double rest = options->tolerance;
  while (r->iterations < options->iterations_max) {
    double complex next_m = m, next_t = t;
    method_map(problem, z, &next_m, &next_t);
    r->iterations++;
    next_m = share * next_m + (1 - share) * m;
    next_t = share * next_t + (1 - share) * t;
    const double change = fmax(cabs(next_m - m) / cabs(m), cabs(next_t - t) / cabs(t));
    m = next_m, t = next_t;
    if (change > rest) continue;
    if (method_measure(problem, z, m, t).error <= options->tolerance || rest < 1e-17) break;
    rest /= 4;
  }
  r->m = m, r->mtilde = t;
}

static void fixed_point(const nlrmt_law_problem *problem, double complex z,
                        const nlrmt_method_options *options, nlrmt_method_result *result) {
  iterate(problem, z, 1, options, result);
}

static void half_averaged(const nlrmt_law_problem *problem, double complex z,
                          const nlrmt_method_options *options, nlrmt_method_result *result) {
  iterate(problem, z, 0.5, options, result);
}

/* Newton from (*m, *t), which it replaces if it comes to rest in C+ x C+: then it is the solution.
 */
static bool newton(const nlrmt_law_problem *problem, double complex z, double complex *m,
                   double complex *t, size_t *iterations) {
  double complex a = *m, b = *t;
  for (int k = 0; k < WARM_UP; k++, ++*iterations) method_map(problem, z, &a, &b);
  double last = INFINITY;
  for (int k = 0; k < NEWTON_STEPS; k++) {
    const method_distance d = method_measure(problem, z, a, b);
    ++*iterations;
    const double size = fmax(cabs(d.dm / a), cabs(d.dt / b));
    if (!isfinite(size)) return false;
    if (size < 1e-15 || (size < 1e-6 && size > last / 4)) { /* rounding */
      *m = a, *t = b;
      return true;
    }
    double length = fmin(1, 0.7 / size);
    for (int j = 0; j < HALVINGS && !(cimag(a + length * d.dm) > 0 && cimag(b + length * d.dt) > 0);
         j++)
      length /= 2;
    a += length * d.dm, b += length * d.dt;
    if (!(cimag(a) > 0 && cimag(b) > 0)) return false;
    last = size;
  }
  return false;
}

/* |K| <= (|sqrt(zeta) W X/sqrt(n0)| + |sqrt(eta - zeta) Theta|)^2/n1, each norm at its limit. */
static double support_bound(const nlrmt_law_problem *problem) {
  const nlrmt_data_law *data = problem->data;
  double eta = 0, data_norm = 1 + 1 / sqrt(problem->phi);
  for (size_t k = 0; k < problem->nodes->count; k++) eta = fmax(eta, problem->nodes->eta[k]);
  if (data && data->kind == NLRMT_DATA_SPECTRUM) data_norm = 1;
  if (data) data_norm *= sqrt(data->value[data->count - 1]);
  const double linear = (1 + sqrt(problem->psi)) * data_norm;
  const double noise = 1 + sqrt(problem->psi / problem->phi);
  return eta * (linear + noise) * (linear + noise);
}

static void alp13(const nlrmt_law_problem *problem, double complex z,
                  const nlrmt_method_options *options, nlrmt_method_result *r) {
  (void)options;
  double y = fmax(cimag(z), support_bound(problem)), factor = 0.1;
  double complex m = -1 / CMPLX(creal(z), y), t = m;
  bool good = newton(problem, CMPLX(creal(z), y), &m, &t, &r->iterations);
  for (int k = 0; k < PATH_STEPS && good && y > cimag(z); k++) {
    const double next = fmax(y * factor, cimag(z));
    if (newton(problem, CMPLX(creal(z), next), &m, &t, &r->iterations))
      y = next, factor = fmax(0.1, factor * factor);
    else
      factor = sqrt(factor), good = factor < 0.999;
  }
  if (good && y == cimag(z)) r->m = m, r->mtilde = t;
}

static bool always(const nlrmt_law_problem *problem) {
  (void)problem;
  return true;
}
static bool one_node(const nlrmt_law_problem *problem) {
  return problem->nodes->count == 1 && !problem->data;
}
static bool one_noise(const nlrmt_law_problem *problem) {
  return one_node(problem) && problem->nodes->zeta[0] == 0;
}
static bool one_linear(const nlrmt_law_problem *problem) {
  return one_node(problem) && problem->nodes->zeta[0] == problem->nodes->eta[0];
}

static const nlrmt_method METHODS[] = {
    {"newton", always, NULL}, /* the law's own solver: it has the solved law, not the problem */
    {"alp13", always, alp13},
    {"fixed_point", always, fixed_point},
    {"half_averaged", always, half_averaged},
    {"quartic", one_node, method_quartic},
    {"quartic_b", one_node, method_quartic_b},
    {"marchenko_pastur", one_noise, method_marchenko_pastur},
    {"product_wishart", one_linear, method_product_wishart},
};

const nlrmt_method *nlrmt_methods(size_t *count) {
  *count = sizeof METHODS / sizeof *METHODS;
  return METHODS;
}

const nlrmt_method *nlrmt_method_find(const char *name) {
  size_t count;
  const nlrmt_method *method = nlrmt_methods(&count);
  for (size_t k = 0; k < count; k++)
    if (strcmp(method[k].name, name) == 0) return &method[k];
  return NULL;
}

static nlrmt_status check(const nlrmt_method *method, const nlrmt_law_problem *problem,
                          const nlrmt_law *law, double complex z,
                          const nlrmt_method_options *options, nlrmt_error *err) {
  if (!(cimag(z) > 0 && isfinite(cabs(z))))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "method %s: z=%g%+gi: Im z must be positive",
                      method->name, creal(z), cimag(z));
  if (!(options->tolerance > 0 && options->tolerance < 1 && options->iterations_max > 0))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "method %s: tolerance=%g iterations_max=%zu: give 0 < tolerance < 1, "
                      "iterations_max > 0",
                      method->name, options->tolerance, options->iterations_max);
  if (!method->applies(problem))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "method %s: does not apply to %zu nodes and %s data, use newton or alp13",
                      method->name, problem->nodes->count, problem->data ? "given" : "i.i.d.");
  if (!method->solve && !law)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "method %s: needs the solved law", method->name);
  return NLRMT_OK;
}

nlrmt_status nlrmt_method_solve(const nlrmt_method *method, const nlrmt_law_problem *problem,
                                const nlrmt_law *law, double complex z,
                                const nlrmt_method_options *options, nlrmt_method_result *result,
                                nlrmt_error *err) {
  *result = (nlrmt_method_result){.m = NAN, .mtilde = NAN, .residual = NAN, .error = NAN};
  if (check(method, problem, law, z, options, err) != NLRMT_OK) return err->status;
  if (method->solve) {
    method->solve(problem, z, options, result);
  } else {
    nlrmt_error refused = {0};
    nlrmt_law_transform(law, z, &result->m, &result->mtilde, &refused);
    result->iterations = 1;
    if (refused.status != NLRMT_OK) result->m = result->mtilde = NAN;
  }
  const method_distance d = method_measure(problem, z, result->m, result->mtilde);
  result->residual = d.residual;
  result->error = d.error;
  result->converged = d.error <= options->tolerance &&
                      cimag(result->m) > d.error * cabs(result->m) &&
                      cimag(result->mtilde) > d.error * cabs(result->mtilde);
  return NLRMT_OK;
}
