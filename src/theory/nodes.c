/* Nodes of mu_B. After Gaussian smoothing by sigma_z N, h, eta, zeta are entire in b, whatever the
 * activation's kinks, so a trapezoidal rule against the Gaussian density and Gauss-Legendre on an
 * interval converge geometrically; how fast the law itself converges shows in E[1/(1 + u eta)] at
 * complex u, where the equations use it. */
#include <complex.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/moments.h"
#include "quadrature.h"

enum { PROBES = 9, MOMENTS = 6, ANGLES = 2, RADII = 3, WITNESSES = MOMENTS + 2 * ANGLES * RADII };

static const double GAUSSIAN_REACH =
    12; /* density 2e-32: b^20 of a steep f has no weight left there */
static const double SPACING_MAX = 1.0 / 8; /* first trapezoidal step, in sigma */
static const size_t LEGENDRE_FIRST = 16;
/* Levels, each twice as fine: beyond FINE only the moments are refined. */
static const int SPACING_FINE = 3, SPACING_LAST = 6, LEGENDRE_FINE = 4, LEGENDRE_LAST = 7;
static const double NEGLIGIBLE = 1e-9; /* of sigma_z: its square is below rounding */
static const double NARROW = 1e-4;     /* of a uniform law's sigma: rounds its ends off only */
static const double MOMENT_TOLERANCE = 1e-13, RESOLVENT_TOLERANCE = 1e-12;

/* A discrete law of biases. */
typedef struct {
  size_t count;
  double value[NLRMT_BIAS_VALUES_MAX], weight[NLRMT_BIAS_VALUES_MAX];
} atoms;

static nlrmt_status no_memory(size_t count, nlrmt_error *err) {
  return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "nodes: %zu biases: out of memory", count);
}

static nlrmt_status nodes_alloc(nlrmt_nodes *n, size_t count, nlrmt_error *err) {
  const size_t bytes = count * sizeof(double);
  *n = (nlrmt_nodes){count, malloc(bytes), malloc(bytes), malloc(bytes), malloc(bytes)};
  if (n->weight && n->h && n->eta && n->zeta) return NLRMT_OK;
  nlrmt_nodes_clear(n);
  return no_memory(count, err);
}

void nlrmt_nodes_clear(nlrmt_nodes *nodes) {
  free(nodes->weight);
  free(nodes->h);
  free(nodes->eta);
  free(nodes->zeta);
  *nodes = (nlrmt_nodes){0};
}

/* The quadrature level that serves all b: the largest that PROBES of them need (b ascending). */
static nlrmt_status common_level(quadrature *q, const nlrmt_activation *f, double sigma_z,
                                 size_t count, const double *b, int *level, nlrmt_error *err) {
  const size_t probes = count < PROBES ? count : PROBES;
  *level = 0;
  for (size_t k = 0; k < probes; k++) {
    int needed = 0;
    moments m;
    const size_t at = probes > 1 ? k * (count - 1) / (probes - 1) : 0;
    if (quadrature_refine(q, f, sigma_z, b[at], &needed, &m, err) != NLRMT_OK) return err->status;
    if (needed > *level) *level = needed;
  }
  return NLRMT_OK;
}

/* h, eta, zeta at b[count], ascending; weights are the caller's. */
static nlrmt_status evaluate(const nlrmt_activation *f, double sigma_z, size_t count,
                             const double *b, nlrmt_nodes *nodes, nlrmt_error *err) {
  quadrature *q = quadrature_create();
  if (!q) return no_memory(count, err);
  int level;
  nlrmt_status status = common_level(q, f, sigma_z, count, b, &level, err);
  for (size_t k = 0; k < count && status == NLRMT_OK; k++) {
    moments m;
    if (!quadrature_at_level(q, f, sigma_z, b[k], level, &m)) {
      status = no_memory(count, err);
    } else if (!isfinite(m.square) || !isfinite(m.rest)) {
      status = nlrmt_fail(err, NLRMT_ERR_CONFIG, "nodes: f=%s, sigma_z=%g, bias %g: E f^2 diverges",
                          f->name, sigma_z, b[k]);
    } else {
      nodes->h[k] = m.h;
      nodes->zeta[k] = m.slope * m.slope;
      nodes->eta[k] = nodes->zeta[k] + m.rest;
    }
  }
  quadrature_destroy(&q);
  return status;
}

/* Nodes at b with weights w; frees both. NULL: no memory. */
static nlrmt_status make_nodes(const nlrmt_activation *f, double sigma_z, size_t count, double *b,
                               double *w, nlrmt_nodes *nodes, nlrmt_error *err) {
  nlrmt_status status = b && w ? nodes_alloc(nodes, count, err) : no_memory(count, err);
  if (status == NLRMT_OK) {
    memcpy(nodes->weight, w, count * sizeof *w);
    status = evaluate(f, sigma_z, count, b, nodes, err);
    if (status != NLRMT_OK) nlrmt_nodes_clear(nodes);
  }
  free(b);
  free(w);
  return status;
}

typedef struct {
  double b, w;
} weighted;

static int ascending_b(const void *x, const void *y) {
  const double a = ((const weighted *)x)->b, b = ((const weighted *)y)->b;
  return (a > b) - (a < b);
}

/* Atoms, each smoothed by sigma N: the trapezoidal rule around every one of them. */
static nlrmt_status trapezoid_nodes(const nlrmt_activation *f, double sigma_z, const atoms *at,
                                    double sigma, double spacing, nlrmt_nodes *nodes,
                                    nlrmt_error *err) {
  const int half = (int)(GAUSSIAN_REACH / spacing);
  const size_t count = at->count * (2 * (size_t)half + 1);
  double *b = malloc(count * sizeof *b), *w = malloc(count * sizeof *w), total = 0;
  weighted *all = malloc(count * sizeof *all);
  for (size_t i = 0, n = 0; b && w && all && i < at->count; i++)
    for (int k = -half; k <= half; k++, n++) {
      all[n] = (weighted){at->value[i] + sigma * k * spacing,
                          at->weight[i] * exp(-(k * spacing) * (k * spacing) / 2)};
      total += all[n].w;
    }
  if (b && w && all && at->count > 1) qsort(all, count, sizeof *all, ascending_b);
  for (size_t k = 0; b && w && all && k < count; k++) b[k] = all[k].b, w[k] = all[k].w / total;
  if (!all) free(b), b = NULL;
  free(all);
  return make_nodes(f, sigma_z, count, b, w, nodes, err);
}

/* The uniform law smoothed by sigma N: the trapezoidal rule over its density. */
static nlrmt_status smoothed_nodes(const nlrmt_activation *f, double sigma_z, double width,
                                   double sigma, double spacing, nlrmt_nodes *nodes,
                                   nlrmt_error *err) {
  const double reach = width * sqrt(3) / sigma;
  const int half = (int)((reach + GAUSSIAN_REACH) / spacing);
  const size_t count = 2 * (size_t)half + 1;
  double *b = malloc(count * sizeof *b), *w = malloc(count * sizeof *w), total = 0;
  for (int k = -half; b && w && k <= half; k++) {
    const double x = fabs(k * spacing);
    b[k + half] = sigma * k * spacing;
    total += w[k + half] = erfc((x - reach) * M_SQRT1_2) - erfc((x + reach) * M_SQRT1_2);
  }
  for (size_t k = 0; b && w && k < count; k++) w[k] /= total;
  return make_nodes(f, sigma_z, count, b, w, nodes, err);
}

static nlrmt_status legendre_nodes(const nlrmt_activation *f, double sigma_z, double sigma,
                                   size_t count, nlrmt_nodes *nodes, nlrmt_error *err) {
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(count);
  double *b = malloc(count * sizeof *b), *w = malloc(count * sizeof *w);
  const double reach = sigma * sqrt(3);
  for (size_t k = 0; rule && b && w && k < count; k++) {
    gsl_integration_glfixed_point(-reach, reach, k, &b[k], &w[k], rule);
    w[k] /= 2 * reach;
  }
  if (!rule)
    free(w), w = NULL;
  else
    gsl_integration_glfixed_table_free(rule);
  return make_nodes(f, sigma_z, count, b, w, nodes, err);
}

/* Integrals that must stand under refinement, each relative to its size: moments first, then
 * resolvents of eta and zeta. */
static void witness(const nlrmt_nodes *n, double complex out[WITNESSES]) {
  memset(out, 0, WITNESSES * sizeof *out);
  for (size_t k = 0; k < n->count; k++) {
    const double w = n->weight[k], h = n->h[k], eta = n->eta[k], zeta = n->zeta[k];
    out[0] += w * eta, out[1] += w * eta * eta, out[2] += w * zeta;
    out[3] += w * zeta * zeta, out[4] += w * eta * zeta, out[5] += w * h * h;
  }
  const double mean = creal(out[0]);
  if (!(mean > 0)) return;
  for (int i = 0; i < ANGLES * RADII; i++) {
    const double angle = i % ANGLES ? 0.85 : 0.5, radius = pow(4, i / ANGLES - 1);
    const double complex u = radius / mean * cexp(I * M_PI * angle);
    for (size_t k = 0; k < n->count; k++) {
      const double complex r = n->weight[k] / (1 + u * n->eta[k]);
      out[MOMENTS + 2 * i] += r;
      out[MOMENTS + 2 * i + 1] += r * n->zeta[k] / mean;
    }
  }
}

static bool stands(const double complex *x, const double complex *y, int from, int to,
                   double tolerance) {
  for (int k = from; k < to; k++)
    if (!(cabs(x[k] - y[k]) <= tolerance * cabs(y[k]) + 1e-300)) return false;
  return true;
}

/* The law of b + sigma N; at a level twice as many nodes as one below. */
typedef struct {
  const nlrmt_bias *bias;
  atoms at; /* unless it is uniform */
  double sigma;
} smoothed_law;

static nlrmt_status nodes_at_level(const nlrmt_activation *f, double sigma_z, const smoothed_law *l,
                                   int level, nlrmt_nodes *nodes, nlrmt_error *err) {
  const double spacing = ldexp(SPACING_MAX, -level);
  if (l->bias->law != NLRMT_BIAS_UNIFORM)
    return trapezoid_nodes(f, sigma_z, &l->at, l->sigma, spacing, nodes, err);
  if (l->sigma > 0)
    return smoothed_nodes(f, sigma_z, l->bias->sigma, l->sigma, spacing, nodes, err);
  return legendre_nodes(f, sigma_z, l->bias->sigma, LEGENDRE_FIRST << level, nodes, err);
}

/* Level after level, until two agree; the finer one is kept. */
static nlrmt_status refine_nodes(const nlrmt_activation *f, double sigma_z, const smoothed_law *l,
                                 nlrmt_nodes *nodes, nlrmt_error *err) {
  const bool legendre = l->sigma == 0;
  double complex last[WITNESSES], now[WITNESSES];
  for (int level = 0; level <= (legendre ? LEGENDRE_LAST : SPACING_LAST); level++) {
    if (nodes_at_level(f, sigma_z, l, level, nodes, err) != NLRMT_OK) return err->status;
    witness(nodes, now);
    const bool fine = level >= (legendre ? LEGENDRE_FINE : SPACING_FINE);
    if (level > 0 && stands(last, now, 0, MOMENTS, MOMENT_TOLERANCE) &&
        (fine || stands(last, now, MOMENTS, WITNESSES, RESOLVENT_TOLERANCE)))
      return NLRMT_OK;
    memcpy(last, now, sizeof last);
    nlrmt_nodes_clear(nodes);
  }
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "nodes: f=%s, sigma_z=%g, bias sigma=%g: integrals over the biases do not "
                    "converge: choose a smaller bias",
                    f->name, sigma_z, hypot(nlrmt_bias_rms(l->bias), l->sigma));
}

static atoms atoms_of(const nlrmt_bias *bias) {
  atoms at = {1, {0}, {1}};
  if (bias->law == NLRMT_BIAS_BERNOULLI) {
    at = (atoms){2, {0, bias->sigma}, {1 - bias->p, bias->p}};
  } else if (bias->law == NLRMT_BIAS_DISCRETE) {
    at.count = bias->count;
    memcpy(at.value, bias->values, bias->count * sizeof *at.value);
    memcpy(at.weight, bias->weights, bias->count * sizeof *at.weight);
  }
  return at;
}

nlrmt_status nlrmt_nodes_of_sum(const nlrmt_activation *f, double sigma_z, const nlrmt_bias *bias,
                                double sigma, nlrmt_nodes *nodes, nlrmt_error *err) {
  smoothed_law l = {.bias = bias, .at = atoms_of(bias)};
  *nodes = (nlrmt_nodes){0};
  if (sigma > NEGLIGIBLE * sigma_z) l.sigma = sigma;
  if (bias->law == NLRMT_BIAS_UNIFORM && l.sigma < NARROW * bias->sigma) l.sigma = 0;
  if (bias->law == NLRMT_BIAS_GAUSSIAN) l.sigma = hypot(l.sigma, bias->sigma);
  if (l.sigma > 0 || (bias->law == NLRMT_BIAS_UNIFORM && bias->sigma != 0))
    return refine_nodes(f, sigma_z, &l, nodes, err);
  if (nodes_alloc(nodes, l.at.count, err) != NLRMT_OK) return err->status;
  memcpy(nodes->weight, l.at.weight, l.at.count * sizeof *nodes->weight);
  if (evaluate(f, sigma_z, l.at.count, l.at.value, nodes, err) != NLRMT_OK)
    nlrmt_nodes_clear(nodes);
  return err->status;
}

nlrmt_status nlrmt_nodes_of_law(const nlrmt_activation *f, double sigma_z, const nlrmt_bias *bias,
                                nlrmt_nodes *nodes, nlrmt_error *err) {
  return nlrmt_nodes_of_sum(f, sigma_z, bias, 0, nodes, err);
}

static int ascending(const void *x, const void *y) {
  const double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

nlrmt_status nlrmt_nodes_of_biases(const nlrmt_activation *f, double sigma_z, size_t n1,
                                   const double *b, nlrmt_nodes *nodes, nlrmt_error *err) {
  *nodes = (nlrmt_nodes){0};
  if (n1 == 0) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "nodes: no biases given: n1 must be > 0");
  double *value = malloc(n1 * sizeof *value), *weight = malloc(n1 * sizeof *weight);
  size_t count = 0;
  if (value && weight) {
    memcpy(value, b, n1 * sizeof *value);
    qsort(value, n1, sizeof *value, ascending);
    for (size_t k = 0; k < n1; k++) {
      if (count == 0 || value[k] != value[count - 1]) value[count] = value[k], weight[count++] = 0;
      weight[count - 1] += 1;
    }
    for (size_t k = 0; k < count; k++) weight[k] /= (double)n1;
  }
  return make_nodes(f, sigma_z, count, value, weight, nodes, err);
}

nlrmt_status nlrmt_nodes_average(const nlrmt_nodes *nodes, nlrmt_nodes *average, nlrmt_error *err) {
  if (nodes_alloc(average, 1, err) != NLRMT_OK) return err->status;
  double h2 = 0, eta = 0, zeta = 0;
  for (size_t k = 0; k < nodes->count; k++) {
    h2 += nodes->weight[k] * nodes->h[k] * nodes->h[k];
    eta += nodes->weight[k] * nodes->eta[k];
    zeta += nodes->weight[k] * nodes->zeta[k];
  }
  average->weight[0] = 1;
  average->h[0] = sqrt(h2);
  average->eta[0] = eta;
  average->zeta[0] = fmin(zeta, eta);
  return NLRMT_OK;
}

nlrmt_status nlrmt_nodes_mix(size_t count, const nlrmt_nodes *part, const double *probability,
                             nlrmt_nodes *mixture, nlrmt_error *err) {
  size_t total = 0, at = 0;
  double sum = 0;
  *mixture = (nlrmt_nodes){0};
  for (size_t i = 0; i < count; i++) {
    if (!(probability[i] >= 0 && probability[i] <= 1))
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "mixture: probability %g: must be from 0 to 1",
                        probability[i]);
    sum += probability[i];
    if (probability[i] > 0) total += part[i].count;
  }
  if (!(fabs(sum - 1) <= 1e-9))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "mixture: probabilities must sum to 1, sum to %.12g",
                      sum);
  if (nodes_alloc(mixture, total, err) != NLRMT_OK) return err->status;
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; probability[i] > 0 && k < part[i].count; k++, at++) {
      mixture->weight[at] = probability[i] / sum * part[i].weight[k];
      mixture->h[at] = part[i].h[k];
      mixture->eta[at] = part[i].eta[k];
      mixture->zeta[at] = part[i].zeta[k];
    }
  return NLRMT_OK;
}
