#include "nlrmt/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  const char *name;
  int number; /* what errno becomes, where the site is a call of the system's */
} fault_site;

static const fault_site sites[] = {
    {"model.malloc", ENOMEM}, /* memory for the features */
    {"eig.malloc", ENOMEM},   /* memory for the eigensolver */
    {"gram.nan", 0},          /* an entry of the Gram matrix */
    {"eig.info", 0},          /* INFO = 1 from the eigensolver */
    {"data.read", EIO},       /* samples from files, when their point begins */
    {"h5.write", 0},          /* a dataset that HDF5 does not take */
    {"save.open", EACCES},    /* the steps of a save, each refused: rank 0 alone saves */
    {"save.write", ENOSPC},   {"save.sync", EIO}, {"save.close", EDQUOT},
    {"save.rename", EIO},     {"kill.trial", 0}, /* before a trial */
    {"kill.filed", 0},                           /* after a trial, before it is saved */
    {"kill.open", 0},   /* during a save: before the temporary file is made, */
    {"kill.half", 0},   /* half of it written, */
    {"kill.sync", 0},   /* all of it written, not yet synced, */
    {"kill.rename", 0}, /* synced, not yet renamed, */
    {"kill.saved", 0},  /* renamed, the directory not yet synced */
    {"exit.trial", 0},  /* before a trial */
};
enum { SITES = sizeof sites / sizeof *sites };

bool nlrmt_fault_armed;
static const fault_site *wanted;
static long visits_left;

static nlrmt_status refuse_site(const char *text, nlrmt_error *err) {
  char known[400] = "";
  for (int i = 0; i < SITES; i++)
    strcat(strcat(known, i > 0 ? ", " : ""), sites[i].name); /* short, ours */
  return nlrmt_fail(err, NLRMT_ERR_CONFIG, "NLRMT_FAULT=%.60s: unknown site, there are %s", text,
                    known);
}

nlrmt_status nlrmt_fault_init(int rank, nlrmt_error *err) {
  const char *text = getenv("NLRMT_FAULT");
  int used = 0, where;
  if (!text || !*text) return NLRMT_OK;
  size_t length = strcspn(text, ":");
  wanted = NULL;
  for (int i = 0; i < SITES; i++)
    if (strlen(sites[i].name) == length && strncmp(sites[i].name, text, length) == 0)
      wanted = &sites[i];
  if (!wanted) return refuse_site(text, err);
  visits_left = 1;
  int got = sscanf(text + length, ":%d%n:%ld%n", &where, &used, &visits_left, &used);
  if (got < 1 || text[length + (size_t)used] != 0 || where < 0 || visits_left < 1)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "NLRMT_FAULT=%.60s: must be SITE:RANK[:COUNT]", text);
  nlrmt_fault_armed = where == rank;
  return NLRMT_OK;
}

bool nlrmt_fault_visit(const char *site) {
  if (strcmp(site, wanted->name) != 0 || --visits_left > 0) return false;
  nlrmt_fault_armed = false;
  fprintf(stderr, "NLRMT_FAULT: %s\n", site);
  if (strncmp(site, "kill.", 5) == 0) raise(SIGKILL);
  if (strncmp(site, "exit.", 5) == 0) _exit(7);
  errno = wanted->number;
  return true;
}
