/* equivalent_parts: what the files of equivalent.h share: equivalent.c solves, equivalent_given.c
 * goes over to other weights, equivalent_ridge.c has the training error. */
#ifndef EQUIVALENT_PARTS_H
#define EQUIVALENT_PARTS_H

#include <stdbool.h>

#include "nlrmt/equivalent.h"

enum { KERNELS = NLRMT_EQUIVALENT_KERNELS };

struct nlrmt_equivalent {
  size_t m, n1, count;
  double weight[KERNELS];
  const double *const *phi;
  double *d;         /* [count][m] */
  double top;        /* bound of the support, where continuation starts */
  double complex *a; /* [m][m] workspace: the inverse */
  double complex *work;
  int *pivot;
};

nlrmt_status equivalent_no_memory(size_t m, nlrmt_error *err);

/* The diagonal model's delta and m at p->delta; jacobian [count][count] of delta (NULL: not
 * wanted). */
void equivalent_map(const nlrmt_equivalent *e, const nlrmt_equivalent_point *p,
                    double complex *delta, double complex *m, double complex *jacobian);

/* Newton for delta = model(delta) + defect (NULL: 0) from p->delta; false if it is not solved. */
bool equivalent_newton(const nlrmt_equivalent *e, const double complex *defect,
                       nlrmt_equivalent_point *p);

/* The model's cdf at p->delta. */
double equivalent_cdf(const nlrmt_equivalent *e, const nlrmt_equivalent_point *p);

/* defect <- dense - what the model makes of p->delta. */
void equivalent_defect(const nlrmt_equivalent *e, const nlrmt_equivalent_point *p,
                       const double complex *dense, double complex *defect);

#endif
