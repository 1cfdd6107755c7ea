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

int main(void) {
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
