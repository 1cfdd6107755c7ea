/* complex_list: lists of complex numbers in a configuration: "0.5+0.1i, -1, linspace(0,4,5)+0.1i".
 * Private to the configuration. Local: no communication.
 */
#ifndef NLRMT_COMPLEX_LIST_H
#define NLRMT_COMPLEX_LIST_H

#include <complex.h>
#include <stddef.h>

#include "nlrmt/status.h"

/* The whole list into *z [*count], malloc'd, the caller's; NULL on an error. An item is a real
 * number or REAL+IMAGi (REAL may be left out); each of the two is a number or a logspace or
 * linspace of values.h, and of two ranges every pair is taken, the imaginary parts running fastest.
 * Errors, the reason alone: NLRMT_ERR_CONFIG for anything else, for z neither in the upper half
 * plane nor on the negative real axis, and for more than NLRMT_ZS_MAX of them; NLRMT_ERR_RESOURCE.
 */
enum { NLRMT_ZS_MAX = 10000 };
nlrmt_status nlrmt_complex_list(const char *text, double complex **z, size_t *count,
                                nlrmt_error *err);

#endif
