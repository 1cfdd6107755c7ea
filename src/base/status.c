#include "nlrmt/status.h"

#include <stdarg.h>
#include <stdio.h>

nlrmt_status nlrmt_fail(nlrmt_error *err, nlrmt_status status, const char *format, ...) {
  if (err->status != NLRMT_OK) return err->status;
  err->status = status;
  va_list args;
  va_start(args, format);
  vsnprintf(err->text, sizeof err->text, format, args);
  va_end(args);
  return status;
}
