/* What the targets for samples in files share: open, choose, read, as sim/samples.c does. */
#ifndef NLRMT_TESTS_FUZZ_IMAGES_H
#define NLRMT_TESTS_FUZZ_IMAGES_H

#include <math.h>

#include "fuzz.h"
#include "nlrmt/images.h"

enum { FUZZ_PIXELS_MAX = 1 << 20 };

/* The m samples that are chosen fill exactly the columns 0 .. m - 1. */
static inline void fuzz_check_columns(const nlrmt_images *images, int64_t m) {
  int64_t sum = 0, chosen = 0;
  for (int64_t s = 0; s < images->count; s++) {
    if (images->column[s] < 0) continue;
    FUZZ_REQUIRE(images->column[s] < m, "column %lld", (long long)images->column[s]);
    sum += images->column[s];
    chosen++;
  }
  FUZZ_REQUIRE(chosen == m && sum == m * (m - 1) / 2, "%lld columns", (long long)chosen);
}

static inline void fuzz_images(const nlrmt_data *data, int64_t m) {
  nlrmt_images images;
  nlrmt_error err = {0};
  fuzz_check_status(nlrmt_images_open(data, m, &images, &err), &err);
  if (err.status != NLRMT_OK) return;
  FUZZ_REQUIRE(images.count > 0 && images.n0 > 0 && images.available >= m, "%lld x %lld",
               (long long)images.count, (long long)images.n0);
  fuzz_check_status(nlrmt_images_choose(&images, 1, m, &err), &err);
  fuzz_check_columns(&images, m);
  double *x = images.n0 <= FUZZ_PIXELS_MAX ? calloc((size_t)(m * images.n0), sizeof *x) : NULL;
  if (x) fuzz_check_status(nlrmt_images_read(data, &images, x, &err), &err);
  for (int64_t i = 0; x && err.status == NLRMT_OK && i < m * images.n0; i++)
    FUZZ_REQUIRE(isfinite(x[i]), "x[%lld] = %g", (long long)i, x[i]);
  free(x);
  nlrmt_images_clear(&images);
}

#endif
