/* kernel_given: the law kernel_b: the law kernel given the biases and components of one trial.
 *
 * The kernels are those of the law kernel; the trial's rows only give them other weights. Its
 * solved points are taken over to these (equivalent.h, nlrmt_equivalent_given): no matrix is
 * inverted again, a trial takes well under a second at m = 500 (docs/kernel.md, "Given the
 * biases"). */
#ifndef NLRMT_KERNEL_GIVEN_H
#define NLRMT_KERNEL_GIVEN_H

#include "nlrmt/judge.h"

/* Local. Whether `name` is kernel or kernel_b; whether theory.laws names kernel_b. */
bool nlrmt_kernel_named(const char *name);
bool nlrmt_kernel_given_wanted(const nlrmt_params *params);

/* Local. The law of `trial` from the law kernel: *given is the caller's, with law, spikes (as many
 * as kernel has) and place. Where kernel->base is NULL nothing is random: the law is kernel itself,
 * do not ask for it here. Errors: NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC. */
nlrmt_status nlrmt_kernel_given_make(const nlrmt_params *params,
                                     const nlrmt_kernel_solution *kernel, int trial,
                                     nlrmt_kernel_solution *given, nlrmt_error *err);

void nlrmt_kernel_base_destroy(nlrmt_kernel_base **base); /* local; NULL is allowed */

#endif
