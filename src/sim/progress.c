#include "nlrmt/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double BAR_INTERVAL = 0.2, LINE_INTERVAL = 30; /* seconds between outputs */
enum { BAR_WIDTH = 16 };

double nlrmt_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* mpirun hands its ranks a pipe as standard error: the terminal, if any, is mpirun's own. */
static bool on_terminal(void) {
  char name[64], link[64];
  if (isatty(STDERR_FILENO)) return true;
  if (!getenv("OMPI_COMM_WORLD_SIZE")) return false;
  snprintf(name, sizeof name, "/proc/%ld/fd/2", (long)getppid());
  ssize_t length = readlink(name, link, sizeof link);
  return length > 8 && (strncmp(link, "/dev/pts", 8) == 0 || strncmp(link, "/dev/tty", 8) == 0);
}

void nlrmt_progress_init(nlrmt_progress *progress, bool quiet, double total) {
  memset(progress, 0, sizeof *progress);
  progress->quiet = quiet;
  progress->terminal = !quiet && on_terminal();
  progress->total = total;
  progress->share = 1;
  progress->started = nlrmt_clock();
  progress->shown = progress->started - LINE_INTERVAL; /* the first line comes at once */
}

void nlrmt_progress_skip(nlrmt_progress *progress, double work) {
  progress->done += work;
  progress->base += work;
}

static void format_duration(double seconds, char *text, size_t size) {
  long s = (long)(seconds + 0.5);
  if (s >= 3600)
    snprintf(text, size, "%ld h %02ld min", s / 3600, s / 60 % 60);
  else if (s >= 60)
    snprintf(text, size, "%ld min %02ld s", s / 60, s % 60);
  else
    snprintf(text, size, "%ld s", s);
}

static double share(const nlrmt_progress *progress) {
  double done = progress->total > 0 ? progress->done / progress->total : 0;
  return done > 1 ? 1 : done;
}

static void format_left(const nlrmt_progress *progress, double now, char *text, size_t size) {
  double done = progress->done - progress->base, left = progress->total - progress->done;
  if (done <= 0 || left < 0)
    left = left < 0 ? 0 : left;
  else
    left *= (now - progress->started) / done;
  format_duration(left, text, size);
}

/* "12/200 trials, 3.1/s, "; nothing if the number of trials is not known. */
static void format_trials(const nlrmt_progress *progress, double now, char *text, size_t size) {
  double rate = progress->trial / (now - progress->started + 1e-9);
  text[0] = 0;
  if (progress->trials > 0 && progress->trial > 0)
    snprintf(text, size, "%d/%d trials, %.3g/%s, ", progress->trial, progress->trials,
             rate >= 1        ? rate
             : rate * 60 >= 1 ? rate * 60
                              : rate * 3600,
             rate >= 1        ? "s"
             : rate * 60 >= 1 ? "min"
                              : "h");
}

static void show(nlrmt_progress *progress, double now) {
  char left[32], trials[64];
  format_left(progress, now, left, sizeof left);
  format_trials(progress, now, trials, sizeof trials);
  progress->shown = now;
  if (!progress->terminal) {
    fprintf(stderr, "%3.0f %%  %s, %s, %s%s left\n", 100 * share(progress), progress->what,
            progress->phase, trials, left);
    return;
  }
  int full = (int)(share(progress) * BAR_WIDTH);
  fprintf(stderr, "\r\033[K[");
  for (int i = 0; i < BAR_WIDTH; i++) fputc(i < full ? '#' : '.', stderr);
  fprintf(stderr, "] %3.0f %% %s, %s, %s%s left", 100 * share(progress), progress->what,
          progress->phase, trials, left);
  fflush(stderr);
}

static void show_if_due(nlrmt_progress *progress) {
  if (progress->quiet) return;
  double now = nlrmt_clock();
  if (now - progress->shown >= (progress->terminal ? BAR_INTERVAL : LINE_INTERVAL))
    show(progress, now);
}

static void poll(nlrmt_progress *progress) {
  if (progress->poll) progress->poll(progress->poll_data);
}

void nlrmt_progress_phase(nlrmt_progress *progress, const char *what, const char *phase) {
  poll(progress);
  snprintf(progress->what, sizeof progress->what, "%s", what);
  snprintf(progress->phase, sizeof progress->phase, "%s", phase);
  if (progress->terminal)
    show(progress, nlrmt_clock());
  else
    show_if_due(progress);
}

void nlrmt_progress_add(nlrmt_progress *progress, double work) {
  poll(progress);
  progress->done += progress->share * work;
  show_if_due(progress);
}

void nlrmt_progress_trial(nlrmt_progress *progress, double work) {
  progress->trial++;
  progress->done += work;
  show_if_due(progress);
}

void nlrmt_progress_say(nlrmt_progress *progress, const char *format, ...) {
  if (progress->quiet) return;
  if (progress->terminal) fprintf(stderr, "\r\033[K");
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  progress->shown = nlrmt_clock();
}

void nlrmt_progress_end(nlrmt_progress *progress) {
  if (!progress->quiet && progress->terminal) fprintf(stderr, "\r\033[K");
}
