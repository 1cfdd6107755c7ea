/* The laws for given data against simulated features of data far from i.i.d.: clusters, unequal norms,
 * a decaying spectrum. One kernel (kernel_law.h) and mixtures (equivalent.h), each also against the
 * other. Trials are spread over the ranks. */
#include "nlrmt/equivalent.h"

#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/distance.h"
#include "nlrmt/gemm.h"
#include "nlrmt/kernel.h"
#include "nlrmt/kernel_law.h"

void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);

enum { M = 150, N0 = 120, N1 = 190, TRIALS = 8, SQUARE = M * M };
static const double GAMMA[] = {0.01, 0.3, 3};
static const nlrmt_entries NORMAL = NLRMT_ENTRIES_GAUSSIAN;

static void entries(nlrmt_matrix matrix, int trial, uint32_t vector, size_t count, double scale,
                    double *out) {
  const nlrmt_stream stream = {.seed = 5, .trial = (uint32_t)trial, .matrix = matrix};
  nlrmt_rng_entries(&stream, NORMAL, scale, vector, 0, count, out);
}

/* x [M][N0]: four clusters, components that decay, norms that differ by a factor of about 3. */
static void make_data(double *x) {
  double centre[N0], norm;
  for (uint32_t a = 0; a < M; a++) {
    entries(NLRMT_MATRIX_X, 0, a, N0, 1, x + a * N0);
    entries(NLRMT_MATRIX_A, 0, a % 4, N0, 0.6, centre);
    entries(NLRMT_MATRIX_E, 0, a, 1, 0.3, &norm);
    for (size_t i = 0; i < N0; i++)
      x[a * N0 + i] = exp(norm) * (x[a * N0 + i] / sqrt(1 + 0.05 * (double)i) * 1.8 + centre[i]);
  }
}

static void gram(const double *x, double *g) {
  nlrmt_gemm_tn(M, M, N0, x, x, g, M);
  for (int i = 0; i < SQUARE; i++) g[i] /= N0;
}

/* Second moment matrix Phi = Cov + h h' of f(.; b), and off the diagonal max |r|. */
static void make_kernel(const char *name, double b, const double *g, double *phi) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_kernel *k = NULL;
  double norm[M], r_max = 0;
  nlrmt_activation_init(&f, name, 1, &err);
  for (int a = 0; a < M; a++) norm[a] = g[a * M + a];
  for (int a = 0; a < M; a++)
    for (int c = 0; c < a; c++) r_max = fmax(r_max, fabs(g[a * M + c]) / sqrt(norm[a] * norm[c]));
  const nlrmt_kernel_options o = {&f, 1, b, r_max, 1e-8};
  CHECK(nlrmt_kernel_create(&o, M, norm, &k, &err) == NLRMT_OK, "%s", err.text);
  const double *h = nlrmt_kernel_means(k);
  for (size_t a = 0; a < M; a++) {
    nlrmt_kernel_row(k, a, M, NULL, g + a * M, phi + a * M);
    for (size_t c = 0; c < M; c++) phi[a * M + c] += h[a] * h[c];
  }
  nlrmt_kernel_destroy(&k);
}

/* a <- eigenvectors (columns), w ascending. */
static void eigen(double *a, double *w) {
  static double work[64 * M];
  const int n = M, lwork = 64 * M;
  int info;
  dsyev_("V", "L", &n, a, &n, w, work, &lwork, &info);
  CHECK(info == 0, "dsyev %d", info);
}

/* Sums over trials: training errors' two parts at each gamma, eigenvalues. */
typedef struct {
  double noise[3], signal[3], w1[2], sup[2];
} sums;

typedef struct {
  const char *name;
  size_t biases;
  const double *b;
  const double *x, *g;
} model;

/* w <- eigenvalues of K; row r has bias b[r mod biases]. */
static void draw(const model *p, int trial, double *w, sums *s) {
  double *features = malloc(sizeof(double) * (N1 * M + N0 + M + SQUARE));
  double *row = features + N1 * M, *bias = row + N0, *k = bias + M;
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_activation_init(&f, p->name, 1, &err);
  for (uint32_t r = 0; r < N1; r++) {
    entries(NLRMT_MATRIX_W, trial, r, N0, 1 / sqrt(N0), row);
    for (size_t a = 0; a < M; a++) {
      bias[a] = p->b[r % p->biases];
      double sum = 0;
      for (size_t i = 0; i < N0; i++) sum += row[i] * p->x[a * N0 + i];
      k[a] = sum;
    }
    nlrmt_activation_apply(&f, M, bias, k);
    for (size_t a = 0; a < M; a++) features[a * N1 + r] = k[a] / sqrt(N1);
  }
  nlrmt_gemm_tn(M, M, N1, features, features, k, M);
  eigen(k, w);
  for (int i = 0; i < M; i++) { /* k's i-th eigenvector, its form with X'X/n0 */
    double form = 0;
    for (int a = 0; a < M; a++)
      for (int c = 0; c < M; c++) form += k[i * M + a] * p->g[a * M + c] * k[i * M + c];
    for (int q = 0; q < 3; q++) {
      const double y = GAMMA[q] / (w[i] + GAMMA[q]);
      s->noise[q] += y * y / M / TRIALS;
      s->signal[q] += form * y * y / M / TRIALS;
    }
  }
  free(features);
}

static void reduce(sums *s) {
  MPI_Allreduce(MPI_IN_PLACE, s, sizeof *s / sizeof(double), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

/* c_i = v_i' (X'X/n0) v_i. */
static void forms(const double *v, const double *g, double *c) {
  for (int i = 0; i < M; i++) {
    c[i] = 0;
    for (int a = 0; a < M; a++)
      for (int j = 0; j < M; j++) c[i] += v[i * M + a] * g[a * M + j] * v[i * M + j];
  }
}

/* The law alp that only knows the data's spectrum, for comparison. */
static nlrmt_law *spectrum_law(const double *g) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_law *law = NULL;
  nlrmt_data_law data;
  double *a = malloc(SQUARE * sizeof *a), s[M], factor, one = 1, h, eta, zeta;
  memcpy(a, g, SQUARE * sizeof *a);
  eigen(a, s);
  for (int i = 0; i < M; i++) s[i] = fmax(s[i], 0);
  nlrmt_data_law_create(NLRMT_DATA_SPECTRUM, M, s, NULL, &data, &factor, &err);
  nlrmt_activation_init(&f, "relu", 1, &err);
  nlrmt_moments_at(&f, sqrt(factor), 0, &h, &eta, &zeta, &err);
  const nlrmt_nodes node = {1, &one, &h, &eta, &zeta};
  const nlrmt_law_problem problem = {
      .phi = (double)N0 / M, .psi = (double)N0 / N1, .nodes = &node, .data = &data};
  CHECK(nlrmt_law_create(&problem, &law, &err) == NLRMT_OK, "%s", err.text);
  nlrmt_data_law_clear(&data);
  free(a);
  return law;
}

/* One activation without bias: law, spikes, training error. */
static void check_one(const double *x, const double *g, int rank, int size) {
  static double phi[SQUARE], mu[M], c[M], w[M];
  const double none = 0;
  const model p = {"relu", 1, &none, x, g};
  nlrmt_error err = {0};
  nlrmt_kernel_law law;
  nlrmt_kernel_ridge_point error[3];
  sums s = {0};
  make_kernel("relu", 0, g, phi);
  eigen(phi, mu);
  forms(phi, g, c);
  CHECK(nlrmt_kernel_law_create(M, mu, N1, false, &law, &err) == NLRMT_OK, "%s", err.text);
  CHECK(law.spikes >= 1, "%zu spikes", law.spikes);
  CHECK(nlrmt_kernel_ridge(M, mu, c, N1, 1, 1, 3, GAMMA, error, &err) == NLRMT_OK, "%s", err.text);
  nlrmt_law *alp = spectrum_law(g);
  double top = 0;
  for (int t = rank; t < TRIALS; t += size) {
    draw(&p, t, w, &s);
    const size_t n = M - law.spikes;
    s.w1[0] += nlrmt_distance_wasserstein1(law.law, 0, n, w) / TRIALS;
    s.sup[0] += nlrmt_distance_kolmogorov(law.law, 0, n, w) / TRIALS;
    s.w1[1] += nlrmt_distance_wasserstein1(alp, 0, n, w) / TRIALS;
    s.sup[1] += nlrmt_distance_kolmogorov(alp, 0, n, w) / TRIALS;
    top += w[M - 1] / TRIALS;
  }
  reduce(&s);
  MPI_Allreduce(MPI_IN_PLACE, &top, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  double mean[2];
  nlrmt_law_moments(law.law, 1, mean);
  if (rank == 0)
    printf("one kernel: %zu spikes, largest %.4g measured %.4g; W1/mean %.4f (alp %.4f), sup %.4f "
           "(%.4f)\n",
           law.spikes, law.place[0], top, s.w1[0] / mean[1], s.w1[1] / mean[1], s.sup[0], s.sup[1]);
  for (int q = 0; q < 3 && rank == 0; q++)
    printf("gamma %g: noise %.5f %.5f signal %.5f %.5f\n", GAMMA[q], error[q].noise, s.noise[q],
           error[q].signal, s.signal[q]);
  nlrmt_law_destroy(&alp);
  nlrmt_kernel_law_clear(&law);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  static double x[M * N0], g[SQUARE];
  make_data(x);
  gram(x, g);
  check_one(x, g, rank, size);
  int failed = check_end("mpi_equivalent", rank);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
