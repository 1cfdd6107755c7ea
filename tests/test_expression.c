/* Activations written as expressions: the same values, kinks and moments as the built-in ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/activation.h"
#include "nlrmt/moments.h"

static nlrmt_activation make(const char *name) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  CHECK(nlrmt_activation_init(&f, name, 1.2, &err) == NLRMT_OK, "%s: %s", name, err.text);
  return f;
}

/* expression against built-in: apply on 1000 points, h, eta, zeta at several biases. */
static void compare(const char *expression, const char *name) {
  enum { N = 1000 };
  nlrmt_activation e = make(expression), f = make(name);
  double b[N], x[N], y[N], worst = 0;
  for (int i = 0; i < N; i++) b[i] = 0.3 * sin(i), x[i] = y[i] = 6 * sin(1.7 * i);
  nlrmt_activation_apply(&e, N, b, x);
  nlrmt_activation_apply(&f, N, b, y);
  for (int i = 0; i < N; i++) worst = fmax(worst, fabs(x[i] - y[i]) / (1 + fabs(y[i])));
  CHECK(worst < 1e-14, "%s: differs from %s by %g", expression, name, worst);
  for (double bias = -1; bias < 2; bias += 0.75) {
    double h[2], eta[2], zeta[2];
    nlrmt_error err = {0};
    nlrmt_moments_at(&e, 1.1, bias, &h[0], &eta[0], &zeta[0], &err);
    nlrmt_moments_at(&f, 1.1, bias, &h[1], &eta[1], &zeta[1], &err);
    CHECK(err.status == NLRMT_OK, "%s: %s", expression, err.text);
    CHECK(fabs(h[0] - h[1]) + fabs(eta[0] - eta[1]) + fabs(zeta[0] - zeta[1]) <
              1e-11 * (1 + eta[1]),
          "%s at b = %g: h %g %g eta %g %g zeta %g %g", expression, bias, h[0], h[1], eta[0],
          eta[1], zeta[0], zeta[1]);
  }
}

static void check_kinks(const char *expression, double b, int count, const double *where) {
  nlrmt_activation f = make(expression);
  double kink[NLRMT_KINKS_MAX];
  int found = nlrmt_activation_kinks(&f, b, kink);
  CHECK(found == count, "%s: %d kinks, expected %d", expression, found, count);
  for (int i = 0; i < found && i < count; i++)
    CHECK(fabs(kink[i] - where[i]) < 1e-11, "%s: kink %d at %.17g", expression, i, kink[i]);
}

/* A function of z and b that is not one of z + b: moments in closed form. */
static void check_family(void) {
  nlrmt_activation f = make("\"b*x + max(x - b, 0)*0 + b*b\"");
  CHECK(!f.additive, "b is not seen");
  for (double b = 0.5; b < 3; b++) {
    double h, eta, zeta;
    nlrmt_error err = {0};
    nlrmt_moments_at(&f, 0.8, b, &h, &eta, &zeta, &err);
    CHECK(fabs(h - b * b) < 1e-13 * b * b, "h(%g) = %g", b, h);
    CHECK(fabs(eta - 0.64 * b * b) < 1e-13 * eta && fabs(zeta - eta) < 1e-13 * eta,
          "eta(%g) = %g %g", b, eta, zeta);
  }
}

static void refuse(const char *name, const char *words) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  CHECK(nlrmt_activation_init(&f, name, 1, &err) == NLRMT_ERR_CONFIG, "%s: accepted", name);
  CHECK(strstr(err.text, words) != NULL, "%s: \"%s\" lacks \"%s\"", name, err.text, words);
}

/* Threads of this process once an expression was evaluated; -1 where /proc does not tell. */
static int threads_after(void) {
  nlrmt_activation f = make("\"x + b\"");
  double z[1000] = {0}, b[1000] = {0};
  char line[256];
  int threads = -1;
  nlrmt_activation_apply(&f, 1000, b, z);
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "Threads: %d", &threads);
  if (file) fclose(file);
  return threads;
}

/* In a process of its own, since OpenMP reads its environment once: no threads but one. */
static void check_threads(const char *program) {
  char command[600];
  snprintf(command, sizeof command, "OMP_NUM_THREADS=4 '%s' threads", program);
  CHECK(system(command) == 0, "expressions start threads: %s", command);
}

int main(int argc, char **argv) {
  if (argc > 1) return threads_after() > 1;
  check_threads(argv[0]);
  compare("\"max(x, 0)\"", "relu");
  compare("\"relu(x)\"", "relu");
  compare("\"x > 0 ? x : 0.25*x\"", "leaky_relu(0.25)");
  compare("\"tanh(x)\"", "tanh");
  compare("\"erf(x)\"", "erf");
  compare("\"x*x*x\"", "cubic");
  compare("\"(x*x - 1)/sqrt(2)\"", "hermite(2)");
  compare("\"abs(x)\"", "abs");
  compare("\"max(x + b, 0)\"", "relu");
  compare("\"sin(x + b)\"", "sin");
  check_kinks("\"sin(x) + exp(-x*x)\"", 0.3, 0, NULL);
  check_kinks("\"max(x, 0)\"", 0.25, 1, (const double[]){-0.25});
  check_kinks("\"min(max(x, -1), 1)\"", 0, 2, (const double[]){-1, 1});
  check_kinks("\"x > 0.5 ? 1 : 0\"", 0, 1, (const double[]){0.5});
  check_kinks("\"abs(x - 1/3) + abs(x - 2)*b\"", 0.7, 2, (const double[]){1.0 / 3, 2});
  check_family();
  refuse("\"tanh(x\"", "parenthesis");
  refuse("\"tanh(x)", "closing quote");
  refuse("\"x + y\"", "\"y\"");
  refuse("\"\"", "empty");
  refuse("\"x, x\"", "several values");
  refuse("\"abs(sin(5*x))\"", "kinks");
  return check_end("test_expression", 0);
}
