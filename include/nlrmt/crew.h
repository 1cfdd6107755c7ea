/* crew: the ranks of a run in groups, and tasks dealt to the groups as they become free.
 *
 * All groups work, rank 0's among them: rank 0 leads group 0 and, between its own tasks and
 * wherever it is asked to look, hands out numbers of tasks and takes results in. While there are
 * plenty a group is given some ahead, so that it need not wait until rank 0 looks. Messages go
 * between rank 0 and the leaders, ranks 0 of the groups; point to point only. The order in which
 * tasks end is not determined, their results must not depend on it.
 */
#ifndef NLRMT_CREW_H
#define NLRMT_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/comm.h"
#include "nlrmt/grid.h"

typedef struct nlrmt_crew nlrmt_crew;

/* What a leader tells rank 0 of a task: in one allocation, of malloc. */
typedef struct nlrmt_result {
  struct nlrmt_result *next; /* the crew's own */
  int group, task;           /* task -1: the group has left, for the reason `failure` */
  nlrmt_error failure;       /* of a task: numerical, recorded; else as of a group that leaves */
  double memory_peak;        /* bytes of its largest rank */
  size_t words;
  double word[];
} nlrmt_result;

/* Local. NULL without memory. */
nlrmt_result *nlrmt_result_create(int task, size_t words);

/* Collective over world. *crew: this rank's group of `groups` (1 to world->size), with its own
 * communicator and grid. world is borrowed. Errors: NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_crew_create(const nlrmt_comm *world, int groups, nlrmt_crew **crew,
                               nlrmt_error *err);

/* Collective over world. NULL is allowed. */
void nlrmt_crew_destroy(nlrmt_crew **crew);

/* Local. */
int nlrmt_crew_groups(const nlrmt_crew *crew);
int nlrmt_crew_group(const nlrmt_crew *crew);
const nlrmt_comm *nlrmt_crew_comm(const nlrmt_crew *crew);
const nlrmt_grid *nlrmt_crew_grid(const nlrmt_crew *crew);

/* Collective over world. A list of tasks 0, 1, ..., tasks - 1, begun in this order. */
void nlrmt_crew_begin(nlrmt_crew *crew, int tasks);

/* Collective over the group. Its next task; -1 if there is none or all were told to stop. */
int nlrmt_crew_next(nlrmt_crew *crew);

/* Leader. Hands a task's result in; takes *result. On rank 0 it is the next to be taken. */
void nlrmt_crew_hand_in(nlrmt_crew *crew, nlrmt_result *result);

/* Rank 0. No more tasks are given, the groups leave after the one they are at. */
void nlrmt_crew_stop(nlrmt_crew *crew);

/* Rank 0. Takes in what has arrived and answers it; it waits until nlrmt_crew_take. Cheap: may be
 * called in the middle of a task (nlrmt_progress.poll). */
void nlrmt_crew_look(nlrmt_crew *crew);

/* Rank 0. A result that has arrived, the caller's to free; NULL if there is none. */
nlrmt_result *nlrmt_crew_take(nlrmt_crew *crew);

/* Rank 0. Why the first group that left by an error did so; NLRMT_OK, or a wish to stop: none. */
const nlrmt_error *nlrmt_crew_failure(const nlrmt_crew *crew);

/* Rank 0. Whether another group is still at work or a result is waiting. */
bool nlrmt_crew_busy(const nlrmt_crew *crew);

/* Collective over the group, after its last task: why it leaves (NLRMT_OK: no task is left, or it
 * was told to stop). Rank 0 then goes on to look until the crew is not busy. */
void nlrmt_crew_leave(nlrmt_crew *crew, const nlrmt_error *reason);

#endif
