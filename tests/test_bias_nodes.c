/* The nodes of the biases' laws: moments in closed form; no weight is 0. */
#include "nlrmt/bias_nodes.h"

#include <math.h>

#include "check.h"

/* E b^k for even k up to 22, where both rules are exact. */
static double exact(const nlrmt_bias *bias, int k) {
  double value = 1;
  if (bias->law == NLRMT_BIAS_UNIFORM) return pow(sqrt(3) * bias->sigma, k) / (k + 1);
  for (int i = k - 1; i > 0; i -= 2) value *= i;
  return value * pow(bias->sigma, k);
}

static void check_rule(nlrmt_bias_law law) {
  const nlrmt_bias bias = {.law = law, .sigma = 0.7};
  double b[NLRMT_BIAS_NODES_MAX], weight[NLRMT_BIAS_NODES_MAX];
  size_t count;
  nlrmt_error err = {0};
  CHECK(nlrmt_bias_nodes(&bias, b, weight, &count, &err) == NLRMT_OK && count == NLRMT_BIAS_NODES,
        "%zu nodes", count);
  for (int k = 0; k < 2 * NLRMT_BIAS_NODES; k++) {
    double even = 0, odd = 0;
    for (size_t i = 0; i < count; i++) (k % 2 ? &odd : &even)[0] += weight[i] * pow(b[i], k);
    if (k % 2)
      CHECK(fabs(odd) < 1e-11 * exact(&bias, k + 1), "law %d: E b^%d = %g", law, k, odd);
    else
      CHECK(fabs(even / exact(&bias, k) - 1) < 1e-11, "law %d: E b^%d = %.15g, exactly %.15g", law,
            k, even, exact(&bias, k));
  }
}

static void check_atoms(const nlrmt_bias *bias, size_t expected, double mean) {
  double b[NLRMT_BIAS_NODES_MAX], weight[NLRMT_BIAS_NODES_MAX], sum = 0, first = 0;
  size_t count;
  nlrmt_error err = {0};
  CHECK(nlrmt_bias_nodes(bias, b, weight, &count, &err) == NLRMT_OK && count == expected,
        "law %d: %zu atoms", bias->law, count);
  for (size_t i = 0; i < count; i++) sum += weight[i], first += weight[i] * b[i];
  CHECK(fabs(sum - 1) < 1e-15 && fabs(first - mean) < 1e-15, "sum %.15g, mean %.15g", sum, first);
}

/* The nodes reproduce polynomials of degree below their number at any bias. */
static void check_spread(const nlrmt_bias *bias, const double *x, size_t places) {
  double b[NLRMT_BIAS_NODES_MAX], weight[NLRMT_BIAS_NODES_MAX], share[NLRMT_BIAS_NODES_MAX];
  size_t count;
  nlrmt_error err = {0};
  CHECK(nlrmt_bias_nodes(bias, b, weight, &count, &err) == NLRMT_OK &&
            count == nlrmt_bias_atoms(bias),
        "law %d: %zu nodes", bias->law, count);
  for (size_t i = 0; i < places; i++) {
    nlrmt_bias_nodes_spread(bias, count, b, x[i], share);
    for (size_t k = 0; k < count; k++) {
      double sum = 0, size = 0;
      for (size_t n = 0; n < count; n++) {
        sum += share[n] * pow(b[n], (double)k);
        size += fabs(share[n] * pow(b[n], (double)k));
      }
      CHECK(fabs(sum - pow(x[i], (double)k)) <= 1e-11 * size, "law %d: %g^%zu = %.15g", bias->law,
            x[i], k, sum);
    }
  }
}

int main(void) {
  check_spread(&(nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0.7},
               (double[]){-2.2, -0.1, 0, 0.35, 1.9}, 5);
  check_spread(&(nlrmt_bias){.law = NLRMT_BIAS_UNIFORM, .sigma = 0.7}, (double[]){-1.2, 0.2, 1}, 3);
  check_spread(&(nlrmt_bias){.law = NLRMT_BIAS_BERNOULLI, .sigma = 2, .p = 0.3}, (double[]){0, 2},
               2);
  check_spread(
      &(nlrmt_bias){
          .law = NLRMT_BIAS_DISCRETE, .count = 3, .values = {1, 5, -1}, .weights = {0.5, 0, 0.5}},
      (double[]){1, -1}, 2);
  check_spread(&(nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0}, (double[]){0}, 1);
  check_rule(NLRMT_BIAS_GAUSSIAN);
  check_rule(NLRMT_BIAS_UNIFORM);
  check_atoms(&(nlrmt_bias){.law = NLRMT_BIAS_NONE, .sigma = 1}, 1, 0);
  check_atoms(&(nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0}, 1, 0);
  check_atoms(&(nlrmt_bias){.law = NLRMT_BIAS_BERNOULLI, .sigma = 2, .p = 0.3}, 2, 0.6);
  check_atoms(&(nlrmt_bias){.law = NLRMT_BIAS_BERNOULLI, .sigma = 2, .p = 1}, 1, 2);
  check_atoms(
      &(nlrmt_bias){
          .law = NLRMT_BIAS_DISCRETE, .count = 3, .values = {1, 5, -1}, .weights = {0.5, 0, 0.5}},
      2, 0);
  return check_end("test_bias_nodes", 0);
}
