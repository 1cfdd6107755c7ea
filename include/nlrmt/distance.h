/* distance: exact distances between a sample and a solved law, without bins.
 *
 * The sample has `zeros` structural zeros and n sorted eigenvalues, each of weight 1/(zeros + n).
 * Eigenvalues up to 1e-13 of the law's right edge, negative ones included, count as zeros too.
 */
#ifndef NLRMT_DISTANCE_H
#define NLRMT_DISTANCE_H

#include <stddef.h>

#include "nlrmt/law.h"

/* Local. W1 = integral of |F_n - F|, exact up to the accuracy of the law's cdf. lambda ascending
 * [n]. */
double nlrmt_distance_wasserstein1(const nlrmt_law *law, size_t zeros, size_t n,
                                   const double *lambda);

/* Local. The part of it up to `cut` >= 0, for F = mass times the law's: integral over [0, cut] of
 * |F_n - mass F|, the sample whole. mass in (0, 1]: what a law without its spikes lacks is beyond
 * the cut. */
double nlrmt_distance_bulk(const nlrmt_law *law, double mass, double cut, size_t zeros, size_t n,
                           const double *lambda);

/* Local. sup |F_n - F|, both sides of every jump, the atom at 0 included. */
double nlrmt_distance_kolmogorov(const nlrmt_law *law, size_t zeros, size_t n,
                                 const double *lambda);

/* Local. Mean and standard error of x[n]; se = 0 for n < 2. */
void nlrmt_mean_se(size_t n, const double *x, double *mean, double *se);

#endif
