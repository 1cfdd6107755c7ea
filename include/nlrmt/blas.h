/* blas: OpenBLAS, its active core and its threads. The only file that knows OpenBLAS's own calls.
 *
 * A distribution's OpenBLAS may be older than the CPU and then runs kernels several times too slow
 * (measured: 4 x). It chooses its core in a library constructor, so the cure is to restart the
 * program with OPENBLAS_CORETYPE set, before MPI_Init.
 */
#ifndef NLRMT_BLAS_H
#define NLRMT_BLAS_H

#include "nlrmt/comm.h"

/* Local, before MPI_Init. If the active core is below what CPUID allows and OPENBLAS_CORETYPE is
 * not set by the user, sets it and re-executes argv; returns otherwise. Never loops. */
void nlrmt_blas_guard(char **argv);

/* Local. Active core, e.g. "SkylakeX". */
const char *nlrmt_blas_core(void);

/* Local. Full configuration line of the library. */
const char *nlrmt_blas_config(void);

/* Local. One line if the guard restarted the program, or if the user's OPENBLAS_CORETYPE makes it
 * slower than need be; else NULL. */
const char *nlrmt_blas_guard_note(void);

/* Collective over comm, which must hold all ranks of the job on this node. Sets the threads of this
 * rank to its share of the cores it may run on; returns that number (at least 1). A core that
 * several ranks may use (no binding, or binding to sockets) is shared evenly; hardware threads of
 * one core count once. OPENBLAS_NUM_THREADS or OMP_NUM_THREADS, if set, are obeyed instead. */
int nlrmt_blas_share_cpus(const nlrmt_comm *comm);

/* Local. Threads of the BLAS: how many they are, and that they shall be `threads`. */
int nlrmt_blas_threads(void);
void nlrmt_blas_set_threads(int threads);

/* Local. Measured dgemm rate of this rank in flop/s (about 0.1 s); 0 if there is no memory. */
double nlrmt_blas_rate(void);

#endif
