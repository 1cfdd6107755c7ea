/* eig: all eigenvalues of a symmetric distributed matrix, by one of several backends.
 *
 * A backend is one file with one const nlrmt_eig_backend; `auto` chooses by a measured rule.
 *   lapack     one rank only: the oracle        scalapack  PDSYNTRD + DSTERF
 *   elpa2      ELPA two-stage, if built in
 */
#ifndef NLRMT_EIG_H
#define NLRMT_EIG_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/grid.h"

typedef struct {
  double reduce_s, eigen_s; /* seconds in the reduction to tridiagonal form and after it; a backend
                               that does not separate them reports all in reduce_s */
} nlrmt_eig_times;

typedef struct {
  const char *name;
  /* Local. NULL if it can run an order-n problem on a nprow x npcol grid, else why not. */
  const char *(*refuses)(int64_t n, int block, int nprow, int npcol);
  /* Local. Workspace bytes per rank beyond the matrix itself (upper estimate, for the plan). */
  size_t (*bytes)(int64_t n, int block, int nprow, int npcol);
  /* Collective over a's grid. Destroys a (both triangles filled); lambda [n] ascending, on every
   * rank. NLRMT_ERR_NUMERIC if an entry or an eigenvalue is not finite or the solver does not
   * converge; NLRMT_ERR_RESOURCE. */
  nlrmt_status (*solve)(nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err);
} nlrmt_eig_backend;

/* Local. Backends compiled in, the count in *count. */
const nlrmt_eig_backend *const *nlrmt_eig_backends(size_t *count);

/* Local. Backend by name, "auto" included, for this problem. NLRMT_ERR_CONFIG with the backend's
 * reason. */
nlrmt_status nlrmt_eig_choose(const char *name, int64_t n, int block, int nprow, int npcol,
                              const nlrmt_eig_backend **backend, nlrmt_error *err);

#endif
