/* Laws by name: the nodes of mixtures against hand-made ones, given the realised components and
 * biases; the scale of f; ridge errors and the best of a family as the parameters have them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/laws.h"
#include "nlrmt/ridge_error.h"

enum { N1 = 500, TRIAL = 3 };

static const nlrmt_bias none = {.law = NLRMT_BIAS_NONE};
static const nlrmt_bias coin = {.law = NLRMT_BIAS_BERNOULLI, .sigma = 1, .p = 0.5};
static const nlrmt_bias gaussian = {.law = NLRMT_BIAS_GAUSSIAN, .sigma = 0.7};

static nlrmt_params params_of(const nlrmt_bias *bias, int count, const char *const *f,
                              const double *p) {
  nlrmt_params params = {.seed = 11, .m = 400, .n0 = 300, .n1 = N1, .sigma_w = 1.2, .sigma_x = 0.9};
  nlrmt_error err = {0};
  params.phi = 300 / 400.0;
  params.psi = 300 / (double)N1;
  params.bias = *bias;
  params.mixture.count = count;
  double s = hypot(params.sigma_w * params.sigma_x, nlrmt_bias_rms(bias));
  for (int i = 0; i < count; i++) {
    nlrmt_activation_init(&params.mixture.f[i], f[i], s, &err);
    params.mixture.p[i] = p[i];
  }
  CHECK(err.status == NLRMT_OK, "%s", err.text);
  return params;
}

static nlrmt_law_statement state(const nlrmt_params *params, const char *name, int trial) {
  nlrmt_law_statement s;
  nlrmt_error err = {0};
  CHECK(nlrmt_laws_state(params, name, trial, &s, &err) == NLRMT_OK, "%s: %s", name, err.text);
  return s;
}

/* The averages of any function of (h, eta, zeta) agree; here a few that tell laws apart. */
static bool same_law(const nlrmt_nodes *a, const nlrmt_nodes *b, double tolerance) {
  double mean[2][6] = {{0}};
  const nlrmt_nodes *both[2] = {a, b};
  for (int i = 0; i < 2; i++)
    for (size_t k = 0; k < both[i]->count; k++) {
      double w = both[i]->weight[k], h = both[i]->h[k], eta = both[i]->eta[k],
             zeta = both[i]->zeta[k];
      mean[i][0] += w, mean[i][1] += w * eta, mean[i][2] += w * zeta, mean[i][3] += w * h * h;
      mean[i][4] += w * eta / (1 + eta + 3 * zeta), mean[i][5] += w * zeta * exp(-eta);
    }
  for (int j = 0; j < 6; j++)
    if (!(fabs(mean[0][j] - mean[1][j]) <= tolerance * (1 + fabs(mean[1][j])))) return false;
  return true;
}

static const char *const PAIR[] = {"relu", "abs_centred"};
static const double SHARE[] = {0.3, 0.7};

/* alp: the components' own nodes, mixed by hand. */
static void check_limit(const nlrmt_bias *bias) {
  nlrmt_params params = params_of(bias, 2, PAIR, SHARE);
  nlrmt_law_statement s = state(&params, "alp", 0), part[2];
  nlrmt_nodes mixed = {0}, two[2], average = {0};
  nlrmt_error err = {0};
  for (int i = 0; i < 2; i++) {
    nlrmt_params alone = params_of(bias, 1, &PAIR[i], (const double[]){1});
    part[i] = state(&alone, "alp", 0);
    two[i] = part[i].nodes;
  }
  nlrmt_nodes_mix(2, two, SHARE, &mixed, &err);
  CHECK(s.nodes.count == mixed.count && same_law(&s.nodes, &mixed, 1e-14), "%zu nodes of %zu",
        s.nodes.count, mixed.count);
  double eta = SHARE[0] * part[0].eta.mean + SHARE[1] * part[1].eta.mean;
  double zeta = SHARE[0] * part[0].eta.zeta + SHARE[1] * part[1].eta.zeta;
  CHECK(fabs(s.eta.mean - eta) < 1e-14 && fabs(s.eta.zeta - zeta) < 1e-14, "E eta %g, E zeta %g",
        s.eta.mean, s.eta.zeta);
  CHECK(s.eta.fluctuation > 0 && s.f_scale == 1, "fluctuation %g", s.eta.fluctuation);
  nlrmt_law_statement ps = state(&params, "ps", 0);
  nlrmt_nodes_average(&mixed, &average, &err);
  CHECK(ps.nodes.count == 1 && same_law(&ps.nodes, &average, 1e-14), "ps: %zu nodes",
        ps.nodes.count);
  nlrmt_nodes_clear(&mixed);
  nlrmt_nodes_clear(&average);
  for (int i = 0; i < 2; i++) nlrmt_laws_state_clear(&part[i]);
  nlrmt_laws_state_clear(&s);
  nlrmt_laws_state_clear(&ps);
}

/* alp_b: every row a node of its own, from its drawn component and bias; nothing shared with the
 * code under test but the draws. */
static void check_given(const nlrmt_bias *bias, double f_scale) {
  nlrmt_params params = params_of(bias, 2, PAIR, SHARE);
  params.normalize = f_scale != 1;
  static double b[N1], weight[N1], h[N1], eta[N1], zeta[N1];
  static int component[N1];
  nlrmt_nodes rows = {N1, weight, h, eta, zeta};
  nlrmt_error err = {0};
  nlrmt_bias_draw(bias, params.seed, TRIAL, 0, 0, N1, b);
  nlrmt_mixture_draw(&params.mixture, params.seed, TRIAL, 0, 0, N1, component);
  for (int a = 0; a < N1; a++) {
    weight[a] = 1.0 / N1;
    nlrmt_moments_at(&params.mixture.f[component[a]], 1.2 * 0.9, b[a], &h[a], &eta[a], &zeta[a],
                     &err);
    h[a] *= f_scale, eta[a] *= f_scale * f_scale, zeta[a] *= f_scale * f_scale;
  }
  nlrmt_law_statement s = state(&params, "alp_b", TRIAL), other = state(&params, "alp_b", 4);
  CHECK(err.status == NLRMT_OK && same_law(&s.nodes, &rows, 1e-12), "bias law %d: %s",
        (int)bias->law, err.text);
  CHECK(s.eta.fluctuation == 0, "fluctuation %g", s.eta.fluctuation);
  CHECK(!same_law(&s.nodes, &other.nodes, 1e-6), "bias law %d: trials are alike", (int)bias->law);
  if (bias->law == NLRMT_BIAS_NONE) CHECK(s.nodes.count == 2, "%zu nodes", s.nodes.count);
  nlrmt_laws_state_clear(&s);
  nlrmt_laws_state_clear(&other);
}

/* E eta = 1 over both, for every law the same factor. */
static double check_scale(const nlrmt_bias *bias) {
  nlrmt_params params = params_of(bias, 2, PAIR, SHARE);
  nlrmt_law_statement plain = state(&params, "alp", 0);
  nlrmt_error err = {0};
  double expect = 1 / sqrt(plain.eta.mean), scale = 0;
  nlrmt_laws_f_scale(&params, &scale, &err);
  CHECK(scale == 1, "not asked for: %g", scale);
  params.normalize = true;
  nlrmt_laws_f_scale(&params, &scale, &err);
  CHECK(err.status == NLRMT_OK && fabs(scale / expect - 1) < 1e-14, "%g, not %g", scale, expect);
  nlrmt_law_statement limit = state(&params, "alp", 0), given = state(&params, "alp_b", TRIAL);
  CHECK(fabs(limit.eta.mean - 1) < 1e-14, "E eta = %.17g", limit.eta.mean);
  CHECK(fabs(limit.eta.zeta - plain.eta.zeta * expect * expect) < 1e-14, "E zeta");
  CHECK(given.f_scale == scale && limit.f_scale == scale, "laws differ in f_scale");
  nlrmt_laws_state_clear(&plain);
  nlrmt_laws_state_clear(&limit);
  nlrmt_laws_state_clear(&given);
  return scale;
}

/* A component with p = 0 is not looked at, even if its moments diverge. */
static void check_absent(void) {
  static const char *const f[] = {"relu", "\"exp(x^4)\""};
  nlrmt_params with = params_of(&none, 2, f, (const double[]){1, 0});
  nlrmt_params without = params_of(&none, 1, f, (const double[]){1});
  nlrmt_law_statement a = state(&with, "alp", 0), b = state(&without, "alp", 0);
  nlrmt_law_statement c = state(&with, "alp_b", 0);
  CHECK(same_law(&a.nodes, &b.nodes, 0) && same_law(&c.nodes, &b.nodes, 0), "p = 0 counts");
  nlrmt_laws_state_clear(&a);
  nlrmt_laws_state_clear(&b);
  nlrmt_laws_state_clear(&c);
  nlrmt_error err = {0};
  with.mixture.p[0] = with.mixture.p[1] = 0.5;
  CHECK(nlrmt_laws_state(&with, "alp", 0, &a, &err) == NLRMT_ERR_CONFIG && strstr(err.text, "exp"),
        "diverging component: %s", err.text);
  nlrmt_laws_state_clear(&a);
}

/* Linear and purely nonlinear rows are the family of optimum.h, single members too. */
static void check_ridge(void) {
  static const char *const f[] = {"identity", "abs_centred", "blend(0.3)"};
  double gamma[] = {1e-3, 0.1, 5}, error[3], member[6], x[] = {0.3, 1}, slope, best_error, d;
  nlrmt_error err = {0};
  nlrmt_params mixed = params_of(&none, 2, f, SHARE),
               single = params_of(&none, 1, f + 2, (const double[]){1});
  nlrmt_params *both[] = {&single, &mixed};
  for (nlrmt_family family = NLRMT_FAMILY_SINGLE; family <= NLRMT_FAMILY_MIXTURE; family++) {
    nlrmt_params *p = both[family];
    p->sigma_w = 1 / 0.9; /* sigma_z = 1 */
    p->gammas = 3, p->gamma = gamma;
    p->sigma_a = 0.8, p->sigma_eps = 0.5;
    for (int i = 0; i < p->mixture.count; i++)
      nlrmt_activation_init(&p->mixture.f[i], p->mixture.f[i].name, 1, &err);
    nlrmt_laws_ridge(p, "alp", 0, error, &err);
    nlrmt_laws_family(p, family, 2, x, member, &err);
    nlrmt_optimum best[3];
    nlrmt_laws_optimum(p, family, best, &err);
    CHECK(err.status == NLRMT_OK, "%s", err.text);
    const nlrmt_ridge_task task = {0.8, 0.9, 0.5};
    for (int i = 0; i < 3; i++) {
      CHECK(fabs(error[i] / member[2 * i] - 1) < 1e-12, "family %d, gamma %g: %.15g, not %.15g",
            (int)family, gamma[i], error[i], member[2 * i]);
      nlrmt_family_error(family, p->phi, p->psi, &task, gamma[i], best[i].x, &best_error, &slope,
                         &err);
      CHECK(best_error == best[i].train_error && best_error <= member[2 * i] &&
                best_error <= member[2 * i + 1],
            "family %d, gamma %g: best %g", (int)family, gamma[i], best_error);
    }
  }
  nlrmt_laws_ridge(&mixed, "alp_b", TRIAL, error, &err);
  nlrmt_laws_ridge(&mixed, "alp", TRIAL, member, &err);
  d = error[1] / member[1] - 1;
  CHECK(fabs(d) > 1e-6 && fabs(d) < 0.1, "alp_b from alp by %g", d);
  mixed.sigma_a = 1e200;
  CHECK(nlrmt_laws_ridge(&mixed, "alp", 0, error, &err) == NLRMT_ERR_CONFIG &&
            strstr(err.text, "overflows"),
        "%s", err.text);
}

int main(void) {
  const nlrmt_bias *const laws[] = {&none, &coin, &gaussian};
  for (int i = 0; i < 3; i++) {
    check_limit(laws[i]);
    check_given(laws[i], 1);
    check_given(laws[i], check_scale(laws[i]));
  }
  check_absent();
  check_ridge();
  return check_end("test_laws", 0);
}
