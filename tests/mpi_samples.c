/* Data beyond i.i.d.: the same X on every grid bit by bit, the features made of it and its measured
 * spectrum against plain loops over the whole X. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nlrmt/images.h"
#include "nlrmt/model.h"
#include "on_grid.h"

enum { IMAGES = 90, ROWS = 6, COLS = 5, N0 = ROWS * COLS };

static uint32_t scramble(uint32_t k) {
  k = (k ^ k >> 15) * 0x2c1b3c6du;
  k = (k ^ k >> 12) * 0x297a2d39u;
  return k ^ k >> 15;
}

/* Byte k of the file's images: pixel 0 is always 0, the others depend on image and pixel. */
static unsigned char pixel(int image, int i) {
  return i == 0 ? 0 : (unsigned char)scramble((uint32_t)(image * N0 + i));
}

/* Rank 0 writes the images; every rank knows the path. */
static void write_images(const nlrmt_comm *comm, char *path, size_t size) {
  const unsigned char head[16] = {0, 0, 8, 3, 0, 0, 0, IMAGES, 0, 0, 0, ROWS, 0, 0, 0, COLS};
  snprintf(path, size, "/tmp/mpi_samples.%ld", (long)getpid());
  MPI_Bcast(path, (int)size, MPI_CHAR, 0, comm->mpi);
  if (comm->rank != 0) return;
  FILE *f = fopen(path, "wb");
  fwrite(head, 1, sizeof head, f);
  for (int k = 0; k < IMAGES * N0; k++) fputc(pixel(k / N0, k % N0), f);
  fclose(f);
}

static nlrmt_params make_params(int64_t m, int64_t n0, int64_t n1) {
  nlrmt_params p = {.seed = 42,
                    .trials = 1,
                    .m = m,
                    .n0 = n0,
                    .n1 = n1,
                    .sigma_w = 1.3,
                    .sigma_x = 0.7,
                    .entries = NLRMT_ENTRIES_GAUSSIAN};
  nlrmt_error err = {0};
  p.phi = (double)n0 / (double)m;
  p.psi = (double)n0 / (double)n1;
  p.bias = (nlrmt_bias){.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0.8};
  strcpy(p.eigensolver, "auto");
  p.mixture.count = 1;
  p.mixture.p[0] = 1;
  nlrmt_activation_init(&p.mixture.f[0], "relu", 1, &err);
  return p;
}

/* [m][n0], by definition: the samples of the m smallest random numbers, less the means, scaled; in
 * units of the largest number, as the program does, for the same bits. */
static double *whole_from_file(const nlrmt_params *p) {
  nlrmt_stream stream = {p->seed, 0, 0, NLRMT_MATRIX_D};
  size_t m = (size_t)p->m;
  double *x = malloc(m * N0 * sizeof *x), last = -1, sum = 0, largest = 0;
  for (size_t c = 0; c < m; c++) {
    int best = -1;
    double least = 2;
    for (int s = 0; s < IMAGES; s++) {
      double u = nlrmt_rng_uniform(&stream, (uint32_t)s);
      if (u > last && u < least) least = u, best = s;
    }
    last = least;
    for (int i = 0; i < N0; i++) largest = fmax(largest, x[c * N0 + (size_t)i] = pixel(best, i));
  }
  for (size_t i = 0; i < N0 && p->data.mean_subtract; i++) {
    double mean = 0;
    for (size_t c = 0; c < m; c++) mean += x[c * N0 + i];
    for (size_t c = 0; c < m; c++) x[c * N0 + i] -= mean / (double)m;
  }
  for (size_t k = 0; k < m * N0; k++) sum += x[k] / largest * (x[k] / largest);
  double rms = largest * sqrt(sum / (double)(m * N0));
  for (size_t k = 0; k < m * N0; k++) x[k] *= p->sigma_x / rms;
  return x;
}

/* The two-point population that make_population asks for: the smaller value first. */
static double *whole_of_population(const nlrmt_params *p, int trial) {
  nlrmt_stream stream = {p->seed, (uint32_t)trial, 0, NLRMT_MATRIX_X};
  size_t m = (size_t)p->m, n0 = (size_t)p->n0, low = (n0 + 2) / 4; /* weight 1/4, rounded */
  double *x = malloc(m * n0 * sizeof *x);
  for (size_t c = 0; c < m; c++) {
    nlrmt_rng_entries(&stream, p->entries, 1, (uint32_t)c, 0, n0, x + c * n0);
    for (size_t i = 0; i < n0; i++) x[c * n0 + i] *= p->sigma_x * sqrt(i < low ? 0.5 : 3);
  }
  return x;
}

/* Largest difference of the model's Gram matrix from the one by definition. */
static double gram_error(const nlrmt_params *p, const nlrmt_plan *plan, const nlrmt_dmat *a,
                         const double *x, int trial) {
  size_t m = (size_t)p->m, n0 = (size_t)p->n0, n1 = (size_t)p->n1;
  double *w = malloc(n0 * sizeof *w), *f = malloc(n1 * m * sizeof *f), worst = 0;
  nlrmt_stream ws = {p->seed, (uint32_t)trial, 0, NLRMT_MATRIX_W};
  for (size_t r = 0; r < n1; r++) {
    double b;
    nlrmt_rng_entries(&ws, p->entries, p->sigma_w / sqrt((double)n0), (uint32_t)r, 0, n0, w);
    nlrmt_bias_draw(&p->bias, p->seed, (uint32_t)trial, 0, (uint32_t)r, 1, &b);
    for (size_t c = 0; c < m; c++) {
      double z = b;
      for (size_t k = 0; k < n0; k++) z += w[k] * x[c * n0 + k];
      f[r * m + c] = fmax(z, 0);
    }
  }
  for (int64_t l = 0; l < a->cols; l++)
    for (int64_t k = 0; k < a->rows; k++) {
      size_t i = (size_t)nlrmt_block_global(k, plan->block, a->grid->myrow, a->grid->nprow);
      size_t j = (size_t)nlrmt_block_global(l, plan->block, a->grid->mycol, a->grid->npcol);
      double sum = 0;
      for (size_t q = 0; q < (size_t)plan->big; q++)
        sum += plan->tall ? f[q * m + i] * f[q * m + j] : f[i * m + q] * f[j * m + q];
      worst = fmax(worst, fabs(a->a[l * a->ld + k] - plan->alpha * sum));
    }
  free(w);
  free(f);
  return worst;
}

static void compare_gram(const nlrmt_grid *grid, const nlrmt_params *p, const nlrmt_plan *plan,
                         const nlrmt_samples *samples, const double *x, const char *what) {
  nlrmt_error err = {0};
  nlrmt_dmat *a = NULL;
  nlrmt_sides sides;
  nlrmt_progress progress;
  double seconds[NLRMT_PHASES] = {0};
  nlrmt_progress_init(&progress, true, 1);
  for (int pass = 0; pass < 2; pass++) { /* twice: the samples outlive a trial */
    nlrmt_model_gram(grid, p, plan, samples, 3, &progress, &a, &sides, seconds, &err);
    CHECK(err.status == NLRMT_OK, "%s: %s", what, err.text);
    if (!a) return;
    double error = gram_error(p, plan, a, x, 3);
    CHECK(error < 1e-13 * (double)plan->big, "%s: largest difference %g", what, error);
    nlrmt_dmat_destroy(&a);
  }
}

/* The columns that this rank holds have the bits of the whole X, and all columns are held. */
static void check_bits(const nlrmt_grid *grid, const nlrmt_params *p, const nlrmt_samples *s,
                       const double *x, const char *what) {
  uint64_t mine = 0, all = 0, sum = 0;
  MPI_Comm across = s->procs == grid->npcol && p->m <= p->n1 ? grid->row : grid->col;
  int proc;
  MPI_Comm_rank(across, &proc);
  for (int64_t c = 0; c < p->m; c++)
    for (int64_t i = 0; i < N0; i++) {
      uint64_t bits, tag = ((uint64_t)c * 1000003u + (uint64_t)i) * 0x9e3779b97f4a7c15u;
      memcpy(&bits, &x[c * N0 + i], 8);
      all += (bits ^ tag) * 0x9e3779b97f4a7c15u;
      if (c / s->block % s->procs != proc) continue;
      memcpy(&bits, nlrmt_samples_column(s, c) + i, 8);
      mine += (bits ^ tag) * 0x9e3779b97f4a7c15u;
    }
  MPI_Allreduce(&mine, &sum, 1, MPI_UINT64_T, MPI_SUM, across);
  CHECK(sum == all, "%s: %llx on the grid, %llx alone", what, (unsigned long long)sum,
        (unsigned long long)all);
}

/* Moments of the spectrum and the spread of the entries of X'X, by definition. */
static void check_report(const nlrmt_params *p, const nlrmt_data_report *r, const double *x,
                         const char *what) {
  size_t m = (size_t)p->m, zeros = 0;
  double square = 0, off = 0, spread = 0, sums[2] = {0, 0};
  for (size_t a = 0; a < m; a++)
    for (size_t b = 0; b < m; b++) {
      double dot = 0;
      for (size_t i = 0; i < N0; i++) dot += x[a * N0 + i] * x[b * N0 + i];
      dot /= N0 * p->sigma_x * p->sigma_x;
      square += dot * dot;
      if (a == b)
        spread += (dot - 1) * (dot - 1);
      else
        off += dot * dot;
    }
  for (size_t i = 0; i < m; i++) {
    CHECK(i == 0 || r->eigenvalue[i] >= r->eigenvalue[i - 1], "%s: not ascending", what);
    zeros += r->eigenvalue[i] == 0;
    sums[0] += r->eigenvalue[i];
    sums[1] += r->eigenvalue[i] * r->eigenvalue[i];
  }
  /* pixel 0 is always 0, and the means are gone */
  size_t rank = m - 1 < N0 - 1 ? m - 1 : N0 - 1;
  CHECK(r->m == p->m && r->available == IMAGES, "%s: %ld of %ld", what, (long)r->m,
        (long)r->available);
  CHECK(zeros == m - rank, "%s: %zu zeros, expected %zu", what, zeros, m - rank);
  CHECK(fabs(sums[0] / (double)m - 1) < 1e-13, "%s: mean %.16g", what, sums[0] / (double)m);
  CHECK(fabs(sums[1] / square - 1) < 1e-12, "%s: squares %g, %g", what, sums[1], square);
  CHECK(fabs(r->diagonal_sd - sqrt(spread / (double)m)) < 1e-12, "%s: diagonal", what);
  CHECK(fabs(r->off_diagonal_rms - sqrt(off / (double)(m * (m - 1)))) < 1e-12, "%s: rest", what);
}

static void check_files(const nlrmt_grid *grid, const char *path, int64_t m, int64_t n1, int block,
                        const char *what) {
  nlrmt_params p = make_params(m, N0, n1);
  nlrmt_plan plan;
  nlrmt_error err = {0};
  nlrmt_samples *samples;
  p.block = block;
  p.data.source = NLRMT_SOURCE_IDX;
  p.data.mean_subtract = true;
  snprintf(p.data.path, sizeof p.data.path, "%s", path);
  nlrmt_plan_make(&p, grid->comm->size, 1e9, &plan, &err);
  if (nlrmt_samples_create(grid, &p, &plan, &samples, &err) != NLRMT_OK) {
    CHECK(0, "%s: %s", what, err.text);
    return;
  }
  double *x = whole_from_file(&p);
  check_bits(grid, &p, samples, x, what);
  check_report(&p, &samples->report, x, what);
  compare_gram(grid, &p, &plan, samples, x, what);
  free(x);
  nlrmt_samples_destroy(&samples);
}

static void check_population(const nlrmt_grid *grid, int64_t m, int64_t n1) {
  nlrmt_params p = make_params(m, 33, n1);
  nlrmt_plan plan;
  nlrmt_error err = {0};
  nlrmt_samples *samples = NULL;
  p.data = (nlrmt_data){.source = NLRMT_SOURCE_DISCRETE, .population = true};
  p.data.count = p.data.weighted = 2;
  p.data.values[0] = 3, p.data.weights[0] = 0.75;
  p.data.values[1] = 0.5, p.data.weights[1] = 0.25;
  nlrmt_plan_make(&p, grid->comm->size, 1e9, &plan, &err);
  nlrmt_samples_create(grid, &p, &plan, &samples, &err);
  CHECK(samples && !samples->x, "population: %s", err.text);
  double *x = whole_of_population(&p, 3);
  if (samples) compare_gram(grid, &p, &plan, samples, x, "population");
  free(x);
  nlrmt_samples_destroy(&samples);
}

/* A truncated file: every rank leaves with the same error. */
static void check_error(const nlrmt_grid *grid, const char *path) {
  nlrmt_params p = make_params(20, N0, 50);
  nlrmt_plan plan;
  nlrmt_error err = {0};
  nlrmt_samples *samples;
  p.data.source = NLRMT_SOURCE_IDX;
  snprintf(p.data.path, sizeof p.data.path, "%s", path);
  nlrmt_plan_make(&p, grid->comm->size, 1e9, &plan, &err);
  CHECK(truncate(path, 16 + 7 * N0 + 3) == 0, "cannot cut %s", path);
  MPI_Barrier(grid->comm->mpi);
  nlrmt_samples_create(grid, &p, &plan, &samples, &err);
  CHECK(err.status == NLRMT_ERR_DATA && !samples && strstr(err.text, "ends at byte 229") &&
            strstr(err.text, "image 8 of 90"),
        "%d %s", (int)err.status, err.text);
}

static void checks(const nlrmt_grid *grid) {
  char path[64] = "";
  write_images(grid->comm, path, sizeof path);
  MPI_Barrier(grid->comm->mpi);
  check_files(grid, path, 25, 47, 0, "tall, fewer samples than features");
  check_files(grid, path, 70, 83, 4, "tall, more samples than features, block 4");
  check_files(grid, path, 70, 40, 0, "wide, more samples than features");
  check_files(grid, path, 28, 9, 1, "wide, fewer samples than features, block 1");
  check_files(grid, path, IMAGES, 65, 0, "all samples");
  check_population(grid, 40, 55);
  check_population(grid, 80, 31);
  MPI_Barrier(grid->comm->mpi);
  check_error(grid, path);
  MPI_Barrier(grid->comm->mpi);
  if (grid->comm->rank == 0) remove(path);
}

int main(int argc, char **argv) {
  return on_grid("mpi_samples", &argc, &argv, checks);
}
