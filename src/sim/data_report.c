#include "nlrmt/data_report.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/eig.h"
#include "nlrmt/gram.h"
#include "nlrmt/plan.h"

/* The Gram matrix of G, N x n with n = min(m, n0): G = X' if there are more samples than features,
 * else X. Rank 0 has X and hands it out in strips of `height` rows of G. */
typedef struct {
  const nlrmt_grid *grid;
  int64_t m, n0, n, big;
  int block;
  int64_t slice; /* rows of a strip for each process row */
  double *strip; /* [n][height] */
  double *piece; /* [cols][slice]: mine */
  nlrmt_dmat *a;
  nlrmt_gram *gram;
} work;

enum { STRIP_WORDS = 1 << 22 };

static void choose_sizes(const nlrmt_params *params, int nprow, int npcol, work *w) {
  w->m = params->m;
  w->n0 = params->n0;
  w->n = w->m < w->n0 ? w->m : w->n0;
  w->big = w->m < w->n0 ? w->n0 : w->m;
  w->block = nlrmt_plan_block(w->n, npcol);
  w->slice = STRIP_WORDS / w->n / nprow;
  if (w->slice > (w->big + nprow - 1) / nprow) w->slice = (w->big + nprow - 1) / nprow;
  if (w->slice < 1) w->slice = 1;
}

size_t nlrmt_data_report_bytes(const nlrmt_params *params, int nprow, int npcol) {
  work w;
  choose_sizes(params, nprow, npcol, &w);
  int64_t rows = nlrmt_block_count(w.n, w.block, 0, nprow);
  int64_t cols = nlrmt_block_count(w.n, w.block, 0, npcol);
  int64_t strip = w.n * w.slice * nprow + cols * w.slice;
  size_t gram = nlrmt_gram_bytes(w.n, w.block, w.slice * nprow, false, nprow, npcol, 0, 0),
         eigen = 0;
  const nlrmt_eig_backend *eig;
  nlrmt_error ignored = {0};
  if (nlrmt_eig_choose("auto", w.n, w.block, nprow, npcol, false, false, &eig, &ignored) ==
      NLRMT_OK)
    eigen = eig->bytes(w.n, w.block, nprow, npcol, 0);
  size_t forming = (size_t)strip * sizeof(double) + gram;
  return (size_t)(rows * cols + w.n + w.m) * sizeof(double) + (forming > eigen ? forming : eigen);
}

/* Collective. */
static nlrmt_status allocate(work *w, nlrmt_error *err) {
  const nlrmt_grid *g = w->grid;
  int64_t height = w->slice * g->nprow;
  if (nlrmt_dmat_create(g, w->n, w->block, &w->a, err) != NLRMT_OK) return err->status;
  w->strip = malloc((size_t)(w->n * height) * sizeof *w->strip);
  w->piece = malloc((size_t)(w->a->cols * w->slice + 1) * sizeof *w->piece);
  if (!w->strip || !w->piece)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld x %lld numbers of the data",
               (long long)w->n, (long long)height);
  if (nlrmt_comm_agree(g->comm, err) != NLRMT_OK) return err->status;
  return nlrmt_gram_create(w->a, height, &w->gram, err);
}

/* Rank 0: rows [first, first + height) of G. */
static void cut_strip(const work *w, const double *x, int64_t first, int64_t height) {
  for (int64_t c = 0; c < w->n; c++) {
    double *to = w->strip + c * height;
    if (w->m <= w->n0)
      memcpy(to, x + c * w->n0 + first, (size_t)height * sizeof *to);
    else
      for (int64_t r = 0; r < height; r++) to[r] = x[(first + r) * w->n0 + c];
  }
}

/* Collective. The lower triangle of G'G, strip by strip. */
static nlrmt_status form(work *w, const double *x, nlrmt_error *err) {
  const nlrmt_grid *g = w->grid;
  for (int64_t first = 0; first < w->big && err->status == NLRMT_OK;) {
    int64_t height = w->slice * g->nprow, begin = g->myrow * w->slice, rows = w->slice;
    if (height > w->big - first) height = w->big - first;
    if (rows > height - begin) rows = height > begin ? height - begin : 0;
    if (g->comm->rank == 0) cut_strip(w, x, first, height);
    MPI_Bcast(w->strip, (int)(w->n * height), MPI_DOUBLE, 0, g->comm->mpi);
    for (int64_t l = 0; l < w->a->cols && rows > 0; l++) {
      int64_t column = nlrmt_block_global(l, w->block, g->mycol, g->npcol);
      memcpy(w->piece + l * rows, w->strip + column * height + begin,
             (size_t)rows * sizeof *w->piece);
    }
    nlrmt_gram_add(w->gram, rows, w->piece, rows > 0 ? rows : 1, err);
    first += height;
  }
  return err->status;
}

/* Collective. Eigenvalues of the Gram matrix, [n] ascending. */
static nlrmt_status solve(work *w, double alpha, double *lambda, nlrmt_error *err) {
  const nlrmt_grid *g = w->grid;
  const nlrmt_eig_backend *eig;
  nlrmt_eig_times times = {0};
  if (nlrmt_gram_finish(w->gram, alpha, true, err) != NLRMT_OK) return err->status;
  nlrmt_gram_destroy(&w->gram);
  free(w->strip);
  w->strip = NULL;
  if (nlrmt_eig_choose("auto", w->n, w->block, g->nprow, g->npcol, false, false, &eig, err) ==
      NLRMT_OK)
    eig->solve(w->a, lambda, &times, err);
  return err->status;
}

/* The eigenvalues of X'X from those of the smaller matrix: zeros before them. What the eigensolver
 * rounds is taken for 0. Then the sum of all squares is that of the entries. */
static void complete(const work *w, const double *lambda, nlrmt_data_report *report) {
  int64_t zeros = w->m - w->n;
  double floor = (double)w->n * DBL_EPSILON * lambda[w->n - 1], square = 0;
  for (int64_t i = 0; i < w->m; i++) {
    double value = i < zeros ? 0 : lambda[i - zeros];
    report->eigenvalue[i] = value <= floor ? 0 : value;
    square += report->eigenvalue[i] * report->eigenvalue[i];
  }
  report->m = w->m;
  report->off_diagonal_rms = square; /* for now, see spread() */
}

/* Collective. Spread of the diagonal, from rank 0, and what the rest of the squares leaves. */
static void spread(const work *w, const double *x, double alpha, nlrmt_data_report *report) {
  double sums[2] = {0, 0}, m = (double)w->m; /* of (d - 1)^2 and d^2 over the diagonal d */
  for (int64_t c = 0; c < w->m && w->grid->comm->rank == 0; c++) {
    double d = 0;
    for (int64_t i = 0; i < w->n0; i++) d += alpha * x[c * w->n0 + i] * x[c * w->n0 + i];
    sums[0] += (d - 1) * (d - 1);
    sums[1] += d * d;
  }
  MPI_Bcast(sums, 2, MPI_DOUBLE, 0, w->grid->comm->mpi);
  report->diagonal_sd = sqrt(sums[0] / m);
  double rest = fmax(0, report->off_diagonal_rms - sums[1]);
  report->off_diagonal_rms = w->m > 1 ? sqrt(rest / (m * (m - 1))) : 0;
}

/* Collective. The eigenvalues, or the reason why there are none. */
static nlrmt_status measure(work *w, const double *x, double alpha, double *lambda,
                            nlrmt_data_report *report, nlrmt_error *err) {
  if (allocate(w, err) != NLRMT_OK || form(w, x, err) != NLRMT_OK) return err->status;
  if (solve(w, alpha, lambda, &report->failure) == NLRMT_OK) {
    complete(w, lambda, report);
    spread(w, x, alpha, report);
    return NLRMT_OK;
  }
  nlrmt_data_report_clear(report);
  if (report->failure.status != NLRMT_ERR_NUMERIC) *err = report->failure;
  return err->status;
}

nlrmt_status nlrmt_data_report_make(const nlrmt_grid *grid, const nlrmt_params *params,
                                    const double *x, nlrmt_data_report *report, nlrmt_error *err) {
  work w = {.grid = grid};
  double alpha = 1 / ((double)params->n0 * params->sigma_x * params->sigma_x);
  choose_sizes(params, grid->nprow, grid->npcol, &w);
  double *lambda = malloc((size_t)w.n * sizeof *lambda);
  report->eigenvalue = malloc((size_t)w.m * sizeof *report->eigenvalue);
  if (!lambda || !report->eigenvalue)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld eigenvalues", (long long)w.m);
  if (nlrmt_comm_agree(grid->comm, err) == NLRMT_OK) measure(&w, x, alpha, lambda, report, err);
  free(lambda);
  free(w.strip);
  free(w.piece);
  nlrmt_gram_destroy(&w.gram);
  nlrmt_dmat_destroy(&w.a);
  return err->status;
}

void nlrmt_data_report_clear(nlrmt_data_report *report) {
  free(report->eigenvalue);
  report->eigenvalue = NULL;
}
