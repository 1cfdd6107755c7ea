/* config_read: INI text and --set arguments -> a list of settings, each known to the table and good
 * by itself, with the place it comes from. What they say together is config.c's. Private to the
 * configuration. Local: no communication.
 */
#ifndef NLRMT_CONFIG_READ_H
#define NLRMT_CONFIG_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "config_table.h"
#include "nlrmt/status.h"

enum { NLRMT_PANELS_MAX = 100, NLRMT_SHARED = -1, NLRMT_SET = -2, NLRMT_KEY_TITLE = -1 };

typedef struct {
  int key;         /* row of the table; NLRMT_KEY_TITLE: a panel's own title */
  bool sweep;      /* the value lists one item for each point */
  int panel;       /* position in the document, NLRMT_SHARED or NLRMT_SET */
  int line;        /* first line, from 1; 0 for --set */
  const char *set; /* the whole --set argument; NULL for the file's settings */
  char *value;     /* continuation lines joined by one space */
} nlrmt_entry;

typedef struct {
  const char *path;
  size_t entries, capacity;
  nlrmt_entry *entry; /* [entries] in the order of the file, then of --set */
  int panels;
  struct {
    char name[NLRMT_NAME_MAX];
    int line;
  } panel[NLRMT_PANELS_MAX];
} nlrmt_document;

/* Reads `text` and the --set arguments into *document, which keeps `path` and `set`. Of several
 * --set for one key only the last is kept. Free with nlrmt_document_free, also after an error. */
nlrmt_status nlrmt_document_read(const char *path, const char *text, int sets, char *const *set,
                                 nlrmt_document *document, nlrmt_error *err);
void nlrmt_document_free(nlrmt_document *document);

/* Records `reason` as the error of this entry: "path:line: section.key: reason". */
nlrmt_status nlrmt_entry_fail(const nlrmt_document *document, const nlrmt_entry *entry,
                              const nlrmt_error *reason, nlrmt_error *err);

#endif
