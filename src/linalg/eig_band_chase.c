/* Band -> tridiagonal by chasing bulges, on one node.
 *
 * Sweep s makes column s tridiagonal and chases what that fills in down the band, step after step
 * (eig_band.h). Step t of sweep s works on columns s + 1 + t b ... s + (t + 1) b alone and must
 * come after step t + 1 of sweep s - 1. GROUP sweeps are done together, each a step behind the one
 * before, so that a window of the band is used GROUP times while it is in cache; groups are handed
 * out in order, to threads and ranks alike, and each follows the one before at a safe distance that
 * a counter tells. 6 n^2 b operations in all.
 */
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "eig_band.h"
#include "nlrmt/fault.h"
#include "nlrmt/team.h"

enum { B = NLRMT_BAND, LD = NLRMT_BAND_LD, GROUP = 4, LINE = 64, SPINS = 2000 };

/* Steps that the last sweep of a group has done, INT_MAX after its end. A cache line for itself. */
typedef struct {
  atomic_int done;
  char rest[LINE - sizeof(atomic_int)];
} progress;

/* At the beginning of the shared memory. */
typedef struct {
  atomic_llong next; /* first group that nobody has taken */
  char rest[LINE - sizeof(atomic_llong)];
  progress group[];
} counters;

static int64_t min64(int64_t x, int64_t y) {
  return x < y ? x : y;
}

static int64_t groups_of(int64_t n) {
  return n > 2 ? (n - 2 + GROUP - 1) / GROUP : 0;
}

static size_t counter_bytes(int64_t n) {
  return sizeof(counters) + (size_t)groups_of(n) * sizeof(progress);
}

size_t nlrmt_band_store_bytes(int64_t n) {
  return counter_bytes(n) + (size_t)(n * LD) * sizeof(double);
}

/* Collective over store->node. Whether all of it shares the memory now. */
static bool share(nlrmt_band_store *store, size_t bytes, void **memory) {
  int rank, unit;
  MPI_Aint size;
  MPI_Comm_rank(store->node, &rank);
  MPI_Comm_set_errhandler(store->node, MPI_ERRORS_RETURN);
  int failed = MPI_Win_allocate_shared(rank == 0 ? (MPI_Aint)bytes : 0, 1, MPI_INFO_NULL,
                                       store->node, memory, &store->window) != MPI_SUCCESS;
  MPI_Comm_set_errhandler(store->node, MPI_ERRORS_ARE_FATAL);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, store->node);
  if (failed) {
    store->window = MPI_WIN_NULL;
    return false;
  }
  MPI_Win_shared_query(store->window, 0, &size, &unit, memory);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, store->window);
  return true;
}

nlrmt_status nlrmt_band_store_create(const nlrmt_comm *comm, int64_t n, nlrmt_band_store *store,
                                     nlrmt_error *err) {
  size_t bytes = nlrmt_band_store_bytes(n);
  int size, lowest = comm->rank;
  void *memory = NULL;
  *store = (nlrmt_band_store){.comm = comm, .n = n, .window = MPI_WIN_NULL};
  MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &store->node);
  MPI_Comm_size(store->node, &size);
  MPI_Bcast(&lowest, 1, MPI_INT, 0, store->node);
  bool shared = lowest == 0 && size > 1 && share(store, bytes, &memory);
  if (!shared && comm->rank == 0) {
    if (nlrmt_fault("eig.malloc") || posix_memalign(&store->memory, LINE, bytes) != 0)
      store->memory = NULL;
    memory = store->memory;
    if (!memory)
      nlrmt_fail(err, NLRMT_ERR_RESOURCE, "band: no memory for the band matrix (%zu MiB)",
                 bytes >> 20);
  }
  store->memory = memory;
  if (comm->rank == 0 && memory) memset(memory, 0, bytes);
  if (memory) {
    void *after_counters = (char *)memory + counter_bytes(n);
    store->band = after_counters;
  }
  return nlrmt_comm_agree(comm, err);
}

void nlrmt_band_store_destroy(nlrmt_band_store *store) {
  if (store->window != MPI_WIN_NULL) {
    MPI_Win_unlock_all(store->window);
    MPI_Win_free(&store->window);
  } else {
    free(store->memory);
  }
  if (store->node != MPI_COMM_NULL) MPI_Comm_free(&store->node);
  *store = (nlrmt_band_store){.node = MPI_COMM_NULL, .window = MPI_WIN_NULL};
}

/* Until the group's last sweep has done `steps` steps. */
static void wait_for(progress *group, int steps) {
  for (int spins = 0; atomic_load_explicit(&group->done, memory_order_acquire) < steps; spins++)
    if (spins > SPINS) sched_yield();
}

typedef struct {
  double *band;
  int64_t n;
  counters *count;
  nlrmt_band_step *step;
} chase;

/* Step t of sweep s, the first of which begins with the reflection of column s. */
static void advance(const chase *c, int64_t s, int64_t t, nlrmt_band_reflector *r) {
  int64_t at = s + 1 + t * B, length = min64(B, c->n - at);
  if (t == 0) nlrmt_band_reflect((int)length, c->band + s * LD + 1, r);
  r->length = (int)length;
  c->step(c->band + at * LD, (int)min64(B, c->n - at - length), r);
}

static void chase_group(const chase *c, int64_t g) {
  int64_t first = g * GROUP, sweeps = min64(GROUP, c->n - 2 - first), last = first + sweeps - 1;
  int64_t longest = (c->n - 1 - first + B - 1) / B, shortest = (c->n - 1 - last + B - 1) / B;
  nlrmt_band_reflector r[GROUP];
  for (int64_t time = 0; time - (sweeps - 1) < shortest; time++) {
    if (g > 0 && time < longest) wait_for(&c->count->group[g - 1], (int)time + 2);
    for (int64_t q = 0; q < sweeps && q <= time; q++)
      if (first + q + 1 + (time - q) * B < c->n) advance(c, first + q, time - q, &r[q]);
    if (time >= sweeps - 1)
      atomic_store_explicit(&c->count->group[g].done, (int)(time - sweeps + 2),
                            memory_order_release);
  }
  atomic_store_explicit(&c->count->group[g].done, INT_MAX, memory_order_release);
}

static void work(void *shared, int64_t item, int thread) {
  const chase *c = shared;
  (void)item, (void)thread;
  int64_t groups = groups_of(c->n);
  for (int64_t g; (g = atomic_fetch_add(&c->count->next, 1)) < groups;) chase_group(c, g);
}

/* Collective over the node. What one rank wrote is there for the others. */
static void synchronise(const nlrmt_band_store *store) {
  if (store->window == MPI_WIN_NULL) return;
  MPI_Win_sync(store->window);
  MPI_Barrier(store->node);
  MPI_Win_sync(store->window);
}

void nlrmt_band_chase(nlrmt_band_store *store, int threads, double *d, double *e) {
  chase c = {store->band, store->n, store->memory, nlrmt_band_step_choose()};
  synchronise(store);
  if (c.band) nlrmt_team_run(threads, threads, work, &c);
  synchronise(store);
  for (int64_t i = 0; store->comm->rank == 0 && i < c.n; i++) {
    d[i] = c.band[i * LD];
    if (i + 1 < c.n) e[i] = c.band[i * LD + 1];
  }
  MPI_Bcast(d, (int)c.n, MPI_DOUBLE, 0, store->comm->mpi);
  if (c.n > 1) MPI_Bcast(e, (int)c.n - 1, MPI_DOUBLE, 0, store->comm->mpi);
}
