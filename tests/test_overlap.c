/* Overlaps of singular vectors against numbers measured in simulations of Gaussian data (mean of 4
 * draws, m = 1200), against sums that must be 1, and where nothing or everything mixes. */
#include "nlrmt/overlap.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

static nlrmt_law *make_law(const nlrmt_law_problem *problem) {
  nlrmt_law *law = NULL;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_create(problem, &law, &err) == NLRMT_OK, "%s", err.text);
  return law;
}

static double map(const nlrmt_law_problem *problem, size_t rows, size_t cols, double *out) {
  nlrmt_error err = {0};
  double balance = NAN;
  nlrmt_law *law = make_law(problem);
  CHECK(nlrmt_overlap_map(problem, law, rows, cols, out, &balance, &err) == NLRMT_OK, "%s",
        err.text);
  nlrmt_law_destroy(&law);
  return balance;
}

/* ReLU, b ~ N(0,1), phi = 1.5, psi = 0.8: rows 1, 3 and 6 of 6; standard error about 1 %. */
static void check_measured(void) {
  static const int row[] = {0, 2, 5};
  static const double measured[3][6] = {{2.73, 1.79, .88, .38, .16, .07},
                                        {.81, 1.14, 1.54, 1.39, .79, .33},
                                        {.19, .25, .39, .67, 1.38, 3.11}};
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_nodes nodes;
  const nlrmt_bias bias = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = 1};
  nlrmt_activation_init(&f, "relu", 1, &err);
  nlrmt_nodes_of_law(&f, 1, &bias, &nodes, &err);
  const nlrmt_law_problem problem = {.phi = 1.5, .psi = 0.8, .nodes = &nodes};
  double out[36];
  const double balance = map(&problem, 6, 6, out);
  CHECK(balance < 1e-6, "balance %.1e", balance);
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 6; c++)
      CHECK(fabs(out[6 * row[r] + c] - measured[r][c]) < 0.016,
            "row %d column %d: %.4f, measured %.2f", row[r] + 1, c + 1, out[6 * row[r] + c],
            measured[r][c]);
  nlrmt_nodes_clear(&nodes);
}

typedef struct {
  double phi, psi, eta[2], zeta[2];
  double tolerance;
} set;

/* Atoms of S (phi < 1), of K (few rows), of both; several bulks. The rows' sums take the value at
 * the atom from z = i0 and everything else from the density: nothing makes them 1 but the
 * equations. */
static void check_sums(const set *p) {
  double weight[] = {0.6, 0.4}, h[] = {0, 0}, out[35];
  double eta[] = {p->eta[0], p->eta[1]}, zeta[] = {p->zeta[0], p->zeta[1]};
  const nlrmt_nodes nodes = {2, weight, h, eta, zeta};
  nlrmt_law_problem problem = {.phi = p->phi, .psi = p->psi, .nodes = &nodes};
  double balance = map(&problem, 5, 7, out);
  CHECK(balance < p->tolerance, "phi=%g psi=%g: i.i.d. data, balance %.1e", p->phi, p->psi,
        balance);
  double value[] = {0, 0.3, 1, 2}, share[] = {0.2, 0.3, 0.3, 0.2};
  nlrmt_data_law data;
  nlrmt_error err = {0};
  nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, 4, value, share, &data, NULL, &err);
  problem.data = &data;
  balance = map(&problem, 5, 7, out);
  CHECK(balance < p->tolerance, "phi=%g psi=%g: 4 points, balance %.1e", p->phi, p->psi, balance);
  data.kind = NLRMT_DATA_POPULATION;
  balance = map(&problem, 5, 7, out);
  CHECK(balance < p->tolerance, "phi=%g psi=%g: population, balance %.1e", p->phi, p->psi, balance);
  nlrmt_data_law_clear(&data);
}

/* zeta = 0: F knows nothing of X's directions, every overlap is 1. */
static void check_nothing(void) {
  double weight = 1, h = 0, eta = 2, zeta = 0, out[12];
  const nlrmt_nodes nodes = {1, &weight, &h, &eta, &zeta};
  const nlrmt_law_problem problem = {.phi = 0.7, .psi = 1.1, .nodes = &nodes};
  map(&problem, 3, 4, out);
  for (int i = 0; i < 12; i++) CHECK(fabs(out[i] - 1) < 1e-9, "entry %d: %.12g", i, out[i]);
}

/* Many more rows than samples: K is a function of X'X, blocks meet their own only. */
static void check_everything(void) {
  double weight = 1, h = 0, eta = 2, zeta = 1, out[9];
  const nlrmt_nodes nodes = {1, &weight, &h, &eta, &zeta};
  const nlrmt_law_problem problem = {.phi = 2, .psi = 0.02, .nodes = &nodes};
  map(&problem, 3, 3, out);
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++)
      CHECK(fabs(out[3 * r + c] - (r == c ? 3 : 0)) < 0.45, "%d %d: %g", r, c, out[3 * r + c]);
}

/* i.i.d. data by their quantiles give the same map as the closed form. */
static void check_quantiles(void) {
  enum { POINTS = 2000 };
  static double value[POINTS];
  double weight = 1, h = 0, one = 1, zero = 0, eta = 1, zeta = 0.5, out[16], same[16];
  nlrmt_error err = {0};
  const nlrmt_data_law identity = {NLRMT_DATA_SPECTRUM, 1, &one, &one};
  const nlrmt_nodes flat = {1, &weight, &h, &one, &zero}, node = {1, &weight, &h, &eta, &zeta};
  const nlrmt_law_problem mp = {.phi = 1, .psi = 1 / 1.5, .nodes = &flat, .data = &identity};
  nlrmt_law *law = make_law(&mp);
  for (int k = 0; k < POINTS; k++) value[k] = nlrmt_law_quantile(law, (k + 0.5) / POINTS);
  nlrmt_law_destroy(&law);
  nlrmt_data_law data;
  nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, POINTS, value, NULL, &data, NULL, &err);
  nlrmt_law_problem problem = {.phi = 1.5, .psi = 0.8, .nodes = &node};
  map(&problem, 4, 4, out);
  problem.data = &data;
  map(&problem, 4, 4, same);
  for (int i = 0; i < 16; i++)
    CHECK(fabs(out[i] - same[i]) < 1e-3, "entry %d: %.6g, by quantiles %.6g", i, out[i], same[i]);
  nlrmt_data_law_clear(&data);
}

static void check_errors(void) {
  double weight = 1, h = 0, eta = 2, zeta = 1, out[9];
  const nlrmt_nodes nodes = {1, &weight, &h, &eta, &zeta};
  nlrmt_law_problem problem = {.phi = 2, .psi = 1, .nodes = &nodes};
  nlrmt_law *law = make_law(&problem);
  nlrmt_error err = {0};
  CHECK(nlrmt_overlap_map(&problem, law, 0, 3, out, NULL, &err) == NLRMT_ERR_CONFIG, "%s",
        err.text);
  problem.of_m = true, err.status = NLRMT_OK;
  CHECK(nlrmt_overlap_map(&problem, law, 3, 3, out, NULL, &err) == NLRMT_ERR_CONFIG, "%s",
        err.text);
  nlrmt_law_destroy(&law);
}

int main(void) {
  const set sets[] = {{1.5, 0.8, {1, 2}, {0.5, 0.3}, 1e-6}, {0.6, 0.3, {1, 2}, {0.5, 0.3}, 1e-6},
                      {1.5, 2.5, {1, 2}, {0.5, 0.3}, 1e-6}, {0.4, 1.5, {1, 2}, {0.5, 0.3}, 1e-6},
                      {1.5, 3.0, {1, 40}, {0.5, 30}, 1e-6}, {0.5, 0.4, {1, 2}, {1, 2}, 1e-6}};
  check_measured();
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) check_sums(&sets[i]);
  check_nothing();
  check_everything();
  check_quantiles();
  check_errors();
  return check_end("test_overlap", 0);
}
