/* method_roots (private to src/theory): the methods that solve a polynomial for m(z). One node. */
#ifndef NLRMT_THEORY_METHOD_ROOTS_H
#define NLRMT_THEORY_METHOD_ROOTS_H

#include "nlrmt/methods.h"

enum { METHOD_DEGREE_MAX = 4 };

/* All roots of sum c[k] x^k, 0 < degree <= METHOD_DEGREE_MAX, leading zeros allowed. Returns how
 * many there are; *iterations is increased by the evaluations taken. */
size_t method_polynomial_roots(size_t degree, const double complex *c, double complex *root,
                               size_t *iterations);

void method_quartic(const nlrmt_law_problem *problem, double complex z,
                    const nlrmt_method_options *options, nlrmt_method_result *result);
void method_quartic_b(const nlrmt_law_problem *problem, double complex z,
                      const nlrmt_method_options *options, nlrmt_method_result *result);
void method_marchenko_pastur(const nlrmt_law_problem *problem, double complex z,
                             const nlrmt_method_options *options, nlrmt_method_result *result);
void method_product_wishart(const nlrmt_law_problem *problem, double complex z,
                            const nlrmt_method_options *options, nlrmt_method_result *result);

#endif
