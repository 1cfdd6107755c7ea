/* config: the INI file of one figure -> panels -> points, each with every parameter resolved.
 *
 * One table in config.c stands behind parsing, defaults, ranges, --help, --set and the effective
 * configuration that goes into the output. [panel NAME] sections override the shared ones with full
 * keys (bias.law = bernoulli); a list on sweep.SECTION.KEY makes one point per combination (the
 * last sweep key in the file runs fastest). Local: no communication; call it on one rank, or on
 * all.
 */
#ifndef NLRMT_CONFIG_H
#define NLRMT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "nlrmt/activation.h"
#include "nlrmt/bias.h"
#include "nlrmt/rng.h"
#include "nlrmt/status.h"

enum { NLRMT_NAME_MAX = 64, NLRMT_TITLE_MAX = 192, NLRMT_LAWS_MAX = 8, NLRMT_SWEEPS_MAX = 8 };

typedef enum { NLRMT_SPECTRUM_K, NLRMT_SPECTRUM_M } nlrmt_spectrum_matrix;

/* One point: one set of parameters, `trials` independent draws. Symbols as in the papers. */
typedef struct {
  uint64_t seed;
  int trials;
  int64_t m, n0, n1;     /* samples, input dimension, hidden units */
  double phi, psi;       /* n0/m, n0/n1 of the integers above */
  double sigma_w;        /* entries of W have variance sigma_w^2/n0 */
  nlrmt_entries entries; /* law of the entries of W and X */
  nlrmt_activation f;
  nlrmt_bias bias;
  double sigma_x;               /* entries of X have variance sigma_x^2 */
  nlrmt_spectrum_matrix matrix; /* eigenvalues of K = F'F/n1 or of M = FF'/m */
  int bins;
  bool range_auto; /* histogram over [0 or below the support, above the support] */
  double range[2];
  int laws;
  char law[NLRMT_LAWS_MAX][16]; /* alp, alp_b, ps, ps_b */
  int points;                   /* size of the lambda grid of theory/<law>/ */
  int lambdas;                  /* > 0: an explicit list replaces that grid */
  double *lambda;               /* [lambdas], owned by the nlrmt_config */
  char eigensolver[16];         /* auto, lapack, scalapack, elpa2 */
  int block;                    /* block size of the block-cyclic layout; 0 = auto */
} nlrmt_params;

typedef struct {
  nlrmt_params params;
  double swept[NLRMT_SWEEPS_MAX]; /* values of the panel's sweep keys, for the index table */
  char swept_text[NLRMT_SWEEPS_MAX][NLRMT_NAME_MAX]; /* the same as written */
} nlrmt_point;

typedef struct {
  char name[NLRMT_NAME_MAX], title[NLRMT_TITLE_MAX];
  int sweeps;
  char sweep_key[NLRMT_SWEEPS_MAX][NLRMT_NAME_MAX];
  int points;
  nlrmt_point *point; /* [points] */
} nlrmt_panel;

typedef struct {
  char name[NLRMT_NAME_MAX], title[NLRMT_TITLE_MAX];
  uint64_t seed;
  int panels;
  nlrmt_panel *panel; /* [panels] */
  char *effective; /* the complete configuration as INI text; parsing it again gives the same points
                    */
} nlrmt_config;

/* Reads `path`, applies `set` ("SECTION.KEY=VALUE", [sets]; last wins; beats panel overrides and
 * sweeps) and keeps only the panels in `panel` ([panels]; none = all). On success *config is owned
 * by the caller. Errors, NLRMT_ERR_CONFIG: "path:line: section.key: reason, remedy" (or "--set:
 * ..."). */
nlrmt_status nlrmt_config_load(const char *path, int sets, char *const *set, int panels,
                               char *const *panel, nlrmt_config **config, nlrmt_error *err);

/* The same from text already in memory (a copy broadcast by rank 0, or an output's `config`);
 * `path` only names it in messages. */
nlrmt_status nlrmt_config_parse(const char *path, const char *text, int sets, char *const *set,
                                int panels, char *const *panel, nlrmt_config **config,
                                nlrmt_error *err);

/* Frees *config and sets it to NULL; NULL is allowed. */
void nlrmt_config_destroy(nlrmt_config **config);

/* Writes the table of keys (section, key, default, range, meaning) for --help. */
void nlrmt_config_help(FILE *stream);

/* Of the `count` words, the one nearest to `word` in edit distance, or NULL if none is near. */
const char *nlrmt_nearest(const char *word, const char *const *words, size_t count);

#endif
