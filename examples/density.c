/* The theory library from C: two laws of K = F'F/n1, their edges, and their densities as CSV.
 *
 *   cc density.c $(pkg-config --cflags --libs nlrmt_theory) -o density && ./density >density.csv
 *
 * phi = n0/m = 1.5, psi = n0/n1 = 0.8, weights, data and biases standard Gaussian.
 */
#include <stdio.h>

#include <nlrmt/law.h>
#include <nlrmt/moments.h>

enum { POINTS = 200 };

/* Solves the law of f without or with biases. NULL and the reason in err, if it cannot be. */
static nlrmt_law *solve(const char *f, const nlrmt_bias *bias, nlrmt_error *err) {
  nlrmt_activation activation;
  nlrmt_nodes nodes = {0};
  nlrmt_law *law = NULL;
  if (nlrmt_activation_init(&activation, f, 1.0, err) == NLRMT_OK &&
      nlrmt_nodes_of_law(&activation, 1.0, bias, &nodes, err) == NLRMT_OK)
    nlrmt_law_create(&(nlrmt_law_problem){.phi = 1.5, .psi = 0.8, .nodes = &nodes}, &law, err);
  nlrmt_nodes_clear(&nodes);
  return law;
}

static void print(const char *name, const nlrmt_law *law) {
  double lambda[POINTS], left, right;
  for (size_t i = 0; i < nlrmt_law_bulks(law); i++) {
    nlrmt_law_edges(law, i, &left, &right);
    fprintf(stderr, "%s: bulk from %.6f to %.6f\n", name, left, right);
  }
  fprintf(stderr, "%s: mass at 0 %.4f, residual of the equations %.1e\n", name, nlrmt_law_atom(law),
          nlrmt_law_certify(law)->residual_max);
  nlrmt_law_grid(law, POINTS, lambda);
  for (int i = 0; i < POINTS; i++)
    printf("%s,%.17g,%.17g,%.17g\n", name, lambda[i], nlrmt_law_density(law, lambda[i]),
           nlrmt_law_cdf(law, lambda[i]));
}

int main(void) {
  static const struct {
    const char *name, *f;
    nlrmt_bias_law bias;
  } wanted[] = {
      {"marchenko_pastur", "hermite(2)", NLRMT_BIAS_NONE}, /* zeta = 0: F is as good as noise */
      {"relu", "relu", NLRMT_BIAS_GAUSSIAN},
  };
  nlrmt_error err = {0};
  printf("law,lambda,density,cdf\n");
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted && err.status == NLRMT_OK; i++) {
    nlrmt_bias bias = {.law = wanted[i].bias, .sigma = 1};
    nlrmt_law *law = solve(wanted[i].f, &bias, &err);
    if (law) print(wanted[i].name, law);
    nlrmt_law_destroy(&law);
  }
  if (err.status != NLRMT_OK) fprintf(stderr, "density: %s\n", err.text);
  return err.status;
}
