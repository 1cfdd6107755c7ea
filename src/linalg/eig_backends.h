/* eig_backends: the backends that eig.c lists, and what they share. Private to src/linalg. */
#ifndef NLRMT_LINALG_EIG_BACKENDS_H
#define NLRMT_LINALG_EIG_BACKENDS_H

#include "nlrmt/eig.h"

extern const nlrmt_eig_backend nlrmt_eig_lapack;
extern const nlrmt_eig_backend nlrmt_eig_scalapack;
extern const nlrmt_eig_backend nlrmt_eig_band;
#ifdef NLRMT_HAVE_ELPA
extern const nlrmt_eig_backend nlrmt_eig_elpa2;
#endif

/* Local. Records NLRMT_ERR_NUMERIC in *err if an entry of this rank's part of `a` is not finite:
 * some solvers never return from a NaN (seen with ELPA 2022.11 on 3 ranks). */
void nlrmt_eig_verify_matrix(const nlrmt_dmat *a, nlrmt_error *err);

/* Local. Records NLRMT_ERR_NUMERIC in *err if info of `routine` is not 0 or if one of lambda[n] is
 * not finite. */
void nlrmt_eig_verify(const char *routine, int info, int64_t n, const double *lambda,
                      nlrmt_error *err);

/* Collective over a's grid. solve of a backend that only reduces: reduce, then
 * nlrmt_eig_tridiagonal on every rank (O(n^2)). */
nlrmt_status
nlrmt_eig_solve_reduced(nlrmt_status (*reduce)(nlrmt_dmat *a, nlrmt_rows *c, double *d, double *e,
                                               nlrmt_eig_times *times, nlrmt_error *err),
                        nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err);

#endif
