/* output_transforms: of the groups stieltjes/ and moments/ (docs/output.md) what the laws alone
 * decide; nlrmt_theory writes no more of them. Local; no MPI. `base` is the path of the point's
 * group; failures show when the file is saved, as in h5.h. */
#ifndef NLRMT_OUTPUT_TRANSFORMS_H
#define NLRMT_OUTPUT_TRANSFORMS_H

#include "nlrmt/output_theory.h"

/* One law's predictions; m and mtilde, or moment, may be NULL if the point has none. */
typedef struct {
  const char *name;
  int trials;                       /* 0, or rows of a law given each trial's biases */
  const double complex *m, *mtilde; /* [zs] or [trials][zs] */
  const double *moment;             /* [moments] or [trials][moments] */
} nlrmt_transforms_curve;

/* predicted_<law>_m, predicted_<law>_mtilde and moments/predicted_<law>, with what they are over.
 */
void nlrmt_output_transforms(nlrmt_h5 *h5, const char *base, const nlrmt_params *params,
                             const nlrmt_transforms_curve *curve);

/* stieltjes/z and index, moments/order, as far as the point has them and they are not there yet. */
void nlrmt_output_transforms_scales(nlrmt_h5 *h5, const char *base, const nlrmt_params *params);

/* A field [rows, zs, 2] (or [zs, 2] for rows < 0) of complex numbers, or [rows, moments]
 * ([moments]), `name` below base; scales attached. Its paths live in *paths. */
typedef struct {
  char path[NLRMT_OUTPUT_PATH], trial[NLRMT_OUTPUT_PATH], over[NLRMT_OUTPUT_PATH];
} nlrmt_transforms_paths;
nlrmt_field nlrmt_output_of_z(nlrmt_transforms_paths *paths, const char *base, const char *name,
                              const nlrmt_params *params, int64_t rows, const char *description);
nlrmt_field nlrmt_output_of_order(nlrmt_transforms_paths *paths, const char *base, const char *name,
                                  const nlrmt_params *params, int64_t rows,
                                  const char *description);

#endif
