/* surrogate: the linear model that has the limiting spectrum of F (Adlam-Levinson-Pennington, eq.
 * 40), drawn in place of F with model.surrogate = linear.
 *
 *   F_lin[a, mu] = sqrt(zeta_a) z[a, mu]/sigma_z + sqrt(eta_a - zeta_a) N[a, mu],   z = WX
 *
 * eta_a, zeta_a are those of row a's own bias and activation, W is Gaussian whatever model.entries
 * says, N has independent standard normal entries (rng.h, NLRMT_MATRIX_N: one vector a column mu,
 * component a). This is the one place where the simulation takes numbers from the theory: here they
 * define what is simulated. F_lin has no row means, so no outlier is predicted for it (laws.h).
 */
#ifndef NLRMT_SURROGATE_H
#define NLRMT_SURROGATE_H

#include "nlrmt/comm.h"
#include "nlrmt/config.h"

/* Collective over comm. For all rows a of `trial`, on every rank: linear[n1] =
 * sqrt(zeta_a)/sigma_z, noise[n1] = sqrt(eta_a - zeta_a). Errors: NLRMT_ERR_CONFIG for moments that
 * diverge, NLRMT_ERR_RESOURCE, and those of a data.path of eigenvalues. */
nlrmt_status nlrmt_surrogate_rows(const nlrmt_comm *comm, const nlrmt_params *params, int trial,
                                  double *linear, double *noise, nlrmt_error *err);

/* Local. out[i] = N[first + i, mu], i < count. */
void nlrmt_surrogate_noise(const nlrmt_params *params, int trial, int64_t mu, int64_t first,
                           int64_t count, double *out);

#endif
