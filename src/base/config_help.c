#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config_table.h"
#include "nlrmt/config.h"

enum { COLUMNS = 4, LINE_BYTES = 128 };
static const int width[COLUMNS] = {13, 10, 27, 44}; /* and one blank between two */

static const char notes[] =
    "\n"
    "[panel NAME] makes one panel of the figure; in it, title = ... and full keys such as\n"
    "bias.law = bernoulli take the place of the shared settings. A list on sweep.SECTION.KEY,\n"
    "or on SECTION.KEY in [sweep], makes one point for each value; several sweeps make one\n"
    "for each combination. logspace(a, b, n) is n numbers from 10^a to 10^b, linspace(a, b, n)\n"
    "n numbers from a to b. Later wins: shared, panel, sweep, --set. A value goes on in lines\n"
    "that begin with white space; a comment begins with ; or # at the start of a line, with\n"
    "\" ;\" after a value.\n";

/* How many bytes of `text` fit in a cell: whole words unless the first one is too long. */
static int fitting(const char *text, int cell) {
  int length = (int)strlen(text), take = cell;
  if (length <= cell) return length;
  while (take > 0 && text[take] != ' ') take--;
  return take > 0 ? take : cell;
}

/* One row of the table, on as many lines as its longest cell needs. */
static void put_row(FILE *stream, const char *cell[COLUMNS]) {
  bool more = true;
  while (more) {
    char line[LINE_BYTES];
    int end = 0, column = 2;
    more = false;
    memset(line, ' ', sizeof line);
    for (int c = 0; c < COLUMNS; c++) {
      int take = fitting(cell[c], width[c]);
      memcpy(line + column, cell[c], (size_t)take);
      if (take > 0) end = column + take;
      column += width[c] + 1;
      cell[c] += take;
      cell[c] += strspn(cell[c], " ");
      more = more || *cell[c];
    }
    fprintf(stream, "%.*s\n", end, line);
  }
}

static const char *fallback_text(const nlrmt_key *key) {
  return key->fallback ? key->fallback : key->required ? "required" : "-";
}

void nlrmt_config_list(FILE *stream) {
  for (const nlrmt_key *key = nlrmt_keys; key->name; key++) {
    char allowed[512];
    nlrmt_key_allowed(key, allowed, sizeof allowed);
    fprintf(stream, "%s\t%s\t%s\t%s\n", key->name, fallback_text(key), allowed, key->meaning);
  }
}

void nlrmt_config_help(FILE *stream) {
  fputs("Keys of the configuration file:\n", stream);
  put_row(stream, (const char *[]){"key", "default", "allowed", "meaning"});
  const char *section = "";
  for (const nlrmt_key *key = nlrmt_keys; key->name; key++) {
    size_t length = strcspn(key->name, ".") + 1;
    if (strncmp(section, key->name, length) != 0)
      fprintf(stream, "[%.*s]\n", (int)length - 1, key->name);
    section = key->name;
    char allowed[512];
    nlrmt_key_allowed(key, allowed, sizeof allowed);
    put_row(stream,
            (const char *[]){key->name + length, fallback_text(key), allowed, key->meaning});
  }
  fputs(notes, stream);
}
