#include "nlrmt/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/gemm.h"
#include "nlrmt/model.h"

enum { PROBE_M = 512, AUTO_M = 1024 };
static const double TENTH = 0.1;

static int64_t scaled(int64_t n, double ratio) {
  int64_t small = (int64_t)round((double)n * ratio);
  return small > 1 ? small : 1;
}

/* The point at m' = min(m, PROBE_M). */
static nlrmt_params shrink(const nlrmt_params *params) {
  nlrmt_params small = *params;
  double ratio = params->m > PROBE_M ? (double)PROBE_M / (double)params->m : 1;
  small.m = scaled(params->m, ratio);
  small.n0 = scaled(params->n0, ratio);
  small.n1 = small.width[0] = scaled(params->n1, ratio);
  small.phi = (double)small.n0 / (double)small.m;
  small.psi = (double)small.n0 / (double)small.n1;
  small.normalize = false; /* a factor, the same for all */
  small.block = 0;
  strcpy(small.eigensolver, "auto");
  return small;
}

/* Rank 0. All eigenvalues of one draw in the arithmetic of `mode`. lambda: [n]. */
static nlrmt_status draw(const nlrmt_grid *self, const nlrmt_params *params, nlrmt_precision mode,
                         int trial, double *lambda, nlrmt_error *err) {
  nlrmt_params p = *params;
  nlrmt_plan plan;
  nlrmt_progress silent;
  nlrmt_dmat *a = NULL;
  nlrmt_sides none = {0};
  nlrmt_eig_times times;
  double seconds[NLRMT_PHASES] = {0};
  p.precision = mode;
  nlrmt_progress_init(&silent, true, 1);
  if (nlrmt_plan_make(&p, 1, 1e9, &plan, err) == NLRMT_OK &&
      nlrmt_model_gram(self, &p, &plan, NULL, trial, &silent, &a, &none, seconds, err) == NLRMT_OK)
    nlrmt_eig_solve(plan.eig, a, lambda, &times, err);
  nlrmt_dmat_destroy(&a);
  return err->status;
}

/* Mean distance of all but the largest hundredth. */
static double distance(int64_t n, const double *a, const double *b) {
  int64_t count = n - (n + 99) / 100;
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += fabs(a[i] - b[i]);
  return count > 0 ? sum / (double)count : 0;
}

/* Rank 0. Mode `mode` against double, for the entries that the mode draws. */
static nlrmt_status measure(const nlrmt_grid *self, const nlrmt_params *params,
                            nlrmt_precision mode, nlrmt_probe *probe, nlrmt_error *err) {
  nlrmt_params small = shrink(params);
  int64_t n = small.m < small.n1 ? small.m : small.n1;
  double *reference = malloc((size_t)(3 * n) * sizeof *reference);
  if (!reference)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: precision probe of %lld eigenvalues",
                      (long long)n);
  double *other = reference + n;
  nlrmt_params_set_precision(&small, mode);
  if (draw(self, &small, NLRMT_PRECISION_DOUBLE, 0, reference, err) == NLRMT_OK &&
      draw(self, &small, NLRMT_PRECISION_DOUBLE, 1, other, err) == NLRMT_OK &&
      draw(self, &small, mode, 0, other + n, err) == NLRMT_OK) {
    *probe = (nlrmt_probe){.m = small.m, .mean = distance(n, reference, other + n)};
    probe->spread = distance(n, reference, other) / sqrt(2);
    for (int64_t i = 0; i < n; i++)
      probe->worst = fmax(probe->worst, fabs(reference[i] - other[n + i]));
  }
  free(reference);
  return err->status;
}

double nlrmt_probe_error(const nlrmt_params *params) {
  const nlrmt_probe *p = &params->probe;
  return p->m > 0 ? p->mean * sqrt((double)params->m / (double)p->m) : 0;
}

double nlrmt_probe_monte_carlo(const nlrmt_params *params) {
  const nlrmt_probe *p = &params->probe;
  return p->spread * (double)p->m / (double)params->m / sqrt(params->trials);
}

/* Rank 0. `auto` becomes one of the three; *why: what spoke against a faster one, or "". */
static nlrmt_status choose(const nlrmt_grid *self, nlrmt_params *params, const char **why,
                           nlrmt_error *err) {
  *why = params->m < AUTO_M ? "m below 1024" : "";
  for (nlrmt_precision mode = NLRMT_PRECISION_FAST; mode > NLRMT_PRECISION_DOUBLE; mode--) {
    nlrmt_params tried = *params;
    const char *reason = nlrmt_params_narrow(params, mode);
    if (params->m < AUTO_M || reason) {
      if (reason) *why = reason;
      continue;
    }
    nlrmt_params_set_precision(&tried, mode);
    if (measure(self, params, mode, &tried.probe, err) != NLRMT_OK) break;
    if (nlrmt_probe_error(&tried) < TENTH * nlrmt_probe_monte_carlo(&tried)) {
      *params = tried;
      return NLRMT_OK;
    }
    *why = "its error is above a tenth of the Monte Carlo error";
  }
  nlrmt_params_set_precision(params, NLRMT_PRECISION_DOUBLE);
  return err->status;
}

/* One line on what was chosen and how good it is. */
static void tell(const char *panel, int point, const nlrmt_params *params, const char *why,
                 FILE *stream) {
  const nlrmt_probe *p = &params->probe;
  fprintf(stream, "%s p%04d: precision %s", panel, point,
          nlrmt_config_precision_name(params->precision));
  if (*why) fprintf(stream, " (not faster: %s)", why);
  if (params->precision == NLRMT_PRECISION_FAST)
    fprintf(stream, ", entries on a lattice, products by %s", nlrmt_gemm_int8_name());
  if (p->m > 0)
    fprintf(stream,
            ": at m = %lld eigenvalues off by %.1e on average, %.1e at most; that is %.1e of the "
            "Monte Carlo error expected here",
            (long long)p->m, p->mean, p->worst,
            nlrmt_probe_error(params) / nlrmt_probe_monte_carlo(params));
  fprintf(stream, "\n");
}

/* Rank 0. */
static nlrmt_status settle(const nlrmt_grid *self, const char *panel, int point,
                           nlrmt_params *params, FILE *stream, nlrmt_error *err) {
  const char *why = "";
  nlrmt_precision asked = params->precision;
  if (asked == NLRMT_PRECISION_DOUBLE) return NLRMT_OK;
  if (asked == NLRMT_PRECISION_AUTO)
    choose(self, params, &why, err);
  else
    measure(self, params, asked, &params->probe, err);
  if (err->status == NLRMT_ERR_NUMERIC) { /* so will the trials, which is then recorded */
    if (stream) fprintf(stream, "%s p%04d: precision not measured: %s\n", panel, point, err->text);
    *err = (nlrmt_error){0};
  } else if (err->status == NLRMT_OK && stream) {
    tell(panel, point, params, why, stream);
  }
  return err->status;
}

nlrmt_status nlrmt_probe_config(const nlrmt_comm *comm, nlrmt_config *config, FILE *stream,
                                nlrmt_error *err) {
  nlrmt_comm self;
  nlrmt_grid *grid = NULL;
  nlrmt_comm_init(&self, MPI_COMM_SELF);
  nlrmt_grid_create(&self, 1, 1, &grid, err);
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK) {
    for (int p = 0; p < config->panels; p++)
      for (int q = 0; q < config->panel[p].points && comm->rank == 0; q++)
        if (err->status == NLRMT_OK)
          settle(grid, config->panel[p].name, q, &config->panel[p].point[q].params, stream, err);
    nlrmt_comm_agree(comm, err);
    for (int p = 0; p < config->panels && err->status == NLRMT_OK; p++)
      for (int q = 0; q < config->panel[p].points; q++) {
        nlrmt_params *params = &config->panel[p].point[q].params;
        nlrmt_precision mode = params->precision;
        MPI_Bcast(&mode, (int)sizeof mode, MPI_BYTE, 0, comm->mpi);
        MPI_Bcast(&params->probe, (int)sizeof params->probe, MPI_BYTE, 0, comm->mpi);
        nlrmt_params_set_precision(params, mode);
      }
  }
  nlrmt_grid_destroy(&grid);
  return err->status;
}
