#include "nlrmt/grid.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "scalapack.h"

void nlrmt_grid_shape(int size, int *nprow, int *npcol) {
  int p = 1;
  for (int q = 2; q <= size / q; q++)
    if (size % q == 0) p = q;
  *nprow = p;
  *npcol = size / p;
}

nlrmt_status nlrmt_grid_create(const nlrmt_comm *comm, int nprow, int npcol, nlrmt_grid **grid,
                               nlrmt_error *err) {
  *grid = NULL;
  if (nprow == 0 && npcol == 0) nlrmt_grid_shape(comm->size, &nprow, &npcol);
  assert(nprow >= 1 && npcol >= 1 && nprow * npcol == comm->size);
  nlrmt_grid *g = calloc(1, sizeof *g);
  if (!g) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "grid: no memory for the process grid");
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) {
    free(g);
    return err->status;
  }
  g->comm = comm;
  /* The handle is freed at once: gridinit makes its own communicator, and a second grid on the same
   * communicator would be given the same handle. */
  int handle = Csys2blacs_handle(comm->mpi);
  g->context = handle;
  Cblacs_gridinit(&g->context, "Row", nprow, npcol);
  Cfree_blacs_system_handle(handle);
  Cblacs_gridinfo(g->context, &g->nprow, &g->npcol, &g->myrow, &g->mycol);
  MPI_Comm_split(comm->mpi, g->myrow, g->mycol, &g->row);
  MPI_Comm_split(comm->mpi, g->mycol, g->myrow, &g->col);
  *grid = g;
  return NLRMT_OK;
}

void nlrmt_grid_destroy(nlrmt_grid **grid) {
  nlrmt_grid *g = *grid;
  if (!g) return;
  MPI_Comm_free(&g->row);
  MPI_Comm_free(&g->col);
  Cblacs_gridexit(g->context);
  free(g);
  *grid = NULL;
}

int64_t nlrmt_block_count(int64_t n, int block, int proc, int procs) {
  int64_t full = n / block; /* whole blocks; block number `full` has n % block indices */
  int64_t count = full / procs * block, next = full % procs;
  if (proc < next) return count + block;
  return proc == next ? count + n % block : count;
}

int64_t nlrmt_block_global(int64_t l, int block, int proc, int procs) {
  return (l / block * procs + proc) * block + l % block;
}

static nlrmt_status create(const nlrmt_grid *grid, int64_t n, int block, bool single,
                           nlrmt_dmat **matrix, nlrmt_error *err) {
  size_t word = single ? sizeof(float) : sizeof(double);
  void *elements = NULL;
  *matrix = NULL;
  assert(n >= 0 && block >= 1);
  nlrmt_dmat *m = calloc(1, sizeof *m);
  if (m) {
    m->grid = grid;
    m->n = n;
    m->block = block;
    m->rows = nlrmt_block_count(n, block, grid->myrow, grid->nprow);
    m->cols = nlrmt_block_count(n, block, grid->mycol, grid->npcol);
    m->ld = m->rows > 1 ? m->rows : 1;
    m->single = single;
    if (m->cols > 0 && n <= INT_MAX) elements = calloc((size_t)m->cols, (size_t)m->ld * word);
    m->a = single ? NULL : elements;
    m->s = single ? elements : NULL;
  }
  if (n > INT_MAX)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "matrix: order %lld is beyond ScaLAPACK's 32-bit indices",
               (long long)n);
  else if (!m || (m->cols > 0 && !elements))
    nlrmt_fail(err, NLRMT_ERR_RESOURCE,
               "matrix: no memory for this rank's part of a %lld x %lld matrix, use more nodes",
               (long long)n, (long long)n);
  if (nlrmt_comm_agree(grid->comm, err) != NLRMT_OK) {
    nlrmt_dmat_destroy(&m);
    return err->status;
  }
  int desc[9] = {1, grid->context, (int)n, (int)n, block, block, 0, 0, (int)m->ld};
  for (int i = 0; i < 9; i++) m->desc[i] = desc[i];
  *matrix = m;
  return NLRMT_OK;
}

nlrmt_status nlrmt_dmat_create(const nlrmt_grid *grid, int64_t n, int block, nlrmt_dmat **matrix,
                               nlrmt_error *err) {
  return create(grid, n, block, false, matrix, err);
}

nlrmt_status nlrmt_dmat_create_single(const nlrmt_grid *grid, int64_t n, int block,
                                      nlrmt_dmat **matrix, nlrmt_error *err) {
  return create(grid, n, block, true, matrix, err);
}

nlrmt_status nlrmt_dmat_widen(nlrmt_dmat *m, nlrmt_error *err) {
  size_t count = (size_t)m->cols * (size_t)m->ld;
  if (!m->single) return NLRMT_OK;
  double *wide = malloc((count + 1) * sizeof *wide);
  if (!wide)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE,
               "matrix: no memory for it in double precision, use more nodes");
  if (nlrmt_comm_agree(m->grid->comm, err) == NLRMT_OK) {
    for (size_t i = 0; i < count; i++) wide[i] = m->s[i];
    free(m->s);
    m->s = NULL;
    m->a = wide;
    m->single = false;
  } else {
    free(wide);
  }
  return err->status;
}

void nlrmt_dmat_destroy(nlrmt_dmat **matrix) {
  if (!*matrix) return;
  free((*matrix)->a);
  free((*matrix)->s);
  free(*matrix);
  *matrix = NULL;
}

/* Of the square whose corner is local element `corner`: rows [i0, i1) and columns [j0, j1), as far
 * as they are below its diagonal. */
static void mirror_tile(nlrmt_dmat *m, int64_t corner, int64_t i0, int64_t i1, int64_t j0,
                        int64_t j1) {
  int64_t ld = m->ld;
  double *a = m->single ? NULL : m->a + corner;
  float *s = m->single ? m->s + corner : NULL;
  if (m->single)
    for (int64_t j = j0; j < j1; j++)
      for (int64_t i = i0 > j ? i0 : j + 1; i < i1; i++) s[i * ld + j] = s[j * ld + i];
  else
    for (int64_t j = j0; j < j1; j++)
      for (int64_t i = i0 > j ? i0 : j + 1; i < i1; i++) a[i * ld + j] = a[j * ld + i];
}

/* The whole matrix, held by one rank; tiles so that both sides stay in cache. */
static void mirror_local(nlrmt_dmat *m) {
  enum { TILE = 32 };
  for (int64_t j = 0; j < m->n; j += TILE)
    for (int64_t i = j; i < m->n; i += TILE)
      mirror_tile(m, 0, i, i + TILE < m->n ? i + TILE : m->n, j, j + TILE < m->n ? j + TILE : m->n);
}

/* Block b of the diagonal, which one rank holds. */
static void mirror_block(nlrmt_dmat *m, int64_t b) {
  const nlrmt_grid *g = m->grid;
  if (b % g->nprow != g->myrow || b % g->npcol != g->mycol) return;
  int64_t i = b / g->nprow * m->block, j = b / g->npcol * m->block;
  int64_t width = m->n - b * m->block < m->block ? m->n - b * m->block : m->block;
  mirror_tile(m, j * m->ld + i, 0, width, 0, width);
}

/* Blocks [lo, hi) by halves: two diagonal squares, and the square between them, whose source and
 * target do not overlap, so that pdgeadd may work in place (it buffers a few blocks at a time). */
static void mirror_blocks(nlrmt_dmat *m, int64_t lo, int64_t hi) {
  if (hi - lo <= 1) {
    if (hi > lo) mirror_block(m, lo);
    return;
  }
  int64_t mid = lo + (hi - lo) / 2, end = hi * m->block < m->n ? hi * m->block : m->n;
  mirror_blocks(m, lo, mid);
  mirror_blocks(m, mid, hi);
  int left = (int)(lo * m->block) + 1, right = (int)(mid * m->block) + 1;
  int rows = right - left, cols = (int)(end - mid * m->block);
  double one = 1, zero = 0;
  float one_s = 1, zero_s = 0;
  if (m->single)
    psgeadd_("T", &rows, &cols, &one_s, m->s, &right, &left, m->desc, &zero_s, m->s, &left, &right,
             m->desc);
  else
    pdgeadd_("T", &rows, &cols, &one, m->a, &right, &left, m->desc, &zero, m->a, &left, &right,
             m->desc);
}

nlrmt_status nlrmt_dmat_symmetrise(nlrmt_dmat *matrix, nlrmt_error *err) {
  if (nlrmt_comm_agree(matrix->grid->comm, err) != NLRMT_OK) return err->status;
  if (matrix->grid->comm->size == 1)
    mirror_local(matrix);
  else
    mirror_blocks(matrix, 0, (matrix->n + matrix->block - 1) / matrix->block);
  return NLRMT_OK;
}

nlrmt_status nlrmt_dmat_symmetrise_blocks(nlrmt_dmat *matrix, nlrmt_error *err) {
  if (nlrmt_comm_agree(matrix->grid->comm, err) != NLRMT_OK) return err->status;
  for (int64_t b = 0; b * matrix->block < matrix->n; b++) mirror_block(matrix, b);
  return NLRMT_OK;
}

int64_t nlrmt_rows_slice(int64_t count, int nprow) {
  int64_t slice = (count + nprow - 1) / nprow;
  return slice > 0 ? slice : 1;
}

nlrmt_status nlrmt_rows_create(const nlrmt_grid *grid, int64_t count, int64_t n, int block,
                               nlrmt_rows **rows, nlrmt_error *err) {
  assert(count >= 0 && n >= 0 && block >= 1);
  *rows = NULL;
  nlrmt_rows *r = calloc(1, sizeof *r);
  if (r) {
    int64_t slice = nlrmt_rows_slice(count, grid->nprow), first = grid->myrow * slice;
    int64_t left = count > first ? count - first : 0;
    *r = (nlrmt_rows){.grid = grid, .count = count, .n = n, .block = block, .slice = slice};
    r->first = first;
    r->rows = left < slice ? left : slice;
    r->cols = nlrmt_block_count(n, block, grid->mycol, grid->npcol);
    r->ld = r->rows > 1 ? r->rows : 1;
    if (r->cols > 0 && count <= INT_MAX)
      r->c = calloc((size_t)r->cols, (size_t)r->ld * sizeof(double));
  }
  if (count > INT_MAX || n > INT_MAX)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "right-hand sides: beyond ScaLAPACK's 32-bit indices");
  else if (!r || (r->cols > 0 && !r->c))
    nlrmt_fail(err, NLRMT_ERR_RESOURCE,
               "right-hand sides: no memory for this rank's part of %lld x %lld, use more nodes",
               (long long)count, (long long)n);
  if (nlrmt_comm_agree(grid->comm, err) != NLRMT_OK) {
    nlrmt_rows_destroy(&r);
    return err->status;
  }
  int desc[9] = {1, grid->context, (int)count, (int)n, (int)r->slice, block, 0, 0, (int)r->ld};
  for (int i = 0; i < 9; i++) r->desc[i] = desc[i];
  *rows = r;
  return NLRMT_OK;
}

void nlrmt_rows_destroy(nlrmt_rows **rows) {
  if (!*rows) return;
  free((*rows)->c);
  free(*rows);
  *rows = NULL;
}

nlrmt_status nlrmt_rows_multiply(nlrmt_rows *c, const nlrmt_dmat *u, nlrmt_error *err) {
  nlrmt_rows *product;
  int n = (int)u->n, count = (int)c->count, one = 1;
  double alpha = 1, beta = 0;
  if (nlrmt_rows_create(c->grid, c->count, c->n, c->block, &product, err) != NLRMT_OK)
    return err->status;
  if (n > 0 && count > 0)
    pdgemm_("N", "N", &count, &n, &n, &alpha, c->c, &one, &one, c->desc, u->a, &one, &one, u->desc,
            &beta, product->c, &one, &one, product->desc);
  double *rotated = product->c;
  product->c = c->c;
  c->c = rotated;
  nlrmt_rows_destroy(&product);
  return NLRMT_OK;
}

nlrmt_status nlrmt_rows_inner(const nlrmt_rows *v, const nlrmt_rows *u, nlrmt_rows **o,
                              nlrmt_error *err) {
  int n = (int)v->n, count = (int)v->count, one = 1;
  double alpha = 1, beta = 0;
  assert(v->count == v->n && u->count == u->n && v->n == u->n && v->block == u->block);
  if (nlrmt_rows_create(v->grid, v->n, v->n, v->block, o, err) != NLRMT_OK) return err->status;
  if (n > 0)
    pdgemm_("T", "N", &n, &n, &count, &alpha, v->c, &one, &one, v->desc, u->c, &one, &one, u->desc,
            &beta, (*o)->c, &one, &one, (*o)->desc);
  return NLRMT_OK;
}
