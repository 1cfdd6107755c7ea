#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/depth_point.h"
#include "nlrmt/distance.h"
#include "nlrmt/laws.h"
#include "nlrmt/sample_row.h"
#include "nlrmt/stop.h"
#include "nlrmt/trial.h"
#include "run_parts.h"

stage *run_point_last(const work *w) {
  return &w->stage[w->stages - 1];
}

/* ---- before the trials ---- */

/* Local. Plans every layer that is looked at, on this group's ranks, and makes room for a row of
 * it; rank 0 for all rows. */
static nlrmt_status set_stages(run *r, work *w, nlrmt_error *err) {
  const nlrmt_params *p = w->params;
  const nlrmt_comm *group = nlrmt_crew_comm(r->crew);
  nlrmt_plan plan[NLRMT_LAYERS_MAX];
  bool deep = nlrmt_params_deep(p);
  w->stages = p->shown;
  w->stage = calloc((size_t)w->stages, sizeof *w->stage);
  w->have = calloc((size_t)p->trials, 1);
  if (!w->stage || !w->have)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d trials", p->trials);
  if (nlrmt_plan_layers(p, group->size, r->machine.rate, plan, err) != NLRMT_OK) return err->status;
  for (int i = 0; i < w->stages && err->status == NLRMT_OK; i++) {
    stage *s = &w->stage[i];
    s->own = nlrmt_params_layer(p, p->show[i]);
    s->params = deep ? &s->own : p;
    s->plan = plan[i];
    nlrmt_sample_init(&s->row, s->params, 1, s->plan.n, group->rank == 0, err);
    if (r->comm->rank == 0 && err->status == NLRMT_OK)
      nlrmt_sample_init(&s->sample, s->params, p->trials, s->plan.n, true, err);
  }
  return err->status;
}

/* Collective. What the output already has of the point. */
static nlrmt_status load(run *r, work *w, nlrmt_error *err) {
  bool complete;
  for (int i = 0; i < w->stages && r->comm->rank == 0 && err->status == NLRMT_OK; i++)
    nlrmt_output_load(r->output, w->item->panel, w->item->point, w->stage[i].params,
                      &w->stage[i].sample, &complete, err);
  if (nlrmt_comm_agree(r->comm, err) != NLRMT_OK) return err->status;
  const nlrmt_sample *sample = &run_point_last(w)->sample;
  for (int t = 0; r->comm->rank == 0 && t < sample->done; t++)
    w->have[sample->trial[t] - w->params->first_trial] = 1;
  MPI_Bcast(w->have, w->params->trials, MPI_UNSIGNED_CHAR, 0, r->comm->mpi);
  for (int t = 0; t < w->params->trials; t++) w->left += !w->have[t];
  return NLRMT_OK;
}

/* Local, the same on every rank. Eigenvectors of outliers are no part of the bulk's overlaps. */
static nlrmt_status count_outliers(work *w, nlrmt_error *err) {
  nlrmt_law *law;
  nlrmt_law_eta eta;
  double place;
  if (w->params->vectors == NLRMT_VECTORS_NO ||
      nlrmt_laws_solve(w->params, "mp", 0, &law, &eta, err) != NLRMT_OK)
    return err->status;
  run_point_last(w)->plan.outliers =
      (int)nlrmt_law_outlier(law, (double)w->params->m, (double)w->params->n1, &place);
  nlrmt_law_destroy(&law);
  return NLRMT_OK;
}

/* Collective. Samples from files, measured by all ranks together; the laws see their spectrum from
 * here on. A single group has them for its trials as well. */
static nlrmt_status get_data(run *r, work *w, nlrmt_error *err) {
  nlrmt_plan plan[NLRMT_LAYERS_MAX];
  if (!nlrmt_data_from_files(&w->params->data)) return NLRMT_OK;
  nlrmt_progress_phase(&r->progress, w->what, "data");
  if (nlrmt_plan_layers(w->params, r->comm->size, r->machine.rate, plan, err) != NLRMT_OK ||
      nlrmt_samples_create(r->grid, w->params, &plan[w->stages - 1], &w->data, err) != NLRMT_OK)
    return err->status;
  const nlrmt_data_report *report = &w->data->report;
  w->params->measured = report->eigenvalue;
  w->params->measured_count = (size_t)report->m;
  w->params->unmeasured = report->failure.status != NLRMT_OK ? &report->failure : NULL;
  return NLRMT_OK;
}

/* Collective. Its time and that of one trial: without a trial it would be for nothing. */
static nlrmt_status get_kernel(run *r, work *w, nlrmt_error *err) {
  if (!nlrmt_params_kernel(w->params)) return NLRMT_OK;
  double before = nlrmt_kernel_point_seconds(w->params, r->comm->size, r->machine.rate);
  if (nlrmt_stop_agreed(r->comm, before + w->item->split.trial)) return run_stopped(r, err);
  nlrmt_progress_phase(&r->progress, w->what, "kernel law");
  nlrmt_kernel_point_make(r->grid, w->params, w->data, &w->kernel, err);
  nlrmt_progress_skip(&r->progress, before);
  return err->status;
}

nlrmt_status run_point_begin(run *r, const todo *item, work *w, nlrmt_error *err) {
  double start = nlrmt_clock();
  *w = (work){.item = item};
  w->params = &r->config->panel[item->panel].point[item->point].params;
  snprintf(w->what, sizeof w->what, "%.20s p%04d", r->config->panel[item->panel].name, item->point);
  set_stages(r, w, err);
  if (nlrmt_comm_agree(r->comm, err) == NLRMT_OK && load(r, w, err) == NLRMT_OK &&
      get_data(r, w, err) == NLRMT_OK && get_kernel(r, w, err) == NLRMT_OK)
    count_outliers(w, err);
  if (w->params->unmeasured && r->comm->rank == 0) r->failures++;
  if (w->data && nlrmt_crew_groups(r->crew) > 1) nlrmt_samples_release(w->data);
  r->busy += nlrmt_clock() - start;
  return err->status;
}

void run_point_clear(work *w) {
  if (w->params) {
    w->params->measured = NULL;
    w->params->unmeasured = NULL;
  }
  if (w->samples != w->data) nlrmt_samples_destroy(&w->samples);
  nlrmt_samples_destroy(&w->data);
  nlrmt_kernel_solution_clear(&w->kernel);
  free(w->have);
  for (int i = 0; i < w->stages && w->stage; i++) {
    nlrmt_sample_clear(&w->stage[i].sample);
    nlrmt_sample_clear(&w->stage[i].row);
  }
  free(w->stage);
  *w = (work){0};
}

/* ---- a trial ---- */

/* Collective over the group, with its first trial of the point. */
static nlrmt_status get_samples(run *r, work *w, nlrmt_error *err) {
  const nlrmt_grid *grid = nlrmt_crew_grid(r->crew);
  if (w->ready) return NLRMT_OK;
  if (!w->data)
    nlrmt_samples_create(grid, w->params, &run_point_last(w)->plan, &w->samples, err);
  else if (nlrmt_crew_groups(r->crew) == 1)
    w->samples = w->data;
  else
    nlrmt_samples_create_again(grid, w->params, &run_point_last(w)->plan, &w->samples, err);
  w->ready = err->status == NLRMT_OK;
  return err->status;
}

/* Where the trial's numbers of one layer go. */
static nlrmt_trial_out place(stage *s, int trial) {
  return (nlrmt_trial_out){.lambda = s->row.lambda,
                           .overlap = s->row.overlap,
                           .full = trial == 0 ? s->row.full : NULL,
                           .mtilde = s->row.mtilde,
                           .drawn = s->row.drawn,
                           .signal = s->row.signal,
                           .seconds = s->row.seconds};
}

nlrmt_status run_point_trial(run *r, work *w, int trial, nlrmt_error *err) {
  const nlrmt_grid *grid = nlrmt_crew_grid(r->crew);
  nlrmt_trial_out out[NLRMT_LAYERS_MAX];
  nlrmt_plan plan[NLRMT_LAYERS_MAX];
  if (get_samples(r, w, err) != NLRMT_OK) return err->status;
  for (int i = 0; i < w->stages; i++) {
    out[i] = place(&w->stage[i], trial);
    plan[i] = w->stage[i].plan;
  }
  if (!nlrmt_params_deep(w->params))
    return nlrmt_trial_run(grid, w->params, plan, w->samples, trial, w->what, &r->progress, out,
                           err);
  const nlrmt_sample *s = &run_point_last(w)->row;
  const nlrmt_trial_rows rows = {s->mean, s->variance};
  return nlrmt_trial_layers(grid, w->params, plan, w->samples, trial, w->what, &r->progress, out,
                            s->units > 0 ? &rows : NULL, err);
}

/* ---- after the trials ---- */

static void say_result(run *r, const work *w, const stage *s, const nlrmt_judgement *j) {
  char text[512] = "", where[NLRMT_NAME_MAX + 32];
  snprintf(where, sizeof where, "%s p%04d", r->config->panel[w->item->panel].name, w->item->point);
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
static nlrmt_status conclude_stage(run *r, work *w, stage *s, nlrmt_error *err) {
  nlrmt_judgement judgement = {0};
  if (s->sample.done == 0 ||
      nlrmt_judge(s->params, &s->plan, nlrmt_params_kernel(w->params) ? &w->kernel : NULL,
                  &s->sample, &judgement, err) == NLRMT_OK)
    nlrmt_output_point(r->output, w->item->panel, w->item->point, s->params, &s->plan, &s->sample,
                       &judgement, w->data ? &w->data->report : NULL, w->peak, err);
  if (err->status == NLRMT_OK && s->sample.done > 0) say_result(r, w, s, &judgement);
  r->failures += judgement.failures;
  nlrmt_judgement_clear(&judgement);
  return err->status;
}

/* Rank 0. All layers, with the laws that go through them. */
static nlrmt_status conclude_stages(run *r, work *w, nlrmt_error *err) {
  nlrmt_depth_solution depth[NLRMT_LAYERS_MAX] = {{0}};
  bool wanted = nlrmt_depth_point_wanted(w->params);
  if (wanted) nlrmt_depth_point_solve(w->params, &run_point_last(w)->sample, depth, err);
  for (int i = 0; i < w->stages && err->status == NLRMT_OK; i++) {
    w->stage[i].sample.depth = wanted ? &depth[i] : NULL;
    conclude_stage(r, w, &w->stage[i], err);
  }
  nlrmt_depth_point_clear(w->stages, depth);
  return err->status;
}

/* Rank 0. Results came in the order in which they were ready. */
static nlrmt_status sort_trials(run *r, work *w, nlrmt_error *err) {
  const nlrmt_sample *sample = &run_point_last(w)->sample;
  int64_t *order = malloc((size_t)(sample->done + 1) * sizeof *order);
  if (!order)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d trials in order", sample->done);
  bool sorted = nlrmt_sample_order(sample, order);
  if (!sorted) nlrmt_output_sort(r->output, w->item->panel, w->item->point, sample->done, order);
  for (int i = 0; i < w->stages && err->status == NLRMT_OK; i++)
    nlrmt_sample_sort(&w->stage[i].sample, w->stage[i].params, sorted ? NULL : order, err);
  free(order);
  return err->status;
}

nlrmt_status run_point_conclude(run *r, work *w, nlrmt_error *err) {
  double start = nlrmt_clock();
  w->peak = fmax(w->peak, (double)nlrmt_memory_peak());
  nlrmt_progress_phase(&r->progress, w->what, "theory");
  if (sort_trials(r, w, err) == NLRMT_OK) conclude_stages(r, w, err);
  r->busy += nlrmt_clock() - start;
  return err->status;
}
