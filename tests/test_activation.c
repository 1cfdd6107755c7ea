/* test_activation: every built-in against closed forms and identities, the rules of the names, and
 * apply against eval bit for bit. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/activation.h"
#include "nlrmt/moments.h"

static nlrmt_activation make(const char *name, double s) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_status status = nlrmt_activation_init(&f, name, s, &err);
  CHECK(status == NLRMT_OK, "%s: %s", name, err.text);
  CHECK(strcmp(f.name, name) == 0, "%s is called %s", name, f.name);
  return f;
}

static double eval(const char *name, double x) {
  nlrmt_activation f = make(name, 1);
  return nlrmt_activation_eval(&f, x);
}

static bool near(double x, double y) {
  return fabs(x - y) <= 4e-15 * fmax(1, fabs(y));
}

static void check_values(void) {
  static const struct {
    const char *name;
    double x, f;
  } known[] = {
      {"relu", 1.5, 1.5},
      {"relu", -1.5, 0},
      {"relu", 0, 0},
      {"identity", -2.25, -2.25},
      {"tanh", 0.5, 0.46211715726000975850},
      {"erf", 1, 0.84270079294971486934},
      {"sin", M_PI / 6, 0.5},
      {"abs", -3, 3},
      {"abs", 3, 3},
      {"sign", -3, -1},
      {"sign", 0, 0},
      {"sign", -0.0, 0},
      {"sign", 1e-300, 1},
      {"step", -1e-300, 0},
      {"step", 0, 0},
      {"step", 2, 1},
      {"cubic", -1.5, -3.375},
      {"leaky_relu(0.25)", -2, -0.5},
      {"leaky_relu(0.25)", 2, 2},
      {"leaky_relu(-1)", -2, 2},
      {"softplus", 0, M_LN2},
      {"softplus", 1, 1.3132616875182228340},
      {"softplus", 1000, 1000},
      {"gelu", 1, 0.84134474606854294859},
      {"gelu", 0, 0},
      {"hermite(0)", 1.7, 1},
      {"hermite(1)", 1.7, 1.7},
      {"hermite(2)", 2, 3 / M_SQRT2},
      {"hermite(3)", 2, 0.81649658092772603273},
      {"hermite(4)", 1, -0.40824829046386301637},
  };
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    double f = eval(known[k].name, known[k].x);
    CHECK(near(f, known[k].f), "%s(%g) = %.17g, not %.17g", known[k].name, known[k].x, f,
          known[k].f);
  }
}

/* f(x) - f(-x) = x for softplus and gelu; their left tails keep relative accuracy. */
static void check_identities(void) {
  for (double x = 0; x < 50; x += 0.37) {
    double softplus = eval("softplus", x) - eval("softplus", -x);
    double gelu = eval("gelu", x) - eval("gelu", -x);
    CHECK(near(softplus, x), "softplus at %g: %.17g", x, softplus);
    CHECK(near(gelu, x), "gelu at %g: %.17g", x, gelu);
  }
  CHECK(fabs(eval("softplus", -600) / exp(-600) - 1) < 1e-14, "softplus(-600)");
  /* x Phi(x) at -20: -phi(x) (1 - 1/x^2 + 3/x^4 - 15/x^6 + ...), the next terms below 1e-8. */
  double phi = exp(-200) / sqrt(2 * M_PI), r = 1.0 / 400;
  double tail = -phi * (1 + r * (-1 + r * (3 + r * (-15 + r * 105))));
  CHECK(fabs(eval("gelu", -20) / tail - 1) < 1e-9, "gelu(-20) = %g, not %g", eval("gelu", -20),
        tail);
}

/* Orthonormal under N(0,1): the trapezoidal rule converges faster than any power here. */
static void check_hermite(void) {
  enum { DEGREES = 33 };
  static double gram[DEGREES][DEGREES];
  nlrmt_activation he[DEGREES];
  for (int k = 0; k < DEGREES; k++) {
    char name[32];
    snprintf(name, sizeof name, "hermite(%d)", k);
    he[k] = make(name, 1);
  }
  const double h = 1.0 / 16;
  for (double x = -22; x <= 22; x += h) {
    double f[DEGREES], weight = h * exp(-x * x / 2) / sqrt(2 * M_PI);
    for (int k = 0; k < DEGREES; k++) f[k] = nlrmt_activation_eval(&he[k], x);
    for (int j = 0; j < DEGREES; j++)
      for (int k = 0; k < DEGREES; k++) gram[j][k] += weight * f[j] * f[k];
  }
  double worst = 0;
  for (int j = 0; j < DEGREES; j++)
    for (int k = 0; k < DEGREES; k++) worst = fmax(worst, fabs(gram[j][k] - (j == k)));
  CHECK(worst < 1e-12, "hermite(j), hermite(k) orthonormal to %.3g", worst);
}

/* f = c1 |x| - c2, zero mean and unit second moment under N(0, s^2), where E|x| = s sqrt(2/pi). */
static void check_abs_centred(double s) {
  nlrmt_activation f = make("abs_centred", s);
  double c2 = -nlrmt_activation_eval(&f, 0), c1 = nlrmt_activation_eval(&f, 1) + c2;
  double mean_abs = s * sqrt(2 / M_PI), mean = c1 * mean_abs - c2;
  double square = c1 * c1 * s * s - 2 * c1 * c2 * mean_abs + c2 * c2;
  CHECK(fabs(mean) < 1e-14, "s = %g: mean %g", s, mean);
  CHECK(fabs(square - 1) < 1e-14, "s = %g: second moment %.17g", s, square);
  CHECK(nlrmt_activation_eval(&f, -2.5) == nlrmt_activation_eval(&f, 2.5), "s = %g: not even", s);
}

/* What the families promise: E f = 0, Var f = 1, (E N f)^2 = zeta under N(0, s^2), for any s. */
static void check_families(void) {
  static const struct {
    const char *name;
    double zeta;
  } known[] = {{"blend(0)", 0},     {"blend(0.4)", 0.4},        {"blend(1)", 1},
               {"random(0,0)", 0},  {"random(0.4, 7)", 0.4},    {"random(0.4,  8)", 0.4},
               {"random(1, 3)", 1}, {"random(0.9,12345)", 0.9}, {"random(.25,4294967295)", 0.25}};
  static const double scale[] = {1, 0.35, 1e-90, 1e90};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    for (int i = 0; i < 4; i++) {
      nlrmt_activation f = make(known[k].name, scale[i]);
      nlrmt_error err = {0};
      double h = NAN, eta = NAN, zeta = NAN;
      nlrmt_moments_at(&f, scale[i], 0, &h, &eta, &zeta, &err);
      CHECK(fabs(h) < 1e-12 && fabs(eta - 1) < 1e-12 && fabs(zeta - known[k].zeta) < 1e-12,
            "%s, s = %g: h %g, eta - 1 %g, zeta - %g %g %s", f.name, scale[i], h, eta - 1,
            known[k].zeta, zeta - known[k].zeta, err.text);
    }
  nlrmt_activation blend = make("blend(0)", 1.3), same = make("abs_centred", 1.3);
  for (double x = -3; x < 3; x += 0.17)
    CHECK(nlrmt_activation_eval(&blend, x) == nlrmt_activation_eval(&same, x), "blend(0)(%g)", x);
}

/* (a_2, a_3) of random(0, k): unit vectors of mean 0 and covariance 1/2, and the same for ever. */
static void check_random(void) {
  enum { K = 4000 };
  double mean[2] = {0}, square[2] = {0}, worst = 0;
  for (int k = 0; k < K; k++) {
    char name[40];
    snprintf(name, sizeof name, "random(0,%d)", k);
    nlrmt_activation f = make(name, 1);
    /* f at 0, 1 is -a, -2b of a (u^2-1) + b (u^3-3u) */
    double a = -nlrmt_activation_eval(&f, 0), b = -nlrmt_activation_eval(&f, 1) / 2;
    double x[2] = {sqrt(2) * a, sqrt(6) * b}, norm = 0;
    for (int j = 0; j < 2; j++)
      norm += x[j] * x[j], mean[j] += x[j] / K, square[j] += x[j] * x[j] / K;
    worst = fmax(worst, fabs(norm - 1));
  }
  CHECK(worst < 1e-13, "|a|^2 - 1 = %g", worst);
  /* on the circle E x^2 = 1/2, Var x^2 = 3/8 - 1/4 */
  for (int j = 0; j < 2; j++)
    CHECK(fabs(mean[j]) < 4 * sqrt(1 / 2.0 / K) &&
              fabs(square[j] - 1 / 2.0) < 4 * sqrt(1 / 8.0 / K),
          "a_%d: mean %g, square %g", j + 2, mean[j], square[j]);
  CHECK(near(eval("random(0.4,7)", 0.5), -0.085834577884151497), "random(0.4,7)(0.5) = %.17g",
        eval("random(0.4,7)", 0.5));
}

/* Slopes on the two sides of a kink differ, or values do; elsewhere f is smooth. */
static void check_kinks(void) {
  static const struct {
    const char *name;
    int kinks;
  } known[] = {{"relu", 1},          {"identity", 0},
               {"tanh", 0},          {"erf", 0},
               {"sin", 0},           {"abs", 1},
               {"sign", 1},          {"step", 1},
               {"cubic", 0},         {"leaky_relu(0.1)", 1},
               {"leaky_relu(1)", 0}, {"softplus", 0},
               {"hermite(5)", 0},    {"abs_centred", 1},
               {"gelu", 0},          {"blend(0.4)", 1},
               {"blend(1)", 0},      {"random(0.4, 7)", 0}};
  const double h = 1e-6;
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    nlrmt_activation f = make(known[k].name, 1);
    CHECK(f.kinks == known[k].kinks, "%s: %d kinks", f.name, f.kinks);
    CHECK(f.kinks == 0 || f.kink[0] == 0, "%s: kink at %g", f.name, f.kink[0]);
    double bend = (nlrmt_activation_eval(&f, h) - 2 * nlrmt_activation_eval(&f, 0) +
                   nlrmt_activation_eval(&f, -h)) /
                  h;
    double jump = nlrmt_activation_eval(&f, h) - nlrmt_activation_eval(&f, -h);
    bool rough = fabs(bend) > 1e-3 || fabs(jump) > 1e-3;
    CHECK(rough == (f.kinks > 0), "%s: bend %g, jump %g at 0", f.name, bend, jump);
  }
}

static const char *const all[] = {"relu",
                                  "identity",
                                  "tanh",
                                  "erf",
                                  "sin",
                                  "abs",
                                  "sign",
                                  "step",
                                  "cubic",
                                  "softplus",
                                  "leaky_relu(-0.3)",
                                  "gelu",
                                  "hermite(0)",
                                  "hermite(1)",
                                  "hermite(7)",
                                  "hermite(32)",
                                  "abs_centred",
                                  "blend(0.3)",
                                  "blend(1)",
                                  "random(0.3, 5)"};
enum { ALL = sizeof all / sizeof *all };

/* Every length around the block and vector widths, unaligned, with the awkward numbers. */
static void check_apply(const char *name) {
  enum { N = 300 };
  static const double awkward[] = {0,   -0.0, 1e-310,   -1e-310,   1e-20,  -1e-20, 1e6,  -1e6,
                                   800, -800, INFINITY, -INFINITY, 0x1p53, 0.5,    -0.5, 0x1p-1074};
  const int n_awkward = sizeof awkward / sizeof *awkward;
  nlrmt_activation f = make(name, 1.3);
  double b[N], z[N + 1];
  int wrong = 0;
  for (int count = 0; count < N; count++) {
    int from = count % 5 < N - count ? count % 5 : 0;
    for (int i = 0; i < N; i++) {
      b[i] = i % 3 ? 0.1 * sin(i) : 0;
      z[i] = i % 7 == 1 ? awkward[(i / 7 + count) % n_awkward] : 3 * sin(1.7 * i + count);
    }
    double before[N];
    memcpy(before, z, sizeof before);
    z[N] = -99;
    nlrmt_activation_apply(&f, (size_t)count, b + from, z + from);
    for (int i = 0; i < N; i++) {
      bool inside = i >= from && i < from + count;
      double e = inside ? nlrmt_activation_eval(&f, before[i] + b[i]) : before[i];
      wrong += memcmp(&z[i], &e, sizeof e) != 0 && !(isnan(z[i]) && isnan(e));
    }
    wrong += z[N] != -99;
  }
  CHECK(wrong == 0, "%s: apply and eval differ %d times", name, wrong);
}

/* A NaN from elsewhere must not pass for a number. */
static void check_nan(void) {
  static const char *const continuous[] = {
      "relu",       "identity",    "tanh",       "erf",          "sin",
      "abs",        "cubic",       "softplus",   "gelu",         "leaky_relu(0.1)",
      "hermite(3)", "abs_centred", "blend(0.4)", "random(0.4,1)"};
  for (size_t k = 0; k < sizeof continuous / sizeof *continuous; k++)
    CHECK(isnan(eval(continuous[k], NAN)), "%s(NaN) is a number", continuous[k]);
}

static void check_refused(const char *name, const char *text) {
  nlrmt_activation f;
  nlrmt_error err = {0};
  nlrmt_status status = nlrmt_activation_init(&f, name, 1, &err);
  CHECK(status == NLRMT_ERR_CONFIG && err.status == status, "\"%s\" is accepted", name);
  CHECK(strstr(err.text, text) != NULL, "\"%s\": message \"%s\" lacks \"%s\"", name, err.text,
        text);
}

static void check_names(void) {
  check_refused("reluu", "did you mean relu?");
  check_refused("Relu", "did you mean relu?");
  check_refused("hermit(3)", "did you mean hermite?");
  check_refused("", "known are");
  check_refused("quux_nothing_like_it", nlrmt_activation_names());
  check_refused("relu ", "relu");
  check_refused("relu(1)", "no argument");
  check_refused("relu()", "no argument");
  check_refused("abs_centred(2)", "no argument");
  check_refused("tanh)", "known are");
  static const char *const slopes[] = {
      "",      "()",    "(",       "(0.1", "(0.1)x", "(0.1) ",  "( 0.1)",    "(0.1 )", "(0,1)",
      "(nan)", "(inf)", "(1e999)", "(a)",  "(0.1)(", "((0.1))", "(0.1,0.2)", ")"};
  for (size_t k = 0; k < sizeof slopes / sizeof *slopes; k++) {
    char name[40];
    snprintf(name, sizeof name, "leaky_relu%s", slopes[k]);
    check_refused(name, k == 16 ? "known are" : "leaky_relu(0.1)");
  }
  static const char *const degrees[] = {"", "(-1)", "(33)", "(2.5)", "(nan)", "(1e30)", "(3)3"};
  for (size_t k = 0; k < sizeof degrees / sizeof *degrees; k++) {
    char name[40];
    snprintf(name, sizeof name, "hermite%s", degrees[k]);
    check_refused(name, "integer from 0 to 32");
  }
  static const char *const zetas[] = {"",   "(-0.1)", "(1.1)",  "(nan)",  "(0.5,1)",
                                      "()", "(0.5",   "( 0.5)", "(0.5) ", "(x)"};
  for (size_t k = 0; k < sizeof zetas / sizeof *zetas; k++) {
    char name[40];
    snprintf(name, sizeof name, "blend%s", zetas[k]);
    check_refused(name, "zeta must be a number from 0 to 1, write blend(zeta)");
  }
  static const char *const pairs[] = {"",          "(0.5)",   "(0.5,)",   "(0.5,-1)",
                                      "(0.5,1.5)", "(2,1)",   "(0.5 ,1)", "(0.5,1",
                                      "(0.5,1,2)", "(0.5;1)", "(0.5,1 )", "(0.5,4294967296)"};
  for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
    char name[40];
    snprintf(name, sizeof name, "random%s", pairs[k]);
    check_refused(name, "write random(zeta, k) as in random(0.4, 7)");
  }
  check_refused("blen(0.5)", "did you mean blend?");
  char longest[NLRMT_ACTIVATION_NAME_MAX + 10];
  memset(longest, '0', sizeof longest);
  memcpy(longest, "leaky_relu(", 11);
  strcpy(longest + NLRMT_ACTIVATION_NAME_MAX - 4, "1.5)");
  check_refused(longest, "longer than 159");
  strcpy(longest + NLRMT_ACTIVATION_NAME_MAX - 5, "1.5)");
  CHECK(eval(longest, -2) == -3, "the longest name has slope %g", eval(longest, -2) / -2);
}

/* The list for people and the names that parse are the same. */
static void check_list(void) {
  char list[512], *rest = NULL;
  strcpy(list, nlrmt_activation_names());
  int count = 0;
  for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
    char name[40];
    word += strspn(word, " ");
    if (strcmp(word, "k)") == 0) continue; /* of random(zeta, k) */
    const char *numbers = !strchr(word, '(')                ? ""
                          : strncmp(word, "random", 6) == 0 ? "(1,2)"
                                                            : "(1)";
    snprintf(name, sizeof name, "%.*s%s", (int)strcspn(word, "("), word, numbers);
    make(name, 1);
    count++;
  }
  CHECK(count == 16, "%d names listed", count);
}

int main(void) {
  check_values();
  check_identities();
  check_hermite();
  check_abs_centred(1);
  check_abs_centred(0.35);
  check_families();
  check_random();
  check_kinks();
  for (int k = 0; k < ALL; k++) check_apply(all[k]);
  check_nan();
  check_names();
  check_list();
  return check_end("test_activation", 0);
}
