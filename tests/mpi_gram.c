/* Gram matrices against the plain triple loop. Entries are small integers, so every sum is exact
 * and the comparison is for equality on every grid. Any rank count. */
#include "nlrmt/gram.h"

#include <stdlib.h>

#include "check.h"

static double entry(int64_t i, int64_t j) {
  uint64_t x = (uint64_t)(i * 1000003 + j + 1) * 0x9e3779b97f4a7c15u;
  return (double)(int64_t)(x >> 40 & 15) - 8;
}

static double expected(int64_t height, double alpha, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t k = 0; k < height; k++) sum += entry(k, i) * entry(k, j);
  return alpha * sum;
}

/* Adds rows first.. of G: `heights[p]` of them from process row p. Leading dimension rows + 3. */
static void add_strip(nlrmt_gram *gram, const nlrmt_dmat *a, const int64_t *heights, int64_t first,
                      nlrmt_error *err) {
  const nlrmt_grid *g = a->grid;
  for (int p = 0; p < g->myrow; p++) first += heights[p];
  int64_t rows = heights[g->myrow], ld = rows + 3;
  double *piece = malloc((size_t)(ld * a->cols + 1) * sizeof *piece);
  for (int64_t c = 0; c < a->cols; c++)
    for (int64_t r = 0; r < ld; r++) {
      int64_t j = nlrmt_block_global(c, a->block, g->mycol, g->npcol);
      piece[c * ld + r] = r < rows ? entry(first + r, j) : 1e300;
    }
  CHECK(nlrmt_gram_add(gram, rows, piece, ld, err) == NLRMT_OK, "%s", err->text);
  free(piece);
}

/* Strip k: process row p brings 5 rows, or (p + k) % 3 * 4, or none at all. */
static int64_t heights_of(int k, int nprow, int64_t *heights) {
  int64_t sum = 0;
  for (int p = 0; p < nprow; p++) {
    heights[p] = k == 0 ? 5 : k == 2 ? 0 : (p + k) % 3 * 4;
    sum += heights[p];
  }
  return sum;
}

static void test_gram(const nlrmt_grid *grid, int64_t n, int block, bool mirror) {
  enum { STRIPS = 5 };
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_dmat *a;
  nlrmt_gram *gram;
  int64_t *heights = malloc((size_t)grid->nprow * sizeof *heights), height = 0, wrong = 0;
  nlrmt_dmat_create(grid, n, block, &a, &err);
  CHECK(nlrmt_gram_create(a, 8 * grid->nprow, &gram, &err) == NLRMT_OK, "%s", err.text);
  for (int k = 0; k < STRIPS; k++) {
    int64_t sum = heights_of(k, grid->nprow, heights);
    add_strip(gram, a, heights, height, &err);
    height += sum;
  }
  CHECK(nlrmt_gram_finish(gram, 0.25, mirror, &err) == NLRMT_OK, "%s", err.text);
  for (int64_t c = 0; c < a->cols; c++)
    for (int64_t r = 0; r < a->rows; r++) {
      int64_t i = nlrmt_block_global(r, block, grid->myrow, grid->nprow);
      int64_t j = nlrmt_block_global(c, block, grid->mycol, grid->npcol);
      if (!mirror && i / block < j / block) continue; /* nothing is promised there */
      if (a->a[c * a->ld + r] != expected(height, 0.25, i, j)) wrong++;
    }
  CHECK(wrong == 0, "n %lld, block %d, %d x %d: %lld wrong", (long long)n, block, grid->nprow,
        grid->npcol, (long long)wrong);
  nlrmt_gram_destroy(&gram);
  nlrmt_gram_destroy(&gram);
  CHECK(!gram, "destroy leaves NULL");
  nlrmt_dmat_destroy(&a);
  free(heights);
}

static void test_grid(const nlrmt_comm *comm, int nprow, int npcol) {
  static const int64_t sizes[] = {0, 1, 2, 7, 65, 131, 300};
  static const int blocks[] = {1, 3, 16, 64};
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_grid *grid;
  CHECK(nlrmt_grid_create(comm, nprow, npcol, &grid, &err) == NLRMT_OK, "%s", err.text);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
      for (int mirror = 0; mirror < 2; mirror++) test_gram(grid, sizes[s], blocks[b], mirror == 1);
  nlrmt_dmat *a;
  nlrmt_gram *gram;
  nlrmt_dmat_create(grid, 512, 16, &a, &err);
  if (comm->size > 1) {
    CHECK(nlrmt_gram_create(a, (int64_t)1 << 30, &gram, &err) == NLRMT_ERR_RESOURCE, "too high");
    CHECK(!gram && err.text[0], "message: %s", err.text);
  } else {
    CHECK(nlrmt_gram_bytes(512, 16, 1 << 30, false, 1, 1, 0, 0) == 0, "one rank needs no buffer");
  }
  nlrmt_dmat_destroy(&a);
  nlrmt_grid_destroy(&grid);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  int p, q;
  nlrmt_grid_shape(comm.size, &p, &q);
  test_grid(&comm, p, q);
  if (comm.size > 1) test_grid(&comm, comm.size, 1);
  if (p > 1) test_grid(&comm, 1, comm.size);
  if (q > p) test_grid(&comm, q, p);
  int failed = check_end("mpi_gram", comm.rank);
  nlrmt_comm_clear(&comm);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
