/* Limiting Stieltjes transforms and moments: against closed forms, law.h, each other, bad input. */
#include "nlrmt/transforms.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* Purely nonlinear f (zeta = 0): K is Marchenko-Pastur of ratio c = m/n1 = psi/phi, scaled by eta:
 * m = 1/(-z + eta/(1 + c eta m)); and mtilde = m, because S enters with its mean alone. */
static void test_marchenko_pastur(void) {
  double weight = 1, h = 0, eta = 1.7, zeta = 0;
  const nlrmt_nodes nodes = {1, &weight, &h, &eta, &zeta};
  const nlrmt_law_problem problem = {.phi = 0.6, .psi = 0.3, .nodes = &nodes};
  const double complex z[] = {CMPLX(0.5, 0.01), CMPLX(3, 1e-4), CMPLX(-1, 0), CMPLX(-1e-3, 0),
                              CMPLX(0.1, 1e3)};
  const double c = 0.5;
  double complex m[5], mtilde[5];
  nlrmt_error err = {0};
  CHECK(nlrmt_transforms_solve(&problem, 5, z, m, mtilde, &err) == NLRMT_OK, "%s", err.text);
  for (int i = 0; i < 5; i++) {
    /* z c eta m^2 + (z + c eta - eta) m + 1 = 0 from the formula above, its root in the half plane
     */
    double complex p = z[i] * c * eta, q = z[i] + c * eta - eta, root = csqrt(q * q - 4 * p);
    double complex one = (-q + root) / (2 * p), two = (-q - root) / (2 * p);
    bool first = cimag(z[i]) > 0 ? cimag(one) > cimag(two) : creal(one) > 0 && creal(two) < 0;
    double complex want = first ? one : two;
    CHECK(cabs(m[i] / want - 1) < 1e-9, "m(%g%+gi) = %.15g%+.15gi, should be %.15g%+.15gi",
          creal(z[i]), cimag(z[i]), creal(m[i]), cimag(m[i]), creal(want), cimag(want));
    CHECK(cabs(mtilde[i] / m[i] - 1) < 1e-9, "mtilde of zeta = 0 is not m at %g%+gi", creal(z[i]),
          cimag(z[i]));
  }
}

static const double weights[] = {0.3, 0.7}, hs[] = {0, 0.2}, etas[] = {0.5, 1.4},
                    zetas[] = {0.4, 0.3};

static nlrmt_law_problem two_nodes(nlrmt_nodes *nodes) {
  *nodes = (nlrmt_nodes){2, (double *)weights, (double *)hs, (double *)etas, (double *)zetas};
  return (nlrmt_law_problem){.phi = 1.5, .psi = 0.8, .nodes = nodes};
}

/* The same as the law's own, whichever matrix the law is of. */
static void test_law(void) {
  nlrmt_nodes nodes;
  nlrmt_law_problem problem = two_nodes(&nodes);
  const double complex z[] = {CMPLX(0.4, 0.02), CMPLX(1, 1), CMPLX(-0.2, 1e-3)};
  for (int of_m = 0; of_m < 2; of_m++) {
    nlrmt_error err = {0};
    nlrmt_law *law;
    double complex m[3], mtilde[3];
    double moment[NLRMT_LAW_MOMENTS], all[NLRMT_LAW_MOMENTS + 1];
    problem.of_m = of_m;
    CHECK(nlrmt_law_create(&problem, &law, &err) == NLRMT_OK, "%s", err.text);
    CHECK(nlrmt_transforms_solve(&problem, 3, z, m, mtilde, &err) == NLRMT_OK, "%s", err.text);
    CHECK(nlrmt_transforms_moments(&problem, NLRMT_LAW_MOMENTS, moment, &err) == NLRMT_OK, "%s",
          err.text);
    nlrmt_law_moments(law, NLRMT_LAW_MOMENTS, all);
    for (int i = 0; i < 3; i++) {
      double complex a, t;
      nlrmt_law_transform(law, z[i], &a, &t, &err);
      CHECK(cabs(a - m[i]) < 1e-12 && cabs(t - mtilde[i]) < 1e-12, "of_m %d, z %d", of_m, i);
    }
    for (int j = 1; j <= NLRMT_LAW_MOMENTS; j++) {
      double unit = of_m ? pow(0.8 / 1.5, 1 - j) : 1; /* (1/n1) tr M^j from (1/m) tr K^j */
      CHECK(fabs(moment[j - 1] * unit / all[j] - 1) < 1e-12, "of_m %d, moment %d", of_m, j);
    }
    nlrmt_law_destroy(&law);
  }
}

/* m(z) = -sum_j moment_j/z^(j + 1), mtilde(z) -> -1/z; and the two solvers meet at the axis. */
static void test_consistency(void) {
  nlrmt_nodes nodes;
  const nlrmt_law_problem problem = two_nodes(&nodes);
  const double complex z[] = {CMPLX(0, 300), CMPLX(-0.7, 1e-9), CMPLX(-0.7, 0)};
  double complex m[3], mtilde[3], sum = -1 / z[0];
  double moment[4];
  nlrmt_error err = {0};
  CHECK(nlrmt_transforms_solve(&problem, 3, z, m, mtilde, &err) == NLRMT_OK, "%s", err.text);
  CHECK(nlrmt_transforms_moments(&problem, 4, moment, &err) == NLRMT_OK, "%s", err.text);
  for (int j = 1; j <= 4; j++) sum -= moment[j - 1] / cpow(z[0], j + 1);
  CHECK(cabs(m[0] / sum - 1) < 1e-9, "m(300i): %.1e from its moments", cabs(m[0] / sum - 1));
  CHECK(fabs(moment[0] - (0.3 * 0.5 + 0.7 * 1.4)) < 1e-14, "first moment %.17g", moment[0]);
  CHECK(cabs(-mtilde[0] * z[0] - 1) < 0.05, "mtilde(300i)");
  CHECK(cabs(m[1] / m[2] - 1) < 1e-8 && cabs(mtilde[1] / mtilde[2] - 1) < 1e-8,
        "at the negative axis: %.12g and %.12g, %.12g and %.12g", creal(m[1]), creal(m[2]),
        creal(mtilde[1]), creal(mtilde[2]));
  CHECK(cimag(m[2]) == 0 && cimag(mtilde[2]) == 0, "complex on the axis");
}

static void test_errors(void) {
  nlrmt_nodes nodes;
  nlrmt_law_problem problem = two_nodes(&nodes);
  const double complex below = CMPLX(1, -0.1), inside = CMPLX(1, 0);
  double complex m, mtilde;
  double moment[NLRMT_LAW_MOMENTS + 1];
  nlrmt_error err = {0};
  CHECK(nlrmt_transforms_solve(&problem, 1, &below, &m, &mtilde, &err) == NLRMT_ERR_CONFIG &&
            strstr(err.text, "Im z > 0"),
        "%s", err.text);
  err = (nlrmt_error){0};
  CHECK(nlrmt_transforms_solve(&problem, 1, &inside, &m, &mtilde, &err) == NLRMT_ERR_CONFIG, "%s",
        err.text);
  err = (nlrmt_error){0};
  CHECK(nlrmt_transforms_moments(&problem, NLRMT_LAW_MOMENTS + 1, moment, &err) == NLRMT_ERR_CONFIG,
        "%s", err.text);
  err = (nlrmt_error){0};
  problem.phi = -1;
  CHECK(nlrmt_transforms_moments(&problem, 1, moment, &err) == NLRMT_ERR_CONFIG, "%s", err.text);
}

int main(void) {
  test_marchenko_pastur();
  test_law();
  test_consistency();
  test_errors();
  return check_end("test_transforms", 0);
}
