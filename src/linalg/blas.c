#include "nlrmt/blas.h"

#include <cblas.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* Set by the guard for the restarted program: stops the loop and hands on the note. */
static const char restarted[] = "NLRMT_BLAS_RESTARTED";
static char note[256];

const char *nlrmt_blas_core(void) {
  return openblas_get_corename();
}
const char *nlrmt_blas_config(void) {
  return openblas_get_config();
}
const char *nlrmt_blas_guard_note(void) {
  return note[0] ? note : NULL;
}

typedef enum { UNKNOWN = -1, SSE, AVX2, AVX512 } level;

/* Instruction set of OpenBLAS's kernels for a core; UNKNOWN for a newer core than these. */
static level level_of_core(const char *core) {
  static const struct {
    const char *name;
    level level;
  } table[] = {
      {"Katmai", SSE},       {"Coppermine", SSE},   {"Northwood", SSE},   {"Prescott", SSE},
      {"Banias", SSE},       {"Atom", SSE},         {"Core2", SSE},       {"Penryn", SSE},
      {"Dunnington", SSE},   {"Nehalem", SSE},      {"Sandybridge", SSE}, {"Athlon", SSE},
      {"Opteron", SSE},      {"Opteron_SSE3", SSE}, {"Barcelona", SSE},   {"Nano", SSE},
      {"Bobcat", SSE},       {"Bulldozer", SSE},    {"Piledriver", SSE},  {"Steamroller", SSE},
      {"Excavator", AVX2},   {"Haswell", AVX2},     {"Zen", AVX2},        {"SkylakeX", AVX512},
      {"Cooperlake", AVX512}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (!strcasecmp(core, table[i].name)) return table[i].level;
  return UNKNOWN;
}

/* Instruction set of this CPU (and allowed by its operating system), and the oldest core of
 * OpenBLAS that uses it. */
static level level_of_cpu(const char **core) {
  *core = NULL;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd")) {
    *core = "SkylakeX";
    return AVX512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    *core = "Haswell";
    return AVX2;
  }
#endif
  return UNKNOWN;
}

/* Returns only if the program could not be restarted. */
static void restart(char **argv, const char *core) {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  setenv(restarted, note, 1);
  setenv("OPENBLAS_CORETYPE", core, 1);
  execv(path, argv);
  unsetenv(restarted);
  unsetenv("OPENBLAS_CORETYPE");
}

void nlrmt_blas_guard(char **argv) {
  const char *chosen = getenv("OPENBLAS_CORETYPE"), *before = getenv(restarted);
  const char *active = nlrmt_blas_core(), *better;
  level has = level_of_cpu(&better), runs = level_of_core(active);
  if (before) {
    snprintf(note, sizeof note, "%s", before);
    return;
  }
  if (!strstr(nlrmt_blas_config(), "DYNAMIC_ARCH")) return; /* one core compiled in: no choice */
  if (runs == UNKNOWN || runs >= has) return;
  if (chosen && *chosen) {
    snprintf(note, sizeof note,
             "OPENBLAS_CORETYPE=%s is set: this CPU can run the faster %s kernels", chosen, better);
    return;
  }
  snprintf(note, sizeof note,
           "OpenBLAS took this CPU for %s: restarted with OPENBLAS_CORETYPE=%s for faster kernels",
           active, better);
  restart(argv, better);
  note[0] = 0;
}

enum { CPUS = 4096 };

/* First hardware thread of the core that `cpu` belongs to. */
static int core_of(int cpu) {
  char path[96];
  int core = cpu;
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  FILE *file = fopen(path, "r");
  if (!file) return cpu;
  if (fscanf(file, "%d", &core) != 1 || core < 0 || core >= CPUS) core = cpu;
  fclose(file);
  return core;
}

/* mine[c] = 1 for the cores this process may run on. */
static void allowed_cores(int mine[CPUS]) {
  static cpu_set_t set[CPUS / CPU_SETSIZE];
  memset(mine, 0, CPUS * sizeof *mine);
  if (sched_getaffinity(0, sizeof set, set) != 0) return;
  for (int cpu = 0; cpu < CPUS; cpu++)
    if (CPU_ISSET_S((size_t)cpu, sizeof set, set)) mine[core_of(cpu)] = 1;
}

int nlrmt_blas_share_cpus(const nlrmt_comm *comm) {
  static int mine[CPUS], users[CPUS];
  MPI_Comm node;
  allowed_cores(mine);
  MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &node);
  MPI_Allreduce(mine, users, CPUS, MPI_INT, MPI_SUM, node);
  MPI_Comm_free(&node);
  double share = 0;
  for (int c = 0; c < CPUS; c++)
    if (mine[c]) share += 1.0 / users[c];
  if (!getenv("OPENBLAS_NUM_THREADS") && !getenv("OMP_NUM_THREADS"))
    openblas_set_num_threads(share > 1 ? (int)(share + 1e-6) : 1);
  return openblas_get_num_threads();
}

int nlrmt_blas_threads(void) {
  return openblas_get_num_threads();
}

void nlrmt_blas_set_threads(int threads) {
  openblas_set_num_threads(threads);
}

double nlrmt_blas_rate(void) {
  enum { N = 1024 };
  double *a = malloc(3 * (size_t)N * N * sizeof *a);
  if (!a) return 0;
  double *b = a + N * N, *c = b + N * N, seconds = 0, flops = 0;
  for (int i = 0; i < 3 * N * N; i++) a[i] = i % 7;
  for (int k = 0; seconds < 0.1; k++) {
    struct timespec t0, t1;
    clock_gettime(CLOCK_MONOTONIC, &t0);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, N, N, N, 1, a, N, b, N, 0, c, N);
    clock_gettime(CLOCK_MONOTONIC, &t1);
    if (k == 0) continue; /* threads and pages are warm after the first */
    seconds += (double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec);
    flops += 2.0 * N * N * N;
  }
  free(a);
  return flops / seconds;
}
