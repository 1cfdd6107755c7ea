/* The laws of a network's layers against closed forms, independent integrals and drawn networks. */
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/depth.h"
#include "nlrmt/distance.h"
#include "nlrmt/theta.h"

enum { LAYERS = 4 };

static const nlrmt_bias none = {.law = NLRMT_BIAS_NONE};
static const nlrmt_bias normal = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0.5};
static const nlrmt_bias coin = {.law = NLRMT_BIAS_BERNOULLI, .sigma = 1, .p = 0.3};
static const nlrmt_bias even = {.law = NLRMT_BIAS_UNIFORM, .sigma = 0.7};

/* m samples of n0 features through layers of the given widths. */
static nlrmt_params network(const char *f, const nlrmt_bias *bias, int64_t m, int64_t n0,
                            int layers, const int64_t *width) {
  nlrmt_params p = {.seed = 5,
                    .m = m,
                    .n0 = n0,
                    .n1 = width[0],
                    .layers = layers,
                    .layer = 1,
                    .sigma_w = 1,
                    .sigma_x = 1,
                    .bias = *bias};
  nlrmt_error err = {0};
  memcpy(p.width, width, (size_t)layers * sizeof *width);
  p.phi = (double)n0 / (double)m, p.psi = (double)n0 / (double)width[0];
  p.mixture.count = 1, p.mixture.p[0] = 1;
  nlrmt_activation_init(&p.mixture.f[0], f, hypot(1, nlrmt_bias_rms(bias)), &err);
  CHECK(err.status == NLRMT_OK, "%s", err.text);
  return p;
}

static void solve(const nlrmt_params *p, int layers, const nlrmt_depth_given *given,
                  nlrmt_depth_layer *out) {
  nlrmt_error err = {0};
  CHECK(nlrmt_depth_solve(p, layers, given, 0, out, &err) == NLRMT_OK, "%s", err.text);
}

static double right_edge(const nlrmt_law *law) {
  double left, right;
  nlrmt_law_edges(law, nlrmt_law_bulks(law) - 1, &left, &right);
  return right;
}

/* Largest difference of two distribution functions off their edges. */
static double difference(const nlrmt_law *a, const nlrmt_law *b, double unit) {
  const double end = right_edge(a);
  double most = 0;
  for (int k = 0; k <= 200; k++)
    most =
        fmax(most, fabs(nlrmt_law_cdf(a, k * end / 200) - nlrmt_law_cdf(b, unit * k * end / 200)));
  return most;
}

/* The first layer is the law alp: any data, biases, mixture, scale of f, batch norm, matrix. */
static void check_first(nlrmt_params p, const char *what) {
  nlrmt_law *alp, *depth;
  nlrmt_law_eta eta, eta_depth;
  nlrmt_error err = {0};
  nlrmt_laws_solve(&p, "alp", 0, &alp, &eta, &err);
  nlrmt_laws_solve(&p, "depth", 0, &depth, &eta_depth, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", what, err.text);
  if (err.status != NLRMT_OK) return;
  CHECK(difference(alp, depth, 1) < 1e-14, "%s: %g", what, difference(alp, depth, 1));
  CHECK(fabs(eta.mean / eta_depth.mean - 1) < 1e-14 &&
            fabs(eta.fluctuation / eta_depth.fluctuation - 1) < 1e-13,
        "%s: eta", what);
  nlrmt_law_destroy(&alp);
  nlrmt_law_destroy(&depth);
}

static void check_first_layers(void) {
  const int64_t width[] = {150, 120, 90};
  nlrmt_error err = {0};
  nlrmt_params p = network("relu", &normal, 200, 300, 3, width);
  check_first(p, "plain");
  p.batch_norm = true;
  check_first(p, "batch norm");
  p.normalize = true, p.matrix = NLRMT_SPECTRUM_M;
  check_first(p, "normalize, M");
  p.mixture.count = 2, p.mixture.p[0] = 0.4, p.mixture.p[1] = 0.6;
  nlrmt_activation_init(&p.mixture.f[1], "abs_centred", 1, &err);
  p.data.source = NLRMT_SOURCE_DISCRETE, p.data.population = true, p.data.count = 2;
  p.data.values[0] = 0.5, p.data.values[1] = 3;
  check_first(p, "mixture, population");
}

/* zeta = 0 and no biases: Marchenko-Pastur of ratio m/n_l at every depth, whatever comes before. */
static void check_isospectral(void) {
  const int64_t width[LAYERS] = {300, 50, 200, 110};
  const nlrmt_params p = network("abs_centred", &none, 100, 70, LAYERS, width);
  nlrmt_depth_layer x[LAYERS];
  solve(&p, LAYERS, NULL, x);
  for (int l = 0; l < LAYERS; l++) {
    const double c = 100.0 / (double)width[l], root = sqrt(c), half = 0.8 + 0.3 * l;
    double left, right;
    nlrmt_law_edges(x[l].law, 0, &left, &right);
    CHECK(nlrmt_law_bulks(x[l].law) == 1 && fabs(left - (1 - root) * (1 - root)) < 1e-9 &&
              fabs(right - (1 + root) * (1 + root)) < 1e-9,
          "layer %d: [%.12g, %.12g]", l + 1, left, right);
    const double density = sqrt((right - half) * (half - left)) / (2 * M_PI * c * half);
    CHECK(fabs(nlrmt_law_density(x[l].law, half) - density) < 1e-9, "layer %d", l + 1);
    CHECK(fabs(nlrmt_law_atom(x[l].law) - fmax(0, 1 - 1 / c)) < 1e-12, "layer %d", l + 1);
    CHECK(fabs(x[l].q - 1) < 1e-12 && x[l].r < 1e-24, "layer %d: q %.16g r %g", l + 1, x[l].q,
          x[l].r);
  }
  nlrmt_depth_clear(LAYERS, x);
}

/* Identity without bias: K is a product of Gaussian matrices, square ones have Fuss-Catalan moments
 * binom((p+1)k, k)/(pk+1), p = l + 1; else E lambda^2 = 1 + m/n_0 + ... + m/n_l. */
static void check_products(void) {
  const int64_t square[] = {100, 100, 100}, any[] = {250, 80, 170};
  const double catalan[3][4] = {{1, 3, 12, 55}, {1, 4, 22, 140}, {1, 5, 35, 285}};
  nlrmt_params p = network("identity", &none, 100, 100, 3, square);
  nlrmt_depth_layer x[3];
  double moment[5], sum = 1 + 100 / 130.0;
  solve(&p, 3, NULL, x);
  for (int l = 0; l < 3; l++) {
    nlrmt_law_moments(x[l].law, 4, moment);
    for (int k = 1; k <= 4; k++)
      CHECK(fabs(moment[k] / catalan[l][k - 1] - 1) < 1e-6, "layer %d, moment %d: %.12g, %g", l + 1,
            k, moment[k], catalan[l][k - 1]);
  }
  nlrmt_depth_clear(3, x);
  p = network("identity", &none, 100, 130, 3, any);
  solve(&p, 3, NULL, x);
  for (int l = 0; l < 3; l++) {
    sum += 100.0 / (double)any[l];
    nlrmt_law_moments(x[l].law, 2, moment);
    CHECK(fabs(moment[2] / sum - 1) < 1e-10, "layer %d: %.15g, %.15g", l + 1, moment[2], sum);
  }
  nlrmt_depth_clear(3, x);
}

static double normal_density(double x) {
  return exp(-x * x / 2) / sqrt(2 * M_PI);
}

/* h, eta, zeta of a smooth f at b by the trapezoidal rule, to about 1e-12. */
static void row(const nlrmt_activation *f, double sigma_z, double b, double *h, double *eta,
                double *zeta) {
  double square = 0, slope = 0;
  *h = 0;
  for (double n = -9; n <= 9; n += 0.05) {
    const double w = 0.05 * normal_density(n), y = nlrmt_activation_eval(f, sigma_z * n + b);
    *h += w * y, square += w * y * y, slope += w * n * y;
  }
  *eta = square - *h * *h, *zeta = slope * slope;
}

/* Averages of h^2, eta, eta^2, zeta, h over b ~ N(0, sigma^2). */
static void averages(const nlrmt_activation *f, double sigma_z, double sigma, double mean[5]) {
  memset(mean, 0, 5 * sizeof *mean);
  for (double n = -9; n <= 9; n += 0.05) {
    double h, eta, zeta, w = 0.05 * normal_density(n);
    row(f, sigma_z, sigma * n, &h, &eta, &zeta);
    mean[0] += w * h * h, mean[1] += w * eta, mean[2] += w * eta * eta;
    mean[3] += w * zeta, mean[4] += w * h;
  }
}

/* q, r and the second moment, by integrals that share no code with the nodes; and the law's own. */
static void check_moments(bool batch_norm) {
  const int64_t width[LAYERS] = {150, 300, 90, 200};
  nlrmt_params p = network("softplus", &normal, 200, 260, LAYERS, width);
  p.sigma_w = 1.3, p.sigma_x = 0.8, p.batch_norm = batch_norm;
  nlrmt_depth_layer x[LAYERS];
  solve(&p, LAYERS, NULL, x);
  double q = 0.64, r = 0, spread = 200 / 260.0; /* of S */
  for (int l = 0; l < LAYERS; l++) {
    const double shift = sqrt(0.25 + 1.69 * r), rho = 200.0 / (double)width[l];
    double mean[5], moment[3], c2 = 1;
    averages(&p.mixture.f[0], 1.3 * sqrt(q), shift, mean);
    if (!batch_norm) {
      nlrmt_theta theta;
      nlrmt_error err = {0};
      nlrmt_theta_integral(&p.mixture.f[0], 1.3 * sqrt(q), shift, &theta, &err);
      CHECK(err.status == NLRMT_OK && fabs(theta.theta1b / x[l].r - 1) < 1e-11 &&
                fabs((theta.theta1 - theta.theta1b) / x[l].q - 1) < 1e-11,
            "layer %d: q %.15g, r %.15g", l + 1, x[l].q, x[l].r);
    } else {
      c2 = 1 / (mean[1] + mean[0] - mean[4] * mean[4]);
    }
    q = c2 * mean[1], r = c2 * mean[0];
    CHECK(fabs(x[l].q / q - 1) < 1e-10 && fabs(x[l].r / r - 1) < 1e-10, "layer %d: %.12g, %.12g",
          l + 1, x[l].q / q, x[l].r / r);
    const double second = q * q + c2 * c2 * (rho * mean[2] + mean[3] * mean[3] * spread);
    nlrmt_law_moments(x[l].law, 2, moment);
    CHECK(fabs(moment[1] / q - 1) < 1e-10 && fabs(moment[2] / second - 1) < 1e-6,
          "layer %d: moments %.12g, %.12g", l + 1, moment[1] / q, moment[2] / second);
    CHECK(fabs(x[l].of.c2 / c2 - 1) < 1e-10, "layer %d: c2 %g, %g", l + 1, x[l].of.c2, c2);
    spread = moment[2] / (q * q) - 1;
  }
  nlrmt_depth_clear(LAYERS, x);
}

/* Nodes of smoothed biases: E h^2 and E eta under the density of b + sigma N. */
static void check_sums(const nlrmt_bias *bias, const char *what) {
  nlrmt_activation f;
  nlrmt_nodes nodes;
  nlrmt_error err = {0};
  const double sigma = 0.4, half = sqrt(3) * bias->sigma;
  nlrmt_activation_init(&f, "tanh", 1, &err);
  CHECK(nlrmt_nodes_of_sum(&f, 1.2, bias, sigma, &nodes, &err) == NLRMT_OK, "%s", err.text);
  double found[2] = {0}, want[2] = {0};
  for (size_t k = 0; k < nodes.count; k++) {
    found[0] += nodes.weight[k] * nodes.h[k] * nodes.h[k];
    found[1] += nodes.weight[k] * nodes.eta[k];
  }
  for (double b = -7; b <= 7; b += 0.02) {
    double h, eta, zeta, density;
    if (bias->law == NLRMT_BIAS_UNIFORM)
      density = (erf((b + half) / sigma / M_SQRT2) - erf((b - half) / sigma / M_SQRT2)) / 4 / half;
    else
      density = ((1 - bias->p) * normal_density(b / sigma) +
                 bias->p * normal_density((b - bias->sigma) / sigma)) /
                sigma;
    row(&f, 1.2, b, &h, &eta, &zeta);
    want[0] += 0.02 * density * h * h, want[1] += 0.02 * density * eta;
  }
  CHECK(fabs(found[0] / want[0] - 1) < 1e-10 && fabs(found[1] / want[1] - 1) < 1e-10,
        "%s: %.12g, %.12g", what, found[0] / want[0], found[1] / want[1]);
  nlrmt_nodes_clear(&nodes);
  nlrmt_nodes_of_sum(&f, 1.2, bias, 1e-12, &nodes, &err);
  nlrmt_nodes plain;
  nlrmt_nodes_of_law(&f, 1.2, bias, &plain, &err);
  CHECK(nodes.count == plain.count && nodes.eta[0] == plain.eta[0], "%s: negligible", what);
  nlrmt_nodes_clear(&nodes);
  nlrmt_nodes_clear(&plain);
}

/* By name, from any layer; M as K; the training error as an integral over the law. */
static void check_names(void) {
  const int64_t width[3] = {150, 500, 90};
  nlrmt_params p = network("relu", &coin, 200, 300, 3, width);
  nlrmt_depth_layer x[3];
  nlrmt_law *law;
  nlrmt_law_eta eta;
  nlrmt_error err = {0};
  double gamma = 0.3, found, want = 0;
  p.data.source = NLRMT_SOURCE_DISCRETE, p.data.count = 2, p.data.values[0] = 0.5,
  p.data.values[1] = 2;
  p.gammas = 1, p.gamma = &gamma, p.sigma_eps = 0.7;
  solve(&p, 3, NULL, x);
  const nlrmt_params middle = nlrmt_params_layer(&p, 2), last = nlrmt_params_layer(&middle, 3);
  CHECK(last.n0 == 500 && last.n1 == 90 && last.phi == 2.5, "n0 %lld", (long long)last.n0);
  CHECK(nlrmt_laws_solve(&last, "depth", 0, &law, &eta, &err) == NLRMT_OK, "%s", err.text);
  CHECK(difference(x[2].law, law, 1) == 0 && eta.mean == x[2].q, "%g",
        difference(x[2].law, law, 1));
  CHECK(nlrmt_laws_ridge(&last, "depth", 0, &found, &err) == NLRMT_OK, "%s", err.text);
  const double end = right_edge(law), step = end / 50000;
  want = gamma * gamma / (end + gamma) / (end + gamma); /* by parts */
  for (double at = step / 2; at < end; at += step)
    want += step * 2 * gamma * gamma / pow(at + gamma, 3) * nlrmt_law_cdf(law, at);
  CHECK(fabs(found / (0.49 * want) - 1) < 1e-6, "ridge %.12g, %.12g", found, 0.49 * want);
  nlrmt_law_destroy(&law);
  p.matrix = NLRMT_SPECTRUM_M;
  nlrmt_params of_m = nlrmt_params_layer(&p, 3);
  CHECK(nlrmt_laws_solve(&of_m, "depth", 0, &law, &eta, &err) == NLRMT_OK, "%s", err.text);
  for (double at = 0.05; at < end; at += end / 50) /* F_K = 1 - (n1/m)(1 - F_M) */
    CHECK(fabs(1 - nlrmt_law_cdf(x[2].law, at) - 0.45 * (1 - nlrmt_law_cdf(law, at * 0.45))) < 1e-9,
          "M at %g", at);
  nlrmt_law_destroy(&law);
  nlrmt_depth_clear(3, x);
  nlrmt_laws_solve(&last, "depth_b", 0, &law, &eta, &err);
  CHECK(err.status == NLRMT_ERR_CONFIG && strstr(err.text, "depth_b"), "%s", err.text);
}

static void refused(const nlrmt_params *p, int layers, const char *key, const char *word) {
  static nlrmt_depth_layer x[NLRMT_LAYERS_MAX];
  nlrmt_error err = {0};
  CHECK(nlrmt_depth_solve(p, layers, NULL, 0, x, &err) == NLRMT_ERR_CONFIG &&
            strncmp(err.text, key, strlen(key)) == 0 && strstr(err.text, word),
        "%d %s", err.status, err.text);
  nlrmt_depth_clear(layers, x);
}

static void check_errors(void) {
  int64_t width[20];
  for (int l = 0; l < 20; l++) width[l] = 100;
  nlrmt_params p = network("cubic", &none, 100, 100, 20, width);
  p.sigma_w = 1e10; /* variances 15 1e60, 15^4 1e240 */
  refused(&p, 20, "model.sigma_w", "layer 2");
  p.sigma_w = 1e-10;
  refused(&p, 20, "model.sigma_w", "layer 2");
  p = network("\"1 + 0*x\"", &none, 100, 100, 3, width);
  p.batch_norm = true;
  refused(&p, 3, "model.batch_norm", "layer 1");
  p = network("\"max(x,0) + b*tanh(x)\"", &normal, 100, 100, 2, width);
  refused(&p, 2, "theory.laws", "mentions b");
}

/* depth_b given what the limit says on average is depth. */
static void check_given_quantiles(void) {
  enum { ROWS = 4000 };
  const int64_t width[2] = {ROWS, ROWS};
  nlrmt_params p = network("relu", &normal, 3000, 4000, 2, width);
  nlrmt_depth_layer limit[2], x[2];
  static double mean[2][ROWS];
  solve(&p, 2, NULL, limit);
  for (int l = 0; l < 2; l++) {
    const double sigma = sqrt(0.25 + (l ? limit[0].r : 0));
    for (int a = 0; a < ROWS; a++) { /* normal quantiles, by Newton */
      double t = 0, share = (a + 0.5) / ROWS;
      for (int k = 0; k < 60; k++)
        t -= fmax(-0.5, fmin(0.5, (0.5 * erfc(-t / M_SQRT2) - share) / normal_density(t)));
      mean[l][a] = sigma * t;
    }
  }
  const nlrmt_depth_given given[2] = {{ROWS, mean[0], 1}, {ROWS, mean[1], limit[0].q}};
  solve(&p, 2, given, x);
  for (int l = 0; l < 2; l++)
    CHECK(difference(limit[l].law, x[l].law, 1) < 2e-4 && fabs(x[l].r / limit[l].r - 1) < 1e-3,
          "layer %d: %g, r %g %g", l + 1, difference(limit[l].law, x[l].law, 1), x[l].r,
          limit[l].r);
  nlrmt_depth_clear(2, limit);
  nlrmt_depth_clear(2, x);
}

/* Y <- f(W Y + b), n rows from `rows`, component by row; the preactivations' row means, and the
 * input's variance about its own. */
static void advance(const nlrmt_params *p, int trial, int layer, const nlrmt_bias *bias, size_t m,
                    size_t rows, size_t n, double *y, double *mean, double *variance) {
  double *w = malloc(rows * sizeof *w), *z = calloc(n * m, sizeof *z), *b = malloc(m * sizeof *b);
  int *component = malloc(n * sizeof *component);
  nlrmt_mixture_draw(&p->mixture, p->seed, (uint32_t)trial, (uint32_t)layer, 0, n, component);
  *variance = 0;
  for (size_t i = 0; i < rows; i++) {
    double sum = 0, square = 0;
    for (size_t k = 0; k < m; k++) sum += y[i * m + k], square += y[i * m + k] * y[i * m + k];
    *variance += (square - sum * sum / (double)m) / (double)(rows * m);
  }
  for (size_t a = 0; a < n; a++) {
    const nlrmt_stream stream = {p->seed + 1, (uint32_t)trial, (uint32_t)layer, NLRMT_MATRIX_W};
    double *row_a = z + a * m, own;
    nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, sqrt(1 / (double)rows), (uint32_t)a, 0, rows,
                      w);
    nlrmt_bias_draw(bias, p->seed, (uint32_t)trial, (uint32_t)layer, (uint32_t)a, 1, &own);
    for (size_t i = 0; i < rows; i++)
      for (size_t k = 0; k < m; k++) row_a[k] += w[i] * y[i * m + k];
    mean[a] = own;
    for (size_t k = 0; k < m; k++) mean[a] += row_a[k] / (double)m, b[k] = own;
    nlrmt_activation_apply(&p->mixture.f[component[a]], m, b, row_a);
  }
  memcpy(y, z, n * m * sizeof *y);
  free(w);
  free(z);
  free(b);
  free(component);
}

static int ascending(const void *x, const void *y) {
  const double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

/* Eigenvalues of Y Y'/n without the rows' means, [n] ascending. */
static void spectrum(const double *y, size_t m, size_t n, double *lambda) {
  gsl_matrix *gram = gsl_matrix_alloc(n, n);
  gsl_vector_view out = gsl_vector_view_array(lambda, n);
  gsl_eigen_symm_workspace *space = gsl_eigen_symm_alloc(n);
  for (size_t a = 0; a < n; a++)
    for (size_t c = 0; c <= a; c++) {
      double sum = 0, s[2] = {0};
      for (size_t k = 0; k < m; k++)
        sum += y[a * m + k] * y[c * m + k], s[0] += y[a * m + k], s[1] += y[c * m + k];
      gsl_matrix_set(gram, a, c, (sum - s[0] * s[1] / (double)m) / (double)n);
    }
  gsl_eigen_symm(gram, &out.vector, space);
  qsort(lambda, n, sizeof *lambda, ascending);
  gsl_eigen_symm_free(space);
  gsl_matrix_free(gram);
}

/* Drawn networks of two kinds of rows: depth_b is given what it says, depth is the limit. */
static void check_drawn(void) {
  enum { M = 240, N = 120, TRIALS = 3, DEEP = 3 };
  const int64_t width[DEEP] = {N, N, N};
  static double y[2 * N * M], mean[DEEP][N], lambda[DEEP][N];
  double distance[2][DEEP] = {{0}};
  nlrmt_error err = {0};
  nlrmt_params p = network("abs_centred", &normal, M, M, DEEP, width);
  nlrmt_depth_layer limit[DEEP], x[DEEP];
  p.mixture.count = 2, p.mixture.p[0] = 0.7, p.mixture.p[1] = 0.3;
  nlrmt_activation_init(&p.mixture.f[1], "leaky_relu(0.9)", 1, &err);
  solve(&p, DEEP, NULL, limit);
  for (int t = 0; t < TRIALS; t++) {
    nlrmt_depth_given given[DEEP];
    for (uint32_t i = 0; i < M; i++)
      nlrmt_rng_entries(&(nlrmt_stream){9, (uint32_t)t, 0, NLRMT_MATRIX_X}, NLRMT_ENTRIES_GAUSSIAN,
                        1, i, 0, M, y + i * M);
    for (int l = 0; l < DEEP; l++) {
      given[l] = (nlrmt_depth_given){N, mean[l], 0};
      advance(&p, t, l, &normal, M, l ? N : M, N, y, mean[l], &given[l].variance);
      spectrum(y, M, N, lambda[l]);
    }
    CHECK(nlrmt_depth_solve(&p, DEEP, given, t, x, &err) == NLRMT_OK, "%s", err.text);
    for (int l = 0; l < DEEP; l++) {
      distance[0][l] += nlrmt_distance_wasserstein1(limit[l].law, M - N, N, lambda[l]) / TRIALS;
      distance[1][l] += nlrmt_distance_wasserstein1(x[l].law, M - N, N, lambda[l]) / TRIALS;
    }
    nlrmt_depth_clear(DEEP, x);
  }
  for (int l = 0; l < DEEP; l++)
    CHECK(distance[1][l] < 0.03 * limit[l].q && distance[1][l] < 0.8 * distance[0][l],
          "layer %d, q %.3f: W1 %.4f to depth_b, %.4f to depth", l + 1, limit[l].q, distance[1][l],
          distance[0][l]);
  nlrmt_depth_clear(DEEP, limit);
}

int main(void) {
  check_drawn();
  check_first_layers();
  check_isospectral();
  check_products();
  check_moments(false);
  check_moments(true);
  check_sums(&coin, "coin");
  check_sums(&even, "uniform");
  check_names();
  check_errors();
  check_given_quantiles();
  return check_end("test_depth", 0);
}
