/* plan: what one point will need, before anything is allocated.
 *
 * The smaller Gram matrix is formed: with n = min(m, n1), N = max(m, n1),
 *   m <= n1 (tall): G = F  = f(WX; b), N x n, the n "stored" vectors are the columns of X,
 *                   the N "streamed" vectors the rows of W;
 *   m >  n1:        G = F', the stored vectors are the rows of W, the streamed ones the columns of
 * X. A = alpha G'G has the nonzero eigenvalues of K = F'F/n1 (alpha = 1/n1) or M = FF'/m (alpha =
 * 1/m); activation.normalize multiplies f by a number, whose square is in alpha. Rank (i, j) of the
 * process grid stores the vectors of process column j and streams, strip by strip, `piece` vectors
 * of process row i.
 */
#ifndef NLRMT_PLAN_H
#define NLRMT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nlrmt/comm.h"
#include "nlrmt/config.h"
#include "nlrmt/eig.h"

/* Phases of a trial that are timed. generate = random numbers, WX, f, targets; reduce = to
 * tridiagonal form, targets rotated with it; ridge = all ridge parameters. */
typedef enum {
  NLRMT_PHASE_GENERATE,
  NLRMT_PHASE_GRAM,
  NLRMT_PHASE_REDUCE,
  NLRMT_PHASE_EIGEN,
  NLRMT_PHASE_RIDGE,
  NLRMT_PHASE_THEORY,
  NLRMT_PHASE_IO,
  NLRMT_PHASES
} nlrmt_phase;

extern const char *const nlrmt_phase_name[NLRMT_PHASES];

typedef struct {
  int nprow, npcol, block;
  const nlrmt_eig_backend *eig;
  bool tall;
  int64_t n, big; /* n = min(m, n1); big = N = max(m, n1) */
  int64_t order;  /* of the Gram matrix: n; in a network of layers with one orientation for all,
                     m if tall, else n1: then its smallest order - n eigenvalues are 0; of
                     complex features 2 n, every eigenvalue twice, and big is 2 N */
  int64_t zeros;  /* structural zeros of the matrix asked for: its order minus n */
  int64_t piece;  /* streamed vectors per process row and strip */
  double alpha;   /* 1/n1 or 1/m, times the square of the scale of f */
  int outliers;   /* largest eigenvectors left out of spectrum.vectors; set by the run */
  double scale;   /* A's nonzero eigenvalues are this times those of K: 1 or n1/m */
  int64_t sides;  /* right-hand sides: split rows of X and n2 of Y for ridge regression; n for
                     singular vectors; else 0 */
  int64_t split;  /* n0 if the signal's training error or mtilde(z) is wanted, else 0 */
  size_t bytes_stored, bytes_matrix, bytes_strip, bytes_sides, bytes_eigen,
      bytes_samples; /* on the rank with most; bytes_samples: from files, for the streamed vectors
                      */
  size_t bytes_peak; /* of the same rank, all phases, without the program's own baseline */
  double flops;      /* of one trial, all ranks */
  double seconds[NLRMT_PHASES]; /* predicted, one trial */
  double before;                /* predicted seconds before the first trial: the law kernel */
} nlrmt_plan;

/* Local. The block size for a matrix of order n on npcol process columns. */
int nlrmt_plan_block(int64_t n, int npcol);

/* Local. The plan of one point on `size` ranks that do `rate` flop/s each in dgemm.
 * Errors: NLRMT_ERR_CONFIG from the choice of the eigensolver or the scale of f, NLRMT_ERR_RESOURCE
 * if it is absurd. */
nlrmt_status nlrmt_plan_make(const nlrmt_params *params, int size, double rate, nlrmt_plan *plan,
                             nlrmt_error *err);

/* Local. plan[params->shown]: of the layers spectrum.layers, on their way all layers below: the one
 * plan of nlrmt_plan_make without depth, else one orientation for all (network.h). A plan's seconds
 * are those since the layer shown before. Errors as nlrmt_plan_make. */
nlrmt_status nlrmt_plan_layers(const nlrmt_params *params, int size, double rate, nlrmt_plan *plan,
                               nlrmt_error *err);

/* Local. Largest resident set of this process so far, bytes. */
size_t nlrmt_memory_peak(void);

/* Local. Bytes that this node can still give, the limit of its control group included. */
size_t nlrmt_memory_available(void);

/* Collective over comm. NLRMT_ERR_RESOURCE if any node lacks the memory for its ranks; the text
 * names `where` (panel and point), the need, what there is, and the largest m that would fit. */
nlrmt_status nlrmt_plan_check_memory(const nlrmt_comm *comm, const char *where,
                                     const nlrmt_params *params, const nlrmt_plan *plan,
                                     nlrmt_error *err);

#endif
