#include "nlrmt/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/complex_model.h"
#include "nlrmt/fault.h"
#include "nlrmt/network.h"
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

/* Collective. All eigenvalues; the order - n smallest of them are zeros, or, complex, all come
 * twice. Destroys a. */
static nlrmt_status solve(const nlrmt_params *params, const nlrmt_plan *plan, nlrmt_dmat *a,
                          nlrmt_eig_times *times, const nlrmt_trial_out *out, nlrmt_error *err) {
  size_t order = (size_t)plan->order, n = (size_t)plan->n;
  double *all = order > n ? malloc(order * sizeof *all) : out->lambda;
  if (!all) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu eigenvalues", order);
  if (nlrmt_comm_agree(a->grid->comm, err) == NLRMT_OK &&
      nlrmt_eig_solve(plan->eig, a, all, times, err) == NLRMT_OK) {
    for (size_t i = 0; i < n && params->complex_field; i++)
      out->lambda[i] = (all[2 * i] + all[2 * i + 1]) / 2;
    if (order > n && !params->complex_field) memcpy(out->lambda, all + order - n, n * sizeof *all);
  }
  if (order > n) free(all);
  return err->status;
}

/* Collective. One reduction for the eigenvalues, all ridge parameters and all z. Destroys a. */
static nlrmt_status reduce(const nlrmt_params *params, const nlrmt_plan *plan, nlrmt_dmat *a,
                           const nlrmt_sides *sides, nlrmt_eig_times *times,
                           const nlrmt_trial_out *out, nlrmt_error *err) {
  size_t order = (size_t)plan->order, n = (size_t)plan->n;
  double *d = malloc((4 * order + 4) * sizeof *d), *e = d + order, *off = e + order + 1;
  double *all = off + order + 1;
  if (!d) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu eigenvalues", order);
  if (nlrmt_comm_agree(a->grid->comm, err) == NLRMT_OK &&
      plan->eig->reduce(a, sides->rows, d, e, times, err) == NLRMT_OK) {
    double start = nlrmt_clock();
    memcpy(all, d, order * sizeof *d);
    memcpy(off, e, (order > 1 ? order - 1 : 0) * sizeof *e);
    nlrmt_eig_tridiagonal(plan->order, all, off, err);
    memcpy(out->lambda, all + order - n, n * sizeof *all);
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

/* Local, for tests: this rank's end before a trial. */
static void end_here(void) {
  nlrmt_fault("kill.trial");
  nlrmt_fault("exit.trial");
}

/* Collective. The seconds of the phases, largest over the ranks. */
static void sum_up(const nlrmt_grid *grid, const nlrmt_eig_times *times, double *seconds) {
  seconds[NLRMT_PHASE_REDUCE] = times->reduce_s;
  seconds[NLRMT_PHASE_EIGEN] = times->eigen_s;
  MPI_Allreduce(MPI_IN_PLACE, seconds, NLRMT_PHASES, MPI_DOUBLE, MPI_MAX, grid->comm->mpi);
}

nlrmt_status nlrmt_trial_run(const nlrmt_grid *grid, const nlrmt_params *params,
                             const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                             const char *what, nlrmt_progress *progress, const nlrmt_trial_out *out,
                             nlrmt_error *err) {
  nlrmt_dmat *a = NULL;
  nlrmt_sides sides = {0};
  nlrmt_eig_times times = {0};
  end_here();
  memset(out->seconds, 0, NLRMT_PHASES * sizeof *out->seconds);
  nlrmt_progress_phase(progress, what, "features");
  if (params->complex_field)
    nlrmt_complex_gram(grid, params, plan, trial, progress, &a, out->seconds, err);
  else
    nlrmt_model_gram(grid, params, plan, samples, trial, progress, &a, &sides, out->seconds, err);
  if (err->status == NLRMT_OK) {
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
      solve(params, plan, a, &times, out, err);
    nlrmt_progress_add(progress,
                       plan->seconds[NLRMT_PHASE_REDUCE] + plan->seconds[NLRMT_PHASE_RIDGE]);
  }
  nlrmt_dmat_destroy(&a);
  nlrmt_sides_clear(&sides);
  sum_up(grid, &times, out->seconds);
  return err->status;
}

/* Collective. Goes on to layer `layer`; its numbers for depth_b into their place of *rows. */
static nlrmt_status go_to(nlrmt_network *network, const nlrmt_params *params, int *at, int layer,
                          int64_t *place, const nlrmt_trial_rows *rows, nlrmt_error *err) {
  for (; *at < layer && err->status == NLRMT_OK; (*at)++) {
    nlrmt_network_layer told;
    int64_t n = params->width[*at];
    if (nlrmt_network_advance(network, &told, err) != NLRMT_OK || !rows) continue;
    memcpy(rows->mean + *place, told.mean, (size_t)n * sizeof *told.mean);
    rows->variance[*at] = told.variance;
    *place += n;
  }
  return err->status;
}

/* Collective. One layer's Gram matrix and what is wanted of it. */
static nlrmt_status see_layer(nlrmt_network *network, const nlrmt_grid *grid,
                              const nlrmt_params *params, const nlrmt_plan *plan, double start,
                              const nlrmt_trial_out *out, nlrmt_error *err) {
  nlrmt_dmat *a = NULL;
  nlrmt_sides sides = {0};
  nlrmt_eig_times times = {0};
  double made = nlrmt_clock();
  out->seconds[NLRMT_PHASE_GENERATE] = made - start;
  if (nlrmt_network_gram(network, plan, &a, &sides, err) == NLRMT_OK) {
    out->seconds[NLRMT_PHASE_GRAM] = nlrmt_clock() - made;
    if (plan->sides > 0)
      reduce(params, plan, a, &sides, &times, out, err);
    else
      solve(params, plan, a, &times, out, err);
  }
  nlrmt_dmat_destroy(&a);
  nlrmt_sides_clear(&sides);
  sum_up(grid, &times, out->seconds);
  return err->status;
}

nlrmt_status nlrmt_trial_layers(const nlrmt_grid *grid, const nlrmt_params *params,
                                const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                                const char *what, nlrmt_progress *progress,
                                const nlrmt_trial_out *out, const nlrmt_trial_rows *rows,
                                nlrmt_error *err) {
  nlrmt_network *network = NULL;
  double start = nlrmt_clock();
  int at = 0;
  int64_t place = 0;
  end_here();
  nlrmt_network_create(grid, params, &plan[0], samples, trial, &network, err);
  for (int i = 0; i < params->shown; i++) {
    char layer[96];
    memset(out[i].seconds, 0, NLRMT_PHASES * sizeof *out[i].seconds);
    snprintf(layer, sizeof layer, "%s layer %d", what, params->show[i]);
    nlrmt_progress_phase(progress, layer, "features, eigenvalues");
    if (err->status == NLRMT_OK &&
        go_to(network, params, &at, params->show[i], &place, rows, err) == NLRMT_OK)
      see_layer(network, grid, params, &plan[i], start, &out[i], err);
    for (int k = 0; k < NLRMT_PHASE_THEORY; k++) nlrmt_progress_add(progress, plan[i].seconds[k]);
    start = nlrmt_clock();
  }
  nlrmt_network_destroy(&network);
  return err->status;
}
