#include "nlrmt/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct {
  atomic_llong next;
  int64_t items;
  void (*work)(void *shared, int64_t item, int thread);
  void *shared;
} team;

typedef struct {
  team *of;
  int number;
  pthread_t thread;
} member;

static void *serve(void *arg) {
  member *self = arg;
  team *t = self->of;
  for (int64_t item; (item = atomic_fetch_add(&t->next, 1)) < t->items;)
    t->work(t->shared, item, self->number);
  return NULL;
}

void nlrmt_team_run(int threads, int64_t items,
                    void (*work)(void *shared, int64_t item, int thread), void *shared) {
  team t = {.items = items, .work = work, .shared = shared};
  if (threads > items) threads = (int)items;
  member *others = threads > 1 ? calloc((size_t)threads, sizeof *others) : NULL;
  member self = {.of = &t};
  int started = 1;
  for (; others && started < threads; started++) {
    others[started] = (member){.of = &t, .number = started};
    if (pthread_create(&others[started].thread, NULL, serve, &others[started]) != 0) break;
  }
  serve(&self);
  for (int k = 1; others && k < started; k++) pthread_join(others[k].thread, NULL);
  free(others);
}
