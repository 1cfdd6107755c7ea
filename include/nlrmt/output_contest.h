/* output_contest: the group contest/ of a simulated point (docs/output.md). Local, rank 0; `base`
 * is the path of the point's group; failures show when the file is saved, as in h5.h. */
#ifndef NLRMT_OUTPUT_CONTEST_H
#define NLRMT_OUTPUT_CONTEST_H

#include "nlrmt/h5.h"
#include "nlrmt/judge.h"

/* contest/<first>-<second>/ for every pair of laws that judgement->contest holds: statistic,
 * separation and weight, [trials] each. */
void nlrmt_output_contest(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample,
                          const nlrmt_judgement *judgement);

#endif
