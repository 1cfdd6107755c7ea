#include "nlrmt/output_stieltjes.h"

#include <stdio.h>

#include "nlrmt/output_transforms.h"

enum { PATH_SIZE = NLRMT_OUTPUT_PATH };

static const char MTILDE[] = "stieltjes/empirical_mtilde";

void nlrmt_output_stieltjes_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  nlrmt_transforms_paths paths;
  nlrmt_output_transforms_scales(h5, base, params);
  if (!params->mtilde) return;
  nlrmt_field f = nlrmt_output_of_z(&paths, base, MTILDE, params, 0,
                                    "(1/m) tr(X'X/(n0 sigma_x^2) (K - z)^-1), outliers included: "
                                    "real part, imaginary part");
  nlrmt_h5_growing(h5, &f, false);
}

void nlrmt_output_stieltjes_trial(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample) {
  char path[PATH_SIZE];
  if (!sample->mtilde) return;
  nlrmt_output_join(path, base, MTILDE);
  nlrmt_h5_append(h5, path,
                  (const double *)(sample->mtilde + (int64_t)(sample->done - 1) * sample->zs));
}

bool nlrmt_output_stieltjes_load(nlrmt_h5 *h5, const char *base, int64_t rows,
                                 nlrmt_sample *sample) {
  char path[PATH_SIZE];
  if (!sample->mtilde) return true;
  nlrmt_output_join(path, base, MTILDE);
  return nlrmt_h5_read(h5, path, (size_t)(2 * rows * sample->zs), (double *)sample->mtilde);
}

static void write_score(nlrmt_h5 *h5, const char *base, const nlrmt_params *params, const char *law,
                        const char *what, const double complex *z) {
  nlrmt_transforms_paths paths;
  char name[64], text[160];
  snprintf(name, sizeof name, "stieltjes/z_score_%s_%s", law, what);
  snprintf(text, sizeof text,
           "mean over the trials of empirical_%s minus predicted, in its standard errors: real "
           "part, imaginary part",
           what);
  nlrmt_field f = nlrmt_output_of_z(&paths, base, name, params, -1, text);
  f.unit = "1";
  nlrmt_h5_write(h5, &f, (const double *)z);
}

/* From two trials on: one has no standard error. */
static void write_scores(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                         const nlrmt_stieltjes_verdict *v) {
  if (params->zs > 0) write_score(h5, base, params, v->name, "m", v->m_z);
  if (params->mtilde) write_score(h5, base, params, v->name, "mtilde", v->mtilde_z);
  if (params->moments > 0) {
    nlrmt_transforms_paths paths;
    char name[64];
    snprintf(name, sizeof name, "moments/z_score_%s", v->name);
    nlrmt_field f =
        nlrmt_output_of_order(&paths, base, name, params, -1,
                              "mean over the trials of empirical minus predicted, in its standard "
                              "errors");
    f.unit = "1";
    nlrmt_h5_write(h5, &f, v->moment_z);
  }
}

static void write_measured(nlrmt_h5 *h5, const char *base, const nlrmt_params *params, int trials,
                           const nlrmt_judgement *j) {
  nlrmt_transforms_paths paths;
  char group[PATH_SIZE];
  if (params->zs > 0) {
    nlrmt_field f = nlrmt_output_of_z(&paths, base, "stieltjes/empirical_m", params, trials,
                                      "(1/m) tr (K - z)^-1, predicted outliers left out of the "
                                      "trace and of m: real part, imaginary part");
    nlrmt_h5_write(h5, &f, (const double *)j->empirical_m);
    nlrmt_output_join(group, base, "stieltjes");
    nlrmt_h5_attr_int(h5, group, "outliers_excluded", j->excluded);
  }
  if (params->moments > 0) {
    nlrmt_field f =
        nlrmt_output_of_order(&paths, base, "moments/empirical", params, trials,
                              "(1/m) tr K^j, predicted outliers left out of the trace and of m");
    nlrmt_h5_write(h5, &f, j->moment);
    nlrmt_output_join(group, base, "moments");
    nlrmt_h5_attr_int(h5, group, "outliers_excluded", j->excluded);
  }
}

void nlrmt_output_stieltjes_point(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                  const nlrmt_sample *sample, const nlrmt_judgement *j) {
  if (params->zs == 0 && params->moments == 0) return;
  write_measured(h5, base, params, sample->done, j);
  for (int i = 0; i < j->transforms; i++) {
    const nlrmt_stieltjes_verdict *v = &j->transform[i];
    const nlrmt_transforms_curve curve = {v->name, v->given ? sample->done : 0, v->m, v->mtilde,
                                          v->moment};
    nlrmt_output_transforms(h5, base, params, &curve);
    if (sample->done > 1) write_scores(h5, base, params, v);
  }
}
