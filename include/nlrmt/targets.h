/* targets: Y = A X + eps of ridge regression, and what is kept of them once F is known.
 *
 * Y is n2 x m; A's entries have variance sigma_a^2/n0, eps's sigma_eps^2; both are Gaussian, drawn
 * by counter like everything else (rng.h): row r of A is a vector, so is column alpha of eps.
 */
#ifndef NLRMT_TARGETS_H
#define NLRMT_TARGETS_H

#include "nlrmt/config.h"
#include "nlrmt/grid.h"
#include "nlrmt/plan.h"

/* Some rows of A. */
typedef struct {
  const nlrmt_params *params; /* borrowed */
  int trial;
  int64_t first, rows; /* rows [first, first + rows) of Y */
  double *a;           /* [rows][n0], NULL if sigma_a = 0 */
} nlrmt_targets;

/* Local. Draws the rows. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_targets_create(const nlrmt_params *params, int trial, int64_t first,
                                  int64_t rows, nlrmt_targets *targets, nlrmt_error *err);
void nlrmt_targets_clear(nlrmt_targets *targets);

/* Local. y [cols][ld] <- A X, where x [cols][n0] are columns of X. */
void nlrmt_targets_signal(const nlrmt_targets *targets, int64_t cols, const double *x, double *y,
                          int64_t ld);

/* Local. y [rows] += those rows of eps's column `sample`. */
void nlrmt_targets_noise(const nlrmt_targets *targets, int64_t sample, double *y);

/* The right-hand sides of one trial: first the rows of X (if sigma_a > 0), then those of Y, as the
 * Gram matrix A of the plan needs them:
 *   tall      B = [X; Y], count x m
 *   not tall  B = sqrt(alpha) [X; Y] F', count x n1
 * With G = (K + gamma)^-1, s = plan->scale and b a row of B from y, |gamma G y|^2 is
 *   tall      |s gamma b (A + s gamma)^-1|^2
 *   not tall  |y|^2 - b (A + s gamma)^-1 b' - s gamma |b (A + s gamma)^-1|^2. */
typedef struct {
  nlrmt_rows *rows; /* B; NULL if there are no targets */
  int64_t split;    /* rows of X */
  double norm[2];   /* squared norms of X and Y; only where they are needed: not tall */
} nlrmt_sides;

void nlrmt_sides_clear(nlrmt_sides *sides); /* local */

#endif
