#include "nlrmt/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/gemm.h"
#include "nlrmt/gram.h"

/* Everything one rank holds while it forms the Gram matrix of one trial. */
typedef struct {
  const nlrmt_grid *grid;
  const nlrmt_params *params;
  const nlrmt_plan *plan;
  int trial;
  nlrmt_dmat *a;
  nlrmt_gram *gram;
  double *stored;  /* [a->cols][n0]: the stored vectors of this process column */
  double *strip;   /* [piece][n0]: streamed vectors of this process row, one strip */
  double *feature; /* [a->cols][piece]: G on that strip */
  double
      *bias; /* [piece] tall: of the strip's rows of W; else [a->cols]: of the stored rows of W */
  double *same; /* [piece] not tall: one bias repeated down a column of G */
} model;

/* Vector `vector` of W (its row) or X (its column), scaled to its variance. */
static void draw_vector(const model *s, nlrmt_matrix matrix, int64_t vector, double *out) {
  const nlrmt_params *p = s->params;
  nlrmt_stream stream = {p->seed, (uint32_t)s->trial, 0, matrix};
  double scale = matrix == NLRMT_MATRIX_W ? p->sigma_w / sqrt((double)p->n0) : p->sigma_x;
  nlrmt_rng_entries(&stream, p->entries, scale, (uint32_t)vector, 0, (size_t)p->n0, out);
}

static void draw_stored(const model *s) {
  nlrmt_matrix matrix = s->plan->tall ? NLRMT_MATRIX_X : NLRMT_MATRIX_W;
  for (int64_t l = 0; l < s->a->cols; l++) {
    int64_t vector = nlrmt_block_global(l, s->plan->block, s->grid->mycol, s->grid->npcol);
    draw_vector(s, matrix, vector, s->stored + l * s->params->n0);
    if (!s->plan->tall)
      nlrmt_bias_draw(&s->params->bias, s->params->seed, (uint32_t)s->trial, 0, (uint32_t)vector, 1,
                      s->bias + l);
  }
}

/* G = f(strip' stored; b) on `rows` streamed vectors from `first` on. */
static void form_features(const model *s, int64_t first, int64_t rows) {
  const nlrmt_params *p = s->params;
  int64_t piece = s->plan->piece;
  nlrmt_matrix matrix = s->plan->tall ? NLRMT_MATRIX_W : NLRMT_MATRIX_X;
  for (int64_t r = 0; r < rows; r++) draw_vector(s, matrix, first + r, s->strip + r * p->n0);
  nlrmt_gemm_tn(rows, s->a->cols, p->n0, s->strip, s->stored, s->feature, piece);
  if (s->plan->tall && rows > 0)
    nlrmt_bias_draw(&p->bias, p->seed, (uint32_t)s->trial, 0, (uint32_t)first, (size_t)rows,
                    s->bias);
  for (int64_t l = 0; l < s->a->cols; l++) {
    if (!s->plan->tall)
      for (int64_t r = 0; r < rows; r++) s->same[r] = s->bias[l];
    nlrmt_activation_apply(&p->mixture.f[0], (size_t)rows, s->plan->tall ? s->bias : s->same,
                           s->feature + l * piece);
  }
}

static double *new_array(int64_t rows, int64_t cols, nlrmt_error *err) {
  size_t count = (size_t)(rows > 0 ? rows : 1) * (size_t)(cols > 0 ? cols : 1);
  double *array = malloc(count * sizeof *array);
  if (!array)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %.2f GiB for the random features",
               (double)count * 8 / 1073741824.0);
  return array;
}

/* Collective. Local allocations first, then the collective ones, one agreement each. */
static nlrmt_status allocate(model *s, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  if (nlrmt_dmat_create(s->grid, plan->n, plan->block, &s->a, err) != NLRMT_OK) return err->status;
  s->stored = new_array(s->a->cols, s->params->n0, err);
  s->strip = new_array(plan->piece, s->params->n0, err);
  s->feature = new_array(plan->piece, s->a->cols, err);
  s->bias = new_array(plan->tall ? plan->piece : s->a->cols, 1, err);
  s->same = new_array(plan->piece, 1, err);
  if (nlrmt_comm_agree(s->grid->comm, err) != NLRMT_OK) return err->status;
  return nlrmt_gram_create(s->a, plan->piece * plan->nprow, &s->gram, err);
}

/* Collective. All strips: draw, multiply, apply f, accumulate. */
static nlrmt_status stream(model *s, nlrmt_progress *progress, double *seconds, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  int64_t height = plan->piece * plan->nprow;
  for (int64_t start = 0; start < plan->big && err->status == NLRMT_OK; start += height) {
    int64_t first = start + s->grid->myrow * plan->piece;
    int64_t rows = plan->big - first;
    if (rows > plan->piece) rows = plan->piece;
    if (rows < 0) rows = 0;
    double t0 = nlrmt_clock();
    form_features(s, first, rows);
    double t1 = nlrmt_clock();
    nlrmt_gram_add(s->gram, rows, s->feature, plan->piece, err);
    seconds[NLRMT_PHASE_GENERATE] += t1 - t0;
    seconds[NLRMT_PHASE_GRAM] += nlrmt_clock() - t1;
    double share = (double)height / (double)plan->big;
    nlrmt_progress_add(
        progress, share * (plan->seconds[NLRMT_PHASE_GENERATE] + plan->seconds[NLRMT_PHASE_GRAM]));
  }
  return err->status;
}

static void release(model *s) {
  nlrmt_gram_destroy(&s->gram);
  free(s->stored);
  free(s->strip);
  free(s->feature);
  free(s->bias);
  free(s->same);
}

nlrmt_status nlrmt_model_gram(const nlrmt_grid *grid, const nlrmt_params *params,
                              const nlrmt_plan *plan, int trial, nlrmt_progress *progress,
                              nlrmt_dmat **a, double *seconds, nlrmt_error *err) {
  model s = {.grid = grid, .params = params, .plan = plan, .trial = trial};
  *a = NULL;
  if (allocate(&s, err) == NLRMT_OK) {
    double t0 = nlrmt_clock();
    draw_stored(&s);
    seconds[NLRMT_PHASE_GENERATE] += nlrmt_clock() - t0;
    if (stream(&s, progress, seconds, err) == NLRMT_OK) {
      t0 = nlrmt_clock();
      nlrmt_gram_finish(s.gram, plan->alpha, err);
      seconds[NLRMT_PHASE_GRAM] += nlrmt_clock() - t0;
    }
  }
  release(&s);
  if (err->status == NLRMT_OK)
    *a = s.a;
  else
    nlrmt_dmat_destroy(&s.a);
  return err->status;
}
