#include "sce.h"

#include <math.h>
#include <string.h>

enum { NEWTON_STEPS = 24, PATH_STEPS = 600 };

static const double ROUNDING = 1e-13; /* a residual no iteration can improve on */
static const double REAL_TOLERANCE =
    1e-9; /* |Im a|/|a| below this is a point outside the support */

/* E[p/D], E[q/D] and their first derivatives up to the factor -rho. */
typedef struct {
  double complex p1, q1, pp, pq, qq;
} sums;

double complex sce_denominator(const sce *s, double p, double q, double complex a,
                               double complex t) {
  return 1 + s->rho * (q * t + p * a);
}

static void sum_nodes(const sce *s, double complex a, double complex t, sums *out) {
  const double ar = s->rho * creal(a), ai = s->rho * cimag(a);
  const double tr = s->rho * creal(t), ti = s->rho * cimag(t);
  double p1r = 0, p1i = 0, q1r = 0, q1i = 0;
  double ppr = 0, ppi = 0, pqr = 0, pqi = 0, qqr = 0, qqi = 0;
  for (size_t k = 0; k < s->count; k++) {
    const double p = s->p[k], q = s->q[k], w = s->w[k];
    const double dr = 1 + q * tr + p * ar, di = q * ti + p * ai;
    const double inv = 1 / (dr * dr + di * di);
    const double er = dr * inv, ei = -di * inv; /* 1/D */
    const double wp = w * p, wq = w * q;
    p1r += wp * er, p1i += wp * ei;
    q1r += wq * er, q1i += wq * ei;
    const double fr = er * er - ei * ei, fi = 2 * er * ei; /* 1/D^2 */
    ppr += wp * p * fr, ppi += wp * p * fi;
    pqr += wp * q * fr, pqi += wp * q * fi;
    qqr += wq * q * fr, qqi += wq * q * fi;
  }
  *out =
      (sums){CMPLX(p1r, p1i), CMPLX(q1r, q1i), CMPLX(ppr, ppi), CMPLX(pqr, pqi), CMPLX(qqr, qqi)};
}

typedef struct {
  double complex Z, G, Za, Zt, Gt; /* Ga = Zt */
} equations;

static void evaluate(const sce *s, double complex a, double complex t, equations *e) {
  sums m;
  sum_nodes(s, a, t, &m);
  const double complex ia = 1 / a, it = 1 / t;
  e->Z = m.p1 - ia + s->phi * (a - t) * ia * ia;
  e->G = m.q1 - s->phi * (a - t) * ia * it;
  e->Za = -s->rho * m.pp + ((1 - s->phi) + 2 * s->phi * t * ia) * ia * ia;
  e->Zt = -s->rho * m.pq - s->phi * ia * ia;
  e->Gt = -s->rho * m.qq + s->phi * it * it;
}

/* x + step, steps measured in log a, log t: stays off 0 and keeps real numbers real. */
static double complex multiply_exp(double complex a, double complex step) {
  return cimag(step) == 0 ? a * exp(creal(step)) : a * cexp(step);
}

static double larger(double x, double y) {
  return x > y || isnan(x) ? x : y;
}

/* Relative residual: Z's, against a (1/a = Z's other terms), and G's, against 1/t = 1/a + G's. */
static double relative_residual(const sce *s, double complex z, const sce_point *x,
                                const equations *e) {
  const double rz = cabs(e->Z - z) / (cabs(z) + 1 / cabs(x->a));
  const double rg = cabs(e->G * x->t) / s->phi;
  return larger(rz, rg);
}

/* Newton's iteration in (log a, log t); true when the steps have come to rest, at rounding: close
 * to a thin bulk they can be small and halve each time, far from the solution still. Leaves e at
 * the last (a, t). */
static bool iterate(const sce *s, double complex z, sce_point *x, equations *e,
                    sce_counts *counts) {
  double last = INFINITY;
  for (int k = 0; k < NEWTON_STEPS; k++) {
    evaluate(s, x->a, x->t, e);
    counts->steps++;
    const double complex det = e->Za * e->Gt - e->Zt * e->Zt, r = z - e->Z;
    double complex u = (r * e->Gt + e->G * e->Zt) / (det * x->a);
    double complex v = (-e->G * e->Za - r * e->Zt) / (det * x->t);
    const double size = larger(cabs(u), cabs(v));
    if (!isfinite(size)) return false;
    if (size < 1e-15) return true;
    if (size < 1e-4 && size > last / 4 &&
        relative_residual(s, z, x, e) < (size < 1e-7 ? ROUNDING : ROUNDING / 30))
      return true;
    if (size > 1) u /= size, v /= size;
    x->a = multiply_exp(x->a, u);
    x->t = multiply_exp(x->t, v);
    last = size;
  }
  return false;
}

/* The pointwise certificate of the header. At real z a nearly real point is made real. */
static bool certify(const sce *s, sce_point *x, equations *e) {
  x->kind = fabs(cimag(x->a)) > REAL_TOLERANCE * cabs(x->a) ? SCE_BULK : SCE_GAP;
  if (x->kind == SCE_GAP && cimag(x->z) == 0) {
    x->a = creal(x->a), x->t = creal(x->t);
    evaluate(s, x->a, x->t, e);
  }
  const double complex det = e->Za * e->Gt - e->Zt * e->Zt;
  x->da = e->Gt / det;
  x->dt = -e->Zt / det;
  x->residual = relative_residual(s, x->z, x, e);
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
  double complex u = from->da / from->a * (z - from->z), v = from->dt / from->t * (z - from->z);
  const double size = larger(cabs(u), cabs(v));
  if (!isfinite(size)) return false;
  if (size > 0.5) u *= 0.5 / size, v *= 0.5 / size;
  sce_point guess = *from;
  guess.a = multiply_exp(from->a, u);
  guess.t = multiply_exp(from->t, v);
  if (!sce_newton(s, z, &guess, counts)) return false;
  *x = guess;
  return true;
}

bool sce_solve(const sce *s, double complex z, sce_point *x, sce_counts *counts) {
  const double top = 4 * s->scale;
  double y = cabs(z) > top ? cimag(z) : top, factor = 0.25;
  sce_point at = {.a = -1 / CMPLX(creal(z), y), .t = -1 / CMPLX(creal(z), y)};
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
  double complex q1 = 0;
  for (size_t k = 0; k < s->count; k++) {
    const double complex d = sce_denominator(s, s->p[k], s->q[k], x->a, x->t);
    log_d += s->w[k] * carg(d);
    q1 += s->w[k] * s->q[k] / d;
  }
  const double arg_a = carg(x->a), arg_t = carg(x->t);
  const double im = creal(x->z) * cimag(x->a) + cimag(q1 * x->t);
  return (arg_a - s->phi * (arg_a - arg_t) - log_d / s->rho + im) / M_PI;
}

/* Third-order sums: second derivatives of Z and G up to the factor 2 rho^2. */
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

/* At real (a, t): the equations, H = det of the Jacobian and its gradient. */
static void evaluate_edge(const sce *s, double a, double t, equations *e, double *H, double *Ha,
                          double *Ht) {
  evaluate(s, a, t, e);
  double c[4];
  sum_cubes(s, a, t, c);
  const double r2 = 2 * s->rho * s->rho, phi = s->phi;
  const double Zaa = r2 * c[0] + (2 * (phi - 1) - 6 * phi * t / a) / (a * a * a);
  const double Zat = r2 * c[1] + 2 * phi / (a * a * a);
  const double Ztt = r2 * c[2], Gtt = r2 * c[3] - 2 * phi / (t * t * t);
  const double Za = creal(e->Za), Zt = creal(e->Zt), Gt = creal(e->Gt);
  *H = Za * Gt - Zt * Zt;
  *Ha = Zaa * Gt + Za * Ztt - 2 * Zt * Zat;
  *Ht = Zat * Gt + Za * Gtt - 2 * Zt * Ztt;
}

bool sce_edge_newton(const sce *s, double a, double t, bool left, sce_edge *edge,
                     sce_counts *counts) {
  double last = INFINITY, H, Ha, Ht;
  equations e;
  for (int k = 0;; k++) {
    evaluate_edge(s, a, t, &e, &H, &Ha, &Ht);
    counts->steps++;
    const double G = creal(e.G), Ga = creal(e.Zt), Gt = creal(e.Gt);
    const double det = Ga * Ht - Gt * Ha;
    double u = (-G * Ht + H * Gt) / (det * a), v = (-H * Ga + G * Ha) / (det * t);
    const double size = larger(fabs(u), fabs(v));
    if (!isfinite(size) || k == NEWTON_STEPS) return false;
    if (size < 1e-15 || (size < 1e-9 && size > last / 4)) break;
    if (size > 0.5) u *= 0.5 / size, v *= 0.5 / size;
    a *= exp(u), t *= exp(v);
    last = size;
  }
  const double slope = -creal(e.Zt) / creal(e.Gt); /* dt/da along G = 0 */
  const double curvature = (Ha + Ht * slope) / creal(e.Gt);
  if (!(slope > 0) || !(left ? curvature < 0 : curvature > 0)) return false;
  *edge = (sce_edge){.lambda = creal(e.Z), .a = a, .t = t, .left = left};
  const sce_point at = {.z = edge->lambda, .a = a, .t = t};
  edge->cdf = sce_cdf(s, &at);
  return true;
}
