/* split: into how many groups the ranks go for the trials of one point.
 *
 * With parallel.ranks_per_trial = N there are floor(P/N) groups of the P ranks, at least one, and
 * all ranks are dealt to them in turn: a group has N ranks or more, and no two differ by more than
 * one. auto: of the sizes 1, 2, 4, ... and P those that fit into memory with all groups at work,
 * and of these the one that ends first by the model
 *
 *   time of all trials = trials/groups (work/(rate g) + serial n^2 + 8 n latency log2 g),
 *
 * g the group's size, trials/groups rounded up for short lists. The rate of dgemm and the latency
 * of a reduction are measured at start. Small matrices so have one rank each, and matrices that
 * are large, few, or better off with an eigensolver for several ranks, all.
 */
#ifndef NLRMT_SPLIT_H
#define NLRMT_SPLIT_H

#include <stdio.h>

#include "nlrmt/comm.h"
#include "nlrmt/config.h"
#include "nlrmt/plan.h"

typedef struct {
  int size;       /* ranks */
  double rate;    /* flop/s of a rank in dgemm */
  double latency; /* seconds of an 8-byte MPI_Allreduce over two ranks or more; 0 with one rank */
  double bytes;   /* memory that a rank may take, on the node that has least */
} nlrmt_machine;

typedef struct {
  int groups, ranks; /* ranks: of the smallest group */
  double trial;      /* predicted seconds of one trial in it */
} nlrmt_split;

/* Collective over comm. rate: as nlrmt_blas_rate gives it, averaged over the ranks. */
nlrmt_machine nlrmt_machine_measure(const nlrmt_comm *comm, double rate);

/* Local. The first rank of `group` (0 to groups - 1) of `size` ranks; group = groups gives size. */
int nlrmt_split_first(int size, int groups, int group);

/* Local. How `trials` trials of a point are best shared. plan [params->shown]: of the smallest
 * group, by which memory is judged. Without a size that fits, all ranks are one group. Errors as
 * nlrmt_plan_layers. */
nlrmt_status nlrmt_split_choose(const nlrmt_params *params, const nlrmt_machine *machine,
                                int trials, nlrmt_plan *plan, nlrmt_split *split, nlrmt_error *err);

/* Collective over comm; rank 0 prints. The table of --plan: every point of the configuration, as if
 * the output had nothing of it yet. */
nlrmt_status nlrmt_split_print(const nlrmt_comm *comm, const nlrmt_config *config, double rate,
                               FILE *stream, nlrmt_error *err);

/* Local. Predicted seconds of `trials` trials. */
double nlrmt_split_seconds(const nlrmt_split *split, int trials);

#endif
