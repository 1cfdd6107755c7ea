/* progress: a bar with phase and time left on a terminal, lines in a log, nothing with -q.
 *
 * Work is counted in predicted seconds (plan.h); the time left is the work left, scaled by how the
 * work done so far compares with its prediction. Local: rank 0 holds a live one, the others a
 * silent one.
 */
#ifndef NLRMT_PROGRESS_H
#define NLRMT_PROGRESS_H

#include <stdbool.h>

typedef struct {
  bool quiet, terminal;
  double total, done;    /* predicted seconds */
  double started, shown; /* clock at start and at the last output, seconds */
  double base;           /* work that earlier runs did (resume): not counted in the speed */
  double share;          /* of nlrmt_progress_add that counts: 0 where trials count as a whole */
  int trials, trial;     /* to be done by this run, set by its owner; done */
  void (*poll)(void *);  /* called wherever work is reported, with poll_data; NULL: nothing */
  void *poll_data;
  char what[64], phase[32];
} nlrmt_progress;

/* Local. total: predicted seconds of all work; quiet on all ranks but 0. */
void nlrmt_progress_init(nlrmt_progress *progress, bool quiet, double total);

/* Local. Work done by an earlier run. */
void nlrmt_progress_skip(nlrmt_progress *progress, double work);

/* Local. From here on the work belongs to `what` (panel, point, trial) and to `phase`. */
void nlrmt_progress_phase(nlrmt_progress *progress, const char *what, const char *phase);

/* Local. `work` predicted seconds were done. */
void nlrmt_progress_add(nlrmt_progress *progress, double work);

/* Local. A trial was done; `work`: what nlrmt_progress_add did not count of it. */
void nlrmt_progress_trial(nlrmt_progress *progress, double work);

/* Local. One line that stays, printf format, bar or not; nothing with -q. */
void nlrmt_progress_say(nlrmt_progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Local. Clears the bar. */
void nlrmt_progress_end(nlrmt_progress *progress);

/* Local. Monotonic clock, seconds. */
double nlrmt_clock(void);

#endif
