/* lapack: prototypes of the dense LAPACK routines of equivalent.c. Private to src/linalg.
 * Contracts: netlib.org. */
#ifndef NLRMT_LINALG_LAPACK_H
#define NLRMT_LINALG_LAPACK_H

#include <complex.h>

void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dgesv_(const int *n, const int *nrhs, double *a, const int *lda, int *ipiv, double *b,
            const int *ldb, int *info);
void dsymm_(const char *side, const char *uplo, const int *m, const int *n, const double *alpha,
            const double *a, const int *lda, const double *b, const int *ldb, const double *beta,
            double *c, const int *ldc);
void zgesv_(const int *n, const int *nrhs, double complex *a, const int *lda, int *ipiv,
            double complex *b, const int *ldb, int *info);
void zgetrf_(const int *m, const int *n, double complex *a, const int *lda, int *ipiv, int *info);
void zgetri_(const int *n, double complex *a, const int *lda, const int *ipiv, double complex *work,
             const int *lwork, int *info);

#endif
