/* Integrals over Gaussians by panels; no code shared with moments.c, whose answers these check. */
#include "nlrmt/theta.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { POINTS = 16, TERMS = 800, LEVELS = 6, POINTS_MAX = 20000 };

static const double REACH = 17;          /* standard deviations */
static const double SERIES_REACH = 40.5; /* x^k exp(-x^2/2) peaks at sqrt k */
static const double EXPONENT_MIN = -150; /* of a density that counts */
static const double TOLERANCE = 1e-12;   /* relative to theta1 */
static const double SERIES_REST = 1e-16; /* relative to the sum */

/* Abscissae, Legendre weights and f(scale x) on [-reach, reach]. */
typedef struct {
  size_t count;
  double *x, *w, *f;
} rule;

static void rule_clear(rule *r) {
  free(r->x);
  free(r->w);
  free(r->f);
  *r = (rule){0};
}

static void add_panel(const gsl_integration_glfixed_table *table, double lo, double hi, rule *r) {
  for (size_t i = 0; i < POINTS && lo < hi; i++, r->count++)
    gsl_integration_glfixed_point(lo, hi, i, &r->x[r->count], &r->w[r->count], table);
}

/* Panels of at most `width`, split at the kinks of f(scale x). */
static bool rule_make(const nlrmt_activation *f, double scale, double reach, double width,
                      rule *r) {
  const size_t panels = (size_t)ceil(2 * reach / width);
  const size_t capacity = (panels + (size_t)f->kinks) * POINTS;
  gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(POINTS);
  *r = (rule){0, malloc(capacity * sizeof(double)), malloc(capacity * sizeof(double)),
              malloc(capacity * sizeof(double))};
  if (!table || !r->x || !r->w || !r->f) {
    if (table) gsl_integration_glfixed_table_free(table);
    rule_clear(r);
    return false;
  }
  for (size_t k = 0; k < panels; k++) {
    double lo = -reach + 2 * reach * (double)k / (double)panels;
    const double hi = -reach + 2 * reach * (double)(k + 1) / (double)panels;
    for (int i = 0; i < f->kinks; i++) {
      const double kink = f->kink[i] / scale;
      if (kink > lo && kink < hi) {
        add_panel(table, lo, kink, r);
        lo = kink;
      }
    }
    add_panel(table, lo, hi, r);
  }
  gsl_integration_glfixed_table_free(table);
  for (size_t k = 0; k < r->count; k++) r->f[k] = nlrmt_activation_eval(f, scale * r->x[k]);
  return true;
}

/* E f and E f^2 under N(0, s^2); x in units of x itself. */
static void one_dimensional(const rule *r, double s, double *mean, double *square) {
  double mass = 0;
  *mean = *square = 0;
  for (size_t k = 0; k < r->count; k++) {
    const double w = r->w[k] * exp(-r->x[k] * r->x[k] / (2 * s * s));
    mass += w, *mean += w * r->f[k], *square += w * r->f[k] * r->f[k];
  }
  *mean /= mass, *square /= mass;
}

/* Eq. 10. (x1, x2) has variances sigma_z^2 + sigma_b^2 and covariance sigma_b^2, so x1 + x2 and x1
 * - x2 are independent, of variance `sum` and `difference`. theta2 takes both derivatives off f:
 * the density's d1 d2 / density appears, and constants in f drop out. */
static void double_integral(const rule *r, double sigma_z, double sigma_b, nlrmt_theta *out) {
  const double sz2 = sigma_z * sigma_z, sb2 = sigma_b * sigma_b;
  const double sum = 2 * (sz2 + 2 * sb2), difference = 2 * sz2;
  double mean, mass = 0, b = 0, two = 0;
  one_dimensional(r, sqrt(sz2 + sb2), &mean, &out->theta1);
  for (size_t i = 0; i < r->count; i++)
    for (size_t j = i; j < r->count; j++) {
      const double y = r->x[i] + r->x[j], d = r->x[i] - r->x[j];
      const double exponent = -y * y / (2 * sum) - d * d / (2 * difference);
      if (exponent < EXPONENT_MIN) continue;
      const double w = (i == j ? 1 : 2) * r->w[i] * r->w[j] * exp(exponent);
      const double mixed =
          y * y / (sum * sum) - 1 / sum - (d * d / (difference * difference) - 1 / difference);
      mass += w;
      b += w * r->f[i] * r->f[j];
      two += w * (r->f[i] - mean) * (r->f[j] - mean) * mixed;
    }
  out->theta1b = b / mass;
  out->theta2 = sz2 * two / mass;
}

static nlrmt_status check(const nlrmt_activation *f, double sigma_z, double sigma_b,
                          nlrmt_error *err) {
  if (!f->additive)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "theta: f=%s: must be a function of z + b alone, as the paper's", f->name);
  if (sigma_z > 0 && isfinite(sigma_z) && sigma_b >= 0 && isfinite(sigma_b)) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "theta: sigma_z=%g sigma_b=%g: must be finite, sigma_z > 0, sigma_b >= 0",
                    sigma_z, sigma_b);
}

static nlrmt_status unfinished(const nlrmt_activation *f, double sigma_z, double sigma_b,
                               nlrmt_error *err) {
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "theta: f=%s, sigma_z=%g, sigma_b=%g: the integrals do not converge, choose "
                    "another activation or scale",
                    f->name, sigma_z, sigma_b);
}

/* Errors of `now` from the coarser `last`; true if small enough. */
static bool agree(const nlrmt_theta *last, nlrmt_theta *now) {
  const double size = now->theta1;
  const double e1 = fabs(now->theta1b - last->theta1b), e2 = fabs(now->theta2 - last->theta2);
  now->error_theta1b += e1, now->error_theta2 += e2;
  return e1 <= TOLERANCE * size && e2 <= TOLERANCE * size &&
         fabs(now->theta1 - last->theta1) <= TOLERANCE * size;
}

nlrmt_status nlrmt_theta_integral(const nlrmt_activation *f, double sigma_z, double sigma_b,
                                  nlrmt_theta *out, nlrmt_error *err) {
  if (check(f, sigma_z, sigma_b, err) != NLRMT_OK) return err->status;
  const double reach = REACH * hypot(sigma_z, sigma_b);
  nlrmt_theta last = {.theta1b = NAN};
  for (int level = 0; level < LEVELS; level++, last = *out) {
    const double width = ldexp(sigma_z, -level);
    rule r;
    if (!(2 * reach / width * POINTS < POINTS_MAX)) break;
    if (!rule_make(f, 1, reach, width, &r))
      return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "theta: out of memory");
    *out = (nlrmt_theta){0};
    double_integral(&r, sigma_z, sigma_b, out);
    rule_clear(&r);
    if (agree(&last, out)) return NLRMT_OK;
  }
  return unfinished(f, sigma_z, sigma_b, err);
}

/* Sum of terms given one by one. Pairs of them, as f may be even or odd, end up falling by tau^2 at
 * most, from above or below: the rest is a geometric series with the larger of the two ratios. */
typedef struct {
  double sum, pair, last_pair, rest;
  int count;
} series;

static void series_add(series *s, double term, double tau) {
  s->sum += term;
  if (s->count++ % 2 == 0) {
    s->last_pair = s->pair, s->pair = term;
    return;
  }
  s->pair += term;
  const bool rounding = s->pair <= SERIES_REST * SERIES_REST * s->sum;
  const double ratio = rounding ? tau * tau : fmax(s->pair / s->last_pair, tau * tau);
  s->rest = ratio < 1 ? s->pair * ratio / (1 - ratio) : INFINITY;
}

/* sum_i w_i f_i x_i^k/sqrt(k!) exp(-x_i^2/2)/sqrt(2 pi) for the next k; power holds all but f. */
static double next_coefficient(const rule *r, int k, double *power) {
  double sum = 0;
  for (size_t i = 0; i < r->count; i++) {
    power[i] *= k == 0 ? exp(-r->x[i] * r->x[i] / 2) * r->w[i] / sqrt(2 * M_PI) : r->x[i] / sqrt(k);
    sum += power[i] * r->f[i];
  }
  return sum;
}

/* Eq. 11. With a_k = <x^k, f(s~ x)>/sqrt(k!), by parts <x^k, f'(s~ x)>/sqrt(k!) =
 * (sqrt(k+1) a_(k+1) - sqrt(k) a_(k-1))/s~. */
static void sum_series(const rule *r, double sigma_z, double s, double tilde, double tau,
                       double *power, nlrmt_theta *out) {
  series b = {0}, two = {0};
  for (size_t i = 0; i < r->count; i++) power[i] = 1;
  double before = 0, now = next_coefficient(r, 0, power), weight = tilde / s;
  int k = 0;
  for (bool done = false; k < TERMS && !done; k++, weight *= tau) {
    const double after = next_coefficient(r, k + 1, power);
    const double slope = (sqrt(k + 1) * after - sqrt(k) * before) * sigma_z / tilde;
    series_add(&b, weight * now * now, tau);
    series_add(&two, weight * slope * slope, tau);
    before = now, now = after;
    done = tau == 0 || (k > 6 && k % 2 == 1 && b.rest <= SERIES_REST * b.sum &&
                        two.rest <= SERIES_REST * two.sum);
  }
  out->theta1b = b.sum, out->theta2 = two.sum;
  out->error_theta1b = tau > 0 ? b.rest : 0, out->error_theta2 = tau > 0 ? two.rest : 0;
  out->terms = k;
}

/* Both at one panel width. */
static bool series_at_width(const nlrmt_activation *f, double sigma_z, double sigma_b, double width,
                            nlrmt_theta *out) {
  const double s = hypot(sigma_z, sigma_b);
  const double tilde = sigma_z * sqrt(sigma_z * sigma_z + 2 * sigma_b * sigma_b) / s;
  rule wide = {0}, r = {0};
  double *power = NULL, mean;
  *out = (nlrmt_theta){0};
  bool done = rule_make(f, 1, REACH * s, width * s, &wide) &&
              rule_make(f, tilde, SERIES_REACH, width, &r) &&
              (power = malloc(r.count * sizeof *power));
  if (done) {
    one_dimensional(&wide, s, &mean, &out->theta1);
    sum_series(&r, sigma_z, s, tilde, sigma_b * sigma_b / (s * s), power, out);
  }
  free(power);
  rule_clear(&wide);
  rule_clear(&r);
  return done;
}

nlrmt_status nlrmt_theta_series(const nlrmt_activation *f, double sigma_z, double sigma_b,
                                nlrmt_theta *out, nlrmt_error *err) {
  if (check(f, sigma_z, sigma_b, err) != NLRMT_OK) return err->status;
  nlrmt_theta last = {.theta1b = NAN};
  for (int level = 0; level < LEVELS; level++, last = *out) {
    if (!series_at_width(f, sigma_z, sigma_b, ldexp(0.5, -level), out))
      return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "theta: out of memory");
    if (agree(&last, out)) return NLRMT_OK;
  }
  return unfinished(f, sigma_z, sigma_b, err);
}
