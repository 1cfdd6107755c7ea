/* overlap: how the right singular vectors of the features mix those of the data.
 *
 * X'X/(n0 sigma_x^2) v_i = s_i v_i and K u_j = lambda_j u_j, both ascending: for large m
 *   m E (v_i'u_j)^2 -> O(s_i, lambda_j) = Im[1/(C0 + s_i C1)]/Im m,   C0, C1, m at lambda_j + i0
 * (docs/kernel.md, "Singular vectors"). E_S O = 1 for every lambda, E_lambda O = 1 for every s.
 */
#ifndef NLRMT_OVERLAP_H
#define NLRMT_OVERLAP_H

#include "nlrmt/law.h"

/* Local. out[r * cols + c] = mean of O over block r of the s and block c of the lambda, blocks of
 * m/rows and m/cols neighbours: compare with m times the mean of (v_i'u_j)^2 over the same blocks.
 * Null vectors are predicted too: those of X share the value O(0, lambda), those of K have O(s, 0)
 * = the limit of Im[1/(C0 + s C1)]/Im m at i0. problem: K's (of_m = false), the one law was created
 * from. *balance: largest |mean over a row or column - 1|, an error estimate (NULL: not wanted).
 * Errors: NLRMT_ERR_CONFIG for rows or cols = 0 or of_m; NLRMT_ERR_NUMERIC if a point cannot be
 * solved. */
nlrmt_status nlrmt_overlap_map(const nlrmt_law_problem *problem, const nlrmt_law *law, size_t rows,
                               size_t cols, double *out, double *balance, nlrmt_error *err);

#endif
