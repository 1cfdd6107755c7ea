#include "nlrmt/trial.h"

#include <string.h>

nlrmt_status nlrmt_trial_run(const nlrmt_grid *grid, const nlrmt_params *params,
                             const nlrmt_plan *plan, int trial, const char *what,
                             nlrmt_progress *progress, double *lambda, double *seconds,
                             nlrmt_error *err) {
  nlrmt_dmat *a = NULL;
  nlrmt_eig_times times = {0};
  memset(seconds, 0, NLRMT_PHASES * sizeof *seconds);
  nlrmt_progress_phase(progress, what, "features");
  if (nlrmt_model_gram(grid, params, plan, trial, progress, &a, seconds, err) == NLRMT_OK) {
    nlrmt_progress_phase(progress, what, "eigenvalues");
    plan->eig->solve(a, lambda, &times, err);
    nlrmt_progress_add(progress, plan->seconds[NLRMT_PHASE_REDUCE]);
  }
  nlrmt_dmat_destroy(&a);
  seconds[NLRMT_PHASE_REDUCE] = times.reduce_s;
  seconds[NLRMT_PHASE_EIGEN] = times.eigen_s;
  MPI_Allreduce(MPI_IN_PLACE, seconds, NLRMT_PHASES, MPI_DOUBLE, MPI_MAX, grid->comm->mpi);
  return err->status;
}
