#include "nlrmt/output_ridge.h"

#include <stdio.h>

#include "nlrmt/output_theory.h"

enum { PATH_SIZE = NLRMT_OUTPUT_PATH };

static const char PER_ENTRY[] = "per entry of the targets, n2 m of them";
static const char DRAWN[] = "ridge/train_error", SIGNAL[] = "ridge/expected_signal";

/* A [trials, gammas] field. */
static nlrmt_field field(char *path, char *trial, char *gamma, const char *base, const char *name,
                         int64_t trials, int64_t gammas, const char *description) {
  nlrmt_output_join(trial, base, "trial");
  nlrmt_output_join(gamma, base, "ridge/gamma");
  nlrmt_field f = nlrmt_output_field(path, base, name, 2, trials, gammas, description, NULL);
  f.normalisation = PER_ENTRY;
  f.scale[0] = trial;
  f.scale[1] = gamma;
  return f;
}

void nlrmt_output_ridge_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  char path[PATH_SIZE], trial[PATH_SIZE], gamma[PATH_SIZE], ridge[PATH_SIZE];
  nlrmt_output_gamma(h5, base, params, gamma);
  nlrmt_field f = field(path, trial, gamma, base, DRAWN, 0, params->gammas,
                        "training error for the targets that were drawn");
  nlrmt_h5_growing(h5, &f, false);
  f = field(path, trial, gamma, base, SIGNAL, 0, params->gammas,
            "part of `expected` that comes from A X: 0 for sigma_a = 0");
  nlrmt_h5_growing(h5, &f, false);
  nlrmt_output_join(ridge, base, "ridge");
  nlrmt_h5_attr_int(h5, ridge, "n2", params->n2);
}

void nlrmt_output_ridge_trial(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample) {
  char path[PATH_SIZE];
  int64_t last = (int64_t)(sample->done - 1) * sample->gammas;
  nlrmt_output_join(path, base, DRAWN);
  nlrmt_h5_append(h5, path, sample->drawn + last);
  nlrmt_output_join(path, base, SIGNAL);
  nlrmt_h5_append(h5, path, sample->signal + last);
}

bool nlrmt_output_ridge_load(nlrmt_h5 *h5, const char *base, int64_t rows, nlrmt_sample *sample) {
  char path[PATH_SIZE];
  size_t count = (size_t)(rows * sample->gammas);
  if (sample->gammas == 0) return true;
  nlrmt_output_join(path, base, DRAWN);
  if (!nlrmt_h5_read(h5, path, count, sample->drawn)) return false;
  nlrmt_output_join(path, base, SIGNAL);
  return nlrmt_h5_read(h5, path, count, sample->signal);
}

static void write_score(nlrmt_h5 *h5, const char *base, const char *name, const char *law,
                        int64_t gammas, const double *z, const char *of) {
  char path[PATH_SIZE], gamma[PATH_SIZE], full[64], text[160];
  snprintf(full, sizeof full, "ridge/%s%s%s", name, *law ? "_" : "", law);
  snprintf(text, sizeof text, "mean over the trials of %s minus predicted, in its standard errors",
           of);
  nlrmt_output_join(gamma, base, "ridge/gamma");
  nlrmt_field f = nlrmt_output_field(path, base, full, 1, gammas, 0, text, "1");
  f.scale[0] = gamma;
  nlrmt_h5_write(h5, &f, z);
}

/* From two trials on: one has no standard error. */
static void write_scores(nlrmt_h5 *h5, const char *base, const char *law,
                         const nlrmt_sample *sample, const nlrmt_ridge_verdict *v) {
  int64_t gammas = sample->gammas;
  if (sample->done < 2) return;
  write_score(h5, base, "z_score", law, gammas, v->z, "train_error");
  write_score(h5, base, "z_expected", law, gammas, v->expected, "expected");
}

nlrmt_status nlrmt_output_ridge_point(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                      const nlrmt_sample *sample, const nlrmt_judgement *judgement,
                                      nlrmt_error *err) {
  char path[PATH_SIZE], trial[PATH_SIZE], gamma[PATH_SIZE];
  nlrmt_ridge_curve curve[NLRMT_LAWS_MAX];
  nlrmt_field f = field(path, trial, gamma, base, "ridge/expected", sample->done, sample->gammas,
                        "conditional expectation of train_error over A and eps given X and F");
  nlrmt_h5_write(h5, &f, judgement->expected);
  for (int i = 0; i < judgement->ridges; i++) {
    const nlrmt_ridge_verdict *v = &judgement->ridge[i];
    curve[i] = (nlrmt_ridge_curve){v->name, v->predicted, v->given ? sample->done : 0};
    write_scores(h5, base, v->name, sample, v);
  }
  if (judgement->ridges > 0) {
    nlrmt_output_ridge(h5, base, params, judgement->ridges, curve);
    write_scores(h5, base, "", sample, &judgement->ridge[0]);
  }
  return nlrmt_output_optimum(h5, base, params, err);
}
