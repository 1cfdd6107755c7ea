/* nlrmt_sim: init, options, configuration, plan or run, report. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "nlrmt/blas.h"
#include "nlrmt/comm.h"
#include "nlrmt/config.h"
#include "nlrmt/fault.h"
#include "nlrmt/file.h"
#include "nlrmt/gemm.h"
#include "nlrmt/h5.h"
#include "nlrmt/launch.h"
#include "nlrmt/options.h"
#include "nlrmt/probe.h"
#include "nlrmt/run.h"
#include "nlrmt/samples.h"
#include "nlrmt/split.h"
#include "nlrmt/stop.h"

static void print_version(void) {
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
  int length;
  MPI_Get_library_version(mpi, &length);
  printf("nlrmt_sim %s (%s)\nMPI        %s\nScaLAPACK  %s\nELPA       %s\nOpenBLAS   %s, core %s\n"
         "int8       %s\nHDF5       %s\n",
         NLRMT_VERSION, NLRMT_GIT_COMMIT, mpi, NLRMT_SCALAPACK, NLRMT_ELPA, nlrmt_blas_config(),
         nlrmt_blas_core(), nlrmt_gemm_int8_name(), nlrmt_h5_version());
}

/* Collective. Rank 0 reads the file, every rank parses the same text. */
static nlrmt_status load_config(const nlrmt_comm *comm, const nlrmt_options *options,
                                nlrmt_config **config, nlrmt_error *err) {
  size_t size = 0;
  char *text = NULL;
  if (comm->rank == 0) text = nlrmt_file_read(options->config, &size, err);
  if (err->status != NLRMT_OK) err->status = NLRMT_ERR_CONFIG;
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  int length = (int)size;
  MPI_Bcast(&length, 1, MPI_INT, 0, comm->mpi);
  if (comm->rank != 0) text = calloc((size_t)length + 1, 1);
  if (!text) MPI_Abort(comm->mpi, NLRMT_ERR_RESOURCE); /* a few kilobytes: the node is lost */
  MPI_Bcast(text, length, MPI_CHAR, 0, comm->mpi);
  nlrmt_config_parse(options->config, text, options->sets, options->set, options->panels,
                     options->panel, config, err);
  free(text);
  return err->status;
}

/* Collective. This rank's measured dgemm rate, averaged over the ranks. */
static double mean_rate(const nlrmt_comm *comm) {
  double rate = nlrmt_blas_rate();
  MPI_Allreduce(MPI_IN_PLACE, &rate, 1, MPI_DOUBLE, MPI_SUM, comm->mpi);
  return rate / comm->size;
}

/* Collective. Mode auto first becomes one of the others. */
static void plan_or_run(const nlrmt_comm *comm, const nlrmt_options *options, nlrmt_config *config,
                        nlrmt_error *err) {
  if (nlrmt_probe_config(comm, config, options->quiet ? NULL : stderr, err) != NLRMT_OK) return;
  double rate = mean_rate(comm);
  if (options->plan)
    nlrmt_split_print(comm, config, rate, stdout, err);
  else
    nlrmt_run(comm, options, config, rate, err);
}

static nlrmt_status work(const nlrmt_comm *comm, const nlrmt_options *options, nlrmt_error *err) {
  nlrmt_config *config = NULL;
  if (load_config(comm, options, &config, err) == NLRMT_OK &&
      nlrmt_samples_resolve(comm, config, err) == NLRMT_OK) {
    if (!options->check)
      plan_or_run(comm, options, config, err);
    else if (comm->rank == 0)
      printf("%s: good: %d panel%s\n", options->config, config->panels,
             config->panels == 1 ? "" : "s");
  }
  nlrmt_config_destroy(&config);
  return err->status;
}

int main(int argc, char **argv) {
  nlrmt_blas_guard(argv);
  MPI_Init(&argc, &argv);
  nlrmt_comm comm;
  nlrmt_options options;
  nlrmt_error err = {0};
  bool speaks;
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  nlrmt_blas_share_cpus(&comm);
  if (nlrmt_launch_check(comm.size, &speaks, &err) == NLRMT_OK &&
      nlrmt_fault_init(comm.rank, &err) == NLRMT_OK &&
      nlrmt_options_parse(argc, argv, &options, &err) == NLRMT_OK) {
    nlrmt_stop_watch(options.time_limit);
    if (options.help || options.version || options.keys) {
      if (comm.rank == 0 && options.help) nlrmt_options_help(stdout);
      if (comm.rank == 0 && options.version) print_version();
      if (comm.rank == 0 && options.keys) nlrmt_config_list(stdout);
    } else {
      if (comm.rank == 0 && !options.quiet && nlrmt_blas_guard_note())
        fprintf(stderr, "%s\n", nlrmt_blas_guard_note());
      work(&comm, &options, &err);
    }
  }
  if (comm.rank == 0 && speaks && err.status != NLRMT_OK)
    fprintf(stderr, "nlrmt_sim: %s\n", err.text);
  nlrmt_comm_clear(&comm);
  MPI_Finalize();
  return err.status;
}
