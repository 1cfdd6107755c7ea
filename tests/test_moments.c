/* h, eta, zeta against closed forms; nodes of laws and of realised biases against their averages.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/moments.h"

static double gauss(double x) {
  return exp(-x * x / 2) / sqrt(2 * M_PI);
}
static double gauss_cdf(double x) {
  return erfc(-x / M_SQRT2) / 2;
}

static nlrmt_activation activation(const char *name, double s) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  CHECK(nlrmt_activation_init(&f, name, s, &err) == NLRMT_OK, "%s", err.text);
  return f;
}

/* E f, E f^2, E[N f] in closed form, x = s N + b. */
typedef void exact_moments(double s, double b, double *mean, double *square, double *slope);

static void exact_relu(double s, double b, double *mean, double *square, double *slope) {
  const double u = b / s;
  *mean = b * gauss_cdf(u) + s * gauss(u);
  *square = (b * b + s * s) * gauss_cdf(u) + b * s * gauss(u);
  *slope = s * gauss_cdf(u);
}

static void exact_abs(double s, double b, double *mean, double *square, double *slope) {
  const double u = b / s;
  *mean = b * (2 * gauss_cdf(u) - 1) + 2 * s * gauss(u);
  *square = b * b + s * s;
  *slope = s * (2 * gauss_cdf(u) - 1);
}

static void exact_sign(double s, double b, double *mean, double *square, double *slope) {
  *mean = 2 * gauss_cdf(b / s) - 1;
  *square = 1;
  *slope = 2 * gauss(b / s);
}

static void exact_cubic(double s, double b, double *mean, double *square, double *slope) {
  const double s2 = s * s, b2 = b * b;
  *mean = b * (b2 + 3 * s2);
  *square = b2 * b2 * b2 + 15 * b2 * b2 * s2 + 45 * b2 * s2 * s2 + 15 * s2 * s2 * s2;
  *slope = 3 * s * (s2 + b2);
}

static void exact_sin(double s, double b, double *mean, double *square, double *slope) {
  *mean = sin(b) * exp(-s * s / 2);
  *square = (1 - cos(2 * b) * exp(-2 * s * s)) / 2;
  *slope = s * cos(b) * exp(-s * s / 2);
}

static void exact_identity(double s, double b, double *mean, double *square, double *slope) {
  *mean = b;
  *square = b * b + s * s;
  *slope = s;
}

static void check_closed_forms(void) {
  static const struct {
    const char *name;
    exact_moments *exact;
  } cases[] = {{"relu", exact_relu},   {"abs", exact_abs}, {"sign", exact_sign},
               {"cubic", exact_cubic}, {"sin", exact_sin}, {"identity", exact_identity}};
  static const double scales[] = {0.05, 1, 1.7, 6}, biases[] = {-2.5, -1e-3, 0, 0.4, 7};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    for (int i = 0; i < 20; i++) {
      const double s = scales[i % 4], b = biases[i / 4];
      const nlrmt_activation f = activation(cases[c].name, 1);
      double h, eta, zeta, mean, square, slope;
      nlrmt_error err = {0};
      CHECK(nlrmt_moments_at(&f, s, b, &h, &eta, &zeta, &err) == NLRMT_OK, "%s", err.text);
      cases[c].exact(s, b, &mean, &square, &slope);
      const double size = square + 1e-300;
      CHECK(fabs(h - mean) < 1e-12 * sqrt(size), "%s s=%g b=%g: h %.15g, exact %.15g",
            cases[c].name, s, b, h, mean);
      CHECK(fabs(zeta - slope * slope) < 1e-12 * size, "%s s=%g b=%g: zeta %.15g, exact %.15g",
            cases[c].name, s, b, zeta, slope * slope);
      CHECK(fabs(eta + h * h - square) < 1e-12 * size, "%s s=%g b=%g: E f^2 %.15g, exact %.15g",
            cases[c].name, s, b, eta + h * h, square);
      CHECK(zeta >= 0 && zeta <= eta, "%s s=%g b=%g: zeta %g eta %g", cases[c].name, s, b, zeta,
            eta);
    }
}

/* E erf(sN + b) = erf(b/sqrt(1 + 2s^2)); Hermite functions are orthonormal; affine f has
 * zeta = eta, an even one zeta = 0, exactly; abs_centred is normalised; steep functions. */
static void check_special(void) {
  nlrmt_error err = {0};
  double h, eta, zeta;
  nlrmt_activation f = activation("erf", 1);
  for (double s = 0.1; s < 200; s *= 3) {
    CHECK(nlrmt_moments_at(&f, s, 0.7, &h, &eta, &zeta, &err) == NLRMT_OK, "%s", err.text);
    CHECK(fabs(h - erf(0.7 / sqrt(1 + 2 * s * s))) < 1e-12, "erf s=%g: h=%.15g", s, h);
  }
  for (int k = 1; k <= 32; k++) {
    char name[32];
    snprintf(name, sizeof name, "hermite(%d)", k);
    f = activation(name, 1);
    CHECK(nlrmt_moments_at(&f, 1, 0, &h, &eta, &zeta, &err) == NLRMT_OK, "%s", err.text);
    CHECK(fabs(h) < 1e-11 && fabs(eta - 1) < 1e-11 && fabs(zeta - (k == 1)) < 1e-11,
          "%s: h=%g eta-1=%g zeta=%g", name, h, eta - 1, zeta);
  }
  f = activation("identity", 1);
  nlrmt_moments_at(&f, 1.3, 40, &h, &eta, &zeta, &err);
  CHECK(eta == zeta && fabs(eta - 1.69) < 1e-12, "identity: eta=%.17g zeta=%.17g", eta, zeta);
  f = activation("abs_centred", 1.2);
  nlrmt_moments_at(&f, 1.2, 0, &h, &eta, &zeta, &err);
  CHECK(fabs(h) < 1e-13 && fabs(eta - 1) < 1e-13 && zeta == 0, "abs_centred: %g %g %g", h, eta - 1,
        zeta);
  f = activation("relu", 1); /* h = O(phi), eta - zeta = 1e-4 or so of both */
  nlrmt_moments_at(&f, 1, -6, &h, &eta, &zeta, &err);
  double mean, square, slope;
  exact_relu(1, -6, &mean, &square, &slope);
  CHECK(fabs(zeta / (slope * slope) - 1) < 1e-12, "dead relu: zeta=%g", zeta);
}

static double average(const nlrmt_nodes *n, const double *x, const double *y) {
  double sum = 0;
  for (size_t k = 0; k < n->count; k++) sum += n->weight[k] * x[k] * (y ? y[k] : 1);
  return sum;
}

/* Over b ~ N(0, sb^2): E h = E f(N(0, s^2 + sb^2)), E[eta + h^2] = E f^2. */
static void check_laws(void) {
  static const double sigmas[] = {0.1, 1, 5};
  for (int i = 0; i < 3; i++) {
    const double s = hypot(1.2, sigmas[i]);
    nlrmt_bias bias = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = sigmas[i]};
    nlrmt_activation f = activation("relu", 1);
    nlrmt_nodes n;
    nlrmt_error err = {0};
    CHECK(nlrmt_nodes_of_law(&f, 1.2, &bias, &n, &err) == NLRMT_OK, "%s", err.text);
    CHECK(fabs(average(&n, n.h, NULL) - s / sqrt(2 * M_PI)) < 1e-12 * s, "E h, sigma_b=%g",
          sigmas[i]);
    CHECK(fabs(average(&n, n.eta, NULL) + average(&n, n.h, n.h) - s * s / 2) < 1e-12 * s * s,
          "E f^2, sigma_b=%g", sigmas[i]);
    nlrmt_nodes mean;
    CHECK(nlrmt_nodes_average(&n, &mean, &err) == NLRMT_OK, "%s", err.text);
    CHECK(mean.count == 1 && mean.weight[0] == 1 && mean.eta[0] == average(&n, n.eta, NULL) &&
              fabs(mean.h[0] * mean.h[0] - average(&n, n.h, n.h)) < 1e-13 * s * s,
          "average node");
    nlrmt_nodes_clear(&mean);
    nlrmt_nodes_clear(&n);
    bias.law = NLRMT_BIAS_UNIFORM;
    f = activation("cubic", 1);
    CHECK(nlrmt_nodes_of_law(&f, 1, &bias, &n, &err) == NLRMT_OK, "%s", err.text);
    const double v = sigmas[i] * sigmas[i], b4 = 9 * v * v / 5; /* E b^2, E b^4 */
    CHECK(fabs(average(&n, n.eta, NULL) / (15 + 36 * v + 9 * b4) - 1) < 1e-12,
          "uniform biases of a cubic: E eta=%.15g", average(&n, n.eta, NULL));
    nlrmt_nodes_clear(&n);
  }
  const nlrmt_bias two = {.law = NLRMT_BIAS_BERNOULLI, .sigma = 2, .p = 0.3};
  const nlrmt_activation f = activation("relu", 1);
  nlrmt_nodes n;
  nlrmt_error err = {0};
  double h, eta, zeta;
  CHECK(nlrmt_nodes_of_law(&f, 1, &two, &n, &err) == NLRMT_OK, "%s", err.text);
  nlrmt_moments_at(&f, 1, 2, &h, &eta, &zeta, &err);
  CHECK(n.count == 2 && n.weight[1] == 0.3 && fabs(n.eta[1] - eta) < 1e-14 &&
            fabs(n.h[1] - h) < 1e-14 && fabs(n.zeta[1] - zeta) < 1e-14,
        "Bernoulli: %zu nodes", n.count);
  nlrmt_nodes_clear(&n);
}

static void check_biases(void) {
  enum { N1 = 2000 };
  double b[N1];
  for (int k = 0; k < N1; k++) b[k] = k < 500 ? 0.25 : sin(3.7 * k) * 4;
  const nlrmt_activation f = activation("tanh", 1);
  nlrmt_nodes n;
  nlrmt_error err = {0};
  CHECK(nlrmt_nodes_of_biases(&f, 0.8, N1, b, &n, &err) == NLRMT_OK, "%s", err.text);
  CHECK(n.count == N1 - 499, "equal biases merge: %zu nodes", n.count);
  double sum = 0, direct = 0;
  for (size_t k = 0; k < n.count; k++) sum += n.weight[k];
  for (int k = 0; k < N1; k += 10) {
    double h, eta, zeta;
    nlrmt_moments_at(&f, 0.8, b[k], &h, &eta, &zeta, &err);
    double nearest = INFINITY;
    for (size_t i = 0; i < n.count; i++)
      nearest = fmin(nearest, fabs(n.h[i] - h) + fabs(n.eta[i] - eta) + fabs(n.zeta[i] - zeta));
    direct = fmax(direct, nearest);
  }
  CHECK(fabs(sum - 1) < 1e-13 && direct < 1e-12, "weights sum to 1%+g, error %g", sum - 1, direct);
  nlrmt_nodes_clear(&n);
}

static void check_refusals(void) {
  const nlrmt_activation f = activation("relu", 1);
  const double bad[] = {0, NAN};
  double h, eta, zeta;
  nlrmt_nodes n;
  nlrmt_error err = {0};
  CHECK(nlrmt_moments_at(&f, 0, 0, &h, &eta, &zeta, &err) == NLRMT_ERR_CONFIG, "sigma_z = 0");
  err = (nlrmt_error){0};
  CHECK(nlrmt_moments_at(&f, INFINITY, 0, &h, &eta, &zeta, &err) == NLRMT_ERR_CONFIG, "infinite");
  err = (nlrmt_error){0};
  CHECK(nlrmt_nodes_of_biases(&f, 1, 2, bad, &n, &err) == NLRMT_ERR_CONFIG, "bias NaN");
  CHECK(strlen(err.text) > 0 && n.count == 0, "text and no nodes");
  err = (nlrmt_error){0};
  CHECK(nlrmt_nodes_of_biases(&f, 1, 0, bad, &n, &err) == NLRMT_ERR_CONFIG, "no biases");
}

/* A mixture's averages are the averages of its parts'; bad probabilities are refused. */
static void check_mixture(void) {
  nlrmt_nodes part[2] = {{0}, {0}}, mixture = {0}, average = {0};
  nlrmt_error err = {0}, bad = {0}, negative = {0};
  nlrmt_activation identity, hermite;
  nlrmt_activation_init(&identity, "identity", 1, &err);
  nlrmt_activation_init(&hermite, "hermite(2)", 1, &err);
  const nlrmt_bias none = {.law = NLRMT_BIAS_NONE};
  nlrmt_nodes_of_law(&identity, 1, &none, &part[0], &err);
  nlrmt_nodes_of_law(&hermite, 1, &none, &part[1], &err);
  nlrmt_nodes_mix(2, part, (const double[]){0.3, 0.7}, &mixture, &err);
  CHECK(err.status == NLRMT_OK && mixture.count == 2, "%s, %zu nodes", err.text, mixture.count);
  nlrmt_nodes_average(&mixture, &average, &err);
  CHECK(fabs(average.eta[0] - 1) < 1e-13 && fabs(average.zeta[0] - 0.3) < 1e-13, "eta %g zeta %g",
        average.eta[0], average.zeta[0]);
  nlrmt_nodes_clear(&mixture);
  nlrmt_nodes_mix(2, part, (const double[]){1, 0}, &mixture, &err);
  CHECK(mixture.count == 1 && mixture.weight[0] == 1, "%zu nodes", mixture.count);
  nlrmt_nodes_clear(&mixture);
  CHECK(nlrmt_nodes_mix(2, part, (const double[]){0.5, 0.4}, &mixture, &bad) == NLRMT_ERR_CONFIG,
        "%s", bad.text);
  CHECK(nlrmt_nodes_mix(2, part, (const double[]){1.5, -0.5}, &mixture, &negative) ==
            NLRMT_ERR_CONFIG,
        "%s", negative.text);
  nlrmt_nodes_clear(&average);
  nlrmt_nodes_clear(&part[0]);
  nlrmt_nodes_clear(&part[1]);
}

/* A steep f under wide biases: E_b of E f^2 is E f^2 under the sum of both variances. */
static void check_steep(double sigma) {
  nlrmt_nodes nodes = {0};
  nlrmt_error err = {0};
  nlrmt_activation f;
  double h, eta, zeta, square = 0;
  nlrmt_activation_init(&f, "hermite(5)", 1, &err);
  const nlrmt_bias bias = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = sigma};
  nlrmt_nodes_of_law(&f, 1, &bias, &nodes, &err);
  nlrmt_moments_at(&f, hypot(1, sigma), 0, &h, &eta, &zeta, &err);
  for (size_t k = 0; k < nodes.count; k++)
    square += nodes.weight[k] * (nodes.eta[k] + nodes.h[k] * nodes.h[k]);
  CHECK(err.status == NLRMT_OK && fabs(square / (eta + h * h) - 1) < 1e-12, "sigma %g: %g %g %s",
        sigma, square, eta + h * h, err.text);
  nlrmt_nodes_clear(&nodes);
}

int main(void) {
  check_closed_forms();
  check_special();
  check_laws();
  check_biases();
  check_refusals();
  check_mixture();
  check_steep(0.25);
  check_steep(3);
  return check_end("test_moments", 0);
}
