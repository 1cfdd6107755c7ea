/* on_grid: the main of MPI tests that need one process grid, of all ranks. */
#ifndef ON_GRID_H
#define ON_GRID_H

#include "check.h"
#include "nlrmt/grid.h"

/* Runs the checks; the exit status. */
static int on_grid(const char *name, int *argc, char ***argv,
                   void (*checks)(const nlrmt_grid *grid)) {
  nlrmt_comm comm;
  nlrmt_grid *grid = NULL;
  nlrmt_error err = {0};
  MPI_Init(argc, argv);
  nlrmt_comm_init(&comm, MPI_COMM_WORLD);
  CHECK(nlrmt_grid_create(&comm, 0, 0, &grid, &err) == NLRMT_OK, "%s", err.text);
  if (grid) checks(grid);
  nlrmt_grid_destroy(&grid);
  int status = check_end(name, comm.rank);
  nlrmt_comm_clear(&comm);
  MPI_Finalize();
  return status;
}

#endif
