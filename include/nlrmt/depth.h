/* depth: the laws of a network's layers, one after another: `depth` and `depth_b`.
 *
 * Y_0 = X, Y_l = f(W_l Y_(l-1) + b_l), K_l = Y_l' Y_l/n_l, fresh W_l and b_l in each layer. Split
 * Y_(l-1) into the means of its rows (over the samples), of mean square r, and the rest, of
 * variance q. In layer l the means act as one more Gaussian bias, N(0, sigma_w^2 r), which all
 * samples share; the rest are data with the law S = mu_(l-1)/q and sigma_z^2 = sigma_w^2 q,
 * mu_(l-1) the law of K_(l-1) without its outlier. Adlam-Levinson-Pennington's Thm 1 then gives
 * mu_l (docs/depth.md); q_l = E_b eta,  r_l = E_b h^2,   both times c^2 with batch norm, as is
 * mu_l, c^2 = 1/(q_l + r_l - (E_b h)^2). One layer without batch norm: `alp`. All functions are
 * local.
 */
#ifndef NLRMT_DEPTH_H
#define NLRMT_DEPTH_H

#include <stddef.h>

#include "nlrmt/config.h"
#include "nlrmt/laws.h"

/* What is measured of one layer of one trial, for depth_b. */
typedef struct {
  size_t rows;        /* n_l */
  const double *mean; /* [rows] each row's mean over the samples of W_l Y_(l-1) + b_l */
  double variance;    /* of the entries of Y_(l-1) about their row means, after batch norm */
} nlrmt_depth_given;

/* One layer's law and what it passes on. */
typedef struct {
  nlrmt_law_statement of; /* what `law` solves: sigma_x^2 is the variance of its input; sigma_w
                             times it is sigma_z. Points into itself: do not move */
  nlrmt_law *law;         /* of K or M, by params->matrix */
  double q, r;            /* variance within rows and mean square of row means of Y_l */
} nlrmt_depth_layer;

/* The laws of layers 1 .. layers of the point `params` (any layer of it, see nlrmt_params_layer).
 * given: NULL for the limit law `depth`, else [layers], the measurements of `trial`, for depth_b;
 * the rows' components are those drawn in that trial. out[layers]: clear it also after an error.
 * Errors: as nlrmt_laws_solve; NLRMT_ERR_CONFIG for variances that over- or underflow with depth,
 * f without variance under batch norm, an f that is not a function of z + b beyond one layer. */
nlrmt_status nlrmt_depth_solve(const nlrmt_params *params, int layers,
                               const nlrmt_depth_given *given, int trial, nlrmt_depth_layer *out,
                               nlrmt_error *err);
void nlrmt_depth_clear(int layers, nlrmt_depth_layer *out);

/* States the law `depth` of the layer params->layer; the layers before it are solved. Errors as
 * above. Clear it with nlrmt_laws_state_clear, also after an error. */
nlrmt_status nlrmt_depth_state(const nlrmt_params *params, nlrmt_law_statement *statement,
                               nlrmt_error *err);

#endif
