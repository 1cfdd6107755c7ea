#include "nlrmt/config.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config_read.h"
#include "config_table.h"
#include "values.h"

enum { POINTS_MAX = 100000, FILE_BYTES_MAX = 1 << 20, LINE_COLUMNS = 96 };

/* What holds in one panel: for each key the entry that wins, and the sweeps that are left. A key in
 * `slot` is in no sweep and its rival is in neither. */
typedef struct {
  const nlrmt_entry *slot[NLRMT_KEYS_MAX];
  int sweeps;
  const nlrmt_entry *sweep[NLRMT_KEYS_MAX];
  nlrmt_list values[NLRMT_SWEEPS_MAX];
} layout;

static int rival_of(int key) {
  return nlrmt_keys[key].rival ? nlrmt_key_find(nlrmt_keys[key].rival) : -1;
}

static bool same_quantity(int a, int b) {
  return a == b || rival_of(a) == b;
}

/* Whether a setting of key a leaves nothing of an earlier one of b: the same quantity, or what
 * means something beside a's rival alone. */
static bool displaces(int a, int b) {
  const char *of = nlrmt_keys[b].of, *rival = nlrmt_keys[a].rival;
  return same_quantity(a, b) || (of && rival && strcmp(of, rival) == 0);
}

/* ---- levels: shared < panel < sweep < --set ---- */

static void empty_slots(layout *l, int key) {
  for (int k = 0; nlrmt_keys[k].name; k++)
    if (displaces(key, k)) l->slot[k] = NULL;
}

static void put_slot(layout *l, const nlrmt_entry *entry) {
  empty_slots(l, entry->key);
  l->slot[entry->key] = entry;
}

static void apply_level(const nlrmt_document *d, int panel, layout *l) {
  for (size_t i = 0; i < d->entries; i++) {
    const nlrmt_entry *entry = &d->entry[i];
    if (entry->panel == panel && !entry->sweep && entry->key >= 0) put_slot(l, entry);
  }
}

/* Whether another entry beats this sweep: a --set, or for a shared one the panel's own sweep. */
static bool sweep_beaten(const nlrmt_document *d, const nlrmt_entry *sweep, int panel) {
  for (size_t i = 0; i < d->entries; i++) {
    const nlrmt_entry *other = &d->entry[i];
    if (other->key < 0 || !displaces(other->key, sweep->key)) continue;
    if (other->panel == NLRMT_SET) return true;
    if (other->sweep && other->panel >= 0 && other->panel == panel && sweep->panel == NLRMT_SHARED)
      return true;
  }
  return false;
}

static void apply_sweeps(const nlrmt_document *d, int panel, layout *l) {
  for (size_t i = 0; i < d->entries; i++) {
    const nlrmt_entry *entry = &d->entry[i];
    if (!entry->sweep || (entry->panel != panel && entry->panel != NLRMT_SHARED)) continue;
    if (sweep_beaten(d, entry, panel)) continue;
    empty_slots(l, entry->key);
    l->sweep[l->sweeps++] = entry;
  }
}

/* panel: position in the document; NLRMT_SHARED: a file without panels. */
static layout lay_out(const nlrmt_document *d, int panel) {
  layout l = {0};
  apply_level(d, NLRMT_SHARED, &l);
  if (panel != NLRMT_SHARED) apply_level(d, panel, &l);
  apply_sweeps(d, panel, &l);
  apply_level(d, NLRMT_SET, &l);
  return l;
}

/* ---- one panel: base settings, then its points ---- */

/* Records `reason` at the place where `key` (SECTION.KEY) was set in this panel. */
static nlrmt_status fail_key(const nlrmt_document *d, const layout *l, const char *key,
                             const nlrmt_error *reason, nlrmt_error *err) {
  int row = nlrmt_key_find(key), rival = rival_of(row);
  const nlrmt_entry *entry = l->slot[row];
  if (!entry && rival >= 0) entry = l->slot[rival];
  for (int s = 0; s < l->sweeps && !entry; s++)
    if (same_quantity(l->sweep[s]->key, row)) entry = l->sweep[s];
  if (entry) return nlrmt_entry_fail(d, entry, reason, err);
  return nlrmt_fail(err, reason->status, "%s: %s: %s", d->path, key, reason->text);
}

static bool swept(const layout *l, int key) {
  for (int s = 0; s < l->sweeps; s++)
    if (same_quantity(l->sweep[s]->key, key)) return true;
  return false;
}

/* The lists that no point owns yet. */
static void free_lists(nlrmt_params *params) {
  free(params->lambda);
  free(params->gamma);
  free(params->z);
}

/* Everything but the swept keys, in the order of the table. */
static nlrmt_status set_base(const nlrmt_document *d, const layout *l, nlrmt_settings *base,
                             nlrmt_error *err) {
  for (int k = 0; nlrmt_keys[k].name; k++) {
    const nlrmt_key *key = &nlrmt_keys[k];
    const char *text = l->slot[k] ? l->slot[k]->value : key->fallback;
    nlrmt_error reason = {0};
    if (swept(l, k)) continue;
    if (!text && key->required)
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: %s: missing, it has no default", d->path,
                        key->name);
    if (text && key->set(key, text, base, &reason) != NLRMT_OK)
      return fail_key(d, l, key->name, &reason, err);
  }
  return NLRMT_OK;
}

/* Expands the sweeps' values; the number of combinations, at most `room`, what the panels before
 * have left of POINTS_MAX. */
static nlrmt_status open_sweeps(const nlrmt_document *d, layout *l, int room, int *points,
                                nlrmt_error *err) {
  nlrmt_error reason = {0};
  *points = 1;
  for (int s = 0; s < l->sweeps; s++) {
    if (s == NLRMT_SWEEPS_MAX) {
      nlrmt_fail(&reason, NLRMT_ERR_CONFIG, "more than %d sweeps", NLRMT_SWEEPS_MAX);
      return nlrmt_entry_fail(d, l->sweep[s], &reason, err);
    }
    if (nlrmt_list_expand(l->sweep[s]->value, &l->values[s], &reason) != NLRMT_OK)
      return nlrmt_entry_fail(d, l->sweep[s], &reason, err);
    if (l->values[s].count > (size_t)(room > 0 ? room / *points : 0)) {
      nlrmt_fail(&reason, NLRMT_ERR_CONFIG, "more than %d points in all panels", POINTS_MAX);
      return nlrmt_entry_fail(d, l->sweep[s], &reason, err);
    }
    *points *= (int)l->values[s].count;
  }
  return NLRMT_OK;
}

static void close_sweeps(layout *l) {
  for (int s = 0; s < l->sweeps && s < NLRMT_SWEEPS_MAX; s++) nlrmt_list_free(&l->values[s]);
}

/* A swept value as a number: NaN for words. */
static double swept_number(const char *text) {
  bool negative;
  uint64_t magnitude;
  double x;
  if (nlrmt_value_integer(text, &negative, &magnitude))
    return negative ? -(double)magnitude : (double)magnitude;
  return nlrmt_value_real(text, &x) ? x : NAN;
}

/* Point `index` of the panel: the last sweep runs fastest. */
static nlrmt_status set_point(const nlrmt_document *d, const layout *l, int index,
                              const nlrmt_settings *base, nlrmt_point *point, nlrmt_error *err) {
  nlrmt_settings settings = *base;
  nlrmt_error reason = {0};
  for (int s = l->sweeps - 1; s >= 0; s--) {
    int count = (int)l->values[s].count;
    const char *text = l->values[s].item[index % count];
    const nlrmt_key *key = &nlrmt_keys[l->sweep[s]->key];
    index /= count;
    snprintf(point->swept_text[s], sizeof point->swept_text[s], "%s", text);
    point->swept[s] = swept_number(text);
    if (key->set(key, text, &settings, &reason) != NLRMT_OK)
      return nlrmt_entry_fail(d, l->sweep[s], &reason, err);
  }
  const char *blame;
  if (nlrmt_settings_derive(&settings, &blame, &reason) != NLRMT_OK)
    return fail_key(d, l, blame, &reason, err);
  point->params = settings.p;
  return NLRMT_OK;
}

static nlrmt_status set_points(const nlrmt_document *d, layout *l, nlrmt_settings *base, int room,
                               nlrmt_panel *panel, nlrmt_error *err) {
  int points;
  nlrmt_status status = open_sweeps(d, l, room, &points, err);
  if (status == NLRMT_OK) panel->point = calloc((size_t)points, sizeof *panel->point);
  if (!panel->point) {
    free_lists(&base->p);
    if (status != NLRMT_OK) return status;
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory for %d points", d->path, points);
  }
  panel->points = points;
  panel->point[0].params.lambda = base->p.lambda; /* from now on owned there, shared by all */
  panel->point[0].params.gamma = base->p.gamma;
  panel->point[0].params.z = base->p.z;
  for (int i = 0; i < points && status == NLRMT_OK; i++)
    status = set_point(d, l, i, base, &panel->point[i], err);
  panel->sweeps = l->sweeps;
  for (int s = 0; s < l->sweeps; s++)
    snprintf(panel->sweep_key[s], sizeof panel->sweep_key[s], "%s",
             nlrmt_keys[l->sweep[s]->key].name);
  return status;
}

/* position: in the document, or NLRMT_SHARED for the panel `main` of a file without panels. */
static nlrmt_status build_panel(const nlrmt_document *d, int position, int room, nlrmt_panel *panel,
                                nlrmt_error *err) {
  snprintf(panel->name, sizeof panel->name, "%s",
           position == NLRMT_SHARED ? "main" : d->panel[position].name);
  for (size_t i = 0; i < d->entries; i++)
    if (d->entry[i].panel == position && d->entry[i].key == NLRMT_KEY_TITLE)
      snprintf(panel->title, sizeof panel->title, "%s", d->entry[i].value);
  layout l = lay_out(d, position);
  nlrmt_settings base = {0};
  nlrmt_status status = set_base(d, &l, &base, err);
  if (status == NLRMT_OK)
    status = set_points(d, &l, &base, room, panel, err);
  else
    free_lists(&base.p);
  close_sweeps(&l);
  return status;
}

/* ---- the whole figure ---- */

/* Whether panel `name` is wanted; none named: all are. */
static bool wanted(const char *name, int panels, char *const *panel) {
  for (int i = 0; i < panels; i++)
    if (strcmp(name, panel[i]) == 0) return true;
  return panels == 0;
}

static nlrmt_status check_wanted(const nlrmt_document *d, int panels, char *const *panel,
                                 nlrmt_error *err) {
  for (int i = 0; i < panels; i++) {
    bool known = d->panels == 0 && strcmp(panel[i], "main") == 0;
    char names[256] = "main";
    size_t used = 0;
    for (int k = 0; k < d->panels; k++) {
      known = known || strcmp(panel[i], d->panel[k].name) == 0;
      if (used < sizeof names)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", k ? ", " : "",
                                 d->panel[k].name);
    }
    if (!known)
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: no panel \"%.60s\", the panels are: %s",
                        d->path, panel[i], names);
  }
  return NLRMT_OK;
}

/* The file's name without folders and what follows its last dot. */
static nlrmt_status name_from_path(const char *path, char name[NLRMT_NAME_MAX], nlrmt_error *err) {
  const char *slash = strrchr(path, '/'), *stem = slash ? slash + 1 : path;
  const char *dot = strrchr(stem, '.');
  size_t length = dot && dot > stem ? (size_t)(dot - stem) : strlen(stem);
  if (length < NLRMT_NAME_MAX) {
    memcpy(name, stem, length);
    name[length] = '\0';
    if (nlrmt_name_valid(name)) return NLRMT_OK;
  }
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "%s: experiment.name: missing, and the file's own name is not made of 1 to %d "
                    "letters, digits, _ and - alone",
                    path, NLRMT_NAME_MAX - 1);
}

static nlrmt_status build_head(const nlrmt_document *d, nlrmt_config *config, nlrmt_error *err) {
  layout shared = lay_out(d, NLRMT_SHARED);
  nlrmt_settings settings = {0};
  nlrmt_error reason = {0};
  nlrmt_status status = NLRMT_OK;
  for (int k = 0; nlrmt_keys[k].name && status == NLRMT_OK; k++) {
    const nlrmt_key *key = &nlrmt_keys[k];
    const char *text = shared.slot[k] ? shared.slot[k]->value : key->fallback;
    if (strncmp(key->name, "experiment.", 11) == 0 && text)
      status = key->set(key, text, &settings, &reason);
  }
  assert(status == NLRMT_OK); /* each was checked when read */
  snprintf(config->name, sizeof config->name, "%s", settings.name);
  snprintf(config->title, sizeof config->title, "%s", settings.title);
  config->seed = settings.p.seed;
  return *config->name ? NLRMT_OK : name_from_path(d->path, config->name, err);
}

static nlrmt_status build(const nlrmt_document *d, int panels, char *const *panel,
                          nlrmt_config *config, nlrmt_error *err) {
  nlrmt_status status = check_wanted(d, panels, panel, err);
  if (status == NLRMT_OK) status = build_head(d, config, err);
  if (status != NLRMT_OK) return status;
  int all = d->panels > 0 ? d->panels : 1, room = POINTS_MAX;
  config->panel = calloc((size_t)all, sizeof *config->panel);
  if (!config->panel) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory", d->path);
  for (int k = 0; k < all && status == NLRMT_OK; k++) {
    const char *name = d->panels > 0 ? d->panel[k].name : "main";
    if (!wanted(name, panels, panel)) continue;
    nlrmt_panel *own = &config->panel[config->panels++];
    status = build_panel(d, d->panels > 0 ? k : NLRMT_SHARED, room, own, err);
    room -= own->points;
  }
  return status;
}

/* ---- the effective configuration ---- */

/* "NAME = VALUE" with a list broken over indented lines, since inih reads short lines only. */
static void write_setting(FILE *out, const char *name, const char *value, bool list) {
  int column = fprintf(out, "%s =", name);
  if (!list) {
    fprintf(out, " %s\n", value);
    return;
  }
  for (const char *cursor = value; cursor;) {
    const char *item;
    size_t length;
    nlrmt_error reason = {0};
    if (nlrmt_list_cut(&cursor, &item, &length, &reason) != NLRMT_OK)
      assert(!"was checked when read");
    if (column + (int)length + 2 > LINE_COLUMNS) column = fprintf(out, "\n ") - 1;
    column += fprintf(out, " %.*s%s", (int)length, item, cursor ? "," : "");
  }
  fputc('\n', out);
}

static void write_shared(FILE *out, const nlrmt_document *d, const nlrmt_config *config) {
  layout l = {0};
  apply_level(d, NLRMT_SHARED, &l);
  apply_level(d, NLRMT_SET, &l);
  size_t open = 0; /* length of the open section's name, which ends before the dot of `last` */
  const char *last = "";
  for (int k = 0; nlrmt_keys[k].name; k++) {
    const nlrmt_key *key = &nlrmt_keys[k];
    const char *value = l.slot[k] ? l.slot[k]->value : key->fallback;
    if (strcmp(key->name, "experiment.name") == 0) value = config->name;
    int rival = rival_of(k);
    if (!value || (!l.slot[k] && rival >= 0 && l.slot[rival])) continue;
    size_t section = strcspn(key->name, ".");
    if (section != open || strncmp(key->name, last, section) != 0)
      fprintf(out, "%s[%.*s]\n", open ? "\n" : "", (int)section, key->name);
    open = section;
    last = key->name;
    write_setting(out, key->name + section + 1, value, key->list);
  }
}

static void write_panel(FILE *out, const nlrmt_document *d, int position,
                        const nlrmt_panel *panel) {
  layout l = lay_out(d, position);
  fprintf(out, "\n[panel %s]\n", panel->name);
  if (*panel->title) write_setting(out, "title", panel->title, false);
  for (int k = 0; nlrmt_keys[k].name && position >= 0; k++)
    if (l.slot[k] && l.slot[k]->panel == position)
      write_setting(out, nlrmt_keys[k].name, l.slot[k]->value, nlrmt_keys[k].list);
  for (int s = 0; s < l.sweeps; s++) {
    char name[NLRMT_NAME_MAX + 8];
    snprintf(name, sizeof name, "sweep.%s", nlrmt_keys[l.sweep[s]->key].name);
    write_setting(out, name, l.sweep[s]->value, true);
  }
}

static nlrmt_status write_effective(const nlrmt_document *d, nlrmt_config *config,
                                    nlrmt_error *err) {
  size_t bytes;
  FILE *out = open_memstream(&config->effective, &bytes);
  if (!out) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory", d->path);
  write_shared(out, d, config);
  int kept = 0;
  for (int k = 0; k < d->panels; k++)
    if (kept < config->panels && strcmp(config->panel[kept].name, d->panel[k].name) == 0)
      write_panel(out, d, k, &config->panel[kept++]);
  if (d->panels == 0) write_panel(out, d, NLRMT_SHARED, &config->panel[0]);
  if (fclose(out) != 0) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory", d->path);
  return NLRMT_OK;
}

/* ---- reading ---- */

nlrmt_status nlrmt_config_parse(const char *path, const char *text, int sets, char *const *set,
                                int panels, char *const *panel, nlrmt_config **config,
                                nlrmt_error *err) {
  *config = calloc(1, sizeof **config);
  if (!*config) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory", path);
  nlrmt_document document;
  nlrmt_status status = nlrmt_document_read(path, text, sets, set, &document, err);
  if (status == NLRMT_OK) status = build(&document, panels, panel, *config, err);
  if (status == NLRMT_OK) status = write_effective(&document, *config, err);
  nlrmt_document_free(&document);
  if (status != NLRMT_OK) nlrmt_config_destroy(config);
  return status;
}

/* The file as a string; a pipe will do. *text is the caller's to free, also after an error. */
static nlrmt_status read_file(const char *path, char **text, nlrmt_error *err) {
  FILE *file = fopen(path, "rb");
  if (!file) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: cannot open: %s", path, strerror(errno));
  *text = malloc(FILE_BYTES_MAX + 1);
  size_t bytes = *text ? fread(*text, 1, FILE_BYTES_MAX + 1, file) : 0;
  int failed = ferror(file) ? errno : 0;
  fclose(file);
  if (!*text) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory to read it", path);
  if (failed)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: cannot read: %s", path, strerror(failed));
  if (bytes > FILE_BYTES_MAX)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: larger than 1 MiB: not a configuration", path);
  (*text)[bytes] = '\0';
  if (strlen(*text) == bytes) return NLRMT_OK;
  int line = 1;
  for (const char *c = *text; *c; c++) line += *c == '\n';
  return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s:%d: holds a NUL byte: not a text file", path, line);
}

nlrmt_status nlrmt_config_load(const char *path, int sets, char *const *set, int panels,
                               char *const *panel, nlrmt_config **config, nlrmt_error *err) {
  char *text = NULL;
  *config = NULL;
  nlrmt_status status = read_file(path, &text, err);
  if (status == NLRMT_OK)
    status = nlrmt_config_parse(path, text, sets, set, panels, panel, config, err);
  free(text);
  return status;
}

void nlrmt_config_destroy(nlrmt_config **config) {
  if (!*config) return;
  for (int k = 0; k < (*config)->panels; k++) {
    nlrmt_panel *panel = &(*config)->panel[k];
    if (panel->points > 0 || *panel->skipped) free_lists(&panel->point[0].params);
    free(panel->point);
  }
  free((*config)->panel);
  free((*config)->effective);
  free(*config);
  *config = NULL;
}

/* Skips lines of parallel.ranks_per_trial, wherever they stand. */
static const char *skip_ranks(const char *line) {
  static const char *const key[] = {"ranks_per_trial =", "parallel.ranks_per_trial ="};
  for (int i = 0; i < 2; i++)
    if (strncmp(line, key[i], strlen(key[i])) == 0) {
      const char *end = strchr(line, '\n');
      return skip_ranks(end ? end + 1 : line + strlen(line));
    }
  return line;
}

bool nlrmt_config_same(const char *a, const char *b) {
  for (a = skip_ranks(a), b = skip_ranks(b); *a && *b; a = skip_ranks(a), b = skip_ranks(b)) {
    size_t length = strcspn(a, "\n");
    if (length != strcspn(b, "\n") || memcmp(a, b, length) != 0) return false;
    a += length + (a[length] == '\n');
    b += length + (b[length] == '\n');
  }
  return *a == *b;
}
