/* eig: all eigenvalues of a symmetric distributed matrix, or its tridiagonal form together with
 * rotated right-hand sides, by one of several backends.
 *
 * A backend is one file with one const nlrmt_eig_backend; `auto` chooses by a measured rule.
 *   lapack     one rank only: the oracle        scalapack  PDSYNTRD + DSTERF
 *   elpa2      ELPA two-stage, if built in
 *   band       two-stage, eigenvalues alone, in double or single precision
 */
#ifndef NLRMT_EIG_H
#define NLRMT_EIG_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/grid.h"

typedef struct {
  double reduce_s, eigen_s; /* seconds in the reduction to tridiagonal form and after it; a backend
                               that does not separate them reports all in reduce_s */
  double band_s;            /* of reduce_s: up to a band matrix; 0 if the backend knows none */
} nlrmt_eig_times;

typedef struct {
  const char *name;
  bool single; /* takes matrices in single precision too (the nlrmt_dmat's s) */
  bool rows;   /* reduce takes right-hand sides */
  bool lower;  /* solve looks at the blocks on the diagonal and below it alone */
  bool band;   /* two stages, by way of a band matrix: not slowed by memory beyond the cache */
  /* Local. NULL if it can run an order-n problem on a nprow x npcol grid, else why not. */
  const char *(*refuses)(int64_t n, int block, int nprow, int npcol);
  /* Local. Workspace bytes per rank beyond the matrix itself (upper estimate, for the plan): of
   * solve, or of reduce with `count` > 0 right-hand sides, those not included. */
  size_t (*bytes)(int64_t n, int block, int nprow, int npcol, int64_t count);
  /* Collective over a's grid. Destroys a (both triangles filled, see `lower`); lambda [n]
   * ascending, on every rank. NLRMT_ERR_NUMERIC if an entry or an eigenvalue is not finite or the
   * solver does not converge; NLRMT_ERR_RESOURCE. */
  nlrmt_status (*solve)(nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err);
  /* Collective over a's grid. T = Q'AQ tridiagonal (diagonal, if the backend goes that far), its
   * diagonal d [n] and off-diagonal e [max(1, n - 1)] on every rank; c <- c Q where c, on the same
   * grid with the same n and block, is not NULL. Destroys a. Errors as solve's. */
  nlrmt_status (*reduce)(nlrmt_dmat *a, nlrmt_rows *c, double *d, double *e, nlrmt_eig_times *times,
                         nlrmt_error *err);
} nlrmt_eig_backend;

/* Local. Backends compiled in, the count in *count. */
const nlrmt_eig_backend *const *nlrmt_eig_backends(size_t *count);

/* Local. Backend by name, "auto" included, for this problem: eigenvalues alone, or with right-hand
 * sides; the matrix in double or `single` precision. NLRMT_ERR_CONFIG with the backend's reason. */
nlrmt_status nlrmt_eig_choose(const char *name, int64_t n, int block, int nprow, int npcol,
                              bool rows, bool single, const nlrmt_eig_backend **backend,
                              nlrmt_error *err);

/* Collective over a's grid. backend->solve, of a matrix in single precision in double where the
 * backend has no single. */
nlrmt_status nlrmt_eig_solve(const nlrmt_eig_backend *backend, nlrmt_dmat *a, double *lambda,
                             nlrmt_eig_times *times, nlrmt_error *err);

/* Collective over c's grid. After reduce, the rest of the way: T = Z diag(lambda) Z', d [n] <-
 * lambda ascending, c <- c Z; rows of c are then rows of the original c times the eigenvectors. e
 * is destroyed. NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC. */
nlrmt_status nlrmt_eig_finish_rows(nlrmt_rows *c, double *d, double *e, nlrmt_error *err);

/* Local. d[n] <- eigenvalues, ascending, of the tridiagonal matrix with diagonal d and off-diagonal
 * e[n - 1] (destroyed). NLRMT_ERR_NUMERIC if an entry is not finite or DSTERF fails. */
void nlrmt_eig_tridiagonal(int64_t n, double *d, double *e, nlrmt_error *err);

#endif
