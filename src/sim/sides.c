#include "nlrmt/sides.h"

#include <stdlib.h>
#include <string.h>

/* Each row of B to the process row that keeps it, a few columns at a time. */
static void collect(const nlrmt_grid *g, double factor, const double *partial, int64_t batch,
                    double *packed, nlrmt_rows *b) {
  double *sum = packed + batch * b->slice;
  for (int64_t l0 = 0; l0 < b->cols; l0 += batch) {
    int64_t cols = b->cols - l0 < batch ? b->cols - l0 : batch;
    for (int p = 0; p < g->nprow; p++) {
      int64_t first = p * b->slice, left = b->count - first;
      int64_t rows = left < 0 ? 0 : left < b->slice ? left : b->slice;
      for (int64_t l = 0; l < cols; l++)
        memcpy(packed + l * rows, partial + (l0 + l) * b->count + first,
               (size_t)rows * sizeof *packed);
      MPI_Reduce(packed, sum, (int)(rows * cols), MPI_DOUBLE, MPI_SUM, p, g->col);
      for (int64_t l = 0; l < cols && p == g->myrow; l++)
        for (int64_t r = 0; r < rows; r++) b->c[(l0 + l) * b->ld + r] = factor * sum[l * rows + r];
    }
  }
}

nlrmt_status nlrmt_sides_collect(const nlrmt_grid *grid, double factor, const double *partial,
                                 nlrmt_sides *sides, nlrmt_error *err) {
  nlrmt_rows *b = sides->rows;
  int64_t batch = (1 << 22) / b->slice + 1;
  double *packed = malloc((size_t)(2 * batch * b->slice) * sizeof *packed);
  if (!packed) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: right-hand sides");
  if (nlrmt_comm_agree(grid->comm, err) == NLRMT_OK) {
    collect(grid, factor, partial, batch, packed, b);
    MPI_Allreduce(MPI_IN_PLACE, sides->norm, 2, MPI_DOUBLE, MPI_SUM, grid->col);
  }
  free(packed);
  return err->status;
}
