/* network: the layers of one trial, each distributed and made from the one before.
 *
 * Y_0 = X, Y_l = c_l f(W_l Y_(l-1) + b_l), n_l x m, with W_l, b_l drawn afresh (rng.h, layer l -
 * 1); c_l is the scale of activation.normalize, or with batch norm what makes Y_l's empirical
 * variance
 * 1. G_l = Y_l where the plan is tall, else Y_l'; its rows (the streamed index) lie over the
 * process rows in blocks of plan->piece, its columns (the stored one) over the process columns in
 * blocks of plan->block. Every rank multiplies with the part of the inner dimension that it holds,
 * and the sums are scattered to where the next layer needs them: no layer is gathered anywhere.
 * Words received per rank and layer: n_l m/npcol (tall) or n_l m/nprow; kept: (n_(l-1) + n_l) m/P.
 */
#ifndef NLRMT_NETWORK_H
#define NLRMT_NETWORK_H

#include "nlrmt/grid.h"
#include "nlrmt/plan.h"
#include "nlrmt/samples.h"
#include "nlrmt/targets.h"

typedef struct nlrmt_network nlrmt_network;

/* What depth_b is given of one layer. */
typedef struct {
  double *mean; /* [n_l] mean over the samples of each row of W_l Y_(l-1) + b_l; borrowed from the
                   network until its next layer */
  double variance; /* of Y_(l-1)'s entries about their row means */
} nlrmt_network_layer;

/* Collective over grid. Draws Y_0 = X; plan: of any layer of the point (nlrmt_plan_layers).
 * *network is the caller's, NULL on an error: NLRMT_ERR_RESOURCE. params, plan, samples are
 * borrowed. */
nlrmt_status nlrmt_network_create(const nlrmt_grid *grid, const nlrmt_params *params,
                                  const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                                  nlrmt_network **network, nlrmt_error *err);

/* Collective. The next layer takes the place of the last one; *layer tells of it. Errors:
 * NLRMT_ERR_RESOURCE; NLRMT_ERR_CONFIG for batch norm of a layer without variance. */
nlrmt_status nlrmt_network_advance(nlrmt_network *network, nlrmt_network_layer *layer,
                                   nlrmt_error *err);

/* Collective. The Gram matrix of the present layer, alpha G'G, and the right-hand sides of ridge
 * regression on it (empty if none are asked for): as nlrmt_model_gram's. plan: of this layer. */
nlrmt_status nlrmt_network_gram(nlrmt_network *network, const nlrmt_plan *plan, nlrmt_dmat **a,
                                nlrmt_sides *sides, nlrmt_error *err);

void nlrmt_network_destroy(nlrmt_network **network); /* local; NULL is allowed */

/* Local. Bytes that a rank keeps of the layers, and takes besides while one is made. */
size_t nlrmt_network_bytes(const nlrmt_params *params, const nlrmt_plan *plan);

#endif
