#include "nlrmt/kernel_given.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_table.h"

bool nlrmt_kernel_named(const char *name) {
  return strcmp(name, "kernel") == 0 || strcmp(name, "kernel_b") == 0;
}

bool nlrmt_kernel_given_wanted(const nlrmt_params *params) {
  for (int i = 0; i < params->laws; i++)
    if (strcmp(params->law[i], "kernel_b") == 0) return true;
  return false;
}

nlrmt_status kernel_table_law(const nlrmt_params *params, const nlrmt_equivalent *e,
                              const kernel_places *at, const nlrmt_equivalent_point *point,
                              nlrmt_kernel_solution *s, nlrmt_error *err) {
  double density[KERNEL_POINTS], cdf[KERNEL_POINTS], m = (double)params->m;
  s->place = malloc((at->spikes + 1) * sizeof *s->place);
  if (!s->place)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: law of %d points", KERNEL_POINTS);
  memcpy(s->place, at->place, at->spikes * sizeof *s->place);
  s->spikes = at->spikes;
  s->cdf_error = nlrmt_equivalent_table(e, KERNEL_POINTS, at->spikes, point, density, cdf);
  /* The atom is known; what the grid leaves out left of its first point is no part of it. */
  double atom = fmax(0, (m - (double)params->n1) / (m - (double)at->spikes));
  for (int i = 0; i < KERNEL_POINTS; i++) cdf[i] = i ? fmax(cdf[i], atom) : atom;
  return nlrmt_law_of_table(KERNEL_POINTS, at->lambda, density, cdf, &s->law, err);
}

nlrmt_status nlrmt_kernel_given_make(const nlrmt_params *params,
                                     const nlrmt_kernel_solution *kernel, int trial,
                                     nlrmt_kernel_solution *given, nlrmt_error *err) {
  const nlrmt_kernel_base *base = kernel->base;
  double weight[NLRMT_EQUIVALENT_KERNELS];
  nlrmt_equivalent_point point[KERNEL_POINTS];
  kernel_places at = base->at;
  *given =
      (nlrmt_kernel_solution){.kernels = kernel->kernels, .kernel_error = kernel->kernel_error};
  if (kernel_list_realised(params, &base->list, trial, weight, err) != NLRMT_OK) return err->status;
  for (int i = 0; i < KERNEL_POINTS; i++)
    nlrmt_equivalent_given(base->e, weight, &base->point[i], &point[i]);
  nlrmt_equivalent_given_spikes(base->e, weight, at.spikes, at.place);
  return kernel_table_law(params, base->e, &at, point, given, err);
}

void nlrmt_kernel_base_destroy(nlrmt_kernel_base **base) {
  if (!*base) return;
  nlrmt_equivalent_destroy(&(*base)->e);
  free(*base);
  *base = NULL;
}
