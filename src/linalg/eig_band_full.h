/* Template (REAL, GEMM, TRSM, MPI_REAL_TYPE, ELEMENTS, FROM_FULL): full -> band, b = NLRMT_BAND
 * columns at a time.
 *
 * The process column that holds the panel below the band finds its QR, Q = 1 - V T V', and sends
 * every rank the rows of V that belong to its own rows of A. With Y = A V, X = Y T and
 * W = X - V (T'V'X)/2 the trailing matrix becomes
 *
 *     Q'A Q = A - V W' - W V'.
 *
 * That update waits for the next panel's V (the next panel itself is brought up to date before its
 * QR), so that one pass over A, in strips of columns, does the update and the next Y. Only the
 * lower triangle is kept, so an element below the diagonal serves Y twice, once transposed: parts
 * for my rows, added up along the process row, and parts for my columns, added up along the process
 * column and then given to those of the rows. Each rank works on its own elements by local
 * products, with the rows of V and W that belong to its rows and columns. Flops a rank: 4/3 n^3 / P
 * in products with inner or outer dimension b or 2 b, and 6 n^2 b / nprow, or 4.5 n^2 b on one
 * process row. Words a rank, with n^2/2 in all panels: (1 + 2) n^2/2 / nprow for V and Y of its
 * rows, (2 + 2) n^2/2 / npcol for V, Y and W of its columns; nothing along a row or column of one
 * process.
 */
#ifndef NLRMT_LINALG_EIG_BAND_FULL_H
#define NLRMT_LINALG_EIG_BAND_FULL_H

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "eig_band_panel.h"
#include "eig_band_tall.h"
#include "nlrmt/fault.h"
#include "nlrmt/team.h"

enum {
  B = NLRMT_BAND,
  CORNER = ((B + 1) * (B + 1) + 15) / 16 * 16,
  STRIP = 256, /* columns that are worked on at once */
  CHUNK = 2048 /* rows of them */
};

/* All column-major, with a row for each of my rows or columns. `below`: those from the first b rows
 * of the trailing matrix on, at least b, zeros if there are fewer. */
typedef struct {
  const nlrmt_dmat *m;
  REAL *a;
  int threads;
  int64_t first;         /* of the trailing matrix */
  int64_t row, col;      /* my first local row and column in it */
  int64_t below;         /* rows of v */
  bool pending;          /* the update by row_u, col_u is still to be done */
  REAL *message;         /* T, R, the square on the diagonal, then v: one message */
  REAL *t, *r, *square;  /* [b][b], [b][b], [b + 1][b + 1] */
  REAL *v;               /* V of my rows, from w->row on; first the panel; [b][below] */
  REAL *s, *parts;       /* [b][b]; partial sums of V'X, [chunks][b][b] */
  REAL *row_u, *col_u;   /* V W of my rows, W V of my columns; [2 b][rows], [2 b][cols] */
  REAL *col_v;           /* V of my columns; [b][cols] */
  REAL *row_y, *col_y;   /* my parts of Y, from row and col on: [threads][b][..], [b][..] */
  REAL *packed, *others; /* on their way: from me, to me */
  REAL *q, *stack;       /* of tall_panel; q also a whole short panel */
  int *counts, *offsets; /* [nprow] */
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
  int64_t rows = w->m->rows - w->row, cols = w->m->cols - w->col, ld = w->m->ld;
  if (i1 <= i0 || l1 <= l0) return;
  if (w->pending) update(w, i0, i1, l0, l1);
  multiply(CblasNoTrans, CblasNoTrans, i1 - i0, B, l1 - l0, 1, a, ld, w->col_v + l0, w->m->cols, 1,
           w->row_y + thread * B * rows + i0 - w->row, rows);
  if (lower)
    multiply(CblasTrans, CblasNoTrans, l1 - l0, B, i1 - i0, 1, a, ld, w->v + i0 - w->row, w->below,
             1, w->col_y + l0 - w->col, cols);
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

/* The rank of my process row that holds column `global`. */
static int owner_of(const work *w, int64_t global) {
  return (int)(global / w->m->block % w->m->grid->npcol);
}

/* My rows of a column of the trailing matrix, number j from w->first on, to their places: those of
 * the square's `count` rows, and what is below the first b. */
static void place_column(work *w, int64_t j, int64_t count, const REAL *column) {
  int64_t i0 = rows_below(w, w->first), i1 = rows_below(w, w->first + count);
  int64_t i2 = rows_below(w, min64(w->first + B, w->m->n)), rows = w->m->rows - i2;
  for (int64_t i = i0; i < i1; i++)
    w->square[j * (B + 1) + row_global(w, i) - w->first] = column[i - i0];
  if (j >= B) return;
  memcpy(w->v + j * w->below, column + i2 - i0, (size_t)rows * sizeof *column);
  memset(w->v + j * w->below + rows, 0, (size_t)(w->below - rows) * sizeof(REAL));
}

/* Collective over my process row. The trailing matrix's first `count` columns, up to date, to the
 * rank that holds the first of them: square, zero where other ranks have the row, and v. */
static void collect_panel(work *w, int64_t count) {
  const nlrmt_grid *g = w->m->grid;
  columns c = {w, rows_below(w, w->first), cols_below(w, w->first),
               cols_below(w, w->first + count)};
  int64_t rows = w->m->rows - c.row;
  int root = owner_of(w, w->first);
  if (w->pending && c.l1 > c.l0)
    nlrmt_team_run(w->threads, chunks(rows, CHUNK / 4), update_columns, &c);
  memset(w->square, 0, (B + 1) * (B + 1) * sizeof(REAL));
  for (int64_t j = 0; j < count; j++) {
    int owner = owner_of(w, w->first + j);
    if (g->mycol == owner) {
      const REAL *column = w->a + c.l0++ * w->m->ld + c.row;
      if (owner == root)
        place_column(w, j, count, column);
      else
        MPI_Send(column, (int)rows, MPI_REAL_TYPE, root, 0, g->row);
    } else if (g->mycol == root) {
      MPI_Recv(w->packed, (int)rows, MPI_REAL_TYPE, owner, 0, g->row, MPI_STATUS_IGNORE);
      place_column(w, j, count, w->packed);
    }
  }
}

/* Collective over my process column, that of the panel. The square to process row 0. */
static void add_square(work *w) {
  const nlrmt_grid *g = w->m->grid;
  if (g->nprow > 1)
    MPI_Reduce(g->myrow == 0 ? MPI_IN_PLACE : w->square, w->square, (B + 1) * (B + 1),
               MPI_REAL_TYPE, MPI_SUM, 0, g->col);
}

/* The lower triangle of the square of `count` columns, as far as it is in the band. */
static void keep_square(const work *w, int64_t count, double *band) {
  for (int64_t j = 0; j < count; j++)
    for (int64_t i = j; i < min64(count, j + B + 1); i++)
      band[(w->first + j) * NLRMT_BAND_LD + i - j] = w->square[j * (B + 1) + i];
}

/* R, b rows below the panel's first. */
static void keep_r(const work *w, double *band) {
  for (int64_t j = 0; j < B; j++)
    for (int64_t i = 0; i <= j && w->first + B + i < w->m->n; i++)
      band[(w->first + j) * NLRMT_BAND_LD + B + i - j] = w->r[j * B + i];
}

/* Collective over my process column. QR of a panel of few rows, or of one process row: by process
 * row 0 alone. */
static void factor_short(work *w) {
  const nlrmt_grid *g = w->m->grid;
  int64_t begin = w->first + B, high = max64(w->m->n - begin, B), i0 = rows_below(w, begin);
  REAL *panel = g->nprow > 1 ? w->q : w->v;
  if (g->nprow > 1) {
    memset(panel, 0, (size_t)(B * high) * sizeof *panel);
    for (int64_t j = 0; j < B; j++)
      for (int64_t i = i0; i < w->m->rows; i++)
        panel[j * high + row_global(w, i) - begin] = w->v[j * w->below + i - i0];
    MPI_Reduce(g->myrow == 0 ? MPI_IN_PLACE : panel, panel, (int)(B * high), MPI_REAL_TYPE, MPI_SUM,
               0, g->col);
  }
  if (g->myrow == 0) panel_qr(B, high, panel, high, w->r, w->t);
  if (g->nprow == 1) return;
  MPI_Bcast(panel, (int)(B * high), MPI_REAL_TYPE, 0, g->col);
  MPI_Bcast(w->message, 2 * SQUARE, MPI_REAL_TYPE, 0, g->col); /* T, R */
  for (int64_t j = 0; j < B; j++)
    for (int64_t i = i0; i < w->m->rows; i++)
      w->v[j * w->below + i - i0] = panel[j * high + row_global(w, i) - begin];
}

/* The same of a panel of which every process row has b rows or more. */
static void factor_tall(work *w) {
  const nlrmt_grid *g = w->m->grid;
  int64_t begin = w->first + B, i0 = rows_below(w, begin);
  int top = (int)(rows_below(w, begin + B) - i0), place[B];
  for (int k = 0; k < top; k++) place[k] = (int)(row_global(w, i0 + k) - begin);
  const tall_panel panel = {g->col, g->nprow, g->myrow, w->below, w->v, w->q, w->stack, top, place};
  tall_qr(&panel, w->r, w->t);
}

/* Least number of rows from global row `begin` on that a process row has. */
static int64_t least_rows(const work *w, int64_t begin) {
  int64_t least = w->m->n;
  for (int i = 0; i < w->m->grid->nprow; i++)
    least = min64(least, nlrmt_block_count(w->m->n, w->m->block, i, w->m->grid->nprow) -
                             nlrmt_block_count(begin, w->m->block, i, w->m->grid->nprow));
  return least;
}

/* Collective. The panel's QR and the square to every rank: V of its own rows. */
static void factor(work *w, double *band) {
  const nlrmt_grid *g = w->m->grid;
  int root = owner_of(w, w->first);
  w->below = max64(w->m->rows - rows_below(w, w->first + B), B);
  collect_panel(w, B);
  if (g->mycol == root) {
    memset(w->message, 0, 2 * SQUARE * sizeof(REAL));
    add_square(w);
    if (g->nprow > 1 && least_rows(w, w->first + B) >= B)
      factor_tall(w);
    else
      factor_short(w);
  }
  if (g->npcol > 1)
    MPI_Bcast(w->message, (int)(w->v - w->message + B * w->below), MPI_REAL_TYPE, root, g->row);
  if (band) keep_square(w, B, band);
  if (band) keep_r(w, band);
}

/* A block of my columns, from local column l on, within the trailing matrix: its end, the process
 * row that has these indices as rows, and, on that one, the first of them. */
static int64_t block_of(const work *w, int64_t l, int *owner, int64_t *i) {
  int64_t global = col_global(w, l);
  *owner = (int)(global / w->m->block % w->m->grid->nprow);
  *i = rows_below(w, global);
  return min64((l / w->m->block + 1) * w->m->block, w->m->cols);
}

/* Block number `item` of my trailing columns, the first may be a part of one. */
static int64_t block_begin(const work *w, int64_t item) {
  int64_t l = (w->col / w->m->block + item) * w->m->block;
  return max64(l, w->col);
}

static int64_t blocks(const work *w) {
  return w->m->cols > w->col ? (w->m->cols - 1) / w->m->block - w->col / w->m->block + 1 : 0;
}

/* What to_columns moves: from[b][ld], from w->row on, to [b][cols]. */
typedef struct {
  const work *w;
  const REAL *from;
  int64_t ld;
  REAL *to;
} transfer;

static void copy_block(void *shared, int64_t item, int thread) {
  const transfer *x = shared;
  const work *w = x->w;
  int owner;
  int64_t l = block_begin(w, item), i, end = block_of(w, l, &owner, &i);
  (void)thread;
  for (int64_t k = 0; k < B; k++)
    memcpy(x->to + k * w->m->cols + l, x->from + k * x->ld + i - w->row,
           (size_t)(end - l) * sizeof(REAL));
}

/* Collective over my process column. `to` <- for each of my columns the row of `from` of the same
 * global index, whoever has it. */
static void to_columns(work *w, const REAL *from, int64_t ld, REAL *to) {
  const nlrmt_grid *g = w->m->grid;
  transfer x = {w, from, ld, to};
  int64_t mine = 0, i;
  int owner;
  if (g->nprow == 1) {
    nlrmt_team_run(w->threads, blocks(w), copy_block, &x);
    return;
  }
  memset(w->counts, 0, (size_t)g->nprow * sizeof *w->counts);
  for (int64_t l = w->col, end; l < w->m->cols; l = end) {
    end = block_of(w, l, &owner, &i);
    w->counts[owner] += (int)(B * (end - l));
    for (int64_t k = 0; k < B && owner == g->myrow; k++, mine += end - l)
      memcpy(w->packed + mine, from + k * ld + i - w->row, (size_t)(end - l) * sizeof(REAL));
  }
  w->offsets[0] = 0;
  for (int p = 1; p < g->nprow; p++) w->offsets[p] = w->offsets[p - 1] + w->counts[p - 1];
  MPI_Allgatherv(w->packed, (int)mine, MPI_REAL_TYPE, w->others, w->counts, w->offsets,
                 MPI_REAL_TYPE, g->col);
  for (int64_t l = w->col, end; l < w->m->cols; l = end) {
    end = block_of(w, l, &owner, &i);
    for (int64_t k = 0; k < B; k++, w->offsets[owner] += (int)(end - l))
      memcpy(to + k * w->m->cols + l, w->others + w->offsets[owner],
             (size_t)(end - l) * sizeof(REAL));
  }
}

/* Rows [*begin, *end) of my trailing ones: item number `item`, CHUNK / 4 each. */
static void chunk_rows(const work *w, int64_t item, int64_t *begin, int64_t *end) {
  *begin = item * (CHUNK / 4);
  *end = min64(*begin + CHUNK / 4, w->m->rows - w->row);
}

/* Y = 0, column number `item` of all of it: of the rows, thread by thread, then of the columns. */
static void clear_y(void *shared, int64_t item, int thread) {
  work *w = shared;
  int64_t rows = w->m->rows - w->row, cols = w->m->cols - w->col, of_rows = B * w->threads;
  (void)thread;
  if (item < of_rows)
    memset(w->row_y + item * rows, 0, (size_t)rows * sizeof(REAL));
  else
    memset(w->col_y + (item - of_rows) * cols, 0, (size_t)cols * sizeof(REAL));
}

/* Y of the rows in the block of columns number `item`, if they are mine, += Y of the columns. */
static void add_columns(void *shared, int64_t item, int thread) {
  work *w = shared;
  int owner;
  int64_t l = block_begin(w, item), i, end = block_of(w, l, &owner, &i);
  (void)thread;
  for (int64_t k = 0; k < B && owner == w->m->grid->myrow; k++) {
    REAL *out = w->row_y + k * (w->m->rows - w->row) + i - w->row;
    const REAL *in = w->col_y + k * (w->m->cols - w->col) + l - w->col;
    for (int64_t q = 0; q < end - l; q++) out[q] += in[q];
  }
}

/* Y of this chunk of rows: the threads' parts together. */
static void add_threads(void *shared, int64_t item, int thread) {
  work *w = shared;
  int64_t begin, end, rows = w->m->rows - w->row;
  (void)thread;
  chunk_rows(w, item, &begin, &end);
  for (int t = 1; t < w->threads; t++)
    for (int64_t k = 0; k < B; k++) {
      REAL *out = w->row_y + k * rows;
      const REAL *in = out + t * B * rows;
      for (int64_t q = begin; q < end; q++) out[q] += in[q];
    }
}

/* Collective. Y of my rows, complete, from everyone's parts. */
static void add_up_y(work *w) {
  const nlrmt_grid *g = w->m->grid;
  int64_t rows = w->m->rows - w->row, cols = w->m->cols - w->col;
  if (w->threads > 1) nlrmt_team_run(w->threads, chunks(rows, CHUNK / 4), add_threads, w);
  if (g->nprow > 1 && cols > 0)
    MPI_Allreduce(MPI_IN_PLACE, w->col_y, (int)(B * cols), MPI_REAL_TYPE, MPI_SUM, g->col);
  nlrmt_team_run(w->threads, blocks(w), add_columns, w);
  if (g->npcol > 1 && rows > 0)
    MPI_Allreduce(MPI_IN_PLACE, w->row_y, (int)(B * rows), MPI_REAL_TYPE, MPI_SUM, g->row);
}

/* X = Y T, in the place of Y, and this chunk's part of V'X. */
static void form_x(void *shared, int64_t item, int thread) {
  work *w = shared;
  int64_t begin, end, ld = w->m->rows - w->row;
  (void)thread;
  chunk_rows(w, item, &begin, &end);
  REAL y[B * B], *part = w->parts + item * B * B, *x = w->row_y;
  memset(part, 0, B * B * sizeof *part);
  for (int64_t i = begin; i < end; i += B) {
    int64_t rows = min64(B, end - i);
    for (int64_t k = 0; k < B; k++) memcpy(y + k * B, x + k * ld + i, (size_t)rows * sizeof *y);
    multiply(CblasNoTrans, CblasNoTrans, rows, B, B, 1, y, B, w->t, B, 0, x + i, ld);
  }
  multiply(CblasTrans, CblasNoTrans, B, B, end - begin, 1, w->v + begin, w->below, x + begin, ld, 0,
           part, B);
}

/* Collective over my process column. s = T'V'X. */
static void form_s(work *w, int64_t items) {
  if (items == 0) memset(w->parts, 0, SQUARE * sizeof(REAL));
  for (int64_t k = 1; k < items; k++)
    for (int i = 0; i < B * B; i++) w->parts[i] += w->parts[k * B * B + i];
  if (w->m->grid->nprow > 1)
    MPI_Allreduce(MPI_IN_PLACE, w->parts, SQUARE, MPI_REAL_TYPE, MPI_SUM, w->m->grid->col);
  multiply(CblasTrans, CblasNoTrans, B, B, B, 1, w->t, B, w->parts, B, 0, w->s, B);
}

/* W = X - V s / 2: V and W of this chunk of rows to where the update needs them. */
static void form_w(void *shared, int64_t item, int thread) {
  work *w = shared;
  int64_t begin, end, ld = w->m->rows - w->row;
  (void)thread;
  chunk_rows(w, item, &begin, &end);
  multiply(CblasNoTrans, CblasNoTrans, end - begin, B, B, (REAL)-0.5, w->v + begin, w->below, w->s,
           B, 1, w->row_y + begin, ld);
  for (int64_t k = 0; k < B; k++) {
    REAL *out = w->row_u + k * w->m->rows + w->row + begin;
    size_t bytes = (size_t)(end - begin) * sizeof *out;
    memcpy(out, w->v + k * w->below + begin, bytes);
    memcpy(out + B * w->m->rows, w->row_y + k * ld + begin, bytes);
  }
}

/* Collective. The trailing matrix, from w->first on, is updated by what is pending and multiplied
 * by V; V and W are then pending. */
static void pass(work *w) {
  w->row = rows_below(w, w->first);
  w->col = cols_below(w, w->first);
  int64_t rows = w->m->rows - w->row, cols = w->m->cols, items = chunks(rows, CHUNK / 4);
  to_columns(w, w->v, w->below, w->col_v);
  nlrmt_team_run(w->threads, B * (w->threads + 1), clear_y, w);
  nlrmt_team_run(w->threads, chunks(cols - w->col, STRIP), strip, w);
  add_up_y(w);
  nlrmt_team_run(w->threads, items, form_x, w);
  form_s(w, items);
  nlrmt_team_run(w->threads, items, form_w, w);
  to_columns(w, w->row_y, rows, w->col_u);
  for (int64_t k = 0; k < B && cols > w->col; k++)
    memcpy(w->col_u + (B + k) * cols + w->col, w->col_v + k * cols + w->col,
           (size_t)(cols - w->col) * sizeof(REAL));
  w->pending = true;
}

/* Words: of the workspace, cut into its arrays if `base` is given. */
static int64_t cut(work *w, REAL *base) {
  int nprow = w->m->grid->nprow;
  int64_t rows = w->m->rows, cols = w->m->cols, used = 0;
  int64_t high = nprow * (B + 2 * (int64_t)w->m->block); /* factor_short: of fewer rows than that */
  const struct {
    REAL **array;
    int64_t words;
  } arrays[] = {{&w->message, 2 * SQUARE + CORNER + B * (rows + B)},
                {&w->s, SQUARE},
                {&w->parts, (chunks(rows, CHUNK / 4) + 1) * SQUARE},
                {&w->row_u, 2 * B * rows},
                {&w->col_u, 2 * B * cols},
                {&w->col_v, B * cols},
                {&w->row_y, B * rows * w->threads},
                {&w->col_y, B * cols},
                {&w->q, nprow > 1 ? B * (max64(rows, min64(w->m->n, high)) + B) : 0},
                {&w->packed, (B + 1) * rows},
                {&w->others, nprow > 1 ? B * cols : 0},
                {&w->stack, nprow > 1 ? (2 * nprow + 1) * SQUARE : 0}};
  for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
    if (base) *arrays[k].array = base + used;
    used += (arrays[k].words + 15) / 16 * 16;
  }
  w->t = w->message;
  w->r = w->t + SQUARE;
  w->square = w->r + SQUARE;
  w->v = w->square + CORNER;
  return used;
}

/* Collective. What is left is a square, of at most b + 1 columns. */
static void finish(work *w, double *band) {
  const nlrmt_grid *g = w->m->grid;
  int64_t count = w->m->n - w->first;
  int root = owner_of(w, w->first);
  w->below = B;
  collect_panel(w, count);
  if (g->mycol == root) add_square(w);
  if (g->npcol > 1) MPI_Bcast(w->square, (B + 1) * (B + 1), MPI_REAL_TYPE, root, g->row);
  if (band) keep_square(w, count, band);
}

static void reduce_all(work *w, double *band) {
  while (w->m->n - w->first - B >= 2) {
    factor(w, band);
    w->first += B;
    pass(w);
  }
  finish(w, band);
}

nlrmt_status FROM_FULL(nlrmt_dmat *a, int threads, double *band, nlrmt_error *err) {
  const nlrmt_comm *comm = a->grid->comm;
  work w = {.m = a, .a = ELEMENTS(a), .threads = threads};
  void *base = NULL;
  size_t bytes = (size_t)cut(&w, NULL) * sizeof(REAL);
  w.counts =
      nlrmt_fault("eig.malloc") ? NULL : malloc(2 * (size_t)a->grid->nprow * sizeof *w.counts);
  if (posix_memalign(&base, 64, bytes) != 0) base = NULL;
  if (!base || !w.counts)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "band: no memory for the workspace (%zu MiB)", bytes >> 20);
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK) {
    w.offsets = w.counts + a->grid->nprow;
    cut(&w, base);
    reduce_all(&w, band);
  }
  free(base);
  free(w.counts);
  return err->status;
}

#endif
