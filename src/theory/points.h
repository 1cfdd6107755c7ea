/* points (private to src/theory): a solved law as the data law of another. Local. */
#ifndef NLRMT_THEORY_POINTS_H
#define NLRMT_THEORY_POINTS_H

#include "nlrmt/data_law.h"
#include "nlrmt/law.h"

/* The law of K, scaled to mean 1, as about `count` points and its atom at 0: a Gauss rule for every
 * bulk, exact but for the weight that it puts right (docs/depth.md, "The data law as points").
 * unit: lambda of K per lambda of `law`, and mass of `law` per mass of K: 1, or m/n1 for the law of
 * M. NLRMT_ERR_RESOURCE. */
nlrmt_status points_of_law(const nlrmt_law *law, double unit, size_t count, nlrmt_data_law *data,
                           nlrmt_error *err);

#endif
