/* mixture: the activations of F's rows: each row draws one of a few, independently of its bias.
 *
 * Adlam-Levinson-Pennington, section 4.1, where the components are a linear and a purely nonlinear
 * function. The simulation draws from it; the theory has the same draws where it is given them.
 */
#ifndef NLRMT_MIXTURE_H
#define NLRMT_MIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "nlrmt/activation.h"

enum { NLRMT_COMPONENTS_MAX = 8 };

typedef struct {
  int count; /* >= 1; 1: a single activation, p = 1 */
  nlrmt_activation f[NLRMT_COMPONENTS_MAX];
  double p[NLRMT_COMPONENTS_MAX]; /* [count] each >= 0, sum 1 within 1e-9 */
} nlrmt_mixture;

/* Local. component[i] = component, from 0, of row first + i, i < count; pure function of (seed,
 * trial, layer, row): one uniform number of the row (rng.h, NLRMT_MATRIX_C). A component with p = 0
 * is never drawn; a single activation draws nothing. */
void nlrmt_mixture_draw(const nlrmt_mixture *mixture, uint64_t seed, uint32_t trial, uint32_t layer,
                        uint32_t first, size_t count, int *component);

#endif
