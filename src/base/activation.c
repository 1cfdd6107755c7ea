#include "nlrmt/activation.h"

/* The same bits in eval and in every variant of apply: nothing contracted to FMA. */
#if defined __clang__
#pragma STDC FP_CONTRACT OFF
#elif defined __GNUC__
#pragma GCC optimize("fp-contract=off")
#endif

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression.h"
#include "kinks.h"
#include "nlrmt/config.h" /* nlrmt_nearest */
#include "nlrmt/rng.h"

#ifdef __FAST_MATH__
#error "activation.c needs IEEE arithmetic: build without -ffast-math"
#endif

#define INLINE static inline __attribute__((always_inline))

enum { HERMITE_MAX = 32, BLOCK = 64, KINKS_BATCH = 256 };

static const double REACH = 20; /* an expression's kinks are looked for in |x| < REACH s */

typedef enum {
  RELU,
  IDENTITY,
  TANH,
  ERF,
  SIN,
  ABS,
  SIGN,
  STEP,
  CUBIC,
  LEAKY_RELU,
  SOFTPLUS,
  GELU,
  HERMITE,
  ABS_CENTRED,
  BLEND,
  RANDOM,
  KINDS, /* of the named ones */
  EXPRESSION
} kind;

static const char *const names[KINDS] = {
    [RELU] = "relu",         [IDENTITY] = "identity",
    [TANH] = "tanh",         [ERF] = "erf",
    [SIN] = "sin",           [ABS] = "abs",
    [SIGN] = "sign",         [STEP] = "step",
    [CUBIC] = "cubic",       [LEAKY_RELU] = "leaky_relu",
    [SOFTPLUS] = "softplus", [GELU] = "gelu",
    [HERMITE] = "hermite",   [ABS_CENTRED] = "abs_centred",
    [BLEND] = "blend",       [RANDOM] = "random",
};

const char *nlrmt_activation_names(void) {
  return "relu, identity, tanh, erf, sin, abs, sign, step, cubic, leaky_relu(a), softplus, gelu, "
         "hermite(k), abs_centred, blend(zeta), random(zeta, k)";
}

static kind find_kind(const char *word) {
  kind k = 0;
  while (k < KINDS && strcmp(word, names[k]) != 0) k++;
  return k;
}

/* Reads "(number, ...)", `count` of them, and nothing else; blanks may follow a comma. */
static bool read_numbers(const char *text, int count, double *value) {
  if (*text != '(') return false;
  for (int i = 0; i < count; i++) {
    char *end;
    text += 1 + (i > 0 ? strspn(text + 1, " ") : 0);
    if (*text == '\0' || strchr(" \t\n\v\f\r", *text)) return false; /* strtod skips them */
    value[i] = strtod(text, &end);
    if (end == text || !isfinite(value[i]) || *end != (i + 1 < count ? ',' : ')')) return false;
    text = end;
  }
  return text[1] == '\0';
}

static bool integer_within(double x, double lo, double hi) {
  return x >= lo && x <= hi && x == floor(x);
}

/* arg[0] |x| - arg[1] + arg[2] x; abs_centred is zeta = 0. */
static void set_blend(nlrmt_activation *f, double zeta, double s) {
  f->arg[0] = sqrt(1 - zeta) / (s * sqrt(1 - M_2_PI));
  f->arg[1] = f->arg[0] * s * sqrt(M_2_PI);
  f->arg[2] = sqrt(zeta) / s;
}

/* arg = 1/s and the coefficients of 1, u, u^2, u^3. */
static void set_random(nlrmt_activation *f, double zeta, double k, double s) {
  const nlrmt_stream stream = {.matrix = NLRMT_MATRIX_F};
  double a[2];
  nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, 1, (uint32_t)k, 0, 2, a);
  double scale = sqrt((1 - zeta) / (a[0] * a[0] + a[1] * a[1]));
  double even = scale * a[0] / sqrt(2), odd = scale * a[1] / sqrt(6); /* u^2 - 1, u^3 - 3u */
  f->arg[0] = 1 / s;
  f->arg[1] = -even;
  f->arg[2] = sqrt(zeta) - 3 * odd;
  f->arg[3] = even;
  f->arg[4] = odd;
}

/* The arguments of blend and random. */
static nlrmt_status read_family(nlrmt_activation *f, const char *text, double s, nlrmt_error *err) {
  double value[2] = {0};
  bool blend = f->kind == BLEND, good = read_numbers(text, blend ? 1 : 2, value);
  good = good && value[0] >= 0 && value[0] <= 1 && integer_within(value[1], 0, UINT32_MAX);
  if (!good && blend)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "activation \"%s\": zeta must be a number from 0 to 1, write blend(zeta) as "
                      "in blend(0.4)",
                      f->name);
  if (!good)
    return nlrmt_fail(
        err, NLRMT_ERR_CONFIG,
        "activation \"%s\": zeta must be a number from 0 to 1 and k an integer from 0 "
        "to %u, write random(zeta, k) as in random(0.4, 7)",
        f->name, UINT32_MAX);
  if (blend)
    set_blend(f, value[0], s);
  else
    set_random(f, value[0], value[1], s);
  return NLRMT_OK;
}

static nlrmt_status read_arguments(nlrmt_activation *f, const char *text, double s,
                                   nlrmt_error *err) {
  switch (f->kind) {
  case LEAKY_RELU:
    if (read_numbers(text, 1, f->arg)) return NLRMT_OK;
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "activation \"%s\": the slope must be one finite number, write leaky_relu(a) "
                      "as in leaky_relu(0.1)",
                      f->name);
  case HERMITE:
    if (read_numbers(text, 1, f->arg) && integer_within(f->arg[0], 0, HERMITE_MAX)) return NLRMT_OK;
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "activation \"%s\": the degree must be an integer from 0 to %d, write "
                      "hermite(k) as in hermite(3)",
                      f->name, HERMITE_MAX);
  case BLEND:
  case RANDOM:
    return read_family(f, text, s, err);
  case ABS_CENTRED:
    set_blend(f, 0, s);
    break;
  }
  if (!*text) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG, "activation \"%s\": %s takes no argument, write %s",
                    f->name, names[f->kind], names[f->kind]);
}

/* All kinks of the built-in activations lie at x = 0. */
static bool has_kink(const nlrmt_activation *f) {
  switch (f->kind) {
  case RELU:
  case ABS:
  case SIGN:
  case STEP:
  case ABS_CENTRED:
    return true;
  case LEAKY_RELU:
    return f->arg[0] != 1;
  case BLEND:
    return f->arg[0] != 0;
  default:
    return false;
  }
}

static void eval_expression(const void *e, size_t count, const double *x, double *value) {
  static const double zero[KINKS_BATCH];
  for (size_t i = 0; i < count; i += KINKS_BATCH)
    expression_eval(e, count - i < KINKS_BATCH ? count - i : KINKS_BATCH, x + i, zero, value + i);
}

/* "text" in quotes. */
static nlrmt_status init_expression(nlrmt_activation *f, double s, nlrmt_error *err) {
  char text[NLRMT_ACTIVATION_NAME_MAX];
  size_t length = strlen(f->name);
  if (length < 2 || f->name[length - 1] != '"')
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: the closing quote is missing", f->name);
  memcpy(text, f->name + 1, length - 2);
  text[length - 2] = '\0';
  const expression *e = expression_get(text, err);
  if (!e) return err->status;
  f->kind = EXPRESSION;
  f->expression = e;
  f->additive = !expression_uses_b(e);
  f->reach = REACH * s;
  if (f->additive) f->kinks = kinks_find(eval_expression, e, f->reach, NLRMT_KINKS_MAX, f->kink);
  if (f->kinks <= NLRMT_KINKS_MAX) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: has %d kinks or jumps, %d are the most", f->name,
                    f->kinks, NLRMT_KINKS_MAX);
}

/* A name, with its argument where it has one. */
static nlrmt_status init_named(nlrmt_activation *f, double s, nlrmt_error *err) {
  char word[NLRMT_ACTIVATION_NAME_MAX];
  size_t length = strcspn(f->name, "(");
  memcpy(word, f->name, length);
  word[length] = '\0';
  kind k = find_kind(word);
  if (k == KINDS) {
    const char *near = nlrmt_nearest(word, names, KINDS);
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "\"%s\" is unknown%s%s%s; known are: %s, or an expression in double quotes",
                      f->name, near ? ", did you mean " : "", near ? near : "", near ? "?" : "",
                      nlrmt_activation_names());
  }
  f->kind = (int)k;
  f->additive = true;
  nlrmt_status status = read_arguments(f, f->name + length, s, err);
  f->kinks = has_kink(f);
  return status;
}

nlrmt_status nlrmt_activation_init(nlrmt_activation *f, const char *name, double s,
                                   nlrmt_error *err) {
  assert(s > 0);
  if (strlen(name) >= sizeof f->name)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "activation \"%.80s...\": longer than %d characters, known are: %s", name,
                      NLRMT_ACTIVATION_NAME_MAX - 1, nlrmt_activation_names());
  char copy[NLRMT_ACTIVATION_NAME_MAX]; /* name may be f->name */
  strcpy(copy, name);
  *f = (nlrmt_activation){0};
  strcpy(f->name, copy);
  return f->name[0] == '"' ? init_expression(f, s, err) : init_named(f, s, err);
}

/* f(.; b) of an expression that mentions b. */
typedef struct {
  const expression *e;
  double b[KINKS_BATCH];
} at_bias;

static void eval_at_bias(const void *context, size_t count, const double *x, double *value) {
  const at_bias *at = context;
  for (size_t i = 0; i < count; i += KINKS_BATCH)
    expression_eval(at->e, count - i < KINKS_BATCH ? count - i : KINKS_BATCH, x + i, at->b,
                    value + i);
}

int nlrmt_activation_kinks(const nlrmt_activation *f, double b, double kink[NLRMT_KINKS_MAX]) {
  if (f->additive) {
    for (int i = 0; i < f->kinks; i++) kink[i] = f->kink[i] - b;
    return f->kinks;
  }
  at_bias at = {.e = f->expression};
  for (int i = 0; i < KINKS_BATCH; i++) at.b[i] = b;
  int found = kinks_find(eval_at_bias, &at, f->reach, NLRMT_KINKS_MAX, kink);
  return found < NLRMT_KINKS_MAX ? found : NLRMT_KINKS_MAX;
}

/* x[i] <- He_k(x[i]) / sqrt(k!), i < n <= BLOCK, by the orthonormal three-term recurrence
 * sqrt(j+1) h_{j+1} = x h_j - sqrt(j) h_{j-1}, which neither overflows nor needs k!. */
INLINE void hermite(int k, size_t n, double *x) {
  double h[BLOCK], previous[BLOCK];
  for (size_t i = 0; i < n; i++) h[i] = 1;
  for (size_t i = 0; i < n; i++) previous[i] = 0;
  for (int j = 0; j < k; j++) {
    double down = sqrt(j), up = sqrt(j + 1);
    for (size_t i = 0; i < n; i++) {
      double next = (x[i] * h[i] - down * previous[i]) / up;
      previous[i] = h[i];
      h[i] = next;
    }
  }
  for (size_t i = 0; i < n; i++) x[i] = h[i];
}

/* f(x). Comparisons are written so that a NaN stays one wherever f is continuous. */
INLINE double value(kind k, const double *arg, double x) {
  switch (k) {
  case RELU:
    return x < 0 ? 0 : x;
  case IDENTITY:
    return x;
  case TANH:
    return tanh(x);
  case ERF:
    return erf(x);
  case SIN:
    return sin(x);
  case ABS:
    return fabs(x);
  case SIGN:
    return x > 0 ? 1 : x < 0 ? -1 : 0;
  case STEP:
    return x > 0 ? 1 : 0;
  case CUBIC:
    return x * x * x;
  case LEAKY_RELU:
    return (x < 0 ? 0 : x) + arg[0] * (x < 0 ? x : 0); /* no branch, so that it vectorises */
  case SOFTPLUS:
    return (x < 0 ? 0 : x) + log1p(exp(-fabs(x))); /* log(1 + e^x), no overflow */
  case GELU:
    return 0.5 * x * erfc(-M_SQRT1_2 * x); /* x Phi(x), also in the left tail */
  case ABS_CENTRED:
    return arg[0] * fabs(x) - arg[1];
  case BLEND:
    return arg[2] * x + (arg[0] * fabs(x) - arg[1]);
  case RANDOM:
    x *= arg[0];
    return ((arg[4] * x + arg[3]) * x + arg[2]) * x + arg[1];
  case HERMITE:
    hermite((int)arg[0], 1, &x);
    return x;
  case EXPRESSION: /* apart: it has no inline form */
  case KINDS:
    break;
  }
  assert(!"unknown activation");
  return 0;
}

double nlrmt_activation_eval(const nlrmt_activation *f, double x) {
  assert(f->additive);
  if (f->kind != EXPRESSION) return value((kind)f->kind, f->arg, x);
  eval_expression(f->expression, 1, &x, &x);
  return x;
}

/* k is a constant at every call, so that each gets its own loop without a switch inside. */
INLINE void loop(kind k, const nlrmt_activation *f, size_t count, const double *restrict b,
                 double *restrict z) {
  double arg[NLRMT_ACTIVATION_ARGS]; /* a copy of its own: the stores to z cannot change it */
  memcpy(arg, f->arg, sizeof arg);
  for (size_t i = 0; i < count; i++) z[i] = value(k, arg, z[i] + b[i]);
}

INLINE void hermite_loop(int k, size_t count, const double *restrict b, double *restrict z) {
  for (size_t i = 0; i < count; i++) z[i] += b[i];
  size_t i = 0;
  for (; i + BLOCK <= count; i += BLOCK) hermite(k, BLOCK, z + i);
  hermite(k, count - i, z + i);
}

INLINE void apply(const nlrmt_activation *f, size_t count, const double *b, double *z) {
  switch ((kind)f->kind) {
  case RELU:
    loop(RELU, f, count, b, z);
    break;
  case IDENTITY:
    loop(IDENTITY, f, count, b, z);
    break;
  case TANH:
    loop(TANH, f, count, b, z);
    break;
  case ERF:
    loop(ERF, f, count, b, z);
    break;
  case SIN:
    loop(SIN, f, count, b, z);
    break;
  case ABS:
    loop(ABS, f, count, b, z);
    break;
  case SIGN:
    loop(SIGN, f, count, b, z);
    break;
  case STEP:
    loop(STEP, f, count, b, z);
    break;
  case CUBIC:
    loop(CUBIC, f, count, b, z);
    break;
  case LEAKY_RELU:
    loop(LEAKY_RELU, f, count, b, z);
    break;
  case SOFTPLUS:
    loop(SOFTPLUS, f, count, b, z);
    break;
  case GELU:
    loop(GELU, f, count, b, z);
    break;
  case ABS_CENTRED:
    loop(ABS_CENTRED, f, count, b, z);
    break;
  case BLEND:
    loop(BLEND, f, count, b, z);
    break;
  case RANDOM:
    loop(RANDOM, f, count, b, z);
    break;
  case HERMITE:
    hermite_loop((int)f->arg[0], count, b, z);
    break;
  case EXPRESSION:
    if (f->additive)
      for (size_t i = 0; i < count; i++) z[i] += b[i];
    expression_eval(f->expression, count, z, b, z);
    break;
  case KINDS:
    assert(!"unknown activation");
  }
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void apply_avx2(const nlrmt_activation *f, size_t count,
                                                       const double *b, double *z) {
  apply(f, count, b, z);
}
#endif

bool nlrmt_activation_threads(const nlrmt_activation *f) {
  return f->kind != EXPRESSION;
}

void nlrmt_activation_apply(const nlrmt_activation *f, size_t count, const double *b, double *z) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) {
    apply_avx2(f, count, b, z);
    return;
  }
#endif
  apply(f, count, b, z);
}
