/* trial: one draw of W, X, b and the targets -> all eigenvalues of the Gram matrix, and the
 * training errors for all ridge parameters. */
#ifndef NLRMT_TRIAL_H
#define NLRMT_TRIAL_H

#include "nlrmt/model.h"

/* Where one trial's numbers go; on every rank. */
typedef struct {
  double *lambda;         /* [n] ascending */
  double *overlap;        /* [vector_blocks^2] if spectrum.vectors wants it (vectors.h) */
  double *full;           /* [m^2] on rank 0, or NULL */
  double *drawn, *signal; /* [gammas] (ridge.h); not looked at if there are none */
  double complex *mtilde; /* [zs] (stieltjes.h) if spectrum.stieltjes_mtilde wants it */
  double *seconds;        /* [NLRMT_PHASES] largest over the ranks, phases generate to ridge */
} nlrmt_trial_out;

/* Collective over grid. Errors: NLRMT_ERR_RESOURCE; NLRMT_ERR_NUMERIC if the eigensolver or a ridge
 * parameter fails (the caller records it and goes on). */
nlrmt_status nlrmt_trial_run(const nlrmt_grid *grid, const nlrmt_params *params,
                             const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                             const char *what, nlrmt_progress *progress, const nlrmt_trial_out *out,
                             nlrmt_error *err);

/* What depth_b is given of the layers of one trial. */
typedef struct {
  double *mean;     /* [n_1 + ... + n_L] mean preactivation of every row, layer after layer */
  double *variance; /* [layers] of each layer's input, about its row means */
} nlrmt_trial_rows;

/* The same for a network of layers: out[params->shown], plan[params->shown] (nlrmt_plan_layers).
 * rows: NULL if not wanted. Errors also as nlrmt_network_advance. */
nlrmt_status nlrmt_trial_layers(const nlrmt_grid *grid, const nlrmt_params *params,
                                const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                                const char *what, nlrmt_progress *progress,
                                const nlrmt_trial_out *out, const nlrmt_trial_rows *rows,
                                nlrmt_error *err);

#endif
