/* Other weights of the same kernels. The dense equivalent is known at one set of weights; the
 * diagonal model with the defect e of that solution held fixed is stationary in D of
 *   U_e = U_model + (n1/m) sum w_b e_b/D_b,   dU_e/dw_b = (n1/m) log D_b,
 * as the dense potential is: their difference is of second order in the change of the weights,
 * and there it is only the model's error (docs/kernel.md, "Given the biases"). */
#include <math.h>
#include <string.h>

#include "equivalent_parts.h"

enum { STEPS = 64, PLACE_STEPS = 200 };

/* -Im U_e/pi. */
static double cdf_with_defect(const nlrmt_equivalent *e, const nlrmt_equivalent_point *p,
                              const double complex *defect) {
  double complex sum = 0;
  for (size_t b = 0; b < e->count; b++) sum += e->weight[b] * defect[b] / (1 + p->delta[b]);
  return equivalent_cdf(e, p) - cimag(sum) * (double)e->n1 / (double)e->m / M_PI;
}

/* From the base's weights to e's in equal steps: where an edge passes, one is too far. */
static bool walk(const nlrmt_equivalent *base, nlrmt_equivalent *e, const double complex *defect,
                 nlrmt_equivalent_point *p) {
  const nlrmt_equivalent_point start = *p;
  double target[KERNELS];
  memcpy(target, e->weight, sizeof target);
  for (int steps = 1; steps <= STEPS; steps *= 4) {
    bool good = true;
    *p = start;
    for (int k = 1; good && k <= steps; k++) {
      const double share = (double)k / steps;
      for (size_t b = 0; b < e->count; b++)
        e->weight[b] = base->weight[b] + share * (target[b] - base->weight[b]);
      good = equivalent_newton(e, defect, p);
    }
    memcpy(e->weight, target, sizeof target);
    if (good) return true;
  }
  *p = start;
  return false;
}

bool nlrmt_equivalent_given(const nlrmt_equivalent *equivalent, const double *weight,
                            const nlrmt_equivalent_point *base, nlrmt_equivalent_point *point) {
  nlrmt_equivalent e = *equivalent;
  double complex defect[KERNELS], ignored[KERNELS], m;
  memcpy(e.weight, weight, e.count * sizeof *weight);
  equivalent_defect(equivalent, base, base->delta, defect);
  equivalent_map(equivalent, base, ignored, &m, NULL);
  *point = *base;
  point->inversions = 0;
  if (walk(equivalent, &e, defect, point)) {
    point->m += base->m - m;
    point->cdf =
        base->cdf + cdf_with_defect(&e, point, defect) - cdf_with_defect(equivalent, base, defect);
    return true;
  }
  double change = 0;
  for (size_t b = 0; b < e.count; b++)
    change += (weight[b] - equivalent->weight[b]) * carg(1 + base->delta[b]);
  point->m = base->m;
  point->cdf = base->cdf - change * (double)e.n1 / (double)e.m / M_PI;
  return false;
}

/* lambda = sum w_b d_bk/D_b(lambda), k the spike's vector of the model, D that of the bulk; 0 if
 * that does not come to rest. */
static double place_of(const nlrmt_equivalent *e, const double *weight, size_t spikes, size_t s,
                       double lambda) {
  const size_t k = e->m - 1 - s;
  double d[KERNELS];
  for (size_t b = 0; b < e->count; b++) d[b] = 1;
  for (int step = 0; step < PLACE_STEPS; step++) {
    double delta[KERNELS] = {0}, next = 0;
    for (size_t i = 0; i + spikes < e->m; i++) {
      double x = -lambda;
      for (size_t b = 0; b < e->count; b++) x += weight[b] / d[b] * e->d[b * e->m + i];
      for (size_t b = 0; b < e->count; b++) delta[b] += e->d[b * e->m + i] / x / (double)e->n1;
    }
    for (size_t b = 0; b < e->count; b++) {
      d[b] = 1 + delta[b];
      next += weight[b] * e->d[b * e->m + k] / d[b];
    }
    if (!(next > 0 && isfinite(next))) return 0;
    if (fabs(next - lambda) < 1e-9 * next) return next;
    lambda = next;
  }
  return 0;
}

void nlrmt_equivalent_given_spikes(const nlrmt_equivalent *e, const double *weight, size_t spikes,
                                   double *place) {
  for (size_t s = 0; s < spikes; s++) {
    const double before = place_of(e, e->weight, spikes, s, place[s]);
    const double after = place_of(e, weight, spikes, s, place[s]);
    if (before > 0 && after > 0) place[s] *= after / before;
  }
}
