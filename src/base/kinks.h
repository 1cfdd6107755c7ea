/* kinks (private to src/base): where a function that is smooth in pieces is not smooth. */
#ifndef NLRMT_BASE_KINKS_H
#define NLRMT_BASE_KINKS_H

#include <stddef.h>

/* value[i] = f(x[i]), i < count. */
typedef void (*kinks_function)(const void *context, size_t count, const double *x, double *value);

/* Local. Jumps of f or f' in (-reach, reach), ascending, at most `most` of them: the first ones are
 * kept, the number found is returned. Places to about 1e-13 reach; kinks nearer to each other than
 * reach/500 may be taken for one. */
int kinks_find(kinks_function f, const void *context, double reach, int most, double *kink);

#endif
