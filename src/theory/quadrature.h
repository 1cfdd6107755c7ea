/* quadrature (private to src/theory): the integrals over N behind h, eta, zeta, for many biases. */
#ifndef NLRMT_THEORY_QUADRATURE_H
#define NLRMT_THEORY_QUADRATURE_H

#include <stdbool.h>

#include "nlrmt/moments.h"

/* E f, E[N f], E (f - h - slope N)^2 = eta - zeta, E f^2. */
typedef struct {
  double h, slope, rest, square;
} moments;

typedef struct quadrature quadrature;

quadrature *quadrature_create(void); /* NULL: no memory */
void quadrature_destroy(quadrature **q);

/* Refines from *level until two levels agree; *level is left at the finer one. */
nlrmt_status quadrature_refine(quadrature *q, const nlrmt_activation *f, double sigma_z, double b,
                               int *level, moments *out, nlrmt_error *err);

/* One evaluation at a level known to suffice. False: no memory. */
bool quadrature_at_level(quadrature *q, const nlrmt_activation *f, double sigma_z, double b,
                         int level, moments *out);

#endif
