/* gram: A = alpha * sum over strips of G'G, accumulated strip by strip with local gemm.
 *
 * G is N x n, cut into strips of rows; a strip is cut again into nprow pieces, one per process row
 * (any sizes, empty allowed). Rank (i, j) brings the piece of process row i, restricted to the
 * columns of process column j of A. Two all-gathers per strip (along the process column, then along
 * the process row) give each rank the strip on its own columns and on its own rows of A; the rest
 * is local gemm on the lower triangle. Words received per rank and strip of s rows: s (rows +
 * cols).
 */
#ifndef NLRMT_GRAM_H
#define NLRMT_GRAM_H

#include "nlrmt/grid.h"

typedef struct nlrmt_gram nlrmt_gram;

/* Collective over A's grid. strip_rows: most rows of a whole strip. NLRMT_ERR_RESOURCE. A borrowed.
 */
nlrmt_status nlrmt_gram_create(nlrmt_dmat *a, int64_t strip_rows, nlrmt_gram **gram,
                               nlrmt_error *err);

/* Collective over A's grid. Adds piece' piece of all process rows to the lower triangle of A.
 * piece: [a->cols][rows] column-major with leading dimension ld, in A's precision; rows differ
 * between process rows only. */
nlrmt_status nlrmt_gram_add(nlrmt_gram *gram, int64_t rows, const void *piece, int64_t ld,
                            nlrmt_error *err);

/* Collective over A's grid. Scales by alpha and fills the upper triangle; if not `whole`, that of
 * the diagonal blocks alone, which takes no messages: what is above them is then finite, no more.
 */
nlrmt_status nlrmt_gram_finish(nlrmt_gram *gram, double alpha, bool whole, nlrmt_error *err);
void nlrmt_gram_destroy(nlrmt_gram **gram); /* local */

/* Local. Bytes of the workspace that nlrmt_gram_create would take on rank (myrow, mycol). */
size_t nlrmt_gram_bytes(int64_t n, int block, int64_t strip_rows, bool single, int nprow, int npcol,
                        int myrow, int mycol);

#endif
