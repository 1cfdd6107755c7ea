#include "nlrmt/output_data.h"

#include <math.h>
#include <stdio.h>

#include "nlrmt/output_theory.h"

enum { PATH_SIZE = NLRMT_OUTPUT_PATH };

/* "0, 8", or "all". */
static void classes_text(const nlrmt_data *data, char *text, size_t size) {
  size_t used = (size_t)snprintf(text, size, "%s", data->classes == 0 ? "all" : "");
  for (int k = 0; k < data->classes && used < size; k++)
    used +=
        (size_t)snprintf(text + used, size - used, "%s%d", k ? ", " : "", data->class_number[k]);
}

static void write_source(nlrmt_h5 *h5, const char *group, const nlrmt_data *data) {
  static const char *const source[] = {
      [NLRMT_SOURCE_IDX] = "idx", [NLRMT_SOURCE_CIFAR10] = "cifar10", [NLRMT_SOURCE_HDF5] = "hdf5"};
  char classes[8 * NLRMT_CLASSES_MAX];
  classes_text(data, classes, sizeof classes);
  nlrmt_h5_attr_text(h5, group, "source", source[data->source]);
  nlrmt_h5_attr_text(h5, group, "path", data->path);
  nlrmt_h5_attr_text(h5, group, "label_path", data->label_path);
  nlrmt_h5_attr_text(h5, group, "classes", classes);
  nlrmt_h5_attr_text(h5, group, "mean_subtract", data->mean_subtract ? "yes" : "no");
}

void nlrmt_output_data(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                       const nlrmt_data_report *report) {
  char group[PATH_SIZE], path[PATH_SIZE];
  double n0 = (double)params->n0;
  nlrmt_output_join(group, base, "data");
  nlrmt_h5_group(h5, group);
  write_source(h5, group, &params->data);
  nlrmt_h5_attr_int(h5, group, "images_available", report->available);
  nlrmt_h5_attr_double(h5, group, "mean_square", report->mean_square);
  if (report->failure.status != NLRMT_OK) {
    nlrmt_h5_attr_text(h5, group, "failure", report->failure.text);
    return;
  }
  nlrmt_field f = nlrmt_output_field(path, group, "eigenvalues", 1, report->m, 0,
                                     "eigenvalues of the data, ascending, zeros included", NULL);
  f.normalisation = "X'X/(n0 sigma_x^2), mean 1";
  nlrmt_h5_write(h5, &f, report->eigenvalue);
  nlrmt_h5_attr_double(h5, group, "diagonal_sd", report->diagonal_sd);
  nlrmt_h5_attr_double(h5, group, "diagonal_sd_gaussian", sqrt(2 / n0));
  nlrmt_h5_attr_double(h5, group, "off_diagonal_rms", report->off_diagonal_rms);
  nlrmt_h5_attr_double(h5, group, "off_diagonal_rms_gaussian", 1 / sqrt(n0));
}
