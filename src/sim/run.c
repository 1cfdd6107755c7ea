#include "nlrmt/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/blas.h"
#include "nlrmt/stop.h"
#include "run_parts.h"

/* Points whose trials are on one list: their rows take at most so many bytes on rank 0. */
static const double BATCH_BYTES = 0x1p28;

nlrmt_status run_stopped(const run *r, nlrmt_error *err) {
  return nlrmt_fail(err, NLRMT_STOPPED, "%s: stopped before the end, continue it with --resume",
                    r->path);
}

double run_trial_seconds(int stages, const nlrmt_plan *plan) {
  double sum = 0;
  for (int i = 0; i < stages; i++)
    for (int p = 0; p < NLRMT_PHASES; p++) sum += plan[i].seconds[p];
  return sum;
}

static int count_points(const nlrmt_config *config) {
  int count = 0;
  for (int p = 0; p < config->panels; p++) count += config->panel[p].points;
  return count;
}

static nlrmt_params *params_of(const run *r, const todo *item) {
  return &r->config->panel[item->panel].point[item->point].params;
}

/* ---- before the output ---- */

/* Collective. How the ranks share the trials that are left of a point, and whether it fits into the
 * memory. */
static nlrmt_status plan_point(run *r, todo *item, nlrmt_error *err) {
  const nlrmt_params *params = params_of(r, item);
  nlrmt_plan plan[NLRMT_LAYERS_MAX] = {{0}};
  nlrmt_error refusal = {0}; /* too much memory is the better reason, where both hold */
  char where[128];
  snprintf(where, sizeof where, "%s/p%04d", r->config->panel[item->panel].name, item->point);
  nlrmt_split_choose(params, &r->machine, item->left, plan, &item->split, &refusal);
  /* Predictions that nearly tie may round differently on different processors. */
  MPI_Bcast(&item->split, (int)sizeof item->split, MPI_BYTE, 0, r->comm->mpi);
  if (nlrmt_plan_check_memory(r->comm, where, params, plan, err) != NLRMT_OK) return err->status;
  if (refusal.status != NLRMT_OK)
    return nlrmt_fail(err, refusal.status, "%s: %s", where, refusal.text);
  item->work = run_trial_seconds(params->shown, plan) / item->split.groups;
  item->bytes = 0;
  for (int i = 0; i < params->shown; i++)
    item->bytes += 8.0 * params->trials *
                   ((double)plan[i].n + (params->vectors != NLRMT_VECTORS_NO
                                             ? (double)params->vector_blocks * params->vector_blocks
                                             : 0));
  return nlrmt_kernel_point_check(r->comm, where, params, err);
}

/* Collective. Every point is planned and its memory checked before anything is begun. */
static nlrmt_status check_points(run *r, todo *items, nlrmt_error *err) {
  int count = 0;
  for (int p = 0; p < r->config->panels; p++)
    for (int q = 0; q < r->config->panel[p].points && err->status == NLRMT_OK; q++) {
      todo *i = &items[count++];
      *i = (todo){.panel = p, .point = q};
      i->left = params_of(r, i)->trials;
      plan_point(r, i, err);
    }
  return err->status;
}

/* Collective. Distinct host names, comma-separated, on rank 0 (malloc'd; "" elsewhere or without
 * memory). */
static char *gather_hosts(const nlrmt_comm *comm) {
  enum { N = MPI_MAX_PROCESSOR_NAME };
  char name[N] = "";
  int length;
  MPI_Get_processor_name(name, &length);
  size_t size = comm->rank == 0 ? (size_t)comm->size * N : 1;
  char *all = calloc(size, 1), *list = calloc(size + 1, 1);
  if (!all || !list) MPI_Abort(comm->mpi, NLRMT_ERR_RESOURCE); /* a few bytes: the node is lost */
  MPI_Gather(name, N, MPI_CHAR, all, N, MPI_CHAR, 0, comm->mpi);
  char *end = list;
  for (int i = 0; comm->rank == 0 && i < comm->size; i++) {
    bool seen = false;
    for (int k = 0; k < i && !seen; k++) seen = strcmp(all + k * N, all + i * N) == 0;
    if (!seen) end += sprintf(end, "%s%s", end > list ? "," : "", all + i * N);
  }
  free(all);
  return list;
}

static nlrmt_status open_output(run *r, nlrmt_error *err) {
  char *hosts = gather_hosts(r->comm), mpi[MPI_MAX_LIBRARY_VERSION_STRING];
  int length;
  MPI_Get_library_version(mpi, &length);
  nlrmt_provenance provenance = {r->comm->size, hosts,      nlrmt_blas_core(), nlrmt_blas_config(),
                                 mpi,           NLRMT_ELPA, NLRMT_SCALAPACK};
  if (r->options->output)
    snprintf(r->path, sizeof r->path, "%s", r->options->output);
  else
    snprintf(r->path, sizeof r->path, "results/%s.h5", r->config->name);
  if (r->comm->rank == 0 && nlrmt_output_open(r->path, r->options->mode, r->config, &provenance,
                                              &r->output, err) == NLRMT_OK) {
    nlrmt_output_save_every(r->output, r->options->save_every);
    nlrmt_stop_file(r->path);
  }
  free(hosts);
  return nlrmt_comm_agree(r->comm, err);
}

/* Collective. What the output lacks: the points that are complete leave the list, the others are
 * planned anew where trials are there already. */
static nlrmt_status list_points(run *r, int *count, todo *items, nlrmt_error *err) {
  int kept = 0;
  for (int i = 0; i < *count && err->status == NLRMT_OK; i++) {
    int there[3] = {0, 0, 0}, trials = params_of(r, &items[i])->trials; /* done, failed, complete */
    if (r->comm->rank == 0)
      nlrmt_output_there(r->output, items[i].panel, items[i].point, &there[0], &there[1],
                         &there[2]);
    MPI_Bcast(there, 3, MPI_INT, 0, r->comm->mpi);
    if (there[2]) {
      r->failures += there[1];
      continue;
    }
    items[i].left = trials - there[0];
    if (there[0] > 0) plan_point(r, &items[i], err);
    items[kept++] = items[i];
  }
  *count = kept;
  return err->status;
}

static void begin_progress(run *r, int count, const todo *items) {
  double total = 0;
  int trials = 0;
  for (int i = 0; i < count; i++) {
    total += items[i].work * items[i].left +
             nlrmt_kernel_point_seconds(params_of(r, &items[i]), r->comm->size, r->machine.rate);
    trials += items[i].left;
  }
  nlrmt_progress_init(&r->progress, r->options->quiet || r->comm->rank != 0, total);
  r->progress.trials = trials;
  if (r->comm->rank == 0) r->progress.poll = run_batch_poll;
  r->progress.poll_data = r;
  r->started = nlrmt_clock();
}

/* ---- the run ---- */

/* How many of the items from the first on go together: neighbours with the same groups. Samples
 * from files take memory and all ranks' work: a point with them is by itself. */
static int batch_size(const run *r, int count, const todo *items) {
  double bytes = items[0].bytes;
  int size = 1;
  if (nlrmt_data_from_files(&params_of(r, &items[0])->data)) return 1;
  while (size < count && items[size].split.groups == items[0].split.groups &&
         !nlrmt_data_from_files(&params_of(r, &items[size])->data) &&
         (bytes += items[size].bytes) <= BATCH_BYTES)
    size++;
  return size;
}

/* A run that could not compute all of its panels does not end with status 0. */
static void tell_skipped(run *r, nlrmt_error *err) {
  for (int p = 0; p < r->config->panels && err->status == NLRMT_OK; p++)
    if (*r->config->panel[p].skipped)
      nlrmt_fail(err, NLRMT_ERR_DATA, "%s: finished, but panel %s was skipped: %s", r->path,
                 r->config->panel[p].name, r->config->panel[p].skipped);
}

/* Collective. Which share of all ranks' time went into trials, data and laws. */
static double utilisation(run *r) {
  double wall = nlrmt_clock() - r->started, busy = r->busy;
  MPI_Allreduce(MPI_IN_PLACE, &busy, 1, MPI_DOUBLE, MPI_SUM, r->comm->mpi);
  return wall > 0 ? busy / (wall * r->comm->size) : 0;
}

/* Collective. The last save; what was stopped stays resumable. */
static void finish(run *r, nlrmt_error *err) {
  nlrmt_error end = {0};
  double used = utilisation(r);
  MPI_Allreduce(MPI_IN_PLACE, &r->failures, 1, MPI_INT, MPI_MAX, r->comm->mpi);
  if (r->comm->rank == 0 && (err->status == NLRMT_OK || err->status == NLRMT_STOPPED)) {
    if (r->groups > 0) nlrmt_output_usage(r->output, r->groups, used);
    nlrmt_output_finish(r->output, err->status == NLRMT_OK, &end);
  }
  if (nlrmt_comm_agree(r->comm, &end) != NLRMT_OK) *err = end;
  nlrmt_progress_end(&r->progress);
  if (r->groups > 0 && (err->status == NLRMT_OK || err->status == NLRMT_STOPPED))
    nlrmt_progress_say(&r->progress, "%d rank%s in %s%d group%s: %.0f %% of the time in use",
                       r->comm->size, r->comm->size == 1 ? "" : "s", r->groups > 1 ? "up to " : "",
                       r->groups, r->groups == 1 ? "" : "s", 100 * used);
  if (err->status == NLRMT_OK && r->failures > 0)
    nlrmt_fail(err, NLRMT_ERR_NUMERIC,
               "%s: finished, but %d trials, laws or data spectra failed: recorded there", r->path,
               r->failures);
  tell_skipped(r, err);
  if (err->status == NLRMT_OK)
    nlrmt_progress_say(&r->progress,
                       "wrote %s: tools/nlrmt_report tells it, tools/nlrmt_plot draws it", r->path);
}

/* Collective. */
static void do_points(run *r, int count, todo *items, nlrmt_error *err) {
  if (list_points(r, &count, items, err) != NLRMT_OK) return;
  begin_progress(r, count, items);
  for (int first = 0; first < count && err->status == NLRMT_OK;) {
    int size = batch_size(r, count - first, items + first);
    run_batch(r, size, items + first, err);
    first += size;
  }
}

nlrmt_status nlrmt_run(const nlrmt_comm *comm, const nlrmt_options *options, nlrmt_config *config,
                       double rate, nlrmt_error *err) {
  run r = {.comm = comm, .options = options, .config = config};
  int count = count_points(config);
  todo *items = calloc((size_t)count + 1, sizeof *items);
  if (!items) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d points", count);
  r.machine = nlrmt_machine_measure(comm, rate);
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK && check_points(&r, items, err) == NLRMT_OK &&
      nlrmt_samples_verify(comm, config, err) == NLRMT_OK &&
      nlrmt_grid_create(comm, 0, 0, &r.grid, err) == NLRMT_OK && open_output(&r, err) == NLRMT_OK) {
    do_points(&r, count, items, err);
    finish(&r, err);
  }
  if (r.output) nlrmt_stop_file_clear();
  nlrmt_output_close(&r.output);
  nlrmt_crew_destroy(&r.crew);
  nlrmt_grid_destroy(&r.grid);
  free(items);
  return err->status;
}
