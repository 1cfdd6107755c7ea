#include "nlrmt/vectors.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/gram.h"

/* ---- X'X ---- */

/* Collective. X'X/(n0 sigma_x^2): each rank brings some components of the samples of its process
 * column. */
static nlrmt_status gram_of_data(const nlrmt_grid *grid, const nlrmt_params *params,
                                 const nlrmt_samples *samples, int trial, nlrmt_dmat *a,
                                 nlrmt_error *err) {
  nlrmt_gram *gram = NULL;
  int64_t n0 = params->n0, piece = (n0 + grid->nprow - 1) / grid->nprow;
  if (piece > 1024) piece = 1024;
  int64_t height = piece * grid->nprow;
  double *x = malloc((size_t)(a->cols * piece + 1) * sizeof *x);
  if (!x) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld samples", (long long)a->cols);
  if (nlrmt_comm_agree(grid->comm, err) == NLRMT_OK) nlrmt_gram_create(a, height, &gram, err);
  for (int64_t start = 0; start < n0 && err->status == NLRMT_OK; start += height) {
    int64_t first = start + grid->myrow * piece, left = n0 - first;
    int64_t rows = left < 0 ? 0 : left < piece ? left : piece;
    for (int64_t l = 0; l < a->cols && rows > 0; l++)
      nlrmt_samples_entries(samples, params, trial,
                            nlrmt_block_global(l, a->block, grid->mycol, grid->npcol), first, rows,
                            x + l * piece);
    nlrmt_gram_add(gram, rows, x, piece, err);
  }
  if (err->status == NLRMT_OK)
    nlrmt_gram_finish(gram, 1 / ((double)n0 * params->sigma_x * params->sigma_x), true, err);
  nlrmt_gram_destroy(&gram);
  free(x);
  return err->status;
}

nlrmt_status nlrmt_vectors_identity(const nlrmt_grid *grid, const nlrmt_plan *plan,
                                    nlrmt_rows **rows, nlrmt_error *err) {
  if (nlrmt_rows_create(grid, plan->n, plan->n, plan->block, rows, err) != NLRMT_OK)
    return err->status;
  nlrmt_rows *c = *rows;
  for (int64_t l = 0; l < c->cols; l++) {
    int64_t r = nlrmt_block_global(l, c->block, grid->mycol, grid->npcol) - c->first;
    if (r >= 0 && r < c->rows) c->c[l * c->ld + r] = 1;
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_vectors_of_data(const nlrmt_grid *grid, const nlrmt_params *params,
                                   const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                                   nlrmt_rows **v, nlrmt_error *err) {
  nlrmt_dmat *a = NULL;
  nlrmt_eig_times times;
  size_t n = (size_t)plan->n;
  double *d = malloc((2 * n + 1) * sizeof *d);
  *v = NULL;
  if (!d) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu eigenvalues", n);
  if (nlrmt_comm_agree(grid->comm, err) == NLRMT_OK &&
      nlrmt_dmat_create(grid, plan->n, plan->block, &a, err) == NLRMT_OK &&
      gram_of_data(grid, params, samples, trial, a, err) == NLRMT_OK &&
      nlrmt_vectors_identity(grid, plan, v, err) == NLRMT_OK &&
      plan->eig->reduce(a, *v, d, d + n, &times, err) == NLRMT_OK)
    nlrmt_eig_finish_rows(*v, d, d + n, err);
  nlrmt_dmat_destroy(&a);
  free(d);
  return err->status;
}

/* ---- overlaps ---- */

/* Collective. sign[n] of the sum of each column's components, on every rank. */
static nlrmt_status signs(const nlrmt_rows *v, double *sign) {
  const nlrmt_grid *g = v->grid;
  memset(sign, 0, (size_t)v->n * sizeof *sign);
  for (int64_t l = 0; l < v->cols; l++)
    for (int64_t r = 0; r < v->rows; r++)
      sign[nlrmt_block_global(l, v->block, g->mycol, g->npcol)] += v->c[l * v->ld + r];
  MPI_Allreduce(MPI_IN_PLACE, sign, (int)v->n, MPI_DOUBLE, MPI_SUM, g->comm->mpi);
  for (int64_t i = 0; i < v->n; i++) sign[i] = sign[i] < 0 ? -1 : 1;
  return NLRMT_OK;
}

/* How many i < count have i blocks/count in [b, b + 1). */
static int64_t block_size(int64_t b, int64_t blocks, int64_t count) {
  return ((b + 1) * count + blocks - 1) / blocks - (b * count + blocks - 1) / blocks;
}

/* Collective. Sums of squares over blocks, then m times their means. */
static void average(const nlrmt_rows *o, int blocks, int outliers, double *mean) {
  const nlrmt_grid *g = o->grid;
  int64_t m = o->n, kept = m - outliers;
  size_t cells = (size_t)blocks * (size_t)blocks;
  memset(mean, 0, cells * sizeof *mean);
  for (int64_t l = 0; l < o->cols; l++) {
    int64_t j = nlrmt_block_global(l, o->block, g->mycol, g->npcol), c = j * blocks / kept;
    if (j >= kept) continue;
    for (int64_t r = 0; r < o->rows; r++) {
      double x = o->c[l * o->ld + r];
      mean[(o->first + r) * blocks / m * blocks + c] += x * x;
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, mean, (int)cells, MPI_DOUBLE, MPI_SUM, g->comm->mpi);
  for (int r = 0; r < blocks; r++)
    for (int c = 0; c < blocks; c++)
      mean[r * blocks + c] *=
          (double)m / ((double)block_size(r, blocks, m) * (double)block_size(c, blocks, kept));
}

/* Collective. The whole matrix on rank 0, a row at a time. */
static void gather(const nlrmt_rows *o, const double *v_sign, const double *u_sign, double *full) {
  const nlrmt_grid *g = o->grid;
  double *row = calloc((size_t)o->n, sizeof *row);
  if (!row) MPI_Abort(g->comm->mpi, NLRMT_ERR_RESOURCE); /* a few kilobytes: the node is lost */
  for (int64_t i = 0; i < o->count; i++) {
    memset(row, 0, (size_t)o->n * sizeof *row);
    for (int64_t l = 0; l < o->cols && i >= o->first && i < o->first + o->rows; l++) {
      int64_t j = nlrmt_block_global(l, o->block, g->mycol, g->npcol);
      row[j] = v_sign[i] * u_sign[j] * o->c[l * o->ld + i - o->first];
    }
    MPI_Reduce(row, g->comm->rank == 0 ? full + i * o->n : NULL, (int)o->n, MPI_DOUBLE, MPI_SUM, 0,
               g->comm->mpi);
  }
  free(row);
}

nlrmt_status nlrmt_vectors_overlap(const nlrmt_rows *v, const nlrmt_rows *u, int blocks,
                                   int outliers, double *mean, double *full, nlrmt_error *err) {
  nlrmt_rows *o;
  size_t n = (size_t)v->n;
  int gathered = full != NULL;
  double *sign = malloc(2 * n * sizeof *sign);
  if (!sign) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu signs", n);
  if (nlrmt_comm_agree(v->grid->comm, err) == NLRMT_OK &&
      nlrmt_rows_inner(v, u, &o, err) == NLRMT_OK) {
    average(o, blocks, outliers, mean);
    MPI_Bcast(&gathered, 1, MPI_INT, 0, v->grid->comm->mpi);
    if (gathered) {
      signs(v, sign);
      signs(u, sign + n);
      gather(o, sign, sign + n, full);
    }
    nlrmt_rows_destroy(&o);
  }
  free(sign);
  return err->status;
}
