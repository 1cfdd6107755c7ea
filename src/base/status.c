#include "nlrmt/status.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

nlrmt_status nlrmt_fail(nlrmt_error *err, nlrmt_status status, const char *format, ...) {
  if (err->status != NLRMT_OK) return err->status;
  err->status = status;
  va_list args;
  va_start(args, format);
  vsnprintf(err->text, sizeof err->text, format, args);
  va_end(args);
  /* What users and files say is quoted: it must neither break the line nor steer a terminal. */
  for (char *c = err->text; *c; c++)
    if (iscntrl((unsigned char)*c)) *c = '?';
  return status;
}
