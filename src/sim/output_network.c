#include "nlrmt/output_network.h"

#include <stdlib.h>

#include "nlrmt/output_theory.h"

enum { PATH_SIZE = NLRMT_OUTPUT_PATH };

static const char MEAN[] = "network/mean_preactivation", VARIANCE[] = "network/input_variance";
static const char ROW[] = "network/unit", LAYER[] = "network/layer";

/* 1, 2, ... of every layer, or the layers' numbers: the names of the columns. */
static void write_scale(nlrmt_h5 *h5, const char *base, const char *name, int64_t count,
                        const int64_t *number, const char *description, char *path) {
  nlrmt_field f = nlrmt_output_field(path, base, name, 1, count, 0, description, "1");
  nlrmt_h5_write_int(h5, &f, number);
}

void nlrmt_output_network_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                const nlrmt_sample *sample) {
  char path[PATH_SIZE], trial[PATH_SIZE], unit[PATH_SIZE], layer[PATH_SIZE];
  int64_t *number = malloc((size_t)sample->units * sizeof *number), at = 0;
  nlrmt_output_join(trial, base, "trial");
  for (int l = 0; l < params->layers && number; l++)
    for (int64_t a = 0; a < params->width[l]; a++) number[at++] = l + 1;
  if (number)
    write_scale(h5, base, ROW, sample->units, number, "layer that a column's unit belongs to",
                unit);
  for (int l = 0; l < params->layers && number; l++) number[l] = l + 1;
  if (number) write_scale(h5, base, LAYER, params->layers, number, "layer", layer);
  nlrmt_field f = nlrmt_output_field(
      path, base, MEAN, 2, 0, sample->units,
      "mean over the samples of each unit's preactivation W Y + b, layer after layer",
      "preactivation");
  f.scale[0] = trial;
  f.scale[1] = number ? unit : NULL;
  nlrmt_h5_growing(h5, &f, false);
  f = nlrmt_output_field(path, base, VARIANCE, 2, 0, params->layers,
                         "variance of each layer's input about its row means",
                         "square of an entry");
  f.scale[0] = trial;
  f.scale[1] = number ? layer : NULL;
  nlrmt_h5_growing(h5, &f, false);
  free(number);
}

void nlrmt_output_network_trial(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                const nlrmt_sample *sample) {
  char path[PATH_SIZE];
  int64_t last = sample->done - 1;
  nlrmt_output_join(path, base, MEAN);
  nlrmt_h5_append(h5, path, sample->mean + last * sample->units);
  nlrmt_output_join(path, base, VARIANCE);
  nlrmt_h5_append(h5, path, sample->variance + last * params->layers);
}

bool nlrmt_output_network_load(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                               int64_t rows, nlrmt_sample *sample) {
  char path[PATH_SIZE];
  if (sample->units == 0) return true;
  nlrmt_output_join(path, base, MEAN);
  if (!nlrmt_h5_read(h5, path, (size_t)(rows * sample->units), sample->mean)) return false;
  nlrmt_output_join(path, base, VARIANCE);
  return nlrmt_h5_read(h5, path, (size_t)(rows * params->layers), sample->variance);
}
