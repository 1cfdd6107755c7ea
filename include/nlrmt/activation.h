/* activation: the nonlinearity f(z; b), the one thing simulation and theory share.
 *
 * z is a pre-activation entry (WX)_ai, b the bias of row a. Names as in the configuration; the
 * built-in ones are functions of x = z + b:
 *   relu identity tanh erf sin abs sign step cubic leaky_relu(a) softplus gelu hermite(k)
 *   abs_centred blend(zeta) random(zeta, k)
 * leaky_relu(a)(x) = max(x,0) + a min(x,0);  step(x) = 1 for x > 0, else 0;  cubic(x) = x^3;
 * hermite(k) = He_k/sqrt(k!) (probabilists', orthonormal under N(0,1)), 0 <= k <= 32.
 *
 * With s, the standard deviation of z + b given at init, and u = x/s, these have zero mean and unit
 * second moment under x ~ N(0, s^2), hence eta = 1 there:
 *   abs_centred    c1|x| - c2, c1 = 1/(s sqrt(1-2/pi)), c2 = c1 s sqrt(2/pi) (Piccolo-Schroeder,
 *                  section 2.3); zeta = 0;
 *   blend(zeta)    sqrt(zeta) u + sqrt(1 - zeta) abs_centred(x), 0 <= zeta <= 1;
 *   random(zeta,k) sqrt(zeta) u + sqrt(1 - zeta) (a_2 He_2(u)/sqrt(2) + a_3 He_3(u)/sqrt(6)),
 *                  (a_2, a_3) the k-th of a fixed sequence of random unit vectors, uniform on the
 *                  circle, k an integer from 0 to 2^32 - 1. (Higher degrees feel the spread of the
 *                  columns' norms so much that 1/m^2 shows at m ~ 10^3: docs/ridge.md.)
 *
 * "an expression" in double quotes is evaluated by muParser: x stands for z + b, unless the
 * expression mentions b as well: then x stands for z, as in "max(x,0) + b*tanh(x)".
 */
#ifndef NLRMT_ACTIVATION_H
#define NLRMT_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/status.h"

enum { NLRMT_ACTIVATION_NAME_MAX = 160, NLRMT_KINKS_MAX = 8, NLRMT_ACTIVATION_ARGS = 6 };

typedef struct {
  int kind;                             /* which f; private to activation.c */
  bool additive;                        /* f(z; b) = f(z + b) */
  double arg[NLRMT_ACTIVATION_ARGS];    /* a, k, or the coefficients */
  char name[NLRMT_ACTIVATION_NAME_MAX]; /* as written in the configuration */
  int kinks;                            /* additive: number of x = z + b where f is not smooth */
  double kink[NLRMT_KINKS_MAX];         /* those points, ascending */
  double reach;                         /* an expression's kinks were looked for in |x| < reach */
  const void *expression;               /* private to activation.c */
} nlrmt_activation;

/* Local. Parses `name`; s > 0 is the standard deviation of z + b (used by those that are
 * normalised for it and to look for the kinks of an expression). Errors: NLRMT_ERR_CONFIG for an
 * unknown name (the nearest known one is named), a bad argument, a bad expression or one with more
 * than NLRMT_KINKS_MAX kinks. */
nlrmt_status nlrmt_activation_init(nlrmt_activation *f, const char *name, double s,
                                   nlrmt_error *err);

/* Local. f(x), x = z + b, of an additive f. */
double nlrmt_activation_eval(const nlrmt_activation *f, double x);

/* Local. The points z, ascending, where f(z; b) is not smooth; their number is returned. */
int nlrmt_activation_kinks(const nlrmt_activation *f, double b, double kink[NLRMT_KINKS_MAX]);

/* Local. z[i] <- f(z[i]; b[i]), i < count. An additive f: same bits as eval(f, z[i] + b[i]). */
void nlrmt_activation_apply(const nlrmt_activation *f, size_t count, const double *b, double *z);

/* Local. Several threads may apply it at once: not an expression. */
bool nlrmt_activation_threads(const nlrmt_activation *f);

/* Local. Comma-separated list of the built-in names, for help and messages. */
const char *nlrmt_activation_names(void);

#endif
