/* scalapack: prototypes of the Fortran and BLACS routines used here, all in one place (no library
 * ships a header for them). Private to src/linalg. Characters are passed without their hidden
 * lengths, as every C caller of these libraries does. Contracts: netlib.org. */
#ifndef NLRMT_LINALG_SCALAPACK_H
#define NLRMT_LINALG_SCALAPACK_H

#include <mpi.h>

/* BLACS, C interface */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int nprow, int npcol);
void Cblacs_gridinfo(int context, int *nprow, int *npcol, int *myrow, int *mycol);
void Cblacs_gridexit(int context);

/* BLAS and LAPACK */
void dgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
            const double *alpha, const double *a, const int *lda, const double *b, const int *ldb,
            const double *beta, double *c, const int *ldc);
void sgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
            const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
            const float *beta, float *c, const int *ldc);
void ssyrk_(const char *uplo, const char *trans, const int *n, const int *k, const float *alpha,
            const float *a, const int *lda, const float *beta, float *c, const int *ldc);
void dsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
            const double *a, const int *lda, const double *beta, double *c, const int *ldc);
void dsytrd_(const char *uplo, const int *n, double *a, const int *lda, double *d, double *e,
             double *tau, double *work, const int *lwork, int *info);
void ssytrd_(const char *uplo, const int *n, float *a, const int *lda, float *d, float *e,
             float *tau, float *work, const int *lwork, int *info);
void dormtr_(const char *side, const char *uplo, const char *trans, const int *m, const int *n,
             const double *a, const int *lda, const double *tau, double *c, const int *ldc,
             double *work, const int *lwork, int *info);
void dsterf_(const int *n, double *d, double *e, int *info);

/* PBLAS and ScaLAPACK */
void pdgeadd_(const char *trans, const int *m, const int *n, const double *alpha, const double *a,
              const int *ia, const int *ja, const int *desca, const double *beta, double *c,
              const int *ic, const int *jc, const int *descc);
void psgeadd_(const char *trans, const int *m, const int *n, const float *alpha, const float *a,
              const int *ia, const int *ja, const int *desca, const float *beta, float *c,
              const int *ic, const int *jc, const int *descc);
void pdgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja, const int *desca,
             const double *b, const int *ib, const int *jb, const int *descb, const double *beta,
             double *c, const int *ic, const int *jc, const int *descc);
void pdormtr_(const char *side, const char *uplo, const char *trans, const int *m, const int *n,
              const double *a, const int *ia, const int *ja, const int *desca, const double *tau,
              double *c, const int *ic, const int *jc, const int *descc, double *work,
              const int *lwork, int *info);
void pdstedc_(const char *compz, const int *n, double *d, double *e, double *q, const int *iq,
              const int *jq, const int *descq, double *work, const int *lwork, int *iwork,
              const int *liwork, int *info);
void pdsytrd_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desca, double *d, double *e, double *tau, double *work, const int *lwork,
              int *info);
void pdsyntrd_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
               const int *desca, double *d, double *e, double *tau, double *work, const int *lwork,
               int *info);

#endif
