/* Agreement on errors, grid shapes, block-cyclic indices, distributed matrices. Any rank count. */
#include "nlrmt/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void test_agree(const nlrmt_comm *comm) {
  nlrmt_error err = {NLRMT_OK, ""};
  CHECK(nlrmt_comm_agree(comm, &err) == NLRMT_OK, "rank %d", comm->rank);
  /* Every rank but 0 fails; the last one with a larger status. */
  int last = comm->size - 1;
  if (comm->rank > 0)
    nlrmt_fail(&err, comm->rank == last ? NLRMT_ERR_NUMERIC : NLRMT_ERR_CONFIG, "rank %d",
               comm->rank);
  nlrmt_status status = nlrmt_comm_agree(comm, &err);
  char text[32];
  snprintf(text, sizeof text, "rank %d", last);
  CHECK(status == (last ? NLRMT_ERR_NUMERIC : NLRMT_OK), "%d", (int)status);
  CHECK(err.status == status && !strcmp(err.text, last ? text : ""), "%s", err.text);
  /* Equal statuses: the lowest rank speaks. */
  err = (nlrmt_error){NLRMT_OK, ""};
  nlrmt_fail(&err, NLRMT_ERR_DATA, "rank %d", comm->rank);
  CHECK(nlrmt_comm_agree(comm, &err) == NLRMT_ERR_DATA, "%d", (int)err.status);
  CHECK(!strcmp(err.text, "rank 0"), "%s", err.text);
}

static void test_shape(void) {
  for (int size = 1; size <= 128; size++) {
    int p, q, best = 1;
    nlrmt_grid_shape(size, &p, &q);
    for (int k = 1; k * k <= size; k++)
      if (size % k == 0) best = k;
    CHECK(p == best && p * q == size, "%d ranks: %d x %d", size, p, q);
  }
}

static void test_blocks(void) {
  for (int n = 0; n < 40; n++)
    for (int block = 1; block <= 9; block += 2)
      for (int procs = 1; procs <= 5; procs++) {
        int64_t seen[5] = {0};
        int wrong = 0;
        for (int i = 0; i < n; i++) {
          int owner = i / block % procs;
          if (nlrmt_block_global(seen[owner]++, block, owner, procs) != i) wrong++;
        }
        for (int p = 0; p < procs; p++)
          if (nlrmt_block_count(n, block, p, procs) != seen[p]) wrong++;
        CHECK(wrong == 0, "n %d, block %d, procs %d", n, block, procs);
      }
  int64_t big = (int64_t)1 << 40;
  CHECK(nlrmt_block_count(big, 64, 0, 2) == big / 2, "64-bit sizes");
}

static double entry(int64_t i, int64_t j) {
  return (double)(i * 1000 + j + 1);
}

static void test_symmetrise(const nlrmt_grid *grid, int64_t n, int block, bool single) {
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_dmat *m;
  (single ? nlrmt_dmat_create_single : nlrmt_dmat_create)(grid, n, block, &m, &err);
  CHECK(err.status == NLRMT_OK && m->single == single, "%s", err.text);
  CHECK(single ? !m->a : !m->s, "one of the two");
  int64_t wrong = 0, count = m->rows * m->cols, total = 0;
  for (int pass = 0; pass < 3; pass++) { /* zeros, fill, compare */
    if (pass == 2) nlrmt_dmat_symmetrise(m, &err);
    for (int64_t c = 0; c < m->cols; c++)
      for (int64_t r = 0; r < m->rows; r++) {
        int64_t i = nlrmt_block_global(r, block, grid->myrow, grid->nprow);
        int64_t j = nlrmt_block_global(c, block, grid->mycol, grid->npcol);
        int64_t at = c * m->ld + r;
        double mine = i >= j ? entry(i, j) : NAN, found = single ? m->s[at] : m->a[at];
        if (pass == 0 && found != 0) wrong++;
        if (pass == 1 && single) m->s[at] = (float)mine;
        if (pass == 1 && !single) m->a[at] = mine;
        if (pass == 2 && found != (i >= j ? mine : entry(j, i))) wrong++;
      }
  }
  MPI_Allreduce(&count, &total, 1, MPI_INT64_T, MPI_SUM, grid->comm->mpi);
  CHECK(total == n * n, "%lld elements", (long long)total);
  CHECK(wrong == 0, "n %lld, block %d, %d x %d: %lld wrong", (long long)n, block, grid->nprow,
        grid->npcol, (long long)wrong);
  nlrmt_dmat_destroy(&m);
  CHECK(!m, "destroy leaves NULL");
  nlrmt_dmat_destroy(&m);
}

static void test_grid(const nlrmt_comm *comm, int nprow, int npcol) {
  static const int64_t sizes[] = {0, 1, 2, 7, 65, 131, 300};
  static const int blocks[] = {1, 3, 16, 64};
  nlrmt_error err = {NLRMT_OK, ""};
  nlrmt_grid *grid, *second;
  CHECK(nlrmt_grid_create(comm, nprow, npcol, &grid, &err) == NLRMT_OK, "%s", err.text);
  CHECK(nlrmt_grid_create(comm, npcol, nprow, &second, &err) == NLRMT_OK, "%s", err.text);
  CHECK(grid->myrow * npcol + grid->mycol == comm->rank, "(%d, %d)", grid->myrow, grid->mycol);
  int row_rank, col_rank, row_size, col_size;
  MPI_Comm_rank(grid->row, &row_rank), MPI_Comm_size(grid->row, &row_size);
  MPI_Comm_rank(grid->col, &col_rank), MPI_Comm_size(grid->col, &col_size);
  CHECK(row_rank == grid->mycol && row_size == npcol, "%d of %d", row_rank, row_size);
  CHECK(col_rank == grid->myrow && col_size == nprow, "%d of %d", col_rank, col_size);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
      for (int single = 0; single < 2; single++)
        test_symmetrise(s % 2 ? grid : second, sizes[s], blocks[b], single);
  nlrmt_dmat *m;
  CHECK(nlrmt_dmat_create(grid, (int64_t)1 << 40, 64, &m, &err) == NLRMT_ERR_RESOURCE, "2^40");
  CHECK(!m && err.text[0], "message: %s", err.text);
  nlrmt_grid_destroy(&grid);
  nlrmt_grid_destroy(&second);
  CHECK(!grid && !second, "destroy leaves NULL");
}

/* Two halves of the ranks, each with a grid of its own at the same time. */
static void test_halves(const nlrmt_comm *world) {
  nlrmt_comm half;
  MPI_Comm mpi;
  MPI_Comm_split(world->mpi, world->rank % 2, 0, &mpi);
  nlrmt_comm_init(&half, mpi);
  half.owned = true;
  test_grid(&half, 1, half.size);
  nlrmt_comm_clear(&half);
  CHECK(half.mpi == MPI_COMM_NULL, "owned communicator freed");
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  CHECK(comm.node_ranks >= 1 && comm.node_ranks <= comm.size, "%d", comm.node_ranks);
  test_agree(&comm);
  test_shape();
  test_blocks();
  int p, q;
  nlrmt_grid_shape(comm.size, &p, &q);
  test_grid(&comm, p, q);
  test_grid(&comm, 1, comm.size);
  test_halves(&comm);
  int failed = check_end("mpi_grid", comm.rank);
  nlrmt_comm_clear(&comm);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
