/* file: replaced whole or not at all, also when the disk refuses. */
#include "nlrmt/file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"

static char dir[] = "/tmp/nlrmt-test-file-XXXXXX";

static int holds(const char *path, const char *text) {
  nlrmt_error err = {0};
  size_t size = 0;
  char *data = nlrmt_file_read(path, &size, &err);
  int same = data && size == strlen(text) && memcmp(data, text, size) == 0;
  free(data);
  return same;
}

static void check_refusals(const char *path) {
  nlrmt_error err = {0};
  CHECK(nlrmt_file_replace("/nonexistent/x", "a", 1, &err) == NLRMT_ERR_RESOURCE, "%s", err.text);
  CHECK(strstr(err.text, "/nonexistent/x: cannot write: No such file"), "%s", err.text);
  nlrmt_error directory = {0};
  size_t size;
  CHECK(!nlrmt_file_read(dir, &size, &directory), "read a directory");
  CHECK(strstr(directory.text, "not a regular file"), "%s", directory.text);
  nlrmt_error parents = {0};
  char below[128];
  snprintf(below, sizeof below, "%s/x/y", path);
  CHECK(nlrmt_file_make_parents(below, &parents) != NLRMT_OK ||
            nlrmt_file_replace(below, "a", 1, &parents) != NLRMT_OK,
        "made a directory below a file");
}

/* A write that the system cuts short: the old content stays, no temporary file, the reason is told.
 */
static void check_limit(const char *path) {
  enum { BIG = 1 << 20 };
  static char big[BIG];
  struct rlimit old, small;
  nlrmt_error err = {0};
  char listing[160], line[256];
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &old);
  small = old;
  small.rlim_cur = BIG / 2;
  setrlimit(RLIMIT_FSIZE, &small);
  CHECK(nlrmt_file_replace(path, big, BIG, &err) == NLRMT_ERR_RESOURCE, "%s", err.text);
  setrlimit(RLIMIT_FSIZE, &old);
  CHECK(strstr(err.text, "File too large"), "%s", err.text);
  CHECK(holds(path, "second"), "the previous file was harmed");
  snprintf(listing, sizeof listing, "ls -A %s | grep -c tmp", dir);
  FILE *ls = popen(listing, "r");
  CHECK(ls && fgets(line, sizeof line, ls) && atoi(line) == 0, "a temporary file was left behind");
  if (ls) pclose(ls);
}

/* What other writers left goes, and nothing else. */
static void check_sweep(const char *path) {
  static const char *const rest[] = {".tmp.12", ".tmp.", ".tmp.12x", ".tmp", "x.tmp.12", ".stop"};
  nlrmt_error err = {0};
  char name[160];
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
    snprintf(name, sizeof name, "%s%s", path, rest[i]);
    nlrmt_file_replace(name, "rest", 4, &err);
  }
  nlrmt_file_sweep(path);
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
    snprintf(name, sizeof name, "%s%s", path, rest[i]);
    CHECK(nlrmt_file_exists(name) == (i > 0), "%s", name);
    unlink(name);
  }
  CHECK(holds(path, "second"), "the file itself was harmed");
  nlrmt_file_sweep("/nonexistent/x");
}

int main(void) {
  nlrmt_error err = {0};
  char path[96], deep[128], aside[128];
  if (!mkdtemp(dir)) return 1;
  snprintf(path, sizeof path, "%s/file", dir);
  snprintf(deep, sizeof deep, "%s/a/b/file", dir);
  snprintf(aside, sizeof aside, "%s.2", path);
  CHECK(nlrmt_file_replace(path, "first", 5, &err) == NLRMT_OK, "%s", err.text);
  CHECK(nlrmt_file_replace(path, "second", 6, &err) == NLRMT_OK, "%s", err.text);
  CHECK(holds(path, "second"), "replaced file");
  CHECK(nlrmt_file_make_parents(deep, &err) == NLRMT_OK, "%s", err.text);
  CHECK(nlrmt_file_make_parents(deep, &err) == NLRMT_OK, "twice: %s", err.text);
  CHECK(nlrmt_file_replace(deep, "deep", 4, &err) == NLRMT_OK && holds(deep, "deep"), "%s",
        err.text);
  check_refusals(path);
  check_limit(path);
  check_sweep(path);
  CHECK(nlrmt_file_move_aside(path, &err) == NLRMT_OK && !nlrmt_file_exists(path), "%s", err.text);
  CHECK(nlrmt_file_move_aside(path, &err) == NLRMT_OK, "nothing to move: %s", err.text);
  nlrmt_file_replace(path, "third", 5, &err);
  CHECK(nlrmt_file_move_aside(path, &err) == NLRMT_OK && holds(aside, "third"), "%s", err.text);
  char remove[128];
  snprintf(remove, sizeof remove, "rm -rf %s", dir);
  CHECK(system(remove) == 0, "cannot remove %s", dir);
  return check_end("test_file", 0);
}
