/* The guard against slow OpenBLAS kernels, and the sharing of cores between ranks. The program
 * starts itself with OpenBLAS forced to Prescott and then hides the force from the guard, which
 * must restart it once more. Any rank count. */
#include "nlrmt/blas.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static void provoke(char **argv) {
  const char *stage = getenv("NLRMT_TEST_STAGE");
  if (!stage) {
    setenv("NLRMT_TEST_STAGE", "forced", 1);
    setenv("OPENBLAS_CORETYPE", "Prescott", 1);
    execv("/proc/self/exe", argv);
  } else if (!strcmp(stage, "forced")) {
    nlrmt_blas_guard(argv); /* the user's choice stands: returns */
    setenv("NLRMT_TEST_STAGE", nlrmt_blas_guard_note() ? "noted" : "silent", 1);
    unsetenv("OPENBLAS_CORETYPE");
  }
  nlrmt_blas_guard(argv);
}

int main(int argc, char **argv) {
  provoke(argv);
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  CHECK(strlen(nlrmt_blas_core()) > 0 && strlen(nlrmt_blas_config()) > 0, "no names");
#if defined(__x86_64__)
  if (strstr(nlrmt_blas_config(), "DYNAMIC_ARCH") && __builtin_cpu_supports("avx2")) {
    const char *note = nlrmt_blas_guard_note();
    CHECK(note && strstr(note, "Prescott"), "note: %s", note ? note : "none");
    CHECK(!strcmp(nlrmt_blas_core(), "Haswell") || !strcmp(nlrmt_blas_core(), "SkylakeX"), "%s",
          nlrmt_blas_core());
    CHECK(!strcmp(getenv("NLRMT_TEST_STAGE"), "noted"), "a slow choice of the user goes unnoted");
  }
#endif
  unsetenv("OPENBLAS_NUM_THREADS");
  unsetenv("OMP_NUM_THREADS");
  int threads = nlrmt_blas_share_cpus(&comm), most = (int)sysconf(_SC_NPROCESSORS_ONLN);
  CHECK(threads >= 1 && threads <= most, "%d threads", threads);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  CHECK(nlrmt_blas_share_cpus(&comm) == threads, "the user's number is left alone");
  CHECK(nlrmt_blas_rate() > 1e6, "%g flop/s", nlrmt_blas_rate());
  int failed = check_end("mpi_blas", comm.rank);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
