/* The ridge path against a Cholesky factorisation per gamma in quadruple precision, and the forms
 * at complex z against Gaussian elimination of the dense A - z, for every backend: random A = F'F/N
 * with a large eigenvalue or a null space, random right-hand sides in two groups. Any rank count.
 */
#include "nlrmt/shifted.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/eig.h"

typedef __float128 quad;
enum { GAMMAS = 9 };
static const double gammas[GAMMAS] = {1e-8, 1e-6, 1e-4, 1e-2, 1, 1e2, 1e4, 1e6, 1e8};

enum { ZS = 8 };
static const double complex zs[ZS] = {CMPLX(0.5, 1e-6), CMPLX(1, 1e-3), CMPLX(0, 0.1),
                                      CMPLX(2, 0.05),   CMPLX(-3, 2),   CMPLX(7e4, 1),
                                      CMPLX(-0.5, 0),   CMPLX(-1e4, 0)};

static quad root(quad x) {
  quad y = (quad)sqrt((double)x);
  for (int i = 0; i < 3 && y > 0; i++) y = (y + x / y) / 2;
  return y;
}

/* Uniform on (-1, 1), the same on every rank. */
static double uniform(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) * 0x1p-52 - 1;
}

/* A [n][n] of rank min(n, inner), entries of F of mean `mean`: an eigenvalue near n mean^2. */
static void fill(int64_t n, int64_t inner, double mean, double *a, int64_t count, double *b) {
  uint64_t state = 99 + (uint64_t)n;
  double *f = malloc((size_t)(n * inner) * sizeof *f);
  for (int64_t i = 0; i < n * inner; i++) f[i] = 1.7 * uniform(&state) + mean;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j <= i; j++) {
      double sum = 0;
      for (int64_t k = 0; k < inner; k++) sum += f[i * inner + k] * f[j * inner + k];
      a[i * n + j] = a[j * n + i] = sum / (double)inner;
    }
  for (int64_t i = 0; i < n * count; i++) b[i] = uniform(&state);
  free(f);
}

/* a + gamma = L L' into l, both [n][n], the lower triangle. */
static void cholesky(int64_t n, const double *a, double gamma, quad *l) {
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j; i < n; i++) {
      quad sum = (quad)a[i * n + j] + (i == j ? (quad)gamma : 0);
      for (int64_t k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      l[i * n + j] = i == j ? root(sum) : sum / l[j * n + j];
    }
}

/* What nlrmt_shifted_sums should give: b [count][n], group 0 the rows below split. */
static void oracle(int64_t n, const double *a, int64_t count, const double *b, int64_t split,
                   double gamma, nlrmt_shifted sum[2]) {
  quad *l = malloc((size_t)(n * n + n) * sizeof *l), *x = l + n * n;
  memset(sum, 0, 2 * sizeof *sum);
  cholesky(n, a, gamma, l);
  for (int64_t r = 0; r < count; r++) {
    quad form = 0, square = 0;
    for (int64_t i = 0; i < n; i++) {
      x[i] = b[r * n + i];
      for (int64_t k = 0; k < i; k++) x[i] -= l[i * n + k] * x[k];
      x[i] /= l[i * n + i];
      form += x[i] * x[i];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
      for (int64_t k = i + 1; k < n; k++) x[i] -= l[k * n + i] * x[k];
      x[i] /= l[i * n + i];
      square += x[i] * x[i];
    }
    sum[r >= split].form += (double)form;
    sum[r >= split].square += (double)square;
  }
  free(l);
}

/* A - z = P L U in place; perm [n]. */
static void eliminate(int64_t n, const double *a, double complex z, long double complex *u,
                      int64_t *perm) {
  for (int64_t i = 0; i < n * n; i++) u[i] = a[i] - (i % (n + 1) == 0 ? z : 0);
  for (int64_t k = 0; k < n; k++) {
    int64_t best = k;
    for (int64_t i = k + 1; i < n; i++)
      if (cabsl(u[i * n + k]) > cabsl(u[best * n + k])) best = i;
    perm[k] = best;
    for (int64_t j = 0; j < n && best != k; j++) {
      long double complex swap = u[k * n + j];
      u[k * n + j] = u[best * n + j];
      u[best * n + j] = swap;
    }
    for (int64_t i = k + 1; i < n; i++) {
      u[i * n + k] /= u[k * n + k];
      for (int64_t j = k + 1; j < n; j++) u[i * n + j] -= u[i * n + k] * u[k * n + j];
    }
  }
}

/* What nlrmt_shifted_forms should give. */
static double complex oracle_form(int64_t n, const double *a, const double *b, int64_t split,
                                  double complex z) {
  long double complex *u = malloc((size_t)(n * n + n) * sizeof *u), *x = u + n * n, form = 0;
  int64_t *perm = malloc((size_t)n * sizeof *perm);
  eliminate(n, a, z, u, perm);
  for (int64_t r = 0; r < split; r++) {
    for (int64_t i = 0; i < n; i++) x[i] = b[r * n + i];
    for (int64_t i = 0; i < n; i++) {
      long double complex swap = x[i];
      x[i] = x[perm[i]];
      x[perm[i]] = swap;
    }
    for (int64_t i = 0; i < n; i++)
      for (int64_t k = 0; k < i; k++) x[i] -= u[i * n + k] * x[k];
    for (int64_t i = n - 1; i >= 0; i--) {
      for (int64_t k = i + 1; k < n; k++) x[i] -= u[i * n + k] * x[k];
      x[i] /= u[i * n + i];
    }
    for (int64_t i = 0; i < n; i++) form += b[r * n + i] * x[i];
  }
  free(u);
  free(perm);
  return (double complex)form;
}

typedef struct {
  const nlrmt_grid *grid;
  int64_t n, count, split;
  int block;
  const double *a, *b;
  double floor, loss; /* allowed error, relative: eps |A| over the smallest eigenvalue, and at
                         gamma = 1e-8 over gamma */
  nlrmt_shifted expected[GAMMAS][2];
  double complex form[ZS];
} problem;

static void distribute(const problem *p, nlrmt_dmat **a, nlrmt_rows **c) {
  const nlrmt_grid *g = p->grid;
  nlrmt_error err = {0};
  nlrmt_dmat_create(g, p->n, p->block, a, &err);
  nlrmt_rows_create(g, p->count, p->n, p->block, c, &err);
  CHECK(err.status == NLRMT_OK, "%s", err.text);
  for (int64_t l = 0; l < (*a)->cols; l++) {
    int64_t col = nlrmt_block_global(l, p->block, g->mycol, g->npcol);
    for (int64_t r = 0; r < (*a)->rows; r++)
      (*a)->a[l * (*a)->ld + r] =
          p->a[col * p->n + nlrmt_block_global(r, p->block, g->myrow, g->nprow)];
    for (int64_t r = 0; r < (*c)->rows; r++)
      (*c)->c[l * (*c)->ld + r] = p->b[((*c)->first + r) * p->n + col];
  }
}

static double relative(double x, double y) {
  return y == 0 ? fabs(x) : fabs(x / y - 1);
}

/* d, e, c: of the reduced problem. The error of A's eigenvalues, eps |A|, counts against the
 * distance to z. */
static void check_forms(const problem *p, const char *backend, const nlrmt_rows *c, const double *d,
                        const double *e) {
  nlrmt_error err = {0};
  double complex form[ZS];
  nlrmt_shifted_forms(c, p->split, d, e, ZS, zs, form, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", backend, err.text);
  for (int g = 0; g < ZS; g++) {
    double near = cimag(zs[g]) > 0 ? cimag(zs[g]) : -creal(zs[g]);
    double bound = (1e-12 + 0.2 * p->floor / near) * cabs(p->form[g]);
    CHECK(cabs(form[g] - p->form[g]) <= bound,
          "%s, n %lld, block %d, %d x %d, z %g%+gi: %.15g%+.15gi, should be %.15g%+.15gi", backend,
          (long long)p->n, p->block, p->grid->nprow, p->grid->npcol, creal(zs[g]), cimag(zs[g]),
          creal(form[g]), cimag(form[g]), creal(p->form[g]), cimag(p->form[g]));
  }
}

static void check_backend(const problem *p, const nlrmt_eig_backend *backend) {
  nlrmt_error err = {0};
  nlrmt_eig_times times;
  nlrmt_dmat *a;
  nlrmt_rows *c;
  nlrmt_shifted sum[GAMMAS][2];
  double *d = calloc((size_t)(2 * p->n + 1), sizeof *d), *e = d + p->n;
  distribute(p, &a, &c);
  CHECK(backend->reduce(a, c, d, e, &times, &err) == NLRMT_OK, "%s: %s", backend->name, err.text);
  nlrmt_shifted_sums(c, p->split, d, e, GAMMAS, gammas, sum, &err);
  CHECK(err.status == NLRMT_OK, "%s: %s", backend->name, err.text);
  for (int g = 0; g < GAMMAS; g++)
    for (int k = 0; k < 2; k++) {
      double form = relative(sum[g][k].form, p->expected[g][k].form);
      double square = relative(sum[g][k].square, p->expected[g][k].square);
      double bound = p->floor + p->loss * 1e-8 / gammas[g];
      CHECK(form < bound && square < 2 * bound,
            "%s, n %lld, block %d, %d x %d, gamma %g, group %d: %.1e, %.1e, bound %.1e",
            backend->name, (long long)p->n, p->block, p->grid->nprow, p->grid->npcol, gammas[g], k,
            form, square, bound);
    }
  check_forms(p, backend->name, c, d, e);
  free(d);
  nlrmt_dmat_destroy(&a);
  nlrmt_rows_destroy(&c);
}

static void check_all(problem *p, int64_t inner, double mean) {
  double *a = calloc((size_t)(p->n * (p->n + p->count)), sizeof *a), *b = a + p->n * p->n;
  fill(p->n, inner, mean, a, p->count, b);
  p->a = a, p->b = b;
  for (int g = 0; g < GAMMAS; g++)
    oracle(p->n, a, p->count, b, p->split, gammas[g], p->expected[g]);
  for (int g = 0; g < ZS; g++) p->form[g] = oracle_form(p->n, a, b, p->split, zs[g]);
  size_t count;
  const nlrmt_eig_backend *const *backend = nlrmt_eig_backends(&count);
  for (size_t k = 0; k < count; k++)
    if (backend[k]->rows && !backend[k]->refuses(p->n, p->block, p->grid->nprow, p->grid->npcol))
      check_backend(p, backend[k]);
  free(a);
}

static void test_grid(const nlrmt_comm *comm, int nprow, int npcol) {
  nlrmt_error err = {0};
  nlrmt_grid *grid;
  CHECK(nlrmt_grid_create(comm, nprow, npcol, &grid, &err) == NLRMT_OK, "%s", err.text);
  problem full = {
      .grid = grid, .n = 70, .count = 45, .split = 30, .block = 8, .floor = 1e-12, .loss = 1e-11};
  problem none = {
      .grid = grid, .n = 41, .count = 3, .split = 0, .block = 16, .floor = 1e-12, .loss = 1e-11};
  problem null = {
      .grid = grid, .n = 60, .count = 20, .split = 20, .block = 4, .floor = 1e-12, .loss = 1e-6};
  problem tiny = {
      .grid = grid, .n = 1, .count = 2, .split = 1, .block = 1, .floor = 1e-12, .loss = 1e-11};
  problem outlier = {
      .grid = grid, .n = 64, .count = 17, .split = 1, .block = 32, .floor = 1e-11, .loss = 1e-10};
  check_all(&full, 150, 0);
  check_all(&none, 90, 0.1);
  check_all(&null, 35, 0); /* rounding errors of 0 eigenvalues, about 1e-15, next to gamma */
  check_all(&tiny, 5, 0);
  check_all(&outlier, 160, 30); /* an eigenvalue near 6e4 */
  nlrmt_grid_destroy(&grid);
}

/* T = diag(1, -1e-6): not a ridge problem for gamma below 1e-6. */
static void test_indefinite(const nlrmt_comm *comm) {
  nlrmt_error err = {0};
  nlrmt_grid *grid;
  nlrmt_rows *c;
  nlrmt_shifted sum[2][2];
  const double d[2] = {1, -1e-6}, e[2] = {0, 0}, gamma[2] = {1, 1e-7};
  nlrmt_grid_create(comm, 0, 0, &grid, &err);
  CHECK(nlrmt_rows_create(grid, 40, 2, 1, &c, &err) == NLRMT_OK, "%s", err.text);
  for (int64_t i = 0; i < c->cols * c->rows; i++) c->c[i] = 1;
  CHECK(nlrmt_shifted_sums(c, 10, d, e, 1, gamma, sum, &err) == NLRMT_OK, "%s", err.text);
  CHECK(fabs(sum[0][0].square - 10 * (0.25 + 1)) < 1e-4, "%g", sum[0][0].square);
  CHECK(nlrmt_shifted_sums(c, 10, d, e, 2, gamma, sum, &err) == NLRMT_ERR_NUMERIC, "%s", err.text);
  CHECK(strstr(err.text, "1e-07") && strstr(err.text, "larger"), "%s", err.text);
  const double complex z[2] = {CMPLX(-1e-6 / 2, 1e-9), CMPLX(-1e-7, 0)};
  double complex form[2];
  err = (nlrmt_error){0};
  nlrmt_shifted_forms(c, 10, d, e, 1, z, form, &err);
  double complex want = 10 / (1 - z[0]) + 10 / (-1e-6 - z[0]);
  CHECK(cabs(form[0] / want - 1) < 1e-9, "%g%+gi", creal(form[0]), cimag(form[0]));
  CHECK(nlrmt_shifted_forms(c, 10, d, e, 2, z, form, &err) == NLRMT_ERR_NUMERIC, "%s", err.text);
  CHECK(strstr(err.text, "-1e-07") && strstr(err.text, "further from 0"), "%s", err.text);
  nlrmt_rows_destroy(&c);
  nlrmt_grid_destroy(&grid);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  int p, q;
  nlrmt_grid_shape(comm.size, &p, &q);
  test_grid(&comm, p, q);
  if (p > 1) test_grid(&comm, 1, comm.size);
  if (comm.size > 1) test_grid(&comm, comm.size, 1);
  test_indefinite(&comm);
  int failed = check_end("mpi_shifted", comm.rank);
  nlrmt_comm_clear(&comm);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
