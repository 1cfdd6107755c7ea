/* Data laws other than i.i.d.: reading them, closed forms, an independent fixed point, one law in
 * two descriptions, and a sample. */
#include "nlrmt/data_law.h"

#include <complex.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort_vector.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/distance.h"
#include "nlrmt/law.h"

static const double VALUES[] = {0, 0.3, 0.9, 4}, WEIGHTS[] = {0.15, 0.35, 0.3, 0.2};

static nlrmt_data_law data_of(nlrmt_data_kind kind, size_t count, const double *value,
                              const double *weight) {
  nlrmt_data_law law;
  nlrmt_error err = {0};
  CHECK(nlrmt_data_law_create(kind, count, value, weight, &law, NULL, &err) == NLRMT_OK, "%s",
        err.text);
  return law;
}

static nlrmt_law *law_of(double phi, double psi, const nlrmt_nodes *nodes,
                         const nlrmt_data_law *data) {
  const nlrmt_law_problem problem = {phi, psi, nodes, false, data};
  nlrmt_law *law = NULL;
  nlrmt_error err = {0};
  CHECK(nlrmt_law_create(&problem, &law, &err) == NLRMT_OK, "%s", err.text);
  return law;
}

/* Largest difference of two cdfs on their own quantiles. */
static double cdf_distance(const nlrmt_law *x, const nlrmt_law *y) {
  double worst = 0;
  for (int k = 1; k < 400; k++) {
    const double at[] = {nlrmt_law_quantile(x, k / 400.0), nlrmt_law_quantile(y, k / 400.0)};
    for (int i = 0; i < 2; i++)
      worst = fmax(worst, fabs(nlrmt_law_cdf(x, at[i]) - nlrmt_law_cdf(y, at[i])));
  }
  return worst;
}

static double node_weight[] = {0.25, 0.3, 0.35, 0.1}, node_h[4];
static double node_eta[] = {1, 0.6, 2, 1.2}, node_zeta[] = {0.5, 0, 2, 1};
static const nlrmt_nodes NODES = {4, node_weight, node_h, node_eta, node_zeta};

static void check_create(void) {
  const double value[] = {2, 0, 6, 2, -1e-15, 8}, weight[] = {0.2, 0.1, 0.3, 0.2, 0.2, 0};
  double factor;
  nlrmt_data_law law;
  nlrmt_error err = {0};
  CHECK(nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, 6, value, weight, &law, &factor, &err) ==
            NLRMT_OK,
        "%s", err.text);
  CHECK(law.count == 3 && fabs(factor - 2.6) < 1e-15, "%zu values, factor %g", law.count, factor);
  CHECK(law.value[0] == 0 && fabs(law.value[1] - 2 / 2.6) < 1e-15 && law.value[2] > 2, "values");
  CHECK(fabs(law.weight[0] - 0.3) < 1e-15 && fabs(law.weight[1] - 0.4) < 1e-15, "weights");
  nlrmt_data_law_clear(&law);
  nlrmt_data_law_clear(&law);
  const double bad[][2] = {{1, NAN}, {1, INFINITY}, {1, -0.1}, {0, 0}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    err = (nlrmt_error){0};
    CHECK(nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, 2, bad[k], NULL, &law, NULL, &err) ==
                  NLRMT_ERR_DATA &&
              *err.text && !law.value,
          "bad values %zu accepted", k);
  }
  const double bad_weight[][2] = {{0.5, 0.6}, {-0.5, 1.5}, {NAN, 1}, {0, 0}};
  for (size_t k = 0; k < sizeof bad_weight / sizeof *bad_weight; k++) {
    err = (nlrmt_error){0};
    CHECK(nlrmt_data_law_create(NLRMT_DATA_POPULATION, 2, value, bad_weight[k], &law, NULL, &err) ==
              NLRMT_ERR_DATA,
          "bad weights %zu accepted", k);
  }
  err = (nlrmt_error){0};
  CHECK(nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, 0, NULL, NULL, &law, NULL, &err) ==
            NLRMT_ERR_DATA,
        "no values accepted");
}

static nlrmt_status read_text(const char *text, nlrmt_data_law *law, double *factor,
                              nlrmt_error *err) {
  char path[] = "/tmp/nlrmt_data_law_XXXXXX";
  const int fd = mkstemp(path);
  FILE *f = fdopen(fd, "w");
  fputs(text, f);
  fclose(f);
  *err = (nlrmt_error){0};
  const nlrmt_status status = nlrmt_data_law_read(NLRMT_DATA_SPECTRUM, path, law, factor, err);
  remove(path);
  return status;
}

static void check_read(void) {
  nlrmt_data_law law;
  nlrmt_error err;
  double factor;
  CHECK(read_text("# eigenvalues\n 3\n\n1e0 # the last\r\n2", &law, &factor, &err) == NLRMT_OK,
        "%s", err.text);
  CHECK(law.count == 3 && factor == 2 && law.value[0] == 0.5, "plain file");
  nlrmt_data_law_clear(&law);
  CHECK(read_text("1, 3\n5\t1\n", &law, &factor, &err) == NLRMT_OK, "%s", err.text);
  CHECK(law.count == 2 && factor == 2 && law.weight[0] == 0.75, "weighted file");
  nlrmt_data_law_clear(&law);
  static const char *const bad[] = {"",         "# nothing\n", "1\nnan\n", "1\n2 3\n",   "1 2 3\n",
                                    "1\nabc\n", "-1\n2\n",     "0\n0\n",   "1 -1\n2 2\n"};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
    CHECK(read_text(bad[k], &law, &factor, &err) == NLRMT_ERR_DATA && *err.text,
          "file %zu accepted", k);
  err = (nlrmt_error){0};
  CHECK(nlrmt_data_law_read(NLRMT_DATA_SPECTRUM, "/nonexistent", &law, NULL, &err) ==
            NLRMT_ERR_DATA,
        "missing file");
}

/* S = 1: the rows of F are i.i.d. given the node, so eta alone counts, as with zeta = 0. */
static void check_one_point(void) {
  const double one = 1;
  double zero[4] = {0};
  const nlrmt_nodes noise = {4, node_weight, node_h, node_eta, zero};
  nlrmt_data_law data = data_of(NLRMT_DATA_SPECTRUM, 1, &one, NULL);
  nlrmt_law *x = law_of(1.5, 0.8, &NODES, &data), *y = law_of(1.5, 0.8, &noise, NULL);
  CHECK(cdf_distance(x, y) < 1e-12, "S = 1: %g", cdf_distance(x, y));
  nlrmt_law_destroy(&x);
  nlrmt_law_destroy(&y);
  nlrmt_data_law_clear(&data);
}

/* A population of ones is i.i.d.; at large phi every population's S is 1. */
static void check_population(void) {
  const double ones[] = {1, 1};
  nlrmt_data_law data = data_of(NLRMT_DATA_POPULATION, 2, ones, NULL);
  nlrmt_law *x = law_of(0.7, 0.8, &NODES, &data), *y = law_of(0.7, 0.8, &NODES, NULL);
  CHECK(cdf_distance(x, y) == 0, "T = 1: %g", cdf_distance(x, y));
  nlrmt_law_destroy(&x);
  nlrmt_law_destroy(&y);
  nlrmt_data_law_clear(&data);
  nlrmt_data_law as_t = data_of(NLRMT_DATA_POPULATION, 4, VALUES, WEIGHTS);
  nlrmt_data_law as_s = data_of(NLRMT_DATA_SPECTRUM, 1, ones, NULL);
  x = law_of(1e12, 0.6e12, &NODES, &as_t), y = law_of(1e12, 0.6e12, &NODES, &as_s);
  CHECK(cdf_distance(x, y) < 1e-10, "large phi: %g", cdf_distance(x, y));
  nlrmt_law_destroy(&x);
  nlrmt_law_destroy(&y);
  nlrmt_data_law_clear(&as_t);
  nlrmt_data_law_clear(&as_s);
}

/* S as the law of Z'TZ/n0, itself solved as that of noise rows of variance T, and tabulated: the
 * distance to the population falls with the number of points. */
static void check_tabulated(double phi, size_t points) {
  double zero[4] = {0}, value[4], *table = malloc(points * sizeof *table);
  nlrmt_data_law as_t = data_of(NLRMT_DATA_POPULATION, 4, VALUES, WEIGHTS);
  memcpy(value, as_t.value, sizeof value);
  const nlrmt_nodes rows = {4, as_t.weight, zero, value, zero};
  nlrmt_law *s = law_of(phi, 1, &rows, NULL);
  for (size_t k = 0; k < points; k++)
    table[k] = nlrmt_law_quantile(s, ((double)k + 0.5) / (double)points);
  nlrmt_data_law as_s = data_of(NLRMT_DATA_SPECTRUM, points, table, NULL);
  nlrmt_law *x = law_of(phi, 0.6 * phi, &NODES, &as_t), *y = law_of(phi, 0.6 * phi, &NODES, &as_s);
  CHECK(fabs(nlrmt_law_atom(x) - nlrmt_law_atom(y)) < 1.0 / (double)points, "atoms");
  CHECK(cdf_distance(x, y) < 0.5 / (double)points, "phi=%g: %g", phi, cdf_distance(x, y));
  nlrmt_law_destroy(&x);
  nlrmt_law_destroy(&y);
  nlrmt_law_destroy(&s);
  nlrmt_data_law_clear(&as_t);
  nlrmt_data_law_clear(&as_s);
  free(table);
}

/* The theorem's equations as they stand, iterated with half steps. */
static void check_fixed_point(double phi, double psi, const nlrmt_data_law *data) {
  const double rho = psi / phi;
  nlrmt_law *law = law_of(phi, psi, &NODES, data);
  for (int k = 0; k < 12; k++) {
    const double complex z = 0.5 * k - 1 + I * (0.3 + 0.05 * k);
    double complex a = -1 / z, t = -1 / z, m, mtilde;
    nlrmt_error err = {0};
    for (int step = 0; step < 4000; step++) {
      double complex C0 = -z, C1 = 0, next_a = 0, next_t = 0;
      for (size_t i = 0; i < NODES.count; i++) {
        const double p = NODES.eta[i] - NODES.zeta[i], q = NODES.zeta[i];
        const double complex D = 1 + rho * (q * t + p * a);
        C0 += NODES.weight[i] * p / D, C1 += NODES.weight[i] * q / D;
      }
      for (size_t i = 0; i < data->count; i++) {
        next_a += data->weight[i] / (C0 + data->value[i] * C1);
        next_t += data->weight[i] * data->value[i] / (C0 + data->value[i] * C1);
      }
      a = (a + next_a) / 2, t = (t + next_t) / 2;
    }
    CHECK(nlrmt_law_transform(law, z, &m, &mtilde, &err) == NLRMT_OK, "%s", err.text);
    CHECK(cabs(m - a) < 1e-12 * cabs(a) && cabs(mtilde - t) < 1e-12 * cabs(t),
          "z=%g%+gi: m differs by %g, mtilde by %g", creal(z), cimag(z), cabs(m - a),
          cabs(mtilde - t));
  }
  nlrmt_law_destroy(&law);
}

/* Affine f: K is S^(1/2) W S^(1/2), W Marchenko-Pastur of ratio rho; Silverstein's equation for the
 * transform of the n1 x n1 companion, and K's law again as a population of ratio n1/m. */
static void check_linear(double phi, double psi, const nlrmt_data_law *data) {
  double one = 1, weight = 1, h = 0;
  const double rho = psi / phi;
  const nlrmt_nodes linear = {1, &weight, &h, &one, &one};
  nlrmt_law *law = law_of(phi, psi, &linear, data);
  for (int k = 0; k < 20; k++) {
    const double complex z = 0.4 * k + I * pow(10, -0.5 * k);
    double complex m, mtilde, sum = 0;
    nlrmt_error err = {0};
    CHECK(nlrmt_law_transform(law, z, &m, &mtilde, &err) == NLRMT_OK, "%s", err.text);
    const double complex v = rho * m - (1 - rho) / z;
    for (size_t i = 0; i < data->count; i++)
      sum += data->weight[i] * data->value[i] / (1 + data->value[i] * v);
    const double complex inverse = -z + rho * sum;
    CHECK(cabs(v * inverse - 1) < 1e-11 * (1 + cabs(v * z)), "z=%g%+gi: residual %g", creal(z),
          cimag(z), cabs(v * inverse - 1));
  }
  nlrmt_law_destroy(&law);
}

/* Population against sample: X = T^(1/2) Z with T of two values, f = relu, no bias; the law given
 * the population and the law given the sample's own spectrum. */
enum { M = 240, N0 = 360, N1 = 300 };

static void spectrum_of(const double *x, size_t rows, double scale, double *lambda) {
  gsl_matrix *k = gsl_matrix_calloc(M, M);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < M; i++)
      for (size_t j = 0; j < M; j++) k->data[i * M + j] += x[r * M + i] * x[r * M + j] * scale;
  gsl_vector_view out = gsl_vector_view_array(lambda, M);
  gsl_eigen_symm_workspace *space = gsl_eigen_symm_alloc(M);
  gsl_eigen_symm(k, &out.vector, space);
  gsl_eigen_symm_free(space);
  gsl_matrix_free(k);
  gsl_sort_vector(&out.vector);
}

static void check_sample(void) {
  static double x[N0 * M], f[N1 * M];
  const double t[] = {0.2, 2.6}, t_weight[] = {2.0 / 3, 1.0 / 3}; /* mean 1 */
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (size_t i = 0; i < N0; i++)
    for (size_t j = 0; j < M; j++) x[i * M + j] = gsl_ran_gaussian(rng, sqrt(t[i % 3 == 0]));
  nlrmt_activation relu;
  nlrmt_bias none = {.law = NLRMT_BIAS_NONE};
  nlrmt_nodes nodes;
  nlrmt_error err = {0};
  nlrmt_activation_init(&relu, "relu", 1, &err);
  CHECK(nlrmt_nodes_of_law(&relu, 1, &none, &nodes, &err) == NLRMT_OK, "%s", err.text);
  for (size_t a = 0; a < N1; a++) {
    double w[N0];
    for (size_t i = 0; i < N0; i++) w[i] = gsl_ran_gaussian(rng, 1 / sqrt(N0));
    for (size_t j = 0; j < M; j++) {
      double z = 0;
      for (size_t i = 0; i < N0; i++) z += w[i] * x[i * M + j];
      f[a * M + j] = fmax(z, 0) - nodes.h[0];
    }
  }
  double s[M], lambda[M], distance[3];
  spectrum_of(x, N0, 1.0 / N0, s);
  spectrum_of(f, N1, 1.0 / N1, lambda);
  nlrmt_data_law data[] = {data_of(NLRMT_DATA_SPECTRUM, M, s, NULL),
                           data_of(NLRMT_DATA_POPULATION, 2, t, t_weight)};
  for (int k = 0; k < 3; k++) {
    nlrmt_law *law = law_of((double)N0 / M, (double)N0 / N1, &nodes, k < 2 ? &data[k] : NULL);
    distance[k] = nlrmt_distance_wasserstein1(law, 0, M, lambda) / nodes.eta[0];
    nlrmt_law_destroy(&law);
  }
  printf("  sample: W1/mean to the law given X'X %.4f, given the population %.4f, i.i.d. %.4f\n",
         distance[0], distance[1], distance[2]);
  CHECK(distance[0] < 0.02 && distance[1] < 0.02 && distance[2] > 0.08, "see above");
  gsl_rng_free(rng);
  nlrmt_nodes_clear(&nodes);
  nlrmt_data_law_clear(&data[0]);
  nlrmt_data_law_clear(&data[1]);
}

static uint64_t state = 11;
static double uniform(void) { /* splitmix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

/* Random laws of both kinds, atoms of S at 0 included: all certify. */
static void check_stress(void) {
  enum { CASES = 400, POINTS = 30 };
  int refused = 0, bulks = 0;
  double residual = 0, mass = 0, moment = 0;
  for (int k = 0; k < CASES; k++) {
    double weight[POINTS], value[POINTS], h[POINTS] = {0}, eta[POINTS], zeta[POINTS], total = 0;
    const size_t count = 1 + (size_t)(4 * uniform()), points = 1 + (size_t)(POINTS * uniform());
    for (size_t i = 0; i < points; i++) value[i] = pow(10, 2 * uniform() - 1);
    if (k % 3 == 0 && points > 1) value[0] = 0;
    nlrmt_data_law data =
        data_of(k % 2 ? NLRMT_DATA_SPECTRUM : NLRMT_DATA_POPULATION, points, value, NULL);
    for (size_t i = 0; i < count; i++) {
      total += weight[i] = 0.02 + uniform();
      eta[i] = pow(10, 2 * uniform() - 1);
      zeta[i] = eta[i] * fmin(1, fmax(0, 1.2 * uniform() - 0.1)); /* 0 and 1 included */
    }
    for (size_t i = 0; i < count; i++) weight[i] /= total;
    const nlrmt_nodes nodes = {count, weight, h, eta, zeta};
    const nlrmt_law_problem problem = {pow(10, 3 * uniform() - 1.5), pow(10, 3 * uniform() - 1.5),
                                       &nodes, false, &data};
    nlrmt_law *law;
    nlrmt_error err = {0};
    if (nlrmt_law_create(&problem, &law, &err) != NLRMT_OK) {
      printf("  stress %d: %s\n", k, err.text);
      refused++;
    } else {
      const nlrmt_law_certificate *c = nlrmt_law_certify(law);
      residual = fmax(residual, c->residual_max);
      mass = fmax(mass, c->mass_error);
      moment = fmax(moment, c->moment_error);
      bulks += (int)nlrmt_law_bulks(law);
    }
    nlrmt_law_destroy(&law);
    nlrmt_data_law_clear(&data);
  }
  printf("  stress: %d of %d not certified, %d bulks, residual %.1e, mass %.1e, moments %.1e\n",
         refused, CASES, bulks, residual, mass, moment);
  CHECK(refused == 0 && residual < 1e-12 && mass < 1e-10 && moment < 1e-10, "see above");
}

int main(void) {
  check_create();
  check_read();
  check_one_point();
  check_population();
  check_tabulated(1.5, 200);
  check_tabulated(0.4, 200);
  check_tabulated(1.5, 2000);
  nlrmt_data_law data = data_of(NLRMT_DATA_SPECTRUM, 4, VALUES, WEIGHTS);
  check_fixed_point(1.5, 0.8, &data);
  check_fixed_point(0.3, 2, &data);
  check_linear(1.5, 0.8, &data);
  check_linear(0.3, 2, &data);
  nlrmt_data_law_clear(&data);
  check_sample();
  check_stress();
  return check_end("test_data_law", 0);
}
