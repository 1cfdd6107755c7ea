/* PDSYNTRD (PDSYTRD for a large matrix on 2 or 3 ranks) + DSTERF.
 *
 * PDSYNTRD is the fast reduction if UPLO = 'L' and it gets the workspace that it asks for. It works
 * on a square grid of floor(sqrt P)^2 ranks, into which it copies the matrix. On 2 or 3 ranks that
 * is one rank with the whole matrix; PDSYTRD uses them all and needs no copy, but sends many small
 * messages (2 ranks, n = 1024, 2048, 4096: 0.06, 0.34, 3.9 s against 0.05, 0.42, 4.5 s; on busy
 * cores it is many times slower). DSTERF is O(n^2) and repeated on every rank.
 */
#include <math.h>
#include <stdlib.h>

#include "eig_backends.h"
#include "scalapack.h"

enum { LOCAL_MAX = 1 << 28 }; /* PDSYNTRD counts the bytes of a local panel in 32 bits */

static bool on_square_grid(int64_t n, int nprow, int npcol) {
  return nprow * npcol == 1 || nprow * npcol > 3 || n < 2048;
}

/* Order of the local panels of PDSYNTRD's copy. */
static int64_t square_order(int64_t n, int nprow, int npcol) {
  int64_t side = (int64_t)sqrt((double)nprow * npcol);
  return (n + side - 1) / side;
}

static const char *refuses(int64_t n, int block, int nprow, int npcol) {
  int64_t rows = nlrmt_block_count(n, block, 0, nprow),
          cols = nlrmt_block_count(n, block, 0, npcol);
  int64_t side = on_square_grid(n, nprow, npcol) ? square_order(n, nprow, npcol) : 0;
  if (rows * cols >= LOCAL_MAX || side * side >= LOCAL_MAX)
    return "PDSYNTRD breaks at 2^28 elements on one rank, use more ranks";
  return NULL;
}

/* PDORMTR: (local rows of A + twice its columns + those of C) * NB, and NB^2. */
static size_t rotation_bytes(int64_t n, int block, int nprow, int npcol, int64_t count) {
  int64_t rows = nlrmt_block_count(n, block, 0, nprow),
          cols = nlrmt_block_count(n, block, 0, npcol);
  return (size_t)((rows + 2 * cols + nlrmt_rows_slice(count, nprow) + 2 * block) * block) *
         sizeof(double);
}

static size_t reduction_bytes(int64_t n, int block, int nprow, int npcol) {
  int64_t vectors = 8 * n, rows = nlrmt_block_count(n, block, 0, nprow);
  if (!on_square_grid(n, nprow, npcol))
    return (size_t)(vectors + block * (rows + 3)) * sizeof(double);
  /* The copy, and 2 (ANB + 1)(4 NPS + 2) with ANB = 64 at most. */
  int64_t side = square_order(n, nprow, npcol);
  if (side < 128) side = 128;
  return (size_t)(vectors + (side + 4) * side + 130 * (4 * side + 2)) * sizeof(double);
}

static size_t bytes(int64_t n, int block, int nprow, int npcol, int64_t count) {
  size_t reduction = reduction_bytes(n, block, nprow, npcol);
  size_t rotation = count > 0 ? rotation_bytes(n, block, nprow, npcol, count) : 0;
  return reduction > rotation ? reduction : rotation;
}

/* Collective. work: [lwork] with lwork < 0 a query answered in work[0]. */
static int tridiagonalise(nlrmt_dmat *a, double *d, double *e, double *tau, double *work,
                          int lwork) {
  int n = (int)a->n, one = 1, info = 0;
  if (on_square_grid(n, a->grid->nprow, a->grid->npcol))
    pdsyntrd_("L", &n, a->a, &one, &one, a->desc, d, e, tau, work, &lwork, &info);
  else
    pdsytrd_("L", &n, a->a, &one, &one, a->desc, d, e, tau, work, &lwork, &info);
  return info;
}

static int rotate(nlrmt_dmat *a, nlrmt_rows *c, const double *tau, double *work, int lwork) {
  int n = (int)a->n, count = (int)c->count, one = 1, info = 0;
  pdormtr_("R", "L", "N", &count, &n, a->a, &one, &one, a->desc, tau, c->c, &one, &one, c->desc,
           work, &lwork, &info);
  return info;
}

static bool any_rows(const nlrmt_dmat *a, const nlrmt_rows *c) {
  return c && c->count > 0 && a->n > 1;
}

static int workspace(nlrmt_dmat *a, nlrmt_rows *c) {
  double tridiagonal[2] = {0, 0}, rotation[2] = {0, 0};
  tridiagonalise(a, tridiagonal, tridiagonal, tridiagonal, tridiagonal, -1);
  if (any_rows(a, c)) rotate(a, c, rotation, rotation, -1);
  return (int)fmax(tridiagonal[0], rotation[0]) + 1024; /* some versions ask for too little */
}

/* Collective over the process row. Local part of a vector that is distributed like the columns of A
 * -> all of it, on every rank. */
static void gather_columns(const nlrmt_dmat *a, const double *local, double *all) {
  const nlrmt_grid *g = a->grid;
  for (int64_t i = 0; i < a->n; i++) all[i] = 0;
  for (int64_t l = 0; l < a->cols; l++)
    all[nlrmt_block_global(l, a->block, g->mycol, g->npcol)] = local[l];
  MPI_Allreduce(MPI_IN_PLACE, all, (int)a->n, MPI_DOUBLE, MPI_SUM, g->row);
}

static nlrmt_status reduce(nlrmt_dmat *a, nlrmt_rows *c, double *d, double *e,
                           nlrmt_eig_times *times, nlrmt_error *err) {
  const nlrmt_comm *comm = a->grid->comm;
  int64_t cols = a->cols + 1;
  double start = MPI_Wtime();
  *times = (nlrmt_eig_times){0};
  nlrmt_eig_verify_matrix(a, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK || a->n == 0) return err->status;
  int lwork = workspace(a, c);
  double *diagonal = calloc((size_t)(3 * cols + lwork), sizeof *diagonal);
  if (!diagonal) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "scalapack: no memory for the workspace");
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK) {
    double *off = diagonal + cols, *tau = off + cols, *work = tau + cols;
    int info = tridiagonalise(a, diagonal, off, tau, work, lwork);
    nlrmt_eig_verify("PDSYNTRD", info, 0, NULL, err);
    gather_columns(a, diagonal, d);
    gather_columns(a, off, e);
    if (any_rows(a, c)) nlrmt_eig_verify("PDORMTR", rotate(a, c, tau, work, lwork), 0, NULL, err);
  }
  free(diagonal);
  times->reduce_s = MPI_Wtime() - start;
  return nlrmt_comm_agree(comm, err);
}

static nlrmt_status solve(nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err) {
  return nlrmt_eig_solve_reduced(reduce, a, lambda, times, err);
}

const nlrmt_eig_backend nlrmt_eig_scalapack = {.name = "scalapack",
                                               .rows = true,
                                               .refuses = refuses,
                                               .bytes = bytes,
                                               .solve = solve,
                                               .reduce = reduce};
