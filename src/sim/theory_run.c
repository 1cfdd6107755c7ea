#include "nlrmt/theory_run.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nlrmt/file.h"
#include "nlrmt/laws.h"
#include "nlrmt/output_theory.h"
#include "nlrmt/progress.h"
#include "theory_table.h"

typedef struct {
  const nlrmt_theory_options *options;
  const nlrmt_config *config;
  nlrmt_h5 *h5; /* NULL with --csv */
  char path[4096];
  int failures; /* laws that could not be certified */
} run;

/* One law of one point, solved. */
typedef struct {
  const char *name;
  nlrmt_law *law;
  nlrmt_curve curve;
  nlrmt_law_eta eta;
  double outlier; /* 0: none */
  double seconds;
} solved;

static void clear_solved(solved *s) {
  nlrmt_law_destroy(&s->law);
  nlrmt_curve_clear(&s->curve);
}

static nlrmt_status solve(const nlrmt_params *params, const char *name, solved *s,
                          nlrmt_error *err) {
  double start = nlrmt_clock();
  *s = (solved){.name = name};
  if (nlrmt_laws_solve(params, name, 0, &s->law, &s->eta, err) == NLRMT_OK &&
      nlrmt_laws_curve(params, s->law, &s->curve, err) == NLRMT_OK)
    nlrmt_law_outlier(s->law, (double)params->m, (double)params->n1, &s->outlier);
  s->seconds = nlrmt_clock() - start;
  if (err->status != NLRMT_OK) clear_solved(s);
  return err->status;
}

/* The file's parents are made and an old file is found before any work is done. */
static nlrmt_status open_output(run *r, nlrmt_error *err) {
  char host[256] = "unknown";
  gethostname(host, sizeof host - 1);
  const nlrmt_provenance provenance = {1, host, "none", "none", "none", "none", "none"};
  if (r->options->csv) return NLRMT_OK;
  if (r->options->output)
    snprintf(r->path, sizeof r->path, "%s", r->options->output);
  else
    snprintf(r->path, sizeof r->path, "results/%s-theory.h5", r->config->name);
  if (nlrmt_file_exists(r->path) && !r->options->fresh)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: exists already: --fresh moves it aside", r->path);
  if (nlrmt_file_make_parents(r->path, err) != NLRMT_OK) return err->status;
  r->h5 = nlrmt_h5_create(err);
  if (r->h5) nlrmt_output_head(r->h5, "nlrmt_theory", r->config, &provenance);
  return err->status;
}

/* An old file is moved aside only now that there is a new one. */
static nlrmt_status save_output(run *r, nlrmt_error *err) {
  nlrmt_output_tail(r->h5, true);
  if (nlrmt_file_move_aside(r->path, err) != NLRMT_OK) return err->status;
  return nlrmt_h5_save(r->h5, r->path, err);
}

/* A law that cannot be certified: told and recorded, the run goes on. */
static void tell_failure(run *r, const char *base, int number, const nlrmt_params *params,
                         const char *name, const char *reason) {
  char parameters[900], text[600];
  nlrmt_table_parameters(params, parameters, sizeof parameters);
  fprintf(stderr, "nlrmt_theory: %s: %s: %s (%s)\n", base + 1, name, reason, parameters);
  snprintf(text, sizeof text, "%s: %s", name, reason);
  if (r->h5) nlrmt_output_law_failure(r->h5, base, number, text);
  r->failures++;
}

/* The bins' averages of every law, over the range that nlrmt_sim would choose. */
static nlrmt_status write_histogram(run *r, const char *base, const nlrmt_params *params,
                                    const solved *law, int laws, nlrmt_error *err) {
  size_t bins = (size_t)params->bins;
  double range[2] = {params->range[0], params->range[1]}, low = DBL_MAX, high = 0;
  double *edges = malloc((2 * bins + 1) * sizeof *edges);
  if (!edges) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu bins", bins);
  double *average = edges + bins + 1;
  for (int i = 0; i < laws; i++) nlrmt_laws_span(law[i].law, &low, &high);
  if (params->range_auto) nlrmt_laws_range(low, high, range);
  for (size_t k = 0; k <= bins; k++)
    edges[k] = range[0] + (double)k * ((range[1] - range[0]) / (double)bins);
  nlrmt_output_bins(r->h5, base, params->bins, edges);
  for (int i = 0; i < laws; i++) {
    char name[64];
    snprintf(name, sizeof name, "predicted_%s", law[i].name);
    nlrmt_laws_bins(law[i].law, bins, edges, average);
    nlrmt_output_binned(r->h5, base, name, params->bins, average,
                        "average of the law's density over each bin");
  }
  free(edges);
  return NLRMT_OK;
}

static void print_csv(const nlrmt_panel *panel, int point, const solved *s) {
  for (size_t i = 0; i < s->curve.count; i++)
    printf("%s,p%04d,%s,%.17g,%.17g,%.17g\n", panel->name, point, s->name, s->curve.lambda[i],
           s->curve.density[i], s->curve.cdf[i]);
}

/* What there is to say of a point, on standard output; titles come with the first point of each. */
static void tell_point(const run *r, int p, int q, const solved *law, int laws) {
  const nlrmt_panel *panel = &r->config->panel[p];
  bool csv = r->options->csv;
  if (r->options->quiet && !csv) return;
  if (csv) {
    if (p == 0 && q == 0) puts("panel,point,law,lambda,density,cdf");
    for (int i = 0; i < laws; i++) print_csv(panel, q, &law[i]);
    return;
  }
  if (p == 0 && q == 0) nlrmt_table_figure(r->config);
  if (q == 0) nlrmt_table_panel(panel);
  nlrmt_table_point(panel, q);
  for (int i = 0; i < laws; i++)
    nlrmt_table_law(law[i].name, law[i].law, law[i].eta.mean, law[i].outlier, law[i].seconds);
}

static nlrmt_status write_point(run *r, const char *base, const nlrmt_params *params,
                                const solved *law, int laws, nlrmt_error *err) {
  for (int i = 0; i < laws; i++)
    nlrmt_output_law(r->h5, base, law[i].name, law[i].law, &law[i].curve, law[i].outlier);
  nlrmt_h5_attr_int(r->h5, base, "complete", 1);
  return laws > 0 ? write_histogram(r, base, params, law, laws, err) : NLRMT_OK;
}

static nlrmt_status do_point(run *r, int p, int q, nlrmt_error *err) {
  const nlrmt_params *params = &r->config->panel[p].point[q].params;
  char base[NLRMT_OUTPUT_PATH];
  solved law[NLRMT_LAWS_MAX];
  int laws = 0, failed = 0;
  nlrmt_output_point_path(r->config, p, q, base);
  if (r->h5) nlrmt_output_parameters(r->h5, base, params);
  for (int i = 0; i < params->laws && err->status == NLRMT_OK; i++) {
    nlrmt_error own = {0};
    if (solve(params, params->law[i], &law[laws], &own) == NLRMT_OK)
      laws++;
    else if (own.status == NLRMT_ERR_NUMERIC)
      tell_failure(r, base, failed++, params, params->law[i], own.text);
    else
      nlrmt_fail(err, own.status, "%s: %s: %s", base + 1, params->law[i], own.text);
  }
  if (err->status == NLRMT_OK) tell_point(r, p, q, law, laws);
  if (err->status == NLRMT_OK && r->h5) write_point(r, base, params, law, laws, err);
  for (int i = 0; i < laws; i++) clear_solved(&law[i]);
  return err->status;
}

static nlrmt_status do_points(run *r, nlrmt_error *err) {
  for (int p = 0; p < r->config->panels; p++)
    for (int q = 0; q < r->config->panel[p].points; q++)
      if (do_point(r, p, q, err) != NLRMT_OK) return err->status;
  if (!r->options->csv && !r->options->quiet) nlrmt_table_legend();
  return NLRMT_OK;
}

nlrmt_status nlrmt_theory_run(const nlrmt_theory_options *options, const nlrmt_config *config,
                              nlrmt_error *err) {
  run r = {.options = options, .config = config};
  if (open_output(&r, err) == NLRMT_OK && do_points(&r, err) == NLRMT_OK && r.h5 &&
      save_output(&r, err) == NLRMT_OK && !options->quiet)
    printf("wrote %s: tools/nlrmt_plot draws it\n", r.path);
  if (err->status == NLRMT_OK && (fflush(stdout) != 0 || ferror(stdout)))
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "standard output: cannot write: %s", strerror(errno));
  nlrmt_h5_close(&r.h5);
  if (err->status == NLRMT_OK && r.failures > 0) err->status = NLRMT_ERR_NUMERIC;
  return err->status;
}
