/* output: the layout of the HDF5 file ("nlrmt/1"), see docs/output.md.
 *
 * Local, rank 0. The file on disk is always whole and readable: it is replaced atomically (h5.h)
 * when opened, after trials, after points and at the end; `complete` tells whether all is there.
 * Eigenvalues and timings are appended trial by trial; what is derived from them is written when a
 * point is done.
 */
#ifndef NLRMT_OUTPUT_H
#define NLRMT_OUTPUT_H

#include <stdbool.h>

#include "nlrmt/config.h"
#include "nlrmt/data_report.h"
#include "nlrmt/judge.h"
#include "nlrmt/output_theory.h"
#include "nlrmt/plan.h"

typedef struct nlrmt_output nlrmt_output;

typedef enum { NLRMT_OUTPUT_NEW, NLRMT_OUTPUT_FRESH, NLRMT_OUTPUT_RESUME } nlrmt_output_mode;

/* Opens `path`: NEW refuses an existing file (naming --resume and --fresh), FRESH moves it aside,
 * RESUME continues it if its configuration and data are the same (a missing file is begun). Writes
 * a new file at once, so that a bad place is refused before any work, and keeps it locked
 * (lock.h) until nlrmt_output_close. Errors: NLRMT_ERR_CONFIG, NLRMT_ERR_DATA, NLRMT_ERR_RESOURCE.
 */
nlrmt_status nlrmt_output_open(const char *path, nlrmt_output_mode mode, const nlrmt_config *config,
                               const nlrmt_provenance *provenance, nlrmt_output **output,
                               nlrmt_error *err);

/* Trials are saved when the last save is `seconds` ago, 0: each one. Without this: 5 s, and at most
 * a twentieth of the time goes into saving. */
void nlrmt_output_save_every(nlrmt_output *output, double seconds);

/* In what follows params are those of the layer in question: the last layer's group is the point's
 * own, the others are below it in layers/<l>/. */

/* Trials that the file already has: fills `sample`; *complete if the layer is wholly written: then
 * the number of failed trials, too. */
nlrmt_status nlrmt_output_load(nlrmt_output *output, int panel, int point,
                               const nlrmt_params *params, nlrmt_sample *sample, bool *complete,
                               nlrmt_error *err);

/* What the file has of a point: trials done and, once it is complete, how many trials, laws and
 * data spectra failed. */
void nlrmt_output_there(nlrmt_output *output, int panel, int point, int *done, int *failed,
                        int *complete);

/* Appends the last trial of `sample`, and saves after the last layer if the last save is long
 * enough ago: in the file all layers have the same trials. */
nlrmt_status nlrmt_output_trial(nlrmt_output *output, int panel, int point,
                                const nlrmt_params *params, const nlrmt_plan *plan,
                                const nlrmt_sample *sample, nlrmt_error *err);

/* The `trials` rows of a point, with all its layers: row order[i] goes to place i. */
void nlrmt_output_sort(nlrmt_output *output, int panel, int point, int trials,
                       const int64_t *order);

/* Writes all that is derived for a point and saves. report: of data from files, else NULL.
 * memory_peak: largest resident set of a rank, bytes. */
nlrmt_status nlrmt_output_point(nlrmt_output *output, int panel, int point,
                                const nlrmt_params *params, const nlrmt_plan *plan,
                                const nlrmt_sample *sample, const nlrmt_judgement *judgement,
                                const nlrmt_data_report *report, double memory_peak,
                                nlrmt_error *err);

/* Root attributes of this run: how many groups of ranks there were at most, and which share of the
 * ranks' time was in use. */
void nlrmt_output_usage(nlrmt_output *output, int groups, double utilisation);

/* Saves; complete: all points are written. */
nlrmt_status nlrmt_output_finish(nlrmt_output *output, bool complete, nlrmt_error *err);

/* Frees; saves nothing. */
void nlrmt_output_close(nlrmt_output **output);

#endif
