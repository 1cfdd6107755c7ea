#include "nlrmt/output_vectors.h"

#include <stdio.h>

#include "nlrmt/output_theory.h"

enum { PATH_SIZE = NLRMT_OUTPUT_PATH };

static const char OVERLAP[] = "vectors/overlap";
static const char MEAN_ONE[] =
    "m times the mean of (v_i'u_j)^2 over a block: 1 for unrelated bases";

void nlrmt_output_vectors_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  char path[PATH_SIZE], trial[PATH_SIZE], group[PATH_SIZE];
  nlrmt_output_join(trial, base, "trial");
  nlrmt_field f = nlrmt_output_field(path, base, OVERLAP, 3, 0, params->vector_blocks,
                                     "overlaps of right singular vectors of X (rows, s ascending) "
                                     "and F (columns, lambda ascending)",
                                     NULL);
  f.dims[2] = params->vector_blocks;
  f.normalisation = MEAN_ONE;
  f.scale[0] = trial;
  nlrmt_h5_growing(h5, &f, false);
  nlrmt_output_join(group, base, "vectors");
  nlrmt_h5_attr_int(h5, group, "blocks", params->vector_blocks);
}

void nlrmt_output_vectors_trial(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample) {
  char path[PATH_SIZE];
  nlrmt_output_join(path, base, OVERLAP);
  nlrmt_h5_append(h5, path, sample->overlap + (int64_t)(sample->done - 1) * sample->cells);
  if (!sample->full || sample->trial[sample->done - 1] != 0) return;
  nlrmt_field f = nlrmt_output_field(path, base, "vectors/full", 2, sample->n, sample->n,
                                     "v_i'u_j of the first trial, components of each vector "
                                     "summing to something >= 0",
                                     "1");
  nlrmt_h5_write(h5, &f, sample->full);
}

bool nlrmt_output_vectors_load(nlrmt_h5 *h5, const char *base, int64_t rows, nlrmt_sample *sample) {
  char path[PATH_SIZE];
  if (sample->cells == 0) return true;
  nlrmt_output_join(path, base, OVERLAP);
  return nlrmt_h5_read(h5, path, (size_t)(rows * sample->cells), sample->overlap);
}

static void write_map(nlrmt_h5 *h5, const char *base, const char *what, const char *law, int blocks,
                      const double *values, const char *description, const char *normalisation) {
  char path[PATH_SIZE], name[64];
  snprintf(name, sizeof name, "vectors/%s_%s", what, law);
  nlrmt_field f = nlrmt_output_field(path, base, name, 2, blocks, blocks, description,
                                     normalisation ? NULL : "1");
  f.normalisation = normalisation;
  nlrmt_h5_write(h5, &f, values);
}

void nlrmt_output_vectors_point(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                const nlrmt_judgement *judgement, int trials) {
  for (int i = 0; i < judgement->maps; i++) {
    const nlrmt_vectors_verdict *v = &judgement->map[i];
    char path[PATH_SIZE], name[64];
    write_map(h5, base, "predicted", v->name, params->vector_blocks, v->predicted,
              "predicted overlaps", MEAN_ONE);
    if (trials > 1)
      write_map(h5, base, "z_score", v->name, params->vector_blocks, v->z,
                "mean over the trials of overlap minus predicted, in its standard errors", NULL);
    snprintf(name, sizeof name, "vectors/predicted_%s", v->name);
    nlrmt_output_join(path, base, name);
    nlrmt_h5_attr_double(h5, path, "balance", v->balance);
  }
}
