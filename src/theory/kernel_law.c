/* With x = lambda (1 + delta) the equivalent is lambda = x (1 + (1/n1) sum mu_i/(x - mu_i)): real x
 * with dlambda/dx > 0 are gaps (docs/kernel.md, "Spikes"). */
#include "nlrmt/kernel_law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEWTON_STEPS = 200 };

static const double ROUNDING =
    1e-12; /* of the largest eigenvalue: negative ones up to this are 0 */

static int descending(const void *x, const void *y) {
  const double a = *(const double *)x, b = *(const double *)y;
  return (a < b) - (a > b);
}

/* A copy of mu without rounding below 0; NULL and *err on errors. */
static double *checked(size_t m, const double *mu, size_t n1, nlrmt_error *err) {
  double largest = 0;
  if (m == 0 || n1 == 0) {
    nlrmt_fail(err, NLRMT_ERR_CONFIG, "kernel law: m=%zu, n1=%zu: must be at least 1", m, n1);
    return NULL;
  }
  for (size_t i = 0; i < m; i++) largest = fmax(largest, mu[i]);
  for (size_t i = 0; i < m; i++)
    if (!(mu[i] >= -ROUNDING * largest && isfinite(mu[i])) || !(largest > 0)) {
      nlrmt_fail(
          err, NLRMT_ERR_DATA,
          "kernel law: eigenvalue %zu of the kernel is %g, the largest %g: must be finite, >= "
          "0 and not all 0, check the data",
          i, mu[i], largest);
      return NULL;
    }
  double *copy = malloc(m * sizeof *copy);
  if (!copy) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "kernel law: %zu samples: out of memory", m);
  for (size_t i = 0; copy && i < m; i++) copy[i] = fmax(mu[i], 0);
  return copy;
}

/* Is mu[s - 1] outside what the smaller eigenvalues mu[s ..] make, dlambda/dx > 0 there? */
static bool gap_below(size_t m, const double *mu, size_t s, double n1) {
  double sum = 0;
  for (size_t i = s; i < m && sum < n1; i++) {
    const double ratio = mu[i] / (mu[s - 1] - mu[i]);
    sum += ratio * ratio;
  }
  return sum < n1;
}

/* Number of leading eigenvalues (mu descending) that come in clusters of a few between gaps. */
static size_t count_spikes(size_t m, const double *mu, size_t n1) {
  size_t spikes = 0;
  for (size_t s = 1; s <= spikes + NLRMT_SPIKE_CLUSTER && s + 1 < m && s + 1 < n1; s++)
    if (gap_below(m, mu, s, (double)n1)) spikes = s;
  return spikes;
}

/* x = mu_s in the equivalent of the eigenvalues that are no spikes. */
static double spike_place(size_t m, const double *mu, size_t spikes, size_t s, double n1) {
  double sum = 0;
  for (size_t i = spikes; i < m; i++) sum += mu[i] / (mu[s] - mu[i]);
  return mu[s] * (1 + sum / n1);
}

/* The rest as a law: what is orthogonal to the spikes has m - s columns and n1 - s rows, but K is
 * still divided by n1 (and M by m). */
static nlrmt_status make_bulk(size_t m, const double *mu, size_t n1, bool of_m, size_t spikes,
                              nlrmt_law **law, nlrmt_error *err) {
  const double cols = (double)(m - spikes), rows = (double)(n1 - spikes);
  nlrmt_data_law data;
  double mean;
  if (nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, m - spikes, mu + spikes, NULL, &data, &mean,
                            err) != NLRMT_OK)
    return err->status;
  double weight = 1, h = 0, eta = mean * (of_m ? cols / (double)m : rows / (double)n1);
  const nlrmt_nodes node = {1, &weight, &h, &eta, &eta};
  const nlrmt_law_problem problem = {
      .phi = 1, .psi = cols / rows, .nodes = &node, .of_m = of_m, .data = &data};
  const nlrmt_status status = nlrmt_law_create(&problem, law, err);
  nlrmt_data_law_clear(&data);
  return status;
}

nlrmt_status nlrmt_kernel_law_create(size_t m, const double *mu, size_t n1, bool of_m,
                                     nlrmt_kernel_law *law, nlrmt_error *err) {
  *law = (nlrmt_kernel_law){.m = m, .n1 = n1};
  double *sorted = checked(m, mu, n1, err);
  if (!sorted) return err->status;
  qsort(sorted, m, sizeof *sorted, descending);
  law->spikes = count_spikes(m, sorted, n1);
  law->place = malloc((law->spikes + 1) * sizeof *law->place);
  nlrmt_status status = law->place
                            ? make_bulk(m, sorted, n1, of_m, law->spikes, &law->law, err)
                            : nlrmt_fail(err, NLRMT_ERR_RESOURCE, "kernel law: out of memory");
  const double unit = of_m ? (double)n1 / (double)m : 1;
  for (size_t s = 0; status == NLRMT_OK && s < law->spikes; s++)
    law->place[s] = unit * spike_place(m, sorted, law->spikes, s, (double)n1);
  free(sorted);
  if (status != NLRMT_OK) nlrmt_kernel_law_clear(law);
  return status;
}

void nlrmt_kernel_law_clear(nlrmt_kernel_law *law) {
  free(law->place);
  nlrmt_law_destroy(&law->law);
  *law = (nlrmt_kernel_law){0};
}

/* q(tau) = (1/n1) sum tau/(tau + mu_i) + 1 - m/n1 = 1/(1 + delta) at gamma = tau q, and dq/dlog
 * tau. */
static double inverse_d(size_t m, const double *mu, double n1, double tau, double *slope) {
  double sum = 0;
  *slope = 0;
  for (size_t i = 0; i < m; i++) {
    const double y = tau / (tau + mu[i]);
    sum += y, *slope += y * (1 - y);
  }
  *slope /= n1;
  return (n1 - (double)m + sum) / n1;
}

/* tau > 0 with tau q(tau) = gamma. log(tau q) increases in log tau where q > 0: Newton inside a
 * bracket. */
static bool solve_tau(size_t m, const double *mu, double n1, double gamma, double *tau) {
  double mean = 0, slope;
  for (size_t i = 0; i < m; i++) mean += mu[i] / n1;
  double lo = log(gamma), hi = log(gamma + mean), x = hi; /* q <= 1 and tau q >= tau - mean */
  for (int k = 0; k < NEWTON_STEPS; k++) {
    const double q = inverse_d(m, mu, n1, exp(x), &slope);
    const double f = q > 0 ? x + log(q) - log(gamma) : -INFINITY;
    if (f < 0) lo = x;
    if (f > 0) hi = x;
    double next = q > 0 ? x - f / (1 + slope / q) : -INFINITY;
    if (!(next > lo && next < hi)) next = fabs(f) < 1e-13 ? x : (lo + hi) / 2;
    const bool rests = fabs(next - x) < 1e-15 * fmax(1, fabs(x)) || hi - lo < 1e-15;
    x = next;
    if (rests) {
      *tau = exp(x);
      return true;
    }
  }
  return false;
}

/* With D = 1 + delta, y_i = gamma g_i = tau/(tau + mu_i) and kappa = delta'/D^2,
 * gamma^2 Gbar' = sum v_i v_i' y_i^2 (1 + mu_i kappa): docs/kernel.md, "The training error". */
static void ridge_sums(size_t m, const double *mu, const double *c, double n1, double gamma,
                       double tau, double *trace, double *noise, double *signal) {
  double spread;
  const double q = gamma / tau;
  inverse_d(m, mu, n1, tau, &spread);
  const double kappa = spread / ((q + spread) * tau);
  *trace = *noise = *signal = 0;
  for (size_t i = 0; i < m; i++) {
    const double y = tau / (tau + mu[i]), term = y * y * (1 + mu[i] * kappa) / (double)m;
    *trace += y / (double)m;
    *noise += term;
    if (c) *signal += c[i] * term;
  }
}

nlrmt_status nlrmt_kernel_ridge(size_t m, const double *mu, const double *c, size_t n1,
                                double sigma_a, double sigma_eps, size_t count, const double *gamma,
                                nlrmt_kernel_ridge_point *out, nlrmt_error *err) {
  double *values = checked(m, mu, n1, err);
  nlrmt_status status = values ? NLRMT_OK : err->status;
  for (size_t i = 0; c && status == NLRMT_OK && i < m; i++)
    if (!(c[i] >= 0 && isfinite(c[i])))
      status = nlrmt_fail(err, NLRMT_ERR_DATA,
                          "kernel ridge: v'(X'X/n0)v=%g for vector %zu: must be "
                          "finite and >= 0, check the data",
                          c[i], i);
  for (size_t g = 0; status == NLRMT_OK && g < count; g++) {
    double tau = 0, trace, noise, signal;
    if (!(gamma[g] > 0 && isfinite(gamma[g])))
      status = nlrmt_fail(err, NLRMT_ERR_CONFIG,
                          "kernel ridge: gamma=%g: must be positive and finite", gamma[g]);
    else if (!solve_tau(m, values, (double)n1, gamma[g], &tau))
      status = nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                          "kernel ridge: gamma=%g: cannot be solved in double precision, choose a "
                          "larger gamma",
                          gamma[g]);
    if (status != NLRMT_OK) break;
    ridge_sums(m, values, c, (double)n1, gamma[g], tau, &trace, &noise, &signal);
    out[g] = (nlrmt_kernel_ridge_point){.gamma = gamma[g],
                                        .m = trace / gamma[g],
                                        .dm = noise / gamma[g] / gamma[g],
                                        .signal = c ? sigma_a * sigma_a * signal : 0,
                                        .noise = sigma_eps * sigma_eps * noise};
    out[g].train_error = out[g].signal + out[g].noise;
  }
  free(values);
  return status;
}
