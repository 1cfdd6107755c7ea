#include "nlrmt/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/blas.h"
#include "nlrmt/fault.h"
#include "nlrmt/gemm.h"
#include "nlrmt/gram.h"
#include "nlrmt/precision.h"
#include "nlrmt/rng.h"
#include "nlrmt/sides.h"
#include "nlrmt/surrogate.h"
#include "nlrmt/team.h"

/* Everything one rank holds while it forms the Gram matrix of one trial. `own` says of a rank's
 * rows of W: those of the strip if tall, else the stored ones. */
typedef struct {
  const nlrmt_grid *grid;
  const nlrmt_params *params;
  const nlrmt_plan *plan;
  const nlrmt_samples *samples; /* NULL: i.i.d. data */
  int trial, threads;
  nlrmt_dmat *a;
  nlrmt_gram *gram;
  /* In the formats of the mode (precision.h): */
  void *stored;  /* [a->cols][stride]: the stored vectors of this process column; tall, with samples
                    from files: those */
  void *strip;   /* [piece][stride]: streamed vectors of this process row, one strip */
  void *feature; /* [a->cols][piece]: G on that strip */
  size_t entry, word;  /* bytes of an entry of stored and strip; of feature */
  int64_t stride;      /* n0, or a little more in mode fast */
  double *wide;        /* [threads][n0] single: a vector before it is rounded */
  double step;         /* fast: unit of the preactivations */
  double *bias;        /* [own] */
  double *same;        /* [threads][piece] not tall: one bias repeated down a column of G; else, and
                          for a surrogate, scratch */
  int *component;      /* [own] which f */
  int64_t first, rows; /* the strip's vectors */
  int64_t *order;      /* [piece] tall: the strip's rows, those with the same f together */
  int64_t part[NLRMT_COMPONENTS_MAX + 1]; /* tall: where each f's rows begin in that order */
  double *linear, *noise;                 /* [n1] of the surrogate (surrogate.h), else NULL */
  nlrmt_targets targets;                  /* not tall: all rows of A */
  double *y;                              /* [piece][n2] not tall: targets of the strip */
  double *sides;                          /* [a->cols][count] not tall: B summed so far */
  double norm[2];                         /* not tall: squared norms of the strips of X and Y */
} model;

static bool from_files(const model *s) {
  return s->samples && s->samples->x;
}

/* Vector `vector` of W (its row) or X (its column), scaled to its variance. */
static void draw_double(const model *s, nlrmt_matrix matrix, int64_t vector, double *out) {
  const nlrmt_params *p = s->params;
  if (matrix == NLRMT_MATRIX_X) {
    nlrmt_samples_entries(s->samples, p, s->trial, vector, 0, p->n0, out);
    return;
  }
  nlrmt_stream stream = {p->seed, (uint32_t)s->trial, 0, matrix};
  nlrmt_entries law = p->surrogate == NLRMT_SURROGATE_NO ? p->entries : NLRMT_ENTRIES_GAUSSIAN;
  nlrmt_rng_law(&stream, law, p->dof, p->sigma_w / sqrt((double)p->n0), (uint32_t)vector, 0,
                (size_t)p->n0, out);
}

/* The same as number `place` of s->stored or s->strip, by one of my threads. */
static void draw_vector(const model *s, nlrmt_matrix matrix, int64_t vector, void *array,
                        int64_t place, int thread) {
  const nlrmt_params *p = s->params;
  void *out = (char *)array + (size_t)(place * s->stride) * s->entry;
  if (p->precision == NLRMT_PRECISION_FAST) {
    nlrmt_stream stream = {p->seed, (uint32_t)s->trial, 0, matrix};
    nlrmt_rng_steps(&stream, (uint32_t)vector, 0, (size_t)p->n0, out);
    return;
  }
  bool single = p->precision == NLRMT_PRECISION_SINGLE;
  double *wide = single ? s->wide + thread * p->n0 : out;
  draw_double(s, matrix, vector, wide);
  for (int64_t i = 0; i < p->n0 && single; i++) ((float *)out)[i] = (float)wide[i];
}

/* Bias and component of rows of W. */
static void draw_rows(const model *s, int64_t first, int64_t rows, double *bias, int *component) {
  const nlrmt_params *p = s->params;
  if (rows <= 0) return;
  nlrmt_bias_draw(&p->bias, p->seed, (uint32_t)s->trial, 0, (uint32_t)first, (size_t)rows, bias);
  nlrmt_mixture_draw(&p->mixture, p->seed, (uint32_t)s->trial, 0, (uint32_t)first, (size_t)rows,
                     component);
}

static void draw_stored_vector(void *shared, int64_t l, int thread) {
  const model *s = shared;
  nlrmt_matrix matrix = s->plan->tall ? NLRMT_MATRIX_X : NLRMT_MATRIX_W;
  int64_t vector = nlrmt_block_global(l, s->plan->block, s->grid->mycol, s->grid->npcol);
  draw_vector(s, matrix, vector, s->stored, l, thread);
  if (!s->plan->tall) draw_rows(s, vector, 1, s->bias + l, s->component + l);
}

static void draw_stored(model *s) {
  if (s->plan->tall && from_files(s)) return;
  nlrmt_team_run(s->threads, s->a->cols, draw_stored_vector, s);
}

/* Tall: the strip's rows of W, sorted by component (the Gram matrix does not see their order), so
 * that each f is applied to contiguous entries. */
static void order_strip_of_w(model *s) {
  int count = s->params->mixture.count;
  int64_t at[NLRMT_COMPONENTS_MAX];
  draw_rows(s, s->first, s->rows, s->same, s->component);
  memset(s->part, 0, sizeof s->part);
  for (int64_t r = 0; r < s->rows; r++) s->part[s->component[r] + 1]++;
  for (int c = 0; c < count; c++) {
    at[c] = s->part[c];
    s->part[c + 1] += s->part[c];
  }
  for (int64_t r = 0; r < s->rows; r++) {
    int64_t place = at[s->component[r]]++;
    s->order[place] = s->first + r;
    s->bias[place] = s->same[r];
  }
}

static void draw_strip_vector(void *shared, int64_t r, int thread) {
  const model *s = shared;
  if (s->plan->tall)
    draw_vector(s, NLRMT_MATRIX_W, s->order[r], s->strip, r, thread);
  else
    draw_vector(s, NLRMT_MATRIX_X, s->first + r, s->strip, r, thread);
}

static void draw_strip(model *s) {
  if (s->plan->tall) order_strip_of_w(s);
  nlrmt_team_run(s->threads, s->rows, draw_strip_vector, s);
}

/* f on a column of the preactivations, in place. Tall: component by component. */
static void apply_f_tall(void *shared, int64_t l, int thread) {
  const model *s = shared;
  const nlrmt_mixture *mix = &s->params->mixture;
  char *g = (char *)s->feature + (size_t)(l * s->plan->piece) * s->word;
  (void)thread;
  for (int c = 0; c < mix->count; c++)
    nlrmt_precision_apply(s->params->precision, s->step, &mix->f[c],
                          (size_t)(s->part[c + 1] - s->part[c]), s->bias + s->part[c],
                          g + (size_t)s->part[c] * s->word);
}

/* Not tall: a column is one row of W. */
static void apply_f_wide(void *shared, int64_t l, int thread) {
  const model *s = shared;
  const nlrmt_activation *f = &s->params->mixture.f[s->component[l]];
  char *g = (char *)s->feature + (size_t)(l * s->plan->piece) * s->word;
  double *same = s->same + thread * s->plan->piece;
  for (int64_t r = 0; r < s->rows; r++) same[r] = s->bias[l];
  nlrmt_precision_apply(s->params->precision, s->step, f, (size_t)s->rows, same, g);
}

static void apply_f(model *s) {
  const nlrmt_mixture *mix = &s->params->mixture;
  int threads = s->threads;
  for (int c = 0; c < mix->count; c++)
    if (!nlrmt_activation_threads(&mix->f[c])) threads = 1;
  nlrmt_team_run(threads, s->a->cols, s->plan->tall ? apply_f_tall : apply_f_wide, s);
}

/* The linear surrogate instead of f. Tall: a column of G is one of F, its noise one vector. */
static void apply_surrogate_tall(model *s) {
  for (int64_t l = 0; l < s->a->cols; l++) {
    double *g = (double *)s->feature + l * s->plan->piece;
    int64_t mu = nlrmt_block_global(l, s->plan->block, s->grid->mycol, s->grid->npcol);
    nlrmt_surrogate_noise(s->params, s->trial, mu, s->first, s->rows, s->same);
    for (int64_t r = 0; r < s->rows; r++) {
      int64_t a = s->order[r];
      g[r] = s->linear[a] * g[r] + s->noise[a] * s->same[a - s->first];
    }
  }
}

/* Not tall: a row of G is a column of F, of which this rank has blocks. */
static void apply_surrogate_wide(model *s) {
  enum { RUN = 256 };
  double noise[RUN];
  int64_t block = s->plan->block < RUN ? s->plan->block : RUN, piece = s->plan->piece;
  for (int64_t l0 = 0, run; l0 < s->a->cols; l0 += run) {
    int64_t a = nlrmt_block_global(l0, s->plan->block, s->grid->mycol, s->grid->npcol);
    run = s->plan->block - l0 % s->plan->block; /* what is left of this block */
    if (run > block) run = block;
    if (run > s->a->cols - l0) run = s->a->cols - l0;
    for (int64_t r = 0; r < s->rows; r++) {
      double *g = (double *)s->feature + l0 * piece + r;
      nlrmt_surrogate_noise(s->params, s->trial, s->first + r, a, run, noise);
      for (int64_t k = 0; k < run; k++)
        g[k * piece] = s->linear[a + k] * g[k * piece] + s->noise[a + k] * noise[k];
    }
  }
}

/* Features from the preactivations in s->feature, in place. */
static void apply_layer(model *s) {
  if (s->rows <= 0) return;
  if (s->params->surrogate == NLRMT_SURROGATE_NO)
    apply_f(s);
  else if (s->plan->tall)
    apply_surrogate_tall(s);
  else
    apply_surrogate_wide(s);
}

/* G = f(strip' stored; b) on the strip's vectors. */
static void form_features(model *s) {
  const nlrmt_params *p = s->params;
  draw_strip(s);
  nlrmt_precision_multiply(p->precision, s->rows, s->a->cols, p->n0, s->strip, s->stored,
                           s->feature, s->plan->piece);
  apply_layer(s);
}

static double square_norm(int64_t count, const double *x) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i] * x[i];
  return sum;
}

/* Not tall: the strip's part of B' = [X; Y] F' without its factor, and of the norms. */
static void add_sides(model *s) {
  int64_t n0 = s->params->n0, count = s->plan->sides, split = s->plan->split, n2 = count - split;
  if (count == 0) return;
  nlrmt_targets_signal(&s->targets, s->rows, s->strip, s->y, n2);
  for (int64_t r = 0; r < s->rows; r++)
    nlrmt_targets_noise(&s->targets, s->first + r, s->y + r * n2);
  s->norm[0] += square_norm(s->rows * n0, s->strip);
  s->norm[1] += square_norm(s->rows * n2, s->y);
  nlrmt_gemm_add(split, s->a->cols, s->rows, 1, s->strip, n0, s->feature, s->plan->piece, s->sides,
                 count);
  nlrmt_gemm_add(n2, s->a->cols, s->rows, 1, s->y, n2, s->feature, s->plan->piece, s->sides + split,
                 count);
}

static void *new_words(int64_t rows, int64_t cols, size_t word, nlrmt_error *err) {
  size_t bytes = (size_t)(rows > 0 ? rows : 1) * (size_t)(cols > 0 ? cols : 1) * word;
  void *array = nlrmt_fault("model.malloc") ? NULL : malloc(bytes);
  if (!array)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %.2f GiB for the random features",
               (double)bytes / 1073741824.0);
  return array;
}

static double *new_array(int64_t rows, int64_t cols, nlrmt_error *err) {
  return new_words(rows, cols, sizeof(double), err);
}

/* Local. What sums the right-hand sides where features are made in the other orientation. */
static void allocate_sides(model *s, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  if (plan->tall || plan->sides == 0) return;
  int64_t n2 = plan->sides - plan->split;
  nlrmt_targets_create(s->params, s->trial, 0, n2, &s->targets, err);
  s->y = new_array(plan->piece, n2, err);
  s->sides = new_array(s->a->cols, plan->sides, err);
  if (s->sides) memset(s->sides, 0, (size_t)(s->a->cols * plan->sides) * sizeof *s->sides);
}

/* Collective. The rows' coefficients of the surrogate, if it is asked for. */
static nlrmt_status make_surrogate(model *s, nlrmt_error *err) {
  if (s->params->surrogate == NLRMT_SURROGATE_NO) return NLRMT_OK;
  s->linear = new_array(2, s->params->n1, err);
  s->noise = s->linear + s->params->n1;
  if (nlrmt_comm_agree(s->grid->comm, err) != NLRMT_OK) return err->status;
  return nlrmt_surrogate_rows(s->grid->comm, s->params, s->trial, s->linear, s->noise, err);
}

/* Collective. Local allocations first, then the collective ones, one agreement each. */
static nlrmt_status allocate(model *s, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  bool narrow = s->params->precision != NLRMT_PRECISION_DOUBLE;
  if ((narrow ? nlrmt_dmat_create_single : nlrmt_dmat_create)(s->grid, plan->n, plan->block, &s->a,
                                                              err) != NLRMT_OK)
    return err->status;
  int64_t own = plan->tall ? plan->piece : s->a->cols;
  bool kept = plan->tall && from_files(s);
  s->stored = kept ? s->samples->x : new_words(s->a->cols, s->stride, s->entry, err);
  s->strip = new_words(plan->piece, s->stride, s->entry, err);
  s->feature = new_words(plan->piece, s->a->cols, s->word, err);
  if (s->params->precision == NLRMT_PRECISION_SINGLE)
    s->wide = new_array(s->params->n0, s->threads, err);
  s->bias = new_array(own, 1, err);
  s->same = new_array(plan->piece, s->threads, err);
  s->component = malloc((size_t)(own + 1) * sizeof *s->component);
  s->order = malloc((size_t)(plan->piece + 1) * sizeof *s->order);
  if (!s->component || !s->order)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld rows of W", (long long)own);
  allocate_sides(s, err);
  if (nlrmt_comm_agree(s->grid->comm, err) != NLRMT_OK || make_surrogate(s, err) != NLRMT_OK)
    return err->status;
  return nlrmt_gram_create(s->a, plan->piece * plan->nprow, &s->gram, err);
}

/* Collective. All strips: draw, multiply, apply f, accumulate. */
static nlrmt_status stream(model *s, nlrmt_progress *progress, double *seconds, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  int64_t height = plan->piece * plan->nprow;
  for (int64_t start = 0; start < plan->big && err->status == NLRMT_OK; start += height) {
    s->first = start + s->grid->myrow * plan->piece;
    s->rows = plan->big - s->first;
    if (s->rows > plan->piece) s->rows = plan->piece;
    if (s->rows < 0) s->rows = 0;
    double t0 = nlrmt_clock();
    form_features(s);
    if (!plan->tall) add_sides(s);
    double t1 = nlrmt_clock();
    nlrmt_gram_add(s->gram, s->rows, s->feature, plan->piece, err);
    seconds[NLRMT_PHASE_GENERATE] += t1 - t0;
    seconds[NLRMT_PHASE_GRAM] += nlrmt_clock() - t1;
    double share = (double)height / (double)plan->big;
    nlrmt_progress_add(
        progress, share * (plan->seconds[NLRMT_PHASE_GENERATE] + plan->seconds[NLRMT_PHASE_GRAM]));
  }
  return err->status;
}

/* What the strips needed is not needed any more. */
static void release_strips(model *s) {
  nlrmt_gram_destroy(&s->gram);
  free(s->strip);
  free(s->feature);
  free(s->wide);
  free(s->bias);
  free(s->same);
  free(s->component);
  free(s->order);
  free(s->y);
  free(s->linear);
  nlrmt_targets_clear(&s->targets);
  s->strip = s->feature = NULL;
  s->wide = s->bias = s->same = s->y = s->linear = NULL;
  s->component = NULL;
  s->order = NULL;
}

static void release(model *s) {
  release_strips(s);
  if (!(s->plan->tall && from_files(s))) free(s->stored);
  free(s->sides);
}

/* Tall: B = [X; Y] on this rank's rows and columns, from its columns of X. */
static nlrmt_status make_sides(const model *s, nlrmt_sides *sides, nlrmt_error *err) {
  nlrmt_rows *b = sides->rows;
  int64_t n0 = s->params->n0, last = b->first + b->rows, first = b->first;
  int64_t end = last < sides->split ? last : sides->split;     /* of my rows of X */
  int64_t begin = first > sides->split ? first : sides->split; /* of my rows of Y */
  int64_t x_rows = end > first ? end - first : 0, y_rows = last > begin ? last - begin : 0;
  nlrmt_targets targets;
  if (nlrmt_targets_create(s->params, s->trial, begin - sides->split, y_rows, &targets, err) ==
      NLRMT_OK) {
    for (int64_t l = 0; l < b->cols && x_rows > 0; l++)
      memcpy(b->c + l * b->ld, (double *)s->stored + l * n0 + first, (size_t)x_rows * sizeof *b->c);
    if (y_rows > 0) nlrmt_targets_signal(&targets, b->cols, s->stored, b->c + x_rows, b->ld);
    for (int64_t l = 0; l < b->cols; l++)
      nlrmt_targets_noise(&targets,
                          nlrmt_block_global(l, s->plan->block, s->grid->mycol, s->grid->npcol),
                          b->c + l * b->ld + x_rows);
  }
  nlrmt_targets_clear(&targets);
  return nlrmt_comm_agree(s->grid->comm, err);
}

/* Collective. The right-hand sides in the layout of the Gram matrix. */
static nlrmt_status hand_over_sides(model *s, nlrmt_sides *sides, nlrmt_error *err) {
  const nlrmt_plan *plan = s->plan;
  if (plan->sides == 0 || s->params->vectors != NLRMT_VECTORS_NO) return NLRMT_OK;
  sides->split = plan->split;
  if (nlrmt_rows_create(s->grid, plan->sides, plan->n, plan->block, &sides->rows, err) != NLRMT_OK)
    return err->status;
  memcpy(sides->norm, s->norm, sizeof s->norm);
  return plan->tall ? make_sides(s, sides, err)
                    : nlrmt_sides_collect(s->grid, sqrt(plan->alpha), s->sides, sides, err);
}

nlrmt_status nlrmt_model_gram(const nlrmt_grid *grid, const nlrmt_params *params,
                              const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                              nlrmt_progress *progress, nlrmt_dmat **a, nlrmt_sides *sides,
                              double *seconds, nlrmt_error *err) {
  model s = {.grid = grid, .params = params, .plan = plan, .samples = samples, .trial = trial};
  s.entry = nlrmt_precision_entry(params->precision);
  s.word = nlrmt_precision_feature(params->precision);
  s.threads = nlrmt_blas_threads();
  nlrmt_rng_deviation(); /* what threads that draw share */
  s.stride = nlrmt_precision_stride(params->precision, params->n0);
  s.step = nlrmt_precision_step(params);
  *a = NULL;
  *sides = (nlrmt_sides){0};
  if (allocate(&s, err) == NLRMT_OK) {
    double t0 = nlrmt_clock();
    draw_stored(&s);
    seconds[NLRMT_PHASE_GENERATE] += nlrmt_clock() - t0;
    if (stream(&s, progress, seconds, err) == NLRMT_OK) {
      t0 = nlrmt_clock();
      nlrmt_gram_finish(s.gram, plan->alpha, plan->sides > 0 || !plan->eig->lower, err);
      double t1 = nlrmt_clock();
      release_strips(&s);
      if (err->status == NLRMT_OK) hand_over_sides(&s, sides, err);
      seconds[NLRMT_PHASE_GRAM] += t1 - t0;
      seconds[NLRMT_PHASE_GENERATE] += nlrmt_clock() - t1;
    }
  }
  release(&s);
  if (err->status == NLRMT_OK) {
    *a = s.a;
  } else {
    nlrmt_dmat_destroy(&s.a);
    nlrmt_sides_clear(sides);
  }
  return err->status;
}
