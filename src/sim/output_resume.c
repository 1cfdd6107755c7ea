#include "nlrmt/output_resume.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/output_theory.h"

/* ---- the configuration ---- */

/* One setting of an effective configuration; all three point into it. */
typedef struct {
  const char *section, *key, *value;
  int section_length, key_length, value_length;
} setting;

/* The end of a line and of those that go on with it. */
static const char *logical_end(const char *line) {
  const char *end = strchr(line, '\n');
  while (end && end[1] == ' ') end = strchr(end + 1, '\n');
  return end ? end : line + strlen(line);
}

/* The next setting behind *cursor; s->section goes on from the last call. False at the end. */
static bool next_setting(const char **cursor, setting *s) {
  while (**cursor) {
    const char *line = *cursor, *end = logical_end(line);
    *cursor = *end ? end + 1 : end;
    if (*line == '[') {
      s->section = line;
      s->section_length = (int)(strcspn(line, "]") + 1);
      continue;
    }
    int key = (int)strcspn(line, "=");
    if (line + key >= end) continue;
    s->key = line;
    s->key_length = key > 0 && line[key - 1] == ' ' ? key - 1 : key;
    s->value = line + key + 1;
    while (*s->value == ' ') s->value++;
    s->value_length = (int)(end - s->value);
    return true;
  }
  return false;
}

static bool equal(const char *a, int a_length, const char *b, int b_length) {
  return a_length == b_length && memcmp(a, b, (size_t)a_length) == 0;
}

static bool find_setting(const char *text, const setting *like, setting *found) {
  *found = (setting){"", "", "not set", 0, 0, 7};
  setting s = *found;
  while (next_setting(&text, &s))
    if (equal(s.section, s.section_length, like->section, like->section_length) &&
        equal(s.key, s.key_length, like->key, like->key_length)) {
      *found = s;
      return true;
    }
  return false;
}

/* "model.m", or "[panel wide] bias.law". */
static void name_setting(const setting *s, char *text, size_t size) {
  bool panel = strncmp(s->section, "[panel", 6) == 0;
  snprintf(text, size, panel ? "%.*s %.*s" : "%.*s.%.*s",
           panel || s->section_length < 2 ? s->section_length : s->section_length - 2,
           panel || s->section_length < 2 ? s->section : s->section + 1, s->key_length, s->key);
}

/* How the ranks share the work may change (nlrmt_config_same). */
static bool may_differ(const setting *s) {
  static const char key[] = "ranks_per_trial";
  int length = (int)strlen(key), from = s->key_length - length;
  return from >= 0 && memcmp(s->key + from, key, (size_t)length) == 0;
}

/* The first setting of `text` that `other` has not, or has otherwise. */
static bool find_difference(const char *text, const char *other, setting *mine, setting *theirs) {
  *mine = (setting){"", "", "", 0, 0, 0};
  while (next_setting(&text, mine))
    if (!may_differ(mine) &&
        (!find_setting(other, mine, theirs) ||
         !equal(mine->value, mine->value_length, theirs->value, theirs->value_length)))
      return true;
  return false;
}

static int shown(const setting *s) {
  enum { MOST = 80 };
  return s->value_length < MOST ? s->value_length : MOST;
}

static nlrmt_status refuse_config(const char *path, const char *there, const char *here,
                                  nlrmt_error *err) {
  setting old, new;
  char name[128] = "";
  if (find_difference(there, here, &old, &new))
    name_setting(&old, name, sizeof name);
  else if (find_difference(here, there, &new, &old))
    name_setting(&new, name, sizeof name);
  else /* panels in another order, or one without settings of its own more or less */
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "%s: was made with another configuration, its panels are not these: use the "
                      "same, or --fresh",
                      path);
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "%s: was made with another configuration, cannot resume it: %s: %.*s there, "
                    "%.*s here: use the same, or --fresh",
                    path, name, shown(&old), old.value, shown(&new), new.value);
}

static nlrmt_status same_config(nlrmt_h5 *h5, const char *path, const nlrmt_config *config,
                                nlrmt_error *err) {
  char *there = nlrmt_h5_read_text(h5, "/", "config");
  char *schema = nlrmt_h5_read_text(h5, "/", "schema");
  char *program = nlrmt_h5_read_text(h5, "/", "program");
  if (!schema || strcmp(schema, "nlrmt/1") != 0)
    nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: not an nlrmt/1 output, cannot resume it", path);
  else if (!program || strcmp(program, "nlrmt_sim") != 0)
    nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: was made by %.40s, which leaves nothing to resume", path,
               program ? program : "another program");
  else if (!nlrmt_config_same(there ? there : "", config->effective))
    refuse_config(path, there ? there : "", config->effective, err);
  free(there);
  free(schema);
  free(program);
  return err->status;
}

/* ---- the data ---- */

enum { DIGITS = 16 };

/* One number a point, hexadecimal, with a blank between two; malloc'd. NULL if no point has one. */
static char *checksum_text(const nlrmt_panel *panel) {
  bool any = false;
  char *text = calloc((size_t)panel->points + 1, DIGITS + 1), *end = text;
  for (int q = 0; text && q < panel->points; q++) {
    uint64_t sum = panel->point[q].params.data_checksum;
    any = any || sum != 0;
    end += sprintf(end, "%s%016" PRIx64, q > 0 ? " " : "", sum);
  }
  if (any) return text;
  free(text);
  return NULL;
}

void nlrmt_output_checksums(nlrmt_h5 *h5, const nlrmt_config *config) {
  for (int p = 0; p < config->panels; p++) {
    char group[NLRMT_OUTPUT_PATH], *text = checksum_text(&config->panel[p]);
    snprintf(group, sizeof group, "/%s", config->panel[p].name);
    if (text) nlrmt_h5_attr_text(h5, group, "data_checksums", text);
    free(text);
  }
}

/* Texts as above, both of all points. */
static nlrmt_status compare_points(const char *path, const nlrmt_panel *panel, const char *there,
                                   const char *here, nlrmt_error *err) {
  for (int q = 0; q < panel->points; q++)
    if (strncmp(there + q * (DIGITS + 1), here + q * (DIGITS + 1), DIGITS) != 0)
      return nlrmt_fail(err, NLRMT_ERR_DATA,
                        "%s/p%04d: data.path: %s: does not hold the samples that %s was begun "
                        "with: put the old file back, or use --fresh",
                        panel->name, q, panel->point[q].params.data.path, path);
  return NLRMT_OK;
}

static nlrmt_status same_data(nlrmt_h5 *h5, const char *path, const nlrmt_panel *panel,
                              nlrmt_error *err) {
  char group[NLRMT_OUTPUT_PATH];
  snprintf(group, sizeof group, "/%s", panel->name);
  char *there = nlrmt_h5_read_text(h5, group, "data_checksums");
  char *skipped = nlrmt_h5_read_text(h5, group, "skipped"), *here = checksum_text(panel);
  if (here && skipped)
    nlrmt_fail(err, NLRMT_ERR_DATA,
               "%s: panel %s was skipped there, its files are here now: use --fresh, or another "
               "--output",
               path, panel->name);
  else if (there && *panel->skipped)
    nlrmt_fail(err, NLRMT_ERR_DATA, "%s: panel %s was begun there, but now %s", path, panel->name,
               panel->skipped);
  else if (here && there && strlen(here) == strlen(there))
    compare_points(path, panel, there, here, err);
  free(there);
  free(skipped);
  free(here);
  return err->status;
}

nlrmt_status nlrmt_output_same(nlrmt_h5 *h5, const char *path, const nlrmt_config *config,
                               nlrmt_error *err) {
  same_config(h5, path, config, err);
  for (int p = 0; p < config->panels && err->status == NLRMT_OK; p++)
    same_data(h5, path, &config->panel[p], err);
  return err->status;
}
