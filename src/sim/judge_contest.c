#include <stdio.h>
#include <stdlib.h>

#include "nlrmt/judge.h"
#include "nlrmt/laws.h"
#include "nlrmt/progress.h"
#include "nlrmt/projection.h"

/* The law of trial t: that of the verdict, or one solved anew, which becomes *own. */
static const nlrmt_law *law_of(const nlrmt_params *params, const nlrmt_sample *sample,
                               const nlrmt_verdict *v, int t, nlrmt_law **own, nlrmt_error *err) {
  nlrmt_law_eta eta;
  if (t == 0 || !nlrmt_laws_given_biases(v->name)) return v->law;
  const nlrmt_law *known = nlrmt_judge_depth(sample, v->name, t, err);
  if (!known && err->status == NLRMT_OK)
    nlrmt_laws_solve(params, v->name, sample->trial[t], own, &eta, err);
  return known ? known : *own;
}

static nlrmt_status judge_trial(const nlrmt_params *params, const nlrmt_plan *plan,
                                const nlrmt_judgement *j, const nlrmt_sample *sample, int t,
                                nlrmt_contest *c, nlrmt_error *err) {
  const nlrmt_verdict *v[2] = {&j->law[c->first], &j->law[c->second]};
  nlrmt_law *own[2] = {NULL, NULL};
  size_t n = (size_t)plan->n;
  size_t outliers = v[0]->outliers > v[1]->outliers ? v[0]->outliers : v[1]->outliers;
  const nlrmt_law *a = law_of(params, sample, v[0], t, &own[0], err);
  const nlrmt_law *b =
      err->status == NLRMT_OK ? law_of(params, sample, v[1], t, &own[1], err) : NULL;
  if (err->status == NLRMT_OK) {
    nlrmt_projection p = {0};
    nlrmt_project(a, b, (size_t)plan->zeros, outliers < n ? n - outliers : n,
                  sample->lambda + t * plan->n, &p, err);
    c->statistic[t] = p.statistic;
    c->separation[t] = p.separation;
    c->weight[t] = p.weight;
  }
  nlrmt_law_destroy(&own[0]);
  nlrmt_law_destroy(&own[1]);
  return err->status;
}

/* One pair of laws, all trials. */
static nlrmt_status judge_pair(const nlrmt_params *params, const nlrmt_plan *plan,
                               nlrmt_sample *sample, const nlrmt_judgement *j, nlrmt_contest *c,
                               nlrmt_error *err) {
  size_t rows = (size_t)sample->done;
  c->statistic = malloc(3 * rows * sizeof *c->statistic);
  if (!c->statistic) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu trials", rows);
  c->separation = c->statistic + rows;
  c->weight = c->separation + rows;
  for (int t = 0; t < sample->done; t++) {
    double start = nlrmt_clock();
    if (judge_trial(params, plan, j, sample, t, c, err) != NLRMT_OK) return err->status;
    sample->seconds[t * NLRMT_PHASES + NLRMT_PHASE_THEORY] += nlrmt_clock() - start;
  }
  return NLRMT_OK;
}

/* Laws of one kind: both given the biases, or neither. The law kernel leaves out spikes that the
 * others count: they are compared by wasserstein1_bulk. */
static bool comparable(const nlrmt_verdict *a, const nlrmt_verdict *b) {
  return !a->kernel && !b->kernel &&
         nlrmt_laws_given_biases(a->name) == nlrmt_laws_given_biases(b->name);
}

nlrmt_status nlrmt_judge_contest(const nlrmt_params *params, const nlrmt_plan *plan,
                                 nlrmt_sample *sample, nlrmt_judgement *judgement,
                                 nlrmt_error *err) {
  for (int a = 0; a < judgement->laws; a++)
    for (int b = a + 1; b < judgement->laws && err->status == NLRMT_OK; b++) {
      if (!comparable(&judgement->law[a], &judgement->law[b])) continue;
      nlrmt_contest *c = &judgement->contest[judgement->contests];
      nlrmt_error own = {0};
      char name[40];
      *c = (nlrmt_contest){.first = a, .second = b};
      snprintf(name, sizeof name, "%s-%s", judgement->law[a].name, judgement->law[b].name);
      if (judge_pair(params, plan, sample, judgement, c, &own) == NLRMT_OK) {
        judgement->contests++;
        continue;
      }
      free(c->statistic);
      *c = (nlrmt_contest){0};
      nlrmt_judgement_fail(judgement, name, &own, err);
    }
  return err->status;
}
