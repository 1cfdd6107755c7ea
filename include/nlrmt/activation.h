/* activation: the nonlinearity f(z; b) = f(z + b), the one thing simulation and theory share.
 *
 * z is a pre-activation entry (WX)_ai, b the bias of row a. Names as in the configuration:
 *   relu identity tanh erf sin abs sign step cubic leaky_relu(a) softplus gelu hermite(k)
 * abs_centred leaky_relu(a)(x) = max(x,0) + a min(x,0);  step(x) = 1 for x > 0, else 0;  cubic(x) =
 * x^3; hermite(k) = He_k/sqrt(k!) (probabilists', orthonormal under N(0,1)), 0 <= k <= 32;
 * abs_centred(x) = c1|x| - c2 with zero mean and unit second moment under N(0, s^2), where
 * c1 = 1/(s sqrt(1-2/pi)), c2 = c1 s sqrt(2/pi) (Piccolo-Schroeder, section 2.3); s is given at
 * init.
 */
#ifndef NLRMT_ACTIVATION_H
#define NLRMT_ACTIVATION_H

#include <stddef.h>

#include "nlrmt/status.h"

enum { NLRMT_ACTIVATION_NAME_MAX = 64 };

typedef struct {
  int kind;                             /* which f; private to activation.c */
  double arg[2];                        /* a, k, or c1 and c2 */
  char name[NLRMT_ACTIVATION_NAME_MAX]; /* as written in the configuration */
  int kinks;                            /* number of points of x = z + b where f is not smooth */
  double kink[2];                       /* those points, ascending */
} nlrmt_activation;

/* Local. Parses `name`; s > 0 is the standard deviation of z + b (used by abs_centred only).
 * Errors: NLRMT_ERR_CONFIG for an unknown name (the nearest known one is named) or a bad argument.
 */
nlrmt_status nlrmt_activation_init(nlrmt_activation *f, const char *name, double s,
                                   nlrmt_error *err);

/* Local. f(x), x = z + b. */
double nlrmt_activation_eval(const nlrmt_activation *f, double x);

/* Local. z[i] <- f(z[i] + b[i]), i < count. Same bits as nlrmt_activation_eval(f, z[i] + b[i]). */
void nlrmt_activation_apply(const nlrmt_activation *f, size_t count, const double *b, double *z);

/* Local. Comma-separated list of known names, for help and messages. */
const char *nlrmt_activation_names(void);

#endif
