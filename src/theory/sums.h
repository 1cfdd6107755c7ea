/* sums (private to src/theory): the sums over nodes that take the solver's time.
 *
 * For d_k = constant + u_k A + v_k T: rows have u = eta - zeta, v = zeta, constant = 1 and d = D;
 * data points have u = 1, v = s, constant = 0 and d = C0 + s C1.
 */
#ifndef NLRMT_THEORY_SUMS_H
#define NLRMT_THEORY_SUMS_H

#include <complex.h>
#include <stddef.h>

enum { SUMS_LANES = 8 }; /* arrays are padded to a multiple: weight 0, d of no harm */

static inline size_t sums_padded(size_t count) {
  return (count + SUMS_LANES - 1) / SUMS_LANES * SUMS_LANES;
}

/* Weighted sums of u/d, v/d, u^2/d^2, uv/d^2, v^2/d^2, and bounds of those of |u/d|, |v/d| (weights
 * that sum to 1). The same bits on every processor. */
typedef struct {
  double complex u, v, uu, uv, vv;
  double size_u, size_v;
} sums;

/* Local. w, u, v: [count], padded. */
void sums_over(size_t count, const double *w, const double *u, const double *v, double constant,
               double complex A, double complex T, sums *out);

#endif
