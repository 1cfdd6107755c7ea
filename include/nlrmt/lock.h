/* lock: one writer at a time for a file.
 *
 * The lock is flock on a side file, PATH.lock, and therefore the kernel's: it ends with the process
 * that holds it, however that ends, and a side file that is left over locks nothing. The path
 * itself cannot be locked: it is replaced by every save (file.h). Local: no communication.
 *
 * On NFS, Linux turns flock into a lock on the server, so two nodes exclude each other; where the
 * file system has no such locks (an NFS mount with nolock or local_lock, Lustre without -o flock),
 * they exclude each other on one node at best.
 */
#ifndef NLRMT_LOCK_H
#define NLRMT_LOCK_H

#include <stdbool.h>

#include "nlrmt/status.h"

typedef struct {
  char *path; /* of the side file; NULL: nothing held */
  int fd;
  bool granted; /* false: the file system has no locks */
} nlrmt_lock;

/* Locks `path`, without waiting. NLRMT_ERR_CONFIG if another process holds it, with its host and
 * number; NLRMT_ERR_RESOURCE if the side file cannot be made. On an error *lock is empty. */
nlrmt_status nlrmt_lock_take(nlrmt_lock *lock, const char *path, nlrmt_error *err);

/* Removes the side file and lets go; an empty or zeroed *lock is allowed. */
void nlrmt_lock_release(nlrmt_lock *lock);

#endif
