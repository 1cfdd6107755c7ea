/* data_report: the measured spectrum of a data set, and how far the set is from what the theory
 * assumes: X'X/(n0 sigma_x^2) near the identity entry by entry (Adlam, Levinson and Pennington,
 * assumption 1).
 */
#ifndef NLRMT_DATA_REPORT_H
#define NLRMT_DATA_REPORT_H

#include <stdint.h>

#include "nlrmt/config.h"
#include "nlrmt/grid.h"

typedef struct {
  int64_t available;       /* samples of the classes asked for */
  uint64_t checksum;       /* of the samples chosen, as read; rank 0 */
  double mean_square;      /* of an entry, means taken away if asked for, before scaling */
  double diagonal_sd;      /* of |x|^2/(n0 sigma_x^2) over the samples; Gaussian data: sqrt(2/n0) */
  double off_diagonal_rms; /* of x'y/(n0 sigma_x^2) over pairs; Gaussian data: 1/sqrt(n0) */
  int64_t m;
  double *eigenvalue;  /* [m] of X'X/(n0 sigma_x^2), ascending, mean 1; rounding is 0; owned */
  nlrmt_error failure; /* why there are none: the eigensolver's NLRMT_ERR_NUMERIC; m is 0 then */
} nlrmt_data_report;

/* Collective over grid. x [m][n0]: the samples, scaled, on rank 0 (not looked at elsewhere). Forms
 * the smaller of X'X and XX' on the grid and solves it. Fills all but available, checksum and
 * mean_square, on every rank. A spectrum that cannot be solved is told in failure and is no error:
 * the trials do not need it. Errors: NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_data_report_make(const nlrmt_grid *grid, const nlrmt_params *params,
                                    const double *x, nlrmt_data_report *report, nlrmt_error *err);

/* Local. Most bytes that the above takes on one rank, x not included. */
size_t nlrmt_data_report_bytes(const nlrmt_params *params, int nprow, int npcol);

void nlrmt_data_report_clear(nlrmt_data_report *report);

#endif
