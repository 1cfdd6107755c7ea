/* kernel_vectors: how the singular vectors of X and of F overlap under the law kernel.
 *
 * v_i the right singular vectors of X, u_j those of F: m E (v_i'u_j)^2 -> Im v_i'Gbar v_i/Im m at
 * lambda_j + i0 (docs/kernel.md, "Singular vectors"). Means over blocks of neighbouring v_i. */
#ifndef NLRMT_KERNEL_VECTORS_H
#define NLRMT_KERNEL_VECTORS_H

#include "kernel_table.h"

/* A spike is looked at so far above the axis, in units of lambda/n1^(1/2), half its
 * spread: far less than that, or the bulk would show. */
#define KERNEL_SPIKE_HEIGHT 1e-3

typedef struct {
  size_t m, blocks;
  double *v; /* [m][m] v_i, s ascending */
  double
      *share; /* [blocks][m] one kernel: means over a block of (v_i'a_k)^2, a_k Phi's; else NULL */
  double *mu; /* [m] one kernel: Phi's eigenvalues, ascending; else NULL */
  double *space; /* [2][m][m] several kernels: workspace; else NULL */
} kernel_vectors;

/* Local. gram [m][m]: X'X/n0; phi: the one kernel (NULL: several). Clear it also after an error:
 * NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC. */
nlrmt_status kernel_vectors_init(kernel_vectors *x, const nlrmt_params *params, const double *gram,
                                 const double *phi, nlrmt_error *err);
void kernel_vectors_clear(kernel_vectors *x);

/* Local. out[blocks] at the point that e has just solved. */
void kernel_vectors_at(kernel_vectors *x, const nlrmt_equivalent *e,
                       const nlrmt_equivalent_point *point, double *out);

/* Local. out [m][blocks], row j for the j-th smallest eigenvalue of K, from the rows at[k] of the
 * law's points and spike[s] of its spikes: each [blocks]. */
void kernel_vectors_rows(size_t m, size_t blocks, const nlrmt_law *law, const kernel_places *places,
                         const nlrmt_equivalent_point *point, const double *at, const double *spike,
                         double *out);

#endif
