/* options: the command line of nlrmt_sim. Local; the same on every rank. */
#ifndef NLRMT_OPTIONS_H
#define NLRMT_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "nlrmt/output.h"
#include "nlrmt/status.h"

enum { NLRMT_OPTIONS_MAX = 64 };

typedef struct {
  const char *config, *output; /* output NULL: results/<experiment.name>.h5 */
  int sets, panels;
  char *set[NLRMT_OPTIONS_MAX], *panel[NLRMT_OPTIONS_MAX];
  bool plan, check, quiet, verbose, help, version, keys;
  nlrmt_output_mode mode;
  double time_limit; /* minutes; 0: what Slurm leaves, if anything */
  double save_every; /* seconds; < 0: not given */
} nlrmt_options;

/* Local. Pointers into argv. NLRMT_ERR_CONFIG with the option and the remedy. */
nlrmt_status nlrmt_options_parse(int argc, char **argv, nlrmt_options *options, nlrmt_error *err);

/* Local. The text of --help. */
void nlrmt_options_help(FILE *stream);

#endif
