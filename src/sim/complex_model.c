#include "nlrmt/complex_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/gemm.h"
#include "nlrmt/gram.h"

/* Everything one rank holds. Samples and units are complex: a pair of rows or columns each. */
typedef struct {
  const nlrmt_grid *grid;
  const nlrmt_params *params;
  const nlrmt_plan *plan;
  int trial;
  nlrmt_dmat *a;
  int64_t pairs;   /* of columns of a: samples if tall, else units */
  double *stored;  /* tall: [pairs][2 n0] samples; else [2 pairs][2 n0] rows of units */
  double *strip;   /* [piece][2 n0] the other kind */
  double *z;       /* [2 pairs][piece] preactivations, half of it used */
  double *feature; /* [2 pairs][piece] */
  double *b;       /* [piece] */
} model;

/* Column `vector` of X as [real; imaginary]. */
static void draw_sample(const model *s, int64_t vector, double *out) {
  const nlrmt_params *p = s->params;
  nlrmt_stream stream = {p->seed, (uint32_t)s->trial, 0, NLRMT_MATRIX_X};
  nlrmt_rng_law(&stream, p->entries_x, p->dof_x, p->sigma_x / sqrt(2), (uint32_t)vector, 0,
                2 * (size_t)p->n0, out);
}

/* Row `vector` of W as the two real rows [real, -imaginary] and [imaginary, real] that give the
 * real and the imaginary part of its product with a sample. */
static void draw_unit(const model *s, int64_t vector, double *out) {
  const nlrmt_params *p = s->params;
  int64_t n0 = p->n0;
  double *second = out + 2 * n0;
  nlrmt_stream stream = {p->seed, (uint32_t)s->trial, 0, NLRMT_MATRIX_W};
  nlrmt_rng_law(&stream, p->entries, p->dof, p->sigma_w / sqrt(2 * (double)n0), (uint32_t)vector, 0,
                2 * (size_t)n0, out);
  memcpy(second, out + n0, (size_t)n0 * sizeof *out);
  memcpy(second + n0, out, (size_t)n0 * sizeof *out);
  for (int64_t k = n0; k < 2 * n0; k++) out[k] = -out[k];
}

/* f of row `unit` of W on `count` preactivations. */
static void apply_f(const model *s, int64_t unit, int64_t count, double *z) {
  const nlrmt_params *p = s->params;
  double bias;
  int component;
  nlrmt_bias_draw(&p->bias, p->seed, (uint32_t)s->trial, 0, (uint32_t)unit, 1, &bias);
  nlrmt_mixture_draw(&p->mixture, p->seed, (uint32_t)s->trial, 0, (uint32_t)unit, 1, &component);
  for (int64_t k = 0; k < count; k++) s->b[k] = bias;
  nlrmt_activation_apply(&p->mixture.f[component], (size_t)count, s->b, z);
}

/* Global number of the sample or unit of column pair c. */
static int64_t pair_global(const model *s, int64_t c) {
  return nlrmt_block_global(2 * c, s->plan->block, s->grid->mycol, s->grid->npcol) / 2;
}

/* Tall: units [first, first + units) against my samples. z: [units' rows transposed]: for each unit
 * its preactivations next to each other, f wants one row's. */
static void form_tall(const model *s, int64_t first, int64_t units) {
  int64_t n0 = s->params->n0, piece = s->plan->piece, pairs = s->pairs;
  for (int64_t u = 0; u < units; u++) draw_unit(s, first + u, s->strip + 4 * n0 * u);
  nlrmt_gemm_tn(pairs, 2 * units, 2 * n0, s->stored, s->strip, s->z, pairs);
  for (int64_t u = 0; u < units; u++) {
    double *a = s->z + 2 * u * pairs, *b = a + pairs;
    apply_f(s, first + u, pairs, a);
    apply_f(s, first + u, pairs, b);
    for (int64_t c = 0; c < pairs; c++) {
      double *g = s->feature + 2 * c * piece + 2 * u;
      g[0] = a[c];
      g[1] = b[c];
      g[piece] = -b[c];
      g[piece + 1] = a[c];
    }
  }
}

/* Not tall: samples [first, first + samples) against my units; G is the transposed block matrix. */
static void form_wide(const model *s, int64_t first, int64_t samples) {
  int64_t n0 = s->params->n0, piece = s->plan->piece;
  for (int64_t r = 0; r < samples; r++) draw_sample(s, first + r, s->strip + 2 * n0 * r);
  nlrmt_gemm_tn(samples, 2 * s->pairs, 2 * n0, s->strip, s->stored, s->z, samples);
  for (int64_t c = 0; c < s->pairs; c++) {
    double *a = s->z + 2 * c * samples, *b = a + samples;
    apply_f(s, pair_global(s, c), samples, a);
    apply_f(s, pair_global(s, c), samples, b);
    for (int64_t r = 0; r < samples; r++) {
      double *g = s->feature + 2 * c * piece + 2 * r;
      g[0] = a[r];
      g[1] = -b[r];
      g[piece] = b[r];
      g[piece + 1] = a[r];
    }
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

/* Collective. */
static nlrmt_status allocate(model *s, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  int64_t n0 = s->params->n0;
  if (nlrmt_dmat_create(s->grid, plan->order, plan->block, &s->a, err) != NLRMT_OK)
    return err->status;
  s->pairs = s->a->cols / 2;
  s->stored = new_array((plan->tall ? 1 : 2) * s->pairs, 2 * n0, err);
  s->strip = new_array(plan->piece, 2 * n0, err);
  s->z = new_array(2 * s->pairs, plan->piece, err);
  s->feature = new_array(2 * s->pairs, plan->piece, err);
  s->b = new_array(plan->tall ? s->pairs : plan->piece, 1, err);
  return nlrmt_comm_agree(s->grid->comm, err);
}

static void draw_stored(const model *s) {
  int64_t n0 = s->params->n0;
  for (int64_t c = 0; c < s->pairs; c++)
    if (s->plan->tall)
      draw_sample(s, pair_global(s, c), s->stored + 2 * n0 * c);
    else
      draw_unit(s, pair_global(s, c), s->stored + 4 * n0 * c);
}

/* Collective. All strips: draw, multiply, apply f, accumulate. */
static nlrmt_status stream(model *s, nlrmt_progress *progress, double *seconds, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  nlrmt_gram *gram = NULL;
  int64_t height = plan->piece * plan->nprow;
  if (nlrmt_gram_create(s->a, height, &gram, err) != NLRMT_OK) return err->status;
  for (int64_t start = 0; start < plan->big && err->status == NLRMT_OK; start += height) {
    int64_t first = start + s->grid->myrow * plan->piece, left = plan->big - first;
    int64_t rows = left < 0 ? 0 : left < plan->piece ? left : plan->piece;
    double t0 = nlrmt_clock(), share = (double)height / (double)plan->big;
    if (rows > 0) (plan->tall ? form_tall : form_wide)(s, first / 2, rows / 2);
    double t1 = nlrmt_clock();
    nlrmt_gram_add(gram, rows, s->feature, plan->piece, err);
    seconds[NLRMT_PHASE_GENERATE] += t1 - t0;
    seconds[NLRMT_PHASE_GRAM] += nlrmt_clock() - t1;
    nlrmt_progress_add(
        progress, share * (plan->seconds[NLRMT_PHASE_GENERATE] + plan->seconds[NLRMT_PHASE_GRAM]));
  }
  if (err->status == NLRMT_OK) nlrmt_gram_finish(gram, plan->alpha, true, err);
  nlrmt_gram_destroy(&gram);
  return err->status;
}

nlrmt_status nlrmt_complex_gram(const nlrmt_grid *grid, const nlrmt_params *params,
                                const nlrmt_plan *plan, int trial, nlrmt_progress *progress,
                                nlrmt_dmat **a, double *seconds, nlrmt_error *err) {
  model s = {.grid = grid, .params = params, .plan = plan, .trial = trial};
  *a = NULL;
  if (allocate(&s, err) == NLRMT_OK) {
    double start = nlrmt_clock();
    draw_stored(&s);
    seconds[NLRMT_PHASE_GENERATE] += nlrmt_clock() - start;
    stream(&s, progress, seconds, err);
  }
  free(s.stored);
  free(s.strip);
  free(s.z);
  free(s.feature);
  free(s.b);
  if (err->status == NLRMT_OK)
    *a = s.a;
  else
    nlrmt_dmat_destroy(&s.a);
  return err->status;
}
