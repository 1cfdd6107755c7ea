/* bench_rng: entries per second on one core, for each instruction-set variant this CPU has and each
 * law of the entries. A benchmark, not a test; best of several rounds, since machines are shared.
 * Usage: bench_rng [components of a vector, default 24576] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "nlrmt/rng.h"

enum { VECTORS = 100, ROUNDS = 10 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double rate(const nlrmt_rng_variant *variant, nlrmt_entries law, size_t n, double *out) {
  const nlrmt_stream stream = {.seed = 1, .trial = 2, .layer = 3, .matrix = NLRMT_MATRIX_W};
  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    for (uint32_t a = 0; a < VECTORS; a++) variant->entries(&stream, law, 5, 1, a, 0, n, out);
    double r = VECTORS * (double)n / (now() - start);
    if (r > best) best = r;
  }
  return best;
}

/* The lattice's integers; out has room for eight times as many. */
static double rate_steps(const nlrmt_rng_variant *variant, size_t n, void *out) {
  const nlrmt_stream stream = {.seed = 1, .trial = 2, .layer = 3, .matrix = NLRMT_MATRIX_W};
  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    for (uint32_t a = 0; a < VECTORS; a++) variant->steps(&stream, a, 0, n, out);
    double r = VECTORS * (double)n / (now() - start);
    if (r > best) best = r;
  }
  return best;
}

int main(int argc, char **argv) {
  const long components = argc > 1 ? atol(argv[1]) : 24576;
  if (components <= 0) {
    fprintf(stderr, "usage: %s [components of a vector]\n", argv[0]);
    return 2;
  }
  const size_t n = (size_t)components;
  double *out = malloc(n * sizeof *out);
  if (!out) return 4;
  size_t count;
  const nlrmt_rng_variant *variant = nlrmt_rng_variants(&count);
  printf("isa,law,components,entries_per_second\n");
  for (size_t v = 0; v < count; v++) {
    static const char *const laws[] = {"gaussian", "rademacher",  "uniform",
                                       "lattice",  "exponential", "student_t"};
    for (int law = 0; law < 6; law++)
      printf("%s,%s,%zu,%.3g\n", variant[v].isa, laws[law], n,
             rate(&variant[v], (nlrmt_entries)law, n, out));
    printf("%s,lattice as int8,%zu,%.3g\n", variant[v].isa, n, rate_steps(&variant[v], n, out));
  }
  free(out);
  return 0;
}
