/* probe: what a mode of parallel.precision changes, measured before a run on a smaller problem of
 * the same shape, and which mode `auto` takes.
 *
 * At m' = min(m, 512), same ratios, rank 0 draws the same matrices in both arithmetics: `worst` and
 * `mean` are the largest and the mean distance of the ordered eigenvalues (the mean is the
 * Wasserstein distance of the two spectra, a bound on the change of any W1). `spread` is the mean
 * distance between two seeds over sqrt 2, in double: the Monte Carlo error of one trial. A
 * hundredth of the eigenvalues, the largest, stays out of the two means: outliers are not judged by
 * W1. Going to m, the mode's error is taken to grow as sqrt(m/m') (rounding), while the Monte Carlo
 * error falls as m'/m (rigidity) and over the trials as 1/sqrt(trials).
 */
#ifndef NLRMT_PROBE_H
#define NLRMT_PROBE_H

#include <stdio.h>

#include "nlrmt/comm.h"
#include "nlrmt/config.h"

/* Collective over comm, before anything is planned. Settles params.precision and params.probe of
 * every point of `config`: `auto` becomes the fastest mode whose error at m is below a tenth of the
 * Monte Carlo error there, double where m < 1024 or a narrow mode is not possible; the points of
 * modes single and fast are measured as well. On rank 0 a line on `stream` (NULL: none) for each
 * outcome. Where the eigenvalues cannot be computed the mode stays as asked for, unmeasured (auto:
 * double). NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_probe_config(const nlrmt_comm *comm, nlrmt_config *config, FILE *stream,
                                nlrmt_error *err);

/* Local. At the point's own m and trials: the error that the mode is taken to have (0 if it was not
 * measured), and the Monte Carlo error. */
double nlrmt_probe_error(const nlrmt_params *params);
double nlrmt_probe_monte_carlo(const nlrmt_params *params);

#endif
