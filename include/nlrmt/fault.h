/* fault: errors and deaths on demand, for the tests of what the program does then.
 *
 * NLRMT_FAULT=SITE:RANK[:COUNT] in the environment makes the COUNT-th visit (1 by default) to SITE
 * on that rank of the whole job go wrong, once. What goes wrong is in the site's name:
 *   kill.*   SIGKILL to this process;  exit.*   it leaves without MPI_Finalize, status 7;
 *   others   nlrmt_fault is true, errno is set, and the caller does as if the call had failed.
 * The sites are listed in fault.c. Without the variable a visit costs one comparison. Local.
 */
#ifndef NLRMT_FAULT_H
#define NLRMT_FAULT_H

#include <stdbool.h>

#include "nlrmt/status.h"

extern bool nlrmt_fault_armed; /* private to the inline function below */

/* Reads the variable; `rank`: this process. NLRMT_ERR_CONFIG for an unknown site, with all that
 * there are, or anything but numbers after it. */
nlrmt_status nlrmt_fault_init(int rank, nlrmt_error *err);

bool nlrmt_fault_visit(const char *site);

/* Whether the call at `site` is to fail now. */
static inline bool nlrmt_fault(const char *site) {
  return nlrmt_fault_armed && nlrmt_fault_visit(site);
}

#endif
