#include "nlrmt/trial.h"

#include <stdlib.h>
#include <string.h>

#include "nlrmt/ridge.h"
#include "nlrmt/stieltjes.h"
#include "nlrmt/vectors.h"

/* Collective. Eigenvalues and eigenvectors of K, and the overlaps with those of X'X. Destroys a. */
static nlrmt_status overlap(const nlrmt_params *params, const nlrmt_plan *plan,
                            const nlrmt_samples *samples, int trial, nlrmt_dmat *a,
                            nlrmt_eig_times *times, const nlrmt_trial_out *out, nlrmt_error *err) {
  const nlrmt_grid *grid = a->grid;
  nlrmt_rows *u = NULL, *v = NULL;
  double *e = malloc((size_t)(plan->n + 1) * sizeof *e);
  if (!e)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld eigenvalues", (long long)plan->n);
  if (nlrmt_comm_agree(grid->comm, err) == NLRMT_OK &&
      nlrmt_vectors_identity(grid, plan, &u, err) == NLRMT_OK &&
      plan->eig->reduce(a, u, out->lambda, e, times, err) == NLRMT_OK) {
    double start = nlrmt_clock();
    if (nlrmt_eig_finish_rows(u, out->lambda, e, err) == NLRMT_OK &&
        nlrmt_vectors_of_data(grid, params, plan, samples, trial, &v, err) == NLRMT_OK)
      nlrmt_vectors_overlap(v, u, params->vector_blocks, plan->outliers, out->overlap, out->full,
                            err);
    times->eigen_s += nlrmt_clock() - start;
  }
  nlrmt_rows_destroy(&u);
  nlrmt_rows_destroy(&v);
  free(e);
  return err->status;
}

/* Collective. One reduction for the eigenvalues, all ridge parameters and all z. Destroys a. */
static nlrmt_status reduce(const nlrmt_params *params, const nlrmt_plan *plan, nlrmt_dmat *a,
                           const nlrmt_sides *sides, nlrmt_eig_times *times,
                           const nlrmt_trial_out *out, nlrmt_error *err) {
  size_t n = (size_t)plan->n;
  double *d = malloc((3 * n + 3) * sizeof *d), *e = d + n, *off = e + n + 1;
  if (!d) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld eigenvalues", (long long)n);
  if (nlrmt_comm_agree(a->grid->comm, err) == NLRMT_OK &&
      plan->eig->reduce(a, sides->rows, d, e, times, err) == NLRMT_OK) {
    double start = nlrmt_clock();
    memcpy(out->lambda, d, n * sizeof *d);
    memcpy(off, e, (n > 1 ? n - 1 : 0) * sizeof *e);
    nlrmt_eig_tridiagonal(plan->n, out->lambda, off, err);
    times->eigen_s += nlrmt_clock() - start;
    start = nlrmt_clock();
    if (nlrmt_comm_agree(a->grid->comm, err) == NLRMT_OK && params->gammas > 0)
      nlrmt_ridge_errors(params, plan, sides, d, e, out->drawn, out->signal, err);
    if (err->status == NLRMT_OK && params->mtilde)
      nlrmt_stieltjes_mtilde(params, plan, sides, d, e, out->mtilde, err);
    out->seconds[NLRMT_PHASE_RIDGE] = nlrmt_clock() - start;
  }
  free(d);
  return err->status;
}

nlrmt_status nlrmt_trial_run(const nlrmt_grid *grid, const nlrmt_params *params,
                             const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                             const char *what, nlrmt_progress *progress, const nlrmt_trial_out *out,
                             nlrmt_error *err) {
  nlrmt_dmat *a = NULL;
  nlrmt_sides sides = {0};
  nlrmt_eig_times times = {0};
  memset(out->seconds, 0, NLRMT_PHASES * sizeof *out->seconds);
  nlrmt_progress_phase(progress, what, "features");
  if (nlrmt_model_gram(grid, params, plan, samples, trial, progress, &a, &sides, out->seconds,
                       err) == NLRMT_OK) {
    nlrmt_progress_phase(progress, what,
                         plan->sides == 0                      ? "eigenvalues"
                         : params->vectors != NLRMT_VECTORS_NO ? "singular vectors"
                         : params->gammas == 0                 ? "eigenvalues, mtilde"
                                                               : "eigenvalues, ridge");
    if (params->vectors != NLRMT_VECTORS_NO)
      overlap(params, plan, samples, trial, a, &times, out, err);
    else if (plan->sides > 0)
      reduce(params, plan, a, &sides, &times, out, err);
    else
      plan->eig->solve(a, out->lambda, &times, err);
    nlrmt_progress_add(progress,
                       plan->seconds[NLRMT_PHASE_REDUCE] + plan->seconds[NLRMT_PHASE_RIDGE]);
  }
  nlrmt_dmat_destroy(&a);
  nlrmt_sides_clear(&sides);
  out->seconds[NLRMT_PHASE_REDUCE] = times.reduce_s;
  out->seconds[NLRMT_PHASE_EIGEN] = times.eigen_s;
  MPI_Allreduce(MPI_IN_PLACE, out->seconds, NLRMT_PHASES, MPI_DOUBLE, MPI_MAX, grid->comm->mpi);
  return err->status;
}
