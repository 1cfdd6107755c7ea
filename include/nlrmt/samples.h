/* samples: the data X of one point, where they are more than i.i.d. entries.
 *
 *   population  X = T^(1/2) Z, T diagonal: its n0 values are the quantiles (k + 1/2)/n0 of the law
 *               given, ascending; Z is drawn anew in every trial, as i.i.d. data are;
 *   files       m samples chosen from files (images.h), less each feature's mean if asked for,
 *               scaled so that the mean square entry is sigma_x^2; the same in every trial.
 *
 * Rank 0 reads; a rank keeps the columns of X that its part of the features needs (plan.h): those
 * of its process column if tall, else those that its process row streams.
 */
#ifndef NLRMT_SAMPLES_H
#define NLRMT_SAMPLES_H

#include "nlrmt/config.h"
#include "nlrmt/data_report.h"
#include "nlrmt/grid.h"
#include "nlrmt/plan.h"

typedef struct {
  int64_t n0;
  double *scale; /* [n0] population: standard deviation of each component of a sample; else NULL */
  double *x;     /* [columns][n0] files: this rank's columns of X; else NULL */
  int64_t columns;
  int block, procs; /* column c of X is held where (c / block) % procs says so */
  double *gram;     /* [m][m] files, rank 0, if the law kernel is asked for: X'X/n0; else NULL */
  nlrmt_data_report report; /* files: the spectrum of X; on every rank */
} nlrmt_samples;

/* Collective over comm. A panel one of whose files is not there at all is skipped if another panel
 * can be computed: its points become 0 and `skipped` tells the reason. Completes every other point
 * whose data say more than the configuration: n0 of samples in files, the activations' standard
 * deviation for a population whose mean is not 1. Errors, with panel and point: NLRMT_ERR_CONFIG
 * for data that only nlrmt_theory can do and for another n0, NLRMT_ERR_DATA for files (headers,
 * labels and numbers of samples are looked at). */
nlrmt_status nlrmt_samples_resolve(const nlrmt_comm *comm, nlrmt_config *config, nlrmt_error *err);

/* Collective over comm. Reads all files of all points once, on rank 0, and forgets them but for the
 * points' data_checksum (rank 0): so that a bad file is told before any work is done, and one that
 * changes later is noticed. It is FNV-1a over the samples chosen, as read, or over the population's
 * eigenvalues and weights. Errors as nlrmt_samples_create's, with the point. */
nlrmt_status nlrmt_samples_verify(const nlrmt_comm *comm, nlrmt_config *config, nlrmt_error *err);

/* Collective over grid. The same samples once more, for another grid: of those from files the
 * report stays empty and gram NULL. */
nlrmt_status nlrmt_samples_create_again(const nlrmt_grid *grid, const nlrmt_params *params,
                                        const nlrmt_plan *plan, nlrmt_samples **samples,
                                        nlrmt_error *err);

/* Local. Keeps the report and nothing of the data themselves. */
void nlrmt_samples_release(nlrmt_samples *samples);

/* Collective over grid. *samples is the caller's; NULL for i.i.d. data and on an error:
 * NLRMT_ERR_DATA (also if the chosen data are constant, or not those that were verified),
 * NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC. */
nlrmt_status nlrmt_samples_create(const nlrmt_grid *grid, const nlrmt_params *params,
                                  const nlrmt_plan *plan, nlrmt_samples **samples,
                                  nlrmt_error *err);

/* Local. Column `vector` of X, [n0], which this rank holds; files only. */
const double *nlrmt_samples_column(const nlrmt_samples *samples, int64_t vector);

/* Local. Components [first, first + count) of column `vector` of X in `trial`, scaled; samples
 * NULL: i.i.d. data. From files, only columns that this rank holds. */
void nlrmt_samples_entries(const nlrmt_samples *samples, const nlrmt_params *params, int trial,
                           int64_t vector, int64_t first, int64_t count, double *out);

void nlrmt_samples_destroy(nlrmt_samples **samples); /* local; NULL is allowed */

#endif
