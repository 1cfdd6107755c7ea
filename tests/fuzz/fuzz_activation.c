/* An activation's name or expression: what is accepted has ordered kinks, and eval and apply agree
 * bit for bit. */
#include "../../src/base/expression.h"
#include "fuzz.h"
#include "nlrmt/activation.h"

enum { COUNT = 300 }; /* more than one batch of the expressions */

static void check_kinks(const nlrmt_activation *f, double bias) {
  double kink[NLRMT_KINKS_MAX];
  int kinks = nlrmt_activation_kinks(f, bias, kink);
  FUZZ_REQUIRE(kinks >= 0 && kinks <= NLRMT_KINKS_MAX, "%s: %d kinks", f->name, kinks);
  for (int k = 1; k < kinks; k++)
    FUZZ_REQUIRE(kink[k - 1] < kink[k], "%s: kinks %g, %g", f->name, kink[k - 1], kink[k]);
}

static void check_values(const nlrmt_activation *f) {
  double z[COUNT], b[COUNT], x[COUNT];
  for (int i = 0; i < COUNT; i++) {
    z[i] = x[i] = (i - 150) / 16.0;
    b[i] = i % 3 - 0.5;
  }
  nlrmt_activation_apply(f, COUNT, b, z);
  for (int i = 0; i < COUNT && f->additive; i++) {
    double value = nlrmt_activation_eval(f, x[i] + b[i]);
    FUZZ_REQUIRE(memcmp(&value, &z[i], sizeof value) == 0 || (value != value && z[i] != z[i]),
                 "%s: f(%g) = %.17g and %.17g", f->name, x[i] + b[i], value, z[i]);
  }
}

int fuzz_activation(const uint8_t *data, size_t size) {
  char *name = fuzz_string(data, size);
  nlrmt_activation f;
  for (double s = 1; s < 3; s++) {
    nlrmt_error err = {0};
    fuzz_check_status(nlrmt_activation_init(&f, name, s, &err), &err);
    if (err.status != NLRMT_OK) continue;
    FUZZ_REQUIRE(strcmp(f.name, name) == 0, "%s, %s", f.name, name);
    check_kinks(&f, 0);
    check_kinks(&f, 0.7);
    check_values(&f);
  }
  expression_forget();
  free(name);
  return 0;
}
FUZZ_ENTRY(fuzz_activation)
