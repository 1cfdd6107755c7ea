/* Diagonal model: with d_bi = u_i'Phi_b u_i, u_i the eigenvectors of sum w_b Phi_b,
 *   delta_b = (1/n1) sum_i d_bi g_i + e_b,   g_i = 1/(-z + sum_c w_c d_ci/D_c),
 * solved by Newton. A dense inversion at its solution gives the defect e_b = dense_b - diagonal_b
 * for the next round: what is left to iterate is the small difference of the two maps alone. */
#include "nlrmt/equivalent.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "equivalent_parts.h"
#include "lapack.h"
#include "scalapack.h"

enum { NEWTON_STEPS = 60, PATH_STEPS = 400, ROUNDS = 60 };

enum { SCAN = 300, CLUSTER = 4 }; /* so many eigenvalues between two gaps at most are spikes */

static const double HEIGHT = 1e-6;   /* Im z over the support's bound */
static const double HIGHEST = 1e-2;  /* likewise, where nothing nearer can be solved */
static const double DEEPEST = 1e-12; /* where the scan starts at most, likewise */
static const double BEYOND = 0.02;   /* of the ends, relative */
static const double EMPTY =
    1e-3; /* density times lambda in a gap: far less than one eigenvalue's */
static const double MODEL_TOLERANCE = 1e-13;

nlrmt_status equivalent_no_memory(size_t m, nlrmt_error *err) {
  return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "equivalent: m=%zu: out of memory, choose a smaller m",
                    m);
}

void nlrmt_equivalent_destroy(nlrmt_equivalent **equivalent) {
  if (!*equivalent) return;
  free((void *)(*equivalent)->phi);
  free((*equivalent)->d);
  free((*equivalent)->a);
  free((*equivalent)->work);
  free((*equivalent)->pivot);
  free(*equivalent);
  *equivalent = NULL;
}

void nlrmt_equivalent_thin(nlrmt_equivalent *e) {
  free(e->a);
  free(e->work);
  free(e->pivot);
  free((void *)e->phi);
  e->phi = NULL, e->a = NULL, e->work = NULL, e->pivot = NULL;
}

const double complex *nlrmt_equivalent_inverse(const nlrmt_equivalent *e) {
  return e->a;
}

/* u [m][m] <- eigenvectors, one a column, of sum w_b Phi_b. */
static nlrmt_status mean_basis(nlrmt_equivalent *e, double *u, nlrmt_error *err) {
  const size_t square = e->m * e->m;
  int n = (int)e->m, info, lwork = -1, liwork = -1, isize;
  double size, *w = malloc(e->m * sizeof *w);
  memset(u, 0, square * sizeof *u);
  for (size_t b = 0; b < e->count; b++)
    for (size_t i = 0; i < square; i++) u[i] += e->weight[b] * e->phi[b][i];
  dsyevd_("V", "L", &n, u, &n, w, &size, &lwork, &isize, &liwork, &info);
  lwork = (int)size, liwork = isize;
  double *work = malloc((size_t)lwork * sizeof *work);
  int *iwork = malloc((size_t)liwork * sizeof *iwork);
  nlrmt_status status = NLRMT_OK;
  if (!w || !work || !iwork) {
    status = equivalent_no_memory(e->m, err);
  } else {
    dsyevd_("V", "L", &n, u, &n, w, work, &lwork, iwork, &liwork, &info);
    if (info != 0 || !isfinite(w[n - 1]) || !(w[n - 1] > 0))
      status = nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                          "equivalent: m=%zu: the mean kernel has no eigenvalues (dsyevd: %d) or "
                          "none > 0, check the data",
                          e->m, info);
    const double root = 1 + sqrt((double)e->m / (double)e->n1);
    e->top = status == NLRMT_OK ? w[n - 1] * root * root : 0;
  }
  free(w);
  free(work);
  free(iwork);
  return status;
}

/* d_bi, through v = Phi_b u. */
static void diagonals(nlrmt_equivalent *e, const double *u, double *v) {
  const int n = (int)e->m;
  const double one = 1, zero = 0;
  for (size_t b = 0; b < e->count; b++) {
    dsymm_("L", "L", &n, &n, &one, e->phi[b], &n, u, &n, &zero, v, &n);
    for (size_t i = 0; i < e->m; i++) {
      double sum = 0;
      for (size_t k = 0; k < e->m; k++) sum += u[i * e->m + k] * v[i * e->m + k];
      e->d[b * e->m + i] = fmax(sum, 0);
    }
  }
}

static nlrmt_status check(size_t m, size_t n1, size_t count, const double *weight,
                          nlrmt_error *err) {
  double sum = 0;
  bool good = m >= 1 && m < 46340 && n1 >= 1 && count >= 1 && count <= KERNELS;
  for (size_t b = 0; good && b < count; b++) sum += weight[b], good = weight[b] > 0;
  if (good && fabs(sum - 1) < 1e-9) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "equivalent: m=%zu, n1=%zu, %zu kernels, weights that sum to %.10g: must be "
                    "from 1 to 46339, at least 1, from 1 to %d, positive with sum 1",
                    m, n1, count, sum, KERNELS);
}

nlrmt_status nlrmt_equivalent_create(size_t m, size_t n1, size_t count, const double *weight,
                                     const double *const *phi, nlrmt_equivalent **equivalent,
                                     nlrmt_error *err) {
  *equivalent = NULL;
  if (check(m, n1, count, weight, err) != NLRMT_OK) return err->status;
  nlrmt_equivalent *e = calloc(1, sizeof *e);
  const double **kernels = malloc(count * sizeof *kernels);
  if (!e || !kernels) return free(e), free(kernels), equivalent_no_memory(m, err);
  memcpy(kernels, phi, count * sizeof *kernels);
  *e = (nlrmt_equivalent){.m = m, .n1 = n1, .count = count, .phi = kernels};
  memcpy(e->weight, weight, count * sizeof *weight);
  e->d = malloc(count * m * sizeof *e->d);
  e->a = malloc(m * m * sizeof *e->a);
  e->work = malloc(64 * m * sizeof *e->work);
  e->pivot = malloc(m * sizeof *e->pivot);
  double *v = malloc(m * m * sizeof *v);
  nlrmt_status status =
      e->d && e->a && e->work && e->pivot && v ? NLRMT_OK : equivalent_no_memory(m, err);
  if (status == NLRMT_OK) status = mean_basis(e, (double *)e->a, err);
  if (status == NLRMT_OK) diagonals(e, (double *)e->a, v);
  free(v);
  if (status == NLRMT_OK)
    *equivalent = e;
  else
    nlrmt_equivalent_destroy(&e);
  return status;
}

/* The model's delta and m at p->delta; jacobian [count][count] of delta (NULL: not wanted). */
void equivalent_map(const nlrmt_equivalent *e, const nlrmt_equivalent_point *p,
                    double complex *delta, double complex *m, double complex *jacobian) {
  const size_t n = e->count;
  double complex share[KERNELS], slope[KERNELS];
  for (size_t b = 0; b < n; b++) {
    share[b] = e->weight[b] / (1 + p->delta[b]);
    slope[b] = share[b] / (1 + p->delta[b]);
    delta[b] = 0;
  }
  for (size_t k = 0; jacobian && k < n * n; k++) jacobian[k] = 0;
  *m = 0;
  for (size_t i = 0; i < e->m; i++) {
    double complex x = -p->z;
    for (size_t b = 0; b < n; b++) x += share[b] * e->d[b * e->m + i];
    const double complex g = 1 / x, g2 = g * g / (double)e->n1;
    *m += g / (double)e->m;
    for (size_t b = 0; b < n; b++) {
      const double db = e->d[b * e->m + i];
      delta[b] += db * g / (double)e->n1;
      for (size_t c = 0; jacobian && c < n; c++)
        jacobian[c * n + b] += db * g2 * e->d[c * e->m + i];
    }
  }
  for (size_t c = 0; jacobian && c < n; c++)
    for (size_t b = 0; b < n; b++) jacobian[c * n + b] *= slope[c];
}

static bool in_half_plane(const nlrmt_equivalent *e, const double complex *delta) {
  for (size_t b = 0; b < e->count; b++)
    if (!(cimag(delta[b]) > 0) || !isfinite(creal(delta[b]))) return false;
  return true;
}

/* Newton for delta = model(delta) + defect from p->delta, steps halved until they stay in the upper
 * half-plane. */
bool equivalent_newton(const nlrmt_equivalent *e, const double complex *defect,
                       nlrmt_equivalent_point *p) {
  const int n = (int)e->count, one = 1;
  int pivot[KERNELS], info;
  double complex image[KERNELS], *jacobian = malloc(e->count * e->count * sizeof *jacobian);
  bool rests = false;
  for (int step = 0; jacobian && step < NEWTON_STEPS && !rests; step++) {
    double size = 0;
    equivalent_map(e, p, image, &p->m, jacobian);
    for (int b = 0; b < n; b++) {
      for (int c = 0; c < n; c++) jacobian[c * n + b] = (b == c) - jacobian[c * n + b];
      image[b] += (defect ? defect[b] : 0) - p->delta[b];
    }
    zgesv_(&n, &one, jacobian, &n, pivot, image, &n, &info);
    if (info != 0) break;
    for (int b = 0; b < n; b++) size = fmax(size, cabs(image[b]) / cabs(p->delta[b]));
    if (!isfinite(size)) break;
    double complex next[KERNELS];
    double factor = 2;
    do {
      factor /= 2;
      for (int b = 0; b < n; b++) next[b] = p->delta[b] + factor * image[b];
    } while (!in_half_plane(e, next) && factor > 1e-3);
    if (!in_half_plane(e, next)) break;
    memcpy(p->delta, next, (size_t)n * sizeof *next);
    rests = factor == 1 && size < MODEL_TOLERANCE;
  }
  free(jacobian);
  return rests;
}

/* (n1/m) sum w (log D + 1/D - 1), what the potential has besides log det. */
static double complex potential_of_nodes(const nlrmt_equivalent *e, const double complex *delta) {
  double complex sum = 0;
  for (size_t b = 0; b < e->count; b++) {
    const double complex D = 1 + delta[b];
    sum += e->weight[b] * (clog(D) + 1 / D - 1);
  }
  return sum * (double)e->n1 / (double)e->m;
}

/* All x_i lie in the lower half-plane: principal arguments. */
double equivalent_cdf(const nlrmt_equivalent *e, const nlrmt_equivalent_point *p) {
  double sum = cimag(potential_of_nodes(e, p->delta));
  for (size_t i = 0; i < e->m; i++) {
    double complex x = -p->z;
    for (size_t b = 0; b < e->count; b++)
      x += e->weight[b] / (1 + p->delta[b]) * e->d[b * e->m + i];
    sum += carg(x) / (double)e->m;
  }
  return -sum / M_PI;
}

/* Down in Im z from where delta is small; steps in log Im z shrink where Newton fails. */
static bool model_solve(const nlrmt_equivalent *e, double complex z, nlrmt_equivalent_point *p) {
  double y = fmax(cimag(z), 4 * (e->top + cabs(z))), factor = 0.25;
  *p = (nlrmt_equivalent_point){.z = CMPLX(creal(z), y)};
  for (size_t b = 0; b < e->count; b++) p->delta[b] = CMPLX(0, 1e-3);
  if (!equivalent_newton(e, NULL, p)) return false;
  for (int k = 0; k < PATH_STEPS && p->z != z; k++) {
    nlrmt_equivalent_point next = *p;
    next.z = CMPLX(creal(z), fmax(cimag(z), y * factor));
    if (equivalent_newton(e, NULL, &next))
      *p = next, y = cimag(next.z), factor = fmax(factor * factor, 0.05);
    else if ((factor = sqrt(factor)) > 0.995)
      return false;
  }
  return p->z == z;
}

static nlrmt_status not_solved(const nlrmt_equivalent *e, double complex z, const char *what,
                               nlrmt_error *err) {
  return nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                    "equivalent: m=%zu n1=%zu, %zu kernels: %s does not converge at z=%.10g%+.3gi, "
                    "choose a larger Im z",
                    e->m, e->n1, e->count, what, creal(z), cimag(z));
}

nlrmt_status nlrmt_equivalent_model(const nlrmt_equivalent *e, double complex z,
                                    nlrmt_equivalent_point *p, nlrmt_error *err) {
  if (!(cimag(z) > 0) || !model_solve(e, z, p)) return not_solved(e, z, "the diagonal model", err);
  double complex image[KERNELS];
  equivalent_map(e, p, image, &p->m, NULL);
  p->cdf = equivalent_cdf(e, p);
  return NLRMT_OK;
}

/* Inverts at p->delta: traces image_b = (1/n1) tr Phi_b G, m, cdf (up to 2/m). */
static bool dense_map(nlrmt_equivalent *e, nlrmt_equivalent_point *p, double complex *image) {
  const size_t square = e->m * e->m;
  const int n = (int)e->m, lwork = 64 * n;
  int info;
  double argument = 0;
  for (size_t i = 0; i < square; i++) e->a[i] = 0;
  for (size_t b = 0; b < e->count; b++) {
    const double complex share = e->weight[b] / (1 + p->delta[b]);
    for (size_t i = 0; i < square; i++)
      e->a[i] += CMPLX(creal(share) * e->phi[b][i], cimag(share) * e->phi[b][i]);
  }
  for (size_t i = 0; i < e->m; i++) e->a[i * e->m + i] -= p->z;
  zgetrf_(&n, &n, e->a, &n, e->pivot, &info);
  if (info != 0) return false;
  for (size_t i = 0; i < e->m; i++)
    argument += carg(e->a[i * e->m + i]) + (e->pivot[i] == (int)i + 1 ? 0 : M_PI);
  zgetri_(&n, e->a, &n, e->pivot, e->work, &lwork, &info);
  if (info != 0) return false;
  p->inversions++;
  p->m = 0;
  for (size_t i = 0; i < e->m; i++) p->m += e->a[i * e->m + i] / (double)e->m;
  for (size_t b = 0; b < e->count; b++) {
    double re = 0, im = 0;
    for (size_t i = 0; i < square; i++)
      re += e->phi[b][i] * creal(e->a[i]), im += e->phi[b][i] * cimag(e->a[i]);
    image[b] = CMPLX(re, im) / (double)e->n1;
  }
  p->cdf =
      -(remainder(argument, 2 * M_PI) / (double)e->m + cimag(potential_of_nodes(e, p->delta))) /
      M_PI;
  return true;
}

/* The defect at a solved point: its delta minus what the model makes of it. */
void equivalent_defect(const nlrmt_equivalent *e, const nlrmt_equivalent_point *p,
                       const double complex *dense, double complex *defect) {
  double complex image[KERNELS], m;
  equivalent_map(e, p, image, &m, NULL);
  for (size_t b = 0; b < e->count; b++) defect[b] = dense[b] - image[b];
}

nlrmt_status nlrmt_equivalent_solve(nlrmt_equivalent *e, double complex z, double tolerance,
                                    const nlrmt_equivalent_point *guess,
                                    nlrmt_equivalent_point *point, nlrmt_error *err) {
  double complex dense[KERNELS], defect[KERNELS];
  nlrmt_equivalent_point p;
  if (!(cimag(z) > 0) || !model_solve(e, z, &p)) return not_solved(e, z, "the diagonal model", err);
  if (guess) {
    nlrmt_equivalent_point next = p;
    equivalent_defect(e, guess, guess->delta, defect);
    if (equivalent_newton(e, defect, &next)) p = next;
  }
  for (int k = 0; k < ROUNDS; k++) {
    if (!dense_map(e, &p, dense)) break;
    p.residual = 0;
    for (size_t b = 0; b < e->count; b++)
      p.residual = fmax(p.residual, cabs(dense[b] - p.delta[b]) / cabs(dense[b]));
    if (p.residual <= tolerance) {
      *point = p;
      return NLRMT_OK;
    }
    nlrmt_equivalent_point next = p;
    equivalent_defect(e, &p, dense, defect);
    if (equivalent_newton(e, defect, &next))
      p = next;
    else /* half-averaging stays in the half-plane and contracts, slowly */
      for (size_t b = 0; b < e->count; b++) p.delta[b] = (p.delta[b] + dense[b]) / 2;
  }
  return not_solved(e, z, "the iteration", err);
}

/* The model's cdf and lambda times density on a logarithmic grid. */
typedef struct {
  double lambda[SCAN], cdf[SCAN], weight[SCAN];
} scan;

/* The model near lambda. Between isolated eigenvalues Newton may fail close to the axis; there a
 * larger Im z changes the cdf by little. */
static nlrmt_status model_near(const nlrmt_equivalent *e, double lambda, nlrmt_equivalent_point *p,
                               nlrmt_error *err) {
  for (double height = HEIGHT; height < HIGHEST; height *= 8) {
    nlrmt_error ignored = {0};
    if (nlrmt_equivalent_model(e, CMPLX(lambda, height * lambda), p, &ignored) == NLRMT_OK)
      return NLRMT_OK;
  }
  return nlrmt_equivalent_model(e, CMPLX(lambda, HIGHEST * lambda), p, err);
}

/* Where fewer than 0.01 eigenvalues, but for an atom at 0, are to the left. */
static nlrmt_status scan_start(const nlrmt_equivalent *e, double *start, nlrmt_error *err) {
  const double atom = fmax(0, 1 - (double)e->n1 / (double)e->m);
  for (double x = 1e-2; x > DEEPEST; x /= 4) {
    nlrmt_equivalent_point p;
    *start = x * e->top;
    if (model_near(e, *start, &p, err) != NLRMT_OK) return err->status;
    if ((double)e->m * (p.cdf - atom) < 0.01) break;
  }
  return NLRMT_OK;
}

static nlrmt_status scan_model(const nlrmt_equivalent *e, scan *s, nlrmt_error *err) {
  double start;
  if (scan_start(e, &start, err) != NLRMT_OK) return err->status;
  for (int i = 0; i < SCAN; i++) {
    nlrmt_equivalent_point p;
    s->lambda[i] = e->top * pow(start / e->top, 1 - (double)i / (SCAN - 1));
    if (model_near(e, s->lambda[i], &p, err) != NLRMT_OK) return err->status;
    s->cdf[i] = p.cdf;
    s->weight[i] = cimag(p.m) / M_PI * s->lambda[i];
  }
  return NLRMT_OK;
}

/* The last point of the scan that bounds the bulk, and the eigenvalues beyond it. */
static int bulk_end(const nlrmt_equivalent *e, const scan *s, size_t *spikes) {
  const double m = (double)e->m;
  int end = SCAN - 1;
  *spikes = 0;
  for (int i = SCAN - 1; i > 0; i--) {
    const double beyond = m * (1 - s->cdf[i]);
    if (beyond > (double)*spikes + CLUSTER + 0.5 || beyond > NLRMT_EQUIVALENT_SPIKES) break;
    if (s->weight[i] < EMPTY / m && fabs(beyond - round(beyond)) < 0.1)
      end = i, *spikes = (size_t)round(beyond);
  }
  return end;
}

/* lambda with the model's cdf = level, between two points. */
static nlrmt_status model_quantile(const nlrmt_equivalent *e, double level, double lo, double hi,
                                   double *lambda, nlrmt_error *err) {
  while (hi > lo * (1 + 1e-6)) {
    const double mid = sqrt(lo * hi);
    nlrmt_equivalent_point p;
    if (model_near(e, mid, &p, err) != NLRMT_OK) return err->status;
    *(p.cdf < level ? &lo : &hi) = mid;
  }
  *lambda = sqrt(lo * hi);
  return NLRMT_OK;
}

/* Half by mass, half by log lambda: a share in [0, 1] of where the points go. */
static double share_at(const scan *s, int end, double left, double right, double x) {
  int i = 0;
  while (i + 2 <= end && s->lambda[i + 1] < x) i++;
  const double u = fmin(1, fmax(0, (x - s->lambda[i]) / (s->lambda[i + 1] - s->lambda[i])));
  const double cdf = s->cdf[i] + u * (s->cdf[i + 1] - s->cdf[i]);
  const double mass = (cdf - s->cdf[0]) / (s->cdf[end] - s->cdf[0]);
  return (fmin(1, fmax(0, mass)) + log(x / left) / log(right / left)) / 2;
}

static void place_points(const scan *s, int end, double left, double right, size_t k,
                         double *lambda) {
  lambda[0] = left, lambda[k - 1] = right;
  for (size_t i = 1; i + 1 < k; i++) {
    const double angle = sin(M_PI_2 * (double)i / (double)(k - 1)), share = angle * angle;
    double lo = lambda[i - 1], hi = right;
    for (int step = 0; step < 50; step++) {
      const double mid = (lo + hi) / 2;
      *(share_at(s, end, left, right, mid) < share ? &lo : &hi) = mid;
    }
    lambda[i] = (lo + hi) / 2;
  }
}

nlrmt_status nlrmt_equivalent_grid(const nlrmt_equivalent *e, size_t k, double *lambda,
                                   double *height, size_t *spikes, double *place,
                                   nlrmt_error *err) {
  scan s;
  double left, right;
  if (scan_model(e, &s, err) != NLRMT_OK) return err->status;
  const int end = bulk_end(e, &s, spikes);
  const double m = (double)e->m, last = 1 - (double)*spikes / m;
  for (size_t j = 0; j < *spikes; j++)
    if (model_quantile(e, 1 - ((double)j + 0.5) / m, s.lambda[end], 1.5 * e->top, &place[j], err) !=
        NLRMT_OK)
      return err->status;
  if (model_quantile(e, s.cdf[0] + 1e-6 * (last - s.cdf[0]), s.lambda[0], s.lambda[end], &left,
                     err) != NLRMT_OK ||
      model_quantile(e, last - 1e-6 * (last - s.cdf[0]), s.lambda[0], s.lambda[end], &right, err) !=
          NLRMT_OK)
    return err->status;
  left *= 1 - BEYOND, right *= 1 + BEYOND;
  if (end < SCAN - 1) right = fmin(right, s.lambda[end]);
  place_points(&s, end, left, right, k, lambda);
  *height = HEIGHT * left;
  return NLRMT_OK;
}

double nlrmt_equivalent_table(const nlrmt_equivalent *e, size_t k, size_t spikes,
                              const nlrmt_equivalent_point *point, double *density, double *cdf) {
  const double step = 2 / (double)e->m, mass = 1 - (double)spikes / (double)e->m;
  const double atom = fmax(0, 1 - (double)e->n1 / (double)e->m);
  double worst = 0;
  for (size_t i = 0; i < k; i++) {
    density[i] = fmax(0, cimag(point[i].m) / M_PI) / mass;
    const double wide = i ? creal(point[i].z - point[i - 1].z) / 2 : 0;
    const double guess = i ? cdf[i - 1] * mass + wide * (density[i] + density[i - 1]) * mass : atom;
    const double full = point[i].cdf + step * round((guess - point[i].cdf) / step);
    worst = fmax(worst, fabs(full - guess));
    cdf[i] = fmin(1, fmax(i ? cdf[i - 1] : 0, full / mass));
  }
  worst = fmax(worst, fabs(cdf[k - 1] - 1));
  cdf[k - 1] = 1;
  return worst;
}
