/* Checks a problem and reduces it to what the equations see. */
#include <math.h>
#include <stdlib.h>

#include "sce.h"
#include "sums.h"

static const double DEAD = 1e-12;   /* eta below this times the largest: a zero row */
static const double AFFINE = 1e-12; /* eta - zeta below this times eta: a linear row */
static const double WEIGHT_MIN = 1e-16;

static nlrmt_status check(const nlrmt_law_problem *problem, nlrmt_error *err) {
  const nlrmt_nodes *n = problem->nodes;
  if (!(problem->phi > 0 && isfinite(problem->phi) && problem->psi > 0 && isfinite(problem->psi)))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "law: phi=%g psi=%g: both must be positive, give n0, n1, m > 0", problem->phi,
                      problem->psi);
  double total = 0;
  for (size_t k = 0; k < n->count; k++) {
    const double w = n->weight[k], eta = n->eta[k], zeta = n->zeta[k];
    if (!(w >= 0 && isfinite(w) && isfinite(n->h[k]) && isfinite(eta) && zeta >= 0 &&
          zeta <= eta * (1 + 1e-12)))
      return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                        "law: node %zu: weight=%g h=%g eta=%g zeta=%g: must be finite, weight >= 0 "
                        "and 0 <= zeta <= eta",
                        k, w, n->h[k], eta, zeta);
    total += w;
  }
  if (!(fabs(total - 1) < 1e-9))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "law: %zu nodes: weights sum to %.12g, must be 1",
                      n->count, total);
  return NLRMT_OK;
}

/* Rank of F over m: rows with a noise part count one each, linear rows span what X does. */
static double rank_of(const sce *s) {
  double noise = 0, linear = 0;
  for (size_t k = 0; k < s->count; k++) *(s->p[k] > 0 ? &noise : &linear) += s->w[k];
  const double rank = noise / s->rho + fmin(s->data.positive, linear / s->rho);
  return rank > 1 - 1e-13 ? 1 : rank;
}

/* ||F_c||^2/n1 <= (||sqrt(zeta) Theta X/sqrt(n0)|| + ||sqrt(eta - zeta) Theta'||)^2/n1 with the
 * limits of Gaussian matrices' norms; Theta X has rank at most min(n0, m). */
static double support_bound(const sce *s) {
  double p = 0, q = 0;
  for (size_t k = 0; k < s->count; k++) p = fmax(p, s->p[k]), q = fmax(q, s->q[k]);
  const double signal = sqrt(q * s->data.bound) * (1 + sqrt(s->rho * s->data.positive));
  const double noise = sqrt(p) * (1 + sqrt(s->rho));
  return 1.001 * (signal + noise) * (signal + noise);
}

nlrmt_status sce_init(sce *s, const nlrmt_law_problem *problem, nlrmt_error *err) {
  *s = (sce){0};
  if (check(problem, err) != NLRMT_OK) return err->status;
  const nlrmt_nodes *n = problem->nodes;
  s->phi = problem->phi, s->rho = problem->psi / problem->phi;
  s->w = calloc(sums_padded(n->count), sizeof *s->w);
  s->p = calloc(sums_padded(n->count), sizeof *s->p);
  s->q = calloc(sums_padded(n->count), sizeof *s->q);
  if (!data_side_init(&s->data, problem->data, s->phi) || !s->w || !s->p || !s->q)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "law: %zu nodes: out of memory, use fewer",
                      n->count);
  double eta_max = 0;
  for (size_t k = 0; k < n->count; k++)
    if (n->weight[k] > WEIGHT_MIN) eta_max = fmax(eta_max, n->eta[k]);
  for (size_t k = 0; k < n->count; k++) {
    if (n->weight[k] <= WEIGHT_MIN || n->eta[k] <= DEAD * eta_max) continue;
    const double p = n->eta[k] - n->zeta[k];
    s->w[s->count] = n->weight[k];
    s->p[s->count] = p > AFFINE * n->eta[k] ? p : 0;
    s->q[s->count++] = n->zeta[k];
    s->mean += n->weight[k] * n->eta[k];
    s->mean_q += n->weight[k] * n->zeta[k];
  }
  if (s->count == 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "law: eta = 0 at every node: f is constant, choose another activation");
  s->rank = rank_of(s);
  s->atom = 1 - s->rank;
  s->scale = support_bound(s);
  return NLRMT_OK;
}

void sce_clear(sce *s) {
  free(s->w);
  free(s->p);
  free(s->q);
  data_side_clear(&s->data);
  *s = (sce){0};
}
