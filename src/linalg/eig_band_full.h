/* Template (REAL, GEMM, MPI_REAL_TYPE, ELEMENTS, FROM_FULL): full -> band, b = NLRMT_BAND columns
 * at a time.
 *
 * The panel of rows below the band is replicated on all ranks, which all find the same QR of it,
 * Q = 1 - V T V'. With Y = A V, X = Y T and W = X - V (T'V'X)/2 the trailing matrix becomes
 *
 *     Q'A Q = A - V W' - W V'.
 *
 * That update waits for the next panel's V (the next panel itself is brought up to date before its
 * QR), so that one pass over A, in strips of columns, does the update and the next Y. Only the
 * lower triangle is kept, so an element below the diagonal serves Y twice, once transposed. Each
 * rank works on its own elements by local products, with the rows of V and W that belong to its
 * rows and columns; the parts of Y are added up over all ranks. Flops: 4/3 n^3 / P in products with
 * inner or outer dimension b or 2 b, and about 5 n^2 b repeated on every rank. Per panel of N rows
 * two messages to all: the panel and Y, N b words each.
 */
#ifndef NLRMT_LINALG_EIG_BAND_FULL_H
#define NLRMT_LINALG_EIG_BAND_FULL_H

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "eig_band_panel.h"
#include "nlrmt/fault.h"
#include "team.h"

enum {
  B = NLRMT_BAND,
  STRIP = 256, /* columns that are worked on at once */
  CHUNK = 2048 /* rows of them */
};

/* Trailing quantities have `high` rows: those of the global rows first ... n - 1, and zeros up to
 * b. Local ones have a row for each of my rows or columns. All column-major. */
typedef struct {
  const nlrmt_dmat *m;
  REAL *a;
  int threads;
  int64_t first, high;     /* of the trailing matrix */
  int64_t row, col;        /* my first local row and column in it */
  bool pending;            /* the update by row_u, col_u is still to be done */
  REAL *v, *x;             /* trailing: V, then Y, X and W; [b][high], x also the panel's buffer */
  REAL *r, *t, *s, *parts; /* [b][b]; partial sums of V'X, [chunks][b][b] */
  REAL *row_u, *col_u;     /* V W of my rows, W V of my columns; [2 b][rows], [2 b][cols] */
  REAL *row_v, *col_v;     /* V of my rows, of my columns */
  REAL *row_y, *col_y;     /* my parts of Y: [threads][b][rows], [b][cols] */
  REAL *packed, *gathered; /* panels on their way */
  int *counts, *offsets;   /* [ranks] */
} work;

static int64_t min64(int64_t x, int64_t y) {
  return x < y ? x : y;
}

static int64_t max64(int64_t x, int64_t y) {
  return x > y ? x : y;
}

/* My local rows (columns) with a global index below `global`. */
static int64_t rows_below(const work *w, int64_t global) {
  return nlrmt_block_count(global, w->m->block, w->m->grid->myrow, w->m->grid->nprow);
}

static int64_t cols_below(const work *w, int64_t global) {
  return nlrmt_block_count(global, w->m->block, w->m->grid->mycol, w->m->grid->npcol);
}

static int64_t col_global(const work *w, int64_t l) {
  return nlrmt_block_global(l, w->m->block, w->m->grid->mycol, w->m->grid->npcol);
}

static int64_t row_global(const work *w, int64_t l) {
  return nlrmt_block_global(l, w->m->block, w->m->grid->myrow, w->m->grid->nprow);
}

static int64_t chunks(int64_t count, int64_t size) {
  return (count + size - 1) / size;
}

/* A -= V W' + W V' on local rows [i0, i1), columns [l0, l1). */
static void update(const work *w, int64_t i0, int64_t i1, int64_t l0, int64_t l1) {
  multiply(CblasNoTrans, CblasTrans, i1 - i0, l1 - l0, 2 * B, -1, w->row_u + i0,
           max64(1, w->m->rows), w->col_u + l0, max64(1, w->m->cols), 1, w->a + l0 * w->m->ld + i0,
           w->m->ld);
}

/* Update and part of Y of one rectangle; `lower`: it lies below the diagonal, and stands for its
 * mirror image too. */
static void rectangle(const work *w, int64_t i0, int64_t i1, int64_t l0, int64_t l1, bool lower,
                      int thread) {
  const REAL *a = w->a + l0 * w->m->ld + i0;
  int64_t rows = max64(1, w->m->rows), cols = max64(1, w->m->cols), ld = w->m->ld;
  if (i1 <= i0 || l1 <= l0) return;
  if (w->pending) update(w, i0, i1, l0, l1);
  multiply(CblasNoTrans, CblasNoTrans, i1 - i0, B, l1 - l0, 1, a, ld, w->col_v + l0, cols, 1,
           w->row_y + thread * B * rows + i0, rows);
  if (lower)
    multiply(CblasTrans, CblasNoTrans, l1 - l0, B, i1 - i0, 1, a, ld, w->row_v + i0, rows, 1,
             w->col_y + l0, cols);
}

/* First of the run that local column l is in: at most b columns of one block, always the same,
 * since the square that a run has on the diagonal is kept whole and the rest above it is not. */
static int64_t run_of(const work *w, int64_t l) {
  return l - l % w->m->block % B;
}

/* Strip number `item` of my columns: near the diagonal run by run, the square on the diagonal and
 * what is below it; then the long rest. */
static void strip(void *shared, int64_t item, int thread) {
  const work *w = shared;
  int64_t l0 = w->col + item * STRIP, l1 = l0 + STRIP;
  l0 = item > 0 ? run_of(w, l0) : l0;
  l1 = l1 < w->m->cols ? run_of(w, l1) : w->m->cols;
  int64_t below = rows_below(w, col_global(w, l1 - 1) + 1);
  for (int64_t l = l0, next; l < l1; l = next) {
    next = min64(min64(l1, run_of(w, l) + B), (l / w->m->block + 1) * w->m->block);
    int64_t begin = col_global(w, l), i0 = rows_below(w, begin);
    int64_t i1 = rows_below(w, begin + next - l);
    rectangle(w, i0, i1, l, next, false, thread);
    rectangle(w, i1, below, l, next, true, thread);
  }
  for (int64_t i = below; i < w->m->rows; i += CHUNK)
    rectangle(w, i, min64(i + CHUNK, w->m->rows), l0, l1, true, thread);
}

/* Columns [from, to) of the trailing matrix to be gathered: the pending update, CHUNK / 4 of my
 * rows an item. */
typedef struct {
  const work *w;
  int64_t row, l0, l1;
} columns;

static void update_columns(void *shared, int64_t item, int thread) {
  const columns *c = shared;
  int64_t i0 = c->row + item * CHUNK / 4;
  (void)thread;
  update(c->w, i0, min64(i0 + CHUNK / 4, c->w->m->rows), c->l0, c->l1);
}

/* The part of rank (i, j) of the rows from `first` on of columns [first, end). */
static void shape_of_part(const work *w, int i, int j, int64_t end, int64_t part[4]) {
  const nlrmt_grid *g = w->m->grid;
  part[0] = nlrmt_block_count(w->first, w->m->block, i, g->nprow);
  part[1] = nlrmt_block_count(w->m->n, w->m->block, i, g->nprow);
  part[2] = nlrmt_block_count(w->first, w->m->block, j, g->npcol);
  part[3] = nlrmt_block_count(end, w->m->block, j, g->npcol);
}

/* One rank's part to its places in x, [end - first][n - first]. */
static void place_part(work *w, int i, int j, const int64_t part[4], const REAL *from) {
  const nlrmt_grid *g = w->m->grid;
  int64_t ld = w->m->n - w->first, block = w->m->block;
  for (int64_t l = part[2]; l < part[3]; l++) {
    REAL *column = w->x + (nlrmt_block_global(l, w->m->block, j, g->npcol) - w->first) * ld;
    for (int64_t k = part[0], next; k < part[1]; k = next) {
      next = min64((k / block + 1) * block, part[1]);
      memcpy(column + nlrmt_block_global(k, w->m->block, i, g->nprow) - w->first, from,
             (size_t)(next - k) * sizeof *from);
      from += next - k;
    }
  }
}

/* Collective. x <- rows from w->first on of columns [w->first, end), up to date. */
static void gather(work *w, int64_t end) {
  const nlrmt_grid *g = w->m->grid;
  int64_t part[4], total = 0;
  columns c = {w, rows_below(w, w->first), cols_below(w, w->first), cols_below(w, end)};
  int64_t rows = w->m->rows - c.row;
  if (w->pending && c.l1 > c.l0)
    nlrmt_team_run(w->threads, chunks(rows, CHUNK / 4), update_columns, &c);
  for (int64_t l = c.l0; l < c.l1 && rows > 0; l++)
    memcpy(w->packed + (l - c.l0) * rows, w->a + l * w->m->ld + c.row, (size_t)rows * sizeof *w->a);
  for (int p = 0; p < g->comm->size; p++) {
    shape_of_part(w, p / g->npcol, p % g->npcol, end, part);
    w->counts[p] = (int)((part[1] - part[0]) * (part[3] - part[2]));
    w->offsets[p] = (int)total;
    total += w->counts[p];
  }
  if (g->comm->size > 1)
    MPI_Allgatherv(w->packed, (int)((c.l1 - c.l0) * rows), MPI_REAL_TYPE, w->gathered, w->counts,
                   w->offsets, MPI_REAL_TYPE, g->comm->mpi);
  for (int p = 0; p < g->comm->size; p++) {
    shape_of_part(w, p / g->npcol, p % g->npcol, end, part);
    place_part(w, p / g->npcol, p % g->npcol, part,
               g->comm->size > 1 ? w->gathered + w->offsets[p] : w->packed);
  }
}

/* The gathered columns' lower triangle, as far as it is in the band and in the first `rows` rows.
 */
static void keep_band(const work *w, int64_t count, int64_t rows, double *band) {
  int64_t ld = w->m->n - w->first;
  for (int64_t j = 0; j < count; j++)
    for (int64_t i = j; i < min64(rows, j + B + 1); i++)
      band[(w->first + j) * NLRMT_BAND_LD + i - j] = w->x[j * ld + i];
}

/* R, b rows below the panel's first. */
static void keep_r(const work *w, double *band) {
  for (int64_t j = 0; j < B; j++)
    for (int64_t i = 0; i <= j && w->first + B + i < w->m->n; i++)
      band[(w->first + j) * NLRMT_BAND_LD + B + i - j] = w->r[j * B + i];
}

/* Rows [i0, i1) of local vectors from trailing ones. */
static void take(const work *w, bool of_rows, int64_t i0, int64_t i1, const REAL *from, REAL *to) {
  int64_t ld = max64(1, of_rows ? w->m->rows : w->m->cols), block = w->m->block;
  for (int64_t i = i0, next; i < i1; i = next) {
    next = min64((i / block + 1) * block, i1);
    int64_t global = of_rows ? row_global(w, i) : col_global(w, i);
    for (int64_t k = 0; k < B; k++)
      memcpy(to + k * ld + i, from + k * w->high + global - w->first,
             (size_t)(next - i) * sizeof *to);
  }
}

/* Rows [i0, i1) of trailing vectors += local ones. */
static void give(const work *w, bool of_rows, int64_t i0, int64_t i1, const REAL *from, REAL *to) {
  int64_t ld = max64(1, of_rows ? w->m->rows : w->m->cols), block = w->m->block;
  for (int64_t i = i0, next; i < i1; i = next) {
    next = min64((i / block + 1) * block, i1);
    int64_t global = of_rows ? row_global(w, i) : col_global(w, i);
    for (int64_t k = 0; k < B; k++) {
      REAL *out = to + k * w->high + global - w->first;
      const REAL *in = from + k * ld + i;
      for (int64_t q = 0; q < next - i; q++) out[q] += in[q];
    }
  }
}

/* Global rows [*begin, *end) of item number `item`, CHUNK / 4 of the trailing rows each. */
static void chunk_rows(const work *w, int64_t item, int64_t *begin, int64_t *end) {
  *begin = w->first + item * (CHUNK / 4);
  *end = min64(*begin + CHUNK / 4, w->m->n);
}

/* V to where the pass over A needs it, and Y = 0 there. */
static void spread_v(void *shared, int64_t item, int thread) {
  work *w = shared;
  int64_t begin, end;
  (void)thread;
  chunk_rows(w, item, &begin, &end);
  int64_t i0 = rows_below(w, begin), i1 = rows_below(w, end);
  int64_t l0 = cols_below(w, begin), l1 = cols_below(w, end);
  take(w, true, i0, i1, w->v, w->row_v);
  take(w, false, l0, l1, w->v, w->col_v);
  for (int64_t k = 0; k < B * w->threads && i1 > i0; k++)
    memset(w->row_y + k * w->m->rows + i0, 0, (size_t)(i1 - i0) * sizeof(REAL));
  for (int64_t k = 0; k < B && l1 > l0; k++)
    memset(w->col_y + k * w->m->cols + l0, 0, (size_t)(l1 - l0) * sizeof(REAL));
}

/* x <- my part of Y. */
static void collect_y(void *shared, int64_t item, int thread) {
  work *w = shared;
  int64_t begin, end, rows = max64(1, w->m->rows);
  (void)thread;
  chunk_rows(w, item, &begin, &end);
  for (int64_t k = 0; k < B; k++)
    memset(w->x + k * w->high + begin - w->first, 0, (size_t)(end - begin) * sizeof(REAL));
  for (int t = 0; t < w->threads; t++)
    give(w, true, rows_below(w, begin), rows_below(w, end), w->row_y + t * B * rows, w->x);
  give(w, false, cols_below(w, begin), cols_below(w, end), w->col_y, w->x);
}

/* X = Y T, in the place of Y, and this chunk's part of V'X; s is not yet in use. */
static void form_x(void *shared, int64_t item, int thread) {
  work *w = shared;
  int64_t begin, end;
  (void)thread;
  chunk_rows(w, item, &begin, &end);
  REAL y[B * B], *part = w->parts + item * B * B;
  memset(part, 0, B * B * sizeof *part);
  for (int64_t i = begin - w->first; i < end - w->first; i += B) {
    int64_t rows = min64(B, end - w->first - i);
    for (int64_t k = 0; k < B; k++)
      memcpy(y + k * B, w->x + k * w->high + i, (size_t)rows * sizeof *y);
    multiply(CblasNoTrans, CblasNoTrans, rows, B, B, 1, y, B, w->t, B, 0, w->x + i, w->high);
  }
  multiply(CblasTrans, CblasNoTrans, B, B, end - begin, 1, w->v + begin - w->first, w->high,
           w->x + begin - w->first, w->high, 0, part, B);
}

/* W = X - V s / 2, and V and W to where the update needs them. */
static void form_w(void *shared, int64_t item, int thread) {
  work *w = shared;
  int64_t begin, end, rows = w->m->rows, cols = w->m->cols;
  (void)thread;
  chunk_rows(w, item, &begin, &end);
  multiply(CblasNoTrans, CblasNoTrans, end - begin, B, B, (REAL)-0.5, w->v + begin - w->first,
           w->high, w->s, B, 1, w->x + begin - w->first, w->high);
  int64_t i0 = rows_below(w, begin), i1 = rows_below(w, end);
  int64_t l0 = cols_below(w, begin), l1 = cols_below(w, end);
  take(w, true, i0, i1, w->v, w->row_u);
  take(w, true, i0, i1, w->x, w->row_u + B * rows);
  take(w, false, l0, l1, w->x, w->col_u);
  take(w, false, l0, l1, w->v, w->col_u + B * cols);
}

/* QR of the gathered panel. */
static void factor(work *w) {
  int64_t ld = w->m->n - w->first;
  w->high = max64(ld - B, B);
  for (int64_t j = 0; j < B; j++) {
    memcpy(w->v + j * w->high, w->x + j * ld + B, (size_t)(ld - B) * sizeof(REAL));
    for (int64_t i = ld - B; i < w->high; i++) w->v[j * w->high + i] = 0;
  }
  memset(w->r, 0, B * B * sizeof(REAL));
  memset(w->t, 0, B * B * sizeof(REAL));
  panel_qr(B, w->high, w->v, w->high, w->r, w->t);
}

/* Collective. The trailing matrix, from w->first on, is updated by what is pending and multiplied
 * by V; V and W are then pending. */
static void pass(work *w) {
  int64_t items = chunks(w->m->n - w->first, CHUNK / 4);
  w->row = rows_below(w, w->first);
  w->col = cols_below(w, w->first);
  nlrmt_team_run(w->threads, items, spread_v, w);
  nlrmt_team_run(w->threads, chunks(w->m->cols - w->col, STRIP), strip, w);
  nlrmt_team_run(w->threads, items, collect_y, w);
  if (w->m->grid->comm->size > 1)
    MPI_Allreduce(MPI_IN_PLACE, w->x, (int)(B * w->high), MPI_REAL_TYPE, MPI_SUM,
                  w->m->grid->comm->mpi);
  nlrmt_team_run(w->threads, items, form_x, w);
  for (int64_t k = 1; k < items; k++)
    for (int i = 0; i < B * B; i++) w->parts[i] += w->parts[k * B * B + i];
  multiply(CblasTrans, CblasNoTrans, B, B, B, 1, w->t, B, w->parts, B, 0, w->s, B);
  nlrmt_team_run(w->threads, items, form_w, w);
  w->pending = true;
}

/* Words: of the workspace, cut into its arrays if `base` is given. */
static int64_t cut(work *w, REAL *base) {
  int64_t n = w->m->n + B, rows = w->m->rows, cols = w->m->cols, used = 0;
  const struct {
    REAL **array;
    int64_t words;
  } arrays[] = {{&w->v, B * n},
                {&w->x, (B + 1) * n},
                {&w->r, B * B},
                {&w->t, B * B},
                {&w->s, B * B},
                {&w->parts, chunks(n, CHUNK / 4) * B * B},
                {&w->row_u, 2 * B * rows},
                {&w->col_u, 2 * B * cols},
                {&w->row_v, B * rows},
                {&w->col_v, B * cols},
                {&w->row_y, B * rows * w->threads},
                {&w->col_y, B * cols},
                {&w->packed, (B + 1) * rows},
                {&w->gathered, w->m->grid->comm->size > 1 ? (B + 1) * n : 0}};
  for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
    if (base) *arrays[k].array = base + used;
    used += (arrays[k].words + 15) / 16 * 16;
  }
  return used;
}

static void reduce_all(work *w, double *band) {
  int64_t n = w->m->n;
  while (n - w->first - B >= 2) {
    gather(w, w->first + B);
    if (band) keep_band(w, B, B, band);
    factor(w);
    if (band) keep_r(w, band);
    w->first += B;
    pass(w);
  }
  gather(w, n);
  if (band) keep_band(w, n - w->first, n - w->first, band);
}

nlrmt_status FROM_FULL(nlrmt_dmat *a, int threads, double *band, nlrmt_error *err) {
  const nlrmt_comm *comm = a->grid->comm;
  work w = {.m = a, .a = ELEMENTS(a), .threads = threads};
  void *base = NULL;
  size_t bytes = (size_t)cut(&w, NULL) * sizeof(REAL);
  w.counts = nlrmt_fault("eig.malloc") ? NULL : malloc(2 * (size_t)comm->size * sizeof *w.counts);
  w.offsets = w.counts + comm->size;
  if (posix_memalign(&base, 64, bytes) != 0) base = NULL;
  if (!base || !w.counts)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "band: no memory for the workspace (%zu MiB)", bytes >> 20);
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK) {
    cut(&w, base);
    reduce_all(&w, band);
  }
  free(base);
  free(w.counts);
  return err->status;
}

#endif
