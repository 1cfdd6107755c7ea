/* Coefficients by Gauss-Legendre panels over |N| <= REACH. The weighted Hermite functions are
 * tabulated once on the panels; a sample's panels that hold a kink are left out of the table's sum
 * and integrated in pieces. Parseval, sum_{k>K} c_k^2 = variance - sum_{k<=K} c_k^2, bounds what is
 * cut off: |rest of an entry| <= |r|^(K+1) (rest_a rest_b)^(1/2). */
#include "nlrmt/kernel.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 16, REACH = 17, LEVELS = 6, PROBES = 24 }; /* moments.c has the same reach */

static const double SETTLED = 1e-11; /* change of the moments between two levels, of E f^2 */

typedef enum { SERIES, BENT_LINE, ERROR_FUNCTION } form;

struct nlrmt_kernel {
  nlrmt_activation f;
  double sigma_w, b;
  form form;
  double j, u, v; /* BENT_LINE: f = const + j sign x + u|x| + v x */
  size_t m, terms;
  double *s, *h, *variance; /* [m] standard deviation of a pre-activation, mean, variance of f */
  double *c;                /* [m][terms], c_1 .. c_terms */
  double *rest;             /* [m], what the terms leave of the variance */
  double tolerance;         /* absolute, of an entry */
  double *reach;            /* [terms + 1]: |r| up to which k terms keep it */
};

/* Panels of width 2^-level with, for every k, weight * density * He_k/sqrt(k!). */
typedef struct {
  int level;
  size_t points, terms;
  double *x, *w;   /* [points] */
  double *hermite; /* [terms][points], k = 1 .. terms, times w */
  double *f, *b;   /* [points] workspace */
  gsl_integration_glfixed_table *rule;
} table;

static void table_clear(table *t) {
  free(t->x);
  free(t->hermite);
  if (t->rule) gsl_integration_glfixed_table_free(t->rule);
  *t = (table){0};
}

static double density(double x) {
  return exp(-x * x / 2) / sqrt(2 * M_PI);
}

/* out[k - 1] += scale[i] He_k(x[i])/sqrt(k!), k = 1 .. terms, over POINTS points; with a row of
 * `stride` per k instead of a sum if out is a table. */
static void hermite_panel(size_t terms, const double *x, const double *scale, size_t stride,
                          double *out) {
  double now[POINTS], before[POINTS] = {0};
  for (int i = 0; i < POINTS; i++) now[i] = scale[i];
  for (size_t k = 0; k < terms; k++) {
    const double up = 1 / sqrt((double)(k + 1)), down = sqrt((double)k);
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
      const double next = (x[i] * now[i] - down * before[i]) * up;
      before[i] = now[i], now[i] = next;
      sum += next;
    }
    if (stride)
      memcpy(out + k * stride, now, sizeof now);
    else
      out[k] += sum;
  }
}

static bool table_init(table *t, int level, size_t terms) {
  const size_t panels = (size_t)(2 * REACH) << level;
  table_clear(t);
  *t = (table){.level = level, .points = panels * POINTS, .terms = terms};
  t->rule = gsl_integration_glfixed_table_alloc(POINTS);
  t->x = malloc(4 * t->points * sizeof *t->x);
  t->hermite = malloc(terms * t->points * sizeof *t->hermite);
  if (!t->rule || !t->x || !t->hermite) return table_clear(t), false;
  t->w = t->x + t->points, t->f = t->w + t->points, t->b = t->f + t->points;
  for (size_t p = 0; p < panels; p++) {
    const double lo = -REACH + ldexp((double)p, -level);
    for (size_t i = 0; i < POINTS; i++) {
      const size_t at = p * POINTS + i;
      gsl_integration_glfixed_point(lo, lo + ldexp(1, -level), i, &t->x[at], &t->w[at], t->rule);
      t->w[at] *= density(t->x[at]);
    }
    hermite_panel(terms, t->x + p * POINTS, t->w + p * POINTS, t->points, t->hermite + p * POINTS);
  }
  return true;
}

/* f(s x; b) at count points. */
static void evaluate(const nlrmt_kernel *k, double s, size_t count, const double *x, double *b,
                     double *f) {
  for (size_t i = 0; i < count; i++) f[i] = s * x[i], b[i] = k->b;
  nlrmt_activation_apply(&k->f, count, b, f);
}

/* The pieces of panels that hold a kink: x, w, f in groups of POINTS. */
typedef struct {
  size_t count;
  double x[2 * NLRMT_KINKS_MAX * POINTS], w[2 * NLRMT_KINKS_MAX * POINTS];
  double f[2 * NLRMT_KINKS_MAX * POINTS], b[2 * NLRMT_KINKS_MAX * POINTS];
} pieces;

static void add_piece(const table *t, pieces *p, double lo, double hi) {
  if (!(hi > lo)) return;
  for (size_t i = 0; i < POINTS; i++, p->count++) {
    gsl_integration_glfixed_point(lo, hi, i, &p->x[p->count], &p->w[p->count], t->rule);
    p->w[p->count] *= density(p->x[p->count]);
  }
}

/* Fills t->f, with 0 where a panel is split (and its index in split), and the pieces. */
static int sample(const nlrmt_kernel *k, double s, table *t, pieces *p,
                  size_t split[NLRMT_KINKS_MAX]) {
  double kink[NLRMT_KINKS_MAX];
  const int kinks = nlrmt_activation_kinks(&k->f, k->b, kink);
  const double width = ldexp(1, -t->level);
  int count = 0;
  double lo = 0;
  p->count = 0;
  for (int i = 0; i < kinks; i++) {
    const double x = kink[i] / s;
    if (!(fabs(x) < REACH)) continue;
    const size_t panel = (size_t)floor((x + REACH) / width);
    if (count == 0 || split[count - 1] != panel) {
      if (count) add_piece(t, p, lo, -REACH + ((double)split[count - 1] + 1) * width);
      lo = -REACH + (double)panel * width;
      split[count++] = panel;
    }
    add_piece(t, p, lo, x);
    lo = x;
  }
  if (count) add_piece(t, p, lo, -REACH + ((double)split[count - 1] + 1) * width);
  evaluate(k, s, t->points, t->x, t->b, t->f);
  evaluate(k, s, p->count, p->x, p->b, p->f);
  return count;
}

/* Mean, variance and mean square of f(sN; b), and c[terms] if c is not NULL. */
static void expand(const nlrmt_kernel *k, double s, table *t, size_t terms, double *mean,
                   double *variance, double *square, double *c) {
  pieces p;
  size_t split[NLRMT_KINKS_MAX];
  const int splits = sample(k, s, t, &p, split);
  double h = 0, v = 0;
  for (int i = 0; i < splits; i++) memset(t->f + split[i] * POINTS, 0, POINTS * sizeof *t->f);
  for (size_t i = 0; i < t->points; i++) h += t->w[i] * t->f[i];
  for (size_t i = 0; i < p.count; i++) h += p.w[i] * p.f[i];
  for (size_t i = 0; i < t->points; i++) t->f[i] -= h;
  for (size_t i = 0; i < p.count; i++) p.f[i] -= h;
  for (int i = 0; i < splits; i++) memset(t->f + split[i] * POINTS, 0, POINTS * sizeof *t->f);
  for (size_t i = 0; i < t->points; i++) v += t->w[i] * t->f[i] * t->f[i];
  for (size_t i = 0; i < p.count; i++) v += p.w[i] * p.f[i] * p.f[i];
  *mean = h, *variance = v, *square = v + h * h;
  if (!c) return;
  for (size_t n = 0; n < terms; n++) {
    const double *hermite = t->hermite + n * t->points;
    double sum = 0;
    for (size_t i = 0; i < t->points; i++) sum += hermite[i] * t->f[i];
    c[n] = sum;
  }
  for (size_t i = 0; i < p.count; i++) p.w[i] *= p.f[i];
  for (size_t i = 0; i < p.count; i += POINTS) hermite_panel(terms, p.x + i, p.w + i, 0, c);
}

/* c_1 .. c_terms leave this of the variance; below rounding it is nothing. */
static double remainder_of(double variance, double square, size_t terms, const double *c) {
  double rest = variance;
  for (size_t n = 0; n < terms; n++) rest -= c[n] * c[n];
  return rest > 1e-13 * square ? rest : 0;
}

/* Is f(x) = const + j sign x + u|x| + v x? Judged at irrational points over five decades. */
static bool bent_line(nlrmt_kernel *k) {
  const nlrmt_activation *f = &k->f;
  if (k->b != 0 || !f->additive || f->kinks > 1 || (f->kinks == 1 && f->kink[0] != 0)) return false;
  const double p1 = nlrmt_activation_eval(f, 1), n1 = nlrmt_activation_eval(f, -1);
  const double p2 = nlrmt_activation_eval(f, 2), n2 = nlrmt_activation_eval(f, -2);
  const double up = p2 - p1, down = n1 - n2; /* slopes right and left of 0 */
  const double right = p1 - up, left = n1 + down;
  k->j = (right - left) / 2, k->u = (up - down) / 2, k->v = (up + down) / 2;
  for (int i = 0; i < PROBES; i++) {
    const double x = 0.01 * exp(i * M_SQRT2 / 3.1);
    const double size = fabs(up * x) + fabs(down * x) + fabs(left) + fabs(right);
    if (!(fabs(nlrmt_activation_eval(f, x) - (right + up * x)) <= 1e-14 * size) ||
        !(fabs(nlrmt_activation_eval(f, -x) - (left - down * x)) <= 1e-14 * size))
      return false;
  }
  return true;
}

static void choose_form(nlrmt_kernel *k) {
  k->form = SERIES;
  if (bent_line(k)) k->form = BENT_LINE;
  if (k->b == 0 && strcmp(k->f.name, "erf") == 0) k->form = ERROR_FUNCTION;
}

static double bent_line_entry(const nlrmt_kernel *k, double sa, double sb, double r) {
  const double angle = asin(r), bent = sqrt((1 - r) * (1 + r)) + r * angle - 1;
  return M_2_PI * (k->j * k->j * angle + k->u * k->u * sa * sb * bent) +
         sqrt(M_2_PI) * k->j * k->v * (sa + sb) * r + k->v * k->v * sa * sb * r;
}

static double erf_entry(double sa, double sb, double r) {
  return M_2_PI * asin(2 * sa * sb * r / sqrt((1 + 2 * sa * sa) * (1 + 2 * sb * sb)));
}

static double closed_entry(const nlrmt_kernel *k, double sa, double sb, double r) {
  return k->form == ERROR_FUNCTION ? erf_entry(sa, sb, r) : bent_line_entry(k, sa, sb, r);
}

/* r^(n+1) rest <= tolerance, increasing in n. */
static double reach_of(double rest, double tolerance, size_t n) {
  if (rest <= tolerance) return 1;
  return exp(log(tolerance / rest) / (double)(n + 1));
}

/* Panels fine enough for the largest and the smallest s: their moments stand. */
static nlrmt_status choose_level(nlrmt_kernel *k, const double s[2], table *t, nlrmt_error *err) {
  double last[2][2] = {{NAN, NAN}, {NAN, NAN}};
  for (int level = 0; level < LEVELS; level++) {
    bool good = true;
    if (!table_init(t, level, 1))
      return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "kernel: out of memory");
    for (int i = 0; i < 2; i++) {
      double h, v, square, c;
      expand(k, s[i], t, 1, &h, &v, &square, &c);
      if (!isfinite(square)) level = LEVELS;
      good = good && fabs(v - last[i][0]) <= SETTLED * square &&
             fabs(c - last[i][1]) <= SETTLED * sqrt(square);
      last[i][0] = v, last[i][1] = c;
    }
    if (good) return NLRMT_OK;
  }
  return nlrmt_fail(
      err, NLRMT_ERR_CONFIG,
      "kernel: f=%s, bias %g, standard deviations %g to %g: E f, E f^2 do not converge: "
      "choose another activation or scale",
      k->f.name, k->b, s[0], s[1]);
}

/* As few terms as keep the bound below the tolerance at r_max, for the smallest and largest s. */
static size_t choose_terms(nlrmt_kernel *k, const nlrmt_kernel_options *o, const double s[2],
                           table *t) {
  size_t most = 16;
  double c[NLRMT_KERNEL_TERMS];
  for (;; most *= 2) {
    bool enough = true;
    size_t needed = 1;
    if (!table_init(t, t->level > 1 ? t->level : 1, most)) return 0;
    for (int i = 0; i < 2; i++) {
      double h, v, square;
      expand(k, s[i], t, most, &h, &v, &square, c);
      size_t n = 0;
      while (n < most &&
             pow(o->r_max, (double)(n + 1)) * remainder_of(v, square, n, c) > o->accuracy * v / 4)
        n++;
      enough = enough && n < most;
      if (n > needed) needed = n;
    }
    if (enough) return needed;
    if (most == NLRMT_KERNEL_TERMS) return most;
  }
}

static nlrmt_status fill_series(nlrmt_kernel *k, const nlrmt_kernel_options *o, table *t,
                                nlrmt_error *err) {
  double s[2] = {INFINITY, 0};
  for (size_t a = 0; a < k->m; a++)
    if (k->s[a] > 0) s[0] = fmin(s[0], k->s[a]), s[1] = fmax(s[1], k->s[a]);
  if (s[1] == 0) s[0] = s[1] = 1;
  if (choose_level(k, s, t, err) != NLRMT_OK) return err->status;
  k->terms = k->form == SERIES ? choose_terms(k, o, s, t) : 1;
  k->c = malloc(k->m * k->terms * sizeof *k->c);
  k->reach = malloc((k->terms + 1) * sizeof *k->reach);
  double *worst = calloc(k->terms + 1, sizeof *worst), mean = 0;
  if (!k->terms || !k->c || !k->reach || !worst) {
    free(worst);
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "kernel: %zu samples, %zu terms: out of memory",
                      k->m, k->terms);
  }
  for (size_t a = 0; a < k->m; a++) {
    double square, *c = k->c + a * k->terms;
    expand(k, k->s[a] > 0 ? k->s[a] : s[0], t, k->terms, &k->h[a], &k->variance[a], &square, c);
    if (k->s[a] == 0) { /* a constant */
      double b = k->b, f = 0;
      nlrmt_activation_apply(&k->f, 1, &b, &f);
      k->h[a] = f, k->variance[a] = 0, square = f * f;
      memset(c, 0, k->terms * sizeof *c);
    }
    double rest = k->variance[a];
    for (size_t n = 0; n <= k->terms; n++) {
      worst[n] = fmax(worst[n], rest > 1e-13 * square ? rest : 0);
      if (n < k->terms) rest -= c[n] * c[n];
    }
    k->rest[a] = remainder_of(k->variance[a], square, k->terms, c);
    mean += k->variance[a] / (double)k->m;
  }
  k->tolerance = o->accuracy * mean / 4;
  for (size_t n = 0; n <= k->terms; n++)
    k->reach[n] = fmax(n ? k->reach[n - 1] : 0, reach_of(worst[n], k->tolerance, n));
  free(worst);
  return NLRMT_OK;
}

static nlrmt_status check(const nlrmt_kernel_options *o, size_t m, const double *g,
                          nlrmt_error *err) {
  if (!(o->sigma_w > 0 && isfinite(o->sigma_w) && isfinite(o->b) && o->r_max >= 0 &&
        o->r_max <= 1 && o->accuracy > 0 && m > 0))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "kernel: %zu samples, sigma_w=%g, bias %g, r_max=%g, accuracy=%g: must be "
                      "finite, sigma_w, accuracy and samples > 0, 0 <= r_max <= 1",
                      m, o->sigma_w, o->b, o->r_max, o->accuracy);
  for (size_t a = 0; a < m; a++)
    if (!(g[a] >= 0 && isfinite(g[a])))
      return nlrmt_fail(err, NLRMT_ERR_DATA,
                        "kernel: sample %zu: |x|^2/n0=%g: must be finite, check the data", a, g[a]);
  return NLRMT_OK;
}

nlrmt_status nlrmt_kernel_create(const nlrmt_kernel_options *options, size_t m, const double *g,
                                 nlrmt_kernel **kernel, nlrmt_error *err) {
  *kernel = NULL;
  if (check(options, m, g, err) != NLRMT_OK) return err->status;
  nlrmt_kernel *k = calloc(1, sizeof *k);
  if (!k) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "kernel: out of memory");
  *k = (nlrmt_kernel){.f = *options->f, .sigma_w = options->sigma_w, .b = options->b, .m = m};
  table t = {0};
  nlrmt_status status;
  k->s = malloc(4 * m * sizeof *k->s);
  if (k->s) {
    k->h = k->s + m, k->variance = k->h + m, k->rest = k->variance + m;
    for (size_t a = 0; a < m; a++) k->s[a] = k->sigma_w * sqrt(g[a]);
    choose_form(k);
    status = fill_series(k, options, &t, err);
  } else {
    status = nlrmt_fail(err, NLRMT_ERR_RESOURCE, "kernel: %zu samples: out of memory", m);
  }
  table_clear(&t);
  if (status == NLRMT_OK)
    *kernel = k;
  else
    nlrmt_kernel_destroy(&k);
  return status;
}

void nlrmt_kernel_destroy(nlrmt_kernel **kernel) {
  if (!*kernel) return;
  free((*kernel)->s);
  free((*kernel)->c);
  free((*kernel)->reach);
  free(*kernel);
  *kernel = NULL;
}

/* The fewest terms that suffice at |r|; all of them if none do. */
static size_t terms_at(const nlrmt_kernel *k, double r) {
  size_t lo = 0, hi = k->terms;
  while (lo < hi) {
    const size_t mid = (lo + hi) / 2;
    if (k->reach[mid] < r)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static double series_entry(const nlrmt_kernel *k, size_t a, size_t b, double r, size_t terms) {
  const double *ca = k->c + a * k->terms, *cb = k->c + b * k->terms;
  double sum = 0;
  for (size_t n = terms; n-- > 0;) sum = (sum + ca[n] * cb[n]) * r;
  return sum;
}

double nlrmt_kernel_row(const nlrmt_kernel *k, size_t a, size_t count, const size_t *column,
                        const double *gram, double *out) {
  double error = 0;
  const double unit = k->sigma_w * k->sigma_w;
  for (size_t j = 0; j < count; j++) {
    const size_t b = column ? column[j] : j;
    const double size = k->s[a] * k->s[b];
    const double r = size > 0 ? fmax(-1, fmin(1, unit * gram[j] / size)) : 0;
    if (a == b) {
      out[j] = k->variance[a];
    } else if (k->form != SERIES) {
      out[j] = closed_entry(k, k->s[a], k->s[b], r);
    } else {
      const size_t terms = terms_at(k, fabs(r));
      const double rest = sqrt(k->rest[a] * k->rest[b]);
      out[j] = series_entry(k, a, b, r, terms);
      error = fmax(error, terms < k->terms ? k->tolerance : pow(fabs(r), (double)terms + 1) * rest);
    }
  }
  return error;
}

const double *nlrmt_kernel_means(const nlrmt_kernel *k) {
  return k->h;
}

const double *nlrmt_kernel_variances(const nlrmt_kernel *k) {
  return k->variance;
}

size_t nlrmt_kernel_terms(const nlrmt_kernel *k) {
  return k->form == SERIES ? k->terms : 0;
}
