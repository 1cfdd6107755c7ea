#include "nlrmt/stop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "nlrmt/progress.h"

enum { SAVING = 60 }; /* seconds kept free before Slurm's limit for the last save and the end */

static volatile sig_atomic_t asked;
static double deadline; /* clock; 0: none */
static char stop_file[4096];

static void on_signal(int number) {
  (void)number;
  asked = 1;
}

/* Seconds until the Slurm job that this runs in is ended; 0: no such job, or it is not told. A
 * limit that has just passed (Slurm looks once in 30 s) still is one. */
static double slurm_left(void) {
  const char *text = getenv("SLURM_JOB_END_TIME");
  char *end;
  double when = text ? strtod(text, &end) : 0;
  if (!text || end == text || *end || !(when > 0 && when < 1e11)) return 0;
  double left = when - (double)time(NULL) - SAVING;
  return left > 1e-3 ? left : 1e-3;
}

void nlrmt_stop_watch(double minutes) {
  const int number[] = {SIGTERM, SIGINT, SIGUSR1};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 3; i++) sigaction(number[i], &action, NULL);
  signal(SIGXFSZ, SIG_IGN); /* a file size limit becomes a write error that we report */
  double left = minutes > 0 ? 60 * minutes : slurm_left();
  deadline = left > 0 ? nlrmt_clock() + left : 0;
}

void nlrmt_stop_file(const char *output) {
  int length = snprintf(stop_file, sizeof stop_file, "%s.stop", output);
  if ((size_t)length >= sizeof stop_file) stop_file[0] = 0;
}

void nlrmt_stop_file_clear(void) {
  if (stop_file[0]) unlink(stop_file);
}

bool nlrmt_stop_agreed(const nlrmt_comm *comm, double next) {
  if (stop_file[0] && unlink(stop_file) == 0) asked = 1;
  int stop = asked || (deadline > 0 && nlrmt_clock() + next > deadline);
  MPI_Allreduce(MPI_IN_PLACE, &stop, 1, MPI_INT, MPI_LOR, comm->mpi);
  return stop;
}
