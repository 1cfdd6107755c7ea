/* The law of a given kernel: the training error against the solver for alp laws, spikes against
 * closed forms and against the law that keeps them. */
#include "nlrmt/kernel_law.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "nlrmt/distance.h"
#include "nlrmt/ridge_error.h"

enum { M = 120, GAMMAS = 7 };
static const double gammas[GAMMAS] = {1e-6, 1e-4, 1e-2, 0.3, 1, 30, 1e4};

/* Eigenvalues over two decades, some 0. */
static void spectrum(double *mu, size_t zeros) {
  for (size_t i = 0; i < M; i++)
    mu[i] = i < zeros ? 0 : pow(10, -1.5 + 2 * (double)((i * 37) % M) / M);
}

static double relative(double x, double y) {
  return fabs(x / y - 1);
}

/* c = mu/mean makes X'X/n0 = S: the alp law of one node eta = zeta with this spectrum. */
static void check_ridge(size_t n1, size_t zeros) {
  double mu[M], c[M], mean, weight = 1, h = 0;
  nlrmt_error err = {0};
  nlrmt_data_law data;
  spectrum(mu, zeros);
  nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, M, mu, NULL, &data, &mean, &err);
  for (size_t i = 0; i < M; i++) c[i] = mu[i] / mean;
  const nlrmt_nodes node = {1, &weight, &h, &mean, &mean};
  const nlrmt_law_problem problem = {
      .phi = 1, .psi = (double)M / (double)n1, .nodes = &node, .data = &data};
  const nlrmt_ridge_task task = {.sigma_a = 0.7, .sigma_x = 1, .sigma_eps = 0.4};
  nlrmt_ridge_point want[GAMMAS];
  nlrmt_kernel_ridge_point got[GAMMAS], plain[GAMMAS];
  CHECK(nlrmt_ridge_path(&problem, &task, GAMMAS, gammas, want, &err) == NLRMT_OK, "%s", err.text);
  CHECK(nlrmt_kernel_ridge(M, mu, c, n1, 0.7, 0.4, GAMMAS, gammas, got, &err) == NLRMT_OK, "%s",
        err.text);
  CHECK(nlrmt_kernel_ridge(M, mu, NULL, n1, 0.7, 0.4, GAMMAS, gammas, plain, &err) == NLRMT_OK,
        "%s", err.text);
  for (int g = 0; g < GAMMAS; g++) {
    CHECK(relative(got[g].m, want[g].m) < 1e-9 && relative(got[g].dm, want[g].dm) < 1e-9,
          "n1=%zu gamma=%g: m %.15g %.15g, m' %.15g %.15g", n1, gammas[g], got[g].m, want[g].m,
          got[g].dm, want[g].dm);
    CHECK(relative(got[g].signal, want[g].signal) < 1e-9 &&
              relative(got[g].noise, want[g].noise) < 1e-9,
          "n1=%zu gamma=%g: signal %.15g %.15g", n1, gammas[g], got[g].signal, want[g].signal);
    CHECK(plain[g].signal == 0 && plain[g].noise == got[g].noise, "without c");
  }
  nlrmt_data_law_clear(&data);
}

/* The signal of a c that is not a function of mu, against differences of the equivalent. */
static double weighted_trace(const double *mu, const double *c, size_t n1, double gamma) {
  double delta = 0, sum = 0; /* plain iteration of delta at z = -gamma */
  for (int k = 0; k < 20000; k++) {
    double next = 0;
    for (size_t i = 0; i < M; i++) next += mu[i] / (gamma + mu[i] / (1 + delta)) / (double)n1;
    delta = (delta + next) / 2;
  }
  for (size_t i = 0; i < M; i++) sum += c[i] / (gamma + mu[i] / (1 + delta)) / M;
  return sum;
}

static void check_signal(size_t n1) {
  double mu[M], c[M];
  nlrmt_error err = {0};
  spectrum(mu, 5);
  for (size_t i = 0; i < M; i++) c[i] = (double)((i * 53) % 17);
  for (int g = 2; g < 5; g++) {
    const double d = 1e-4 * gammas[g];
    nlrmt_kernel_ridge_point got;
    nlrmt_kernel_ridge(M, mu, c, n1, 1, 0, 1, &gammas[g], &got, &err);
    const double slope =
        (weighted_trace(mu, c, n1, gammas[g] - d) - weighted_trace(mu, c, n1, gammas[g] + d)) /
        (2 * d);
    CHECK(relative(got.signal, gammas[g] * gammas[g] * slope) < 1e-6,
          "n1=%zu gamma=%g: %.12g %.12g", n1, gammas[g], got.signal, gammas[g] * gammas[g] * slope);
  }
}

/* Johnstone's spiked model: ones and a few larger, K at mu (1 + (m/n1)/(mu - 1)) if mu > 1 +
 * (m/n1)^1/2, else nothing. */
static void check_spikes(bool of_m) {
  enum { N = 400, N1 = 600 };
  double mu[N];
  nlrmt_error err = {0};
  nlrmt_kernel_law law;
  for (size_t i = 0; i < N; i++) mu[i] = 1;
  mu[7] = 40, mu[90] = 5, mu[91] = 5, mu[200] = 1.5; /* the last one below the threshold */
  CHECK(nlrmt_kernel_law_create(N, mu, N1, of_m, &law, &err) == NLRMT_OK, "%s", err.text);
  CHECK(law.spikes == 3, "%zu spikes", law.spikes);
  const double unit = of_m ? (double)N1 / N : 1, want[] = {40, 5, 5};
  for (size_t s = 0; s < law.spikes && s < 3; s++) {
    const double place = unit * want[s] * (1 + (double)N / N1 / (want[s] - 1));
    CHECK(relative(law.place[s], place) < 5e-3, "spike %zu: %g, %g", s, law.place[s], place);
  }
  double left, right;
  nlrmt_law_edges(law.law, nlrmt_law_bulks(law.law) - 1, &left, &right);
  const double edge = unit * pow(1 + sqrt((double)N / N1), 2);
  CHECK(relative(right, edge) < 2e-2, "edge %g, Marchenko-Pastur %g", right, edge);
  const double atom = of_m ? 1 - (N - 3.0) / (N1 - 3.0) : 0;
  CHECK(fabs(nlrmt_law_atom(law.law) - atom) < 1e-12, "atom %g, %g", nlrmt_law_atom(law.law), atom);
  nlrmt_kernel_law_clear(&law);
}

/* Whole law = the rest and the spikes, to O(1/m): the mean above all, tr K = sum mu. */
static void check_whole(void) {
  double mu[M], sum = 0, moment[2];
  nlrmt_error err = {0};
  nlrmt_kernel_law law;
  spectrum(mu, 0);
  mu[3] = 300, mu[60] = 30;
  for (size_t i = 0; i < M; i++) sum += mu[i];
  CHECK(nlrmt_kernel_law_create(M, mu, 150, false, &law, &err) == NLRMT_OK, "%s", err.text);
  CHECK(law.spikes == 2, "%zu spikes", law.spikes);
  nlrmt_law_moments(law.law, 1, moment);
  const double whole = (M - 2) * moment[1] + law.place[0] + law.place[1];
  CHECK(relative(whole, sum) < 2e-3, "trace %g, %g", whole, sum);
  nlrmt_kernel_law_clear(&law);
}

/* A solved law tabulated at its own grid is the law again. */
static void check_table(double phi, double psi) {
  enum { POINTS = 200, SAMPLE = 50 };
  double weight[] = {0.7, 0.3}, h[] = {0, 0}, eta[] = {1, 3}, zeta[] = {0.4, 1};
  double lambda[POINTS], density[POINTS], cdf[POINTS], x[SAMPLE], moment[2][3];
  nlrmt_error err = {0};
  const nlrmt_nodes nodes = {2, weight, h, eta, zeta};
  const nlrmt_law_problem problem = {.phi = phi, .psi = psi, .nodes = &nodes};
  nlrmt_law *law = NULL, *table = NULL;
  nlrmt_law_create(&problem, &law, &err);
  nlrmt_law_grid(law, POINTS, lambda);
  for (int k = 0; k < POINTS; k++) {
    density[k] = nlrmt_law_density(law, lambda[k]);
    cdf[k] = nlrmt_law_cdf(law, lambda[k]);
  }
  CHECK(nlrmt_law_of_table(POINTS, lambda, density, cdf, &table, &err) == NLRMT_OK, "%s", err.text);
  CHECK(nlrmt_law_atom(table) == nlrmt_law_atom(law), "atom");
  for (double p = 0.01; p < 1; p += 0.0371) {
    const double q = nlrmt_law_quantile(law, p);
    CHECK(fabs(nlrmt_law_quantile(table, p) - q) < 1e-6, "quantile %g", p);
    CHECK(fabs(nlrmt_law_cdf(table, q) - nlrmt_law_cdf(law, q)) < 1e-6, "cdf at %g", q);
    CHECK(fabs(nlrmt_law_cdf_integral(table, q) - nlrmt_law_cdf_integral(law, q)) < 1e-6,
          "integral at %g", q);
  }
  for (int k = 0; k < SAMPLE; k++) x[k] = 0.1 * k;
  const double w = nlrmt_distance_wasserstein1(law, 5, SAMPLE, x);
  CHECK(fabs(nlrmt_distance_wasserstein1(table, 5, SAMPLE, x) - w) < 1e-6, "W1 %g", w);
  nlrmt_law_moments(law, 2, moment[0]);
  nlrmt_law_moments(table, 2, moment[1]);
  CHECK(relative(moment[1][1], moment[0][1]) < 1e-6 && relative(moment[1][2], moment[0][2]) < 1e-6,
        "moments %g %g", moment[1][1], moment[1][2]);
  double complex m, mtilde;
  CHECK(nlrmt_law_transform(table, I, &m, &mtilde, &err) == NLRMT_ERR_NUMERIC, "%s", err.text);
  double place = 0;
  CHECK(nlrmt_law_outlier(table, 100, 100, &place) == 0, "outlier of a table");
  nlrmt_law_destroy(&table);
  lambda[3] = lambda[2], err.status = NLRMT_OK;
  CHECK(nlrmt_law_of_table(POINTS, lambda, density, cdf, &table, &err) == NLRMT_ERR_NUMERIC &&
            !table,
        "%s", err.text);
  nlrmt_law_destroy(&law);
}

static void check_errors(void) {
  double mu[] = {1, 2, -0.1}, gamma = 1;
  nlrmt_error err = {0};
  nlrmt_kernel_law law;
  nlrmt_kernel_ridge_point out;
  CHECK(nlrmt_kernel_law_create(3, mu, 4, false, &law, &err) == NLRMT_ERR_DATA, "%s", err.text);
  err.status = NLRMT_OK, mu[2] = -1e-15;
  CHECK(nlrmt_kernel_ridge(3, mu, NULL, 4, 0, 1, 1, &gamma, &out, &err) == NLRMT_OK, "%s",
        err.text);
  gamma = 0;
  CHECK(nlrmt_kernel_ridge(3, mu, NULL, 4, 0, 1, 1, &gamma, &out, &err) == NLRMT_ERR_CONFIG, "%s",
        err.text);
  err.status = NLRMT_OK;
  CHECK(nlrmt_kernel_law_create(3, mu, 0, false, &law, &err) == NLRMT_ERR_CONFIG, "%s", err.text);
  mu[0] = mu[1] = mu[2] = 0, err.status = NLRMT_OK;
  CHECK(nlrmt_kernel_law_create(3, mu, 4, false, &law, &err) == NLRMT_ERR_DATA, "%s", err.text);
}

int main(void) {
  check_ridge(150, 0);
  check_ridge(80, 0);
  check_ridge(150, 30);
  check_signal(150);
  check_signal(70);
  check_spikes(false);
  check_spikes(true);
  check_whole();
  check_table(1.5, 0.8);
  check_table(0.4, 1.5);
  check_errors();
  return check_end("test_kernel_law", 0);
}
