#include "nlrmt/gram.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/fault.h"
#include "scalapack.h"

/* A gathered strip keeps its pieces apart: piece p is column-major with leading dimension rows[p]
 * and starts at first[p] times the number of columns. The sum over strip rows is taken piece by
 * piece, so that no gathered strip has to be repacked. */
struct nlrmt_gram {
  nlrmt_dmat *a;
  size_t word; /* bytes of an entry of A and of G */
  MPI_Datatype type;
  int64_t strip_rows;
  int64_t *rows, *first; /* [nprow], [nprow + 1]: heights of the pieces, and their sums */
  int64_t *share; /* [npcol]: how many of my rows' columns of G each rank of my process row holds */
  int *counts, *displs;  /* [max(nprow, npcol)] */
  char *on_cols;         /* strip on my columns; unused if nprow = 1 */
  char *on_rows;         /* strip on my rows; unused on one rank */
  char *sent, *received; /* what is gathered along the process row, not yet in order; unused if
                              nprow = npcol */
};

/* Elements of the four buffers on one rank. */
static void buffer_sizes(int64_t n, int block, int64_t s, int nprow, int npcol, int myrow,
                         int mycol, int64_t size[4]) {
  int64_t rows = nlrmt_block_count(n, block, myrow, nprow);
  int64_t cols = nlrmt_block_count(n, block, mycol, npcol);
  size[0] = nprow > 1 ? s * cols : 0;
  size[1] = nprow * npcol > 1 ? s * rows : 0;
  size[2] = nprow != npcol ? s * (rows < cols ? rows : cols) : 0;
  size[3] = nprow != npcol ? s * rows : 0;
}

size_t nlrmt_gram_bytes(int64_t n, int block, int64_t strip_rows, bool single, int nprow, int npcol,
                        int myrow, int mycol) {
  int64_t size[4];
  buffer_sizes(n, block, strip_rows, nprow, npcol, myrow, mycol, size);
  return (size_t)(size[0] + size[1] + size[2] + size[3]) *
         (single ? sizeof(float) : sizeof(double));
}

static int64_t block_width(const nlrmt_dmat *a, int64_t b) {
  return a->n - b * a->block < a->block ? a->n - b * a->block : a->block;
}

/* Local. */
static nlrmt_status allocate(nlrmt_gram *gram, nlrmt_error *err) {
  const nlrmt_dmat *a = gram->a;
  const nlrmt_grid *g = a->grid;
  int64_t size[4];
  buffer_sizes(a->n, a->block, gram->strip_rows, g->nprow, g->npcol, g->myrow, g->mycol, size);
  for (int k = 0; k < 4; k++)
    if (size[k] > INT_MAX)
      return nlrmt_fail(err, NLRMT_ERR_RESOURCE,
                        "gram: a strip of %lld rows is beyond MPI's 32-bit counts, use lower ones",
                        (long long)gram->strip_rows);
  char **buffer[4] = {&gram->on_cols, &gram->on_rows, &gram->sent, &gram->received};
  bool ok = true;
  for (int k = 0; k < 4; k++)
    if (size[k] > 0) ok = (*buffer[k] = malloc((size_t)size[k] * gram->word)) && ok;
  size_t nprow = (size_t)g->nprow, npcol = (size_t)g->npcol;
  gram->rows = calloc(nprow, sizeof *gram->rows);
  gram->first = calloc(nprow + 1, sizeof *gram->first);
  gram->share = calloc(npcol, sizeof *gram->share);
  gram->counts = calloc(nprow + npcol, sizeof *gram->counts);
  gram->displs = calloc(nprow + npcol, sizeof *gram->displs);
  if (!ok || !gram->rows || !gram->first || !gram->share || !gram->counts || !gram->displs)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "gram: no memory for strips of %lld rows",
                      (long long)gram->strip_rows);
  for (int64_t b = g->myrow; b * a->block < a->n; b += g->nprow)
    gram->share[b % g->npcol] += block_width(a, b);
  return NLRMT_OK;
}

nlrmt_status nlrmt_gram_create(nlrmt_dmat *a, int64_t strip_rows, nlrmt_gram **gram,
                               nlrmt_error *err) {
  *gram = calloc(1, sizeof **gram);
  if (*gram) {
    (*gram)->a = a;
    (*gram)->word = a->single ? sizeof(float) : sizeof(double);
    (*gram)->type = a->single ? MPI_FLOAT : MPI_DOUBLE;
    (*gram)->strip_rows = strip_rows;
    allocate(*gram, err);
  } else {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "gram: no memory");
  }
  if (nlrmt_comm_agree(a->grid->comm, err) != NLRMT_OK) nlrmt_gram_destroy(gram);
  return err->status;
}

void nlrmt_gram_destroy(nlrmt_gram **gram) {
  nlrmt_gram *g = *gram;
  if (!g) return;
  free(g->rows);
  free(g->first);
  free(g->share);
  free(g->counts);
  free(g->displs);
  free(g->on_cols);
  free(g->on_rows);
  free(g->sent);
  free(g->received);
  free(g);
  *gram = NULL;
}

/* One operand of the local products: piece p at word first[p] * width of base, leading dimension
 * rows[p]; or, with ld > 0, one single piece with that leading dimension. */
typedef struct {
  const char *base;
  int64_t width, ld;
} operand;

/* Along the process column: the strip on my columns. */
static operand gather_cols(nlrmt_gram *gram, int64_t rows, const char *piece, int64_t ld) {
  const nlrmt_grid *g = gram->a->grid;
  int64_t cols = gram->a->cols, word = (int64_t)gram->word;
  if (g->nprow == 1) return (operand){piece, cols, ld};
  char *mine = gram->on_cols + gram->first[g->myrow] * cols * word;
  for (int64_t j = 0; j < cols && rows > 0; j++)
    memcpy(mine + j * rows * word, piece + j * ld * word, (size_t)(rows * word));
  for (int p = 0; p < g->nprow; p++) {
    gram->counts[p] = (int)(gram->rows[p] * cols);
    gram->displs[p] = (int)(gram->first[p] * cols);
  }
  MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, gram->on_cols, gram->counts, gram->displs,
                 gram->type, g->col);
  return (operand){gram->on_cols, cols, 0};
}

/* Start and leading dimension of column j of piece p. */
static const char *column(const nlrmt_gram *gram, operand x, int p, int64_t j, int64_t *ld) {
  *ld = x.ld > 0 ? x.ld : gram->rows[p] > 0 ? gram->rows[p] : 1;
  return x.base + (gram->first[p] * x.width + j * *ld) * (int64_t)gram->word;
}

/* Packs those of my columns that are among the rows of my process row, piece by piece. */
static void pack(nlrmt_gram *gram, operand on_cols) {
  const nlrmt_dmat *a = gram->a;
  const nlrmt_grid *g = a->grid;
  char *out = gram->sent;
  int64_t word = (int64_t)gram->word;
  for (int p = 0; p < g->nprow; p++)
    for (int64_t b = g->mycol; b * a->block < a->n; b += g->npcol) {
      if (b % g->nprow != g->myrow) continue;
      for (int64_t j = 0; j < block_width(a, b) && gram->rows[p] > 0; j++) {
        int64_t ld;
        const char *in = column(gram, on_cols, p, b / g->npcol * a->block + j, &ld);
        memcpy(out, in, (size_t)(gram->rows[p] * word));
        out += gram->rows[p] * word;
      }
    }
}

/* Puts what rank j of my process row sent where its blocks belong among my rows. */
static void unpack(nlrmt_gram *gram, int from, const char *in) {
  const nlrmt_dmat *a = gram->a;
  const nlrmt_grid *g = a->grid;
  for (int p = 0; p < g->nprow; p++)
    for (int64_t b = g->myrow; b * a->block < a->n; b += g->nprow) {
      if (b % g->npcol != from) continue;
      int64_t at = gram->first[p] * a->rows + b / g->nprow * a->block * gram->rows[p];
      int64_t word = (int64_t)gram->word, bytes = block_width(a, b) * gram->rows[p] * word;
      memcpy(gram->on_rows + at * word, in, (size_t)bytes);
      in += bytes;
    }
}

/* Along the process row: the strip on my rows, in their order. */
static operand gather_rows(nlrmt_gram *gram, operand on_cols) {
  const nlrmt_dmat *a = gram->a;
  const nlrmt_grid *g = a->grid;
  int64_t s = gram->first[g->nprow];
  operand on_rows = {gram->on_rows, a->rows, 0};
  if (g->nprow == g->npcol) { /* my rows are the columns of process column myrow, in order */
    bool mine = g->mycol == g->myrow;
    MPI_Bcast(mine ? gram->on_cols : gram->on_rows, (int)(s * a->rows), gram->type, g->myrow,
              g->row);
    return mine ? on_cols : on_rows;
  }
  pack(gram, on_cols);
  int64_t at = 0;
  for (int j = 0; j < g->npcol; j++) {
    gram->counts[j] = (int)(s * gram->share[j]);
    gram->displs[j] = (int)(s * at);
    at += gram->share[j];
  }
  MPI_Allgatherv(gram->sent, gram->counts[g->mycol], gram->type, gram->received, gram->counts,
                 gram->displs, gram->type, g->row);
  for (int j = 0; j < g->npcol; j++)
    unpack(gram, j, gram->received + gram->displs[j] * (int64_t)gram->word);
  return on_rows;
}

/* Adds to local rows [i0, i1) x columns [j0, j1) of A. */
static void add_rectangle(nlrmt_gram *gram, operand on_rows, operand on_cols, int64_t i0,
                          int64_t i1, int64_t j0, int64_t j1) {
  nlrmt_dmat *a = gram->a;
  double one = 1;
  float one_s = 1;
  int m = (int)(i1 - i0), n = (int)(j1 - j0), ld = (int)a->ld;
  if (m <= 0 || n <= 0) return;
  for (int p = 0; p < a->grid->nprow; p++) {
    int64_t ldr, ldc;
    const void *r = column(gram, on_rows, p, i0, &ldr), *c = column(gram, on_cols, p, j0, &ldc);
    int k = (int)gram->rows[p], lda = (int)ldr, ldb = (int)ldc;
    if (k > 0 && a->single)
      sgemm_("T", "N", &m, &n, &k, &one_s, r, &lda, c, &ldb, &one_s, a->s + j0 * a->ld + i0, &ld);
    else if (k > 0)
      dgemm_("T", "N", &m, &n, &k, &one, r, &lda, c, &ldb, &one, a->a + j0 * a->ld + i0, &ld);
  }
}

/* Adds to the part on and below the diagonal of local columns [j0, j1) x the rows of the same
 * global range, by halves: nearly all of the work is in large rectangles, and what is computed
 * above the diagonal is a share of about LEAF / cols. */
static void add_triangle(nlrmt_gram *gram, operand on_rows, operand on_cols, int64_t j0, int64_t j1,
                         int64_t i1) {
  enum { LEAF = 128 };
  const nlrmt_dmat *a = gram->a;
  const nlrmt_grid *g = a->grid;
  int64_t top = nlrmt_block_global(j0, a->block, g->mycol, g->npcol);
  int64_t i0 = nlrmt_block_count(top, a->block, g->myrow, g->nprow); /* first row not above */
  if (j1 - j0 <= LEAF) {
    add_rectangle(gram, on_rows, on_cols, i0, i1, j0, j1);
    return;
  }
  int64_t mid = j0 + (j1 - j0) / 2;
  int64_t low = nlrmt_block_global(mid, a->block, g->mycol, g->npcol);
  int64_t im = nlrmt_block_count(low, a->block, g->myrow, g->nprow);
  add_triangle(gram, on_rows, on_cols, j0, mid, im);
  add_rectangle(gram, on_rows, on_cols, im, i1, j0, mid);
  add_triangle(gram, on_rows, on_cols, mid, j1, i1);
}

/* On one rank dsyrk does the same (measured 10 % faster than the halves). */
static void add_whole(nlrmt_gram *gram, int64_t rows, const void *piece, int64_t ld) {
  nlrmt_dmat *a = gram->a;
  int n = (int)a->n, k = (int)rows, lda = (int)(ld > 0 ? ld : 1), ldc = (int)a->ld;
  double one = 1;
  float one_s = 1;
  if (k > 0 && a->single)
    ssyrk_("L", "T", &n, &k, &one_s, piece, &lda, &one_s, a->s, &ldc);
  else if (k > 0)
    dsyrk_("L", "T", &n, &k, &one, piece, &lda, &one, a->a, &ldc);
}

nlrmt_status nlrmt_gram_add(nlrmt_gram *gram, int64_t rows, const void *piece, int64_t ld,
                            nlrmt_error *err) {
  const nlrmt_dmat *a = gram->a;
  const nlrmt_grid *g = a->grid;
  if (nlrmt_comm_agree(g->comm, err) != NLRMT_OK) return err->status;
  assert(rows <= gram->strip_rows && ld <= INT_MAX);
  if (g->comm->size == 1) {
    add_whole(gram, rows, piece, ld);
    return NLRMT_OK;
  }
  MPI_Allgather(&rows, 1, MPI_INT64_T, gram->rows, 1, MPI_INT64_T, g->col);
  for (int p = 0; p < g->nprow; p++) gram->first[p + 1] = gram->first[p] + gram->rows[p];
  assert(gram->first[g->nprow] <= gram->strip_rows);
  operand on_cols = gather_cols(gram, rows, piece, ld);
  operand on_rows = gather_rows(gram, on_cols);
  if (a->cols > 0) add_triangle(gram, on_rows, on_cols, 0, a->cols, a->rows);
  return NLRMT_OK;
}

nlrmt_status nlrmt_gram_finish(nlrmt_gram *gram, double alpha, bool whole, nlrmt_error *err) {
  nlrmt_dmat *a = gram->a;
  for (int64_t j = 0; j < a->cols; j++)
    if (a->single)
      for (int64_t i = 0; i < a->rows; i++) a->s[j * a->ld + i] *= (float)alpha;
    else
      for (int64_t i = 0; i < a->rows; i++) a->a[j * a->ld + i] *= alpha;
  if (whole)
    nlrmt_dmat_symmetrise(a, err);
  else
    nlrmt_dmat_symmetrise_blocks(a, err);
  if (nlrmt_fault("gram.nan") && a->rows > 0 && a->cols > 0) {
    if (a->single)
      a->s[0] = NAN;
    else
      a->a[0] = NAN;
  }
  return err->status;
}
