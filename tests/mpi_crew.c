/* Groups of ranks: every task is done once by one group, results arrive whole, a group that fails
 * or stops ends the others; how ranks are split; rows of a sample in order. */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nlrmt/crew.h"
#include "nlrmt/sample_row.h"
#include "nlrmt/split.h"

static nlrmt_comm world;

/* Rank 0. Counts what has come; each result says its task twice and its group's size. */
static void take_all(nlrmt_crew *crew, int *times, int *left) {
  nlrmt_result *result;
  nlrmt_crew_look(crew);
  while ((result = nlrmt_crew_take(crew))) {
    if (result->task < 0) {
      (*left)++;
    } else {
      size_t words = 1 + (size_t)result->task * 100;
      times[result->task]++;
      CHECK(result->words == words && result->word[0] == result->task &&
                result->word[words - 1] == result->task,
            "task %d: %zu words", result->task, result->words);
    }
    free(result);
  }
}

/* `bad`: the task whose group leaves with an error; -1: none. */
static void run_list(nlrmt_crew *crew, int tasks, int bad) {
  int *times = calloc((size_t)tasks + 1, sizeof *times), task, left = 0, done = 0;
  nlrmt_error reason = {0};
  nlrmt_crew_begin(crew, tasks);
  while (reason.status == NLRMT_OK && (task = nlrmt_crew_next(crew)) >= 0) {
    int lowest = task;
    MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT, MPI_MIN, nlrmt_crew_comm(crew)->mpi);
    CHECK(task >= 0 && task < tasks && lowest == task, "the group was told %d and %d", task,
          lowest);
    if (task == bad) {
      nlrmt_fail(&reason, NLRMT_ERR_RESOURCE, "task %d", task);
    } else if (nlrmt_crew_comm(crew)->rank == 0) {
      nlrmt_result *result = nlrmt_result_create(task, 1 + (size_t)task * 100);
      for (size_t i = 0; i < result->words; i++) result->word[i] = task;
      nlrmt_crew_hand_in(crew, result);
    }
    if (world.rank == 0) take_all(crew, times, &left);
  }
  nlrmt_crew_leave(crew, &reason);
  if (world.rank == 0) {
    if (reason.status != NLRMT_OK) nlrmt_crew_stop(crew);
    while (nlrmt_crew_busy(crew)) take_all(crew, times, &left);
    for (int t = 0; t < tasks; t++) done += times[t] == 1;
    bool own = reason.status != NLRMT_OK; /* it was rank 0's group that failed */
    CHECK(left == nlrmt_crew_groups(crew) - 1, "%d groups left", left);
    CHECK(bad >= 0 ? done < tasks && times[bad] == 0 : done == tasks, "%d of %d tasks", done,
          tasks);
    CHECK(bad < 0 || own || nlrmt_crew_failure(crew)->status == NLRMT_ERR_RESOURCE, "no failure");
  }
  free(times);
}

static void check_crew(int groups) {
  nlrmt_crew *crew;
  nlrmt_error err = {0};
  nlrmt_crew_create(&world, groups, &crew, &err);
  CHECK(err.status == NLRMT_OK && nlrmt_crew_groups(crew) == groups, "%s", err.text);
  const nlrmt_comm *comm = nlrmt_crew_comm(crew);
  int first = nlrmt_split_first(world.size, groups, nlrmt_crew_group(crew));
  CHECK(first + comm->rank == world.rank && nlrmt_crew_grid(crew)->comm == comm, "rank %d of %d",
        comm->rank, nlrmt_crew_group(crew));
  for (int tasks = 0; tasks < 3; tasks++) run_list(crew, tasks, -1);
  run_list(crew, 200, -1);
  for (int bad = 0; bad < 60; bad += 17) run_list(crew, 60, bad);
  run_list(crew, 30, -1); /* nothing is left over of the lists before */
  nlrmt_crew_destroy(&crew);
}

static void check_first(void) {
  for (int size = 1; size < 20; size++)
    for (int groups = 1; groups <= size; groups++) {
      int least = size, most = 0;
      for (int g = 0; g < groups; g++) {
        int ranks = nlrmt_split_first(size, groups, g + 1) - nlrmt_split_first(size, groups, g);
        least = ranks < least ? ranks : least;
        most = ranks > most ? ranks : most;
      }
      CHECK(nlrmt_split_first(size, groups, 0) == 0 && least >= 1 && most - least <= 1 &&
                nlrmt_split_first(size, groups, groups) == size,
            "%d ranks in %d groups: %d to %d", size, groups, least, most);
    }
}

static nlrmt_split choose(int64_t m, int trials, int ranks, double bytes) {
  const nlrmt_machine machine = {.size = 64, .rate = 2e10, .latency = 5e-6, .bytes = bytes};
  nlrmt_params p = {.trials = trials, .m = m, .n0 = m, .n1 = m, .layers = 1, .layer = 1};
  nlrmt_plan plan[NLRMT_LAYERS_MAX];
  nlrmt_split split = {0};
  nlrmt_error err = {0};
  p.shown = p.show[0] = 1;
  p.width[0] = m;
  p.ranks_per_trial = ranks;
  strcpy(p.eigensolver, "auto");
  nlrmt_split_choose(&p, &machine, trials, plan, &split, &err);
  CHECK(err.status == NLRMT_OK && plan[0].nprow * plan[0].npcol == split.ranks, "%s", err.text);
  return split;
}

static void check_choice(void) {
  nlrmt_split small = choose(200, 1000, 0, 1e10), large = choose(40000, 1, 0, 1e10);
  nlrmt_split tight = choose(2000, 1000, 0, 3e7), some = choose(2000, 3, 0, 1e10);
  CHECK(small.groups == 64 && small.ranks == 1, "small: %d x %d", small.groups, small.ranks);
  CHECK(large.groups == 1 && large.ranks == 64, "large: %d x %d", large.groups, large.ranks);
  CHECK(tight.ranks >= 4, "memory for a quarter: %d x %d", tight.groups, tight.ranks);
  CHECK(some.groups <= 4, "three trials: %d x %d", some.groups, some.ranks);
  CHECK(choose(2000, 1000, 7, 1e10).groups == 9, "given 7 of 64");
  CHECK(choose(2000, 1000, 100, 1e10).groups == 1, "given 100 of 64");
}

static void check_rows(void) {
  enum { N = 5, ROWS = 4 };
  const int trial[ROWS] = {7, 2, 9, 0};
  const nlrmt_params p = {.trials = ROWS, .layers = 1, .layer = 1, .m = N, .gammas = 2};
  nlrmt_sample a, b;
  nlrmt_error err = {0};
  int64_t order[ROWS];
  double word[100];
  nlrmt_sample_init(&a, &p, ROWS, N, true, &err);
  nlrmt_sample_init(&b, &p, 1, N, true, &err);
  size_t words = nlrmt_sample_words(&b, &p, false);
  CHECK(err.status == NLRMT_OK && words == N + 2 * 2 + NLRMT_PHASES, "%zu words", words);
  for (int t = 0; t < ROWS; t++) {
    for (int i = 0; i < N; i++) b.lambda[i] = 100 * trial[t] + i;
    for (int i = 0; i < 2; i++) b.drawn[i] = -(b.signal[i] = trial[t] + 0.5 * i);
    for (int i = 0; i < NLRMT_PHASES; i++) b.seconds[i] = trial[t] + 0.25;
    CHECK(nlrmt_sample_pack(&b, &p, 0, false, word) == words, "packed");
    CHECK(nlrmt_sample_unpack(&a, &p, t, false, word) == words, "unpacked");
    a.trial[a.done++] = trial[t];
  }
  CHECK(!nlrmt_sample_order(&a, order), "found sorted");
  nlrmt_sample_sort(&a, &p, order, &err);
  for (int t = 0; t < ROWS; t++) {
    int number = a.trial[t];
    CHECK(t == 0 || number > a.trial[t - 1], "trial %d", number);
    CHECK(a.lambda[t * N + 3] == 100 * number + 3 && a.signal[2 * t + 1] == number + 0.5 &&
              a.drawn[2 * t] == -number && a.seconds[(t + 1) * NLRMT_PHASES - 1] == number + 0.25,
          "row %d is not trial %d", t, number);
  }
  CHECK(nlrmt_sample_order(&a, order) && order[2] == 2, "not found sorted");
  nlrmt_sample_clear(&a);
  nlrmt_sample_clear(&b);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  nlrmt_comm_init(&world, MPI_COMM_WORLD);
  for (int groups = 1; groups <= world.size; groups++) check_crew(groups);
  check_first();
  check_choice();
  check_rows();
  int status = check_end("mpi_crew", world.rank);
  nlrmt_comm_clear(&world);
  MPI_Finalize();
  return status;
}
