/* complex_law: features F = f(WX) of complex W, X (Piccolo-Schroeder, Remark E.1).
 *
 * Entries are i.i.d. with independent real and imaginary parts of equal variance (so E w^2 = 0),
 * f: C -> C, K = F*F/n1, M = FF* /m. A pre-activation u is a circular Gaussian, E|u|^2 = sigma_z^2.
 * The law is that of the real model with eta below and the data law of
 *   zeta_plus S + zeta_minus conj(S), S = X*X/(n0 sigma_x^2) and its conjugate being free:
 * a population of two values on 2 n0 dimensions (docs/theory.md, "Complex entries").
 */
#ifndef NLRMT_COMPLEX_LAW_H
#define NLRMT_COMPLEX_LAW_H

#include <complex.h>

#include "nlrmt/law.h"

typedef struct {
  double complex (*f)(double complex u, const void *data);
  const void *data;
  size_t kinks;
  const double *kink; /* radii |u| where f is not smooth; the axes may be kinks as well */
} nlrmt_complex_function;

typedef struct {
  double complex h;  /* E f(u) */
  double eta;        /* E|f|^2 - |h|^2 */
  double zeta_plus;  /* |E conj(u) f|^2/sigma_z^2 = sigma_z^2 |E df/du|^2 */
  double zeta_minus; /* |E u f|^2/sigma_z^2 = sigma_z^2 |E df/dconj(u)|^2 */
} nlrmt_complex_moments;

/* Local. Accurate to about 1e-12 times E|f|^2; zeta_plus + zeta_minus <= eta holds exactly. Errors:
 * NLRMT_ERR_CONFIG if the integrals do not converge or sigma_z <= 0. */
nlrmt_status nlrmt_complex_moments_at(const nlrmt_complex_function *f, double sigma_z,
                                      nlrmt_complex_moments *moments, nlrmt_error *err);

/* Local. The law of K, or of M; errors as nlrmt_law_create. */
nlrmt_status nlrmt_complex_law_create(const nlrmt_complex_moments *moments, double phi, double psi,
                                      bool of_m, nlrmt_law **law, nlrmt_error *err);

#endif
