/* For tests/tidy: what the analyzer, which sees one file at a time, cannot know: after nlrmt_fail there is an error, and
 * nlrmt_comm_agree forgets none. Without this nearly every warning follows a path on which an error is none. */
#include "nlrmt/comm.h"
#include "nlrmt/status.h"

static inline nlrmt_status tidy_fail(nlrmt_error *err, nlrmt_status status) {
  if (err->status == NLRMT_OK) err->status = status;
  if (err->status == NLRMT_OK) __builtin_unreachable();
  return err->status;
}

static inline nlrmt_status tidy_agree(const nlrmt_comm *comm, nlrmt_error *err) {
  int failed = err->status != NLRMT_OK;
  nlrmt_comm_agree(comm, err);
  if (failed && err->status == NLRMT_OK) __builtin_unreachable();
  return err->status;
}

#ifndef TIDY_PLAIN /* in the files that define them */
#define nlrmt_fail(err, status, ...) tidy_fail(err, status)
#define nlrmt_comm_agree(comm, err) tidy_agree(comm, err)
#endif
