/* kernel_law: the law of K = F'F/n1 for given data and one activation without random biases.
 *
 * The rows of F are independent with the m x m second moment matrix Phi = Cov + h h' (kernel.h).
 * The deterministic equivalent (Louart, Liao, Couillet) Gbar(z) = (-z + Phi/(1 + delta))^-1, delta
 * = (1/n1) tr Phi Gbar(z),   m(z) = (1/m) tr Gbar(z) is the law alp with the one node eta = zeta
 * and the spectrum of Phi as the data's: nothing new has to be solved. Large isolated eigenvalues
 * of Phi, h h' among them, are predicted one by one (docs/kernel.md, "Spikes").
 */
#ifndef NLRMT_KERNEL_LAW_H
#define NLRMT_KERNEL_LAW_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/law.h"

enum { NLRMT_SPIKE_CLUSTER = 4 }; /* so many eigenvalues between two gaps at most are spikes */

typedef struct {
  size_t m, n1;
  size_t spikes;
  double *place;  /* [spikes] descending, owned: where K (or M) has its largest eigenvalues */
  nlrmt_law *law; /* of the m - spikes (of M: n1 - spikes) others, total mass 1, owned */
} nlrmt_kernel_law;

/* Local. mu[m]: the eigenvalues of Phi in any order, >= 0 within rounding; of_m: for M = FF'/m.
 * Compare law with a sample without its `spikes` largest eigenvalues (distance.h). Errors:
 * NLRMT_ERR_DATA for mu negative, not finite or all 0; NLRMT_ERR_NUMERIC as nlrmt_law_create;
 * NLRMT_ERR_CONFIG for n1 = 0. */
nlrmt_status nlrmt_kernel_law_create(size_t m, const double *mu, size_t n1, bool of_m,
                                     nlrmt_kernel_law *law, nlrmt_error *err);
void nlrmt_kernel_law_clear(nlrmt_kernel_law *law); /* a zeroed struct is allowed */

/* The training error of ridge regression (ridge_error.h) for given data. */
typedef struct {
  double gamma;
  double m, dm;         /* m(z) and m'(z) at z = -gamma */
  double signal, noise; /* the two parts of train_error */
  double train_error;
} nlrmt_kernel_ridge_point;

/* Local. E over A, eps and W of |Y - W2 F|^2/(n2 m), Y = A X + eps, entries of A of variance
 * sigma_a^2/n0, of eps sigma_eps^2:
 *   gamma^2 (sigma_eps^2 m'(-gamma) + sigma_a^2 d/dz (1/m) tr(X'X/n0 Gbar)(-gamma)).
 * mu[m], c[m]: eigenvalues mu_i of Phi and c_i = v_i'(X'X/n0) v_i, v_i their eigenvectors (c NULL:
 * sigma_a is not looked at). Sums of positive terms only. Errors: NLRMT_ERR_CONFIG for gamma not
 * positive and finite or n1 = 0; NLRMT_ERR_DATA for mu or c negative or not finite. */
nlrmt_status nlrmt_kernel_ridge(size_t m, const double *mu, const double *c, size_t n1,
                                double sigma_a, double sigma_eps, size_t count, const double *gamma,
                                nlrmt_kernel_ridge_point *out, nlrmt_error *err);

#endif
