/* depth_point: the laws depth and depth_b of all layers of one point that are looked at.
 *
 * Local, rank 0, once the trials are done: depth_b is given what they measured. One chain of laws
 * serves all layers (depth.h).
 */
#ifndef NLRMT_DEPTH_POINT_H
#define NLRMT_DEPTH_POINT_H

#include "nlrmt/judge.h"

/* solution[params->shown], zeroed or solved, for the layers params->show. last: the last layer's
 * sample; its seconds are charged. A law that cannot be certified is told in the solutions'
 * failures. Other errors as nlrmt_depth_solve. Clear it also after an error. */
nlrmt_status nlrmt_depth_point_solve(const nlrmt_params *params, nlrmt_sample *last,
                                     nlrmt_depth_solution *solution, nlrmt_error *err);
void nlrmt_depth_point_clear(int count, nlrmt_depth_solution *solution);

/* Whether the point asks for either law. */
bool nlrmt_depth_point_wanted(const nlrmt_params *params);

#endif
