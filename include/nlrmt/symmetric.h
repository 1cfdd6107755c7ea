/* symmetric: all eigenvalues, and eigenvectors, of a symmetric matrix on one rank (LAPACK's
 * dsyevd). */
#ifndef NLRMT_SYMMETRIC_H
#define NLRMT_SYMMETRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/status.h"

/* Local. a [n][n], both triangles, overwritten: with its eigenvectors, one a row a[i], if asked
 * for. lambda [n] ascending. n <= 32000. Takes 16 n^2 bytes more for the eigenvectors. Errors:
 * NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC. */
nlrmt_status nlrmt_symmetric_eigen(size_t n, bool vectors, double *a, double *lambda,
                                   nlrmt_error *err);

#endif
