/* Complex features: moments against closed forms, laws against samples of complex matrices. */
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort_vector.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "nlrmt/complex_law.h"
#include "nlrmt/distance.h"

enum { M = 200, N0 = 240, N1 = 280 };

static double complex split_relu(double complex u, const void *data) {
  (void)data;
  return CMPLX(fmax(creal(u), 0), fmax(cimag(u), 0));
}

static double complex holomorphic(double complex u, const void *data) {
  (void)data;
  return u + u * u / 2;
}

static double complex real_relu(double complex u, const void *data) {
  (void)data;
  return fmax(creal(u), 0);
}

static double complex both(double complex u, const void *data) {
  (void)data;
  return 0.4 * u + conj(u) + 0.3 * u * conj(u);
}

static double complex modulus_relu(double complex u, const void *data) {
  const double r = cabs(u), shift = *(const double *)data;
  return r > shift ? u * (r - shift) / r : 0;
}

static const double KINK = 0.3;
static const struct {
  const char *name;
  nlrmt_complex_function f;
  double eta, plus, minus; /* sigma_z = 1; closed forms */
} CASES[] = {{"split relu", {split_relu, NULL, 0, NULL}, 0.5 - 0.5 / M_PI, 0.25, 0},
             {"u + u^2/2", {holomorphic, NULL, 0, NULL}, 1.5, 1, 0},
             {"relu(Re u)", {real_relu, NULL, 0, NULL}, 0.25 - 0.25 / M_PI, 0.0625, 0.0625},
             {"0.4 u + conj u + 0.3|u|^2", {both, NULL, 0, NULL}, 1.25, 0.16, 1},
             {"modulus relu", {modulus_relu, &KINK, 1, &KINK}, -1, -1, 0}};
enum { COUNT = sizeof CASES / sizeof *CASES };

static void check_moments(void) {
  for (int k = 0; k < COUNT; k++) {
    nlrmt_complex_moments m;
    nlrmt_error err = {0};
    CHECK(nlrmt_complex_moments_at(&CASES[k].f, 1, &m, &err) == NLRMT_OK, "%s: %s", CASES[k].name,
          err.text);
    double eta = CASES[k].eta, plus = CASES[k].plus;
    if (eta < 0) { /* E(r - s)+^2 and (E r(r - s)+)^2 under 2 r exp(-r^2) dr */
      const double s = KINK, tail = sqrt(M_PI) / 2 * erfc(s);
      eta = exp(-s * s) - 2 * s * tail;
      plus = pow(exp(-s * s) - s * tail, 2);
    }
    CHECK(fabs(m.eta - eta) < 1e-11 && fabs(m.zeta_plus - plus) < 1e-11 &&
              fabs(m.zeta_minus - CASES[k].minus) < 1e-11,
          "%s: eta %.15g plus %.15g minus %.15g, exact %.15g %.15g %.15g", CASES[k].name, m.eta,
          m.zeta_plus, m.zeta_minus, eta, plus, CASES[k].minus);
  }
  nlrmt_complex_moments m;
  nlrmt_error err = {0};
  const nlrmt_complex_function kinked = {modulus_relu, &KINK, 0, NULL}; /* kink not declared */
  CHECK(nlrmt_complex_moments_at(&kinked, 1, &m, &err) == NLRMT_ERR_CONFIG, "accepted");
  err = (nlrmt_error){0};
  CHECK(nlrmt_complex_moments_at(&CASES[0].f, 0, &m, &err) == NLRMT_ERR_CONFIG, "accepted");
}

/* Eigenvalues of F*F/n1 of one draw, ascending. */
static void sample(const nlrmt_complex_function *f, double complex h, gsl_rng *rng,
                   double lambda[M]) {
  static double complex x[N0 * M], row[M], w[N0];
  gsl_matrix_complex *k = gsl_matrix_complex_calloc(M, M);
  double complex *kernel = (double complex *)k->data;
  const double sx = sqrt(0.5), sw = sqrt(0.5 / N0);
  for (size_t i = 0; i < N0 * M; i++)
    x[i] = CMPLX(gsl_ran_gaussian(rng, sx), gsl_ran_gaussian(rng, sx));
  for (int a = 0; a < N1; a++) {
    for (int j = 0; j < M; j++) row[j] = 0;
    for (int i = 0; i < N0; i++) {
      w[i] = CMPLX(gsl_ran_gaussian(rng, sw), gsl_ran_gaussian(rng, sw));
      for (int j = 0; j < M; j++) row[j] += w[i] * x[i * M + j];
    }
    for (int j = 0; j < M; j++) row[j] = (f->f(row[j], f->data) - h) / sqrt(N1);
    for (int i = 0; i < M; i++)
      for (int j = 0; j <= i; j++) kernel[i * M + j] += conj(row[i]) * row[j];
  }
  gsl_vector_view out = gsl_vector_view_array(lambda, M);
  gsl_eigen_herm_workspace *space = gsl_eigen_herm_alloc(M);
  gsl_eigen_herm(k, &out.vector, space);
  gsl_eigen_herm_free(space);
  gsl_matrix_complex_free(k);
  gsl_sort_vector(&out.vector);
}

/* Against the law, and against the one that forgets that S and its conjugate are different. */
static void check_samples(void) {
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int k = 0; k < COUNT; k++) {
    nlrmt_complex_moments m;
    nlrmt_law *law = NULL, *plain = NULL;
    nlrmt_error err = {0};
    nlrmt_complex_moments_at(&CASES[k].f, 1, &m, &err);
    CHECK(nlrmt_complex_law_create(&m, (double)N0 / M, (double)N0 / N1, false, &law, &err) ==
              NLRMT_OK,
          "%s", err.text);
    nlrmt_complex_moments merged = m;
    merged.zeta_plus += m.zeta_minus, merged.zeta_minus = 0;
    CHECK(nlrmt_complex_law_create(&merged, (double)N0 / M, (double)N0 / N1, false, &plain, &err) ==
              NLRMT_OK,
          "%s", err.text);
    double lambda[M];
    sample(&CASES[k].f, m.h, rng, lambda);
    const double w1 = nlrmt_distance_wasserstein1(law, 0, M, lambda) / m.eta;
    const double other = nlrmt_distance_wasserstein1(plain, 0, M, lambda) / m.eta;
    printf("  %-26s W1/mean %.4f, one zeta %.4f\n", CASES[k].name, w1, other);
    CHECK(w1 < 0.02 && (m.zeta_minus == 0 || other > 2 * w1), "%s: %g %g", CASES[k].name, w1,
          other);
    nlrmt_law_destroy(&law);
    nlrmt_law_destroy(&plain);
  }
  gsl_rng_free(rng);
}

int main(void) {
  check_moments();
  check_samples();
  return check_end("test_complex_law", 0);
}
