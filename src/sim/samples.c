#include "nlrmt/samples.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/data_law.h"
#include "nlrmt/fault.h"
#include "nlrmt/gemm.h"
#include "nlrmt/images.h"
#include "nlrmt/laws.h"

/* ---- reading, rank 0 ---- */

/* Takes each feature's mean away. */
static void subtract_means(int64_t m, int64_t n0, double *x) {
  for (int64_t i = 0; i < n0; i++) {
    double mean = 0;
    for (int64_t c = 0; c < m; c++) mean += x[c * n0 + i];
    mean /= (double)m;
    for (int64_t c = 0; c < m; c++) x[c * n0 + i] -= mean;
  }
}

/* Scales to mean square sigma_x^2; *mean_square is what it was. What the means have left of
 * constant features is rounding, measured by `size`, the largest entry before. */
static nlrmt_status scale_samples(const nlrmt_params *params, double size, double *x,
                                  double *mean_square, nlrmt_error *err) {
  size_t count = (size_t)params->m * (size_t)params->n0;
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (x[i] / size) * (x[i] / size);
  double rms = size * sqrt(sum / (double)count);
  if (!(rms > 64 * DBL_EPSILON * size))
    return nlrmt_fail(err, NLRMT_ERR_DATA, "data.path: %s: the %lld samples chosen are %s",
                      params->data.path, (long long)params->m,
                      params->data.mean_subtract ? "all the same: nothing is left without the means"
                                                 : "zero everywhere");
  for (size_t i = 0; i < count; i++) x[i] *= params->sigma_x / rms;
  *mean_square = rms * rms;
  return NLRMT_OK;
}

/* FNV-1a over 8 bytes at a time, going on from `sum`; never 0. */
static uint64_t add_checksum(uint64_t sum, size_t count, const double *values) {
  for (size_t i = 0; i < count; i++) {
    uint64_t bits;
    double value = values[i] + 0.0; /* one zero */
    memcpy(&bits, &value, sizeof bits);
    sum = (sum ^ bits) * 0x100000001b3;
    sum ^= sum >> 32; /* high bits must reach the low ones: FNV alone is made for bytes */
  }
  return sum ? sum : 1;
}
static const uint64_t CHECKSUM_START = 0xcbf29ce484222325;

static nlrmt_status check_unchanged(const nlrmt_params *params, uint64_t checksum,
                                    nlrmt_error *err) {
  if (params->data_checksum == 0 || params->data_checksum == checksum) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_DATA,
                    "data.path: %s: has changed since the start: put the old file back, then "
                    "--resume",
                    params->data.path);
}

/* *x [m][n0], malloc'd: the samples of this point, ready to use. */
static nlrmt_status read_samples(const nlrmt_params *params, double **x, nlrmt_data_report *report,
                                 nlrmt_error *err) {
  nlrmt_images images;
  size_t count = (size_t)params->m * (size_t)params->n0;
  double size = DBL_MIN;
  *x = malloc(count * sizeof **x);
  if (!*x)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld samples of %lld features",
                      (long long)params->m, (long long)params->n0);
  if (nlrmt_images_open(&params->data, params->m, &images, err) != NLRMT_OK) return err->status;
  if (images.n0 != params->n0)
    nlrmt_fail(err, NLRMT_ERR_DATA, "data.path: %s: changes while it is read", params->data.path);
  if (err->status == NLRMT_OK &&
      nlrmt_images_choose(&images, params->seed, params->m, err) == NLRMT_OK &&
      nlrmt_images_read(&params->data, &images, *x, err) == NLRMT_OK) {
    for (size_t i = 0; i < count; i++) size = fmax(size, fabs((*x)[i]));
    report->checksum = add_checksum(CHECKSUM_START, count, *x);
    check_unchanged(params, report->checksum, err);
    if (params->data.mean_subtract) subtract_means(params->m, params->n0, *x);
    if (err->status == NLRMT_OK) scale_samples(params, size, *x, &report->mean_square, err);
    report->available = images.available;
  }
  nlrmt_images_clear(&images);
  return err->status;
}

/* ---- what the data add to the configuration ---- */

static uint64_t population_checksum(const nlrmt_data_law *law, double mean) {
  uint64_t sum = add_checksum(CHECKSUM_START, 1, &mean);
  sum = add_checksum(sum, law->count, law->value);
  return add_checksum(sum, law->count, law->weight);
}

/* Whether both points have the same data, so that one look at the files serves both. */
static bool same_data(const nlrmt_params *a, const nlrmt_params *b) {
  return a && a->seed == b->seed && a->m == b->m && a->sigma_x == b->sigma_x &&
         memcmp(&a->data, &b->data, sizeof a->data) == 0;
}

/* Collective. n0 is the files'. */
static nlrmt_status resolve_files(const nlrmt_comm *comm, nlrmt_params *params,
                                  const nlrmt_params *before, nlrmt_error *err) {
  nlrmt_images images = {0};
  if (same_data(before, params)) return nlrmt_params_set_n0(params, before->n0, err);
  if (comm->rank == 0) nlrmt_images_open(&params->data, params->m, &images, err);
  int64_t n0 = images.n0;
  nlrmt_images_clear(&images);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  MPI_Bcast(&n0, 1, MPI_INT64_T, 0, comm->mpi);
  return nlrmt_params_set_n0(params, n0, err);
}

/* Collective. Where the population's mean is not 1, f is made for the variance that X then has, as
 * the laws do (laws.c). */
static nlrmt_status resolve_population(const nlrmt_comm *comm, nlrmt_params *params,
                                       nlrmt_error *err) {
  double sigma_x = params->sigma_x;
  nlrmt_mixture *mixture = &params->mixture;
  if (comm->rank == 0) nlrmt_laws_sigma_x(params, &sigma_x, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  MPI_Bcast(&sigma_x, 1, MPI_DOUBLE, 0, comm->mpi);
  double s = hypot(params->sigma_w * sigma_x, nlrmt_bias_rms(&params->bias));
  for (int i = 0; i < mixture->count && sigma_x != params->sigma_x; i++)
    if (nlrmt_activation_init(&mixture->f[i], mixture->f[i].name, s, err) != NLRMT_OK) break;
  return err->status;
}

static nlrmt_status resolve_point(const nlrmt_comm *comm, nlrmt_params *params,
                                  const nlrmt_params *before, nlrmt_error *err) {
  const nlrmt_data *data = &params->data;
  if (nlrmt_data_from_files(data)) return resolve_files(comm, params, before, err);
  if (data->source == NLRMT_SOURCE_GAUSSIAN) return NLRMT_OK;
  if (data->population) return resolve_population(comm, params, err);
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "data.of: eigenvalues of a sample are no data: nlrmt_sim draws data.of = "
                    "population, nlrmt_theory solves the laws for both");
}

/* Names the point. */
static nlrmt_status fail_point(const nlrmt_panel *panel, int q, const nlrmt_error *own,
                               nlrmt_error *err) {
  return nlrmt_fail(err, own->status, "%s/p%04d: %s", panel->name, q, own->text);
}

static bool absent(const nlrmt_panel *panel) {
  for (int q = 0; q < panel->points; q++) {
    const nlrmt_data *data = &panel->point[q].params.data;
    if (nlrmt_data_from_files(data) && nlrmt_images_absent(data)) return true;
  }
  return false;
}

/* Collective. Panels whose files are absent, unless that were all: then opening them tells why. */
static void skip_panels(const nlrmt_comm *comm, nlrmt_config *config) {
  int skipped = 0;
  for (int p = 0; p < config->panels; p++) {
    nlrmt_panel *panel = &config->panel[p];
    int skip = comm->rank == 0 && absent(panel);
    MPI_Bcast(&skip, 1, MPI_INT, 0, comm->mpi);
    if (!skip || skipped == config->panels - 1) continue;
    const char *path = panel->point[0].params.data.path;
    snprintf(panel->skipped, sizeof panel->skipped,
             "%s is not there: tools/get_data fetches MNIST and CIFAR-10, the package "
             "dataset-fashion-mnist has Fashion-MNIST",
             path);
    panel->points = 0;
    skipped++;
  }
}

nlrmt_status nlrmt_samples_resolve(const nlrmt_comm *comm, nlrmt_config *config, nlrmt_error *err) {
  const nlrmt_params *before = NULL;
  skip_panels(comm, config);
  for (int p = 0; p < config->panels; p++)
    for (int q = 0; q < config->panel[p].points; q++) {
      nlrmt_params *params = &config->panel[p].point[q].params;
      nlrmt_error own = {0};
      if (resolve_point(comm, params, before, &own) != NLRMT_OK)
        return fail_point(&config->panel[p], q, &own, err);
      if (nlrmt_data_from_files(&params->data)) before = params;
    }
  return NLRMT_OK;
}

/* Rank 0. */
static nlrmt_status verify_point(nlrmt_params *params, const nlrmt_params *before,
                                 nlrmt_error *err) {
  nlrmt_data_report report = {0};
  nlrmt_data_law law = {0};
  double *x = NULL, mean;
  if (same_data(before, params)) {
    report.checksum = before->data_checksum;
  } else if (nlrmt_data_from_files(&params->data)) {
    read_samples(params, &x, &report, err);
  } else if (nlrmt_data_law_read(NLRMT_DATA_POPULATION, params->data.path, &law, &mean, err) ==
             NLRMT_OK) {
    report.checksum = population_checksum(&law, mean);
  }
  params->data_checksum = report.checksum;
  nlrmt_data_law_clear(&law);
  free(x);
  return err->status;
}

nlrmt_status nlrmt_samples_verify(const nlrmt_comm *comm, nlrmt_config *config, nlrmt_error *err) {
  const nlrmt_params *before = NULL;
  for (int p = 0; p < config->panels; p++)
    for (int q = 0; q < config->panel[p].points; q++) {
      nlrmt_params *params = &config->panel[p].point[q].params;
      nlrmt_error own = {0};
      if (!nlrmt_data_from_files(&params->data) && params->data.source != NLRMT_SOURCE_SPECTRUM)
        continue;
      if (comm->rank == 0) verify_point(params, before, &own);
      if (nlrmt_comm_agree(comm, &own) != NLRMT_OK)
        return fail_point(&config->panel[p], q, &own, err);
      before = params;
    }
  return NLRMT_OK;
}

/* ---- population ---- */

/* Rank 0: standard deviations of the components, from the quantiles of the law. */
static nlrmt_status spread_population(const nlrmt_params *params, double *scale, nlrmt_error *err) {
  const nlrmt_data *data = &params->data;
  nlrmt_data_law law = {0};
  double mean, sum;
  if (data->source == NLRMT_SOURCE_DISCRETE)
    nlrmt_data_law_create(NLRMT_DATA_POPULATION, data->count, data->values,
                          data->weighted > 0 ? data->weights : NULL, &law, &mean, err);
  else
    nlrmt_data_law_read(NLRMT_DATA_POPULATION, data->path, &law, &mean, err);
  if (err->status != NLRMT_OK) return err->status;
  if (data->source != NLRMT_SOURCE_DISCRETE &&
      check_unchanged(params, population_checksum(&law, mean), err) != NLRMT_OK) {
    nlrmt_data_law_clear(&law);
    return err->status;
  }
  sum = law.weight[0];
  for (int64_t i = 0, k = 0; i < params->n0; i++) {
    double quantile = ((double)i + 0.5) / (double)params->n0;
    while (sum < quantile && k + 1 < (int64_t)law.count) sum += law.weight[++k];
    scale[i] = params->sigma_x * sqrt(mean * law.value[k]);
  }
  nlrmt_data_law_clear(&law);
  return NLRMT_OK;
}

/* Collective. */
static nlrmt_status create_population(const nlrmt_comm *comm, const nlrmt_params *params,
                                      nlrmt_samples *s, nlrmt_error *err) {
  s->scale = malloc((size_t)params->n0 * sizeof *s->scale);
  if (!s->scale)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld components", (long long)params->n0);
  else if (comm->rank == 0)
    spread_population(params, s->scale, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  MPI_Bcast(s->scale, (int)params->n0, MPI_DOUBLE, 0, comm->mpi);
  return NLRMT_OK;
}

/* ---- files ---- */

/* Collective. Rank 0 sends X, some columns at a time; each rank keeps its own. */
static nlrmt_status hand_out(const nlrmt_grid *grid, int64_t m, const double *whole, int proc,
                             nlrmt_samples *s, nlrmt_error *err) {
  int64_t n0 = s->n0, batch = (1 << 20) / n0 + 1, kept = 0;
  double *buffer = malloc((size_t)(batch * n0) * sizeof *buffer);
  if (!buffer) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld samples", (long long)batch);
  if (nlrmt_comm_agree(grid->comm, err) != NLRMT_OK) m = 0;
  for (int64_t first = 0; first < m; first += batch) {
    int64_t columns = m - first < batch ? m - first : batch;
    if (grid->comm->rank == 0)
      memcpy(buffer, whole + first * n0, (size_t)(columns * n0) * sizeof *buffer);
    MPI_Bcast(buffer, (int)(columns * n0), MPI_DOUBLE, 0, grid->comm->mpi);
    for (int64_t c = 0; c < columns; c++)
      if ((first + c) / s->block % s->procs == proc)
        memcpy(s->x + n0 * kept++, buffer + c * n0, (size_t)n0 * sizeof *buffer);
  }
  free(buffer);
  return err->status;
}

/* Rank 0. X'X/n0, for the law kernel. */
static nlrmt_status make_gram(int64_t m, int64_t n0, const double *x, nlrmt_samples *s,
                              nlrmt_error *err) {
  size_t square = (size_t)m * (size_t)m;
  s->gram = malloc(square * sizeof *s->gram);
  if (!s->gram)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: products of %lld samples",
                      (long long)m);
  nlrmt_gemm_tn(m, m, n0, x, x, s->gram, m);
  for (size_t i = 0; i < square; i++) s->gram[i] /= (double)n0;
  return NLRMT_OK;
}

/* Collective. */
static nlrmt_status create_files(const nlrmt_grid *grid, const nlrmt_params *params,
                                 const nlrmt_plan *plan, bool again, nlrmt_samples *s,
                                 nlrmt_error *err) {
  double *whole = NULL, facts[2];
  int proc = plan->tall ? grid->mycol : grid->myrow;
  s->block = plan->tall ? plan->block : (int)plan->piece;
  s->procs = plan->tall ? grid->npcol : grid->nprow;
  s->columns = nlrmt_block_count(params->m, s->block, proc, s->procs);
  s->x = malloc((size_t)(s->columns * s->n0 + 1) * sizeof *s->x);
  if (!s->x)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %lld samples", (long long)s->columns);
  if (nlrmt_fault("data.read"))
    nlrmt_fail(err, NLRMT_ERR_DATA, "data.path: %s: cannot read", params->data.path);
  if (grid->comm->rank == 0 && s->x && err->status == NLRMT_OK &&
      read_samples(params, &whole, &s->report, err) == NLRMT_OK && nlrmt_params_kernel(params) &&
      !again)
    make_gram(params->m, s->n0, whole, s, err);
  if (nlrmt_comm_agree(grid->comm, err) == NLRMT_OK &&
      hand_out(grid, params->m, whole, proc, s, err) == NLRMT_OK && !again) {
    facts[0] = s->report.mean_square;
    facts[1] = (double)s->report.available;
    MPI_Bcast(facts, 2, MPI_DOUBLE, 0, grid->comm->mpi);
    s->report.mean_square = facts[0];
    s->report.available = (int64_t)facts[1];
    nlrmt_data_report_make(grid, params, whole, &s->report, err);
  }
  free(whole);
  return err->status;
}

static nlrmt_status create(const nlrmt_grid *grid, const nlrmt_params *params,
                           const nlrmt_plan *plan, bool again, nlrmt_samples **samples,
                           nlrmt_error *err) {
  *samples = NULL;
  if (params->data.source == NLRMT_SOURCE_GAUSSIAN) return NLRMT_OK;
  *samples = calloc(1, sizeof **samples);
  if (!*samples) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory");
  if (nlrmt_comm_agree(grid->comm, err) == NLRMT_OK) {
    (*samples)->n0 = params->n0;
    if (nlrmt_data_from_files(&params->data))
      create_files(grid, params, plan, again, *samples, err);
    else
      create_population(grid->comm, params, *samples, err);
  }
  if (err->status != NLRMT_OK) nlrmt_samples_destroy(samples);
  return err->status;
}

nlrmt_status nlrmt_samples_create(const nlrmt_grid *grid, const nlrmt_params *params,
                                  const nlrmt_plan *plan, nlrmt_samples **samples,
                                  nlrmt_error *err) {
  return create(grid, params, plan, false, samples, err);
}

nlrmt_status nlrmt_samples_create_again(const nlrmt_grid *grid, const nlrmt_params *params,
                                        const nlrmt_plan *plan, nlrmt_samples **samples,
                                        nlrmt_error *err) {
  return create(grid, params, plan, true, samples, err);
}

void nlrmt_samples_release(nlrmt_samples *samples) {
  free(samples->x);
  free(samples->gram);
  samples->x = samples->gram = NULL;
}

const double *nlrmt_samples_column(const nlrmt_samples *samples, int64_t vector) {
  int64_t round = vector / samples->block / samples->procs;
  return samples->x + (round * samples->block + vector % samples->block) * samples->n0;
}

void nlrmt_samples_destroy(nlrmt_samples **samples) {
  if (!*samples) return;
  free((*samples)->scale);
  free((*samples)->x);
  free((*samples)->gram);
  nlrmt_data_report_clear(&(*samples)->report);
  free(*samples);
  *samples = NULL;
}

void nlrmt_samples_entries(const nlrmt_samples *samples, const nlrmt_params *params, int trial,
                           int64_t vector, int64_t first, int64_t count, double *out) {
  if (samples && samples->x) {
    memcpy(out, nlrmt_samples_column(samples, vector) + first, (size_t)count * sizeof *out);
    return;
  }
  nlrmt_stream stream = {params->seed, (uint32_t)trial, 0, NLRMT_MATRIX_X};
  bool scaled = samples && samples->scale;
  nlrmt_rng_law(&stream, params->entries_x, params->dof_x, scaled ? 1 : params->sigma_x,
                (uint32_t)vector, (uint64_t)first, (size_t)count, out);
  for (int64_t i = 0; scaled && i < count; i++) out[i] *= samples->scale[first + i];
}
