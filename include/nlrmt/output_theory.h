/* output_theory: the parts of an output file ("nlrmt/1", docs/output.md) that the configuration and
 * the laws alone decide: nlrmt_theory writes these, nlrmt_sim these and more.
 *
 * Local; no MPI. The functions write into the file's image in memory (h5.h): a failure shows when
 * it is saved. `base` is the path of a point's group.
 */
#ifndef NLRMT_OUTPUT_THEORY_H
#define NLRMT_OUTPUT_THEORY_H

#include <stddef.h>

#include "nlrmt/config.h"
#include "nlrmt/h5.h"
#include "nlrmt/law.h"
#include "nlrmt/laws.h"

enum {
  NLRMT_OUTPUT_PATH = 256,
  NLRMT_MIXTURE_TEXT = NLRMT_COMPONENTS_MAX * (NLRMT_ACTIVATION_NAME_MAX + 32)
};

/* Where the numbers come from; texts are borrowed during the call only. */
typedef struct {
  int ranks;
  const char *hosts, *blas_core, *blas, *mpi, *elpa, *scalapack;
} nlrmt_provenance;

/* Root attributes, complete = 0; each panel's group with its title and its table of points. */
void nlrmt_output_head(nlrmt_h5 *h5, const char *program, const nlrmt_config *config,
                       const nlrmt_provenance *provenance);

/* Root attributes complete and finished. */
void nlrmt_output_tail(nlrmt_h5 *h5, bool complete);

/* Attributes of a point that its parameters decide; trials_done = 0, complete = 0. eta, zeta and,
 * with activation.normalize, f_scale are left out where they cannot be had (moments that diverge,
 * a bad data file): solving a law tells why. */
void nlrmt_output_parameters(nlrmt_h5 *h5, const char *base, const nlrmt_params *params);

/* Whether the group's mode of parallel.precision, if it has one, is that of params. */
bool nlrmt_output_same_precision(nlrmt_h5 *h5, const char *base, const nlrmt_params *params);

/* theory/<name>/: the curve, the support, the certificate. outlier: its place, 0 if none. */
void nlrmt_output_law(nlrmt_h5 *h5, const char *base, const char *name, const nlrmt_law *law,
                      const nlrmt_curve *curve, double outlier);

/* E_train of one law at params->gamma. */
typedef struct {
  const char *name;
  double *train_error; /* [gammas], or [trials][gammas] */
  int trials;          /* 0, or rows of a law given each trial's biases */
} nlrmt_ridge_curve;

/* ridge/: gamma, predicted_<law> of every curve, predicted: that of the first (its mean over the
 * trials); attributes. count >= 1. */
void nlrmt_output_ridge(nlrmt_h5 *h5, const char *base, const nlrmt_params *params, int count,
                        const nlrmt_ridge_curve *curve);

/* ridge/gamma, unless it is there; its path is put into `gamma` [NLRMT_OUTPUT_PATH]. */
void nlrmt_output_gamma(nlrmt_h5 *h5, const char *base, const nlrmt_params *params, char *gamma);

/* ridge/gamma and, for every family that ridge.optimum names, ridge/optimum/<family>/: the best
 * member at every gamma and the family's whole curve. Computed here from params alone; nothing is
 * written if no family is named. Errors as nlrmt_laws_optimum. */
nlrmt_status nlrmt_output_optimum(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                                  nlrmt_error *err);

/* "single", "mixture". */
const char *nlrmt_output_family(nlrmt_family family);

/* Attribute law_failure_<number> of a point. */
void nlrmt_output_law_failure(nlrmt_h5 *h5, const char *base, int number, const char *text);

/* histogram/edges [bins + 1] and centre [bins]; then a [bins] density: predicted_<law>, … */
void nlrmt_output_bins(nlrmt_h5 *h5, const char *base, int bins, const double *edges);
void nlrmt_output_binned(nlrmt_h5 *h5, const char *base, const char *name, int bins,
                         const double *density, const char *description);

/* Paths in the file: of a point; base/name. */
void nlrmt_output_point_path(const nlrmt_config *config, int panel, int point, char *path);
void nlrmt_output_join(char *path, const char *base, const char *name);

/* A field below `base`; its full path is put into `path`, which must live as long. */
nlrmt_field nlrmt_output_field(char *path, const char *base, const char *name, int rank, int64_t d0,
                               int64_t d1, const char *description, const char *unit);

/* The law of the biases and the source of the data in words, as in a point's attributes; the
 * activation, or "0.4 identity, 0.6 abs_centred" of a mixture (NLRMT_MIXTURE_TEXT bytes hold any).
 */
void nlrmt_output_bias_text(const nlrmt_bias *bias, char *text, size_t size);
void nlrmt_output_data_text(const nlrmt_data *data, char *text, size_t size);
void nlrmt_output_mixture_text(const nlrmt_mixture *mixture, char *text, size_t size);

#endif
