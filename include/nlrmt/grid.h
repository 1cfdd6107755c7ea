/* grid: a two-dimensional process grid (BLACS) and block-cyclic matrices on it (ScaLAPACK's
 * layout).
 *
 * Shapes: a global n x n matrix in square blocks of `block`; rank (i, j) of the nprow x npcol grid
 * holds the rows of process row i and the columns of process column j, column-major.
 */
#ifndef NLRMT_GRID_H
#define NLRMT_GRID_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

#include "nlrmt/comm.h"

typedef struct {
  const nlrmt_comm *comm; /* borrowed */
  int context;            /* BLACS context */
  int nprow, npcol, myrow, mycol;
  MPI_Comm row, col; /* my process row (rank = mycol), my process column (rank = myrow) */
} nlrmt_grid;

/* Local. Shape used for `size` ranks: the most square with nprow <= npcol, all ranks in it. */
void nlrmt_grid_shape(int size, int *nprow, int *npcol);

/* Collective over comm. nprow * npcol = comm->size; 0 x 0 takes nlrmt_grid_shape. */
nlrmt_status nlrmt_grid_create(const nlrmt_comm *comm, int nprow, int npcol, nlrmt_grid **grid,
                               nlrmt_error *err);
/* Collective over the grid's comm. */
void nlrmt_grid_destroy(nlrmt_grid **grid);

typedef struct {
  const nlrmt_grid *grid; /* borrowed */
  int64_t n;              /* global order */
  int block;
  int64_t rows, cols; /* local */
  int64_t ld;         /* leading dimension, max(1, rows) */
  double *a;          /* [cols][ld], column-major, owned; may be NULL when empty */
  float *s;           /* the same in single precision; exactly one of the two is used */
  bool single;        /* which: s, not a */
  int desc[9];        /* ScaLAPACK descriptor */
} nlrmt_dmat;

/* Local. Number of the `n` indices (in blocks of `block`) that process `proc` of `procs` holds. */
int64_t nlrmt_block_count(int64_t n, int block, int proc, int procs);

/* Local. Global index of local index l on process `proc` of `procs`. */
int64_t nlrmt_block_global(int64_t l, int block, int proc, int procs);

/* Collective over the grid's comm. Zero-filled n x n matrix. NLRMT_ERR_RESOURCE if memory is short.
 */
nlrmt_status nlrmt_dmat_create(const nlrmt_grid *grid, int64_t n, int block, nlrmt_dmat **matrix,
                               nlrmt_error *err);
/* The same, in single precision: its elements are in s, and a is NULL. */
nlrmt_status nlrmt_dmat_create_single(const nlrmt_grid *grid, int64_t n, int block,
                                      nlrmt_dmat **matrix, nlrmt_error *err);
void nlrmt_dmat_destroy(nlrmt_dmat **matrix); /* local */

/* Collective over the grid's comm. The same matrix in double precision; no change if it is already.
 * NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_dmat_widen(nlrmt_dmat *matrix, nlrmt_error *err);

/* Collective over the grid's comm. Copies the lower triangle onto the upper one. */
nlrmt_status nlrmt_dmat_symmetrise(nlrmt_dmat *matrix, nlrmt_error *err);

/* The same within the blocks on the diagonal alone. */
nlrmt_status nlrmt_dmat_symmetrise_blocks(nlrmt_dmat *matrix, nlrmt_error *err);

/* A count x n matrix of right-hand sides, one a row: rows in contiguous slices over the process
 * rows, columns lying like those of an order-n nlrmt_dmat. */
typedef struct {
  const nlrmt_grid *grid; /* borrowed */
  int64_t count, n;       /* global */
  int block;
  int64_t slice;             /* rank (i, j) holds the rows [i slice, min(count, (i + 1) slice)) */
  int64_t first, rows, cols; /* my first row; local shape */
  int64_t ld;                /* leading dimension, max(1, rows) */
  double *c;                 /* [cols][ld], column-major, owned */
  int desc[9];               /* ScaLAPACK descriptor */
} nlrmt_rows;

/* Local. Rows of a slice of `count` rows over nprow process rows. */
int64_t nlrmt_rows_slice(int64_t count, int nprow);

/* Collective over the grid's comm. Zero-filled. NLRMT_ERR_RESOURCE if memory is short. */
nlrmt_status nlrmt_rows_create(const nlrmt_grid *grid, int64_t count, int64_t n, int block,
                               nlrmt_rows **rows, nlrmt_error *err);
void nlrmt_rows_destroy(nlrmt_rows **rows); /* local */

/* Collective over the grid's comm. c <- c u, u of the same n, block and grid. NLRMT_ERR_RESOURCE.
 */
nlrmt_status nlrmt_rows_multiply(nlrmt_rows *c, const nlrmt_dmat *u, nlrmt_error *err);

/* Collective over the grid's comm. *o = v'u, n x n, for v and u of the same shape, block and grid
 * with count = n; the caller's. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_rows_inner(const nlrmt_rows *v, const nlrmt_rows *u, nlrmt_rows **o,
                              nlrmt_error *err);

#endif
