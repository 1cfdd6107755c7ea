#include "nlrmt/shifted.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 16 }; /* rows solved at once: two registers of eight, and n * WIDTH stays in cache */

typedef struct {
  const nlrmt_rows *c;
  const double *d, *e;
  double *whole;  /* [n][WIDTH]: WIDTH whole rows of C, the index of the row fastest */
  double *solved; /* [n][WIDTH] */
  double *pivot;  /* [n] 1/D of T + gamma = L D L' */
  double *factor; /* [n] off-diagonal of L */
  double *sent, *received;
  int *counts, *displs; /* [2][npcol] each: sent, received */
} workspace;

static void release(workspace *w) {
  free(w->whole);
  free(w->sent);
  free(w->counts);
}

/* Local. */
static nlrmt_status allocate(workspace *w, nlrmt_error *err) {
  const nlrmt_rows *c = w->c;
  size_t n = (size_t)c->n, procs = (size_t)c->grid->npcol;
  w->whole = aligned_alloc(64, ((2 * WIDTH + 2) * n + 7) / 8 * 64);
  w->sent = malloc((procs * WIDTH * (size_t)(c->cols + 1) + WIDTH * n) * sizeof(double));
  w->counts = calloc(4 * procs, sizeof *w->counts);
  if (!w->whole || !w->sent || !w->counts)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "shifted systems: no memory for the workspace");
  w->solved = w->whole + WIDTH * n;
  w->pivot = w->solved + WIDTH * n;
  w->factor = w->pivot + n;
  w->received = w->sent + procs * WIDTH * (size_t)(c->cols + 1);
  w->displs = w->counts + 2 * procs;
  return NLRMT_OK;
}

/* T + gamma = L D L'. False if a pivot is not positive. */
static bool factorise(const workspace *w, double gamma) {
  double below = 0; /* e^2/D of the row before */
  for (int64_t i = 0; i < w->c->n; i++) {
    double pivot = w->d[i] + gamma - below;
    if (!(pivot > 0)) return false;
    w->pivot[i] = 1 / pivot;
    if (i + 1 < w->c->n) {
      w->factor[i] = w->e[i] / pivot;
      below = w->e[i] * w->factor[i];
    }
  }
  return true;
}

/* form[k] = c D^-1-form of row k, square[k] = |(T + gamma)^-1 c|^2, for the WIDTH rows. */
static void solve(const workspace *w, double *restrict form, double *restrict square) {
  int64_t n = w->c->n;
  double last[WIDTH] = {0}, sum[WIDTH] = {0};
  for (int64_t i = 0; i < n; i++) {
    const double *restrict b = w->whole + i * WIDTH;
    double *restrict z = w->solved + i * WIDTH;
    double l = i > 0 ? w->factor[i - 1] : 0, r = w->pivot[i];
    for (int k = 0; k < WIDTH; k++) {
      last[k] = b[k] - l * last[k];
      z[k] = r * last[k];
      sum[k] += z[k] * last[k];
    }
  }
  memcpy(form, sum, sizeof sum);
  memset(sum, 0, sizeof sum);
  memset(last, 0, sizeof last);
  for (int64_t i = n - 1; i >= 0; i--) {
    const double *restrict z = w->solved + i * WIDTH;
    double l = i + 1 < n ? w->factor[i] : 0;
    for (int k = 0; k < WIDTH; k++) {
      last[k] = z[k] - l * last[k];
      sum[k] += last[k] * last[k];
    }
  }
  memcpy(square, sum, sizeof sum);
}

/* Rows that rank t of the process row solves in the round that begins at local row `start`. */
static int64_t share(const nlrmt_rows *c, int64_t start, int t) {
  int64_t left = c->rows - start - (int64_t)t * WIDTH;
  return left < 0 ? 0 : left < WIDTH ? left : WIDTH;
}

/* Collective over the process row. The round's rows, whole, each on the rank that solves it; rows
 * beyond the last are 0. Returns how many of them are mine. */
static int64_t deal(const workspace *w, int64_t start) {
  const nlrmt_rows *c = w->c;
  const nlrmt_grid *g = c->grid;
  int *to = w->counts, *from = to + g->npcol, *to_at = w->displs, *from_at = to_at + g->npcol;
  int64_t mine = share(c, start, g->mycol), at = 0;
  double *out = w->sent;
  for (int t = 0; t < g->npcol; t++) {
    int64_t rows = share(c, start, t);
    to[t] = (int)(rows * c->cols);
    to_at[t] = (int)(out - w->sent);
    for (int64_t l = 0; l < c->cols; l++)
      for (int64_t k = 0; k < rows; k++) *out++ = c->c[l * c->ld + start + t * WIDTH + k];
  }
  for (int t = 0; t < g->npcol; t++) {
    from[t] = (int)(mine * nlrmt_block_count(c->n, c->block, t, g->npcol));
    from_at[t] = (int)at;
    at += from[t];
  }
  MPI_Alltoallv(w->sent, to, to_at, MPI_DOUBLE, w->received, from, from_at, MPI_DOUBLE, g->row);
  memset(w->whole, 0, (size_t)c->n * WIDTH * sizeof *w->whole);
  const double *in = w->received;
  for (int t = 0; t < g->npcol; t++) {
    int64_t cols = nlrmt_block_count(c->n, c->block, t, g->npcol);
    for (int64_t l = 0; l < cols; l++) {
      double *b = w->whole + nlrmt_block_global(l, c->block, t, g->npcol) * WIDTH;
      for (int64_t k = 0; k < mine; k++) b[k] = *in++;
    }
  }
  return mine;
}

/* Every gamma for the rows at hand; `first` is the global number of the first of them. */
static void add_rows(const workspace *w, int64_t rows, int64_t first, int64_t split, size_t count,
                     const double *gamma, nlrmt_shifted (*sum)[2], nlrmt_error *err) {
  double form[WIDTH], square[WIDTH];
  for (size_t g = 0; g < count && rows > 0; g++) {
    if (!factorise(w, gamma[g])) {
      nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                 "ridge path: gamma = %.3g is below the rounding errors of the matrix, whose "
                 "smallest eigenvalues came out negative: use a larger one",
                 gamma[g]);
      return;
    }
    solve(w, form, square);
    for (int64_t k = 0; k < rows; k++) {
      nlrmt_shifted *s = &sum[g][first + k >= split];
      s->form += form[k];
      s->square += square[k];
    }
  }
}

/* T - z = L D L', complex: 1/D in pivot[2 i], pivot[2 i + 1] (real part, imaginary part), L's
 * off-diagonal in factor. False if z is real and a pivot is not positive. */
static bool factorise_complex(const workspace *w, double complex z, double *pivot, double *factor) {
  double complex below = 0; /* e^2/D of the row before */
  for (int64_t i = 0; i < w->c->n; i++) {
    double complex d = w->d[i] - z - below;
    if (cimag(z) == 0 && !(creal(d) > 0)) return false;
    double complex r = 1 / d, l = i + 1 < w->c->n ? w->e[i] * r : 0;
    below = i + 1 < w->c->n ? w->e[i] * l : 0;
    pivot[2 * i] = creal(r);
    pivot[2 * i + 1] = cimag(r);
    factor[2 * i] = creal(l);
    factor[2 * i + 1] = cimag(l);
  }
  return true;
}

/* form[k] = c (T - z)^-1 c' of row k: u' D^-1 u, L u = c. */
static void add_complex(const workspace *w, const double *pivot, const double *factor,
                        double *restrict re, double *restrict im) {
  double u[WIDTH] = {0}, v[WIDTH] = {0}; /* real and imaginary part */
  memset(re, 0, WIDTH * sizeof *re);
  memset(im, 0, WIDTH * sizeof *im);
  for (int64_t i = 0; i < w->c->n; i++) {
    const double *restrict b = w->whole + i * WIDTH;
    double a = i > 0 ? factor[2 * i - 2] : 0, c = i > 0 ? factor[2 * i - 1] : 0;
    double p = pivot[2 * i], q = pivot[2 * i + 1];
    for (int k = 0; k < WIDTH; k++) {
      double x = b[k] - (a * u[k] - c * v[k]), y = -(a * v[k] + c * u[k]);
      double s = x * x - y * y, t = 2 * x * y;
      u[k] = x;
      v[k] = y;
      re[k] += s * p - t * q;
      im[k] += s * q + t * p;
    }
  }
}

/* Every z for the first `rows` rows at hand. The factors take the place of `solved`. */
static void add_rows_complex(const workspace *w, int64_t rows, size_t count,
                             const double complex *z, double complex *form, nlrmt_error *err) {
  double re[WIDTH], im[WIDTH], *pivot = w->solved, *factor = pivot + 2 * w->c->n;
  for (size_t g = 0; g < count && rows > 0; g++) {
    if (!factorise_complex(w, z[g], pivot, factor)) {
      nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                 "shifted systems: z = %.3g is within the rounding errors of the matrix, whose "
                 "smallest eigenvalues came out negative: use a z further from 0",
                 creal(z[g]));
      return;
    }
    add_complex(w, pivot, factor, re, im);
    for (int64_t k = 0; k < rows; k++) form[g] += CMPLX(re[k], im[k]);
  }
}

nlrmt_status nlrmt_shifted_sums(const nlrmt_rows *c, int64_t split, const double *d,
                                const double *e, size_t count, const double *gamma,
                                nlrmt_shifted (*sum)[2], nlrmt_error *err) {
  const nlrmt_grid *g = c->grid;
  workspace w = {.c = c, .d = d, .e = e};
  memset(sum, 0, count * sizeof *sum);
  allocate(&w, err);
  if (nlrmt_comm_agree(g->comm, err) == NLRMT_OK) {
    for (int64_t start = 0; start < c->rows; start += (int64_t)WIDTH * g->npcol) {
      int64_t rows = deal(&w, start);
      if (err->status == NLRMT_OK)
        add_rows(&w, rows, c->first + start + (int64_t)g->mycol * WIDTH, split, count, gamma, sum,
                 err);
    }
    MPI_Allreduce(MPI_IN_PLACE, sum, (int)(4 * count), MPI_DOUBLE, MPI_SUM, g->comm->mpi);
    nlrmt_comm_agree(g->comm, err);
  }
  release(&w);
  return err->status;
}

nlrmt_status nlrmt_shifted_forms(const nlrmt_rows *c, int64_t split, const double *d,
                                 const double *e, size_t count, const double complex *z,
                                 double complex *form, nlrmt_error *err) {
  const nlrmt_grid *g = c->grid;
  workspace w = {.c = c, .d = d, .e = e};
  memset(form, 0, count * sizeof *form);
  allocate(&w, err);
  if (nlrmt_comm_agree(g->comm, err) == NLRMT_OK) {
    int64_t wanted = split - c->first < c->rows ? split - c->first : c->rows; /* of my rows */
    for (int64_t start = 0; start < wanted; start += (int64_t)WIDTH * g->npcol) {
      int64_t rows = deal(&w, start), left = wanted - start - (int64_t)g->mycol * WIDTH;
      if (err->status == NLRMT_OK)
        add_rows_complex(&w, rows < left ? rows : left, count, z, form, err);
    }
    MPI_Allreduce(MPI_IN_PLACE, form, (int)(2 * count), MPI_DOUBLE, MPI_SUM, g->comm->mpi);
    nlrmt_comm_agree(g->comm, err);
  }
  release(&w);
  return err->status;
}
