/* run_parts: what the parts of a run share: run.c (from opening to the end), run_point.c (one
 * point), run_batch.c (the trials of several points, by groups of ranks). Private to them.
 */
#ifndef NLRMT_RUN_PARTS_H
#define NLRMT_RUN_PARTS_H

#include "nlrmt/crew.h"
#include "nlrmt/kernel_point.h"
#include "nlrmt/options.h"
#include "nlrmt/output.h"
#include "nlrmt/progress.h"
#include "nlrmt/samples.h"
#include "nlrmt/split.h"

/* The whole run: what main gave and what lives until its end. */
typedef struct {
  const nlrmt_comm *comm;
  const nlrmt_options *options;
  nlrmt_config *config; /* its points are given the measured spectra while they run */
  nlrmt_machine machine;
  nlrmt_grid *grid;     /* of all ranks */
  nlrmt_crew *crew;     /* the present split */
  nlrmt_output *output; /* rank 0 */
  nlrmt_progress progress;
  char path[4096];
  int failures;   /* rank 0: trials and laws that failed numerically */
  double started; /* clock */
  double busy;    /* seconds that this rank spent in trials, data and laws */
  int groups;     /* most at a time */
  double doomed;  /* rank 0: clock when a group was lost; 0: none was */
  nlrmt_error doom;
} run;

/* A point that is to be done, and how. */
typedef struct {
  int panel, point;
  int left; /* trials that the output lacks */
  nlrmt_split split;
  double work;  /* predicted seconds of one trial, divided by the number of groups */
  double bytes; /* of the rows that rank 0 keeps */
} todo;

/* One layer of a point. */
typedef struct {
  const nlrmt_params *params; /* the point's own, or `own` where it has several layers */
  nlrmt_params own;
  nlrmt_plan plan;     /* on the ranks of this group */
  nlrmt_sample row;    /* one row: of the trial at hand */
  nlrmt_sample sample; /* rank 0: all rows that are there */
} stage;

/* One point in work. */
typedef struct {
  const todo *item;
  nlrmt_params *params;
  int stages;
  stage *stage;                 /* [stages] the layers that are looked at, the last one last */
  nlrmt_samples *data;          /* samples from files on all ranks: their spectrum */
  nlrmt_samples *samples;       /* the group's; NULL: i.i.d. data, or none was made yet */
  bool ready;                   /* `samples` is as it has to be */
  nlrmt_kernel_solution kernel; /* of the law kernel, if it is wanted; rank 0 */
  unsigned char *have;          /* [trials] already in the output */
  int left;                     /* rank 0: trials whose results are not there */
  char what[64];
  double slowest; /* seconds of the slowest trial of this group so far */
  double peak;    /* rank 0: bytes of the largest rank so far */
} work;

/* Returned: NLRMT_STOPPED, recorded in *err. */
nlrmt_status run_stopped(const run *r, nlrmt_error *err);

/* Local. Predicted seconds of one trial: of all layers' plans. */
double run_trial_seconds(int stages, const nlrmt_plan *plan);

/* Collective over comm. Sets up the point for the groups of r->crew, finds out what the output
 * already has of it, reads its data and solves its law kernel. */
nlrmt_status run_point_begin(run *r, const todo *item, work *w, nlrmt_error *err);
void run_point_clear(work *w);

/* Collective over the group; the last stage is the point itself. */
stage *run_point_last(const work *w);
nlrmt_status run_point_trial(run *r, work *w, int trial, nlrmt_error *err);

/* Rank 0. Judges the point's sample, trials in order of their number, and writes it. */
nlrmt_status run_point_conclude(run *r, work *w, nlrmt_error *err);

/* Collective over comm. The trials of `count` points, all with items of the same number of groups:
 * NLRMT_STOPPED if asked to stop before the end; *err is the same on every rank. */
nlrmt_status run_batch(run *r, int count, const todo *items, nlrmt_error *err);

/* Rank 0, as nlrmt_progress.poll with r: answers the other groups in the middle of a trial. */
void run_batch_poll(void *r);

#endif
