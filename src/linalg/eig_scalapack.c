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

static size_t bytes(int64_t n, int block, int nprow, int npcol) {
  int64_t vectors = 8 * n, rows = nlrmt_block_count(n, block, 0, nprow);
  if (!on_square_grid(n, nprow, npcol))
    return (size_t)(vectors + block * (rows + 3)) * sizeof(double);
  /* The copy, and 2 (ANB + 1)(4 NPS + 2) with ANB = 64 at most. */
  int64_t side = square_order(n, nprow, npcol);
  if (side < 128) side = 128;
  return (size_t)(vectors + (side + 4) * side + 130 * (4 * side + 2)) * sizeof(double);
}

static void reduce(nlrmt_dmat *a, double *d, double *e, double *tau, double *work, int lwork,
                   int *info) {
  int n = (int)a->n, one = 1;
  if (on_square_grid(n, a->grid->nprow, a->grid->npcol))
    pdsyntrd_("L", &n, a->a, &one, &one, a->desc, d, e, tau, work, &lwork, info);
  else
    pdsytrd_("L", &n, a->a, &one, &one, a->desc, d, e, tau, work, &lwork, info);
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

static nlrmt_status solve(nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err) {
  const nlrmt_comm *comm = a->grid->comm;
  int64_t n = a->n, cols = a->cols + 1;
  int info = 0;
  double wanted[2] = {0, 0}, start = MPI_Wtime();
  *times = (nlrmt_eig_times){0, 0};
  nlrmt_eig_verify_matrix(a, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK || n == 0) return err->status;
  reduce(a, wanted, wanted, wanted, wanted, -1, &info);
  int lwork = (int)wanted[0] + 1024;
  double *d = calloc((size_t)(3 * cols + n + lwork), sizeof *d);
  if (!d) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "scalapack: no memory for the workspace");
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK) {
    double *e = d + cols, *tau = e + cols, *off = tau + cols, *work = off + n;
    reduce(a, d, e, tau, work, lwork, &info);
    gather_columns(a, d, lambda);
    gather_columns(a, e, off);
    times->reduce_s = MPI_Wtime() - start;
    nlrmt_eig_verify("PDSYNTRD", info, 0, NULL, err);
    if (err->status == NLRMT_OK) nlrmt_eig_tridiagonal(n, lambda, off, err);
    times->eigen_s = MPI_Wtime() - start - times->reduce_s;
  }
  free(d);
  return nlrmt_comm_agree(comm, err);
}

const nlrmt_eig_backend nlrmt_eig_scalapack = {"scalapack", refuses, bytes, solve};
