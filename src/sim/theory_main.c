/* nlrmt_theory: options, configuration, laws, report. Serial: no MPI, no BLAS. */
#include <stdio.h>

#include "nlrmt/config.h"
#include "nlrmt/h5.h"
#include "nlrmt/theory_options.h"
#include "nlrmt/theory_run.h"

/* Samples in files have a spectrum only once nlrmt_sim has measured it. */
static nlrmt_status check_data(const nlrmt_config *config, nlrmt_error *err) {
  for (int p = 0; p < config->panels; p++)
    for (int q = 0; q < config->panel[p].points; q++)
      if (nlrmt_data_from_files(&config->panel[p].point[q].params.data))
        return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                          "%s/p%04d: data.source: needs the eigenvalues of the samples: nlrmt_sim "
                          "measures them, solves the laws with them and stores both",
                          config->panel[p].name, q);
  return NLRMT_OK;
}

static nlrmt_status work(const nlrmt_theory_options *options, nlrmt_error *err) {
  nlrmt_config *config = NULL;
  if (nlrmt_config_load(options->config, options->sets, options->set, options->panels,
                        options->panel, &config, err) == NLRMT_OK &&
      check_data(config, err) == NLRMT_OK) {
    if (options->check)
      printf("%s: good: %d panel%s\n", options->config, config->panels,
             config->panels == 1 ? "" : "s");
    else
      nlrmt_theory_run(options, config, err);
  }
  nlrmt_config_destroy(&config);
  return err->status;
}

int main(int argc, char **argv) {
  nlrmt_theory_options options;
  nlrmt_error err = {0};
  if (nlrmt_theory_options_parse(argc, argv, &options, &err) == NLRMT_OK) {
    if (options.help)
      nlrmt_theory_options_help(stdout);
    else if (options.version)
      printf("nlrmt_theory %s (%s)\nHDF5         %s\n", NLRMT_VERSION, NLRMT_GIT_COMMIT,
             nlrmt_h5_version());
    else if (options.keys)
      nlrmt_config_list(stdout);
    else
      work(&options, &err);
  }
  if (err.text[0]) fprintf(stderr, "nlrmt_theory: %s\n", err.text);
  return err.status;
}
