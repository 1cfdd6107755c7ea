/* Full -> band in single precision. */
#include <cblas.h>

#define REAL float
#define GEMM cblas_sgemm
#define TRSM cblas_strsm
#define MPI_REAL_TYPE MPI_FLOAT
#define ELEMENTS(matrix) ((matrix)->s)
#define FROM_FULL nlrmt_band_from_full_single
#include "eig_band_full.h"
