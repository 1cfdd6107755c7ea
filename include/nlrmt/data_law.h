/* data_law: the limiting law of the data's spectrum, where it is not that of i.i.d. entries.
 *
 * S is an eigenvalue of X'X/(n0 sigma_x^2), m x m, with mean 1. Two kinds:
 *   spectrum:   S itself is discrete: the eigenvalues of a data set, a tabulated law, few points;
 *   population: X = T^(1/2) Z, Z i.i.d., T n0 x n0 with the discrete spectrum given; S is then the
 *               Marchenko-Pastur law deformed by T. The one point T = 1 is Marchenko-Pastur.
 */
#ifndef NLRMT_DATA_LAW_H
#define NLRMT_DATA_LAW_H

#include <stddef.h>

#include "nlrmt/status.h"

typedef enum { NLRMT_DATA_SPECTRUM, NLRMT_DATA_POPULATION } nlrmt_data_kind;

typedef struct {
  nlrmt_data_kind kind;
  size_t count;
  double *value, *weight; /* [count], owned; values >= 0 ascending, distinct, mean 1; sum 1 */
} nlrmt_data_law;

/* Local. From count values >= 0 in any order and weights >= 0 that sum to 1 (NULL: equal ones).
 * Divides by the mean, which is returned in *factor (NULL: not wanted): sigma_x^2 for eigenvalues
 * of X'X/n0. Values within 1e-13 of the largest around 0 are 0, equal ones are merged.
 * Errors: NLRMT_ERR_DATA for no value at all, values negative or not finite, all 0, bad weights. */
nlrmt_status nlrmt_data_law_create(nlrmt_data_kind kind, size_t count, const double *value,
                                   const double *weight, nlrmt_data_law *law, double *factor,
                                   nlrmt_error *err);

/* Local. The same from a text file: one value a line, or value and weight (separated by blanks or a
 * comma); # begins a comment. Weights here need not sum to 1. Errors: as above and NLRMT_ERR_DATA
 * with the line for anything else in it, or if it cannot be read. */
nlrmt_status nlrmt_data_law_read(nlrmt_data_kind kind, const char *path, nlrmt_data_law *law,
                                 double *factor, nlrmt_error *err);

/* Local. Frees the arrays; a zeroed struct is allowed. */
void nlrmt_data_law_clear(nlrmt_data_law *law);

#endif
