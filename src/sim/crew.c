#include "nlrmt/crew.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/split.h"

enum { TAG_TASK = 1, TAG_HEAD, TAG_WORDS };
enum { END = -1 };                    /* in place of a task: the list is done, or stop */
enum { AHEAD = 16 };                  /* tasks of a group at most, the one it is at included */
static const size_t PIECE = 1u << 26; /* words of one message: byte counts stay below 2^31 */

/* A result on its way, which may not change until it has arrived. */
typedef struct outgoing {
  struct outgoing *next;
  nlrmt_result *result;
  int requests;
  MPI_Request request[];
} outgoing;

struct nlrmt_crew {
  const nlrmt_comm *world;
  nlrmt_comm comm; /* the group */
  nlrmt_grid *grid;
  int groups, group;
  /* rank 0 */
  int tasks, given;
  bool stopped;
  int *held; /* [groups] tasks given to a group whose results have not arrived */
  unsigned char *dismissed, *left; /* [groups] was told END; has said that it leaves */
  nlrmt_result *first, **last;     /* arrived, not taken */
  nlrmt_error failure;             /* of the first group that left by an error */
  /* leaders */
  int ahead[AHEAD], waiting; /* tasks that were told and not begun */
  bool ended;                /* END was told */
  outgoing *sent;
};

nlrmt_result *nlrmt_result_create(int task, size_t words) {
  nlrmt_result *result = calloc(1, sizeof *result + words * sizeof *result->word);
  if (!result) return NULL;
  result->task = task;
  result->words = words;
  return result;
}

/* ---- the groups ---- */

/* World rank of a group's leader: the first of its ranks. */
static int leader(const nlrmt_crew *crew, int group) {
  return nlrmt_split_first(crew->world->size, crew->groups, group);
}

static int find_group(const nlrmt_comm *world, int groups) {
  int group = groups - 1;
  while (group > 0 && nlrmt_split_first(world->size, groups, group) > world->rank) group--;
  return group;
}

nlrmt_status nlrmt_crew_create(const nlrmt_comm *world, int groups, nlrmt_crew **crew,
                               nlrmt_error *err) {
  size_t count = (size_t)groups;
  nlrmt_crew *c = *crew = calloc(1, sizeof *c);
  if (c) {
    *c = (nlrmt_crew){.world = world, .groups = groups, .group = find_group(world, groups)};
    c->held = calloc(count, sizeof *c->held);
    c->dismissed = calloc(count, 1);
    c->left = calloc(count, 1);
    c->last = &c->first;
    c->comm.mpi = MPI_COMM_NULL;
  }
  if (!c || !c->held || !c->dismissed || !c->left)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d groups of ranks", groups);
  if (nlrmt_comm_agree(world, err) == NLRMT_OK) {
    MPI_Comm mpi;
    MPI_Comm_split(world->mpi, c->group, world->rank, &mpi);
    nlrmt_comm_init(&c->comm, mpi);
    c->comm.owned = true;
    nlrmt_grid_create(&c->comm, 0, 0, &c->grid, err);
  }
  if (nlrmt_comm_agree(world, err) != NLRMT_OK) nlrmt_crew_destroy(crew);
  return err->status;
}

void nlrmt_crew_destroy(nlrmt_crew **crew) {
  nlrmt_crew *c = *crew;
  if (!c) return;
  nlrmt_grid_destroy(&c->grid);
  if (c->comm.mpi != MPI_COMM_NULL) nlrmt_comm_clear(&c->comm);
  free(c->held);
  free(c->dismissed);
  free(c->left);
  free(c);
  *crew = NULL;
}

int nlrmt_crew_groups(const nlrmt_crew *crew) {
  return crew->groups;
}

int nlrmt_crew_group(const nlrmt_crew *crew) {
  return crew->group;
}

const nlrmt_comm *nlrmt_crew_comm(const nlrmt_crew *crew) {
  return &crew->comm;
}

const nlrmt_grid *nlrmt_crew_grid(const nlrmt_crew *crew) {
  return crew->grid;
}

/* ---- rank 0 ---- */

static void tell(nlrmt_crew *crew, int group, int task) {
  MPI_Send(&task, 1, MPI_INT, leader(crew, group), TAG_TASK, crew->world->mpi);
  if (task == END) crew->dismissed[group] = 1;
}

/* What a group may hold: half of its share of what is left, so that all end at the same time. */
static int allowance(const nlrmt_crew *crew) {
  int share = (crew->tasks - crew->given) / (2 * crew->groups);
  return share < 1 ? 1 : share > AHEAD ? AHEAD : share;
}

/* Gives a group tasks, as far as there are any; a group without one is dismissed. */
static void supply(nlrmt_crew *crew, int group) {
  if (crew->dismissed[group]) return;
  while (!crew->stopped && crew->given < crew->tasks && crew->held[group] < allowance(crew)) {
    tell(crew, group, crew->given++);
    crew->held[group]++;
  }
  if (crew->held[group] == 0) tell(crew, group, END);
}

void nlrmt_crew_stop(nlrmt_crew *crew) {
  crew->stopped = true;
  for (int g = 1; g < crew->groups; g++)
    if (!crew->dismissed[g]) tell(crew, g, END);
}

static void keep(nlrmt_crew *crew, nlrmt_result *result) {
  result->next = NULL;
  *crew->last = result;
  crew->last = &result->next;
}

/* Takes in the message whose head waits at `source`. */
static void receive(nlrmt_crew *crew, int source) {
  nlrmt_result head;
  MPI_Recv(&head, (int)sizeof head, MPI_BYTE, source, TAG_HEAD, crew->world->mpi,
           MPI_STATUS_IGNORE);
  nlrmt_result *result = nlrmt_result_create(head.task, head.words);
  if (!result) MPI_Abort(crew->world->mpi, NLRMT_ERR_RESOURCE); /* one row: the node is lost */
  *result = head;
  for (size_t at = 0; at < head.words; at += PIECE) {
    size_t count = head.words - at < PIECE ? head.words - at : PIECE;
    MPI_Recv(result->word + at, (int)count, MPI_DOUBLE, source, TAG_WORDS, crew->world->mpi,
             MPI_STATUS_IGNORE);
  }
  crew->held[head.group] -= head.task >= 0;
  if (head.task < 0) {
    crew->left[head.group] = 1;
    if (head.failure.status != NLRMT_OK) nlrmt_crew_stop(crew);
    if (!crew->dismissed[head.group]) tell(crew, head.group, END);
    if (crew->failure.status == NLRMT_OK || crew->failure.status == NLRMT_STOPPED)
      crew->failure = head.failure;
  } else {
    supply(crew, head.group);
  }
  keep(crew, result);
}

void nlrmt_crew_look(nlrmt_crew *crew) {
  int there = 1;
  MPI_Status status;
  while (there && crew->groups > 1) {
    MPI_Iprobe(MPI_ANY_SOURCE, TAG_HEAD, crew->world->mpi, &there, &status);
    if (there) receive(crew, status.MPI_SOURCE);
  }
}

nlrmt_result *nlrmt_crew_take(nlrmt_crew *crew) {
  nlrmt_result *result = crew->first;
  if (!result) return NULL;
  crew->first = result->next;
  if (!crew->first) crew->last = &crew->first;
  result->next = NULL;
  return result;
}

const nlrmt_error *nlrmt_crew_failure(const nlrmt_crew *crew) {
  return &crew->failure;
}

bool nlrmt_crew_busy(const nlrmt_crew *crew) {
  if (crew->first) return true;
  for (int g = 1; g < crew->groups; g++)
    if (!crew->left[g]) return true;
  return false;
}

/* ---- every group ---- */

void nlrmt_crew_begin(nlrmt_crew *crew, int tasks) {
  crew->tasks = tasks;
  crew->given = crew->waiting = 0;
  crew->stopped = crew->ended = false;
  crew->failure = (nlrmt_error){0};
  memset(crew->held, 0, (size_t)crew->groups * sizeof *crew->held);
  memset(crew->dismissed, 0, (size_t)crew->groups);
  memset(crew->left, 0, (size_t)crew->groups);
  if (crew->world->rank != 0) return;
  int own = tasks > 0; /* the first is rank 0's own */
  crew->given = own;
  for (int g = 1; g < crew->groups; g++) supply(crew, g);
  crew->ahead[0] = 0;
  crew->waiting = own;
}

/* Leader, not rank 0. One word from rank 0 into `ahead`; END empties it. */
static void listen(nlrmt_crew *crew) {
  int task;
  MPI_Recv(&task, 1, MPI_INT, 0, TAG_TASK, crew->world->mpi, MPI_STATUS_IGNORE);
  crew->ended = task == END;
  if (crew->ended)
    crew->waiting = 0;
  else
    crew->ahead[crew->waiting++] = task;
}

/* Leader, not rank 0. Hears what was told, and waits if there is nothing to do. */
static void hear(nlrmt_crew *crew) {
  int there = 1;
  while (!crew->ended && there) {
    MPI_Iprobe(0, TAG_TASK, crew->world->mpi, &there, MPI_STATUS_IGNORE);
    if (there) listen(crew);
  }
  if (!crew->ended && crew->waiting == 0) listen(crew);
}

int nlrmt_crew_next(nlrmt_crew *crew) {
  int task = END;
  if (crew->comm.rank == 0) {
    if (crew->group > 0)
      hear(crew);
    else if (crew->stopped)
      crew->waiting = 0;
    else if (crew->waiting == 0 && crew->given < crew->tasks)
      crew->ahead[crew->waiting++] = crew->given++;
    if (crew->waiting > 0) {
      task = crew->ahead[0];
      memmove(crew->ahead, crew->ahead + 1, (size_t)--crew->waiting * sizeof task);
    }
  }
  MPI_Bcast(&task, 1, MPI_INT, 0, crew->comm.mpi);
  return task;
}

/* Frees what has arrived; `all`: waits for it. */
static void clear_sent(nlrmt_crew *crew, bool all) {
  outgoing **link = &crew->sent;
  while (*link) {
    outgoing *o = *link;
    int arrived = 1;
    if (all)
      MPI_Waitall(o->requests, o->request, MPI_STATUSES_IGNORE);
    else
      MPI_Testall(o->requests, o->request, &arrived, MPI_STATUSES_IGNORE);
    if (!arrived) {
      link = &o->next;
      continue;
    }
    *link = o->next;
    free(o->result);
    free(o);
  }
}

static void post(nlrmt_crew *crew, nlrmt_result *result) {
  size_t pieces = (result->words + PIECE - 1) / PIECE;
  outgoing *o = malloc(sizeof *o + (pieces + 1) * sizeof *o->request);
  if (!o) MPI_Abort(crew->world->mpi, NLRMT_ERR_RESOURCE); /* a few bytes: the node is lost */
  *o = (outgoing){.next = crew->sent, .result = result, .requests = (int)pieces + 1};
  crew->sent = o;
  MPI_Isend(result, (int)sizeof *result, MPI_BYTE, 0, TAG_HEAD, crew->world->mpi, &o->request[0]);
  for (size_t i = 0; i < pieces; i++) {
    size_t at = i * PIECE, count = result->words - at < PIECE ? result->words - at : PIECE;
    MPI_Isend(result->word + at, (int)count, MPI_DOUBLE, 0, TAG_WORDS, crew->world->mpi,
              &o->request[i + 1]);
  }
}

void nlrmt_crew_hand_in(nlrmt_crew *crew, nlrmt_result *result) {
  result->group = crew->group;
  if (crew->group == 0) {
    keep(crew, result);
    return;
  }
  clear_sent(crew, false);
  post(crew, result);
}

void nlrmt_crew_leave(nlrmt_crew *crew, const nlrmt_error *reason) {
  if (crew->comm.rank != 0 || crew->group == 0) return;
  nlrmt_result *last = nlrmt_result_create(END, 0);
  if (!last) MPI_Abort(crew->world->mpi, NLRMT_ERR_RESOURCE); /* a few bytes: the node is lost */
  last->failure = *reason;
  nlrmt_crew_hand_in(crew, last);
  while (!crew->ended) listen(crew);
  clear_sent(crew, true);
}
