/* Numbers and lists as they stand behind a key; the first byte says which reader gets the rest. */
#include "../../src/base/complex_list.h"
#include "../../src/base/values.h"
#include "fuzz.h"

static void check_list(const char *text) {
  nlrmt_list list;
  nlrmt_error err = {0};
  fuzz_check_status(nlrmt_list_expand(text, &list, &err), &err);
  FUZZ_REQUIRE(list.count <= NLRMT_LIST_MAX && (list.count > 0) == (err.status == NLRMT_OK),
               "%zu items", list.count);
  for (size_t i = 0; i < list.count; i++) {
    size_t length = strlen(list.item[i]);
    FUZZ_REQUIRE(length > 0 && length < NLRMT_ITEM_MAX, "item %zu: %zu bytes", i, length);
  }
  nlrmt_list_free(&list);
}

static void check_complex(const char *text) {
  double complex *z;
  size_t count;
  nlrmt_error err = {0};
  fuzz_check_status(nlrmt_complex_list(text, &z, &count, &err), &err);
  FUZZ_REQUIRE((z != NULL) == (err.status == NLRMT_OK), "%s", err.text);
  for (size_t i = 0; z && i < count; i++)
    FUZZ_REQUIRE(cimag(z[i]) > 0 || (cimag(z[i]) == 0 && creal(z[i]) < 0), "%g + %gi", creal(z[i]),
                 cimag(z[i]));
  free(z);
}

static void check_number(const char *text) {
  double value, again;
  char print[NLRMT_NUMBER_MAX];
  bool negative;
  uint64_t magnitude;
  nlrmt_value_integer(text, &negative, &magnitude);
  if (!nlrmt_value_real(text, &value)) return;
  nlrmt_value_print(value, print);
  FUZZ_REQUIRE(nlrmt_value_real(print, &again) && again == value, "%s: %s", text, print);
}

static void check_cut(const char *text) {
  const char *end = text + strlen(text);
  for (const char *cursor = text; cursor;) {
    const char *begin;
    size_t length;
    nlrmt_error err = {0};
    if (nlrmt_list_cut(&cursor, &begin, &length, &err) != NLRMT_OK) break;
    FUZZ_REQUIRE(begin >= text && length > 0 && begin + length <= end, "item beyond the text");
  }
}

static void check_text(const char *text) {
  size_t length = strlen(text), fault = nlrmt_text_fault(text, length);
  FUZZ_REQUIRE(fault <= length, "column %zu of %zu", fault, length);
  if (nlrmt_name_valid(text)) FUZZ_REQUIRE(fault == 0 && length < 64, "%s", text);
}

int fuzz_lists(const uint8_t *data, size_t size) {
  static void (*const check[])(const char *) = {check_list, check_complex, check_number, check_cut,
                                                check_text};
  if (size == 0) return 0;
  char *text = fuzz_string(data + 1, size - 1);
  if (fuzz_modest(text)) check[data[0] % 5](text);
  free(text);
  return 0;
}
FUZZ_ENTRY(fuzz_lists)
