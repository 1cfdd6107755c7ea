/* kernel: the covariance of a row of features given the data, for one bias value.
 *
 * For samples x_1 .. x_m, Gram entries g_ab = x_a'x_b/n0 and w ~ N(0, sigma_w^2/n0), a row of F is
 * f(w'X; b) with mean h and covariance Phi,
 *   h(a) = E f(s_a N; b),   Phi(a, b) = Cov(f(w'x_a; b), f(w'x_b; b)) = sum_{k>=1} c_k(a) c_k(b)
 * r^k, s_a = sigma_w g_aa^(1/2), r = g_ab/(g_aa g_bb)^(1/2), c_k(a) = E f(s_a N; b)
 * He_k(N)/(k!)^(1/2) (docs/kernel.md). Nothing is assumed of the data. The diagonal is the exact
 * variance. Closed forms are used for b = 0 and f = erf or f = const + j sign x + u|x| + v x (relu,
 * leaky_relu, abs, sign, step, identity, blend, and expressions of that shape); series otherwise,
 * whose coefficients come from quadrature split at the kinks of f.
 */
#ifndef NLRMT_KERNEL_H
#define NLRMT_KERNEL_H

#include <stddef.h>

#include "nlrmt/activation.h"
#include "nlrmt/status.h"

enum { NLRMT_KERNEL_TERMS = 1024 }; /* of the series, at most */

typedef struct nlrmt_kernel nlrmt_kernel;

typedef struct {
  const nlrmt_activation *f; /* copied */
  double sigma_w, b;
  double r_max;    /* largest |r| off the diagonal, at most 1: decides the number of terms */
  double accuracy; /* wanted of an entry, relative to the mean variance; 1e-8, say */
} nlrmt_kernel_options;

/* Local. g[m]: the Gram matrix's diagonal. Time: about m terms 1100 multiplications; memory: m
 * terms doubles. Errors: NLRMT_ERR_CONFIG for options out of range or if E f^2 diverges,
 * NLRMT_ERR_DATA for g not finite or negative, NLRMT_ERR_RESOURCE. A sample with g = 0 has the
 * constant feature f(0; b).
 */
nlrmt_status nlrmt_kernel_create(const nlrmt_kernel_options *options, size_t m, const double *g,
                                 nlrmt_kernel **kernel, nlrmt_error *err);
void nlrmt_kernel_destroy(nlrmt_kernel **kernel);

/* Local. out[j] = Phi(a, column[j]), j < count, from gram[j] = g_(a, column[j]); column NULL: 0 ..
 * count - 1. column[j] = a gives the variance. Returns a bound of the largest absolute error of the
 * truncated series in this row (0 for closed forms). Different rows may be filled at a time. */
double nlrmt_kernel_row(const nlrmt_kernel *kernel, size_t a, size_t count, const size_t *column,
                        const double *gram, double *out);

const double *nlrmt_kernel_means(const nlrmt_kernel *kernel);     /* h [m], borrowed */
const double *nlrmt_kernel_variances(const nlrmt_kernel *kernel); /* Phi(a, a) [m], borrowed */
size_t nlrmt_kernel_terms(const nlrmt_kernel *kernel); /* of the series; 0: closed form */

#endif
