/* config_table: the one table of keys. Each row stands behind parsing, default, range, --help,
 * --set and the effective configuration of its key; a new key is one row here and one field in
 * nlrmt_settings. Private to the configuration. Local: no communication.
 */
#ifndef NLRMT_CONFIG_TABLE_H
#define NLRMT_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/config.h"
#include "nlrmt/status.h"

/* A title must stay on one line of the effective configuration, "title = ..." included. */
enum { NLRMT_KEYS_MAX = 128, NLRMT_TITLE_BYTES = 180 };

/* What the keys set: one point, and what belongs to the whole figure. Zeroed before the first
 * key. p.lambda, p.gamma and p.z are allocated by their keys and freed by whoever owns the
 * settings. */
typedef struct {
  nlrmt_params p; /* before nlrmt_settings_derive: n0, n1, phi, psi as given, 0 if not */
  char name[NLRMT_NAME_MAX], title[NLRMT_TITLE_MAX];
  int precision;          /* parallel.precision: nlrmt_precision */
  int of;                 /* data.of: 0 sample, 1 population */
  int entries_x;          /* data.entries: 0 model, else the law + 1 */
  int mean_subtract;      /* data.mean_subtract: 0 no, 1 yes */
  int cumulants;          /* spectrum.cumulants: 0 no, 1 yes */
  int normalize;          /* activation.normalize: 0 no, 1 yes */
  int complex_field;      /* model.field: 0 real, 1 complex */
  int batch_norm;         /* model.batch_norm: 0 no, 1 yes */
  size_t widths;          /* how many model.widths */
  int mtilde;             /* spectrum.stieltjes_mtilde: 0 no, 1 yes */
  size_t values, weights; /* how many bias.values, bias.weights */
  nlrmt_activation f;     /* activation.f */
  int components;         /* how many mixture.components; they stand in p.mixture.f */
  size_t probabilities;   /* how many mixture.probabilities */
  double probability[NLRMT_COMPONENTS_MAX];
} nlrmt_settings;

typedef struct nlrmt_key nlrmt_key;
struct nlrmt_key {
  const char *name;     /* SECTION.KEY */
  const char *fallback; /* the default, as one would write it; NULL: none */
  /* Parses `text` into its field. Errors, NLRMT_ERR_CONFIG: the reason alone, without place or
   * key; NLRMT_ERR_RESOURCE. */
  nlrmt_status (*set)(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                      nlrmt_error *err);
  size_t field;             /* offset in nlrmt_settings */
  double lo, hi;            /* numbers: the allowed range, ends included */
  bool open;                /* ... but lo itself is not allowed */
  const char *const *words; /* choices, NULL at the end */
  const char *allowed;      /* in words, where neither range nor choices say it */
  const char *rival;        /* the key that says the same thing otherwise: never both */
  const char *of;           /* the key without which it means nothing: gone when its rival wins */
  bool required;
  bool list;      /* the value is a list: cannot be swept */
  bool sweepable; /* ... but this one can: each item of the sweep is then a list of one */
  bool global;    /* of the whole figure: neither in a panel nor swept */
  const char *meaning;
};

extern const char *const nlrmt_source_words[]; /* by nlrmt_data_source; NULL at the end */

extern const nlrmt_key nlrmt_keys[]; /* ends with name == NULL; < NLRMT_KEYS_MAX rows */

/* Row of SECTION.KEY, or -1. */
int nlrmt_key_find(const char *name);

/* The key, or for a section the section, that was probably meant, or NULL. */
const char *nlrmt_key_nearest(const char *name);
const char *nlrmt_section_nearest(const char *section);
bool nlrmt_section_known(const char *section);

/* What the key accepts, in words, for --help. */
void nlrmt_key_allowed(const nlrmt_key *key, char *text, size_t size);

/* In config_derive.c. Completes settings->p once all keys are set: n0, n1 and the ratios phi, psi
 * of the integers, the bias law, the activations with their standard deviation of z + b. Errors,
 * NLRMT_ERR_CONFIG: the reason alone; *blame is then the key at fault. */
nlrmt_status nlrmt_settings_derive(nlrmt_settings *settings, const char **blame, nlrmt_error *err);

#endif
