/* The equations' solver from inside: the certificate singles out one solution wherever Newton
 * starts, the closed form of the cdf agrees with the integrated density, edges are edges. */
#include <math.h>
#include <stdlib.h>

#include "../src/theory/support.h"
#include "check.h"

enum { NODES = 3 };

static uint64_t state = 99;
static double uniform(void) { /* splitmix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

typedef struct {
  double weight[NODES], h[NODES], eta[NODES], zeta[NODES];
  nlrmt_nodes nodes;
  nlrmt_data_law data;
  nlrmt_law_problem problem;
} setting;

/* Data by turns i.i.d., a discrete spectrum and a discrete population, with a 0 now and then. */
static void draw(setting *s, int turn) {
  double total = 0, value[5];
  nlrmt_error err = {0};
  for (int k = 0; k < 5; k++) value[k] = turn % 2 && k == 0 ? 0 : pow(10, 2 * uniform() - 1);
  nlrmt_data_law_create(turn % 3 == 1 ? NLRMT_DATA_SPECTRUM : NLRMT_DATA_POPULATION, 5, value, NULL,
                        &s->data, NULL, &err);
  for (int k = 0; k < NODES; k++) {
    total += s->weight[k] = 0.05 + uniform();
    s->h[k] = 0;
    s->eta[k] = pow(10, 2 * uniform() - 1);
    s->zeta[k] = s->eta[k] * fmin(1, fmax(0, 1.4 * uniform() - 0.2));
  }
  for (int k = 0; k < NODES; k++) s->weight[k] /= total;
  s->nodes = (nlrmt_nodes){NODES, s->weight, s->h, s->eta, s->zeta};
  s->problem = (nlrmt_law_problem){pow(10, 2 * uniform() - 1), pow(10, 2 * uniform() - 1),
                                   &s->nodes, false, turn % 3 ? &s->data : NULL};
}

/* Cold Newton arrives anywhere or nowhere; whatever the certificate lets through must be the
 * solution that continuation finds. Returns the number let through. */
static int check_uniqueness(const sce *s, double complex z) {
  sce_counts counts = {0};
  sce_point right;
  int certified = 0;
  CHECK(sce_solve(s, z, &right, &counts), "z=%g%+gi: not solved", creal(z), cimag(z));
  for (int k = 0; k < 60; k++) {
    const double size = cabs(right.a);
    sce_point x = {0};
    for (int i = 0; i < 2; i++)
      x.y[i] = cabs(right.y[i]) * pow(10, 2 * uniform() - 1) *
               (k % 3 == 0 && cimag(z) == 0 ? copysign(1, uniform() - 0.5)
                                            : cexp(I * M_PI * (2 * uniform() - 1)));
    if (!sce_newton(s, z, &x, &counts)) continue;
    certified++;
    CHECK(cabs(x.a - right.a) < 1e-7 * size && cabs(x.t - right.t) < 1e-6 * cabs(right.t),
          "phi=%g rho=%g z=%g%+gi: a second certified solution a=%g%+gi instead of %g%+gi", s->phi,
          s->rho, creal(z), cimag(z), creal(x.a), cimag(x.a), creal(right.a), cimag(right.a));
  }
  return certified;
}

static void check_law(const setting *set, const sce *s) {
  nlrmt_law *law;
  nlrmt_error err = {0};
  sce_counts counts = {0};
  CHECK(nlrmt_law_create(&set->problem, &law, &err) == NLRMT_OK, "%s", err.text);
  for (int k = 1; k < 20; k++) {
    const double p = nlrmt_law_atom(law) + (1 - nlrmt_law_atom(law)) * k / 20.3;
    const double lambda = nlrmt_law_quantile(law, p);
    sce_point x;
    CHECK(sce_solve(s, lambda, &x, &counts) && x.kind == SCE_BULK, "lambda=%g is no bulk", lambda);
    CHECK(fabs(sce_cdf(s, &x) - p) < 1e-11, "cdf: closed form %.15g, integrated %.15g",
          sce_cdf(s, &x), p);
    const double density = nlrmt_law_density(law, lambda);
    CHECK(fabs(cimag(x.a) / M_PI - density) < 1e-9 * density, "density(%g)=%g, not %g", lambda,
          density, cimag(x.a) / M_PI);
  }
  for (size_t b = 0; b < nlrmt_law_bulks(law); b++) {
    double edge[2];
    nlrmt_law_edges(law, b, &edge[0], &edge[1]);
    for (int side = 0; side < 2; side++)
      for (int in = 0; in < 2 && edge[side] > 0; in++) {
        const double lambda = edge[side] + (edge[1] - edge[0]) * 1e-6 * (side == in ? -1 : 1);
        sce_point x;
        CHECK(sce_solve(s, lambda, &x, &counts) && x.kind == (in ? SCE_BULK : SCE_GAP),
              "edge %.15g: wrong kind at %.15g", edge[side], lambda);
      }
  }
  nlrmt_law_destroy(&law);
}

int main(void) {
  int certified = 0;
  for (int k = 0; k < 60; k++) {
    setting set;
    sce s;
    nlrmt_error err = {0};
    draw(&set, k);
    CHECK(sce_init(&s, &set.problem, &err) == NLRMT_OK, "%s", err.text);
    for (int i = 0; i < 8; i++) {
      const double lambda = s.scale * pow(10, -2.5 * uniform());
      certified += check_uniqueness(&s, lambda);
      certified += check_uniqueness(&s, lambda + I * lambda * pow(10, -3 * uniform()));
    }
    check_law(&set, &s);
    sce_clear(&s);
    nlrmt_data_law_clear(&set.data);
  }
  CHECK(certified > 1000, "only %d cold starts certified", certified);
  return check_end("test_sce", 0);
}
