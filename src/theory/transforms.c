#include "nlrmt/transforms.h"

#include "nlrmt/ridge_error.h"
#include "series.h"

static nlrmt_status on_axis(const nlrmt_law_problem *problem, double z, double complex *m,
                            double complex *mtilde, nlrmt_error *err) {
  const double gamma = -z;
  const nlrmt_ridge_task none = {0, 1, 0};
  nlrmt_ridge_point at;
  if (nlrmt_ridge_path(problem, &none, 1, &gamma, &at, err) != NLRMT_OK) return err->status;
  *m = at.m;
  *mtilde = at.mtilde;
  return NLRMT_OK;
}

nlrmt_status nlrmt_transforms_solve(const nlrmt_law_problem *problem, size_t count,
                                    const double complex *z, double complex *m,
                                    double complex *mtilde, nlrmt_error *err) {
  sce s;
  sce_counts counts = {0};
  if (sce_init(&s, problem, err) == NLRMT_OK)
    for (size_t i = 0; i < count && err->status == NLRMT_OK; i++) {
      sce_point x;
      if (cimag(z[i]) == 0) {
        on_axis(problem, creal(z[i]), &m[i], &mtilde[i], err);
      } else if (cimag(z[i]) > 0 && sce_solve(&s, z[i], &x, &counts)) {
        m[i] = x.a;
        mtilde[i] = x.t;
      } else {
        nlrmt_fail(err, cimag(z[i]) > 0 ? NLRMT_ERR_NUMERIC : NLRMT_ERR_CONFIG,
                   "m(z) not certified at z=%.17g%+.17gi: choose Im z > 0, larger if it is small",
                   creal(z[i]), cimag(z[i]));
      }
    }
  sce_clear(&s);
  return err->status;
}

nlrmt_status nlrmt_transforms_moments(const nlrmt_law_problem *problem, size_t k, double *moment,
                                      nlrmt_error *err) {
  sce s;
  double all[SERIES_TERMS];
  if (k > NLRMT_LAW_MOMENTS)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "moments: at most %d, got %zu", NLRMT_LAW_MOMENTS, k);
  if (sce_init(&s, problem, err) == NLRMT_OK) {
    sce_moments(&s, all);
    for (size_t j = 1; j <= k; j++) moment[j - 1] = all[j];
  }
  sce_clear(&s);
  return err->status;
}
