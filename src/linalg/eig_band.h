/* eig_band: the two-stage reduction of the backend `band`, in parts. Private to src/linalg.
 *
 *   full -> band (eig_band_double.c, eig_band_single.c from one template), level-3 BLAS on the
 * grid; band -> tridiagonal (eig_band_chase.c), in double precision, by the cores of one node;
 *   tridiagonal -> eigenvalues (eig_band_bisect.c), in double precision, by all cores.
 *
 * A band matrix is symmetric of half-bandwidth NLRMT_BAND, its lower triangle stored by columns:
 * element (i, j) at [j * NLRMT_BAND_LD + i - j], [n][NLRMT_BAND_LD] in all. The lower half of each
 * column is zero: room for what the chase fills in.
 */
#ifndef NLRMT_LINALG_EIG_BAND_H
#define NLRMT_LINALG_EIG_BAND_H

#include <stdbool.h>
#include <stdint.h>

#include "nlrmt/eig.h"

/* 64: at 32 the products of the first stage are a third slower, at 128 the second stage takes twice
 * as long. A multiple of 8, the lanes of the kernels. */
enum { NLRMT_BAND = 64, NLRMT_BAND_LD = 2 * NLRMT_BAND };

/* Collective over a's grid. Q'AQ, a band matrix with the eigenvalues of A; both triangles of A near
 * the diagonal are read, then the lower one, and A is destroyed. Its entries are of order 1 or
 * less. band: [n][NLRMT_BAND_LD], zero, on rank 0; NULL on the others. With `threads` threads, each
 * of which calls the BLAS. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_band_from_full_double(nlrmt_dmat *a, int threads, double *band,
                                         nlrmt_error *err);
nlrmt_status nlrmt_band_from_full_single(nlrmt_dmat *a, int threads, double *band,
                                         nlrmt_error *err);

/* The reflection 1 - tau v v' of `length` <= NLRMT_BAND coordinates, v[0] = 1. */
typedef struct {
  double v[NLRMT_BAND], tau;
  int length;
} nlrmt_band_reflector;

/* Local. The reflection that maps x[length] onto a multiple of the first unit vector; x[0] becomes
 * that multiple, the rest of x 0. */
void nlrmt_band_reflect(int length, double *x, nlrmt_band_reflector *r);

/* One step of a chase: the diagonal block d, which begins at a diagonal element of a band matrix
 * and has the order r->length, is reflected by *r from both sides; the block of `below` <=
 * NLRMT_BAND rows underneath it from the right, which spoils its first column; the reflection that
 * cures that is applied to it from the left and becomes *r. */
typedef void nlrmt_band_step(double *d, int below, nlrmt_band_reflector *r);

/* Local. The step for this CPU. */
nlrmt_band_step *nlrmt_band_step_choose(void);

/* A band matrix of order n in memory that the ranks on rank 0's node share. */
typedef struct {
  const nlrmt_comm *comm; /* borrowed */
  int64_t n;
  double *band;   /* [n][NLRMT_BAND_LD]; NULL on ranks that do not share it */
  void *memory;   /* counters, then the band */
  MPI_Comm node;  /* the ranks on my node */
  MPI_Win window; /* MPI_WIN_NULL where there is none: rank 0 alone has the band */
} nlrmt_band_store;

/* Collective over comm. Zero-filled. Where the node has no shared memory left for it, rank 0 takes
 * its own. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_band_store_create(const nlrmt_comm *comm, int64_t n, nlrmt_band_store *store,
                                     nlrmt_error *err);
/* Collective. */
void nlrmt_band_store_destroy(nlrmt_band_store *store);

/* Upper estimate of the bytes that a store takes on its node. */
size_t nlrmt_band_store_bytes(int64_t n);

/* Collective over the store's comm. Band -> tridiagonal, by `threads` threads of each rank that
 * shares the band: d [n], e [max(1, n - 1)] on every rank. Entries of order 1 or less. The result
 * does not depend on how many work on it. */
void nlrmt_band_chase(nlrmt_band_store *store, int threads, double *d, double *e);

/* Collective over comm. d[n] <- eigenvalues, ascending, of the tridiagonal matrix with diagonal d
 * and off-diagonal e[n - 1], the same on every rank that calls with `threads` threads each; finite
 * entries. Error: a few eps times the norm. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_band_eigenvalues(const nlrmt_comm *comm, int threads, int64_t n, double *d,
                                    const double *e, nlrmt_error *err);

#endif
