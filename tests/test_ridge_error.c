/* The training error against closed forms (Marchenko-Pastur, product Wishart), a long-double
 * bisection of the equations, sums over the law, limits and a simulation; the best f and the best
 * mixture (Adlam-Levinson-Pennington, figure 4) against the same bisection. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/optimum.h"
#include "nlrmt/ridge_error.h"
#include "nlrmt/rng.h"

enum { NODES = 4 };

typedef long double real;

typedef struct {
  double phi, psi;
  size_t count;
  double weight[NODES], h[NODES], eta[NODES], zeta[NODES];
  const nlrmt_data_law *data;
} setting;

static const nlrmt_ridge_task noise_only = {0, 1, 1}, signal_only = {1, 1, 0}, both = {1, 1, 1};

static nlrmt_nodes nodes_of(setting *s) {
  return (nlrmt_nodes){s->count, s->weight, s->h, s->eta, s->zeta};
}

static nlrmt_status try_path(setting s, const nlrmt_ridge_task *task, size_t count,
                             const double *gamma, nlrmt_ridge_point *out, nlrmt_error *err) {
  const nlrmt_nodes nodes = nodes_of(&s);
  const nlrmt_law_problem problem = {.phi = s.phi, .psi = s.psi, .nodes = &nodes, .data = s.data};
  *err = (nlrmt_error){0};
  return nlrmt_ridge_path(&problem, task, count, gamma, out, err);
}

static nlrmt_ridge_point point_of(setting s, const nlrmt_ridge_task *task, double gamma) {
  nlrmt_ridge_point p = {0};
  nlrmt_error err;
  CHECK(try_path(s, task, 1, &gamma, &p, &err) == NLRMT_OK, "%s", err.text);
  return p;
}

static setting single(double phi, double psi, double eta, double zeta) {
  return (setting){phi, psi, 1, {1}, {0}, {eta}, {zeta}, NULL};
}

static setting mixture(double phi, double psi, double p) {
  return (setting){phi, psi, 2, {p, 1 - p}, {0}, {1, 1}, {1, 0}, NULL};
}

static uint64_t state = 7;
static double uniform(void) { /* splitmix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

static setting random_setting(double decades) {
  setting s = {.count = 1 + (size_t)(NODES * uniform())};
  double total = 0;
  s.phi = pow(10, decades * (2 * uniform() - 1)), s.psi = pow(10, decades * (2 * uniform() - 1));
  for (size_t k = 0; k < s.count; k++) {
    const double kind = uniform();
    total += s.weight[k] = uniform();
    s.eta[k] = pow(10, 2 * uniform() - 1);
    s.zeta[k] = kind < 0.25 ? 0 : kind < 0.5 ? s.eta[k] : s.eta[k] * uniform();
  }
  for (size_t k = 0; k < s.count; k++) s.weight[k] /= total;
  return s;
}

/* --- long double: bisection in t, for every a, of t (1 + C1 a/phi) = a, then in a, of C0 a + C1 t
 * = 1, i.i.d. data; derivatives by differences of eighth order. */

static real middle(real lo, real hi) {
  return hi > 2 * lo ? sqrtl(lo * hi) : (lo + hi) / 2;
}

static real reference_t(const setting *s, real rho, real a) {
  real lo = a * 1e-20L, hi = a;
  while (hi - lo > 1e-19L * hi) {
    const real t = middle(lo, hi);
    if (t <= lo || t >= hi) break;
    real c1 = 0;
    for (size_t k = 0; k < s->count; k++) {
      const real q = s->zeta[k], p = (real)s->eta[k] - q;
      c1 += s->weight[k] * q / (1 + rho * (q * t + p * a));
    }
    *(t * (1 + c1 * a / s->phi) > a ? &hi : &lo) = t;
  }
  return hi;
}

static void reference(const setting *s, real gamma, real *m, real *mtilde) {
  const real rho = (real)s->psi / s->phi;
  real lo = 1e-9L / (gamma + 1), hi = 1 / gamma;
  while (hi - lo > 1e-19L * hi) {
    const real a = middle(lo, hi), t = reference_t(s, rho, a);
    if (a <= lo || a >= hi) break;
    real sum = gamma * a - 1;
    for (size_t k = 0; k < s->count; k++) {
      const real q = s->zeta[k], y = q * t + ((real)s->eta[k] - q) * a;
      sum += s->weight[k] * y / (1 + rho * y);
    }
    *(sum > 0 ? &hi : &lo) = a;
  }
  *m = hi, *mtilde = reference_t(s, rho, hi);
}

static const real weights8[4] = {4 / 5.0L, -1 / 5.0L, 4 / 105.0L, -1 / 280.0L};

/* gamma^2 m', gamma^2 mtilde'. */
static void reference_errors(const setting *s, real gamma, real *noise, real *signal) {
  const real h = 0.01L * gamma;
  *noise = *signal = 0;
  for (int k = 1; k <= 4; k++)
    for (int sign = -1; sign <= 1; sign += 2) {
      real m, mtilde;
      reference(s, gamma + sign * k * h, &m, &mtilde);
      *noise -= sign * weights8[k - 1] * m / h, *signal -= sign * weights8[k - 1] * mtilde / h;
    }
  *noise *= gamma * gamma, *signal *= gamma * gamma;
}

static void check_reference(void) {
  double worst_m = 0, worst_d = 0;
  for (int i = 0; i < 120; i++) {
    const setting s = random_setting(2);
    const double gamma = pow(10, 24 * uniform() - 12);
    const nlrmt_ridge_point p = point_of(s, &both, gamma);
    real m, t, noise, signal;
    reference(&s, gamma, &m, &t);
    worst_m = fmax(worst_m, (double)fmaxl(fabsl(p.m / m - 1), fabsl(p.mtilde / t - 1)));
    if (i % 4) continue;
    reference_errors(&s, gamma, &noise, &signal);
    const real rounding_m = 1e-15L * m * gamma, rounding_t = 1e-15L * t * gamma;
    worst_d = fmax(worst_d, (double)((fabsl(p.noise - noise) - rounding_m) / noise));
    worst_d = fmax(worst_d, (double)((fabsl(p.signal - signal) - rounding_t) / signal));
  }
  CHECK(worst_m < 1e-13, "worst of m, mtilde %g", worst_m);
  CHECK(worst_d < 1e-13, "worst of m', mtilde' %g", worst_d);
}

/* --- closed forms */

/* zeta = 0: rho p gamma m^2 + (gamma + (1 - rho) p) m = 1, and what follows for E and its slope. */
static void check_marchenko_pastur(void) {
  const double rhos[] = {1, 0.25, 0.999, 1.001, 4};
  double worst = 0, worst_slope = 0;
  for (int i = 0; i < 5; i++)
    for (double l = -12; l <= 12; l += 0.5) {
      const setting s = single(2, 2 * rhos[i], 1.7, 0);
      const nlrmt_ridge_point x = point_of(s, &noise_only, pow(10, l));
      const real rho = (real)s.psi / s.phi, p = s.eta[0], g = x.gamma, b = g + (1 - rho) * p;
      const real root = sqrtl(b * b + 4 * rho * p * g);
      const real m = b > 0 ? 2 / (b + root) : (root - b) / (2 * rho * p * g);
      const real d = (rho * p * m * m + m) / root, E = g * g * d;
      const real dd = 2 * (d * (1 + 2 * rho * p * m) - rho * p * g * d * d) / root; /* m'' */
      worst = fmax(worst, (double)fmaxl(fabsl(x.m / m - 1), fabsl(x.train_error / E - 1)));
      worst = fmax(worst, fabs(x.mtilde / x.m - 1));
      worst_slope = fmax(worst_slope, (double)fabsl((x.slope - 2 * E + g * g * g * dd) / E));
    }
  CHECK(worst < 1e-14, "%g", worst);
  CHECK(worst_slope < 1e-14, "%g", worst_slope);
}

/* zeta = eta = 1, c = 1/phi: with y = t/(1 + rho t), gamma y = (1 - y)(1 - c y)(1 - rho y) and
 * gamma a = 1 - y. All three square: 1 - y ~ gamma^(1/3). */
static void check_product_wishart(void) {
  double worst = 0;
  for (int i = 0; i < 2; i++)
    for (double l = i ? -2 : -12; l <= 12; l += 0.5) {
      const setting s = i ? single(2, 0.5, 1, 1) : single(1, 1, 1, 1);
      const nlrmt_ridge_point x = point_of(s, &noise_only, pow(10, l));
      const real g = x.gamma, c = 1 / (real)s.phi, rho = s.psi / s.phi;
      real lo = 0, hi = 1; /* 1 - y */
      for (int k = 0; k < 200; k++) {
        const real e = lo > 0 ? middle(lo, hi) : hi / 2, y = 1 - e;
        *(e * (1 - c + c * e) * (1 - rho + rho * e) > g * y ? &hi : &lo) = e;
      }
      const real y = 1 - hi, sum = 1 / hi + c / (1 - c * y) + rho / (1 - rho * y);
      const real E = hi - y / (1 + y * sum);
      worst = fmax(worst, (double)fabsl(x.m * g / hi - 1));
      if (l <= 6) worst = fmax(worst, (double)fabsl(x.train_error / E - 1));
    }
  CHECK(worst < 1e-13, "%g", worst);
}

static void check_limits(void) {
  for (int i = 0; i < 20; i++) {
    const setting s = random_setting(1);
    double eta = 0, zeta = 0;
    for (size_t k = 0; k < s.count; k++)
      eta += s.weight[k] * s.eta[k], zeta += s.weight[k] * s.zeta[k];
    const double gamma = 1e7 * (1 + zeta / s.phi + s.psi / s.phi);
    const nlrmt_ridge_point n = point_of(s, &noise_only, gamma),
                            a = point_of(s, &signal_only, gamma);
    const double loss_n = 2 * eta / gamma, loss_a = 2 * (eta + zeta / s.phi) / gamma;
    CHECK(fabs((1 - n.train_error) / loss_n - 1) < 1e-4, "%g", n.train_error);
    CHECK(fabs((1 - a.train_error) / loss_a - 1) < 1e-4, "%g", a.train_error);
    CHECK(fabs(n.slope / loss_n - 1) < 1e-4 && fabs(a.slope / loss_a - 1) < 1e-4, "%g %g", n.slope,
          a.slope);
  }
  const setting wide = single(1, 0.5, 1, 0.5), narrow = single(1, 4, 1, 0.5);
  const double ratio =
      point_of(wide, &both, 1e-9).train_error / point_of(wide, &both, 1e-11).train_error;
  CHECK(fabs(ratio / 1e4 - 1) < 1e-7, "no null space, E ~ gamma^2: %g", ratio);
  CHECK(fabs(point_of(narrow, &noise_only, 1e-12).train_error - 0.75) < 1e-11, "null space 3/4");
}

/* --- data laws, and sums over the law */

static void check_data_laws(void) {
  double one = 1, values[] = {0, 0.4, 3}, weights[] = {0.3, 0.5, 0.2}, mean = 0.8;
  for (int k = 0; k < 3; k++) values[k] /= mean;
  const nlrmt_data_law iid = {NLRMT_DATA_POPULATION, 1, &one, &one};
  const nlrmt_data_law white = {NLRMT_DATA_SPECTRUM, 1, &one, &one};
  nlrmt_data_law other = {NLRMT_DATA_SPECTRUM, 3, values, weights};
  for (int i = 0; i < 40; i++) {
    setting s = random_setting(2);
    const double gamma = pow(10, 12 * uniform() - 6);
    const nlrmt_ridge_point plain = point_of(s, &both, gamma);
    s.data = &iid;
    CHECK(point_of(s, &both, gamma).train_error == plain.train_error, "T = 1 is i.i.d.");
    s.data = &white;
    const nlrmt_ridge_point w = point_of(s, &both, gamma);
    CHECK(fabs(w.signal / w.noise - 1) < 1e-13, "S = 1: mtilde = m");
    other.kind = i % 2 ? NLRMT_DATA_SPECTRUM : NLRMT_DATA_POPULATION;
    s.data = &other;
    const nlrmt_ridge_point p = point_of(s, &both, gamma);
    double dm = 0, dt = 0, slope = 0;
    for (int k = -4; k <= 4; k++) {
      if (k == 0) continue;
      const nlrmt_ridge_point x = point_of(s, &both, gamma * (1 + 0.01 * k));
      const double c = (k > 0 ? 1 : -1) * (double)weights8[abs(k) - 1] / (0.01 * gamma);
      dm -= c * x.m, dt -= c * x.mtilde, slope += c * gamma * x.train_error;
    }
    CHECK(fabs(p.dm - dm) < 1e-12 * (dm + p.m / gamma), "%g", p.dm / dm - 1);
    CHECK(fabs(p.dmtilde - dt) < 1e-12 * (dt + p.mtilde / gamma), "%g", p.dmtilde / dt - 1);
    CHECK(fabs(p.slope - slope) < 1e-11 * p.train_error, "%g %g", p.slope, slope);
  }
}

/* Integral of gamma^2/(lambda + gamma)^2 dF by the midpoint rule in the bulks' own angle, and Im of
 * mtilde just above -gamma for its derivative. */
static void check_against_law(const setting *given, double gamma) {
  setting s = *given;
  const nlrmt_nodes nodes = nodes_of(&s);
  const nlrmt_law_problem problem = {.phi = s.phi, .psi = s.psi, .nodes = &nodes, .data = s.data};
  nlrmt_law *law;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_create(&problem, &law, &err) == NLRMT_OK, "%s", err.text);
  if (err.status != NLRMT_OK) return;
  double sum = nlrmt_law_atom(law);
  for (size_t b = 0; b < nlrmt_law_bulks(law); b++) {
    double left, right;
    const int steps = 4000;
    nlrmt_law_edges(law, b, &left, &right);
    for (int k = 0; k < steps; k++) {
      const double theta = M_PI * (k + 0.5) / steps, half = sin(theta / 2);
      const double lambda = left + (right - left) * half * half, x = gamma / (lambda + gamma);
      const double dlambda = (right - left) * sin(theta) / 2 * M_PI / steps;
      sum += x * x * nlrmt_law_density(law, lambda) * dlambda;
    }
  }
  double derivative = 0;
  const double combine[3] = {1.5, -0.6, 0.1}, step = 0.02 * gamma;
  for (int k = 1; k <= 3; k++) {
    double complex m, mtilde;
    CHECK(nlrmt_law_transform(law, CMPLX(-gamma, k * step), &m, &mtilde, &err) == NLRMT_OK, "%s",
          err.text);
    derivative += combine[k - 1] * cimag(mtilde) / (k * step);
  }
  nlrmt_law_destroy(&law);
  const nlrmt_ridge_point p = point_of(s, &both, gamma);
  CHECK(fabs(p.noise / sum - 1) < 1e-9, "%.12g, law %.12g", p.noise, sum);
  CHECK(fabs(p.signal / (gamma * gamma * derivative) - 1) < 1e-8, "%.12g, law %.12g", p.signal,
        gamma * gamma * derivative);
}

/* --- simulation */

enum { M = 384, DRAWS = 4 };

/* Cholesky of a, n x n, in place; then the columns of x, n x k, become a^-1 x. */
static void solve_spd(size_t n, double *a, size_t k, double *x) {
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i <= j; i++) {
      double sum = a[j * n + i];
      for (size_t l = 0; l < i; l++) sum -= a[j * n + l] * a[i * n + l];
      a[j * n + i] = i == j ? sqrt(sum) : sum / a[i * n + i];
    }
  for (size_t j = 0; j < n; j++) {
    for (size_t l = 0; l < j; l++)
      for (size_t c = 0; c < k; c++) x[j * k + c] -= a[j * n + l] * x[l * k + c];
    for (size_t c = 0; c < k; c++) x[j * k + c] /= a[j * n + j];
  }
  for (size_t j = n; j-- > 0;) {
    for (size_t c = 0; c < k; c++) x[j * k + c] /= a[j * n + j];
    for (size_t l = 0; l < j; l++)
      for (size_t c = 0; c < k; c++) x[l * k + c] -= a[j * n + l] * x[j * k + c];
  }
}

static double square(size_t count, const double *x) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += x[k] * x[k];
  return sum;
}

/* F_ai = f((WX)_ai + b_a), W's entries of variance 1/n0; K + gamma = F'F/n1 + gamma. The
 * expectation over A and eps is exact: gamma^2 tr(X'X/n0 G^2)/m, gamma^2 tr G^2/m. */
static void simulate(size_t n0, size_t n1, const nlrmt_activation *f, const double *bias,
                     double gamma, uint32_t trial, double *signal, double *noise) {
  double *X = malloc(n0 * M * sizeof *X), *w = malloc(n0 * sizeof *w),
         *row = malloc(M * sizeof *row);
  double *K = calloc(M * M, sizeof *K), *G = malloc((M + n0) * M * sizeof *G);
  nlrmt_stream stream = {.seed = 3, .trial = trial, .matrix = NLRMT_MATRIX_X};
  for (uint32_t i = 0; i < n0; i++)
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, 1, i, 0, M, X + i * M);
  stream.matrix = NLRMT_MATRIX_W;
  for (uint32_t a = 0; a < n1; a++) {
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, 1 / sqrt((double)n0), a, 0, n0, w);
    memset(row, 0, M * sizeof *row);
    for (size_t i = 0; i < n0; i++)
      for (size_t j = 0; j < M; j++) row[j] += w[i] * X[i * M + j];
    for (size_t j = 0; j < M; j++) row[j] = nlrmt_activation_eval(&f[a % 2], row[j] + bias[a % 2]);
    for (size_t i = 0; i < M; i++)
      for (size_t j = 0; j <= i; j++) K[i * M + j] += row[i] * row[j] / (double)n1;
  }
  const size_t k = M + n0; /* right-hand sides [1, X'] */
  for (size_t i = 0; i < M; i++) {
    K[i * M + i] += gamma;
    for (size_t j = 0; j < M; j++) G[i * k + j] = i == j;
    for (size_t j = 0; j < n0; j++) G[i * k + M + j] = X[j * M + i] / sqrt((double)n0);
  }
  solve_spd(M, K, k, G);
  *noise = *signal = 0;
  for (size_t i = 0; i < M; i++) {
    *noise += gamma * gamma * square(M, G + i * k) / M;
    *signal += gamma * gamma * square(n0, G + i * k + M) / M;
  }
  free(X), free(w), free(row), free(K), free(G);
}

/* Rows alternate between two (f, b): figure 4's mixture at p = 1/2, and ReLU with b in {0, 1}. */
static void check_simulation(void) {
  const char *names[2][2] = {{"identity", "abs_centred"}, {"relu", "relu"}};
  const double bias[2][2] = {{0, 0}, {0, 1}}, gamma[2] = {0.1, 0.02}, phi[2] = {0.5, 1.5},
               psi[2] = {0.5, 2};
  for (int i = 0; i < 2; i++) {
    nlrmt_activation f[2];
    nlrmt_error err = {0};
    setting s = {phi[i], psi[i], 2, {0.5, 0.5}, {0}, {0}, {0}, NULL};
    for (int k = 0; k < 2; k++) {
      nlrmt_activation_init(&f[k], names[i][k], 1, &err);
      nlrmt_moments_at(&f[k], 1, bias[i][k], &s.h[k], &s.eta[k], &s.zeta[k], &err);
    }
    const size_t n0 = (size_t)(phi[i] * M), n1 = (size_t)((double)n0 / psi[i]);
    double signal = 0, noise = 0;
    for (uint32_t trial = 0; trial < DRAWS; trial++) {
      double one_signal, one_noise;
      simulate(n0, n1, f, bias[i], gamma[i], trial, &one_signal, &one_noise);
      signal += one_signal / DRAWS, noise += one_noise / DRAWS;
    }
    const nlrmt_ridge_task noisy = {1, 1, 0.2};
    const nlrmt_ridge_point p = point_of(s, &both, gamma[i]), q = point_of(s, &noisy, gamma[i]);
    CHECK(fabs(noise / p.noise - 1) < 6.0 / M, "random labels: %g, theory %g", noise, p.noise);
    CHECK(fabs(signal / p.signal - 1) < 6.0 / M, "autoencoder: %g, theory %g", signal, p.signal);
    CHECK(fabs((signal + 0.04 * noise) / q.train_error - 1) < 6.0 / M, "noisy autoencoder: %g, %g",
          signal + 0.04 * noise, q.train_error);
  }
}

/* --- derivatives along nodes, normalisation */

static void check_derivative(void) {
  double worst = 0;
  for (int i = 0; i < 40; i++) {
    setting s = random_setting(1), d = s;
    const double gamma = pow(10, 6 * uniform() - 3), h = 1e-3;
    double difference = 0, derivative;
    for (size_t k = 0; k < s.count; k++) {
      s.zeta[k] = s.eta[k] * (0.2 + 0.6 * uniform());
      d.eta[k] = uniform() * s.eta[k] * 0.1, d.zeta[k] = (uniform() - 0.5) * s.zeta[k];
      d.weight[k] = k == 0 ? s.weight[0] : k == 1 ? -s.weight[0] : 0;
    }
    if (s.count == 1) d.weight[0] = 0;
    const nlrmt_nodes nodes = nodes_of(&s), direction = nodes_of(&d);
    const nlrmt_law_problem problem = {.phi = s.phi, .psi = s.psi, .nodes = &nodes};
    nlrmt_ridge_point p = {0};
    nlrmt_error err = {0};
    CHECK(nlrmt_ridge_derivative(&problem, &both, gamma, &direction, &p, &derivative, &err) ==
              NLRMT_OK,
          "%s", err.text);
    for (int j = -4; j <= 4; j++) {
      if (j == 0) continue;
      setting x = s;
      for (size_t k = 0; k < s.count; k++) {
        x.weight[k] += j * h * d.weight[k];
        x.eta[k] += j * h * d.eta[k], x.zeta[k] += j * h * d.zeta[k];
      }
      if (s.count > 1 && x.weight[1] < 0) break; /* not a law */
      difference += (j > 0 ? 1 : -1) * (double)weights8[abs(j) - 1] / h *
                    point_of(x, &both, gamma).train_error;
      if (j == 4) worst = fmax(worst, fabs(difference - derivative) / p.train_error);
    }
  }
  CHECK(worst < 1e-11, "%g", worst);
}

static void check_normalise(void) {
  setting s = {1, 1, 2, {0.25, 0.75}, {2, -1}, {8, 0.5}, {8, 0.25}, NULL};
  nlrmt_nodes nodes = nodes_of(&s);
  double factor;
  nlrmt_error err = {0};
  CHECK(nlrmt_nodes_normalise(&nodes, &factor, &err) == NLRMT_OK, "%s", err.text);
  CHECK(fabs(factor * factor * 2.375 - 1) < 1e-15, "%g", factor);
  CHECK(fabs(0.25 * s.eta[0] + 0.75 * s.eta[1] - 1) < 1e-15, "%g", s.eta[0]);
  CHECK(s.h[0] == 2 * factor && s.zeta[0] == s.eta[0] && s.eta[1] == 2 * s.zeta[1], "%g", s.h[0]);
  /* f -> c f, gamma -> c^2 gamma leaves the error as it is. */
  const setting raw = {1, 1, 2, {0.25, 0.75}, {0}, {8, 0.5}, {8, 0.25}, NULL};
  const double a = point_of(raw, &both, 0.3 * 2.375).train_error;
  CHECK(fabs(point_of(s, &both, 0.3).train_error / a - 1) < 1e-14, "%g", a);
}

/* --- figure 4 */

static setting member(nlrmt_family family, double x) {
  return family == NLRMT_FAMILY_SINGLE ? single(0.5, 0.5, 1, x) : mixture(0.5, 0.5, x);
}

static real reference_family(nlrmt_family family, double x, double gamma, real *slope) {
  real noise, signal, at = 0;
  const double h = 1.0 / 512;
  *slope = 0;
  for (int k = -4; k <= 4; k++) {
    const setting s = member(family, x + k * h);
    reference_errors(&s, gamma, &noise, &signal);
    if (k == 0) at = noise + signal;
    if (k != 0) *slope += (k > 0 ? 1 : -1) * weights8[abs(k) - 1] / h * (noise + signal);
  }
  return at;
}

static void check_figure4(void) {
  for (double l = -4; l <= 2; l += 0.25) {
    const double gamma = pow(10, l);
    nlrmt_optimum best[2];
    for (nlrmt_family f = NLRMT_FAMILY_SINGLE; f <= NLRMT_FAMILY_MIXTURE; f++) {
      nlrmt_error err = {0};
      CHECK(nlrmt_optimum_find(f, 0.5, 0.5, &both, gamma, &best[f], &err) == NLRMT_OK, "%s",
            err.text);
    }
    const double gap = best[0].train_error - best[1].train_error;
    if (l <= 0.5) {
      CHECK(best[0].place == NLRMT_OPTIMUM_INSIDE && best[1].place == NLRMT_OPTIMUM_INSIDE,
            "gamma=%g: zeta %g p %g", gamma, best[0].x, best[1].x);
      CHECK(gap > 1e-7, "gamma=%g: best mixture beats best f by %g", gamma, gap);
    }
    if (l >= 0.75) {
      CHECK(best[0].place == NLRMT_OPTIMUM_AT_1 && best[1].place == NLRMT_OPTIMUM_AT_1,
            "gamma=%g: linear is best: zeta %g p %g", gamma, best[0].x, best[1].x);
      CHECK(best[1].slope < 0 && fabs(gap) < 1e-14, "%g", gap);
    }
    if (l != -2 && l != 0) continue;
    real below, above, at[2];
    for (nlrmt_family f = NLRMT_FAMILY_SINGLE; f <= NLRMT_FAMILY_MIXTURE; f++) {
      reference_family(f, best[f].x - 1e-10, gamma, &below);
      at[f] = reference_family(f, best[f].x + 1e-10, gamma, &above);
      CHECK(below < 0 && above > 0, "gamma=%g: the minimum within 1e-10: slopes %Lg %Lg", gamma,
            below, above);
    }
    CHECK(fabsl(gap - (at[0] - at[1])) < 1e-15, "gamma=%g: gap %.12g, %.12Lg", gamma, gap,
          at[0] - at[1]);
  }
}

/* --- bad input */

static void refused(nlrmt_status status, const nlrmt_error *err, const char *word) {
  CHECK(status == NLRMT_ERR_CONFIG && strstr(err->text, word) && !strchr(err->text, '\n'),
        "status %d: \"%s\" should name %s", status, err->text, word);
}

static void check_bad_input(void) {
  const setting good = single(1, 1, 1, 0.5);
  const double bad_gamma[] = {0, -1, NAN, INFINITY}, one = 1;
  nlrmt_ridge_point p;
  nlrmt_error err;
  for (int i = 0; i < 4; i++)
    refused(try_path(good, &both, 1, &bad_gamma[i], &p, &err), &err, "gamma");
  refused(try_path(single(1, 1, 1, 1.1), &both, 1, &one, &p, &err), &err, "zeta <= eta");
  refused(try_path(single(0, 1, 1, 1), &both, 1, &one, &p, &err), &err, "phi");
  setting s = mixture(1, 1, 0.5);
  s.weight[0] = -0.5, s.weight[1] = 1.5;
  refused(try_path(s, &both, 1, &one, &p, &err), &err, "weight");
  s.weight[0] = 0.3, s.weight[1] = 0.3;
  refused(try_path(s, &both, 1, &one, &p, &err), &err, "sum to");
  const nlrmt_ridge_task bad[] = {{-1, 1, 1}, {1, 0, 1}, {1, 1, NAN}};
  for (int i = 0; i < 3; i++) refused(try_path(good, &bad[i], 1, &one, &p, &err), &err, "sigma");
  double error, slope, factor;
  const double outside[] = {-0.1, 1.1, NAN};
  for (int i = 0; i < 3; i++) {
    err = (nlrmt_error){0};
    refused(
        nlrmt_family_error(NLRMT_FAMILY_MIXTURE, 1, 1, &both, 1, outside[i], &error, &slope, &err),
        &err, "p=");
    err = (nlrmt_error){0};
    refused(
        nlrmt_family_error(NLRMT_FAMILY_SINGLE, 1, 1, &both, 1, outside[i], &error, &slope, &err),
        &err, "zeta=");
  }
  nlrmt_optimum o;
  err = (nlrmt_error){0};
  refused(nlrmt_optimum_find(NLRMT_FAMILY_SINGLE, 1, 1, &both, -1, &o, &err), &err, "gamma");
  nlrmt_nodes nodes = nodes_of(&s);
  err = (nlrmt_error){0};
  refused(nlrmt_nodes_normalise(&nodes, &factor, &err), &err, "sum to");
  s.weight[0] = -0.5, s.weight[1] = 1.5;
  err = (nlrmt_error){0};
  refused(nlrmt_nodes_normalise(&nodes, &factor, &err), &err, "weight");
  s = single(1, 1, 0, 0), nodes = nodes_of(&s), err = (nlrmt_error){0};
  refused(nlrmt_nodes_normalise(&nodes, &factor, &err), &err, "E eta");
  s = good, nodes = nodes_of(&s), err = (nlrmt_error){0};
  const nlrmt_nodes none = {0};
  const nlrmt_law_problem problem = {.phi = 1, .psi = 1, .nodes = &nodes};
  refused(nlrmt_ridge_derivative(&problem, &both, 1, &none, &p, &slope, &err), &err, "direction");
}

int main(void) {
  double values[] = {0.5, 2}, weights[] = {2 / 3.0, 1 / 3.0};
  const nlrmt_data_law spectrum = {NLRMT_DATA_SPECTRUM, 2, values, weights};
  const nlrmt_data_law population = {NLRMT_DATA_POPULATION, 2, values, weights};
  check_reference();
  check_marchenko_pastur();
  check_product_wishart();
  check_limits();
  check_data_laws();
  setting s = {1.5, 0.8, 3, {0.2, 0.5, 0.3}, {0}, {1, 0.7, 4}, {1, 0, 1.5}, NULL};
  check_against_law(&s, 0.1);
  s.data = &spectrum;
  check_against_law(&s, 0.1);
  s.data = &population, s.psi = 3;
  check_against_law(&s, 1);
  check_simulation();
  check_derivative();
  check_normalise();
  check_figure4();
  check_bad_input();
  return check_end("test_ridge_error", 0);
}
