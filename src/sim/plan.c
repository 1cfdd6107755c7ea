#include "nlrmt/plan.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "nlrmt/blas.h"
#include "nlrmt/data_report.h"
#include "nlrmt/gram.h"
#include "nlrmt/kernel_point.h"
#include "nlrmt/laws.h"
#include "nlrmt/network.h"
#include "nlrmt/precision.h"

const char *const nlrmt_phase_name[NLRMT_PHASES] = {"generate", "gram",   "reduce", "eigen",
                                                    "ridge",    "theory", "io"};

/* Share of the dgemm rate that each phase reaches, and entries drawn per second and rank: only for
 * predictions of time. */
static const double GENERATE_SHARE = 0.95, GRAM_SHARE = 0.85;
static const double REDUCE_SHARE = 0.30, BAND_SHARE = 0.45; /* one stage, two */
/* Rates of the modes (precision.h) in units of dgemm's: of WX, and of the rest. */
static const double PRODUCT_GAIN[] = {1, 2.1, 9}, OTHER_GAIN[] = {1, 2.1, 2.1};
static const double DRAWS_PER_SECOND = 5e8, SOLVED_PER_SECOND = 1e9; /* entries of one row solved */

static int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
static int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}
static int64_t max64(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* 64 suits every backend; smaller where a process row or column would else go empty. */
int nlrmt_plan_block(int64_t n, int npcol) {
  int block = 64;
  while (block > 1 && n < (int64_t)block * npcol) block /= 2;
  return block;
}

/* gemm packs the stored vectors anew for every strip, so a higher strip is faster (one core, m =
 * 4096: 512 rows 66 GF/s, 1024 85, 2048 90); limits keep the strip and its gathered copies small
 * beside the stored vectors. */
static int64_t choose_piece(const nlrmt_plan *plan, int64_t n0) {
  int64_t piece = min64(2048, min64(plan->n / plan->npcol / 2, n0 / (4 * plan->nprow)));
  return max64(1, min64(max64(64, piece), ceil_div(plan->big, plan->nprow)));
}

/* Words that the targets take: while features are made, while they are handed over, afterwards. */
static void count_sides(const nlrmt_plan *plan, const nlrmt_params *params, int64_t cols,
                        int64_t words[3]) {
  int64_t slice = plan->sides > 0 ? nlrmt_rows_slice(plan->sides, plan->nprow) : 0;
  int64_t n2 = params->gammas > 0 ? params->n2 : 0,
          a = n2 > 0 && params->sigma_a > 0 ? params->n0 : 0;
  words[2] = slice * cols + 66 * plan->n; /* nlrmt_shifted_sums' workspace */
  if (params->vectors != NLRMT_VECTORS_NO) words[2] += 5 * slice * cols; /* V, U'V, PDSTEDC's */
  if (plan->tall) {
    words[0] = 0;
    words[1] = slice * cols + min64(slice, n2) * a;
  } else {
    words[0] = plan->sides * cols + n2 * (a + plan->piece);
    words[1] = words[0] + 2 * slice * cols;
  }
}

/* Samples from files: what a rank keeps of them beside the stored vectors, and what rank 0 and the
 * measurement of their spectrum take before the first trial. */
static void count_samples(nlrmt_plan *plan, const nlrmt_params *params, size_t *before) {
  size_t column = (size_t)params->n0 * sizeof(double);
  *before = 0;
  if (!nlrmt_data_from_files(&params->data)) return;
  int64_t columns = plan->tall ? nlrmt_block_count(params->m, plan->block, 0, plan->npcol)
                               : nlrmt_block_count(params->m, (int)plan->piece, 0, plan->nprow);
  plan->bytes_samples = plan->tall ? 0 : (size_t)columns * column;
  *before = (size_t)(params->m + columns) * column +
            nlrmt_data_report_bytes(params, plan->nprow, plan->npcol);
}

static void count_bytes(nlrmt_plan *plan, const nlrmt_params *params) {
  int64_t rows = nlrmt_block_count(plan->n, plan->block, 0, plan->nprow), sides[3];
  int64_t cols = nlrmt_block_count(plan->n, plan->block, 0, plan->npcol);
  int64_t stride = nlrmt_precision_stride(params->precision, params->n0);
  size_t word = nlrmt_precision_feature(params->precision);
  count_sides(plan, params, cols, sides);
  size_t entry = nlrmt_precision_entry(params->precision);
  bool single = params->precision != NLRMT_PRECISION_DOUBLE;
  plan->bytes_stored = (size_t)stride * (size_t)cols * entry;
  plan->bytes_matrix = (size_t)rows * (size_t)cols * word;
  size_t scratch =
      (size_t)(plan->piece + (params->precision == NLRMT_PRECISION_SINGLE ? stride : 0));
  plan->bytes_strip = (size_t)plan->piece * ((size_t)stride * entry + (size_t)cols * word) +
                      scratch * (size_t)nlrmt_blas_threads() * sizeof(double) +
                      nlrmt_gram_bytes(plan->n, plan->block, plan->piece * plan->nprow, single,
                                       plan->nprow, plan->npcol, 0, 0);
  plan->bytes_sides = plan->sides > 0 ? (size_t)sides[2] * sizeof(double) : 0;
  if (plan->eig)
    plan->bytes_eigen =
        plan->eig->bytes(plan->n, plan->block, plan->nprow, plan->npcol, plan->sides);
  if (plan->eig && single && !plan->eig->single) /* nlrmt_eig_solve's copy */
    plan->bytes_eigen += (size_t)rows * (size_t)cols * sizeof(double);
  size_t phase[3] = {plan->bytes_stored + plan->bytes_strip + (size_t)sides[0] * sizeof(double),
                     plan->bytes_stored + (size_t)sides[1] * sizeof(double),
                     plan->bytes_sides + plan->bytes_eigen};
  plan->bytes_peak = 0;
  for (int i = 0; i < 3; i++)
    if (phase[i] > plan->bytes_peak) plan->bytes_peak = phase[i];
  size_t before;
  count_samples(plan, params, &before);
  plan->bytes_peak += plan->bytes_matrix + plan->bytes_samples;
  if (before > plan->bytes_peak) plan->bytes_peak = before;
}

static void count_time(nlrmt_plan *plan, const nlrmt_params *params, double rate) {
  double n = (double)plan->n, big = (double)plan->big, inner = (double)params->n0;
  double sides = (double)plan->sides, ranks = plan->nprow * plan->npcol, all = rate * ranks;
  double draws = inner * (n / plan->npcol + big / plan->nprow);
  double product = 2 * big * inner * n, gram = n * n * big, reduce = 4.0 / 3 * n * n * n;
  double rotate = 2 * n * n * sides;
  double targets = params->gammas > 0 ? 2.0 * (double)params->n2 * inner * (double)params->m : 0;
  if (!plan->tall) targets += 2 * sides * n * big;
  plan->flops = product + gram + reduce + rotate + targets;
  double share = plan->eig && plan->eig->band ? BAND_SHARE : REDUCE_SHARE;
  double fast = PRODUCT_GAIN[params->precision], other = OTHER_GAIN[params->precision];
  memset(plan->seconds, 0, sizeof plan->seconds);
  plan->seconds[NLRMT_PHASE_GENERATE] = draws / (DRAWS_PER_SECOND * nlrmt_blas_threads()) +
                                        (product / fast + targets) / (GENERATE_SHARE * all);
  plan->seconds[NLRMT_PHASE_GRAM] = gram / (GRAM_SHARE * all * other);
  plan->seconds[NLRMT_PHASE_REDUCE] = reduce / (share * all * other) + rotate / (GRAM_SHARE * all);
  plan->before = nlrmt_kernel_point_seconds(params, plan->nprow * plan->npcol, rate);
  double solves = sides * params->gammas; /* a complex one takes twice the time */
  if (params->mtilde) solves += 2.0 * (double)plan->split * params->zs;
  plan->seconds[NLRMT_PHASE_RIDGE] = solves * n / (SOLVED_PER_SECOND * ranks);
}

/* Complex features are real ones of twice the dimensions, of which the model makes only what
 * differs; both halves of a pair on one rank. */
static nlrmt_status plan_complex(const nlrmt_params *params, int size, double rate,
                                 nlrmt_plan *plan, nlrmt_error *err) {
  nlrmt_params twice = *params;
  double f_scale = 1;
  int nprow, npcol;
  twice.complex_field = twice.normalize = false;
  twice.m *= 2;
  twice.n0 *= 2;
  twice.n1 *= 2;
  nlrmt_grid_shape(size, &nprow, &npcol);
  int block = params->block > 0 ? params->block : nlrmt_plan_block(min64(twice.m, twice.n1), npcol);
  twice.block = block + block % 2;
  if (nlrmt_plan_make(&twice, size, rate, plan, err) != NLRMT_OK ||
      (params->normalize && nlrmt_laws_f_scale(params, &f_scale, err) != NLRMT_OK))
    return err->status;
  plan->n /= 2; /* order and big are those of the real matrices */
  plan->zeros /= 2;
  plan->piece += plan->piece % 2;
  plan->alpha *= 2 * f_scale * f_scale;
  return NLRMT_OK;
}

nlrmt_status nlrmt_plan_make(const nlrmt_params *params, int size, double rate, nlrmt_plan *plan,
                             nlrmt_error *err) {
  if (params->complex_field) return plan_complex(params, size, rate, plan, err);
  memset(plan, 0, sizeof *plan);
  nlrmt_grid_shape(size, &plan->nprow, &plan->npcol);
  plan->tall = params->m <= params->n1;
  plan->n = min64(params->m, params->n1);
  plan->big = max64(params->m, params->n1);
  plan->order = plan->n;
  bool of_k = params->matrix == NLRMT_SPECTRUM_K;
  plan->zeros = (of_k ? params->m : params->n1) - plan->n;
  double f_scale = 1;
  if (params->normalize && nlrmt_laws_f_scale(params, &f_scale, err) != NLRMT_OK)
    return err->status;
  plan->alpha = f_scale * f_scale / (double)(of_k ? params->n1 : params->m);
  plan->scale = of_k ? 1 : (double)params->n1 / (double)params->m;
  bool signal = params->gammas > 0 && params->sigma_a > 0;
  plan->split = signal || params->mtilde ? params->n0 : 0;
  plan->sides = plan->split + (params->gammas > 0 ? params->n2 : 0);
  if (params->vectors != NLRMT_VECTORS_NO) {
    const char *reason = params->gammas > 0                  ? "not together with ridge.gamma"
                         : !plan->tall                       ? "needs m <= n1"
                         : params->vector_blocks > params->m ? "spectrum.vector_blocks is above m"
                                                             : NULL;
    if (reason) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "spectrum.vectors: %s", reason);
    plan->sides = plan->n;
    plan->split = 0;
  }
  double bytes = 8.0 * ((double)params->n0 + (double)plan->n) * (double)plan->n / plan->npcol;
  if (bytes > 1e16) /* byte counts below stay far from the limits of size_t */
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE,
                      "m = %lld, n0 = %lld, n1 = %lld need %.0f PiB a rank", (long long)params->m,
                      (long long)params->n0, (long long)params->n1, bytes / 1125899906842624.0);
  plan->block = params->block > 0 ? params->block : nlrmt_plan_block(plan->n, plan->npcol);
  plan->piece = choose_piece(plan, params->n0);
  nlrmt_eig_choose(params->eigensolver, plan->n, plan->block, plan->nprow, plan->npcol,
                   plan->sides > 0, params->precision != NLRMT_PRECISION_DOUBLE, &plan->eig, err);
  count_bytes(plan, params);
  count_time(plan, params, rate);
  return err->status;
}

/* The cheaper orientation for the Gram matrices wanted. */
static bool layers_tall(const nlrmt_params *params) {
  double tall = 0, wide = 0;
  for (int i = 0; i < params->shown; i++) {
    tall += pow((double)params->m, 3);
    wide += pow((double)params->width[params->show[i] - 1], 3);
  }
  return tall <= wide;
}

/* What all layers share: orientation, block and piece, small enough for the narrowest layer. */
static void orient(nlrmt_plan *plan, const nlrmt_params *params) {
  int64_t narrow = params->n0, m = params->m;
  for (int l = 0; l < params->layers; l++) narrow = min64(narrow, params->width[l]);
  plan->tall = layers_tall(params);
  int64_t stored = plan->tall ? m : narrow, streamed = plan->tall ? narrow : m;
  plan->block = params->block > 0 ? params->block : nlrmt_plan_block(stored, plan->npcol);
  plan->piece = max64(1, min64(512, ceil_div(streamed, plan->nprow)));
}

/* One layer's plan on from nlrmt_plan_make's; `low`: the layer shown before it, or 0. */
static nlrmt_status plan_layer(nlrmt_plan *plan, const nlrmt_params *params,
                               const nlrmt_params *own, int low, double rate, nlrmt_error *err) {
  double ranks = plan->nprow * plan->npcol, all = rate * ranks, m = (double)params->m;
  orient(plan, params);
  plan->order = plan->tall ? params->m : own->n1;
  plan->big = plan->tall ? own->n1 : params->m;
  plan->alpha = 1 / (double)(own->matrix == NLRMT_SPECTRUM_K ? own->n1 : own->m);
  if (nlrmt_eig_choose(params->eigensolver, plan->order, plan->block, plan->nprow, plan->npcol,
                       plan->sides > 0, false, &plan->eig, err) != NLRMT_OK)
    return err->status;
  double order = (double)plan->order, rotate = 2 * order * order * (double)plan->sides;
  double gram = order * order * (double)plan->big, reduce = 4.0 / 3 * order * order * order;
  double product = 0, draws = 0;
  for (int l = low; l < own->layer; l++) {
    double in = (double)(l ? params->width[l - 1] : params->n0), out = (double)params->width[l];
    product += 2 * in * out * m;
    draws += in * out / (plan->tall ? plan->nprow : plan->npcol);
  }
  plan->flops = product + gram + reduce + rotate;
  plan->seconds[NLRMT_PHASE_GENERATE] = draws / DRAWS_PER_SECOND + product / (GENERATE_SHARE * all);
  plan->seconds[NLRMT_PHASE_GRAM] = gram / (GRAM_SHARE * all);
  plan->seconds[NLRMT_PHASE_REDUCE] = reduce / (REDUCE_SHARE * all) + rotate / (GRAM_SHARE * all);
  int64_t rows = nlrmt_block_count(plan->order, plan->block, 0, plan->nprow);
  int64_t cols = nlrmt_block_count(plan->order, plan->block, 0, plan->npcol), words[3];
  count_sides(plan, params, cols, words);
  plan->bytes_stored = nlrmt_network_bytes(params, plan);
  plan->bytes_matrix = (size_t)(rows * cols) * sizeof(double);
  plan->bytes_eigen =
      plan->eig->bytes(plan->order, plan->block, plan->nprow, plan->npcol, plan->sides);
  plan->bytes_strip = nlrmt_gram_bytes(plan->order, plan->block, plan->piece * plan->nprow, false,
                                       plan->nprow, plan->npcol, 0, 0);
  size_t after = plan->bytes_strip > plan->bytes_eigen ? plan->bytes_strip : plan->bytes_eigen;
  plan->bytes_sides = plan->sides > 0 ? (size_t)(words[1] + words[2]) * sizeof(double) : 0;
  plan->bytes_peak = plan->bytes_stored + plan->bytes_matrix + plan->bytes_sides + after;
  return NLRMT_OK;
}

nlrmt_status nlrmt_plan_layers(const nlrmt_params *params, int size, double rate, nlrmt_plan *plan,
                               nlrmt_error *err) {
  for (int i = 0; i < params->shown && err->status == NLRMT_OK; i++) {
    nlrmt_params own = nlrmt_params_layer(params, params->show[i]);
    nlrmt_plan_make(&own, size, rate, &plan[i], err);
    if (err->status == NLRMT_OK && nlrmt_params_deep(params))
      plan_layer(&plan[i], params, &own, i > 0 ? params->show[i - 1] : 0, rate, err);
  }
  for (int i = 0; i < params->shown; i++) /* the same memory serves all */
    plan[0].bytes_peak =
        plan[i].bytes_peak > plan[0].bytes_peak ? plan[i].bytes_peak : plan[0].bytes_peak;
  for (int i = 0; i < params->shown; i++) plan[i].bytes_peak = plan[0].bytes_peak;
  return err->status;
}

size_t nlrmt_memory_peak(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (size_t)usage.ru_maxrss * 1024;
}

/* The number after `key` in a file of "key: number" lines, or the first number if key is empty. */
static bool read_number(const char *path, const char *key, size_t *value) {
  FILE *f = fopen(path, "r");
  if (!f) return false;
  char line[256];
  bool found = false;
  while (!found && fgets(line, sizeof line, f))
    found = strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%zu", value) == 1;
  fclose(f);
  return found;
}

size_t nlrmt_memory_available(void) {
  size_t kib = 0, limit = 0, used = 0, available = SIZE_MAX;
  if (read_number("/proc/meminfo", "MemAvailable:", &kib)) available = kib * 1024;
  const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
  const char *const usages[] = {"/sys/fs/cgroup/memory.current",
                                "/sys/fs/cgroup/memory/memory.usage_in_bytes"};
  for (int i = 0; i < 2; i++)
    if (read_number(limits[i], "", &limit) && read_number(usages[i], "", &used)) {
      size_t rest = limit > used ? limit - used : 0;
      if (rest < available) available = rest;
    }
  return available;
}

static double gib(double bytes) {
  return bytes / (1024.0 * 1024.0 * 1024.0);
}

/* Largest m of the same shape (a multiple of 64, at least 64) that fits in bytes_rank on each rank.
 */
static int64_t largest_m(const nlrmt_params *params, int size, double bytes_rank) {
  int64_t low = 0, high = params->m / 64;
  while (high - low > 1) {
    int64_t mid = low + (high - low) / 2;
    nlrmt_params smaller = *params;
    double scale = 64.0 * (double)mid / (double)params->m;
    smaller.m = 64 * mid;
    smaller.n0 = max64(1, llround(scale * (double)params->n0));
    smaller.n1 = max64(1, llround(scale * (double)params->n1));
    nlrmt_plan plan;
    nlrmt_error err = {0};
    bool fits = nlrmt_plan_make(&smaller, size, 1, &plan, &err) == NLRMT_OK &&
                (double)plan.bytes_peak <= bytes_rank;
    if (fits)
      low = mid;
    else
      high = mid;
  }
  return max64(1, 64 * low);
}

nlrmt_status nlrmt_plan_check_memory(const nlrmt_comm *comm, const char *where,
                                     const nlrmt_params *params, const nlrmt_plan *plan,
                                     nlrmt_error *err) {
  double need = (double)plan->bytes_peak * comm->node_ranks;
  double have = (double)nlrmt_memory_available();
  /* The slowest to start may see what the others already took: leave 3 % for that. */
  if (need > 0.97 * have)
    nlrmt_fail(
        err, NLRMT_ERR_RESOURCE,
        "%s: m = %lld needs %.1f GiB on this node (%d rank%s of %.1f GiB), %.1f GiB are free: "
        "use more nodes%s, or model.m up to about %lld here",
        where, (long long)params->m, gib(need), comm->node_ranks, comm->node_ranks == 1 ? "" : "s",
        gib((double)plan->bytes_peak), gib(have),
        plan->nprow * plan->npcol < comm->size ? ", a larger parallel.ranks_per_trial" : "",
        (long long)largest_m(params, plan->nprow * plan->npcol, 0.95 * have / comm->node_ranks));
  return nlrmt_comm_agree(comm, err);
}
