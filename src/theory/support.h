/* support (private to src/theory): the edges of the law of K, found and certified. */
#ifndef NLRMT_THEORY_SUPPORT_H
#define NLRMT_THEORY_SUPPORT_H

#include "sce.h"

typedef struct {
  size_t count, capacity;
  sce_edge *edge; /* [count], ascending: left, right, left, right ... */
} support;

/* Masses here are shares of the continuous mass. Bulks are not looked for if mass * max(1, lambda/E
 * eta)^2 is below MIN: they would change the second moment by as little; nor if the mass is
 * rounding of all that right of them, nor if it is so small that the bulk, of width lambda
 * mass^(1/2), is lost between two numbers. */
#define SUPPORT_MASS_MIN 1e-12
#define SUPPORT_MASS_ROUNDING 1e-13
#define SUPPORT_MASS_THIN 1e-15

/* Finds all bulks separated by gaps that a logarithmic scan sees, and all others whose mass shows
 * between two gaps. A bulk that reaches 0 gets a left edge with lambda = 0 (a hard edge). */
nlrmt_status support_find(const sce *s, support *found, sce_counts *counts, nlrmt_error *err);

/* Splits bulk number `bulk` at a point solved in a gap inside it that the scan had missed. */
nlrmt_status support_split(const sce *s, support *found, size_t bulk, const sce_point *gap,
                           sce_counts *counts, nlrmt_error *err);

void support_clear(support *found);

#endif
