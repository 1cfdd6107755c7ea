#include "nlrmt/split.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "nlrmt/kernel_point.h"
#include "nlrmt/progress.h"

/* Measured on 1 and 2 ranks, n = 200: the tridiagonal eigenvalues, which every rank computes, and
 * the messages that a column of the reduction waits for. For predictions only. */
static const double SERIAL_SECONDS = 1.5e-8, MESSAGES = 8;
static const double MEMORY_SHARE = 0.97; /* as nlrmt_plan_check_memory */
static const double GAIN = 0.95;         /* a smaller group must at least be so much faster */
enum { ROUNDS = 8 }; /* from here on what is idle in the last one does not count */

/* One-stage reductions of matrices beyond the cache wait for memory and take about twice the time
 * of two-stage ones. */
enum { CACHED = 1024 };

nlrmt_machine nlrmt_machine_measure(const nlrmt_comm *comm, double rate) {
  enum { SERIES = 8, REPEATS = 5 };
  double best = comm->size > 1 ? DBL_MAX : 0, sum = 1;
  for (int i = 0; i < SERIES && comm->size > 1; i++) {
    MPI_Barrier(comm->mpi);
    double start = nlrmt_clock();
    for (int k = 0; k < REPEATS; k++) {
      sum = 1;
      MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, comm->mpi);
    }
    best = fmin(best, (nlrmt_clock() - start) / REPEATS);
  }
  if (comm->size > 1) best /= log2(comm->size);
  double bytes = MEMORY_SHARE * (double)nlrmt_memory_available() / comm->node_ranks;
  MPI_Allreduce(MPI_IN_PLACE, &best, 1, MPI_DOUBLE, MPI_MAX, comm->mpi);
  MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_MIN, comm->mpi);
  return (nlrmt_machine){.size = comm->size, .rate = rate, .latency = best, .bytes = bytes};
}

int nlrmt_split_first(int size, int groups, int group) {
  int rest = size % groups;
  return group * (size / groups) + (group < rest ? group : rest);
}

double nlrmt_split_seconds(const nlrmt_split *split, int trials) {
  int rounds = (trials + split->groups - 1) / split->groups;
  double each = (double)trials / split->groups;
  return (rounds < ROUNDS ? rounds : each) * split->trial; /* the next point fills a long list up */
}

/* One trial on `ranks` ranks. */
static double trial_seconds(const nlrmt_params *params, const nlrmt_machine *machine,
                            const nlrmt_plan *plan, int ranks) {
  double sum = 0;
  for (int i = 0; i < params->shown; i++) {
    double n = (double)plan[i].order;
    for (int p = 0; p < NLRMT_PHASES; p++) sum += plan[i].seconds[p];
    if (plan[i].order > CACHED && !plan[i].eig->band) sum += plan[i].seconds[NLRMT_PHASE_REDUCE];
    sum += SERIAL_SECONDS * n * n + MESSAGES * n * machine->latency * log2(ranks);
  }
  return sum;
}

/* The split into groups of at least `ranks`. */
static nlrmt_status try(const nlrmt_params *params, const nlrmt_machine *machine, int ranks,
                        nlrmt_plan *plan, nlrmt_split *split, nlrmt_error *err) {
  split->groups = machine->size / ranks > 1 ? machine->size / ranks : 1;
  split->ranks = machine->size / split->groups;
  if (nlrmt_plan_layers(params, split->ranks, machine->rate, plan, err) == NLRMT_OK)
    split->trial = trial_seconds(params, machine, plan, split->ranks);
  return err->status;
}

nlrmt_status nlrmt_split_choose(const nlrmt_params *params, const nlrmt_machine *machine,
                                int trials, nlrmt_plan *plan, nlrmt_split *split,
                                nlrmt_error *err) {
  int given = params->ranks_per_trial, half = 1;
  nlrmt_plan other[NLRMT_LAYERS_MAX];
  bool known =
      try(params, machine, given > 0 ? given : machine->size, plan, split, err) == NLRMT_OK;
  if (given > 0) return err->status;
  while (2 * half < machine->size) half *= 2;
  for (int ranks = half; ranks >= 1 && ranks < machine->size && trials > 1; ranks /= 2) {
    nlrmt_split smaller;
    nlrmt_error own = {0}; /* another size may suit the eigensolver asked for */
    if (try(params, machine, ranks, other, &smaller, &own) != NLRMT_OK ||
        (double)other[0].bytes_peak > machine->bytes ||
        (known &&
         nlrmt_split_seconds(&smaller, trials) > GAIN * nlrmt_split_seconds(split, trials)))
      continue;
    *split = smaller;
    memcpy(plan, other, (size_t)params->shown * sizeof *plan);
    known = true;
  }
  if (known) *err = (nlrmt_error){0};
  return err->status;
}

/* ---- --plan ---- */

static double gib(double bytes) {
  return bytes / (1024.0 * 1024.0 * 1024.0);
}

/* As one would say it: 0.2 s, 12 min, 3.4 h, 2 days. */
static void spoken(double seconds, char *text, size_t size) {
  static const struct {
    double from, unit;
    const char *name;
  } scale[] = {{2 * 86400, 86400, "days"}, {2 * 3600, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
  int k = 0;
  while (seconds < scale[k].from) k++;
  snprintf(text, size, "%.2g %s", fmax(seconds / scale[k].unit, 0.01), scale[k].name);
}

/* Every layer that is looked at has a line; the last one tells what the point takes at once. */
static void print_layer(const char *panel, int index, const nlrmt_params *params,
                        const nlrmt_plan *plan, const nlrmt_split *split, double once,
                        FILE *stream) {
  char groups[32];
  snprintf(groups, sizeof groups, "%dx%d", split->groups, split->ranks);
  fprintf(stream, "%-12s p%04d %7lld %7lld %7lld %6d %7s %3dx%-3d %5d %-10s %7.2f", panel, index,
          (long long)params->m, (long long)params->n0, (long long)params->n1, params->trials,
          groups, plan->nprow, plan->npcol, plan->block, plan->eig->name,
          gib((double)plan->bytes_peak));
  for (int p = 0; p <= NLRMT_PHASE_REDUCE; p++) fprintf(stream, " %8.3g", plan->seconds[p]);
  if (plan->sides > 0) fprintf(stream, " %8.3g", plan->seconds[NLRMT_PHASE_RIDGE]);
  if (once > 0) fprintf(stream, "  + %.3g s once: law kernel", once);
  fprintf(stream, "\n");
}

static void print_head(const nlrmt_machine *machine, FILE *stream) {
  fprintf(stream,
          "%d rank%s, %.1f GF/s each in dgemm, %.1f GiB free on this node, %.1f us a message\n"
          "%-12s %-5s %7s %7s %7s %6s %7s %-7s %5s %-10s %7s   seconds per trial (predicted)\n"
          "%-12s %-5s %7s %7s %7s %6s %7s %-7s %5s %-10s %7s %8s %8s %8s %8s\n",
          machine->size, machine->size == 1 ? "" : "s", machine->rate / 1e9,
          gib((double)nlrmt_memory_available()), 1e6 * machine->latency, "", "", "", "", "", "",
          "groups", "", "", "", "GiB per", "panel", "point", "m", "n0", "n1", "trials", "x ranks",
          "grid", "block", "solver", "rank", "generate", "gram", "eigen", "ridge");
}

nlrmt_status nlrmt_split_print(const nlrmt_comm *comm, const nlrmt_config *config, double rate,
                               FILE *stream, nlrmt_error *err) {
  nlrmt_machine machine = nlrmt_machine_measure(comm, rate);
  double total = 0, trials = 0;
  if (comm->rank == 0) print_head(&machine, stream);
  for (int p = 0; p < config->panels && err->status == NLRMT_OK; p++)
    for (int q = 0; q < config->panel[p].points && err->status == NLRMT_OK; q++) {
      const nlrmt_params *params = &config->panel[p].point[q].params;
      double once = nlrmt_kernel_point_seconds(params, machine.size, rate);
      nlrmt_plan plan[NLRMT_LAYERS_MAX];
      nlrmt_split split;
      if (nlrmt_split_choose(params, &machine, params->trials, plan, &split, err) != NLRMT_OK)
        break;
      for (int l = 0; l < params->shown && comm->rank == 0; l++) {
        nlrmt_params own = nlrmt_params_layer(params, params->show[l]);
        print_layer(config->panel[p].name, q, &own, &plan[l], &split,
                    l + 1 == params->shown ? once : 0, stream);
      }
      total += once + nlrmt_split_seconds(&split, params->trials);
      trials += params->trials;
    }
  char time[32];
  spoken(total, time, sizeof time);
  if (comm->rank == 0 && err->status == NLRMT_OK)
    fprintf(stream, "%.0f trial%s in all, about %s\n", trials, trials == 1 ? "" : "s", time);
  return nlrmt_comm_agree(comm, err);
}
