/* Piccolo-Schroeder's parameters: double integral and series against closed forms, against each
 * other and against the averages over the nodes of mu_B. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "nlrmt/moments.h"
#include "nlrmt/theta.h"

static nlrmt_activation activation(const char *name) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  CHECK(nlrmt_activation_init(&f, name, 1, &err) == NLRMT_OK, "%s", err.text);
  return f;
}

static void check_values(const char *what, const nlrmt_theta *x, double theta1, double theta1b,
                         double theta2) {
  const double rounding = 3e-13 * theta1;
  CHECK(fabs(x->theta1 - theta1) <= rounding, "%s: theta1 %.16g, %.16g", what, x->theta1, theta1);
  CHECK(fabs(x->theta1b - theta1b) <= rounding + 2 * x->error_theta1b,
        "%s: theta1b %.16g +- %.1e, %.16g", what, x->theta1b, x->error_theta1b, theta1b);
  CHECK(fabs(x->theta2 - theta2) <= rounding + 2 * x->error_theta2,
        "%s: theta2 %.16g +- %.1e, %.16g", what, x->theta2, x->error_theta2, theta2);
}

static void compute(const nlrmt_activation *f, double sigma_z, double sigma_b,
                    nlrmt_theta *integral, nlrmt_theta *series) {
  nlrmt_error err = {0};
  CHECK(nlrmt_theta_integral(f, sigma_z, sigma_b, integral, &err) == NLRMT_OK, "%s", err.text);
  CHECK(nlrmt_theta_series(f, sigma_z, sigma_b, series, &err) == NLRMT_OK, "%s", err.text);
}

/* With s^2 = sigma_z^2 + sigma_b^2 and correlation c = sigma_b^2/s^2 of the two arguments. */
static void check_closed_forms(double sz, double sb) {
  const double s2 = sz * sz + sb * sb, c = sb * sb / s2, root = sqrt(1 - c * c);
  const double angle = asin(c), arc = (root + c * (M_PI_2 + angle)) / (2 * M_PI);
  const struct {
    const char *name;
    double theta1, theta1b, theta2;
  } known[] = {
      {"identity", s2, sb * sb, sz * sz},
      {"sign", 1, 2 * angle / M_PI, 2 / M_PI * sz * sz / (s2 * root)},
      {"step", 0.5, 0.25 + angle / (2 * M_PI), sz * sz / (2 * M_PI * s2 * root)},
      {"relu", s2 / 2, s2 * arc, sz * sz * (0.25 + angle / (2 * M_PI))},
      {"abs", s2, 2 * s2 * (root + c * angle) / M_PI, sz * sz * 2 * angle / M_PI},
      {"cubic", 15 * s2 * s2 * s2, s2 * s2 * s2 * (9 * c + 6 * c * c * c),
       sz * sz * 9 * s2 * s2 * (1 + 2 * c * c)},
      {"erf", 2 / M_PI * asin(2 * s2 / (1 + 2 * s2)), 2 / M_PI * asin(2 * sb * sb / (1 + 2 * s2)),
       sz * sz * 4 / M_PI / sqrt((1 + 2 * s2) * (1 + 2 * s2) - 4 * sb * sb * sb * sb)},
  };
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    const nlrmt_activation f = activation(known[k].name);
    nlrmt_theta integral, series;
    compute(&f, sz, sb, &integral, &series);
    check_values(f.name, &integral, known[k].theta1, known[k].theta1b, known[k].theta2);
    check_values(f.name, &series, known[k].theta1, known[k].theta1b, known[k].theta2);
    const double small = 1e-12 * known[k].theta1;
    CHECK(integral.error_theta1b <= small && integral.error_theta2 <= small, "%s: %g %g", f.name,
          integral.error_theta1b, integral.error_theta2);
    if (sb <= 4 * sz)
      CHECK(series.error_theta1b <= small && series.error_theta2 <= small, "%s %g %g: %g %g",
            f.name, sz, sb, series.error_theta1b, series.error_theta2);
  }
}

/* theta1 - theta1b = E eta, theta1b = E h^2, theta2 = E zeta. */
static void check_nodes(const char *name, double sz, double sb) {
  const nlrmt_activation f = activation(name);
  const nlrmt_bias bias = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = sb};
  nlrmt_nodes nodes, mean;
  nlrmt_error err = {0};
  CHECK(nlrmt_nodes_of_law(&f, sz, &bias, &nodes, &err) == NLRMT_OK, "%s", err.text);
  CHECK(nlrmt_nodes_average(&nodes, &mean, &err) == NLRMT_OK, "%s", err.text);
  const double h2 = mean.h[0] * mean.h[0];
  nlrmt_theta integral, series;
  compute(&f, sz, sb, &integral, &series);
  check_values(name, &integral, mean.eta[0] + h2, h2, mean.zeta[0]);
  check_values(name, &series, mean.eta[0] + h2, h2, mean.zeta[0]);
  nlrmt_nodes_clear(&nodes);
  nlrmt_nodes_clear(&mean);
}

/* Eq. 10 prints sigma_z where eq. 5, its limit without bias, has sigma_z^2. */
static void check_misprint(void) {
  const nlrmt_activation f = activation("tanh");
  const double sz = 2;
  double h, eta, zeta;
  nlrmt_theta tiny, none;
  nlrmt_error err = {0};
  nlrmt_moments_at(&f, sz, 0, &h, &eta, &zeta, &err);
  CHECK(nlrmt_theta_integral(&f, sz, 1e-3, &tiny, &err) == NLRMT_OK, "%s", err.text);
  CHECK(fabs(tiny.theta2 - zeta) < 1e-6, "%g, eq. 5 %g", tiny.theta2, zeta);
  CHECK(fabs(tiny.theta2 / sz - zeta) > 0.1, "as printed: %g", tiny.theta2 / sz);
  CHECK(nlrmt_theta_series(&f, sz, 0, &none, &err) == NLRMT_OK && none.terms == 1, "%d",
        none.terms);
  check_values("no bias", &none, eta, 0, zeta);
}

/* The terms fall by tau = sigma_b^2/(sigma_z^2 + sigma_b^2), kink or not; cut short, the estimate
 * of the rest holds. */
static void check_series(void) {
  const char *names[] = {"relu", "sign", "tanh", "cubic"};
  for (int k = 0; k < 4; k++) {
    const nlrmt_activation f = activation(names[k]);
    nlrmt_theta integral, series;
    compute(&f, 1, 1, &integral, &series);
    CHECK(series.terms > 40 && series.terms < 70, "%s: %d terms", names[k], series.terms);
    compute(&f, 0.5, 4, &integral, &series);
    const double missing = integral.theta1b - series.theta1b, claimed = series.error_theta1b;
    CHECK(series.terms == 800 && claimed > 1e-10 * series.theta1, "%s: %d terms, %g", names[k],
          series.terms, claimed);
    CHECK(missing > claimed / 3 && missing < claimed * 1.1, "%s: rest %g, estimate %g", names[k],
          missing, claimed);
  }
}

static void check_bad_input(void) {
  const nlrmt_activation f = activation("tanh");
  const double bad[][2] = {{0, 1}, {-1, 1}, {NAN, 1}, {INFINITY, 1}, {1, -1}, {1, NAN}};
  nlrmt_status (*const compute_by[])(const nlrmt_activation *, double, double, nlrmt_theta *,
                                     nlrmt_error *) = {nlrmt_theta_integral, nlrmt_theta_series};
  nlrmt_theta x;
  for (int m = 0; m < 2; m++) {
    for (int k = 0; k < 6; k++) {
      nlrmt_error err = {0};
      CHECK(compute_by[m](&f, bad[k][0], bad[k][1], &x, &err) == NLRMT_ERR_CONFIG &&
                strstr(err.text, "sigma"),
            "%g %g: %s", bad[k][0], bad[k][1], err.text);
    }
  }
  const nlrmt_activation family = activation("\"max(x,0)+b*tanh(x)\"");
  for (int m = 0; m < 2; m++) {
    nlrmt_error err = {0};
    CHECK(compute_by[m](&family, 1, 1, &x, &err) == NLRMT_ERR_CONFIG && strstr(err.text, "z + b"),
          "%s", err.text);
  }
  nlrmt_error err = {0};
  CHECK(nlrmt_theta_integral(&f, 1, 1e3, &x, &err) == NLRMT_ERR_CONFIG &&
            strstr(err.text, "converge"),
        "%s", err.text);
}

int main(void) {
  check_closed_forms(1, 0.25);
  check_closed_forms(1, 1);
  check_closed_forms(0.5, 2);
  check_closed_forms(2, 0.5);
  check_nodes("tanh", 1, 0.25);
  check_nodes("tanh", 3, 2);
  check_nodes("gelu", 0.7, 1);
  check_nodes("softplus", 1, 1);
  check_nodes("sin", 1.5, 1);
  check_nodes("relu", 1, 1);
  check_nodes("leaky_relu(-0.3)", 1, 0.5);
  check_misprint();
  check_series();
  check_bad_input();
  return check_end("test_theta", 0);
}
