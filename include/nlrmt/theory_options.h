/* theory_options: the command line of nlrmt_theory. Local. */
#ifndef NLRMT_THEORY_OPTIONS_H
#define NLRMT_THEORY_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "nlrmt/status.h"

enum { NLRMT_THEORY_OPTIONS_MAX = 64 };

typedef struct {
  const char *config, *output; /* output NULL: results/<experiment.name>-theory.h5 */
  int sets, panels;
  char *set[NLRMT_THEORY_OPTIONS_MAX + 2]; /* --law and --lambda stand behind, as settings */
  char *panel[NLRMT_THEORY_OPTIONS_MAX];
  char laws[256], lambda[256]; /* the texts of those two settings, "" if not given */
  const char *method;          /* a name of methods.h that checks the solver; NULL: none */
  double epsilon;              /* Im z of that check */
  bool csv, check, fresh, quiet, help, version, keys;
} nlrmt_theory_options;

/* Pointers into argv and into *options itself: do not copy it. NLRMT_ERR_CONFIG with the option and
 * the remedy. */
nlrmt_status nlrmt_theory_options_parse(int argc, char **argv, nlrmt_theory_options *options,
                                        nlrmt_error *err);

/* The text of --help. */
void nlrmt_theory_options_help(FILE *stream);

#endif
