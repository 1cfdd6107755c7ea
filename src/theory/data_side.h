/* data_side (private to src/theory): the half of the equations that the data law decides.
 *
 * The data turn (C0, C1) into a = E_S[1/(C0 + S C1)], t = E_S[S/(C0 + S C1)]. This file is the only
 * one that knows of their kinds. The two unknowns y of the solver are chosen so that a, t and C0
 * are explicit (docs/theory.md, "The inverse map"), with c = 1/phi: spectrum:   y = (C0, C1);
 *   population: y = (a, C1), t = a E_T[T/(1 + c T C1 a)], C0 = (1 - C1 t)/a.
 * Marchenko-Pastur data are the population T = 1.
 */
#ifndef NLRMT_THEORY_DATA_SIDE_H
#define NLRMT_THEORY_DATA_SIDE_H

#include <complex.h>
#include <stdbool.h>

#include "nlrmt/data_law.h"

typedef struct {
  bool population;
  size_t count;
  double *v, *w, *one; /* [count] values of S or T, weights, 1; padded */
  double phi;
  double variance; /* of S */
  double positive; /* P(S > 0) */
  double bound;    /* upper bound of S */
} data_side;

/* Everything at y; derivatives: suffix 0 by y[0], 1 by y[1]. */
typedef struct {
  double complex a, t, c0;
  double complex a0, a1, t0, t1, c00, c01;
  double size_a, size_c0; /* of the terms a and c0 are sums of */
} data_values;

/* Second derivatives at real y: by y[0] twice, y[0] and y[1], y[1] twice. */
typedef struct {
  double a[3], t[3], c0[3];
} data_second;

/* law NULL: Marchenko-Pastur of ratio 1/phi. False: no memory. */
bool data_side_init(data_side *d, const nlrmt_data_law *law, double phi);
void data_side_clear(data_side *d);

void data_side_values(const data_side *d, const double complex y[2], data_values *x);
void data_side_second(const data_side *d, const double y[2], data_second *x);

/* Where to start at large |z|, where C1 = mean_q. */
void data_side_start(const data_side *d, double complex z, double mean_q, double complex y[2]);

/* Largest relative change that dy means for any quantity whose zeros the solution never meets. */
double data_side_change(const data_side *d, const double complex y[2], const double complex dy[2]);

/* y <- y + dy, shortened to a change of at most `limit`; keeps off zeros, and real y real. */
void data_side_advance(const data_side *d, double complex y[2], const double complex dy[2],
                       double change, double limit);

/* Im lim (1/m) log det(C0 + C1 X'X/(n0 sigma_x^2)) as the limit from Im z > 0. */
double data_side_argument(const data_side *d, const double complex y[2]);

/* P(C0 + S C1 > 0) at real y in a gap. */
double data_side_above(const data_side *d, const double complex y[2]);

#endif
