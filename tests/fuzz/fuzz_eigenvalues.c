/* A text file of eigenvalues, as both kinds of data law. */
#include <math.h>

#include "fuzz.h"
#include "nlrmt/data_law.h"

static void check_law(const nlrmt_data_law *law, double factor) {
  double mean = 0, total = 0;
  FUZZ_REQUIRE(law->count > 0 && factor > 0 && isfinite(factor), "%zu values, factor %g",
               law->count, factor);
  for (size_t k = 0; k < law->count; k++) {
    FUZZ_REQUIRE(law->value[k] >= 0 && law->weight[k] > 0, "%g with weight %g", law->value[k],
                 law->weight[k]);
    FUZZ_REQUIRE(k == 0 || law->value[k - 1] < law->value[k], "value %zu does not ascend", k);
    mean += law->weight[k] * law->value[k];
    total += law->weight[k];
  }
  FUZZ_REQUIRE(fabs(total - 1) < 1e-9 && fabs(mean - 1) < 1e-9, "weight %g, mean %g", total, mean);
}

int fuzz_eigenvalues(const uint8_t *data, size_t size) {
  fuzz_file file = fuzz_file_open(data, size);
  nlrmt_data_law law;
  for (int kind = NLRMT_DATA_SPECTRUM; kind <= NLRMT_DATA_POPULATION; kind++) {
    double factor;
    nlrmt_error err = {0};
    fuzz_check_status(nlrmt_data_law_read((nlrmt_data_kind)kind, file.path, &law, &factor, &err),
                      &err);
    if (err.status == NLRMT_OK) check_law(&law, factor);
    nlrmt_data_law_clear(&law);
  }
  fuzz_file_close(&file);
  return 0;
}
FUZZ_ENTRY(fuzz_eigenvalues)
