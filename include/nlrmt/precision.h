/* precision: entries of W and X, preactivations and features in the formats of the modes of
 * parallel.precision.
 *
 *            entries of W, X     preactivations      features, Gram matrix
 *   double   double              double              double
 *   single   float               float               float
 *   fast     int8: the lattice's integers; exact int32 sums; float
 * A preactivation and its feature take the same place: the feature is made in place. f itself is
 * always evaluated in double. All functions are local; the mode is one of the three.
 */
#ifndef NLRMT_PRECISION_H
#define NLRMT_PRECISION_H

#include <stddef.h>

#include "nlrmt/activation.h"
#include "nlrmt/config.h"

size_t nlrmt_precision_entry(nlrmt_precision mode);   /* bytes of an entry of W or X */
size_t nlrmt_precision_feature(nlrmt_precision mode); /* bytes of a preactivation or feature */

/* Entries from one vector of W or X, of n0 entries, to the next. In mode fast an odd number of
 * cache lines: where it is a multiple of a large power of two, as n0 often is, the vectors fall on
 * the same few sets of the cache, for 10 % of the product's time. */
int64_t nlrmt_precision_stride(nlrmt_precision mode, int64_t n0);

/* Z = A'B: as nlrmt_gemm_tn, in the mode's formats and with its stride. */
void nlrmt_precision_multiply(nlrmt_precision mode, int64_t rows, int64_t cols, int64_t inner,
                              const void *a, const void *b, void *z, int64_t ldz);

/* What an integer preactivation is to be multiplied by; 1 in the other modes. */
double nlrmt_precision_step(const nlrmt_params *params);

/* z[count] <- f(step z, bias), in place. bias: [count]. */
void nlrmt_precision_apply(nlrmt_precision mode, double step, const nlrmt_activation *f,
                           size_t count, const double *bias, void *z);

#endif
