/* O is averaged in probabilities: over the quantiles of S and of the law, both by Gauss-Legendre.
 * At an edge O is smooth in lambda, lambda in p^(2/3): p = 3u^2 - 2u^3 on a piece makes it smooth
 * enough in u. A piece ends where the law has a gap, for O jumps there. */
#include "nlrmt/overlap.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>

#include "sce.h"

enum { POINTS = 24, PARTS = 16 }; /* a piece is cut into 1, 2, 4 .. PARTS parts with POINTS each */

static const double BALANCED = 1e-6;

static const double AT_ZERO =
    1e-9; /* Im z, relative to the law's scale, where an atom is looked at */

/* Points of S with weights, cut at the blocks' ends; block r has the points [first[r], first[r+1]).
 */
typedef struct {
  size_t rows, count, capacity;
  double *s, *w;
  size_t *first; /* [rows + 1] */
} blocks;

static void blocks_clear(blocks *b) {
  free(b->s);
  free(b->w);
  free(b->first);
  *b = (blocks){0};
}

static bool blocks_init(blocks *b, size_t rows, size_t capacity) {
  *b = (blocks){.rows = rows, .capacity = capacity};
  b->s = malloc(capacity * sizeof *b->s);
  b->w = malloc(capacity * sizeof *b->w);
  b->first = malloc((rows + 1) * sizeof *b->first);
  return b->s && b->w && b->first;
}

static void add_point(blocks *b, double s, double w) {
  b->s[b->count] = s, b->w[b->count++] = w;
}

/* A discrete S: its points in order, those on a block's end in two parts. */
static bool discrete_blocks(blocks *b, const nlrmt_data_law *data, size_t rows) {
  if (!blocks_init(b, rows, data->count + rows)) return false;
  double done = 0; /* of point k */
  size_t k = 0;
  for (size_t r = 0; r < rows; r++) {
    b->first[r] = b->count;
    double need = 1 / (double)rows;
    while (k < data->count) {
      const double left = data->weight[k] - done;
      if (left > need * (1 + 1e-12)) {
        add_point(b, data->value[k], need), done += need;
        break;
      }
      add_point(b, data->value[k], left);
      need -= left, done = 0, k++;
    }
  }
  b->first[rows] = b->count;
  return true;
}

/* Calls use(context, p, weight) at points of [lo, hi], cut at the law's atom and its gaps. The
 * atom's share comes as one point p = lo with its whole weight. */
typedef void (*point_use)(void *context, double p, double weight);

typedef struct {
  gsl_integration_glfixed_table *table;
  size_t parts;
} rule;

static void integrate_piece(const rule *q, double lo, double hi, point_use use, void *context) {
  for (size_t k = 0; k < q->parts; k++)
    for (size_t i = 0; i < POINTS; i++) {
      const double part = 1 / (double)q->parts;
      double u, w;
      gsl_integration_glfixed_point((double)k * part, (double)(k + 1) * part, i, &u, &w, q->table);
      use(context, lo + (hi - lo) * u * u * (3 - 2 * u), (hi - lo) * w * 6 * u * (1 - u));
    }
}

static void integrate_block(const nlrmt_law *law, const rule *q, double lo, double hi,
                            point_use use, void *context) {
  const double atom = nlrmt_law_atom(law);
  if (lo < atom) use(context, lo, fmin(hi, atom) - lo);
  double at = fmax(lo, atom);
  for (size_t k = 0; k < nlrmt_law_bulks(law) && at < hi; k++) {
    double left, right;
    nlrmt_law_edges(law, k, &left, &right);
    const double end = k + 1 == nlrmt_law_bulks(law) ? 1 : nlrmt_law_cdf(law, right);
    if (end <= at) continue;
    integrate_piece(q, at, fmin(hi, end), use, context);
    at = end;
  }
}

typedef struct {
  blocks *b;
  const nlrmt_law *law;
} quantiles;

static void add_quantile(void *context, double p, double weight) {
  const quantiles *q = context;
  add_point(q->b, nlrmt_law_quantile(q->law, p), weight);
}

/* S of a population (none: T = 1) as a law: X'X/n0 = Z'TZ/n0 is the K of n0 independent rows with
 * eta = T, zeta = 0. */
static nlrmt_status population_law(const nlrmt_law_problem *problem, nlrmt_law **law,
                                   nlrmt_error *err) {
  double one = 1;
  const nlrmt_data_law iid = {NLRMT_DATA_POPULATION, 1, &one, &one};
  const nlrmt_data_law *t = problem->data ? problem->data : &iid;
  const nlrmt_data_law identity = {NLRMT_DATA_SPECTRUM, 1, &one, &one};
  double *zeros = calloc(t->count, sizeof *zeros);
  if (!zeros) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "overlap: out of memory");
  const nlrmt_nodes nodes = {t->count, t->weight, zeros, t->value, zeros};
  const nlrmt_law_problem s = {
      .phi = 1, .psi = 1 / problem->phi, .nodes = &nodes, .data = &identity};
  const nlrmt_status status = nlrmt_law_create(&s, law, err);
  free(zeros);
  return status;
}

static nlrmt_status make_rows(const nlrmt_law_problem *problem, size_t rows, const rule *points,
                              blocks *b, nlrmt_error *err) {
  if (problem->data && problem->data->kind == NLRMT_DATA_SPECTRUM) {
    if (discrete_blocks(b, problem->data, rows)) return NLRMT_OK;
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "overlap: out of memory");
  }
  nlrmt_law *law = NULL;
  if (population_law(problem, &law, err) != NLRMT_OK) return err->status;
  if (blocks_init(b, rows, (rows + nlrmt_law_bulks(law)) * (points->parts * POINTS + 1))) {
    quantiles q = {b, law};
    for (size_t r = 0; r < rows; r++) {
      b->first[r] = b->count;
      integrate_block(law, points, (double)r / (double)rows, (double)(r + 1) / (double)rows,
                      add_quantile, &q);
    }
    b->first[rows] = b->count;
  } else {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "overlap: out of memory");
  }
  nlrmt_law_destroy(&law);
  return err->status;
}

/* One column of the map while it is summed. */
typedef struct {
  const sce *s;
  const nlrmt_law *law;
  const blocks *rows;
  double *column; /* [rows], of the law's mass times that of S */
  double failed;  /* lambda that could not be solved; NAN: none */
  sce_counts counts;
} column_sum;

static void add_lambda(void *context, double p, double weight) {
  column_sum *sum = context;
  const double lambda = nlrmt_law_quantile(sum->law, p);
  const double complex z =
      lambda > 0 ? CMPLX(lambda, 0) : CMPLX(0, AT_ZERO * sum->s->scale); /* Im: of -1/z's residue */
  sce_point x;
  if (!sce_solve(sum->s, z, &x, &sum->counts) || !(cimag(x.a) > 0)) {
    sum->failed = lambda;
    return;
  }
  for (size_t r = 0; r < sum->rows->rows; r++)
    for (size_t i = sum->rows->first[r]; i < sum->rows->first[r + 1]; i++)
      sum->column[r] +=
          weight * sum->rows->w[i] * cimag(1 / (x.c0 + sum->rows->s[i] * x.c1)) / cimag(x.a);
}

static double imbalance(size_t rows, size_t cols, const double *out) {
  double worst = 0;
  for (size_t r = 0; r < rows; r++) {
    double sum = 0;
    for (size_t c = 0; c < cols; c++) sum += out[r * cols + c] / (double)cols;
    worst = fmax(worst, fabs(sum - 1));
  }
  for (size_t c = 0; c < cols; c++) {
    double sum = 0;
    for (size_t r = 0; r < rows; r++) sum += out[r * cols + c] / (double)rows;
    worst = fmax(worst, fabs(sum - 1));
  }
  return worst;
}

static nlrmt_status fill(const sce *s, const nlrmt_law *law, const blocks *b, const rule *points,
                         size_t cols, double *out, nlrmt_error *err) {
  const double scale = (double)b->rows * (double)cols;
  double *column = malloc(b->rows * sizeof *column);
  if (!column) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "overlap: out of memory");
  column_sum sum = {.s = s, .law = law, .rows = b, .column = column, .failed = NAN};
  for (size_t c = 0; c < cols; c++) {
    for (size_t r = 0; r < b->rows; r++) column[r] = 0;
    integrate_block(law, points, (double)c / (double)cols, (double)(c + 1) / (double)cols,
                    add_lambda, &sum);
    for (size_t r = 0; r < b->rows; r++) out[r * cols + c] = scale * column[r];
  }
  free(column);
  if (isnan(sum.failed)) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                    "overlap: phi=%g psi=%g, %zu nodes: not certified at lambda=%.17g", s->phi,
                    s->phi * s->rho, s->count, sum.failed);
}

/* Finer until rows and columns are as they must be: O is a narrow peak where n1 >> m. */
static nlrmt_status refine(const nlrmt_law_problem *problem, const sce *s, const nlrmt_law *law,
                           rule *points, size_t rows, size_t cols, double *out, double *balance,
                           nlrmt_error *err) {
  nlrmt_status status = NLRMT_OK;
  *balance = INFINITY;
  for (points->parts = 1; points->parts <= PARTS && *balance > BALANCED; points->parts *= 2) {
    blocks b = {0};
    status = make_rows(problem, rows, points, &b, err);
    if (status == NLRMT_OK) status = fill(s, law, &b, points, cols, out, err);
    blocks_clear(&b);
    if (status != NLRMT_OK) break;
    *balance = imbalance(rows, cols, out);
  }
  return status;
}

nlrmt_status nlrmt_overlap_map(const nlrmt_law_problem *problem, const nlrmt_law *law, size_t rows,
                               size_t cols, double *out, double *balance, nlrmt_error *err) {
  if (rows == 0 || cols == 0 || problem->of_m)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "overlap: %zu x %zu blocks of the law of %s: must be at least 1 x 1, of K",
                      rows, cols, problem->of_m ? "M" : "K");
  sce s = {0};
  double error;
  rule points = {.table = gsl_integration_glfixed_table_alloc(POINTS)};
  nlrmt_status status = points.table
                            ? sce_init(&s, problem, err)
                            : nlrmt_fail(err, NLRMT_ERR_RESOURCE, "overlap: out of memory");
  if (status == NLRMT_OK)
    status = refine(problem, &s, law, &points, rows, cols, out, balance ? balance : &error, err);
  sce_clear(&s);
  if (points.table) gsl_integration_glfixed_table_free(points.table);
  return status;
}
