/* The law's moments from the series against closed forms and against integrals of the density. */
#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>

#include "check.h"
#include "nlrmt/law.h"

enum { K = NLRMT_LAW_MOMENTS };

static nlrmt_law *law_of(double phi, double psi, const nlrmt_nodes *nodes,
                         const nlrmt_data_law *data, bool of_m) {
  const nlrmt_law_problem problem = {phi, psi, nodes, of_m, data};
  nlrmt_law *law = NULL;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_create(&problem, &law, &err) == NLRMT_OK, "%s", err.text);
  return law;
}

static nlrmt_nodes one_node(double *eta, double *zeta) {
  static double weight[] = {1}, h[] = {0};
  return (nlrmt_nodes){1, weight, h, eta, zeta};
}

/* zeta = 0: Marchenko-Pastur, sum over Narayana numbers. */
static void check_marchenko_pastur(double phi, double psi) {
  double eta = 1.3, zeta = 0, moment[K + 1];
  const nlrmt_nodes nodes = one_node(&eta, &zeta);
  nlrmt_law *law = law_of(phi, psi, &nodes, NULL, false);
  nlrmt_law_moments(law, K, moment);
  for (unsigned k = 1; k <= K; k++) {
    double exact = 0;
    for (unsigned i = 1; i <= k; i++)
      exact += gsl_sf_choose(k, i) * gsl_sf_choose(k, i - 1) / k * pow(psi / phi, i - 1);
    exact *= pow(eta, k);
    CHECK(fabs(moment[k] / exact - 1) < 1e-14, "k=%u: %.16g, exact %.16g", k, moment[k], exact);
  }
  nlrmt_law_destroy(&law);
}

/* eta = zeta, phi = psi = 1: Fuss-Catalan numbers binom(3k, k)/(2k + 1). */
static void check_fuss_catalan(void) {
  double one = 1, moment[K + 1];
  const nlrmt_nodes nodes = one_node(&one, &one);
  nlrmt_law *law = law_of(1, 1, &nodes, NULL, false);
  nlrmt_law_moments(law, K, moment);
  for (unsigned k = 0; k <= K; k++) {
    const double exact = gsl_sf_choose(3 * k, k) / (2 * k + 1);
    CHECK(fabs(moment[k] / exact - 1) < 1e-14, "k=%u: %.16g, exact %.16g", k, moment[k], exact);
  }
  nlrmt_law_destroy(&law);
}

/* Integrals of lambda^j over the density, in the angle of each bulk. */
static void integrate(const nlrmt_law *law, double moment[K + 1]) {
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(64);
  for (int j = 1; j <= K; j++) moment[j] = 0;
  moment[0] = nlrmt_law_atom(law);
  for (size_t b = 0; b < nlrmt_law_bulks(law); b++) {
    double l, r, theta, weight;
    nlrmt_law_edges(law, b, &l, &r);
    for (int panel = 0; panel < 32; panel++)
      for (size_t i = 0; i < 64; i++) {
        gsl_integration_glfixed_point(M_PI * panel / 32, M_PI * (panel + 1) / 32, i, &theta,
                                      &weight, rule);
        const double s = sin(theta / 2), c = cos(theta / 2);
        const double x = theta < 2 ? l + (r - l) * s * s : r - (r - l) * c * c;
        double f = weight * (r - l) * s * c * nlrmt_law_density(law, x);
        for (int j = 0; j <= K; j++, f *= x) moment[j] += f;
      }
  }
  gsl_integration_glfixed_table_free(rule);
}

static void check_integrals(double phi, double psi, const nlrmt_data_law *data, bool of_m) {
  double weight[] = {0.3, 0.2, 0.1, 0.4}, h[4] = {0}, moment[K + 1], integral[K + 1];
  double eta[] = {1, 0.4, 1.5, 0.9}, zeta[] = {0.4, 0, 1.5, 0.8};
  const nlrmt_nodes nodes = {4, weight, h, eta, zeta};
  nlrmt_law *law = law_of(phi, psi, &nodes, data, of_m);
  if (!law) return;
  nlrmt_law_moments(law, K, moment);
  integrate(law, integral);
  for (int j = 0; j <= K; j++)
    CHECK(fabs(integral[j] / moment[j] - 1) < 1e-10,
          "phi=%g psi=%g of_m=%d data=%d: moment %d: %.14g, integral %.14g", phi, psi, of_m,
          data ? (int)data->kind : -1, j, moment[j], integral[j]);
  /* Closed forms of K's first two. */
  double e = 0, e2 = 0, z = 0, variance = 1 / phi;
  for (int k = 0; k < 4; k++)
    e += weight[k] * eta[k], e2 += weight[k] * eta[k] * eta[k], z += weight[k] * zeta[k];
  if (data) {
    double second = 0;
    for (size_t k = 0; k < data->count; k++)
      second += data->weight[k] * data->value[k] * data->value[k];
    variance = data->kind == NLRMT_DATA_SPECTRUM ? second - 1 : second / phi;
  }
  const double rho = psi / phi, second = e * e + rho * e2 + z * z * variance;
  CHECK(fabs(moment[1] / e - 1) < 1e-14, "first %.16g, exact %.16g", moment[1], e);
  CHECK(fabs(moment[2] / (of_m ? second / rho : second) - 1) < 1e-14, "second %.16g", moment[2]);
  nlrmt_law_destroy(&law);
}

int main(void) {
  static const double values[] = {0, 0.2, 1, 5}, weights[] = {0.1, 0.4, 0.3, 0.2};
  check_marchenko_pastur(1.5, 0.8);
  check_marchenko_pastur(0.2, 3);
  check_fuss_catalan();
  for (int kind = -1; kind < 2; kind++) {
    nlrmt_data_law data = {0};
    nlrmt_error err = {0};
    if (kind >= 0)
      CHECK(nlrmt_data_law_create((nlrmt_data_kind)kind, 4, values, weights, &data, NULL, &err) ==
                NLRMT_OK,
            "%s", err.text);
    for (int of_m = 0; of_m < 2; of_m++) {
      check_integrals(1.5, 0.8, kind < 0 ? NULL : &data, of_m);
      check_integrals(0.3, 2, kind < 0 ? NULL : &data, of_m);
      check_integrals(8, 0.5, kind < 0 ? NULL : &data, of_m);
    }
    nlrmt_data_law_clear(&data);
  }
  return check_end("test_law_moments", 0);
}
