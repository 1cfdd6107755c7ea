/* method_map (private to src/theory): Thm 1 as a fixed point (m, t) -> (m, t), t = mtilde, for the
 * methods that check the law's solver. With D = 1 + rho (zeta t + (eta - zeta) m), rho = psi/phi,
 *   C0 = -z + E_B[(eta - zeta)/D],  C1 = E_B[zeta/D],
 *   m <- E_S[1/(C0 + S C1)],  t <- E_S[S/(C0 + S C1)] = (1 - C0 m)/C1.
 * I.i.d. data: E_S in closed form, m the root in C+ of C0 C1 m^2 + (phi C0 + (phi - 1) C1) m = phi
 * (Adlam-Levinson-Pennington's 13), t = m/(1 + C1 m/phi) (their 14). A discrete spectrum: the sum
 * as it stands. A population tau: e = E[tau/(1 + tau C1 m/phi)], m <- 1/(C0 + C1 e), t <- m e,
 * since S's own transform s(w) solves 1/s = -w + E[tau/(1 + tau s/phi)].
 */
#ifndef NLRMT_THEORY_METHOD_MAP_H
#define NLRMT_THEORY_METHOD_MAP_H

#include <complex.h>

#include "nlrmt/law.h"

/* How far (m, t) is from the solution, to first order. */
typedef struct {
  double residual;       /* relative, of both equations */
  double error;          /* relative error of m, t: (1 - J)^-1 applied to residual and rounding */
  double complex dm, dt; /* Newton's correction */
} method_distance;

/* One step of the iteration. m, t in C+. */
void method_map(const nlrmt_law_problem *problem, double complex z, double complex *m,
                double complex *t);

method_distance method_measure(const nlrmt_law_problem *problem, double complex z, double complex m,
                               double complex t);

#endif
