#include "values.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/config.h"

bool nlrmt_value_real(const char *text, double *value) {
  /* strtod itself would also take nan, inf, hexadecimal floats and leading white space */
  if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0') return false;
  char *end;
  errno = 0;
  *value = strtod(text, &end);
  return end != text && *end == '\0' && errno != ERANGE;
}

/* Digits from *text on; *text moves behind them. */
static bool take_digits(const char **text, uint64_t *value) {
  const char *p = *text;
  *value = 0;
  for (; isdigit((unsigned char)*p); p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    if (*value > (UINT64_MAX - digit) / 10) return false;
    *value = 10 * *value + digit;
  }
  bool some = p != *text;
  *text = p;
  return some;
}

bool nlrmt_value_integer(const char *text, bool *negative, uint64_t *magnitude) {
  *negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  uint64_t base, exponent = 1, power = 1;
  if (!take_digits(&text, &base)) return false;
  if (*text == '^') {
    text++;
    if (!take_digits(&text, &exponent) || exponent > 64) return false;
  }
  for (uint64_t i = 0; i < exponent; i++) {
    if (base != 0 && power > UINT64_MAX / base) return false;
    power *= base;
  }
  *magnitude = power;
  return *text == '\0';
}

void nlrmt_value_print(double value, char text[NLRMT_NUMBER_MAX]) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, NLRMT_NUMBER_MAX, "%.*g", digits, value);
    if (strtod(text, NULL) == value) return;
  }
}

nlrmt_status nlrmt_list_cut(const char **cursor, const char **begin, size_t *length,
                            nlrmt_error *err) {
  const char *end = *begin = *cursor + strspn(*cursor, " \t");
  int depth = 0;
  bool quoted = false;
  for (; *end != '\0' && (*end != ',' || depth > 0 || quoted); end++) {
    quoted ^= *end == '"';
    if (!quoted) depth += (*end == '(') - (*end == ')');
    if (depth < 0) break;
  }
  if (quoted) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "the closing quote is missing in the list");
  if (depth != 0) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "unbalanced parentheses in the list");
  *cursor = *end == ',' ? end + 1 : NULL;
  while (end > *begin && (end[-1] == ' ' || end[-1] == '\t')) end--;
  *length = (size_t)(end - *begin);
  if (*length == 0) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "empty item in the list");
  return NLRMT_OK;
}

nlrmt_status nlrmt_list_next(const char **cursor, char item[NLRMT_ITEM_MAX], nlrmt_error *err) {
  const char *begin;
  size_t length;
  nlrmt_status status = nlrmt_list_cut(cursor, &begin, &length, err);
  if (status != NLRMT_OK) return status;
  if (length >= NLRMT_ITEM_MAX)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "list item longer than %d bytes: \"%.40s...\"",
                      NLRMT_ITEM_MAX - 1, begin);
  memcpy(item, begin, length);
  item[length] = '\0';
  return NLRMT_OK;
}

static nlrmt_status append(nlrmt_list *list, const char *item, nlrmt_error *err) {
  if (list->count == NLRMT_LIST_MAX)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "more than %d items in the list", NLRMT_LIST_MAX);
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    void *item_new = realloc(list->item, capacity * sizeof *list->item);
    if (!item_new) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "no memory for the list");
    list->item = item_new;
    list->capacity = capacity;
  }
  snprintf(list->item[list->count++], NLRMT_ITEM_MAX, "%s", item);
  return NLRMT_OK;
}

/* The three arguments of logspace(a,b,n) or linspace(a,b,n), `item` being the whole text. */
static bool take_range(const char *item, double *a, double *b, uint64_t *n) {
  char inner[NLRMT_ITEM_MAX], part[3][NLRMT_ITEM_MAX];
  nlrmt_error ignored = {0};
  size_t length = strlen(item);
  if (item[length - 1] != ')') return false;
  snprintf(inner, sizeof inner, "%.*s", (int)(length - 10), item + 9);
  const char *cursor = inner;
  for (int i = 0; i < 3; i++)
    if (!cursor || nlrmt_list_next(&cursor, part[i], &ignored) != NLRMT_OK) return false;
  bool negative;
  return !cursor && nlrmt_value_real(part[0], a) && nlrmt_value_real(part[1], b) &&
         nlrmt_value_integer(part[2], &negative, n) && !negative;
}

static nlrmt_status append_range(nlrmt_list *list, const char *item, bool decades,
                                 nlrmt_error *err) {
  double a, b;
  uint64_t n;
  if (!take_range(item, &a, &b, &n) || n < 2 || n > NLRMT_LIST_MAX)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "must be %.8s(a, b, n), a and b numbers, n an integer from 2 to %d, "
                      "got \"%s\"",
                      item, NLRMT_LIST_MAX, item);
  for (uint64_t i = 0; i < n; i++) {
    double t = (double)i / (double)(n - 1);
    double x = i == n - 1 ? b : a + t * (b - a);
    if (decades) x = pow(10, x);
    if (!isfinite(x) || (decades && x == 0))
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "out of the range of numbers: \"%s\"", item);
    char text[NLRMT_NUMBER_MAX];
    nlrmt_value_print(x, text);
    nlrmt_status status = append(list, text, err);
    if (status != NLRMT_OK) return status;
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_list_expand(const char *text, nlrmt_list *list, nlrmt_error *err) {
  *list = (nlrmt_list){0};
  nlrmt_status status = NLRMT_OK;
  for (const char *cursor = text; cursor && status == NLRMT_OK;) {
    char item[NLRMT_ITEM_MAX];
    status = nlrmt_list_next(&cursor, item, err);
    if (status != NLRMT_OK) break;
    bool decades = strncmp(item, "logspace(", 9) == 0;
    if (decades || strncmp(item, "linspace(", 9) == 0)
      status = append_range(list, item, decades, err);
    else
      status = append(list, item, err);
  }
  if (status != NLRMT_OK) nlrmt_list_free(list);
  return status;
}

void nlrmt_list_free(nlrmt_list *list) {
  free(list->item);
  *list = (nlrmt_list){0};
}

bool nlrmt_name_valid(const char *name) {
  size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  return length > 0 && length < NLRMT_NAME_MAX && name[length] == '\0';
}

/* Number of bytes of the UTF-8 character at s (at most `left`), 0 if there is none. */
static size_t utf8_length(const unsigned char *s, size_t left) {
  if (s[0] < 0x80) return 1;
  size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
  if (s[0] < 0xC2 || s[0] > 0xF4 || length > left) return 0;
  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  /* overlong forms, surrogates, beyond U+10FFFF */
  if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)) return 0;
  if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) return 0;
  return length;
}

size_t nlrmt_text_fault(const char *text, size_t length) {
  const unsigned char *s = (const unsigned char *)text;
  for (size_t i = 0; i < length;) {
    size_t step = utf8_length(s + i, length - i);
    if (step == 0 || (s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7F) return i + 1;
    i += step;
  }
  return 0;
}

static size_t min3(size_t a, size_t b, size_t c) {
  size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Levenshtein's distance, capitals and small letters taken as equal; both words short. */
static size_t edit_distance(const char *a, size_t m, const char *b, size_t n) {
  size_t row[NLRMT_NAME_MAX + 1];
  for (size_t j = 0; j <= n; j++) row[j] = j;
  for (size_t i = 1; i <= m; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n; j++) {
      bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
      size_t next = min3(diagonal + !same, row[j] + 1, row[j - 1] + 1);
      diagonal = row[j];
      row[j] = next;
    }
  }
  return row[n];
}

const char *nlrmt_nearest(const char *word, const char *const *words, size_t count) {
  size_t m = strlen(word), best = SIZE_MAX;
  const char *nearest = NULL;
  for (size_t k = 0; k < count; k++) {
    size_t n = strlen(words[k]);
    if (m > NLRMT_NAME_MAX || n > NLRMT_NAME_MAX) continue;
    size_t distance = edit_distance(word, m, words[k], n);
    /* a beginning of a word (gauss, leaky) counts as one slip */
    if (m >= 3 && m < n && strncmp(word, words[k], m) == 0) distance = 1;
    if (distance > ((m > n ? m : n) + 1) / 3 || distance >= best) continue;
    best = distance;
    nearest = words[k];
  }
  return nearest;
}
