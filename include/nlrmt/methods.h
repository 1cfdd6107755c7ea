/* methods: m(z), mtilde(z) at one z in C+ by ways that share no code with the law's own solver.
 *
 * They exist to check it, and to show what the papers' ways cost. Always of K. The equations are
 * Adlam-Levinson-Pennington's Thm 1; for i.i.d. data E_S in the closed form of their eqs.
 * (13)-(14).
 *
 *   newton            nlrmt_law_transform: what is checked
 *   alp13             eqs. (13)-(14), or Thm 1 for other data: Newton on the fixed point's form,
 *                     continued down from large Im z, steps halved until both half-planes hold
 *   fixed_point       the papers' iteration of Thm 1 from m = mtilde = -1/z
 *   half_averaged     the same, each step averaged with the point it started from
 * One node and i.i.d. data:
 *   quartic           roots of eq. (15) in its corrected form (docs/theory-bench.md)
 *   quartic_b         roots of Piccolo-Schroeder's quartic for g = (1/n1) tr (M - z)^-1
 *   marchenko_pastur  zeta = 0: closed form
 *   product_wishart   zeta = eta: roots of eta (1+y)(1+y/phi)(1+y psi/phi) = z y, y = -1 - z m,
 *                     from the S-transforms of the two factors
 *
 * Of a polynomial's roots the one is taken with Im m > 0, Im zm > 0, |m| <= 1/Im z, Im mtilde > 0;
 * it is then refined by at most three Newton steps on the equations themselves.
 */
#ifndef NLRMT_METHODS_H
#define NLRMT_METHODS_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/law.h"
#include "nlrmt/status.h"

typedef struct {
  double tolerance;      /* relative error of m and mtilde to be reached */
  size_t iterations_max; /* of fixed_point and half_averaged */
} nlrmt_method_options;

typedef struct {
  double complex m, mtilde;
  size_t iterations; /* evaluations of the equations, or of the polynomial */
  double residual;   /* relative, the larger of the two equations' */
  double error;      /* relative error of m, mtilde: Newton correction left + amplified rounding */
  bool converged;    /* error <= tolerance and the half-planes hold, by more than the error: by
                      * uniqueness (docs/theory.md) this is the solution, however it was found */
} nlrmt_method_result;

typedef struct nlrmt_method nlrmt_method;
struct nlrmt_method {
  const char *name;
  /* Local. Does it apply to these nodes? */
  bool (*applies)(const nlrmt_law_problem *problem);
  /* Local. Fills m, mtilde, iterations; private: call nlrmt_method_solve. */
  void (*solve)(const nlrmt_law_problem *problem, double complex z,
                const nlrmt_method_options *options, nlrmt_method_result *result);
};

/* Local. The table above, and one of its entries, NULL if there is none of that name. */
const nlrmt_method *nlrmt_methods(size_t *count);
const nlrmt_method *nlrmt_method_find(const char *name);

/* Local. m and mtilde at z, of the problem's nodes (of_m is ignored). `law` is the problem's solved
 * law, used by newton alone, which needs it; NULL for the others. Not converging is a result, not
 * an error. Errors: NLRMT_ERR_CONFIG if Im z <= 0, options are out of range, the method does not
 * apply, or newton has no law. The nodes are assumed valid (nlrmt_law_create checks them). */
nlrmt_status nlrmt_method_solve(const nlrmt_method *method, const nlrmt_law_problem *problem,
                                const nlrmt_law *law, double complex z,
                                const nlrmt_method_options *options, nlrmt_method_result *result,
                                nlrmt_error *err);

#endif
