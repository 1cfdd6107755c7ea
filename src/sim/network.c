#include "nlrmt/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/gemm.h"
#include "nlrmt/gram.h"
#include "nlrmt/laws.h"
#include "nlrmt/sides.h"

/* This rank's part of G_l. */
typedef struct {
  int64_t units;      /* n_l */
  int64_t rows, cols; /* local: streamed, stored */
  double *g;          /* [cols][rows], owned */
  int64_t *unit;      /* the numbers of the units held: [rows] tall, else [cols]; owned */
} sheet;

struct nlrmt_network {
  const nlrmt_grid *grid;
  const nlrmt_params *params;
  const nlrmt_plan *plan; /* its orientation, piece and block are those of all layers */
  const nlrmt_samples *samples;
  int trial, layer; /* of y */
  double f_scale;
  sheet y;
  double variance; /* of y's entries about their row means */
  double *mean;    /* [units] of the present layer's preactivations */
  int *count;      /* [nprow + npcol] what a sum scatters to each process */
};

/* ---- who holds what ---- */

static int64_t streamed_count(const nlrmt_plan *plan, int64_t n, int proc) {
  return nlrmt_block_count(n, (int)plan->piece, proc, plan->nprow);
}
static int64_t streamed_global(const nlrmt_network *s, int64_t l) {
  return nlrmt_block_global(l, (int)s->plan->piece, s->grid->myrow, s->grid->nprow);
}
static int64_t stored_count(const nlrmt_plan *plan, int64_t n, int proc) {
  return nlrmt_block_count(n, plan->block, proc, plan->npcol);
}
static int64_t stored_global(const nlrmt_network *s, int64_t l, int proc) {
  return nlrmt_block_global(l, s->plan->block, proc, s->grid->npcol);
}

static double *new_array(int64_t rows, int64_t cols, nlrmt_error *err) {
  size_t count = (size_t)(rows > 0 ? rows : 1) * (size_t)(cols > 0 ? cols : 1);
  double *array = malloc(count * sizeof *array);
  if (!array)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %.2f GiB for a layer",
               (double)count * 8 / 1073741824.0);
  return array;
}

/* Local. This rank's part of a layer of `units` units, entries not set. */
static void sheet_create(const nlrmt_network *s, int64_t units, sheet *y, nlrmt_error *err) {
  bool tall = s->plan->tall;
  int64_t m = s->params->m;
  y->units = units;
  y->rows = streamed_count(s->plan, tall ? units : m, s->grid->myrow);
  y->cols = stored_count(s->plan, tall ? m : units, s->grid->mycol);
  y->g = new_array(y->rows, y->cols, err);
  int64_t held = tall ? y->rows : y->cols;
  y->unit = malloc((size_t)(held + 1) * sizeof *y->unit);
  if (!y->unit) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld units", (long long)held);
  for (int64_t l = 0; l < held && y->unit; l++)
    y->unit[l] = tall ? streamed_global(s, l) : stored_global(s, l, s->grid->mycol);
}

static void sheet_clear(sheet *y) {
  free(y->g);
  free(y->unit);
  *y = (sheet){0};
}

/* The `count` units from local unit l on that this rank holds next to each other: how many, and the
 * first one's number. */
static int64_t run_of_units(const nlrmt_network *s, int64_t l, int64_t count, int64_t *first) {
  int64_t block = s->plan->tall ? s->plan->piece : s->plan->block, left = block - l % block;
  *first = s->y.unit[l];
  return left < count - l ? left : count - l;
}

/* ---- layer 0 ---- */

static void draw_data(nlrmt_network *s) {
  sheet *x = &s->y;
  bool tall = s->plan->tall;
  int64_t samples = tall ? x->cols : x->rows, units = tall ? x->rows : x->cols, first;
  int64_t step = tall ? 1 : x->rows; /* from one component of a sample to the next */
  double piece[4096];
  for (int64_t c = 0; c < samples; c++) {
    int64_t sample = tall ? stored_global(s, c, s->grid->mycol) : streamed_global(s, c);
    double *out = x->g + (tall ? c * x->rows : c);
    for (int64_t l = 0, run; l < units; l += run) {
      run = run_of_units(s, l, units, &first);
      if (run > 4096) run = 4096;
      nlrmt_samples_entries(s->samples, s->params, s->trial, sample, first, run, piece);
      for (int64_t k = 0; k < run; k++) out[(l + k) * step] = piece[k];
    }
  }
}

/* ---- W Y ---- */

/* Row `unit` of the next W, on the units of y that this rank holds. */
static void draw_weights(const nlrmt_network *s, int64_t unit, double *out) {
  const nlrmt_params *p = s->params;
  nlrmt_stream stream = {p->seed, (uint32_t)s->trial, (uint32_t)s->layer, NLRMT_MATRIX_W};
  int64_t units = s->plan->tall ? s->y.rows : s->y.cols, first;
  double scale = p->sigma_w / sqrt((double)s->y.units);
  for (int64_t l = 0, run; l < units; l += run) {
    run = run_of_units(s, l, units, &first);
    nlrmt_rng_law(&stream, p->entries, p->dof, scale, (uint32_t)unit, (uint64_t)first, (size_t)run,
                  out + l);
  }
}

/* Tall: one strip of rows of Z = W Y; process row p gets those of its piece. Rank (i, j) sums over
 * the units of process row i. */
static void multiply_strip(const nlrmt_network *s, int64_t start, double *strip, double *partial,
                           sheet *z) {
  const nlrmt_grid *g = s->grid;
  int64_t piece = s->plan->piece, inner = s->y.rows, at = 0, mine = 0;
  for (int p = 0; p < g->nprow; p++) {
    int64_t first = start + p * piece, left = z->units - first;
    int64_t rows = left < 0 ? 0 : left < piece ? left : piece;
    for (int64_t r = 0; r < rows; r++) draw_weights(s, first + r, strip + r * inner);
    if (inner > 0)
      nlrmt_gemm_tn(rows, z->cols, inner, strip, s->y.g, partial + at, rows > 0 ? rows : 1);
    else
      memset(partial + at, 0, (size_t)(rows * z->cols) * sizeof *partial);
    s->count[p] = (int)(rows * z->cols);
    at += rows * z->cols;
    if (p == g->myrow) mine = rows;
  }
  int64_t r0 = start / (piece * g->nprow) * piece;
  double *own = strip; /* long enough: see scratch() */
  MPI_Reduce_scatter(partial, own, s->count, MPI_DOUBLE, MPI_SUM, g->col);
  for (int64_t l = 0; l < z->cols && mine > 0; l++)
    memcpy(z->g + l * z->rows + r0, own + l * mine, (size_t)mine * sizeof *own);
}

/* Not tall: columns [first, first + width) of Z' = Y' W' on each process column, by local number.
 * Rank (i, j) sums over the units of process column j. */
static void multiply_columns(const nlrmt_network *s, int64_t first, int64_t width, double *strip,
                             double *partial, sheet *z) {
  const nlrmt_grid *g = s->grid;
  int64_t inner = s->y.cols, rows = z->rows, at = 0;
  for (int p = 0; p < g->npcol; p++) {
    int64_t left = stored_count(s->plan, z->units, p) - first;
    int64_t cols = left < 0 ? 0 : left < width ? left : width;
    for (int64_t l = 0; l < cols; l++)
      draw_weights(s, stored_global(s, first + l, p), strip + l * inner);
    memset(partial + at, 0, (size_t)(rows * cols) * sizeof *partial);
    nlrmt_gemm_add(rows, cols, inner, 1, s->y.g, rows, strip, inner, partial + at, rows);
    s->count[p] = (int)(rows * cols);
    at += rows * cols;
  }
  MPI_Reduce_scatter(partial, z->g + first * rows, s->count, MPI_DOUBLE, MPI_SUM, g->row);
}

/* Columns of Z' a process column makes at a time. */
static int64_t columns_at_once(const nlrmt_plan *plan) {
  return plan->block > 256 ? plan->block : 256 / plan->block * plan->block;
}

/* Words of multiply's two work arrays, for layers of `units` units from `before`; their sum. */
static int64_t scratch(const nlrmt_plan *plan, int64_t m, int64_t before, int64_t units,
                       int64_t *strip) {
  if (plan->tall) {
    int64_t inner = streamed_count(plan, before, 0), cols = stored_count(plan, m, 0);
    *strip = plan->piece * (inner > cols ? inner : cols);
    return *strip + plan->piece * plan->nprow * cols;
  }
  int64_t width = columns_at_once(plan);
  (void)units;
  *strip = width * stored_count(plan, before, 0);
  return *strip + width * plan->npcol * streamed_count(plan, m, 0);
}

static nlrmt_status multiply(const nlrmt_network *s, sheet *z, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  int64_t strip;
  int64_t words = scratch(plan, s->params->m, s->y.units, z->units, &strip);
  double *work = new_array(words, 1, err);
  if (nlrmt_comm_agree(s->grid->comm, err) == NLRMT_OK && plan->tall)
    for (int64_t start = 0; start < z->units; start += plan->piece * plan->nprow)
      multiply_strip(s, start, work, work + strip, z);
  else if (err->status == NLRMT_OK)
    for (int64_t first = 0; first < stored_count(plan, z->units, 0); first += columns_at_once(plan))
      multiply_columns(s, first, columns_at_once(plan), work, work + strip, z);
  free(work);
  return err->status;
}

/* ---- f, and what the layer's sums say ---- */

/* The unit of entry (r, l). */
static int64_t unit_of(const nlrmt_network *s, const sheet *y, int64_t r, int64_t l) {
  return y->unit[s->plan->tall ? r : l];
}

/* sum[units] <- the sum over the samples of every row, on all ranks. */
static void sum_rows(const nlrmt_network *s, const sheet *y, double *sum) {
  memset(sum, 0, (size_t)y->units * sizeof *sum);
  for (int64_t l = 0; l < y->cols; l++)
    for (int64_t r = 0; r < y->rows; r++) sum[unit_of(s, y, r, l)] += y->g[l * y->rows + r];
  MPI_Allreduce(MPI_IN_PLACE, sum, (int)y->units, MPI_DOUBLE, MPI_SUM, s->grid->comm->mpi);
}

static double sum_squares(const nlrmt_network *s, const sheet *y) {
  double sum = 0;
  for (int64_t i = 0; i < y->rows * y->cols; i++) sum += y->g[i] * y->g[i];
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, s->grid->comm->mpi);
  return sum;
}

/* Column by column, entries of the same component together; b: scratch space, [rows]. */
static void apply_f(const nlrmt_network *s, const int *component, const double *bias, double *b,
                    sheet *z) {
  const nlrmt_mixture *mix = &s->params->mixture;
  bool tall = s->plan->tall;
  for (int64_t l = 0; l < z->cols; l++) {
    double *column = z->g + l * z->rows;
    for (int64_t r = 0; r < z->rows && (l == 0 || !tall); r++) b[r] = bias[unit_of(s, z, r, l)];
    for (int64_t r = 0, end; r < z->rows; r = end) {
      int c = component[unit_of(s, z, r, l)];
      for (end = tall ? r + 1 : z->rows; end < z->rows && component[unit_of(s, z, end, l)] == c;
           end++)
        ;
      nlrmt_activation_apply(&mix->f[c], (size_t)(end - r), b + r, column + r);
    }
    for (int64_t r = 0; r < z->rows && s->f_scale != 1; r++) column[r] *= s->f_scale;
  }
}

/* Z -> Y = f(Z + b); mean[units]: each row's mean preactivation. */
static nlrmt_status activate(const nlrmt_network *s, sheet *z, double *mean, nlrmt_error *err) {
  const nlrmt_params *p = s->params;
  size_t units = (size_t)z->units;
  int *component = malloc(units * sizeof *component);
  double *bias = malloc((units + (size_t)z->rows + 1) * sizeof *bias);
  if (!component || !bias) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu biases", units);
  if (nlrmt_comm_agree(s->grid->comm, err) == NLRMT_OK) {
    nlrmt_bias_draw(&p->bias, p->seed, (uint32_t)s->trial, (uint32_t)s->layer, 0, units, bias);
    nlrmt_mixture_draw(&p->mixture, p->seed, (uint32_t)s->trial, (uint32_t)s->layer, 0, units,
                       component);
    sum_rows(s, z, mean);
    for (size_t a = 0; a < units; a++) mean[a] = mean[a] / (double)p->m + bias[a];
    apply_f(s, component, bias, bias + units, z);
  }
  free(component);
  free(bias);
  return err->status;
}

/* The variance about the row means; with batch norm, after y has been scaled. */
static nlrmt_status settle(nlrmt_network *s, bool batch_norm, nlrmt_error *err) {
  double m = (double)s->params->m, n = (double)s->y.units, total = 0, rows = 0;
  double *sum = malloc((size_t)s->y.units * sizeof *sum);
  if (!sum) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %g sums", n);
  if (nlrmt_comm_agree(s->grid->comm, err) == NLRMT_OK) {
    sum_rows(s, &s->y, sum);
    double square = sum_squares(s, &s->y) / (n * m);
    for (int64_t a = 0; a < s->y.units; a++) {
      total += sum[a] / (n * m);
      rows += sum[a] / m * (sum[a] / m) / n;
    }
    double all = square - total * total, scale = 1;
    if (batch_norm && !(all > 1e-12 * square))
      nlrmt_fail(err, NLRMT_ERR_CONFIG,
                 "model.batch_norm: layer %d is constant, its variance is 0: choose another f or "
                 "smaller biases",
                 s->layer);
    else if (batch_norm)
      scale = 1 / sqrt(all);
    for (int64_t i = 0; i < s->y.rows * s->y.cols && scale != 1; i++) s->y.g[i] *= scale;
    s->variance = scale * scale * fmax(0, square - rows);
  }
  free(sum);
  return err->status;
}

/* ---- the interface ---- */

nlrmt_status nlrmt_network_create(const nlrmt_grid *grid, const nlrmt_params *params,
                                  const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                                  nlrmt_network **network, nlrmt_error *err) {
  nlrmt_network *s = calloc(1, sizeof *s);
  *network = NULL;
  if (s) {
    *s = (nlrmt_network){.grid = grid,
                         .params = params,
                         .plan = plan,
                         .samples = samples,
                         .trial = trial,
                         .f_scale = 1};
    sheet_create(s, params->n0, &s->y, err);
    s->count = malloc((size_t)(grid->nprow + grid->npcol) * sizeof *s->count);
    if (!s->count) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory");
    if (params->normalize) nlrmt_laws_f_scale(params, &s->f_scale, err);
  } else {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory");
  }
  if (nlrmt_comm_agree(grid->comm, err) == NLRMT_OK) {
    draw_data(s);
    settle(s, false, err);
  }
  if (err->status == NLRMT_OK)
    *network = s;
  else
    nlrmt_network_destroy(&s);
  return err->status;
}

nlrmt_status nlrmt_network_advance(nlrmt_network *s, nlrmt_network_layer *layer, nlrmt_error *err) {
  sheet z = {0};
  sheet_create(s, s->params->width[s->layer], &z, err);
  free(s->mean);
  s->mean = new_array(z.units, 1, err);
  layer->variance = s->variance;
  layer->mean = s->mean;
  if (nlrmt_comm_agree(s->grid->comm, err) != NLRMT_OK || multiply(s, &z, err) != NLRMT_OK ||
      activate(s, &z, s->mean, err) != NLRMT_OK) {
    sheet_clear(&z);
    return err->status;
  }
  sheet_clear(&s->y);
  s->y = z;
  s->layer++;
  return settle(s, s->params->batch_norm, err);
}

/* Collective. All strips of G. */
static nlrmt_status form_gram(const nlrmt_network *s, const nlrmt_plan *plan, nlrmt_dmat *a,
                              nlrmt_error *err) {
  nlrmt_gram *gram = NULL;
  int64_t piece = plan->piece, height = piece * plan->nprow;
  int64_t big = plan->tall ? s->y.units : s->params->m;
  if (nlrmt_gram_create(a, height, &gram, err) != NLRMT_OK) return err->status;
  for (int64_t start = 0, r0 = 0; start < big && err->status == NLRMT_OK;
       start += height, r0 += piece) {
    int64_t left = s->y.rows - r0, rows = left < 0 ? 0 : left < piece ? left : piece;
    nlrmt_gram_add(gram, rows, s->y.g + (rows > 0 ? r0 : 0), s->y.rows > 0 ? s->y.rows : 1, err);
  }
  if (err->status == NLRMT_OK) nlrmt_gram_finish(gram, plan->alpha, true, err);
  nlrmt_gram_destroy(&gram);
  return err->status;
}

/* Tall: B = Y's noise, which is all of the targets here. */
static nlrmt_status make_sides(const nlrmt_network *s, nlrmt_sides *sides, nlrmt_error *err) {
  nlrmt_rows *b = sides->rows;
  nlrmt_targets targets;
  nlrmt_targets_create(s->params, s->trial, b->first, b->rows, &targets, err);
  for (int64_t l = 0; l < b->cols; l++)
    nlrmt_targets_noise(&targets, stored_global(s, l, s->grid->mycol), b->c + l * b->ld);
  nlrmt_targets_clear(&targets);
  return nlrmt_comm_agree(s->grid->comm, err);
}

/* Not tall: B' = Y's noise times G, strip by strip. */
static nlrmt_status sum_sides(const nlrmt_network *s, const nlrmt_plan *plan, nlrmt_sides *sides,
                              nlrmt_error *err) {
  int64_t n2 = s->params->n2, rows = s->y.rows, cols = s->y.cols, piece = plan->piece;
  double *y = new_array(piece, n2, err), *sum = new_array(cols, n2, err);
  nlrmt_targets targets;
  nlrmt_targets_create(s->params, s->trial, 0, n2, &targets, err);
  if (nlrmt_comm_agree(s->grid->comm, err) == NLRMT_OK) {
    memset(sum, 0, (size_t)(cols * n2) * sizeof *sum);
    for (int64_t r0 = 0; r0 < rows; r0 += piece) {
      int64_t count = rows - r0 < piece ? rows - r0 : piece;
      memset(y, 0, (size_t)(count * n2) * sizeof *y);
      for (int64_t r = 0; r < count; r++)
        nlrmt_targets_noise(&targets, streamed_global(s, r0 + r), y + r * n2);
      for (int64_t i = 0; i < count * n2; i++) sides->norm[1] += y[i] * y[i];
      nlrmt_gemm_add(n2, cols, count, 1, y, n2, s->y.g + r0, rows, sum, n2);
    }
    nlrmt_sides_collect(s->grid, sqrt(plan->alpha), sum, sides, err);
  }
  nlrmt_targets_clear(&targets);
  free(y);
  free(sum);
  return err->status;
}

nlrmt_status nlrmt_network_gram(nlrmt_network *s, const nlrmt_plan *plan, nlrmt_dmat **a,
                                nlrmt_sides *sides, nlrmt_error *err) {
  *a = NULL;
  *sides = (nlrmt_sides){0};
  if (nlrmt_dmat_create(s->grid, plan->order, plan->block, a, err) != NLRMT_OK) return err->status;
  if (form_gram(s, plan, *a, err) == NLRMT_OK && plan->sides > 0 &&
      nlrmt_rows_create(s->grid, plan->sides, plan->order, plan->block, &sides->rows, err) ==
          NLRMT_OK) {
    if (plan->tall)
      make_sides(s, sides, err);
    else
      sum_sides(s, plan, sides, err);
  }
  if (err->status != NLRMT_OK) {
    nlrmt_dmat_destroy(a);
    nlrmt_sides_clear(sides);
  }
  return err->status;
}

void nlrmt_network_destroy(nlrmt_network **network) {
  if (!*network) return;
  sheet_clear(&(*network)->y);
  free((*network)->count);
  free((*network)->mean);
  free(*network);
  *network = NULL;
}

size_t nlrmt_network_bytes(const nlrmt_params *params, const nlrmt_plan *plan) {
  int64_t before = params->n0, peak = 0, strip;
  for (int l = 0; l < params->layers; before = params->width[l++]) {
    int64_t n = params->width[l], m = params->m, kept = 0;
    for (int k = 0; k < 2; k++) {
      int64_t units = k ? before : n;
      kept += streamed_count(plan, plan->tall ? units : m, 0) *
              stored_count(plan, plan->tall ? m : units, 0);
    }
    int64_t words = kept + 4 * n + scratch(plan, m, before, n, &strip);
    if (words > peak) peak = words;
  }
  return (size_t)peak * sizeof(double);
}
