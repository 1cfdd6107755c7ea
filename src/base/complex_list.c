#include "complex_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

typedef struct {
  size_t count;
  double complex *z; /* [NLRMT_ZS_MAX] */
} numbers;

/* Length of the real part of an item that ends in i: up to the sign that is neither inside
 * parentheses nor an exponent's. `length`: without the i. */
static size_t split(const char *item, size_t length) {
  int depth = 0;
  for (size_t k = length; k-- > 0;) {
    depth += (item[k] == ')') - (item[k] == '(');
    bool exponent = k > 1 && strchr("eE", item[k - 1]) &&
                    (isdigit((unsigned char)item[k - 2]) || item[k - 2] == '.');
    if (depth == 0 && (item[k] == '+' || item[k] == '-') && !exponent) return k;
  }
  return 0;
}

static nlrmt_status fail_form(const char *item, nlrmt_error *err) {
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "must be complex numbers such as 0.5+0.1i or -1, got \"%s\"", item);
}

/* A number or a range as numbers; `item` is what the message shows. */
static nlrmt_status expand(const char *text, const char *item, double **value, size_t *count,
                           nlrmt_error *err) {
  nlrmt_list list;
  *value = NULL;
  if (text[strspn(text, " \t")] == '\0') return fail_form(item, err);
  if (nlrmt_list_expand(text, &list, err) != NLRMT_OK) return err->status;
  *count = list.count;
  *value = malloc(list.count * sizeof **value);
  if (!*value) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "no memory for the list");
  for (size_t i = 0; i < list.count && err->status == NLRMT_OK; i++)
    if (!nlrmt_value_real(list.item[i], &(*value)[i])) fail_form(item, err);
  nlrmt_list_free(&list);
  return err->status;
}

static nlrmt_status append(numbers *n, double re, double im, const char *item, nlrmt_error *err) {
  if (!(im > 0 || (im == 0 && re < 0)))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must have Im z > 0, or be real and < 0, got \"%s\"",
                      item);
  if (n->count == NLRMT_ZS_MAX)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must have at most %d numbers", NLRMT_ZS_MAX);
  n->z[n->count++] = CMPLX(re, im);
  return NLRMT_OK;
}

static nlrmt_status add_item(numbers *n, const char *item, nlrmt_error *err) {
  char part[2][NLRMT_ITEM_MAX] = {"", "0"};
  size_t length = strlen(item), real = length, reals = 0, imags = 0;
  double *re = NULL, *im = NULL, sign = 1;
  if (item[length - 1] == 'i') {
    real = split(item, --length);
    bool signed_part = item[real] == '+' || item[real] == '-';
    if (item[real] == '-') sign = -1;
    size_t begin = real + signed_part;
    memcpy(part[1], item + begin, length - begin);
    part[1][length - begin] = '\0';
  }
  memcpy(part[0], item, real);
  if (strspn(part[0], " \t") == real) strcpy(part[0], "0");
  if (expand(part[0], item, &re, &reals, err) == NLRMT_OK &&
      expand(part[1], item, &im, &imags, err) == NLRMT_OK)
    for (size_t i = 0; i < reals * imags && err->status == NLRMT_OK; i++)
      append(n, re[i / imags], sign * im[i % imags], item, err);
  free(re);
  free(im);
  return err->status;
}

nlrmt_status nlrmt_complex_list(const char *text, double complex **z, size_t *count,
                                nlrmt_error *err) {
  numbers n = {.z = malloc(NLRMT_ZS_MAX * sizeof *n.z)};
  nlrmt_error own = {0};
  if (!n.z) nlrmt_fail(&own, NLRMT_ERR_RESOURCE, "no memory for the list");
  for (const char *cursor = text; cursor && own.status == NLRMT_OK;) {
    char item[NLRMT_ITEM_MAX];
    if (nlrmt_list_next(&cursor, item, &own) == NLRMT_OK) add_item(&n, item, &own);
  }
  *z = own.status == NLRMT_OK ? n.z : NULL;
  *count = n.count;
  if (own.status == NLRMT_OK) return NLRMT_OK;
  free(n.z);
  *err = own;
  return own.status;
}
