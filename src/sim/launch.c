#include "nlrmt/launch.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* What launchers tell the processes they start: how many, and which one this is. The first that is
 * there speaks: a job of Slurm has Slurm's variables under mpirun as well. */
typedef struct {
  const char *size, *rank, *name;
} launcher;

static const launcher launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "Open MPI's mpirun"},
    {"PMI_SIZE", "PMI_RANK", "mpirun of MPICH, Intel MPI or another Hydra"},
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "srun"},
};

static int number(const char *name) {
  const char *text = getenv(name);
  return text ? atoi(text) : 0;
}

/* The name that this MPI gives itself, up to its version's details. */
static void library(char name[MPI_MAX_LIBRARY_VERSION_STRING]) {
  int length;
  MPI_Get_library_version(name, &length);
  name[strcspn(name, ",\n\t")] = 0;
  if (strlen(name) > 60) name[60] = 0;
}

nlrmt_status nlrmt_launch_check(int size, bool *speaks, nlrmt_error *err) {
  enum { LAUNCHERS = sizeof launchers / sizeof *launchers };
  int k = 0, started = 0;
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
  *speaks = true;
  while (k < LAUNCHERS && !getenv(launchers[k].size)) k++;
  if (k < LAUNCHERS) started = number(launchers[k].size);
  if (size > 1 || started <= 1) return NLRMT_OK;
  *speaks = number(launchers[k].rank) == 0;
  library(mpi);
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "%s started %d processes, and each is alone: this program is built with %s; "
                    "start it with the "
                    "mpirun of that MPI%s",
                    launchers[k].name, started, mpi,
                    strcmp(launchers[k].name, "srun") == 0
                        ? ", or with srun --mpi=pmix (srun --mpi=list: what there is)"
                        : " (mpirun --version tells whose it is; Debian: mpirun.openmpi)");
}
