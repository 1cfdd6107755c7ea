#include "nlrmt/depth_point.h"

#include <stdlib.h>
#include <string.h>

#include "nlrmt/depth.h"
#include "nlrmt/laws.h"
#include "nlrmt/progress.h"

static bool asks_for(const nlrmt_params *params, const char *name) {
  for (int i = 0; i < params->laws; i++)
    if (strcmp(params->law[i], name) == 0) return true;
  return false;
}

bool nlrmt_depth_point_wanted(const nlrmt_params *params) {
  return asks_for(params, "depth") || asks_for(params, "depth_b");
}

static nlrmt_status allocate(const nlrmt_params *params, int trials, nlrmt_depth_solution *s,
                             nlrmt_error *err) {
  size_t rows = (size_t)trials, gammas = (size_t)params->gammas;
  s->trials = trials;
  s->given = calloc(rows, sizeof *s->given);
  s->limit_error = malloc((gammas + 1) * sizeof *s->limit_error);
  s->given_error = malloc((rows * gammas + 1) * sizeof *s->given_error);
  if (!s->given || !s->limit_error || !s->given_error)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: laws of %d trials", trials);
  return err->status;
}

/* Hands the laws of the layers looked at over: to the limit's place, or to row t's. */
static nlrmt_status keep(const nlrmt_params *params, nlrmt_depth_layer *layer, int t,
                         nlrmt_depth_solution *solution, nlrmt_error *err) {
  for (int i = 0; i < params->shown && err->status == NLRMT_OK; i++) {
    nlrmt_depth_solution *s = &solution[i];
    nlrmt_depth_layer *from = &layer[params->show[i] - 1];
    nlrmt_params own = nlrmt_params_layer(params, params->show[i]);
    double *error = t < 0 ? s->limit_error : s->given_error + (int64_t)t * params->gammas;
    if (params->gammas > 0) nlrmt_laws_state_ridge(&own, &from->of, error, err);
    *(t < 0 ? &s->limit : &s->given[t]) = from->law;
    if (t < 0) s->fluctuation = from->of.eta.fluctuation;
    from->law = NULL;
  }
  return err->status;
}

/* t < 0: the limit; else given what row t measured. */
static nlrmt_status solve(const nlrmt_params *params, const nlrmt_sample *last, int t,
                          nlrmt_depth_solution *solution, nlrmt_error *err) {
  nlrmt_depth_layer layer[NLRMT_LAYERS_MAX] = {{.q = 0}};
  nlrmt_depth_given given[NLRMT_LAYERS_MAX];
  const double *mean = t < 0 ? NULL : last->mean + t * last->units;
  for (int l = 0; l < params->layers && t >= 0; mean += params->width[l++])
    given[l] =
        (nlrmt_depth_given){(size_t)params->width[l], mean, last->variance[t * params->layers + l]};
  if (nlrmt_depth_solve(params, params->layers, t < 0 ? NULL : given, t < 0 ? 0 : last->trial[t],
                        layer, err) == NLRMT_OK)
    keep(params, layer, t, solution, err);
  nlrmt_depth_clear(params->layers, layer);
  return err->status;
}

/* A law that could not be certified ends neither the other laws nor the run. */
static void settle(int count, nlrmt_depth_solution *solution, bool limit, nlrmt_error *own,
                   nlrmt_error *err) {
  if (own->status != NLRMT_OK && own->status != NLRMT_ERR_NUMERIC) *err = *own;
  for (int i = 0; i < count; i++)
    *(limit ? &solution[i].limit_failure : &solution[i].given_failure) = *own;
}

nlrmt_status nlrmt_depth_point_solve(const nlrmt_params *params, nlrmt_sample *last,
                                     nlrmt_depth_solution *solution, nlrmt_error *err) {
  nlrmt_error own = {0};
  double start = nlrmt_clock();
  for (int i = 0; i < params->shown && err->status == NLRMT_OK; i++)
    allocate(params, last->done, &solution[i], err);
  if (err->status != NLRMT_OK || last->done == 0) return err->status;
  if (asks_for(params, "depth")) solve(params, last, -1, solution, &own);
  settle(params->shown, solution, true, &own, err);
  last->seconds[NLRMT_PHASE_THEORY] += nlrmt_clock() - start;
  own = (nlrmt_error){0};
  for (int t = 0; t < last->done && asks_for(params, "depth_b") && own.status == NLRMT_OK; t++) {
    start = nlrmt_clock();
    solve(params, last, t, solution, &own);
    last->seconds[t * NLRMT_PHASES + NLRMT_PHASE_THEORY] += nlrmt_clock() - start;
  }
  settle(params->shown, solution, false, &own, err);
  return err->status;
}

void nlrmt_depth_point_clear(int count, nlrmt_depth_solution *solution) {
  for (int i = 0; i < count; i++) {
    nlrmt_depth_solution *s = &solution[i];
    nlrmt_law_destroy(&s->limit);
    for (int t = 0; t < s->trials && s->given; t++) nlrmt_law_destroy(&s->given[t]);
    free(s->given);
    free(s->limit_error);
    free(s->given_error);
    *s = (nlrmt_depth_solution){0};
  }
}
