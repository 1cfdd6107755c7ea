/* blas: OpenBLAS, its active core and its threads. The only file that knows OpenBLAS's own calls.
 *
 * A distribution's OpenBLAS may be older than the CPU and then runs kernels several times too slow
 * (measured: 4 x). It chooses its core in a library constructor, so the cure is to restart the
 * program with OPENBLAS_CORETYPE set, before MPI_Init.
 */
#ifndef NLRMT_BLAS_H
#define NLRMT_BLAS_H

/* Local, before MPI_Init. If the active core is below what CPUID allows and OPENBLAS_CORETYPE is
 * not set by the user, sets it and re-executes argv; returns otherwise. Never loops. */
void nlrmt_blas_guard(char **argv);

/* Local. Active core, e.g. "SkylakeX". */
const char *nlrmt_blas_core(void);

/* Local. Full configuration line of the library. */
const char *nlrmt_blas_config(void);

/* Local. One line saying that and why the guard restarted the program, or NULL if it did not. */
const char *nlrmt_blas_guard_note(void);

/* Local. Sets the threads of this rank to its share of the CPUs it may run on, given the number of
 * ranks on its node; returns that number. */
int nlrmt_blas_share_cpus(int node_ranks);

/* Local. Measured dgemm rate of this rank in flop/s (about 0.1 s). */
double nlrmt_blas_rate(void);

#endif
