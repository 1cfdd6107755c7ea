#include "nlrmt/stop.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "nlrmt/progress.h"

static volatile sig_atomic_t asked;
static double deadline; /* clock; 0: none */
static char stop_file[4096];

static void on_signal(int number) {
  (void)number;
  asked = 1;
}

void nlrmt_stop_watch(double minutes) {
  const int number[] = {SIGTERM, SIGINT, SIGUSR1};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 3; i++) sigaction(number[i], &action, NULL);
  signal(SIGXFSZ, SIG_IGN); /* a file size limit becomes a write error that we report */
  deadline = minutes > 0 ? nlrmt_clock() + 60 * minutes : 0;
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
