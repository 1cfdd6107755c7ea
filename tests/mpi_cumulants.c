/* Cycle correlations: the sums over distinct indices against plain loops, and on normal products
 * whose cumulants are known. Serial; under MPI because the linked library is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mpi.h>

#include "check.h"
#include "nlrmt/cumulants.h"
#include "nlrmt/theta.h"

static bool differ(const int64_t *x) {
  return x[0] != x[1] && x[1] != x[2] && x[0] != x[2];
}

/* Means by definition, one loop an index. */
static void by_loops(int64_t r, int64_t c, const double *y, double *product) {
  double sum[NLRMT_PRODUCTS] = {0}, count[NLRMT_PRODUCTS] = {0};
  for (int64_t i = 0; i < r * r * r; i++)
    for (int64_t j = 0; j < c * c * c; j++) {
      int64_t a[3] = {i % r, i / r % r, i / r / r}, b[3] = {j % c, j / c % c, j / c / c};
#define Y(k, l) y[a[k] * c + b[l]]
      double term[NLRMT_PRODUCTS] = {Y(0, 0) * Y(0, 0),
                                     Y(0, 0) * Y(1, 0) * Y(1, 1) * Y(0, 1),
                                     Y(0, 0) * Y(1, 0) * Y(1, 1) * Y(2, 1) * Y(2, 2) * Y(0, 2),
                                     Y(0, 0) * Y(1, 0),
                                     Y(0, 0) * Y(0, 1),
                                     Y(0, 0) * Y(1, 1),
                                     0};
      for (int k = 0; k < NLRMT_PRODUCTS && differ(a) && differ(b); k++)
        sum[k] += term[k], count[k]++;
    }
  for (int k = 0; k < NLRMT_PRODUCTS; k++) product[k] = sum[k] / count[k];
}

static void check_sums(int64_t r, int64_t c) {
  const nlrmt_stream stream = {3, 1, 0, NLRMT_MATRIX_X};
  double *y = malloc((size_t)(r * c) * sizeof *y), *copy = malloc((size_t)(r * c) * sizeof *y);
  double exact[NLRMT_PRODUCTS], product[NLRMT_PRODUCTS];
  nlrmt_error err = {0};
  nlrmt_rng_entries(&stream, NLRMT_ENTRIES_EXPONENTIAL, 1, (uint32_t)(r * c), 0, (size_t)(r * c),
                    y);
  memcpy(copy, y, (size_t)(r * c) * sizeof *y);
  by_loops(r, c, y, exact);
  nlrmt_cumulants_of_block(r, c, y, product, &err);
  CHECK(err.status == NLRMT_OK && memcmp(copy, y, (size_t)(r * c) * sizeof *y) == 0, "block kept");
  for (int k = 0; k < NLRMT_PAIR_ROW_OF_F; k++)
    CHECK(fabs(product[k] - exact[k]) < 1e-11 * (1 + fabs(exact[k])),
          "%d x %d, product %d: %.15g, not %.15g", (int)r, (int)c, k, product[k], exact[k]);
  free(y);
  free(copy);
}

/* f = identity: Y = WX, kappa_k = (sigma_w sigma_x)^(2k) n0^(1-k) without error. With biases the
 * row gives E b^2; and the predictions are theta.h's. */
static void check_known(const char *f, double sigma_b, bool exact) {
  enum { TRIALS = 24 };
  nlrmt_error err = {0};
  nlrmt_params p = {.seed = 5,
                    .trials = TRIALS,
                    .m = 200,
                    .n0 = 40,
                    .n1 = 150,
                    .sigma_w = 1.2,
                    .sigma_x = 0.9,
                    .cumulants = true,
                    .phi = 0.2,
                    .psi = 40.0 / 150};
  p.bias =
      (nlrmt_bias){.law = sigma_b > 0 ? NLRMT_BIAS_GAUSSIAN : NLRMT_BIAS_NONE, .sigma = sigma_b};
  p.mixture.count = 1;
  p.mixture.p[0] = 1;
  nlrmt_activation_init(&p.mixture.f[0], f, hypot(1.08, sigma_b), &err);
  double product[TRIALS * NLRMT_PRODUCTS];
  nlrmt_sample sample = {.done = TRIALS, .product = product};
  nlrmt_cumulants c;
  nlrmt_theta theta;
  for (int t = 0; t < TRIALS; t++)
    nlrmt_cumulants_measure(&p, t, product + t * NLRMT_PRODUCTS, &err);
  nlrmt_cumulants_judge(&p, &sample, &c, &err);
  nlrmt_theta_series(&p.mixture.f[0], 1.08, sigma_b, &theta, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", f, err.text);
  CHECK(fabs(c.theta1 - theta.theta1) + fabs(c.theta1b - theta.theta1b) +
                fabs(c.theta2 - theta.theta2) <
            1e-9,
        "%s: theta %g %g %g", f, c.theta1, c.theta1b, c.theta2);
  for (int k = 0; k < NLRMT_KAPPAS; k++) {
    double bias = exact ? 0 : 3 * c.predicted[k] / sqrt(40.0); /* of finite n0 */
    CHECK(fabs(c.kappa[k] - c.predicted[k]) < 4 * c.se[k] + bias + 1e-12,
          "%s, kappa %d: %.4g +- %.2g, predicted %.4g", f, k, c.kappa[k], c.se[k], c.predicted[k]);
    CHECK(k == 3 || c.se[k] < 0.2 * c.predicted[k], "%s, kappa %d: s.e. %.2g of %.2g", f, k,
          c.se[k], c.predicted[k]); /* else nothing would be tested */
  }
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  check_sums(3, 3);
  check_sums(5, 7);
  check_sums(8, 4);
  check_known("identity", 0, true);
  check_known("identity", 0.7, true);
  check_known("tanh", 0.5, false);
  int status = check_end("mpi_cumulants", rank);
  MPI_Finalize();
  return status;
}
