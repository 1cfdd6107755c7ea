/* team: threads of this rank that share the items of a list.
 *
 * Where the items call the BLAS, it must be set to one thread.
 */
#ifndef NLRMT_TEAM_H
#define NLRMT_TEAM_H

#include <stdint.h>

/* Local. work(shared, item, thread) for item = 0 ... items - 1, begun in this order, by up to
 * `threads` threads; thread < threads tells which. Fewer if the system refuses them. */
void nlrmt_team_run(int threads, int64_t items,
                    void (*work)(void *shared, int64_t item, int thread), void *shared);

#endif
