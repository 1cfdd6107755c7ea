/* The rows' components: frequencies, the first/count split, independence of trial, layer and bias,
 * components that are never or always drawn. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "nlrmt/bias.h"
#include "nlrmt/mixture.h"
#include "nlrmt/rng.h"

enum { N = 200000, FROM = 777, PART = 1000 };

static nlrmt_mixture mixture_of(int count, const double *p) {
  nlrmt_mixture mixture = {.count = count};
  memcpy(mixture.p, p, (size_t)count * sizeof *p);
  return mixture;
}

static void check_frequencies(int count, const double *p) {
  static int component[N];
  nlrmt_mixture mixture = mixture_of(count, p);
  int hits[NLRMT_COMPONENTS_MAX] = {0}, outside = 0;
  nlrmt_mixture_draw(&mixture, 3, 1, 0, 0, N, component);
  for (int i = 0; i < N; i++)
    if (component[i] >= 0 && component[i] < count)
      hits[component[i]]++;
    else
      outside++;
  CHECK(outside == 0, "%d rows without a component", outside);
  for (int k = 0; k < count; k++)
    CHECK(fabs(hits[k] / (double)N - p[k]) <= 4 * sqrt(p[k] * (1 - p[k]) / N),
          "component %d of %d: %d of %d, p = %g", k, count, hits[k], N, p[k]);
}

/* Any cut of the rows gives the same rows; another seed, trial or layer gives others. */
static void check_split(void) {
  static int whole[N], part[PART];
  const nlrmt_mixture mixture = mixture_of(3, (const double[]){0.2, 0.5, 0.3});
  nlrmt_mixture_draw(&mixture, 3, 1, 0, 0, N, whole);
  nlrmt_mixture_draw(&mixture, 3, 1, 0, FROM, PART, part);
  CHECK(memcmp(part, whole + FROM, sizeof part) == 0, "a cut changes the components");
  static const struct {
    uint64_t seed;
    uint32_t trial, layer;
  } other[] = {{4, 1, 0}, {3, 2, 0}, {3, 1, 1}};
  for (int k = 0; k < 3; k++) {
    nlrmt_mixture_draw(&mixture, other[k].seed, other[k].trial, other[k].layer, FROM, PART, part);
    CHECK(memcmp(part, whole + FROM, sizeof part) != 0, "draw %d repeats", k);
  }
}

/* The numbers behind components and biases of the same row are uncorrelated. */
static void check_independence(void) {
  static int component[N];
  static double b[N];
  const nlrmt_mixture mixture = mixture_of(2, (const double[]){0.5, 0.5});
  nlrmt_bias bias = {.law = NLRMT_BIAS_BERNOULLI, .sigma = 1, .p = 0.5};
  nlrmt_mixture_draw(&mixture, 3, 1, 0, 0, N, component);
  for (int law = 0; law < 2; law++) {
    double product = 0;
    nlrmt_bias_draw(&bias, 3, 1, 0, 0, N, b);
    for (int i = 0; i < N; i++)
      product += (component[i] ? 1 : -1) * (law == 0 ? (b[i] > 0 ? 1 : -1) : b[i]);
    CHECK(fabs(product) <= 4 * sqrt(N), "law %d: correlation %g", (int)bias.law, product / N);
    bias.law = NLRMT_BIAS_GAUSSIAN;
  }
}

/* A single activation draws nothing; p = 0 never comes, wherever it stands. */
static void check_certain(void) {
  static int component[N];
  static const double p[][3] = {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}};
  static const int expect[] = {1, 0, 2};
  for (int k = 0; k < 3; k++) {
    const nlrmt_mixture mixture = mixture_of(3, p[k]);
    int wrong = 0;
    nlrmt_mixture_draw(&mixture, 3, 1, 0, 0, N, component);
    for (int i = 0; i < N; i++) wrong += component[i] != expect[k];
    CHECK(wrong == 0, "case %d: %d wrong", k, wrong);
  }
  const nlrmt_mixture single = mixture_of(1, (const double[]){1});
  memset(component, 1, sizeof component);
  nlrmt_mixture_draw(&single, 3, 1, 0, 5, PART, component);
  int wrong = component[PART] == 0;
  for (int i = 0; i < PART; i++) wrong += component[i] != 0;
  CHECK(wrong == 0, "single: %d wrong", wrong);
}

int main(void) {
  check_frequencies(2, (const double[]){0.4, 0.6});
  check_frequencies(3, (const double[]){0.01, 0, 0.99});
  check_frequencies(8, (const double[]){0.1, 0.2, 0.05, 0.15, 0.1, 0.2, 0.1, 0.1});
  check_split();
  check_independence();
  check_certain();
  return check_end("test_mixture", 0);
}
