#include "config_read.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

/* What inih's reader and handler share. inih calls the reader once for each line and, if the line
 * holds a setting, the handler right after it; inih itself tells neither line nor section heading
 * (empty sections count: [panel x] alone is a panel), so both are kept here. */
typedef struct {
  nlrmt_document *document;
  const char *next; /* unread text */
  int line;         /* of the line given to inih last, from 1 */
  bool indented;    /* that line begins with white space */
  bool has_key;     /* a setting was seen since the last heading: an indented line continues it */
  char section[NLRMT_NAME_MAX]; /* "" before the first heading and in a panel */
  bool sweep;                   /* in [sweep] */
  int panel;                    /* or NLRMT_SHARED */
  nlrmt_error *err;
} reader;

static bool fail_line(reader *r, const char *what, const char *detail) {
  nlrmt_fail(r->err, NLRMT_ERR_CONFIG, "%s:%d: %s%s", r->document->path, r->line, what, detail);
  return false;
}

/* ---- section headings ---- */

static bool open_panel(reader *r, const char *name) {
  nlrmt_document *d = r->document;
  char what[2 * NLRMT_NAME_MAX + 80];
  if (!nlrmt_name_valid(name) || strcmp(name, "index") == 0) {
    snprintf(what, sizeof what,
             "[panel %.60s]: a panel's name must be 1 to %d letters, digits, "
             "_ or -, and not index",
             name, NLRMT_NAME_MAX - 1);
    return fail_line(r, what, "");
  }
  for (int k = 0; k < d->panels; k++)
    if (strcmp(d->panel[k].name, name) == 0) {
      snprintf(what, sizeof what, "[panel %s]: already defined at line %d", name, d->panel[k].line);
      return fail_line(r, what, "");
    }
  if (d->panels == NLRMT_PANELS_MAX) return fail_line(r, "too many panels, at most 100", "");
  snprintf(d->panel[d->panels].name, NLRMT_NAME_MAX, "%s", name);
  d->panel[d->panels].line = r->line;
  r->panel = d->panels++;
  return true;
}

static bool open_section(reader *r, const char *name) {
  r->has_key = false;
  r->panel = NLRMT_SHARED;
  r->section[0] = '\0';
  r->sweep = strcmp(name, "sweep") == 0;
  if (r->sweep) return true;
  size_t word = strcspn(name, " \t");
  if (word == 5 && strncmp(name, "panel", 5) == 0)
    return open_panel(r, name + word + strspn(name + word, " \t"));
  if (nlrmt_section_known(name)) {
    snprintf(r->section, sizeof r->section, "%.63s", name);
    return true;
  }
  const char *near = nlrmt_section_nearest(name);
  char what[192];
  snprintf(what, sizeof what, "[%.60s]: unknown section%s%s%s", name, near ? ", nearest is [" : "",
           near ? near : "", near ? "]" : "; see the table of keys in --help");
  return fail_line(r, what, "");
}

/* `line` begins with [ . inih would ignore whatever follows the ] . */
static bool read_heading(reader *r, const char *line) {
  const char *name = line + 1 + strspn(line + 1, " \t"), *end = strchr(line, ']');
  if (!end) return fail_line(r, "section heading without ]", "");
  const char *rest = end + 1 + strspn(end + 1, " \t");
  if (*rest != '\0' && (*rest != ';' || rest == end + 1))
    return fail_line(r, "unexpected text after ]: ", rest);
  while (end > name && (end[-1] == ' ' || end[-1] == '\t')) end--;
  char text[256];
  snprintf(text, sizeof text, "%.*s", (int)(end - name), name);
  return open_section(r, text);
}

/* ---- lines ---- */

/* Copies the next line of the text to `line` (`size` bytes), without its end. */
static bool take_line(reader *r, char *line, size_t size) {
  size_t length = strcspn(r->next, "\n"), bytes = length;
  const char *begin = r->next;
  r->next += length + (begin[length] == '\n');
  r->line++;
  if (r->line == 1 && strncmp(begin, "\xEF\xBB\xBF", 3) == 0) {
    begin += 3;
    bytes -= 3;
  }
  if (bytes > 0 && begin[bytes - 1] == '\r') bytes--;
  char what[96];
  size_t fault = nlrmt_text_fault(begin, bytes);
  if (fault > 0) {
    snprintf(what, sizeof what, "column %zu: byte 0x%02x is not UTF-8 text", fault,
             (unsigned char)begin[fault - 1]);
    return fail_line(r, what, "");
  }
  size_t indent = strspn(begin, " \t");
  if (indent < bytes && (begin[indent] == ';' || begin[indent] == '#')) bytes = 0;
  if (bytes >= size) {
    snprintf(what, sizeof what, "line longer than %zu bytes; break it and indent what follows",
             size - 1);
    return fail_line(r, what, "");
  }
  memcpy(line, begin, bytes);
  line[bytes] = '\0';
  return true;
}

/* Where a comment begins in a value, or the value's end. */
static const char *find_comment(const char *value) {
  const char *c = value;
  while (*c && (*c != ';' || (c > value && c[-1] != ' ' && c[-1] != '\t'))) c++;
  return c;
}

/* No value holds [ first or an =, so such an indented line was meant otherwise. */
static bool looks_like_setting(const char *text) {
  const char *equals = strchr(text, '=');
  return *text == '[' || (equals && equals < find_comment(text));
}

/* inih's ini_reader: one line with its newline, NULL at the end of the text or on an error. */
static char *read_line(char *buffer, int size, void *stream) {
  reader *r = stream;
  if (*r->next == '\0' || r->err->status != NLRMT_OK) return NULL;
  if (!take_line(r, buffer, (size_t)size - 1)) return NULL; /* room for the newline */
  const char *begin = buffer + strspn(buffer, " \t");
  r->indented = begin > buffer && *begin != '\0';
  bool continues = r->indented && r->has_key;
  if (continues && looks_like_setting(begin)) {
    fail_line(r, "an indented line continues the value above it; start at column 1: ", begin);
    return NULL;
  }
  if (!continues && *begin == '[' && !read_heading(r, begin)) return NULL;
  strcat(buffer, "\n");
  return buffer;
}

/* ---- settings ---- */

static nlrmt_entry *add_entry(nlrmt_document *d, nlrmt_entry entry, const char *value,
                              nlrmt_error *err) {
  if (d->entries == d->capacity) {
    size_t capacity = d->capacity ? 2 * d->capacity : 64;
    nlrmt_entry *grown = realloc(d->entry, capacity * sizeof *grown);
    if (grown) {
      d->entry = grown;
      d->capacity = capacity;
    }
  }
  entry.value = d->entries < d->capacity ? strdup(value) : NULL;
  if (!entry.value) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory for the configuration", d->path);
    return NULL;
  }
  d->entry[d->entries] = entry;
  return &d->entry[d->entries++];
}

static bool continue_value(reader *r, const char *text) {
  nlrmt_entry *entry = &r->document->entry[r->document->entries - 1];
  size_t length = strlen(entry->value), bytes = strcspn(text, "\r\n");
  char *value = realloc(entry->value, length + bytes + 2);
  if (!value) {
    nlrmt_fail(r->err, NLRMT_ERR_RESOURCE, "%s: no memory for the configuration",
               r->document->path);
    return false;
  }
  entry->value = value;
  sprintf(value + length, "%s%.*s", length > 0 ? " " : "", (int)bytes, text);
  /* older inih versions leave a comment at the end of a continuation line */
  char *end = value + length + (find_comment(value + length) - (value + length));
  while (end > value && (end[-1] == ' ' || end[-1] == '\t')) end--;
  *end = '\0';
  return true;
}

/* The full key of `name` as written in the present section; false after an error. */
static bool full_key(reader *r, const char *name, nlrmt_entry *entry, char *full, size_t size) {
  entry->sweep = r->sweep;
  if (!r->sweep && strncmp(name, "sweep.", 6) == 0) {
    entry->sweep = true;
    snprintf(full, size, "%s", name + 6);
  } else if (r->section[0] == '\0') {
    snprintf(full, size, "%s", name);
  } else if (strchr(name, '.')) {
    char what[256];
    snprintf(what, sizeof what,
             "%.60s: keys in [%s] are short; write full keys before the first "
             "section or in a [panel]",
             name, r->section);
    return fail_line(r, what, "");
  } else {
    snprintf(full, size, "%s.%s", r->section, name);
  }
  return true;
}

/* Finds the row of `full` for *entry; the reason alone. */
static nlrmt_status find_key(const char *full, nlrmt_entry *entry, nlrmt_error *reason) {
  entry->key = nlrmt_key_find(full);
  if (entry->key >= 0) return NLRMT_OK;
  const char *near = nlrmt_key_nearest(full);
  if (near)
    return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "unknown key, nearest is %s%s",
                      entry->sweep ? "sweep." : "", near);
  return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "unknown key; see the table of keys in --help");
}

/* inih's ini_handler; its section is not used, see reader. */
static int read_setting(void *user, const char *section, const char *name, const char *value) {
  (void)section;
  reader *r = user;
  if (r->err->status != NLRMT_OK) return 0;
  if (r->indented && r->has_key) return continue_value(r, value);
  if (*name == '\0') return fail_line(r, "no key before =", "");
  if (*value == ';') return fail_line(r, "a comment needs white space before its ;", "");
  nlrmt_entry entry = {.panel = r->panel, .line = r->line};
  char full[256];
  if (r->panel >= 0 && strcmp(name, "title") == 0) {
    entry.key = NLRMT_KEY_TITLE;
  } else {
    nlrmt_error reason = {0};
    if (!full_key(r, name, &entry, full, sizeof full)) return 0;
    if (find_key(full, &entry, &reason) != NLRMT_OK) {
      nlrmt_fail(r->err, reason.status, "%s:%d: %s%.100s: %s", r->document->path, r->line,
                 entry.sweep ? "sweep." : "", full, reason.text);
      return 0;
    }
  }
  r->has_key = true;
  return add_entry(r->document, entry, value, r->err) != NULL;
}

/* Line `line` of the text, for a message. */
static void quote_line(const char *text, int line, char *quote, size_t size) {
  while (--line > 0) text += strcspn(text, "\n") + 1;
  snprintf(quote, size, "%.*s", (int)strcspn(text, "\r\n"), text);
}

static nlrmt_status read_text(const char *text, nlrmt_document *d, nlrmt_error *err) {
  nlrmt_error own = {0};
  reader r = {.document = d, .next = text, .panel = NLRMT_SHARED, .err = &own};
  int malformed = ini_parse_stream(read_line, &r, read_setting, &r);
  if (malformed < 0)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory to read it", d->path);
  /* inih goes on after a malformed line, so our own error may be a later one */
  if (malformed > 0 && (own.status == NLRMT_OK || malformed < r.line)) {
    char quote[60];
    quote_line(text, malformed, quote, sizeof quote);
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s:%d: expected KEY = VALUE or [SECTION], got \"%s\"",
                      d->path, malformed, quote);
  }
  return own.status == NLRMT_OK ? NLRMT_OK : nlrmt_fail(err, own.status, "%s", own.text);
}

/* ---- --set ---- */

static void drop_entry(nlrmt_document *d, size_t i) {
  free(d->entry[i].value);
  memmove(&d->entry[i], &d->entry[i + 1], (d->entries - i - 1) * sizeof d->entry[0]);
  d->entries--;
}

/* Splits "SECTION.KEY=VALUE", white space around both allowed; the reason alone. */
static nlrmt_status split_set(const char *set, char *key, size_t size, const char **value,
                              nlrmt_error *reason) {
  size_t bytes = strcspn(set, "=");
  if (set[bytes] == '\0' || bytes == 0 || bytes >= size)
    return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "expected SECTION.KEY=VALUE");
  if (nlrmt_text_fault(set, strlen(set)) > 0)
    return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "not UTF-8 text on one line");
  *value = set + bytes + 1 + strspn(set + bytes + 1, " \t");
  if (*find_comment(*value) == ';')
    return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "a value cannot hold \" ;\", it begins a comment");
  set += strspn(set, " \t");
  snprintf(key, size, "%.*s", (int)strcspn(set, " \t="), set);
  if (strncmp(key, "sweep.", 6) == 0 || strncmp(key, "panel", 5) == 0)
    return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "sweeps and panels belong into the file");
  return NLRMT_OK;
}

static nlrmt_status read_set(const char *set, nlrmt_document *d, nlrmt_error *err) {
  nlrmt_entry entry = {.panel = NLRMT_SET, .set = set};
  nlrmt_error reason = {0};
  const char *value = NULL;
  char key[128];
  nlrmt_status status = split_set(set, key, sizeof key, &value, &reason);
  if (status != NLRMT_OK) return nlrmt_fail(err, status, "--set %.100s: %s", set, reason.text);
  status = find_key(key, &entry, &reason);
  if (status != NLRMT_OK)
    return nlrmt_fail(err, status, "--set %.100s: %s: %s", set, key, reason.text);
  for (size_t i = 0; i < d->entries; i++)
    if (d->entry[i].panel == NLRMT_SET && d->entry[i].key == entry.key) {
      drop_entry(d, i);
      break;
    }
  nlrmt_entry *added = add_entry(d, entry, value, err);
  if (!added) return err->status;
  for (size_t end = strlen(value); end > 0 && strchr(" \t", value[end - 1]); end--)
    added->value[end - 1] = '\0';
  return NLRMT_OK;
}

/* ---- checks of each entry by itself ---- */

nlrmt_status nlrmt_entry_fail(const nlrmt_document *d, const nlrmt_entry *entry,
                              const nlrmt_error *reason, nlrmt_error *err) {
  const char *key = entry->key == NLRMT_KEY_TITLE ? "title" : nlrmt_keys[entry->key].name;
  if (entry->set)
    return nlrmt_fail(err, reason->status, "--set %.100s: %s: %s", entry->set, key, reason->text);
  return nlrmt_fail(err, reason->status, "%s:%d: %s%s: %s", d->path, entry->line,
                    entry->sweep ? "sweep." : "", key, reason->text);
}

static bool same_level(const nlrmt_entry *a, const nlrmt_entry *b) {
  return a->panel == b->panel && a->sweep == b->sweep;
}

/* Repetitions, and phi beside n0, within one level: shared, one panel, their sweeps, --set. */
static nlrmt_status check_against_earlier(const nlrmt_document *d, const nlrmt_entry *entry,
                                          nlrmt_error *reason) {
  const char *rival = entry->key >= 0 ? nlrmt_keys[entry->key].rival : NULL;
  int rival_key = rival ? nlrmt_key_find(rival) : -2;
  for (const nlrmt_entry *other = d->entry; other < entry; other++) {
    if (!same_level(entry, other)) continue;
    if (other->key == entry->key)
      return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "already set at line %d", other->line);
    if (other->key != rival_key) continue;
    if (entry->set)
      return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "give either this or %s, not both", rival);
    return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "give either this or %s (line %d), not both", rival,
                      other->line);
  }
  return NLRMT_OK;
}

static nlrmt_status check_sweep(const nlrmt_key *key, const char *value, nlrmt_settings *scratch,
                                nlrmt_error *reason) {
  if ((key->list && !key->sweepable) || key->global)
    return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "cannot be swept%s",
                      key->list ? ": its value is a list" : "");
  nlrmt_list list;
  nlrmt_status status = nlrmt_list_expand(value, &list, reason);
  for (size_t i = 0; i < list.count && status == NLRMT_OK; i++)
    status = key->set(key, list.item[i], scratch, reason);
  nlrmt_list_free(&list);
  return status;
}

static nlrmt_status check_value(const nlrmt_entry *entry, nlrmt_settings *scratch,
                                nlrmt_error *reason) {
  if (*entry->value == '\0') return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "empty value");
  if (entry->key == NLRMT_KEY_TITLE) {
    const nlrmt_key *title = &nlrmt_keys[nlrmt_key_find("experiment.title")];
    return title->set(title, entry->value, scratch, reason);
  }
  const nlrmt_key *key = &nlrmt_keys[entry->key];
  if (key->global && entry->panel >= 0)
    return nlrmt_fail(reason, NLRMT_ERR_CONFIG, "belongs to the whole figure, not to a panel");
  if (entry->sweep) return check_sweep(key, entry->value, scratch, reason);
  return key->set(key, entry->value, scratch, reason);
}

nlrmt_status nlrmt_document_read(const char *path, const char *text, int sets, char *const *set,
                                 nlrmt_document *d, nlrmt_error *err) {
  *d = (nlrmt_document){.path = path};
  nlrmt_status status = read_text(text, d, err);
  for (int i = 0; i < sets && status == NLRMT_OK; i++) status = read_set(set[i], d, err);
  for (size_t i = 0; i < d->entries && status == NLRMT_OK; i++) {
    nlrmt_error reason = {0};
    nlrmt_settings scratch = {0};
    status = check_against_earlier(d, &d->entry[i], &reason);
    if (status == NLRMT_OK) status = check_value(&d->entry[i], &scratch, &reason);
    free(scratch.p.lambda);
    free(scratch.p.gamma);
    free(scratch.p.z);
    if (status != NLRMT_OK) status = nlrmt_entry_fail(d, &d->entry[i], &reason, err);
  }
  return status;
}

void nlrmt_document_free(nlrmt_document *d) {
  for (size_t i = 0; i < d->entries; i++) free(d->entry[i].value);
  free(d->entry);
  *d = (nlrmt_document){0};
}
