/* series (private to src/theory): the moments of the law of K, from the equations at infinity. */
#ifndef NLRMT_THEORY_SERIES_H
#define NLRMT_THEORY_SERIES_H

#include "sce.h"

enum { SERIES_TERMS = NLRMT_LAW_MOMENTS + 1 };

/* moment[k] = lim (1/m) tr K^k, k = 0 .. NLRMT_LAW_MOMENTS; exact up to rounding. */
void sce_moments(const sce *s, double moment[SERIES_TERMS]);

#endif
