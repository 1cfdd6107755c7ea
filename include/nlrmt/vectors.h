/* vectors: how the right singular vectors of the features mix those of the data, measured.
 *
 * X'X v_i = (n0 sigma_x^2) s_i v_i and K u_j = lambda_j u_j, both ascending, m of each; stored are
 * m times the means of (v_i'u_j)^2 over blocks of neighbours (figure A5; overlap.h predicts them).
 * An outlier that the theory predicts (the row means' direction) is no part of that: its u is left
 * out. Null vectors of X are some basis of its null space. Only m <= n1, where K has no structural
 * zeros.
 */
#ifndef NLRMT_VECTORS_H
#define NLRMT_VECTORS_H

#include "nlrmt/eig.h"
#include "nlrmt/samples.h"

/* Collective over grid. Eigenvectors of X'X of one trial, ascending: column i of *v (m x m; row
 * alpha belongs to sample alpha) is v_i. Errors: NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC. */
nlrmt_status nlrmt_vectors_of_data(const nlrmt_grid *grid, const nlrmt_params *params,
                                   const nlrmt_plan *plan, const nlrmt_samples *samples, int trial,
                                   nlrmt_rows **v, nlrmt_error *err);

/* Collective over grid. *rows: the m x m identity, which nlrmt_eig_backend.reduce and
 * nlrmt_eig_finish_rows turn into eigenvectors. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_vectors_identity(const nlrmt_grid *grid, const nlrmt_plan *plan,
                                    nlrmt_rows **rows, nlrmt_error *err);

/* Collective over grid. mean [blocks][blocks], on every rank: row r holds the v_i with i blocks/m
 * in [r, r + 1), columns likewise the m - outliers smallest u_j. full (NULL: not wanted) [m][m] on
 * rank 0: v_i'u_j, signs such that the components of every vector sum to something >= 0. */
nlrmt_status nlrmt_vectors_overlap(const nlrmt_rows *v, const nlrmt_rows *u, int blocks,
                                   int outliers, double *mean, double *full, nlrmt_error *err);

#endif
