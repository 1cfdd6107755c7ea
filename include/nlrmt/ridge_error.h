/* ridge_error: the limiting training error of ridge regression on the features, without the law.
 *
 * Targets Y = A X + eps, n2 x m; A's entries have variance sigma_a^2/n0, eps's sigma_eps^2. The
 * minimiser of (1/(n2 m)) |Y - W2 F|^2 + (gamma n1/(n2 m)) |W2|^2 leaves the error
 *   E_train(gamma) = gamma^2 (sigma_a^2 sigma_x^2 mtilde'(-gamma) + sigma_eps^2 m'(-gamma))
 * (Adlam-Levinson-Pennington, eq. 17, whose minus sign belongs to derivatives in gamma), ' = d/dz.
 * At z = -gamma every quantity is positive; the equations and all derivatives are written without
 * differences of nearly equal numbers (docs/ridge.md), so relative errors stay below 2e-13 for all
 * gamma from 1e-12 to 1e12 times E eta, null spaces and hard edges included.
 */
#ifndef NLRMT_RIDGE_ERROR_H
#define NLRMT_RIDGE_ERROR_H

#include <stddef.h>

#include "nlrmt/law.h"
#include "nlrmt/moments.h"
#include "nlrmt/status.h"

/* sigma_x > 0, the others >= 0. sigma_a = 0: random labels; sigma_eps = 0: autoencoder. */
typedef struct {
  double sigma_a, sigma_x, sigma_eps;
} nlrmt_ridge_task;

typedef struct {
  double gamma;
  double m, mtilde;     /* transforms at z = -gamma */
  double dm, dmtilde;   /* their derivatives in z, positive */
  double signal, noise; /* the two parts of train_error */
  double train_error;
  double slope; /* d train_error / d log gamma, >= 0; error relative to train_error */
} nlrmt_ridge_point;

/* Local. out[i] at gamma[i], i < count, each solved by itself. problem->of_m is not looked at: the
 * error belongs to F. Errors: NLRMT_ERR_CONFIG as nlrmt_law_create, and for gamma not positive and
 * finite or a negative sigma; NLRMT_ERR_NUMERIC if the equations cannot be solved to 1e-12. */
nlrmt_status nlrmt_ridge_path(const nlrmt_law_problem *problem, const nlrmt_ridge_task *task,
                              size_t count, const double *gamma, nlrmt_ridge_point *out,
                              nlrmt_error *err);

/* Local. One point and d train_error / d s at s = 0 along the nodes' straight line with
 * d weight/ds, d eta/ds, d zeta/ds = direction's (same count; its h is not looked at). Nodes of
 * weight 0 are allowed. Errors as nlrmt_ridge_path. */
nlrmt_status nlrmt_ridge_derivative(const nlrmt_law_problem *problem, const nlrmt_ridge_task *task,
                                    double gamma, const nlrmt_nodes *direction,
                                    nlrmt_ridge_point *point, double *derivative, nlrmt_error *err);

/* Local. f -> c f with c such that E_b eta(b) = 1: h becomes c h, eta and zeta c^2 times
 * themselves. *factor = c. NLRMT_ERR_CONFIG if E eta is not positive and finite. */
nlrmt_status nlrmt_nodes_normalise(nlrmt_nodes *nodes, double *factor, nlrmt_error *err);

#endif
