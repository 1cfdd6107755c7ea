/* expression (private to src/base): a formula in x and b, evaluated by muParser.
 *
 * Functions are muParser's (sin cos tan asin … sinh … exp ln log2 log10 sqrt abs sign min max, ?:
 * and comparisons) and erf, erfc, relu. A parsed expression lives until the program ends, or
 * expression_forget: a configuration has few, and its parameters are copied freely.
 */
#ifndef NLRMT_BASE_EXPRESSION_H
#define NLRMT_BASE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/status.h"

typedef struct expression expression;

/* Local. The parsed form of `text`; NULL and NLRMT_ERR_CONFIG with muParser's reason if it is not
 * one. */
const expression *expression_get(const char *text, nlrmt_error *err);

/* Local. Does b occur in it? */
bool expression_uses_b(const expression *e);

/* Local. value[i] = e(x[i], b[i]), i < count; value may be x. */
void expression_eval(const expression *e, size_t count, const double *x, const double *b,
                     double *value);

/* Local. Frees every expression; no activation that came of one may be used any more. For programs
 * that read configurations without end. */
void expression_forget(void);

#endif
