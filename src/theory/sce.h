/* sce (private to src/theory): the self-consistent equations, solved at one z and certified.
 *
 * a = m(z), t = mtilde(z). With rho = psi/phi = m/n1, p = eta - zeta, q = zeta and
 * D(b) = 1 + rho (q t + p a), Adlam-Levinson-Pennington's Thm 1 reads
 *   Z(y)     = E_B[p/D] - C0 = z
 *   G(y)     = E_B[q/D] - C1 = 0
 * with a, t, C0, C1 explicit functions of two unknowns y that the data law chooses (data_side.h;
 * docs/theory.md, "The inverse map"): z enters one equation only, and explicitly.
 *
 * What makes a solution *the* solution (docs/theory.md, "The certificate"):
 *   Im z > 0:                    Im a > 0 and Im t > 0;
 *   z real inside a bulk:        Im a > 0 and Im t > 0;
 *   z real outside the support:  a, t real with da/dz > 0 and dt/dz > 0.
 */
#ifndef NLRMT_THEORY_SCE_H
#define NLRMT_THEORY_SCE_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "data_side.h"
#include "nlrmt/law.h"

typedef struct {
  double phi, rho; /* n0/m, m/n1 */
  size_t count;
  double *w, *p, *q; /* [count] weight, eta - zeta, zeta, rows that matter (eta > 0) only; padded */
  double mean;       /* E eta, the law's mean */
  double scale;      /* upper bound of the support */
  double rank, atom; /* of K over m, the mass off 0; the mass at 0 */
  double mean_q;     /* E zeta */
  data_side data;
} sce;

typedef enum { SCE_BULK, SCE_GAP } sce_kind; /* Im a > 0, or (nearly) real */

typedef struct {
  double complex z, a, t, da, dt; /* da = da/dz, dt = dt/dz */
  double residual;                /* relative, of both equations */
  sce_kind kind;
  double complex y[2], dy[2]; /* the solver's unknowns, dy/dz */
  double complex c0, c1;
} sce_point;

typedef struct {
  size_t solves, steps;
  double residual_max;
} sce_counts;

/* An edge of the support: dZ/da = 0 along G = 0. */
typedef struct {
  double lambda, a, t, y[2];
  double above; /* mass right of it, as seen from the gap's side */
  bool left;    /* the bulk lies to its right */
} sce_edge;

/* Takes the nodes that matter out of the problem. Errors as nlrmt_law_create. */
nlrmt_status sce_init(sce *s, const nlrmt_law_problem *problem, nlrmt_error *err);
void sce_clear(sce *s);

/* Newton at z from the guess x->y; true if it converged to the certified solution, which then
 * replaces the guess. */
bool sce_newton(const sce *s, double complex z, sce_point *x, sce_counts *counts);

/* Solves at z, Im z >= 0, by continuation from large Im z. False if z sits on an edge or the
 * equations are beyond double precision. */
bool sce_solve(const sce *s, double complex z, sce_point *x, sce_counts *counts);

/* As sce_solve, trying Newton from the solved neighbour *x first. */
bool sce_follow(const sce *s, double complex z, sce_point *x, sce_counts *counts);

/* Mass of (-inf, z] at a point solved at real z, in closed form (the argument of the determinant).
 */
double sce_cdf(const sce *s, const sce_point *x);

/* Mass right of a point solved in a gap: a sum of weights, precise however small it is. */
double sce_above(const sce *s, const sce_point *x);

/* Newton for an edge from the real part of a point; true if a critical point was found whose bulk
 * lies on the side `left` says. */
bool sce_edge_newton(const sce *s, const sce_point *guess, bool left, sce_edge *edge,
                     sce_counts *counts);

/* D of a node. */
double complex sce_denominator(const sce *s, double p, double q, double complex a,
                               double complex t);

#endif
