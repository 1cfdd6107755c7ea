#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nlrmt/cumulants.h"
#include "nlrmt/sample_row.h"
#include "nlrmt/stop.h"
#include "run_parts.h"

/* Seconds that the other groups have to end their trials when one was lost by an error. */
static const double GRACE = 5;

typedef struct {
  int work, trial;
} task;

/* The points whose trials are on one list. */
typedef struct {
  int works, tasks;
  work *work;  /* [works] */
  task *task;  /* [tasks] point after point */
  bool broken; /* rank 0: the output takes no more */
} batch;

/* ---- rank 0: results ---- */

/* With -v: one line a layer. */
static void say_seconds(run *r, const work *w, int trial) {
  for (int i = 0; i < w->stages && r->options->verbose; i++) {
    const nlrmt_sample *s = &w->stage[i].sample;
    const double *seconds = s->seconds + (s->done - 1) * NLRMT_PHASES;
    nlrmt_progress_say(
        &r->progress,
        "%.20s p%04d %d/%d: generate %.2f s, gram %.2f s, eigenvalues %.2f s, "
        "ridge %.2f s",
        r->config->panel[w->item->panel].name, w->item->point, trial - w->params->first_trial + 1,
        w->params->trials, seconds[NLRMT_PHASE_GENERATE], seconds[NLRMT_PHASE_GRAM],
        seconds[NLRMT_PHASE_REDUCE] + seconds[NLRMT_PHASE_EIGEN], seconds[NLRMT_PHASE_RIDGE]);
  }
}

static bool goes_whole(const work *w, int trial) {
  return trial == w->params->first_trial && w->params->vectors == NLRMT_VECTORS_FULL;
}

/* Files a finished trial, or the reason why it failed, with the sample of every layer. */
static void file_trial(run *r, work *w, int trial, const nlrmt_result *result, nlrmt_error *err) {
  const nlrmt_error *failure = &result->failure;
  size_t used = 0;
  for (int i = 0; i < w->stages && err->status == NLRMT_OK; i++) {
    nlrmt_sample *s = &w->stage[i].sample;
    if (failure->status != NLRMT_OK) {
      s->failed_trial[s->failed] = trial;
      s->failure[s->failed++] = *failure;
    } else {
      used += nlrmt_sample_unpack(s, w->stage[i].params, s->done, goes_whole(w, trial),
                                  result->word + used);
      s->trial[s->done++] = trial;
      nlrmt_output_trial(r->output, w->item->panel, w->item->point, w->stage[i].params,
                         &w->stage[i].plan, s, err);
    }
  }
  w->peak = fmax(w->peak, result->memory_peak);
  w->left--;
  r->failures += failure->status != NLRMT_OK;
  if (failure->status != NLRMT_OK)
    nlrmt_progress_say(&r->progress, "%.20s p%04d %d/%d failed: %s",
                       r->config->panel[w->item->panel].name, w->item->point,
                       trial - w->params->first_trial + 1, w->params->trials, failure->text);
  else
    say_seconds(r, w, trial);
  nlrmt_progress_trial(&r->progress, nlrmt_crew_groups(r->crew) > 1 ? w->item->work : 0);
}

/* An error is graver than a wish to stop; of two errors the first counts. */
static void note(nlrmt_error *err, const nlrmt_error *other) {
  if (err->status == NLRMT_OK || (err->status == NLRMT_STOPPED && other->status != NLRMT_OK))
    *err = *other;
}

/* Files what has arrived and concludes the points that are complete by it. Errors, the groups' own
 * among them, tell all to stop. */
static void file_results(run *r, batch *b, nlrmt_error *err) {
  nlrmt_result *result;
  if (r->comm->rank != 0) return;
  nlrmt_crew_look(r->crew);
  while ((result = nlrmt_crew_take(r->crew))) {
    if (result->task < 0) {
      note(err, &result->failure);
    } else if (!b->broken) {
      work *w = &b->work[b->task[result->task].work];
      nlrmt_error own = {0};
      file_trial(r, w, b->task[result->task].trial, result, &own);
      if (own.status == NLRMT_OK && w->left == 0) run_point_conclude(r, w, &own);
      b->broken = own.status != NLRMT_OK;
      note(err, &own);
    }
    free(result);
    if (err->status != NLRMT_OK) nlrmt_crew_stop(r->crew);
    nlrmt_crew_look(r->crew);
  }
}

/* The other groups may sit in long trials: saves what is there and ends all. */
static void abandon(run *r, const nlrmt_error *err) {
  nlrmt_error ignored = {0};
  nlrmt_progress_end(&r->progress);
  nlrmt_output_finish(r->output, false, &ignored);
  fprintf(stderr, "nlrmt_sim: %s\n", err->text);
  fflush(stderr);
  MPI_Abort(r->comm->mpi, (int)err->status);
}

/* Rank 0. Ends the run when the others have had their time since `err`, if that is an error. */
static void watch(run *r, const nlrmt_error *err) {
  if (err->status == NLRMT_OK || err->status == NLRMT_STOPPED) return;
  if (r->doomed == 0) {
    r->doomed = nlrmt_clock();
    r->doom = *err;
  }
  if (nlrmt_clock() - r->doomed > GRACE) abandon(r, &r->doom);
}

void run_batch_poll(void *data) {
  run *r = data;
  if (!r->crew) return;
  nlrmt_crew_look(r->crew);
  watch(r, nlrmt_crew_failure(r->crew));
}

/* ---- every group: a trial ---- */

/* Leader: the cycle correlations of the trial at hand, if they are asked for. */
static void measure_cumulants(work *w, int trial, nlrmt_error *err) {
  nlrmt_sample *s = &run_point_last(w)->row;
  double start = nlrmt_clock();
  if (!s->product) return;
  nlrmt_cumulants_measure(w->params, trial, s->product, err);
  s->seconds[NLRMT_PHASE_GENERATE] += nlrmt_clock() - start;
}

/* Leader. */
static void hand_in(run *r, work *w, int number, int trial, const nlrmt_error *failure, double peak,
                    nlrmt_error *err) {
  bool good = failure->status == NLRMT_OK, whole = goes_whole(w, trial);
  size_t words = 0, used = 0;
  if (good) measure_cumulants(w, trial, err);
  if (err->status != NLRMT_OK) return;
  for (int i = 0; i < w->stages && good; i++)
    words += nlrmt_sample_words(&w->stage[i].row, w->stage[i].params, whole);
  nlrmt_result *result = nlrmt_result_create(number, words);
  if (!result) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: result of a trial, %zu numbers", words);
    return;
  }
  result->failure = *failure;
  result->memory_peak = peak;
  for (int i = 0; i < w->stages && good; i++)
    used += nlrmt_sample_pack(&w->stage[i].row, w->stage[i].params, 0, whole, result->word + used);
  nlrmt_crew_hand_in(r->crew, result);
}

/* Collective over the group. A numerical failure is recorded and does not end the run. Other errors
 * may be this rank's alone. */
static void do_trial(run *r, batch *b, int number, nlrmt_error *err) {
  const nlrmt_comm *group = nlrmt_crew_comm(r->crew);
  int trial = b->task[number].trial;
  work *w = &b->work[b->task[number].work];
  nlrmt_error failure = {0};
  double start = nlrmt_clock(), peak;
  snprintf(w->what, sizeof w->what, "%.20s p%04d %d/%d", r->config->panel[w->item->panel].name,
           w->item->point, trial - w->params->first_trial + 1, w->params->trials);
  run_point_trial(r, w, trial, &failure);
  peak = (double)nlrmt_memory_peak();
  MPI_Allreduce(MPI_IN_PLACE, &peak, 1, MPI_DOUBLE, MPI_MAX, group->mpi);
  if (failure.status != NLRMT_OK && failure.status != NLRMT_ERR_NUMERIC)
    *err = failure;
  else if (group->rank == 0)
    hand_in(r, w, number, trial, &failure, peak, err);
  double took = nlrmt_clock() - start;
  w->slowest = fmax(w->slowest, took);
  r->busy += took;
}

/* Collective over the group. Trials as long as there are any; *err: why this group ended early. */
static void labour(run *r, batch *b, nlrmt_error *err) {
  const nlrmt_comm *group = nlrmt_crew_comm(r->crew);
  for (;;) {
    file_results(r, b, err);
    if (nlrmt_comm_agree(group, err) != NLRMT_OK) return;
    int number = nlrmt_crew_next(r->crew);
    if (number < 0) return;
    const work *w = &b->work[b->task[number].work];
    if (nlrmt_stop_agreed(group, w->slowest > 0 ? w->slowest : w->item->split.trial)) {
      run_stopped(r, err);
      return;
    }
    do_trial(r, b, number, err);
  }
}

/* Rank 0, when its own group is done: takes in what the others still do. */
static void await_others(run *r, batch *b, nlrmt_error *err) {
  const struct timespec nap = {0, 200000};
  if (err->status != NLRMT_OK) nlrmt_crew_stop(r->crew);
  while (nlrmt_crew_busy(r->crew)) {
    file_results(r, b, err);
    watch(r, err);
    nanosleep(&nap, NULL);
  }
  nlrmt_error ignored = {0}; /* after an error nothing more is written but this */
  if (err->status != NLRMT_OK && err->status != NLRMT_STOPPED && !b->broken)
    nlrmt_output_finish(r->output, false, &ignored);
}

/* ---- the batch ---- */

/* Local, the same on every rank. */
static nlrmt_status list_tasks(batch *b, nlrmt_error *err) {
  size_t count = 0;
  for (int i = 0; i < b->works; i++) count += (size_t)b->work[i].left;
  b->task = malloc((count + 1) * sizeof *b->task);
  if (!b->task) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu trials", count);
  for (int i = 0; i < b->works; i++)
    for (int t = 0; t < b->work[i].params->trials; t++)
      if (!b->work[i].have[t]) b->task[b->tasks++] = (task){i, b->work[i].params->first_trial + t};
  return NLRMT_OK;
}

/* Collective over comm. */
static nlrmt_status begin(run *r, int count, const todo *items, batch *b, nlrmt_error *err) {
  b->work = calloc((size_t)count, sizeof *b->work);
  if (!b->work) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d points", count);
  if (nlrmt_comm_agree(r->comm, err) != NLRMT_OK) return err->status;
  for (; b->works < count && err->status == NLRMT_OK; b->works++)
    run_point_begin(r, &items[b->works], &b->work[b->works], err);
  if (err->status == NLRMT_OK) list_tasks(b, err);
  return nlrmt_comm_agree(r->comm, err);
}

/* Collective over comm. The ranks in `groups` groups. */
static nlrmt_status regroup(run *r, int groups, nlrmt_error *err) {
  if (r->crew && nlrmt_crew_groups(r->crew) == groups) return NLRMT_OK;
  nlrmt_crew_destroy(&r->crew);
  if (groups > r->groups) r->groups = groups;
  r->progress.share = groups > 1 ? 0 : 1;
  return nlrmt_crew_create(r->comm, groups, &r->crew, err);
}

nlrmt_status run_batch(run *r, int count, const todo *items, nlrmt_error *err) {
  batch b = {0};
  if (regroup(r, items[0].split.groups, err) == NLRMT_OK &&
      begin(r, count, items, &b, err) == NLRMT_OK) {
    for (int i = 0; i < b.works && r->comm->rank == 0 && err->status == NLRMT_OK; i++)
      if (b.work[i].left == 0) run_point_conclude(r, &b.work[i], err);
    if (nlrmt_comm_agree(r->comm, err) == NLRMT_OK) {
      nlrmt_crew_begin(r->crew, b.tasks);
      labour(r, &b, err);
      nlrmt_crew_leave(r->crew, err);
      if (r->comm->rank == 0) await_others(r, &b, err);
      MPI_Bcast(err, (int)sizeof *err, MPI_BYTE, 0, r->comm->mpi); /* rank 0 has heard them all */
    }
  }
  for (int i = 0; i < b.works; i++) run_point_clear(&b.work[i]);
  free(b.work);
  free(b.task);
  return err->status;
}
