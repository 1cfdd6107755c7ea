/* The equations at z = -gamma (docs/ridge.md). Per node u = rho p a, v = rho q t, D = 1 + u + v,
 * and g = rho gamma a. The data give r = t/a and H = rho C1 t as functions of one number X >= 0: A
 * = g + E[(u + v)/D] - rho = 0,    B = E[v/D] - H(X) = 0,    t = a r(X). A fraction x/(1 + x) near
 * 1 is taken as 1 - 1/(1 + x), and the ones are added to the constants by themselves: where K has
 * almost no null space the small terms left over decide. */
#include "nlrmt/ridge_error.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sce.h"

enum { NEWTON_STEPS = 200 };

static const double AFFINE = 1e-14; /* eta - zeta below this times eta: a linear row */
static const double STEP_MAX = 3, AT_REST = 1e-15, TOLERANCE = 1e-12;

typedef struct {
  double phi, psi, rho;
  size_t count;
  double *w, *p, *q; /* [count] weight, eta - zeta, zeta */
  double mean_p, mean_q;
  data_side data;
} equations;

/* A sum of weighted fractions x/(1 + x) as direct + ones - rest, `others` the weight in direct. */
typedef struct {
  double direct, rest, ones, others;
} fractions;

/* The data at kappa = log(1 + X): r, H, J = -d log r/d kappa, H1 = dH/d kappa, and theirs. */
typedef struct {
  double factor; /* of H's fractions */
  fractions H;
  double r, J, H1, dJ, dH1;
} data_at;

/* One point: a = m, and the sums there. */
typedef struct {
  double gamma, log_a, kappa;
  double a, t, g;
  data_at data;
  double A, B;       /* residuals */
  double P, Q, X;    /* E[u/D^2], E[v/D^2], E[u v/D^2] */
  double L, S, R, V; /* X J + H1, Q J + L, L/S, P + Q R */
} state;

/* How the point moves along a line: d log a, d kappa, d log t, d log(gamma a), d log(gamma t). */
typedef struct {
  double a, kappa, t, ga, gt;
} motion;

static void clear(equations *e) {
  free(e->w);
  free(e->p);
  free(e->q);
  data_side_clear(&e->data);
}

/* sce_init's checks; but nodes of weight 0 stay, as a derivative may give them some. */
static nlrmt_status init(equations *e, const nlrmt_law_problem *problem, nlrmt_error *err) {
  sce checked;
  const nlrmt_status status = sce_init(&checked, problem, err);
  sce_clear(&checked);
  if (status != NLRMT_OK) return status;
  const nlrmt_nodes *n = problem->nodes;
  const size_t bytes = n->count * sizeof(double);
  *e = (equations){.phi = problem->phi, .psi = problem->psi, .rho = problem->psi / problem->phi};
  const bool data = data_side_init(&e->data, problem->data, problem->phi);
  e->count = n->count;
  e->w = malloc(bytes), e->p = malloc(bytes), e->q = malloc(bytes);
  if (!data || !e->w || !e->p || !e->q) {
    clear(e);
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "ridge: %zu nodes: out of memory", n->count);
  }
  for (size_t k = 0; k < n->count; k++) {
    const double p = n->eta[k] - n->zeta[k];
    e->w[k] = n->weight[k];
    e->p[k] = p > AFFINE * n->eta[k] ? p : 0;
    e->q[k] = n->zeta[k];
    e->mean_p += e->w[k] * e->p[k], e->mean_q += e->w[k] * e->q[k];
  }
  return NLRMT_OK;
}

static void add_fraction(fractions *f, double w, double x, double rest, double inverse) {
  if (x > rest)
    f->ones += w, f->rest += w * rest * inverse;
  else
    f->others += w, f->direct += w * x * inverse;
}

/* The weights of the ones, given as they and the others add up: exactly 1 if there are no others.
 */
static double ones(const fractions *f) {
  return f->others < f->ones ? 1 - f->others : f->ones;
}

/* X = C1 a/phi, r = E_T[T/(1 + T X)], H = psi X r. */
static void population_at(const equations *e, double X, data_at *d) {
  double s1 = 0, s2 = 0, c2 = 0, c3 = 0, r = 0;
  for (size_t k = 0; k < e->data.count; k++) {
    const double T = e->data.v[k], inv = 1 / (1 + T * X), f = e->data.w[k] * T * inv;
    add_fraction(&d->H, e->data.w[k], T * X, 1, inv);
    r += f, s1 += f * inv, s2 += f * T * inv;
    c2 += f * T * inv * inv, c3 += f * T * T * inv * inv;
  }
  const double j = s2 / r, y = 1 + X;
  d->factor = e->psi;
  d->r = r;
  d->J = y * j, d->dJ = y * (j + y * (j * j - 2 * c3 / r));
  d->H1 = y * e->psi * s1, d->dH1 = y * e->psi * (s1 - 2 * y * c2);
}

/* X = C1/C0, r = E[S/(1 + S X)]/E[1/(1 + S X)], H = rho E[S X/(1 + S X)]. f_k = E[S^k/(1 + S X)^2];
 * f0 f2 - f1^2 and its derivative as sums of squares about the mean f1/f0. */
static void spectrum_at(const equations *e, double X, data_at *d) {
  double n0 = 0, n1 = 0, f0 = 0, f1 = 0, f2 = 0, c2 = 0, spread = 0, skew = 0;
  for (size_t k = 0; k < e->data.count; k++) {
    const double s = e->data.v[k], w = e->data.w[k], inv = 1 / (1 + s * X), f = w * inv * inv;
    add_fraction(&d->H, w, s * X, 1, inv);
    n0 += w * inv, n1 += w * s * inv;
    f0 += f, f1 += f * s, f2 += f * s * s, c2 += f * s * s * inv;
  }
  for (size_t k = 0; k < e->data.count; k++) {
    const double s = e->data.v[k], inv = 1 / (1 + s * X), f = e->data.w[k] * inv * inv;
    const double square = (s - f1 / f0) * (s - f1 / f0);
    spread += f * square, skew += f * inv * s * square;
    d->dJ += f * inv * s;
  }
  const double j = f0 * spread / (n0 * n1), y = 1 + X;
  const double dj = j * (f1 / n0 + f2 / n1) - 2 * (f0 * skew + d->dJ * spread) / (n0 * n1);
  d->factor = e->rho;
  d->r = n1 / n0;
  d->J = y * j, d->dJ = y * (j + y * dj);
  d->H1 = y * e->rho * f1, d->dH1 = y * e->rho * (f1 - 2 * y * c2);
}

static void evaluate(const equations *e, state *x) {
  x->data = (data_at){0};
  (e->data.population ? population_at : spectrum_at)(e, expm1(x->kappa), &x->data);
  const data_at *d = &x->data;
  fractions A = {0}, B = {0};
  x->a = exp(x->log_a), x->t = x->a * d->r, x->g = e->rho * x->gamma * x->a;
  x->P = x->Q = x->X = 0;
  for (size_t k = 0; k < e->count; k++) {
    const double w = e->w[k], u = e->rho * e->p[k] * x->a, v = e->rho * e->q[k] * x->t;
    const double inv = 1 / (1 + u + v), c = w * inv * inv;
    x->P += c * u, x->Q += c * v, x->X += c * u * v;
    add_fraction(&A, w, u + v, 1, inv);
    add_fraction(&B, w, v, 1 + u, inv);
  }
  x->A = (x->g + A.direct - A.rest) + (ones(&A) - e->rho);
  x->B = (B.direct - d->factor * d->H.direct) - (B.rest - d->factor * d->H.rest) +
         (ones(&B) - d->factor * ones(&d->H));
  x->L = x->X * d->J + d->H1;
  x->S = x->Q * d->J + x->L;
  x->R = x->L / x->S;
  x->V = x->P + x->Q * x->R;
}

/* Solves for the change of (log a, kappa) that adds -A, -B to the residuals, whose derivatives are
 * g + P + Q, -Q J and Q, -S: minus the determinant is S (g + V), a sum of positive terms. */
static void solve_linear(const state *x, double A, double B, motion *d) {
  const double J = x->data.J, det = x->S * (x->g + x->V);
  d->a = (x->Q * J * B - x->S * A) / det;
  d->kappa = ((x->g + x->P + x->Q) * B - x->Q * A) / det;
  d->t = d->a - J * d->kappa;
}

/* Newton in (log a, kappa), kappa kept positive. The positive solution is unique (docs/ridge.md),
 * so convergence is all there is to check. */
static bool newton(const equations *e, state *x) {
  double last = INFINITY;
  for (int k = 0; k < NEWTON_STEPS; k++) {
    motion d;
    evaluate(e, x);
    solve_linear(x, x->A, x->B, &d);
    const double size = fmax(fabs(d.a), fabs(d.kappa) / fmin(1, x->kappa + 1e-3));
    if (!isfinite(size)) return false;
    const double damping = size > STEP_MAX ? STEP_MAX / size : 1;
    x->log_a += damping * d.a;
    x->kappa = fmax(x->kappa + damping * d.kappa, x->kappa / 8);
    if (size < AT_REST || (size < TOLERANCE && size > last / 4)) {
      evaluate(e, x);
      return true;
    }
    last = size;
  }
  return false;
}

static nlrmt_status solve(const equations *e, double gamma, state *x, nlrmt_error *err) {
  if (!(gamma > 0 && isfinite(gamma)))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "ridge: gamma=%g: must be positive and finite", gamma);
  const double mean = e->mean_p + e->mean_q;
  const double X =
      e->data.population ? e->mean_q / (e->phi * (gamma + mean)) : e->mean_q / (gamma + e->mean_p);
  *x = (state){.gamma = gamma, .log_a = -log(gamma + mean), .kappa = log1p(X)};
  if (newton(e, x)) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                    "ridge: phi=%g psi=%g gamma=%g, %zu nodes, E eta=%g: the equations cannot be "
                    "solved in double precision, choose a larger gamma",
                    e->phi, e->psi, gamma, e->count, mean);
}

/* The motion in log gamma: only A sees it, through g. */
static motion along_gamma(const state *x) {
  const double s = x->g + x->V, QJ = x->Q * x->data.J;
  return (motion){.a = -x->g / s,
                  .kappa = -x->g * x->Q / (x->S * s),
                  .t = -x->g * x->R / s,
                  .ga = x->V / s,
                  .gt = (x->V + x->g * QJ / x->S) / s};
}

/* Derivatives of weight, p, q along a line; NULL stands for 0. */
typedef struct {
  const double *w, *p, *q;
} line;

static double at(const double *x, size_t k) {
  return x ? x[k] : 0;
}

static motion along_line(const equations *e, const state *x, const line *l) {
  double A = 0, B = 0;
  for (size_t k = 0; k < e->count; k++) {
    const double w = e->w[k], u = e->rho * e->p[k] * x->a, v = e->rho * e->q[k] * x->t;
    const double du = e->rho * at(l->p, k) * x->a, dv = e->rho * at(l->q, k) * x->t;
    const double inv = 1 / (1 + u + v), inv2 = inv * inv;
    A += at(l->w, k) * (u + v) * inv + w * (du + dv) * inv2;
    B += at(l->w, k) * v * inv + w * (dv * (1 + u) - v * du) * inv2;
  }
  motion d;
  solve_linear(x, A, B, &d);
  d.ga = d.a, d.gt = d.t;
  return d;
}

/* d log of gamma^2 m' and of gamma^2 mtilde' along a motion (and a line of the nodes). */
static void error_slopes(const equations *e, const state *x, const motion *d, const line *l,
                         double *noise, double *signal) {
  double dP = 0, dQ = 0, dX = 0;
  for (size_t k = 0; k < e->count; k++) {
    const double w = e->w[k], u = e->rho * e->p[k] * x->a, v = e->rho * e->q[k] * x->t;
    const double du = u * d->a + e->rho * at(l->p, k) * x->a;
    const double dv = v * d->t + e->rho * at(l->q, k) * x->t;
    const double inv = 1 / (1 + u + v), c = inv * inv;
    const double dc = at(l->w, k) * c - 2 * w * c * inv * (du + dv); /* of w/D^2 */
    dP += dc * u + w * c * du;
    dQ += dc * v + w * c * dv;
    dX += dc * u * v + w * c * (du * v + u * dv);
  }
  const data_at *y = &x->data;
  const double dJ = y->dJ * d->kappa, dQJ = dQ * y->J + x->Q * dJ, QJ = x->Q * y->J;
  const double dL = dX * y->J + x->X * dJ + y->dH1 * d->kappa;
  const double dR = (dL * QJ - x->L * dQJ) / (x->S * x->S);
  const double dV = dP + dQ * x->R + x->Q * dR, s = x->g + x->V;
  const double ds = (x->g * d->ga + dV) / s;
  *noise = 2 * d->ga - ds;
  *signal = d->ga + d->gt + dR / x->R - ds;
}

/* gamma^2 m' = gamma a g/(g + V), gamma^2 mtilde' = gamma t R g/(g + V). */
static void fill(const equations *e, const nlrmt_ridge_task *task, const state *x,
                 nlrmt_ridge_point *out) {
  const double gamma = x->gamma, part = x->g / (x->g + x->V);
  const double noise = gamma * x->a * part, signal = gamma * x->t * x->R * part;
  const double sigma_signal = task->sigma_a * task->sigma_x;
  *out = (nlrmt_ridge_point){.gamma = gamma,
                             .m = x->a,
                             .mtilde = x->t,
                             .dm = noise / gamma / gamma,
                             .dmtilde = signal / gamma / gamma,
                             .signal = sigma_signal * sigma_signal * signal,
                             .noise = task->sigma_eps * task->sigma_eps * noise};
  out->train_error = out->signal + out->noise;
  const motion d = along_gamma(x);
  double noise_slope, signal_slope;
  error_slopes(e, x, &d, &(line){0}, &noise_slope, &signal_slope);
  out->slope = out->noise * noise_slope + out->signal * signal_slope;
}

static nlrmt_status check_task(const nlrmt_ridge_task *task, nlrmt_error *err) {
  if (task->sigma_a >= 0 && isfinite(task->sigma_a) && task->sigma_x > 0 &&
      isfinite(task->sigma_x) && task->sigma_eps >= 0 && isfinite(task->sigma_eps))
    return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "ridge: sigma_a=%g sigma_x=%g sigma_eps=%g: must be finite, sigma_x > 0, the "
                    "others >= 0",
                    task->sigma_a, task->sigma_x, task->sigma_eps);
}

nlrmt_status nlrmt_ridge_path(const nlrmt_law_problem *problem, const nlrmt_ridge_task *task,
                              size_t count, const double *gamma, nlrmt_ridge_point *out,
                              nlrmt_error *err) {
  equations e;
  if (check_task(task, err) != NLRMT_OK || init(&e, problem, err) != NLRMT_OK) return err->status;
  nlrmt_status status = NLRMT_OK;
  for (size_t i = 0; i < count && status == NLRMT_OK; i++) {
    state x;
    status = solve(&e, gamma[i], &x, err);
    if (status == NLRMT_OK) fill(&e, task, &x, &out[i]);
  }
  clear(&e);
  return status;
}

/* d p along the nodes' line; [count], freed by the caller. */
static double *direction_p(const nlrmt_nodes *direction) {
  double *p = malloc(direction->count * sizeof *p);
  for (size_t k = 0; p && k < direction->count; k++) p[k] = direction->eta[k] - direction->zeta[k];
  return p;
}

nlrmt_status nlrmt_ridge_derivative(const nlrmt_law_problem *problem, const nlrmt_ridge_task *task,
                                    double gamma, const nlrmt_nodes *direction,
                                    nlrmt_ridge_point *point, double *derivative,
                                    nlrmt_error *err) {
  if (direction->count != problem->nodes->count)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "ridge: direction has %zu nodes, the problem %zu: must be as many",
                      direction->count, problem->nodes->count);
  equations e;
  if (check_task(task, err) != NLRMT_OK || init(&e, problem, err) != NLRMT_OK) return err->status;
  double *p = direction_p(direction);
  state x;
  nlrmt_status status =
      p ? solve(&e, gamma, &x, err) : nlrmt_fail(err, NLRMT_ERR_RESOURCE, "ridge: out of memory");
  if (status == NLRMT_OK) {
    const line l = {direction->weight, p, direction->zeta};
    const motion d = along_line(&e, &x, &l);
    double noise, signal;
    error_slopes(&e, &x, &d, &l, &noise, &signal);
    fill(&e, task, &x, point);
    *derivative = point->noise * noise + point->signal * signal;
  }
  free(p);
  clear(&e);
  return status;
}

nlrmt_status nlrmt_nodes_normalise(nlrmt_nodes *nodes, double *factor, nlrmt_error *err) {
  double mean = 0, total = 0;
  for (size_t k = 0; k < nodes->count; k++) {
    const double w = nodes->weight[k];
    if (!(w >= 0 && isfinite(w)))
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "nodes: node %zu: weight=%g: must be >= 0", k, w);
    mean += w * nodes->eta[k], total += w;
  }
  if (!(fabs(total - 1) < 1e-9))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "nodes: weights sum to %.12g, must be 1", total);
  if (!(mean > 0 && isfinite(mean)))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "nodes: E eta=%g: must be positive and finite to normalise it to 1, choose "
                      "another activation",
                      mean);
  *factor = 1 / sqrt(mean);
  for (size_t k = 0; k < nodes->count; k++) {
    nodes->h[k] *= *factor;
    nodes->eta[k] /= mean;
    nodes->zeta[k] /= mean;
  }
  return NLRMT_OK;
}
