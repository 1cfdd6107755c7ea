/* ELPA, two-stage: full -> band -> tridiagonal -> divide and conquer. Needs the full matrix, not a
 * triangle. Compiled in if the build found ELPA. */
#ifdef NLRMT_HAVE_ELPA
#include <elpa/elpa.h>
#include <elpa/elpa_version.h>

#include "eig_backends.h"

/* Seen in ELPA 2022.11 with an empty process row or column: segmentation faults, aborts, hangs. */
static const char *refuses(int64_t n, int block, int nprow, int npcol) {
  int64_t blocks = (n + block - 1) / block;
  return blocks >= nprow && blocks >= npcol ? NULL : "it needs a block on every rank";
}

/* Divide and conquer works with vectors although none are asked for. Peak memory seen beyond the
 * matrix, in units of n^2/P: 2.4, 3.3, 3.0 at n = 4096 on 1, 2, 4 ranks, less at 2048. With
 * right-hand sides: the eigenvectors and the product besides. */
static size_t bytes(int64_t n, int block, int nprow, int npcol, int64_t count) {
  (void)block;
  int64_t vectors = count > 0 ? n * n + 2 * count * n : 0;
  return (size_t)((7 * n * n / 2 + vectors) / (nprow * npcol) + 64 * n) * sizeof(double);
}

static elpa_t describe(const nlrmt_dmat *a, int vectors, int *error) {
  static bool initialised;
  if (!initialised && (*error = elpa_init(ELPA_API_VERSION)) != ELPA_OK) return NULL;
  initialised = true;
  const nlrmt_grid *g = a->grid;
  const struct {
    const char *key;
    int value;
  } settings[] = {{"na", (int)a->n},           {"nev", vectors > 0 ? vectors : 1},
                  {"local_nrows", (int)a->ld}, {"local_ncols", (int)a->cols},
                  {"nblk", a->block},          {"mpi_comm_parent", (int)MPI_Comm_c2f(g->comm->mpi)},
                  {"process_row", g->myrow},   {"process_col", g->mycol}};
  elpa_t handle = elpa_allocate(error);
  for (size_t i = 0; i < sizeof settings / sizeof *settings && *error == ELPA_OK; i++)
    elpa_set(handle, settings[i].key, settings[i].value, error);
  if (*error == ELPA_OK) *error = elpa_setup(handle);
  if (*error == ELPA_OK) elpa_set(handle, "solver", ELPA_SOLVER_2STAGE, error);
  return handle;
}

static nlrmt_status solve(nlrmt_dmat *a, double *lambda, nlrmt_eig_times *times, nlrmt_error *err) {
  const nlrmt_comm *comm = a->grid->comm;
  int error = ELPA_OK;
  double start = MPI_Wtime();
  *times = (nlrmt_eig_times){0};
  nlrmt_eig_verify_matrix(a, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK || a->n == 0) return err->status;
  elpa_t handle = describe(a, 0, &error);
  nlrmt_eig_verify("ELPA's setup", error, 0, NULL, err);
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK) {
    elpa_eigenvalues(handle, a->a, lambda, &error);
    nlrmt_eig_verify("ELPA", error, a->n, lambda, err);
  }
  if (handle) elpa_deallocate(handle, &error);
  times->reduce_s = MPI_Wtime() - start;
  return nlrmt_comm_agree(comm, err);
}

/* All the way: T = diag(lambda), Q = the eigenvectors. */
static nlrmt_status diagonalise(nlrmt_dmat *a, nlrmt_rows *c, double *lambda, nlrmt_dmat **vectors,
                                nlrmt_error *err) {
  int error = ELPA_OK;
  nlrmt_eig_verify_matrix(a, err);
  if (nlrmt_comm_agree(a->grid->comm, err) != NLRMT_OK ||
      nlrmt_dmat_create(a->grid, a->n, a->block, vectors, err) != NLRMT_OK)
    return err->status;
  elpa_t handle = describe(a, (int)a->n, &error);
  nlrmt_eig_verify("ELPA's setup", error, 0, NULL, err);
  if (nlrmt_comm_agree(a->grid->comm, err) == NLRMT_OK) {
    elpa_eigenvectors(handle, a->a, lambda, (*vectors)->a, &error);
    nlrmt_eig_verify("ELPA", error, a->n, lambda, err);
  }
  if (handle) elpa_deallocate(handle, &error);
  if (nlrmt_comm_agree(a->grid->comm, err) != NLRMT_OK) return err->status;
  return nlrmt_rows_multiply(c, *vectors, err);
}

static nlrmt_status reduce(nlrmt_dmat *a, nlrmt_rows *c, double *d, double *e,
                           nlrmt_eig_times *times, nlrmt_error *err) {
  nlrmt_dmat *vectors = NULL;
  double start = MPI_Wtime();
  *times = (nlrmt_eig_times){0};
  for (int64_t i = 0; i + 1 < a->n; i++) e[i] = 0;
  if (!c || c->count == 0) return solve(a, d, times, err);
  if (a->n > 0) diagonalise(a, c, d, &vectors, err);
  nlrmt_dmat_destroy(&vectors);
  times->reduce_s = MPI_Wtime() - start;
  return err->status;
}

const nlrmt_eig_backend nlrmt_eig_elpa2 = {.name = "elpa2",
                                           .rows = true,
                                           .refuses = refuses,
                                           .bytes = bytes,
                                           .solve = solve,
                                           .reduce = reduce};
#else
typedef int nlrmt_no_elpa; /* an empty file is not C */
#endif
