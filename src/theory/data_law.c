#include "nlrmt/data_law.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/file.h"

static const double ZERO = 1e-13; /* of the largest value: the rounding of an eigensolver */

typedef struct {
  double value, weight;
} point;

static int ascending(const void *a, const void *b) {
  const double x = ((const point *)a)->value, y = ((const point *)b)->value;
  return (x > y) - (x < y);
}

static nlrmt_status fill(size_t count, const double *value, const double *weight, point *points,
                         nlrmt_error *err) {
  double largest = 0, total = 0;
  for (size_t k = 0; k < count; k++)
    if (value[k] > largest) largest = value[k];
  for (size_t k = 0; k < count; k++) {
    const double v = value[k], w = weight ? weight[k] : 1 / (double)count;
    if (!(isfinite(v) && v >= -ZERO * largest))
      return nlrmt_fail(err, NLRMT_ERR_DATA,
                        "data law: value %zu is %g: must be finite and not negative", k + 1, v);
    if (!(isfinite(w) && w >= 0))
      return nlrmt_fail(err, NLRMT_ERR_DATA,
                        "data law: weight %zu is %g: must be finite and not negative", k + 1, w);
    points[k] = (point){v > ZERO * largest ? v : 0, w};
    total += w;
  }
  if (!(fabs(total - 1) < 1e-9))
    return nlrmt_fail(err, NLRMT_ERR_DATA,
                      "data law: %zu weights sum to %.12g, must be 1: normalise them", count,
                      total);
  return NLRMT_OK;
}

/* Sorts, merges, drops weight 0, scales to mean 1 and weight 1. Returns the mean. */
static double reduce(point *points, size_t *count) {
  qsort(points, *count, sizeof *points, ascending);
  size_t kept = 0;
  long double total = 0, mean = 0;
  for (size_t k = 0; k < *count; k++) {
    if (points[k].weight == 0) continue;
    total += points[k].weight;
    mean += (long double)points[k].weight * points[k].value; /* doubles may be subnormal here */
    if (kept > 0 && points[k].value == points[kept - 1].value)
      points[kept - 1].weight += points[k].weight;
    else
      points[kept++] = points[k];
  }
  mean /= total;
  for (size_t k = 0; k < kept; k++) points[k].value = (double)(points[k].value / mean);
  for (size_t k = 0; k < kept; k++) points[k].weight = (double)(points[k].weight / total);
  *count = kept;
  return (double)mean;
}

nlrmt_status nlrmt_data_law_create(nlrmt_data_kind kind, size_t count, const double *value,
                                   const double *weight, nlrmt_data_law *law, double *factor,
                                   nlrmt_error *err) {
  *law = (nlrmt_data_law){.kind = kind};
  if (count == 0) return nlrmt_fail(err, NLRMT_ERR_DATA, "data law: no values: give at least one");
  point *points = malloc(count * sizeof *points);
  law->value = malloc(count * sizeof *law->value);
  law->weight = malloc(count * sizeof *law->weight);
  nlrmt_status status = NLRMT_OK;
  if (!points || !law->value || !law->weight)
    status = nlrmt_fail(err, NLRMT_ERR_RESOURCE, "data law: %zu values: out of memory", count);
  if (status == NLRMT_OK) status = fill(count, value, weight, points, err);
  if (status == NLRMT_OK) {
    const double mean = reduce(points, &count);
    if (!(mean > 0 && isfinite(mean)))
      status = nlrmt_fail(err, NLRMT_ERR_DATA, "data law: mean %g: must be positive", mean);
    else if (!isfinite(points[count - 1].value))
      status = nlrmt_fail(err, NLRMT_ERR_DATA,
                          "data law: the largest value is over 1e308 times the mean: leave it out");
    if (factor) *factor = mean;
  }
  if (status == NLRMT_OK) {
    law->count = count;
    for (size_t k = 0; k < count; k++)
      law->value[k] = points[k].value, law->weight[k] = points[k].weight;
  } else {
    nlrmt_data_law_clear(law);
  }
  free(points);
  return status;
}

/* What one line holds: number of numbers (0 to 2), -1 for anything else. */
static int parse_line(char *line, double number[2]) {
  line[strcspn(line, "#")] = 0;
  int found = 0;
  for (char *at = line;; found++) {
    char *end;
    at += strspn(at, found == 1 ? " \t\r," : " \t\r");
    if (!*at) return found;
    if (found == 2) return -1;
    number[found] = strtod(at, &end);
    if (end == at || !strchr(" \t\r,", *end)) return -1;
    at = end;
  }
}

/* Fills value[] and weight[] from the text, both long enough for its lines. */
static nlrmt_status parse(const char *path, char *text, double *value, double *weight,
                          size_t *count, nlrmt_error *err) {
  int columns = 0;
  size_t number = 0;
  double total = 0;
  *count = 0;
  for (char *line = text, *next; line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    number++;
    double x[2] = {0, 1};
    const int found = parse_line(line, x);
    if (found == 0) continue;
    if (found < 0 || (columns && found != columns) || !isfinite(x[0]) || !isfinite(x[1]))
      return nlrmt_fail(err, NLRMT_ERR_DATA,
                        "%s: line %zu: not one value, or value and weight, like the lines before",
                        path, number);
    columns = found;
    value[*count] = x[0];
    total += weight[(*count)++] = x[1];
  }
  if (*count == 0) return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: holds no values", path);
  if (!(total > 0 && isfinite(total)))
    return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: weights sum to %g: must be positive", path, total);
  for (size_t k = 0; k < *count; k++) weight[k] /= total;
  return NLRMT_OK;
}

nlrmt_status nlrmt_data_law_read(nlrmt_data_kind kind, const char *path, nlrmt_data_law *law,
                                 double *factor, nlrmt_error *err) {
  *law = (nlrmt_data_law){.kind = kind};
  size_t size, count, lines = 1;
  char *text = nlrmt_file_read(path, &size, err);
  if (!text) return err->status = NLRMT_ERR_DATA; /* whatever keeps a data file from being read */
  for (size_t k = 0; k < size; k++) lines += text[k] == '\n';
  double *value = malloc(lines * sizeof *value), *weight = malloc(lines * sizeof *weight);
  nlrmt_status status = NLRMT_OK;
  if (!value || !weight)
    status = nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: %zu lines: out of memory", path, lines);
  if (status == NLRMT_OK) status = parse(path, text, value, weight, &count, err);
  if (status == NLRMT_OK)
    status = nlrmt_data_law_create(kind, count, value, weight, law, factor, err);
  free(text);
  free(value);
  free(weight);
  return status;
}

void nlrmt_data_law_clear(nlrmt_data_law *law) {
  free(law->value);
  free(law->weight);
  *law = (nlrmt_data_law){.kind = law->kind};
}
