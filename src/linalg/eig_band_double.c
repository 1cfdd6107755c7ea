/* Full -> band in double precision. */
#include <cblas.h>

#define REAL double
#define GEMM cblas_dgemm
#define TRSM cblas_dtrsm
#define MPI_REAL_TYPE MPI_DOUBLE
#define ELEMENTS(matrix) ((matrix)->a)
#define FROM_FULL nlrmt_band_from_full_double
#include "eig_band_full.h"
