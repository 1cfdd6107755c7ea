#include "nlrmt/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/blas.h"
#include "nlrmt/cumulants.h"
#include "nlrmt/depth_point.h"
#include "nlrmt/distance.h"
#include "nlrmt/kernel_point.h"
#include "nlrmt/laws.h"
#include "nlrmt/stop.h"
#include "nlrmt/trial.h"

/* The whole run: what main gave and what lives until its end. */
typedef struct {
  const nlrmt_comm *comm;
  const nlrmt_options *options;
  nlrmt_config *config; /* its points are given the measured spectra while they run */
  nlrmt_grid *grid;
  nlrmt_output *output; /* rank 0 */
  nlrmt_progress progress;
  char path[4096];
  double rate;
  int failures; /* trials and laws that failed numerically */
} run;

/* One layer of a point. */
typedef struct {
  const nlrmt_params *params; /* the point's own, or `own` where it has several layers */
  nlrmt_params own;
  nlrmt_plan plan;
  nlrmt_sample sample; /* rank 0 holds the rows; the others use row 0 only */
} stage;

/* One point in work. */
typedef struct {
  int panel, point;
  nlrmt_params *params;
  int stages;
  stage *stage;                 /* [stages] the layers that are looked at, the last one last */
  nlrmt_samples *samples;       /* NULL: i.i.d. data */
  nlrmt_kernel_solution kernel; /* of the law kernel, if it is wanted; rank 0 */
  bool complete;                /* already in the output */
  unsigned char *have;          /* [trials] already in the output */
  char what[64];
  double slowest; /* seconds of the slowest trial so far */
} work;

static nlrmt_status stopped(const run *r, nlrmt_error *err) {
  return nlrmt_fail(err, NLRMT_STOPPED, "%s: stopped before the end, continue it with --resume",
                    r->path);
}

static double plan_seconds(int stages, const nlrmt_plan *plan) {
  double sum = 0;
  for (int i = 0; i < stages; i++)
    for (int p = 0; p < NLRMT_PHASES; p++) sum += plan[i].seconds[p];
  return sum;
}

static double trial_seconds(const work *w) {
  double sum = 0;
  for (int i = 0; i < w->stages; i++) sum += plan_seconds(1, &w->stage[i].plan);
  return sum;
}

static stage *last(const work *w) {
  return &w->stage[w->stages - 1];
}

/* Collective. Every point is planned and its memory checked before anything is begun. */
static nlrmt_status check_points(run *r, double *total, nlrmt_error *err) {
  *total = 0;
  for (int p = 0; p < r->config->panels; p++)
    for (int q = 0; q < r->config->panel[p].points; q++) {
      const nlrmt_params *params = &r->config->panel[p].point[q].params;
      nlrmt_plan plan[NLRMT_LAYERS_MAX] = {{0}};
      char where[128];
      snprintf(where, sizeof where, "%s/p%04d", r->config->panel[p].name, q);
      nlrmt_error refusal = {0}; /* too much memory is the better reason, where both hold */
      nlrmt_plan_layers(params, r->comm->size, r->rate, plan, &refusal);
      if (nlrmt_plan_check_memory(r->comm, where, params, plan, err) != NLRMT_OK)
        return err->status;
      if (refusal.status != NLRMT_OK)
        return nlrmt_fail(err, refusal.status, "%s: %s", where, refusal.text);
      if (nlrmt_kernel_point_check(r->comm, where, params, err) != NLRMT_OK) return err->status;
      *total += plan[0].before + plan_seconds(params->shown, plan) * params->trials;
    }
  return NLRMT_OK;
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
  if (r->comm->rank == 0)
    nlrmt_output_open(r->path, r->options->mode, r->config, &provenance, &r->output, err);
  free(hosts);
  return nlrmt_comm_agree(r->comm, err);
}

/* Local. Plans every layer that is looked at and makes room for its trials. */
static nlrmt_status set_stages(run *r, work *w, nlrmt_error *err) {
  const nlrmt_params *p = w->params;
  nlrmt_plan plan[NLRMT_LAYERS_MAX];
  bool root = r->comm->rank == 0, deep = nlrmt_params_deep(p);
  w->stages = p->shown;
  w->stage = calloc((size_t)w->stages, sizeof *w->stage);
  w->have = calloc((size_t)p->trials, 1);
  if (!w->stage || !w->have)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d trials", p->trials);
  if (nlrmt_plan_layers(p, r->comm->size, r->rate, plan, err) != NLRMT_OK) return err->status;
  for (int i = 0; i < w->stages && err->status == NLRMT_OK; i++) {
    stage *s = &w->stage[i];
    s->own = nlrmt_params_layer(p, p->show[i]);
    s->params = deep ? &s->own : p;
    s->plan = plan[i];
    nlrmt_sample_init(&s->sample, s->params, root ? p->trials : 1, s->plan.n, root, err);
  }
  return err->status;
}

/* Collective. Sets up the point and finds out what the output already has of it. */
static nlrmt_status begin(run *r, int panel, int point, work *w, nlrmt_error *err) {
  memset(w, 0, sizeof *w);
  w->panel = panel;
  w->point = point;
  w->params = &r->config->panel[panel].point[point].params;
  int trials = w->params->trials, complete = 0;
  set_stages(r, w, err);
  for (int i = 0; i < w->stages && r->comm->rank == 0 && err->status == NLRMT_OK; i++)
    nlrmt_output_load(r->output, panel, point, w->stage[i].params, &w->stage[i].sample,
                      &w->complete, err);
  if (nlrmt_comm_agree(r->comm, err) != NLRMT_OK) return err->status;
  const nlrmt_sample *sample = &last(w)->sample;
  for (int t = 0; r->comm->rank == 0 && t < sample->done; t++)
    w->have[sample->trial[t] - w->params->first_trial] = 1;
  complete = w->complete;
  MPI_Bcast(&complete, 1, MPI_INT, 0, r->comm->mpi);
  MPI_Bcast(w->have, trials, MPI_UNSIGNED_CHAR, 0, r->comm->mpi);
  w->complete = complete;
  return NLRMT_OK;
}

/* Rank 0: files a finished trial, or the reason why it failed, with the sample of every layer. */
static void file_trial(run *r, work *w, int trial, const nlrmt_error *failure, nlrmt_error *err) {
  for (int i = 0; i < w->stages && err->status == NLRMT_OK; i++) {
    nlrmt_sample *s = &w->stage[i].sample;
    if (failure->status != NLRMT_OK) {
      s->failed_trial[s->failed] = trial;
      s->failure[s->failed++] = *failure;
    } else {
      s->trial[s->done++] = trial;
      nlrmt_output_trial(r->output, w->panel, w->point, w->stage[i].params, &w->stage[i].plan, s,
                         err);
    }
  }
  if (failure->status != NLRMT_OK)
    nlrmt_progress_say(&r->progress, "%s failed: %s", w->what, failure->text);
}

/* Where the next trial's numbers of one layer go. */
static nlrmt_trial_out place(const run *r, stage *s) {
  int row = r->comm->rank == 0 ? s->sample.done : 0;
  int64_t errors = (int64_t)row * s->sample.gammas;
  return (nlrmt_trial_out){
      .lambda = s->sample.lambda + row * s->plan.n,
      .overlap = s->sample.overlap + (int64_t)row * s->sample.cells,
      .full = row == 0 ? s->sample.full : NULL,
      .mtilde = s->sample.mtilde ? s->sample.mtilde + (int64_t)row * s->sample.zs : NULL,
      .drawn = s->sample.drawn + errors,
      .signal = s->sample.signal + errors,
      .seconds = s->sample.seconds + row * NLRMT_PHASES};
}

/* Collective. */
static nlrmt_status run_trial(run *r, work *w, int trial, nlrmt_error *err) {
  nlrmt_trial_out out[NLRMT_LAYERS_MAX];
  nlrmt_plan plan[NLRMT_LAYERS_MAX];
  for (int i = 0; i < w->stages; i++) {
    out[i] = place(r, &w->stage[i]);
    plan[i] = w->stage[i].plan;
  }
  if (!nlrmt_params_deep(w->params))
    return nlrmt_trial_run(r->grid, w->params, plan, w->samples, trial, w->what, &r->progress, out,
                           err);
  const nlrmt_sample *s = &last(w)->sample;
  int64_t row = r->comm->rank == 0 ? s->done : 0;
  const nlrmt_trial_rows rows = {s->mean + row * s->units, s->variance + row * w->params->layers};
  return nlrmt_trial_layers(r->grid, w->params, plan, w->samples, trial, w->what, &r->progress, out,
                            s->units > 0 ? &rows : NULL, err);
}

/* With -v: one line a layer. */
static void say_seconds(run *r, const work *w) {
  for (int i = 0; i < w->stages && r->options->verbose; i++) {
    const nlrmt_sample *s = &w->stage[i].sample;
    const double *seconds = s->seconds + (s->done - 1) * NLRMT_PHASES;
    nlrmt_progress_say(
        &r->progress, "%s: generate %.2f s, gram %.2f s, eigenvalues %.2f s, ridge %.2f s", w->what,
        seconds[NLRMT_PHASE_GENERATE], seconds[NLRMT_PHASE_GRAM],
        seconds[NLRMT_PHASE_REDUCE] + seconds[NLRMT_PHASE_EIGEN], seconds[NLRMT_PHASE_RIDGE]);
  }
}

/* Rank 0: the cycle correlations of the trial that is about to be filed, if they are asked for. */
static void measure_cumulants(work *w, int trial, nlrmt_error *err) {
  nlrmt_sample *s = &last(w)->sample;
  double start = nlrmt_clock();
  if (!s->product) return;
  nlrmt_cumulants_measure(w->params, trial, s->product + s->done * NLRMT_PRODUCTS, err);
  s->seconds[s->done * NLRMT_PHASES + NLRMT_PHASE_GENERATE] += nlrmt_clock() - start;
}

/* Collective. One trial; a numerical failure is recorded and does not end the run. */
static nlrmt_status do_trial(run *r, work *w, int trial, nlrmt_error *err) {
  nlrmt_error failure = {0};
  double start = nlrmt_clock();
  snprintf(w->what, sizeof w->what, "%.20s p%04d %d/%d", r->config->panel[w->panel].name, w->point,
           trial - w->params->first_trial + 1, w->params->trials);
  run_trial(r, w, trial, &failure);
  if (failure.status != NLRMT_OK && failure.status != NLRMT_ERR_NUMERIC) {
    *err = failure;
    return err->status;
  }
  r->failures += failure.status != NLRMT_OK;
  if (r->comm->rank == 0 && failure.status == NLRMT_OK) measure_cumulants(w, trial, err);
  if (r->comm->rank == 0 && err->status == NLRMT_OK) file_trial(r, w, trial, &failure, err);
  double took = nlrmt_clock() - start;
  if (took > w->slowest) w->slowest = took;
  if (r->comm->rank == 0 && failure.status == NLRMT_OK) say_seconds(r, w);
  return nlrmt_comm_agree(r->comm, err);
}

static void say_result(run *r, const work *w, const stage *s, const nlrmt_judgement *j) {
  char text[512] = "", where[NLRMT_NAME_MAX + 32];
  snprintf(where, sizeof where, "%s p%04d", r->config->panel[w->panel].name, w->point);
  if (w->params->layers > 1)
    snprintf(where + strlen(where), sizeof where - strlen(where), " layer %d", s->params->layer);
  for (int i = 0; i < j->laws; i++) {
    double mean, se;
    size_t used = strlen(text);
    nlrmt_mean_se((size_t)s->sample.done, j->law[i].wasserstein1, &mean, &se);
    snprintf(text + used, sizeof text - used, se > 0 ? "%s %s %.3g +- %.1g" : "%s %s %.3g",
             i ? "," : "", j->law[i].name, mean, se);
  }
  nlrmt_progress_say(&r->progress, "%s: m = %lld, %d trial%s: W1%s", where, (long long)w->params->m,
                     s->sample.done, s->sample.done == 1 ? "" : "s", text);
  for (int i = 0; i < j->ridges && s->sample.done > 1; i++) {
    double worst = 0;
    for (int g = 0; g < s->sample.gammas; g++) worst = fmax(worst, fabs(j->ridge[i].expected[g]));
    nlrmt_progress_say(&r->progress, "%s: training error off %s by %.1f s.e. at most", where,
                       j->ridge[i].name, worst);
  }
  for (int i = 0; i < j->failures; i++)
    nlrmt_progress_say(&r->progress, "%s: law %s", where, j->failure[i]);
}

/* Rank 0. Judges one layer and writes it. */
static nlrmt_status conclude_stage(run *r, work *w, stage *s, double peak, nlrmt_error *err) {
  nlrmt_judgement judgement = {0};
  if (s->sample.done == 0 ||
      nlrmt_judge(s->params, &s->plan, nlrmt_params_kernel(w->params) ? &w->kernel : NULL,
                  &s->sample, &judgement, err) == NLRMT_OK)
    nlrmt_output_point(r->output, w->panel, w->point, s->params, &s->plan, &s->sample, &judgement,
                       w->params->measured ? &w->samples->report : NULL, peak, err);
  if (err->status == NLRMT_OK && s->sample.done > 0) say_result(r, w, s, &judgement);
  r->failures += judgement.failures;
  nlrmt_judgement_clear(&judgement);
  return err->status;
}

/* Rank 0. All layers, with the laws that go through them. */
static nlrmt_status conclude_stages(run *r, work *w, double peak, nlrmt_error *err) {
  nlrmt_depth_solution depth[NLRMT_LAYERS_MAX] = {{0}};
  bool wanted = nlrmt_depth_point_wanted(w->params);
  if (wanted) nlrmt_depth_point_solve(w->params, &last(w)->sample, depth, err);
  for (int i = 0; i < w->stages && err->status == NLRMT_OK; i++) {
    w->stage[i].sample.depth = wanted ? &depth[i] : NULL;
    conclude_stage(r, w, &w->stage[i], peak, err);
  }
  nlrmt_depth_point_clear(w->stages, depth);
  return err->status;
}

/* Collective. Rank 0 solves the laws, judges the sample and writes the point. */
static nlrmt_status conclude(run *r, work *w, nlrmt_error *err) {
  double peak = (double)nlrmt_memory_peak();
  nlrmt_progress_phase(&r->progress, w->what, "theory");
  MPI_Allreduce(MPI_IN_PLACE, &peak, 1, MPI_DOUBLE, MPI_MAX, r->comm->mpi);
  if (r->comm->rank == 0) conclude_stages(r, w, peak, err);
  return nlrmt_comm_agree(r->comm, err);
}

/* Local, the same on every rank. Eigenvectors of outliers are no part of the bulk's overlaps. */
static nlrmt_status count_outliers(work *w, nlrmt_error *err) {
  nlrmt_law *law;
  nlrmt_law_eta eta;
  double place;
  if (w->params->vectors == NLRMT_VECTORS_NO ||
      nlrmt_laws_solve(w->params, "mp", 0, &law, &eta, err) != NLRMT_OK)
    return err->status;
  last(w)->plan.outliers =
      (int)nlrmt_law_outlier(law, (double)w->params->m, (double)w->params->n1, &place);
  nlrmt_law_destroy(&law);
  return NLRMT_OK;
}

/* Collective. The point's data; the laws see their measured spectrum from here on. */
static nlrmt_status get_samples(run *r, work *w, nlrmt_error *err) {
  snprintf(w->what, sizeof w->what, "%.20s p%04d", r->config->panel[w->panel].name, w->point);
  nlrmt_progress_phase(&r->progress, w->what, "data");
  if (nlrmt_samples_create(r->grid, w->params, &last(w)->plan, &w->samples, err) == NLRMT_OK &&
      w->samples && w->samples->x) {
    w->params->measured = w->samples->report.eigenvalue;
    w->params->measured_count = (size_t)w->samples->report.m;
  }
  return err->status;
}

/* Collective. Its time and that of one trial: without a trial it would be for nothing. */
static nlrmt_status get_kernel(run *r, work *w, nlrmt_error *err) {
  if (!nlrmt_params_kernel(w->params)) return NLRMT_OK;
  if (nlrmt_stop_agreed(r->comm, last(w)->plan.before + trial_seconds(w))) return stopped(r, err);
  nlrmt_progress_phase(&r->progress, w->what, "kernel law");
  nlrmt_kernel_point_make(r->grid, w->params, w->samples, &w->kernel, err);
  nlrmt_progress_skip(&r->progress, last(w)->plan.before);
  return err->status;
}

/* Collective. NLRMT_STOPPED if asked to stop before the point was done. */
static nlrmt_status do_point(run *r, int panel, int point, nlrmt_error *err) {
  work w;
  if (begin(r, panel, point, &w, err) == NLRMT_OK && !w.complete &&
      get_samples(r, &w, err) == NLRMT_OK && get_kernel(r, &w, err) == NLRMT_OK &&
      count_outliers(&w, err) == NLRMT_OK) {
    for (int t = 0; t < w.params->trials && err->status == NLRMT_OK; t++) {
      if (w.have[t]) {
        nlrmt_progress_skip(&r->progress, trial_seconds(&w));
      } else if (nlrmt_stop_agreed(r->comm, w.slowest > 0 ? w.slowest : trial_seconds(&w))) {
        stopped(r, err);
      } else {
        do_trial(r, &w, w.params->first_trial + t, err);
      }
    }
    if (err->status == NLRMT_OK) conclude(r, &w, err);
  } else if (w.complete) {
    nlrmt_progress_skip(&r->progress, last(&w)->plan.before + trial_seconds(&w) * w.params->trials);
  }
  w.params->measured = NULL;
  nlrmt_samples_destroy(&w.samples);
  nlrmt_kernel_solution_clear(&w.kernel);
  free(w.have);
  for (int i = 0; i < w.stages && w.stage; i++) nlrmt_sample_clear(&w.stage[i].sample);
  free(w.stage);
  return err->status;
}

/* A run that could not compute all of its panels does not end with status 0. */
static void tell_skipped(run *r, nlrmt_error *err) {
  for (int p = 0; p < r->config->panels && err->status == NLRMT_OK; p++)
    if (*r->config->panel[p].skipped)
      nlrmt_fail(err, NLRMT_ERR_DATA, "%s: finished, but panel %s was skipped: %s", r->path,
                 r->config->panel[p].name, r->config->panel[p].skipped);
}

/* Collective. The last save; what was stopped stays resumable. */
static void finish(run *r, nlrmt_error *err) {
  nlrmt_error end = {0};
  MPI_Allreduce(MPI_IN_PLACE, &r->failures, 1, MPI_INT, MPI_MAX, r->comm->mpi);
  if (r->comm->rank == 0 && (err->status == NLRMT_OK || err->status == NLRMT_STOPPED))
    nlrmt_output_finish(r->output, err->status == NLRMT_OK, &end);
  if (nlrmt_comm_agree(r->comm, &end) != NLRMT_OK) *err = end;
  if (err->status == NLRMT_OK && r->failures > 0)
    nlrmt_fail(err, NLRMT_ERR_NUMERIC, "%s: finished, but %d trials or laws failed: recorded there",
               r->path, r->failures);
  tell_skipped(r, err);
  nlrmt_progress_end(&r->progress);
  if (err->status == NLRMT_OK)
    nlrmt_progress_say(&r->progress,
                       "wrote %s: tools/nlrmt_report tells it, tools/nlrmt_plot draws it", r->path);
}

nlrmt_status nlrmt_run(const nlrmt_comm *comm, const nlrmt_options *options, nlrmt_config *config,
                       double rate, nlrmt_error *err) {
  run r = {.comm = comm, .options = options, .config = config, .rate = rate};
  double total;
  if (check_points(&r, &total, err) == NLRMT_OK &&
      nlrmt_samples_verify(comm, config, err) == NLRMT_OK &&
      nlrmt_grid_create(comm, 0, 0, &r.grid, err) == NLRMT_OK && open_output(&r, err) == NLRMT_OK) {
    nlrmt_progress_init(&r.progress, options->quiet || comm->rank != 0, total);
    for (int p = 0; p < config->panels && err->status == NLRMT_OK; p++)
      for (int q = 0; q < config->panel[p].points && err->status == NLRMT_OK; q++)
        do_point(&r, p, q, err);
    finish(&r, err);
  }
  nlrmt_output_close(&r.output);
  nlrmt_grid_destroy(&r.grid);
  return err->status;
}
