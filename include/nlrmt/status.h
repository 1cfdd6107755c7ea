/* status: how every fallible function reports.
 *
 * A function that can fail returns an nlrmt_status and takes, last, an nlrmt_error that receives
 * the one line a user reads: "<where>: <what>: <reason>, <remedy>". Statuses are the programs'
 * exit statuses. Our own bugs are asserts; these are for what users, data and machines do.
 */
#ifndef NLRMT_STATUS_H
#define NLRMT_STATUS_H

typedef enum {
  NLRMT_OK = 0,
  NLRMT_ERR_CONFIG = 2,   /* command line or configuration */
  NLRMT_ERR_DATA = 3,     /* a data file */
  NLRMT_ERR_RESOURCE = 4, /* memory or disk */
  NLRMT_ERR_NUMERIC = 5,  /* a computation failed: eigensolver, law that cannot be certified */
  NLRMT_STOPPED = 75      /* stopped early on request, resumable */
} nlrmt_status;

typedef struct {
  nlrmt_status status;
  char text[512]; /* without program name and newline */
} nlrmt_error;

/* Local. Records status and the printf-formatted text in *err, control characters as ?, keeping the
 * first error if *err already holds one. Returns err->status, so that callers can write `return
 * nlrmt_fail(...)`. */
nlrmt_status nlrmt_fail(nlrmt_error *err, nlrmt_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
