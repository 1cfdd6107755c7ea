#include "nlrmt/stieltjes.h"

#include <stdlib.h>

#include "nlrmt/shifted.h"

nlrmt_status nlrmt_stieltjes_mtilde(const nlrmt_params *params, const nlrmt_plan *plan,
                                    const nlrmt_sides *sides, const double *d, const double *e,
                                    double complex *mtilde, nlrmt_error *err) {
  size_t count = (size_t)params->zs;
  double unit = (double)params->m * (double)params->n0 * params->sigma_x * params->sigma_x;
  double complex *shift = malloc(count * sizeof *shift);
  if (!shift)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "Stieltjes transform: no memory for %zu z", count);
  if (nlrmt_comm_agree(sides->rows->grid->comm, err) == NLRMT_OK) {
    for (size_t i = 0; i < count; i++) shift[i] = plan->scale * params->z[i];
    nlrmt_shifted_forms(sides->rows, sides->split, d, e, count, shift, mtilde, err);
  }
  for (size_t i = 0; i < count && err->status == NLRMT_OK; i++)
    mtilde[i] =
        (plan->tall ? plan->scale * mtilde[i] : (mtilde[i] - sides->norm[0]) / params->z[i]) /
        unit; /* not tall: (K - z)^-1 = (-1 + B'(A - s z)^-1 B)/z, B = sqrt(alpha) F */
  free(shift);
  return err->status;
}

void nlrmt_stieltjes_m(const nlrmt_params *params, const nlrmt_plan *plan, int64_t excluded,
                       const double *lambda, double complex *m) {
  double count = (double)(params->m - excluded), zeros = (double)(params->m - plan->n);
  for (int g = 0; g < params->zs; g++) {
    const double x = creal(params->z[g]), y = cimag(params->z[g]);
    double re = 0, im = 0;
    for (int64_t i = 0; i < plan->n - excluded; i++) {
      const double gap = lambda[i] / plan->scale - x, square = gap * gap + y * y;
      re += gap / square;
      im += y / square;
    }
    m[g] = (CMPLX(re, im) - zeros / params->z[g]) / count;
  }
}

void nlrmt_stieltjes_moments(const nlrmt_params *params, const nlrmt_plan *plan, int64_t excluded,
                             const double *lambda, double *moment) {
  for (int j = 0; j < params->moments; j++) moment[j] = 0;
  for (int64_t i = 0; i < plan->n - excluded; i++) {
    const double x = lambda[i] / plan->scale;
    double power = x / (double)(params->m - excluded);
    for (int j = 0; j < params->moments; j++, power *= x) moment[j] += power;
  }
}
