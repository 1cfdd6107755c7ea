#include "config_set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complex_list.h"
#include "values.h"

static void *field_of(const nlrmt_key *key, nlrmt_settings *settings) {
  return (char *)settings + key->field;
}

/* The allowed numbers in words: "> 0", "from 1 to 100", ">= 0". */
static const char *range_text(const nlrmt_key *key, char *text, size_t size) {
  if (isinf(key->hi))
    snprintf(text, size, "%s %.15g", key->open ? ">" : ">=", key->lo);
  else
    snprintf(text, size, "from %.15g to %.15g", key->lo, key->hi);
  return text;
}

static bool in_range(const nlrmt_key *key, double x) {
  return x <= key->hi && (key->open ? x > key->lo : x >= key->lo);
}

nlrmt_status nlrmt_set_real(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                            nlrmt_error *err) {
  double x;
  char range[64];
  if (!nlrmt_value_real(text, &x))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be a finite decimal number, got \"%.60s\"",
                      text);
  if (!in_range(key, x))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be %s, got %.60s",
                      range_text(key, range, sizeof range), text);
  *(double *)field_of(key, settings) = x;
  return NLRMT_OK;
}

/* An integer in the key's range, which lies well within 2^53. */
static nlrmt_status parse_integer(const nlrmt_key *key, const char *text, int64_t *value,
                                  nlrmt_error *err) {
  bool negative;
  uint64_t magnitude;
  char range[64];
  range_text(key, range, sizeof range);
  if (!nlrmt_value_integer(text, &negative, &magnitude))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be an integer %s, got \"%.60s\"", range, text);
  if (!in_range(key, negative ? -(double)magnitude : (double)magnitude))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be an integer %s, got %.60s", range, text);
  *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_int(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                           nlrmt_error *err) {
  int64_t value = 0;
  nlrmt_status status = parse_integer(key, text, &value, err);
  if (status == NLRMT_OK) *(int *)field_of(key, settings) = (int)value;
  return status;
}

nlrmt_status nlrmt_set_int64(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                             nlrmt_error *err) {
  return parse_integer(key, text, field_of(key, settings), err);
}

nlrmt_status nlrmt_set_uint64(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                              nlrmt_error *err) {
  bool negative;
  uint64_t value;
  if (!nlrmt_value_integer(text, &negative, &value) || negative)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be an integer %s, got \"%.60s\"", key->allowed,
                      text);
  *(uint64_t *)field_of(key, settings) = value;
  return NLRMT_OK;
}

static size_t count_words(const char *const *words) {
  size_t count = 0;
  while (words[count]) count++;
  return count;
}

static void join_words(const char *const *words, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; words[i] && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", words[i]);
}

/* Position of `text` among the words. */
static nlrmt_status parse_choice(const char *const *words, const char *text, int *choice,
                                 nlrmt_error *err) {
  size_t count = count_words(words);
  for (size_t i = 0; i < count; i++)
    if (strcmp(text, words[i]) == 0) {
      *choice = (int)i;
      return NLRMT_OK;
    }
  char all[256];
  join_words(words, all, sizeof all);
  const char *near = nlrmt_nearest(text, words, count);
  return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be %s%s, got \"%.60s\"%s%s",
                    count > 1 ? "one of " : "", all, text, near ? ", nearest is " : "",
                    near ? near : "");
}

nlrmt_status nlrmt_set_choice(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                              nlrmt_error *err) {
  return parse_choice(key->words, text, field_of(key, settings), err);
}

nlrmt_status nlrmt_set_eigensolver(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                                   nlrmt_error *err) {
  int choice;
  nlrmt_status status = parse_choice(key->words, text, &choice, err);
  if (status == NLRMT_OK)
    snprintf(settings->p.eigensolver, sizeof settings->p.eigensolver, "%s", text);
  return status;
}

nlrmt_status nlrmt_set_ranks(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                             nlrmt_error *err) {
  if (strcmp(text, "auto") != 0) return nlrmt_set_int(key, text, settings, err);
  *(int *)field_of(key, settings) = 0;
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_name(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                            nlrmt_error *err) {
  if (!nlrmt_name_valid(text))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be %s, got \"%.60s\"", key->allowed, text);
  snprintf(settings->name, sizeof settings->name, "%s", text);
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_title(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                             nlrmt_error *err) {
  if (strlen(text) > NLRMT_TITLE_BYTES)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must have at most %d bytes, has %zu",
                      NLRMT_TITLE_BYTES, strlen(text));
  snprintf(field_of(key, settings), NLRMT_TITLE_MAX, "%s", text);
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_path(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                            nlrmt_error *err) {
  if (strlen(text) > NLRMT_TITLE_BYTES)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must have at most %d bytes, has %zu",
                      NLRMT_TITLE_BYTES, strlen(text));
  snprintf(field_of(key, settings), NLRMT_DATA_PATH_MAX, "%s", text);
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_activation(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                                  nlrmt_error *err) {
  return nlrmt_activation_init(field_of(key, settings), text, 1, err);
}

/* A list of numbers, each in the key's range, into a new array. */
static nlrmt_status parse_reals(const nlrmt_key *key, const char *text, double **value,
                                size_t *count, nlrmt_error *err) {
  nlrmt_list list;
  nlrmt_status status = nlrmt_list_expand(text, &list, err);
  if (status != NLRMT_OK) return status;
  *count = list.count;
  *value = malloc(list.count * sizeof **value);
  if (!*value) status = nlrmt_fail(err, NLRMT_ERR_RESOURCE, "no memory for the list");
  for (size_t i = 0; i < list.count && status == NLRMT_OK; i++) {
    char range[64];
    if (!nlrmt_value_real(list.item[i], &(*value)[i]))
      status = nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be finite decimal numbers, got \"%s\"",
                          list.item[i]);
    else if (!in_range(key, (*value)[i]))
      status = nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be %s, got %s",
                          range_text(key, range, sizeof range), list.item[i]);
  }
  nlrmt_list_free(&list);
  if (status != NLRMT_OK) free(*value);
  return status;
}

/* At most `max` numbers into out. */
static nlrmt_status set_reals(const nlrmt_key *key, const char *text, double *out, size_t max,
                              size_t *count, nlrmt_error *err) {
  double *value;
  nlrmt_status status = parse_reals(key, text, &value, count, err);
  if (status != NLRMT_OK) return status;
  if (*count > max)
    status =
        nlrmt_fail(err, NLRMT_ERR_CONFIG, "must have at most %zu numbers, has %zu", max, *count);
  else
    memcpy(out, value, *count * sizeof *out);
  free(value);
  return status;
}

nlrmt_status nlrmt_set_values(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                              nlrmt_error *err) {
  return set_reals(key, text, settings->p.bias.values, NLRMT_BIAS_VALUES_MAX, &settings->values,
                   err);
}

nlrmt_status nlrmt_set_weights(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                               nlrmt_error *err) {
  return set_reals(key, text, settings->p.bias.weights, NLRMT_BIAS_VALUES_MAX, &settings->weights,
                   err);
}

nlrmt_status nlrmt_set_data_values(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                                   nlrmt_error *err) {
  nlrmt_data *data = &settings->p.data;
  return set_reals(key, text, data->values, NLRMT_DATA_VALUES_MAX, &data->count, err);
}

nlrmt_status nlrmt_set_data_weights(const nlrmt_key *key, const char *text,
                                    nlrmt_settings *settings, nlrmt_error *err) {
  nlrmt_data *data = &settings->p.data;
  return set_reals(key, text, data->weights, NLRMT_DATA_VALUES_MAX, &data->weighted, err);
}

nlrmt_status nlrmt_set_classes(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                               nlrmt_error *err) {
  nlrmt_data *data = &settings->p.data;
  double number[NLRMT_CLASSES_MAX];
  size_t count;
  if (set_reals(key, text, number, NLRMT_CLASSES_MAX, &count, err) != NLRMT_OK) return err->status;
  data->classes = (int)count;
  for (size_t i = 0; i < count; i++) {
    data->class_number[i] = (int)number[i];
    if (number[i] != data->class_number[i])
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be integers, got %.15g", number[i]);
    for (size_t k = 0; k < i; k++)
      if (data->class_number[k] == data->class_number[i])
        return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%d is listed twice", data->class_number[i]);
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_widths(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                              nlrmt_error *err) {
  double number[NLRMT_LAYERS_MAX];
  if (set_reals(key, text, number, NLRMT_LAYERS_MAX, &settings->widths, err) != NLRMT_OK)
    return err->status;
  for (size_t i = 0; i < settings->widths; i++) {
    settings->p.width[i] = (int64_t)number[i];
    if (number[i] != (double)settings->p.width[i])
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be integers, got %.15g", number[i]);
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_layers(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                              nlrmt_error *err) {
  nlrmt_params *p = &settings->p;
  double number[NLRMT_LAYERS_MAX];
  size_t count;
  if (set_reals(key, text, number, NLRMT_LAYERS_MAX, &count, err) != NLRMT_OK) return err->status;
  for (size_t i = 0; i < count; i++) {
    p->show[i] = (int)number[i];
    if (number[i] != p->show[i])
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be integers, got %.15g", number[i]);
    if (i > 0 && p->show[i] <= p->show[i - 1])
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must ascend, %d comes after %d", p->show[i],
                        p->show[i - 1]);
  }
  p->shown = (int)count;
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_components(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                                  nlrmt_error *err) {
  (void)key;
  settings->components = 0;
  for (const char *cursor = text; cursor;) {
    const char *begin;
    size_t length;
    char name[NLRMT_ACTIVATION_NAME_MAX + 1]; /* one longer, for the activation to refuse */
    nlrmt_status status = nlrmt_list_cut(&cursor, &begin, &length, err);
    if (status == NLRMT_OK && settings->components == NLRMT_COMPONENTS_MAX)
      status = nlrmt_fail(err, NLRMT_ERR_CONFIG, "must have at most %d components",
                          NLRMT_COMPONENTS_MAX);
    if (status != NLRMT_OK) return status;
    snprintf(name, sizeof name, "%.*s", (int)length, begin);
    status = nlrmt_activation_init(&settings->p.mixture.f[settings->components++], name, 1, err);
    if (status != NLRMT_OK) return status;
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_probabilities(const nlrmt_key *key, const char *text,
                                     nlrmt_settings *settings, nlrmt_error *err) {
  return set_reals(key, text, settings->probability, NLRMT_COMPONENTS_MAX, &settings->probabilities,
                   err);
}

nlrmt_status nlrmt_set_range(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                             nlrmt_error *err) {
  settings->p.range_auto = strcmp(text, "auto") == 0;
  if (settings->p.range_auto) return NLRMT_OK;
  size_t count;
  double *range = settings->p.range;
  nlrmt_error reason = {0};
  nlrmt_status status = set_reals(key, text, range, 2, &count, &reason);
  if (status == NLRMT_ERR_RESOURCE) return nlrmt_fail(err, status, "%s", reason.text);
  if (status == NLRMT_OK && count == 2 && range[0] < range[1]) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be auto or two ascending numbers, got \"%.60s\"",
                    text);
}

/* Takes the next of a list of words, each allowed once; seen: one for each word. */
static nlrmt_status next_choice(const nlrmt_key *key, const char **cursor, bool *seen, int *choice,
                                nlrmt_error *err) {
  char item[NLRMT_ITEM_MAX];
  nlrmt_status status = nlrmt_list_next(cursor, item, err);
  if (status == NLRMT_OK) status = parse_choice(key->words, item, choice, err);
  if (status != NLRMT_OK) return status;
  if (seen[*choice]) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s is listed twice", item);
  seen[*choice] = true;
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_laws(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                            nlrmt_error *err) {
  nlrmt_params *p = &settings->p;
  bool seen[NLRMT_LAWS_MAX] = {false};
  p->laws = 0;
  for (const char *cursor = text; cursor;) {
    int choice;
    nlrmt_status status = next_choice(key, &cursor, seen, &choice, err);
    if (status != NLRMT_OK) return status;
    snprintf(p->law[p->laws++], sizeof p->law[0], "%s", key->words[choice]);
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_optimum(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                               nlrmt_error *err) {
  bool *seen = settings->p.optimum;
  int choice;
  memset(seen, 0, sizeof settings->p.optimum);
  for (const char *cursor = text; cursor;)
    if (next_choice(key, &cursor, seen, &choice, err) != NLRMT_OK) return err->status;
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_lambda(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                              nlrmt_error *err) {
  double *value;
  size_t count;
  nlrmt_status status = parse_reals(key, text, &value, &count, err);
  if (status != NLRMT_OK) return status;
  for (size_t i = 1; i < count && status == NLRMT_OK; i++)
    if (!(value[i - 1] < value[i]))
      status = nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be ascending, got %.15g after %.15g",
                          value[i], value[i - 1]);
  if (status != NLRMT_OK) {
    free(value);
    return status;
  }
  free(settings->p.lambda);
  settings->p.lambda = value;
  settings->p.lambdas = (int)count;
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_gamma(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                             nlrmt_error *err) {
  double *value;
  size_t count;
  nlrmt_status status = parse_reals(key, text, &value, &count, err);
  if (status != NLRMT_OK) return status;
  free(settings->p.gamma);
  settings->p.gamma = value;
  settings->p.gammas = (int)count;
  return NLRMT_OK;
}

nlrmt_status nlrmt_set_stieltjes(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                                 nlrmt_error *err) {
  double complex *value;
  size_t count;
  (void)key;
  if (nlrmt_complex_list(text, &value, &count, err) != NLRMT_OK) return err->status;
  free(settings->p.z);
  settings->p.z = value;
  settings->p.zs = (int)count;
  return NLRMT_OK;
}

void nlrmt_key_allowed(const nlrmt_key *key, char *text, size_t size) {
  char range[64];
  bool integer = key->set == nlrmt_set_int || key->set == nlrmt_set_int64;
  if (key->allowed)
    snprintf(text, size, "%s", key->allowed);
  else if (key->set == nlrmt_set_activation)
    snprintf(text, size, "%s", nlrmt_activation_names());
  else if (key->words)
    join_words(key->words, text, size);
  else
    snprintf(text, size, "%s%s", integer ? "integer " : "", range_text(key, range, sizeof range));
}
