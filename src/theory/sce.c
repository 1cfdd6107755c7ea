#include "sce.h"

#include <math.h>
#include <string.h>

#include "sums.h"

enum { NEWTON_STEPS = 24, PATH_STEPS = 600 };

static const double ROUNDING = 1e-13; /* a residual no iteration can improve on */
/* Im a and Im C1, relative, both below this: a point outside the support. Close to a hard edge
 * under a large atom Im a alone is small beside a = -atom/z. */
static const double REAL_TOLERANCE = 1e-9;

double complex sce_denominator(const sce *s, double p, double q, double complex a,
                               double complex t) {
  return 1 + s->rho * (q * t + p * a);
}

static void sum_nodes(const sce *s, double complex a, double complex t, sums *out) {
  sums_over(s->count, s->w, s->p, s->q, 1, s->rho * a, s->rho * t, out);
}

/* Z and G with derivatives by y: suffix 0 by y[0], 1 by y[1]. */
typedef struct {
  data_values x;
  double complex Z, G, Z0, Z1, G0, G1;
  double size_Z, size_G; /* of the terms they are sums of */
} equations;

static void evaluate(const sce *s, const double complex y[2], equations *e) {
  sums m;
  data_values *x = &e->x;
  data_side_values(&s->data, y, x);
  sum_nodes(s, x->a, x->t, &m);
  e->Z = m.u - x->c0;
  e->G = m.v - y[1];
  e->Z0 = -s->rho * (m.uu * x->a0 + m.uv * x->t0) - x->c00;
  e->Z1 = -s->rho * (m.uu * x->a1 + m.uv * x->t1) - x->c01;
  e->G0 = -s->rho * (m.uv * x->a0 + m.vv * x->t0);
  e->G1 = -s->rho * (m.uv * x->a1 + m.vv * x->t1) - 1;
  e->size_Z = m.size_u + x->size_c0;
  e->size_G = m.size_v + cabs(y[1]);
}

static double larger(double x, double y) {
  return x > y || isnan(x) ? x : y;
}

/* Of both equations, each against the size of its terms. */
static double relative_residual(double complex z, const equations *e) {
  const double rz = cabs(e->Z - z) / (cabs(z) + e->size_Z);
  const double rg = e->size_G > 0 ? cabs(e->G) / e->size_G : 0;
  return larger(rz, rg);
}

/* Newton's iteration; true when the steps have come to rest, at rounding: close to a thin bulk they
 * can be small and halve each time, far from the solution still. Leaves e at the last y. */
static bool iterate(const sce *s, double complex z, sce_point *x, equations *e,
                    sce_counts *counts) {
  double last = INFINITY;
  for (int k = 0; k < NEWTON_STEPS; k++) {
    evaluate(s, x->y, e);
    counts->steps++;
    const double complex idet = 1 / (e->Z0 * e->G1 - e->Z1 * e->G0), r = z - e->Z;
    const double complex dy[2] = {(r * e->G1 + e->G * e->Z1) * idet,
                                  (-e->G * e->Z0 - r * e->G0) * idet};
    const double size = data_side_change(&s->data, x->y, dy);
    if (!isfinite(size)) return false;
    if (size < 1e-15 && (last < 1e-15 || relative_residual(z, e) < ROUNDING / 30)) return true;
    if (size < 1e-4 && size > last / 4 &&
        relative_residual(z, e) < (size < 1e-7 ? ROUNDING : ROUNDING / 30))
      return true;
    data_side_advance(&s->data, x->y, dy, size, 1);
    last = size;
  }
  return false;
}

/* The pointwise certificate of the header. At real z a nearly real point is made real. */
static bool certify(const sce *s, sce_point *x, equations *e) {
  const bool complex_a = fabs(cimag(e->x.a)) > REAL_TOLERANCE * e->x.size_a;
  const bool complex_c1 = fabs(cimag(x->y[1])) > REAL_TOLERANCE * cabs(x->y[1]);
  x->kind = complex_a || complex_c1 ? SCE_BULK : SCE_GAP;
  if (x->kind == SCE_GAP && cimag(x->z) == 0) {
    x->y[0] = creal(x->y[0]), x->y[1] = creal(x->y[1]);
    evaluate(s, x->y, e);
  }
  const double complex idet = 1 / (e->Z0 * e->G1 - e->Z1 * e->G0);
  x->dy[0] = e->G1 * idet;
  x->dy[1] = -e->G0 * idet;
  x->a = e->x.a, x->t = e->x.t, x->c0 = e->x.c0, x->c1 = x->y[1];
  x->da = e->x.a0 * x->dy[0] + e->x.a1 * x->dy[1];
  x->dt = e->x.t0 * x->dy[0] + e->x.t1 * x->dy[1];
  x->residual = relative_residual(x->z, e);
  if (!(x->residual < 10 * ROUNDING)) return false;
  if (x->kind == SCE_BULK) return cimag(x->a) > 0 && cimag(x->t) > 0;
  return creal(x->da) > 0 && creal(x->dt) > 0;
}

bool sce_newton(const sce *s, double complex z, sce_point *x, sce_counts *counts) {
  sce_point trial = *x;
  equations e;
  trial.z = z;
  if (!iterate(s, z, &trial, &e, counts) || !certify(s, &trial, &e)) return false;
  counts->solves++;
  if (trial.residual > counts->residual_max) counts->residual_max = trial.residual;
  *x = trial;
  return true;
}

/* Newton from the tangent at the solved point *from; *x changes only on success. */
static bool predict_correct(const sce *s, double complex z, const sce_point *from, sce_point *x,
                            sce_counts *counts) {
  sce_point guess = *from;
  const double complex dz = z - from->z, dy[2] = {from->dy[0] * dz, from->dy[1] * dz};
  const double change = data_side_change(&s->data, from->y, dy);
  if (!isfinite(change)) return false;
  data_side_advance(&s->data, guess.y, dy, change, 0.5);
  if (!sce_newton(s, z, &guess, counts)) return false;
  *x = guess;
  return true;
}

bool sce_solve(const sce *s, double complex z, sce_point *x, sce_counts *counts) {
  const double top = 4 * s->scale;
  double y = cabs(z) > top ? cimag(z) : top, factor = 0.25;
  sce_point at = {0};
  data_side_start(&s->data, CMPLX(creal(z), y), s->mean_q, at.y);
  if (!sce_newton(s, CMPLX(creal(z), y), &at, counts)) return false;
  for (int k = 0; k < PATH_STEPS && at.z != z; k++) {
    if (y < top && predict_correct(s, z, &at, &at, counts)) break;
    const double next = larger(y * factor, cimag(z));
    if (predict_correct(s, CMPLX(creal(z), next), &at, &at, counts)) {
      y = next;
      factor = larger(factor * factor, 0.1);
    } else {
      factor = sqrt(factor);
      if (factor > 0.99) return false;
    }
  }
  if (at.z != z) return false;
  *x = at;
  return true;
}

bool sce_follow(const sce *s, double complex z, sce_point *x, sce_counts *counts) {
  return predict_correct(s, z, x, x, counts) || sce_solve(s, z, x, counts);
}

double sce_cdf(const sce *s, const sce_point *x) {
  double log_d = 0;
  for (size_t k = 0; k < s->count; k++)
    log_d += s->w[k] * carg(sce_denominator(s, s->p[k], s->q[k], x->a, x->t));
  const double im = creal(x->z) * cimag(x->a);
  return (im - data_side_argument(&s->data, x->y) - log_d / s->rho) / M_PI;
}

double sce_above(const sce *s, const sce_point *x) {
  double negative = 0;
  for (size_t k = 0; k < s->count; k++)
    if (creal(sce_denominator(s, s->p[k], s->q[k], x->a, x->t)) < 0) negative += s->w[k];
  return data_side_above(&s->data, x->y) + negative / s->rho;
}

/* Third-order sums: second derivatives of E[p/D], E[q/D] up to the factor 2 rho^2. */
static void sum_cubes(const sce *s, double a, double t, double cubes[4]) {
  memset(cubes, 0, 4 * sizeof *cubes);
  for (size_t k = 0; k < s->count; k++) {
    const double p = s->p[k], q = s->q[k];
    const double e = 1 / (1 + s->rho * (q * t + p * a)), c = s->w[k] * e * e * e;
    cubes[0] += c * p * p * p;
    cubes[1] += c * p * p * q;
    cubes[2] += c * p * q * q;
    cubes[3] += c * q * q * q;
  }
}

/* Second derivatives of f(a(y), t(y)) by y[0] twice, mixed, y[1] twice; f_ and f__ are f's. */
static void chain(const data_values *x, const data_second *x2, const double f_[2],
                  const double f__[3], double out[3]) {
  const double a[2] = {creal(x->a0), creal(x->a1)}, t[2] = {creal(x->t0), creal(x->t1)};
  for (int k = 0; k < 3; k++) {
    const int i = k / 2, j = (k + 1) / 2;
    out[k] = f_[0] * x2->a[k] + f_[1] * x2->t[k] + f__[0] * a[i] * a[j] +
             f__[1] * (a[i] * t[j] + t[i] * a[j]) + f__[2] * t[i] * t[j];
  }
}

/* At real y: the equations, H = det of the Jacobian and its gradient. */
static void evaluate_edge(const sce *s, const double y[2], equations *e, double *H, double H_[2]) {
  const double complex yc[2] = {y[0], y[1]};
  data_second x2;
  sums m;
  double c[4], Z__[3], G__[3];
  evaluate(s, yc, e);
  sum_nodes(s, e->x.a, e->x.t, &m);
  sum_cubes(s, creal(e->x.a), creal(e->x.t), c);
  data_side_second(&s->data, y, &x2);
  const double r = -s->rho, r2 = 2 * s->rho * s->rho;
  const double p_[] = {r * creal(m.uu), r * creal(m.uv)};
  const double q_[] = {r * creal(m.uv), r * creal(m.vv)};
  const double p__[] = {r2 * c[0], r2 * c[1], r2 * c[2]}, q__[] = {r2 * c[1], r2 * c[2], r2 * c[3]};
  chain(&e->x, &x2, p_, p__, Z__);
  chain(&e->x, &x2, q_, q__, G__);
  for (int k = 0; k < 3; k++) Z__[k] -= x2.c0[k];
  const double Z0 = creal(e->Z0), Z1 = creal(e->Z1), G0 = creal(e->G0), G1 = creal(e->G1);
  *H = Z0 * G1 - Z1 * G0;
  for (int k = 0; k < 2; k++) H_[k] = Z__[k] * G1 + Z0 * G__[k + 1] - Z__[k + 1] * G0 - Z1 * G__[k];
}

bool sce_edge_newton(const sce *s, const sce_point *guess, bool left, sce_edge *edge,
                     sce_counts *counts) {
  double complex y[2] = {creal(guess->y[0]), creal(guess->y[1])};
  double last = INFINITY, H, H_[2];
  equations e;
  for (int k = 0;; k++) {
    evaluate_edge(s, (double[]){creal(y[0]), creal(y[1])}, &e, &H, H_);
    counts->steps++;
    const double G = creal(e.G), G0 = creal(e.G0), G1 = creal(e.G1);
    const double idet = 1 / (G0 * H_[1] - G1 * H_[0]);
    const double complex dy[2] = {(-G * H_[1] + H * G1) * idet, (-H * G0 + G * H_[0]) * idet};
    const double size = data_side_change(&s->data, y, dy);
    if (!isfinite(size) || k == NEWTON_STEPS) return false;
    if (size < 1e-15 || (size < 1e-9 && size > last / 4)) break;
    data_side_advance(&s->data, y, dy, size, 0.5);
    last = size;
  }
  /* Along G = 0 y moves by (G1, -G0), z by H. */
  const double G0 = creal(e.G0), G1 = creal(e.G1);
  const double da = creal(e.x.a0) * G1 - creal(e.x.a1) * G0;
  const double dt = creal(e.x.t0) * G1 - creal(e.x.t1) * G0;
  const double curvature = H_[0] * G1 - H_[1] * G0;
  if (!(da * dt > 0) || !(left ? curvature < 0 : curvature > 0)) return false;
  const sce_point at = {.z = creal(e.Z), .a = creal(e.x.a), .t = creal(e.x.t), .y = {y[0], y[1]}};
  *edge = (sce_edge){.lambda = creal(e.Z), .a = creal(e.x.a), .t = creal(e.x.t), .left = left};
  edge->y[0] = creal(y[0]), edge->y[1] = creal(y[1]);
  edge->above = sce_above(s, &at);
  return true;
}
