#include "nlrmt/ridge.h"

#include <math.h>
#include <stdlib.h>

#include "nlrmt/shifted.h"

/* Sum over a group of rows y of |gamma G y|^2: targets.h, shift = plan->scale gamma. */
static double residual(const nlrmt_plan *plan, double norm, double shift,
                       const nlrmt_shifted *sum) {
  if (plan->tall) return shift * shift * sum->square;
  double left = norm - sum->form - shift * sum->square;
  return left > 0 ? left : 0; /* rounding, where F's rows span the targets */
}

nlrmt_status nlrmt_ridge_errors(const nlrmt_params *params, const nlrmt_plan *plan,
                                const nlrmt_sides *sides, const double *d, const double *e,
                                double *drawn, double *signal, nlrmt_error *err) {
  size_t count = (size_t)params->gammas;
  double m = (double)params->m, n0 = (double)params->n0, n2 = (double)params->n2;
  double *shift = malloc(count * sizeof *shift);
  nlrmt_shifted(*sum)[2] = malloc(count * sizeof *sum);
  if (!shift || !sum)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "ridge path: no memory for %zu values of gamma", count);
  if (nlrmt_comm_agree(sides->rows->grid->comm, err) == NLRMT_OK) {
    for (size_t g = 0; g < count; g++) shift[g] = plan->scale * params->gamma[g];
    nlrmt_shifted_sums(sides->rows, sides->split, d, e, count, shift, sum, err);
  }
  for (size_t g = 0; g < count && err->status == NLRMT_OK; g++) {
    drawn[g] = residual(plan, sides->norm[1], shift[g], &sum[g][1]) / (n2 * m);
    signal[g] = params->sigma_a > 0
                    ? params->sigma_a * params->sigma_a *
                          residual(plan, sides->norm[0], shift[g], &sum[g][0]) / (n0 * m)
                    : 0;
  }
  free(shift);
  free(sum);
  return err->status;
}

void nlrmt_ridge_noise(const nlrmt_params *params, const nlrmt_plan *plan, const double *lambda,
                       double *noise) {
  double square = params->sigma_eps * params->sigma_eps;
  for (int g = 0; g < params->gammas; g++) {
    double shift = plan->scale * params->gamma[g], sum = (double)(params->m - plan->n);
    for (int64_t i = 0; i < plan->n; i++) {
      double share = shift / (fmax(lambda[i], 0) + shift);
      sum += share * share;
    }
    noise[g] = square * sum / (double)params->m;
  }
}
