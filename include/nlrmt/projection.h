/* projection: where between two laws a sample lies, as one number.
 *
 * With D = F_b - F_a the difference of the laws' distribution functions and F_n the sample's,
 *   s = integral of (F_n - F_a) D / integral of D^2:
 * 0 in expectation up to O(1/n) if the sample follows a, 1 if it follows b. It is a linear
 * statistic of the eigenvalues, mean of H(lambda) with H' = -D, so it fluctuates like 1/n and its
 * bias falls like 1/n: the part of F_n - F_a that does not point from a to b is left out, where
 * W1, an integral of an absolute value, adds it up. */
#ifndef NLRMT_PROJECTION_H
#define NLRMT_PROJECTION_H

#include <stddef.h>

#include "nlrmt/law.h"

typedef struct {
  double statistic;  /* s; 0 where the laws coincide: separation below 1e-8 of the right edge */
  double separation; /* integral of |F_b - F_a|, W1 between the laws, in units of lambda */
  double weight;     /* integral of (F_b - F_a)^2, 0 where they coincide; the variance of s is about
                        constant/weight */
} nlrmt_projection;

/* Local. The sample as in distance.h: `zeros` structural zeros and n eigenvalues lambda[n] (any
 * order), each of weight 1/(zeros + n). Exact in the sample; the laws alone by a quadrature that
 * moves s by 1e-4 at most for separations down to 1e-4 of the mean. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_project(const nlrmt_law *a, const nlrmt_law *b, size_t zeros, size_t n,
                           const double *lambda, nlrmt_projection *projection, nlrmt_error *err);

#endif
