#include "expression.h"

#include <math.h>
#include <muParserDLL.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 256 };

struct expression {
  char *text;
  muParserHandle_t parser;
  double x[BATCH], b[BATCH], value[BATCH]; /* muParser reads and writes here */
  bool uses_b;
  expression *next;
};

static expression *known; /* every expression parsed so far */

static double relu(double x) {
  return x < 0 ? 0 : x;
}

/* Of the OpenMP that muParser may be built with; NULL where it is not. */
extern int omp_get_max_threads(void) __attribute__((weak));
extern void omp_set_num_threads(int) __attribute__((weak));

/* The first n entries, by this thread alone: muParser would share out every batch among all cores,
 * whose threads then spin for the next one, on each of the ranks. */
static void evaluate(expression *e, int n) {
  bool parallel = omp_get_max_threads && omp_set_num_threads;
  int threads = parallel ? omp_get_max_threads() : 1;
  if (threads > 1) omp_set_num_threads(1);
  mupEvalBulk(e->parser, e->value, n);
  if (threads > 1) omp_set_num_threads(threads);
}

/* One evaluation of all BATCH entries; false if muParser objects. */
static bool run(expression *e) {
  evaluate(e, BATCH);
  return !mupError(e->parser);
}

/* Number of comma-separated values that it gives. */
static int values(expression *e) {
  int count = 0;
  mupEvalMulti(e->parser, &count);
  return count;
}

/* muParser calls it in place of printing. */
static void ignore(muParserHandle_t parser) {
  (void)parser;
}

static void define(expression *e) {
  mupSetErrorHandler(e->parser, ignore);
  mupDefineBulkVar(e->parser, "x", e->x);
  mupDefineBulkVar(e->parser, "b", e->b);
  mupDefineFun1(e->parser, "erf", erf, 1);
  mupDefineFun1(e->parser, "erfc", erfc, 1);
  mupDefineFun1(e->parser, "relu", relu, 1);
  mupSetExpr(e->parser, e->text);
}

static bool mentions_b(expression *e) {
  int count = mupGetExprVarNum(e->parser);
  for (int i = 0; i < count; i++) {
    const char *name = NULL;
    double *variable = NULL;
    mupGetExprVar(e->parser, (unsigned)i, &name, &variable);
    if (name && strcmp(name, "b") == 0) return true;
  }
  return false;
}

static void release(expression *e) {
  if (e->parser) mupRelease(e->parser);
  free(e->text);
  free(e);
}

const expression *expression_get(const char *text, nlrmt_error *err) {
  for (expression *e = known; e; e = e->next)
    if (strcmp(e->text, text) == 0) return e;
  expression *e = calloc(1, sizeof *e);
  if (e) e->text = strdup(text);
  if (e && e->text) e->parser = mupCreate(muBASETYPE_FLOAT);
  if (!e || !e->parser) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "\"%s\": out of memory", text);
  } else {
    define(e);
    const bool runs = run(e);
    if (runs && values(e) == 1) {
      e->uses_b = mentions_b(e);
      e->next = known;
      known = e;
      return e;
    }
    nlrmt_fail(err, NLRMT_ERR_CONFIG, "\"%s\" is no expression in x and b: %s", text,
               runs ? "it has several values" : mupGetErrorMsg(e->parser));
  }
  if (e) release(e);
  return NULL;
}

void expression_forget(void) {
  while (known) {
    expression *next = known->next;
    release(known);
    known = next;
  }
}

bool expression_uses_b(const expression *e) {
  return e->uses_b;
}

void expression_eval(const expression *shared, size_t count, const double *x, const double *b,
                     double *value) {
  expression *e = (expression *)shared; /* its buffers are scratch space */
  for (size_t i = 0; i < count; i += BATCH) {
    size_t n = count - i < BATCH ? count - i : BATCH;
    memcpy(e->x, x + i, n * sizeof *x);
    memcpy(e->b, b + i, n * sizeof *b);
    evaluate(e, (int)n);
    memcpy(value + i, e->value, n * sizeof *value);
  }
}
