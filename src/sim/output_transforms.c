#include "nlrmt/output_transforms.h"

#include <stdio.h>
#include <stdlib.h>

static const char UNIT[] = "1/eigenvalue", POWER[] = "eigenvalue^order";

/* [rows, count] without its last dimension; rows < 0: [count]. */
static nlrmt_field field(nlrmt_transforms_paths *paths, const char *base, const char *name,
                         const char *over, int64_t rows, int64_t count, const char *description) {
  int first = rows >= 0;
  nlrmt_output_join(paths->trial, base, "trial");
  nlrmt_output_join(paths->over, base, over);
  nlrmt_field f = nlrmt_output_field(paths->path, base, name, 1 + first, first ? rows : count,
                                     count, description, NULL);
  if (first) f.scale[0] = paths->trial;
  f.scale[first] = paths->over;
  return f;
}

nlrmt_field nlrmt_output_of_z(nlrmt_transforms_paths *paths, const char *base, const char *name,
                              const nlrmt_params *params, int64_t rows, const char *description) {
  nlrmt_field f = field(paths, base, name, "stieltjes/index", rows, params->zs, description);
  f.dims[f.rank++] = 2;
  f.unit = UNIT;
  return f;
}

nlrmt_field nlrmt_output_of_order(nlrmt_transforms_paths *paths, const char *base, const char *name,
                                  const nlrmt_params *params, int64_t rows,
                                  const char *description) {
  nlrmt_field f = field(paths, base, name, "moments/order", rows, params->moments, description);
  f.unit = POWER;
  return f;
}

/* 0, 1, … (or 1, 2, …) as a dimension scale. */
static void write_count(nlrmt_h5 *h5, const char *base, const char *name, int count, int from,
                        const char *description) {
  char path[NLRMT_OUTPUT_PATH];
  nlrmt_field f = nlrmt_output_field(path, base, name, 1, count, 0, description, "1");
  int64_t *number = malloc((size_t)count * sizeof *number);
  for (int i = 0; number && i < count; i++) number[i] = from + i;
  if (number) nlrmt_h5_write_int(h5, &f, number);
  free(number);
}

void nlrmt_output_transforms_scales(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  char path[NLRMT_OUTPUT_PATH];
  nlrmt_output_join(path, base, "stieltjes/z");
  if (params->zs > 0 && !nlrmt_h5_exists(h5, path)) {
    write_count(h5, base, "stieltjes/index", params->zs, 0, "number of z, 0 the first");
    nlrmt_transforms_paths paths;
    nlrmt_field f = nlrmt_output_of_z(
        &paths, base, "stieltjes/z", params, -1,
        "where the Stieltjes transforms of K are taken: real part, imaginary part");
    f.unit = "eigenvalue";
    nlrmt_h5_write(h5, &f, (const double *)params->z);
  }
  nlrmt_output_join(path, base, "moments/order");
  if (params->moments > 0 && !nlrmt_h5_exists(h5, path))
    write_count(h5, base, "moments/order", params->moments, 1, "order j of the moment");
}

static void write_law(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                      const nlrmt_transforms_curve *curve, const char *what,
                      const double complex *values) {
  nlrmt_transforms_paths paths;
  char name[64], text[160];
  snprintf(name, sizeof name, "stieltjes/predicted_%s_%s", curve->name, what);
  snprintf(text, sizeof text, "limit of %s(z), law %s%s: real part, imaginary part", what,
           curve->name, curve->trials > 0 ? ", given each trial's biases and components" : "");
  nlrmt_field f =
      nlrmt_output_of_z(&paths, base, name, params, curve->trials > 0 ? curve->trials : -1, text);
  nlrmt_h5_write(h5, &f, (const double *)values);
}

void nlrmt_output_transforms(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                             const nlrmt_transforms_curve *curve) {
  nlrmt_output_transforms_scales(h5, base, params);
  if (params->zs > 0) {
    write_law(h5, base, params, curve, "m", curve->m);
    write_law(h5, base, params, curve, "mtilde", curve->mtilde);
  }
  if (params->moments > 0) {
    nlrmt_transforms_paths paths;
    char name[64], text[160];
    snprintf(name, sizeof name, "moments/predicted_%s", curve->name);
    snprintf(text, sizeof text, "limit of (1/m) tr K^j, law %s%s", curve->name,
             curve->trials > 0 ? ", given each trial's biases and components" : "");
    nlrmt_field f = nlrmt_output_of_order(&paths, base, name, params,
                                          curve->trials > 0 ? curve->trials : -1, text);
    nlrmt_h5_write(h5, &f, curve->moment);
  }
}
