#include "nlrmt/kernel_point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_table.h"
#include "kernel_vectors.h"
#include "nlrmt/equivalent.h"
#include "nlrmt/gemm.h"
#include "nlrmt/kernel.h"
#include "nlrmt/kernel_given.h"
#include "nlrmt/kernel_law.h"
#include "nlrmt/laws.h"
#include "nlrmt/progress.h"
#include "nlrmt/symmetric.h"

enum { LARGEST = 32000 };
static const double ACCURACY = 1e-8;  /* of a kernel's entries */
static const double TOLERANCE = 1e-7; /* of delta: what is dealt to whom does not show */
static const double SHARE = 0.6;      /* of the free memory */

typedef struct {
  const nlrmt_grid *grid;
  const nlrmt_params *params;
  size_t m;
  kernel_list k;
  double square; /* f_scale^2 */
  double *gram;  /* [m][m] rank 0; several kernels: every rank */
  double *space; /* all phi; one kernel: rank 0 only */
  double *phi[NLRMT_EQUIVALENT_KERNELS];
  double r_max;
  nlrmt_kernel_solution *out;
} work;

/* ---- memory ---- */

/* Most bytes on one rank: of one kernel on rank 0 alone, of several on every rank. */
static double bytes_of(const nlrmt_params *params, size_t count, double m) {
  bool ridge = params->gammas > 0;
  double kernel = (NLRMT_KERNEL_TERMS + 1) * m;       /* while one is made */
  bool vectors = params->vectors != NLRMT_VECTORS_NO; /* never with ridge */
  double squares = count > 1 ? (double)count + 4 + (ridge ? (double)count + 2 : 3) + 3 * vectors
                             : (ridge     ? 5
                                : vectors ? 9
                                          : 2);
  return 8 * (squares * m * m + kernel);
}

nlrmt_status nlrmt_kernel_point_check(const nlrmt_comm *comm, const char *where,
                                      const nlrmt_params *params, nlrmt_error *err) {
  kernel_list k;
  nlrmt_error own = {0};
  if (!nlrmt_params_kernel(params)) return NLRMT_OK;
  if (kernel_list_make(params, &k, &own) != NLRMT_OK) {
    nlrmt_fail(err, own.status, "%s: %s", where, own.text);
  } else {
    int ranks = k.count == 1 && params->vectors == NLRMT_VECTORS_NO ? 1 : comm->node_ranks;
    double have = SHARE * (double)nlrmt_memory_available(), low = 1, high = LARGEST + 1.0;
    double need = ranks * bytes_of(params, k.count, (double)params->m);
    while (high - low > 1) {
      double mid = floor((low + high) / 2);
      *(ranks * bytes_of(params, k.count, mid) <= have ? &low : &high) = mid;
    }
    if ((double)params->m > low)
      nlrmt_fail(
          err, NLRMT_ERR_RESOURCE,
          "%s: theory.laws: kernel: m = %lld with %zu kernel%s needs %.1f GiB on this node (%d "
          "rank%s), it may take %.1f GiB, 60 %% of what is free: leave the law out, or use "
          "model.m up to %.0f here",
          where, (long long)params->m, k.count, k.count == 1 ? "" : "s", need / 0x1p30, ranks,
          ranks == 1 ? "" : "s", have / 0x1p30, low);
  }
  return nlrmt_comm_agree(comm, err);
}

/* ---- time ---- */

/* Measured, m = 250 to 1000: for predictions only. */
static const double TERMS_PER_SECOND = 1e9;              /* of the kernels' series, one rank */
static const double INVERSIONS = 5, SHARE_OF_RATE = 0.7; /* a point's; share of the dgemm rate */
static const double MODEL_SECONDS = 1.6e-5; /* the model's solves for a grid, each m (B^2 + 10) */

double nlrmt_kernel_point_seconds(const nlrmt_params *params, int size, double rate) {
  const double m = (double)params->m, cube = m * m * m, eigen = 9 * cube / (SHARE_OF_RATE * rate);
  const double b = (double)nlrmt_params_kernels(params), own = ceil(b / size);
  const bool vectors = params->vectors != NLRMT_VECTORS_NO, ridge = params->gammas > 0;
  if (!nlrmt_params_kernel(params)) return 0;
  double seconds = own * m * m * NLRMT_KERNEL_TERMS / TERMS_PER_SECOND + eigen;
  if (vectors) seconds += eigen;
  if (b > 1 || vectors) seconds += MODEL_SECONDS * m * (b * b + 10);
  if (b == 1) return seconds;
  double point = INVERSIONS * 8 * cube + 2 * cube * vectors;
  double gamma = 6 * (2 + 2 * b) * cube; /* 6 inversions with B products each */
  double flops = ceil((double)KERNEL_POINTS / size) * point;
  if (ridge) flops += ceil((double)params->gammas / size) * gamma;
  return seconds + flops / (SHARE_OF_RATE * rate);
}

/* ---- the kernels ---- */

static double largest_correlation(size_t m, const double *gram) {
  double largest = 0;
  for (size_t a = 0; a < m; a++)
    for (size_t c = 0; c < a; c++) {
      double norms = gram[a * m + a] * gram[c * m + c];
      if (norms > 0) largest = fmax(largest, fabs(gram[a * m + c]) / sqrt(norms));
    }
  return fmin(largest, 1);
}

/* Local. phi <- second moments of a row of F that has the i-th kernel; *bound: of the series'
 * truncation, relative to the mean diagonal. */
static nlrmt_status make_kernel(const work *w, size_t i, double *phi, double *bound,
                                nlrmt_error *err) {
  const size_t m = w->m;
  const nlrmt_kernel_options o = {w->k.f[i], w->params->sigma_w, w->k.b[i], w->r_max, ACCURACY};
  double *diagonal = calloc(m, sizeof *diagonal), worst = 0, trace = 0;
  nlrmt_kernel *kernel = NULL;
  if (!diagonal)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: kernel of %zu samples", m);
  for (size_t a = 0; a < m; a++) diagonal[a] = w->gram[a * m + a];
  nlrmt_kernel_create(&o, m, diagonal, &kernel, err);
  free(diagonal);
  if (err->status != NLRMT_OK) return err->status;
  const double *h = nlrmt_kernel_means(kernel);
  for (size_t a = 0; a < m; a++) {
    double *row = phi + a * m;
    worst = fmax(worst, nlrmt_kernel_row(kernel, a, a + 1, NULL, w->gram + a * m, row));
    for (size_t c = 0; c <= a; c++) phi[c * m + a] = row[c] = w->square * (row[c] + h[a] * h[c]);
    trace += row[a];
  }
  *bound = trace > 0 ? worst * w->square * (double)m / trace : 0;
  nlrmt_kernel_destroy(&kernel);
  return NLRMT_OK;
}

/* Local. */
static nlrmt_status allocate(work *w, nlrmt_error *err) {
  size_t square = w->m * w->m;
  if (!w->space) w->space = malloc(w->k.count * square * sizeof *w->space);
  if (!w->gram) w->gram = malloc(square * sizeof *w->gram);
  if (!w->space || !w->gram)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu kernels of %zu samples",
                      w->k.count, w->m);
  for (size_t i = 0; i < w->k.count; i++) w->phi[i] = w->space + i * square;
  return NLRMT_OK;
}

/* Collective. All kernels on every rank, each made by one of them. */
static nlrmt_status share_kernels(work *w, nlrmt_error *err) {
  const nlrmt_comm *comm = w->grid->comm;
  const int square = (int)(w->m * w->m);
  double worst = 0;
  allocate(w, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  MPI_Bcast(w->gram, square, MPI_DOUBLE, 0, comm->mpi);
  w->r_max = largest_correlation(w->m, w->gram);
  for (size_t i = (size_t)comm->rank; i < w->k.count && err->status == NLRMT_OK;
       i += (size_t)comm->size) {
    double bound = 0;
    make_kernel(w, i, w->phi[i], &bound, err);
    worst = fmax(worst, bound);
  }
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  for (size_t i = 0; i < w->k.count; i++)
    MPI_Bcast(w->phi[i], square, MPI_DOUBLE, (int)(i % (size_t)comm->size), comm->mpi);
  MPI_Allreduce(&worst, &w->out->kernel_error, 1, MPI_DOUBLE, MPI_MAX, comm->mpi);
  return NLRMT_OK;
}

/* ---- one kernel: rank 0 ---- */

/* c[i] = v_i' X'X/n0 v_i for the eigenvectors in phi; rounding below 0 is 0. */
static nlrmt_status forms(const work *w, double *c, nlrmt_error *err) {
  const size_t m = w->m;
  double *product = malloc(m * m * sizeof *product);
  if (!product) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu eigenvectors", m);
  nlrmt_gemm_tn((int64_t)m, (int64_t)m, (int64_t)m, w->gram, w->phi[0], product, (int64_t)m);
  for (size_t i = 0; i < m; i++) {
    c[i] = 0;
    for (size_t a = 0; a < m; a++) c[i] += w->phi[0][i * m + a] * product[i * m + a];
    c[i] = fmax(c[i], 0);
  }
  free(product);
  return NLRMT_OK;
}

static nlrmt_status ridge_one(const work *w, const double *mu, double *c, nlrmt_error *err) {
  const nlrmt_params *p = w->params;
  nlrmt_kernel_ridge_point *point = malloc((size_t)p->gammas * sizeof *point);
  if (!point)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d values of gamma", p->gammas);
  if (forms(w, c, err) == NLRMT_OK)
    nlrmt_kernel_ridge(w->m, mu, c, (size_t)p->n1, p->sigma_a, p->sigma_eps, (size_t)p->gammas,
                       p->gamma, point, err);
  for (int g = 0; g < p->gammas && err->status == NLRMT_OK; g++)
    w->out->train_error[g] = point[g].train_error;
  free(point);
  return err->status;
}

static nlrmt_status solve_one(work *w, nlrmt_error *err) {
  nlrmt_kernel_solution *s = w->out;
  nlrmt_kernel_law law = {0};
  double *mu = malloc(2 * w->m * sizeof *mu);
  if (!mu) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu eigenvalues", w->m);
  if (allocate(w, err) == NLRMT_OK) {
    w->r_max = largest_correlation(w->m, w->gram);
    if (make_kernel(w, 0, w->phi[0], &s->kernel_error, err) == NLRMT_OK &&
        nlrmt_symmetric_eigen(w->m, s->train_error, w->phi[0], mu, err) == NLRMT_OK &&
        nlrmt_kernel_law_create(w->m, mu, (size_t)w->params->n1, false, &law, err) == NLRMT_OK) {
      s->law = law.law;
      s->place = law.place;
      s->spikes = law.spikes;
      for (size_t i = 0; i < w->m; i++) mu[i] = fmax(mu[i], 0);
      if (s->train_error) ridge_one(w, mu, mu + w->m, &s->ridge_failure);
    }
  }
  free(mu);
  return err->status;
}

/* ---- several kernels: all ranks ---- */

/* The law's points, and the overlaps there and at the spikes; wanted: see kernel_vectors.h. */
typedef struct {
  kernel_places at;
  nlrmt_equivalent_point point[KERNEL_POINTS];
  bool wanted;
  kernel_vectors vectors;
  double *overlap; /* [KERNEL_POINTS + NLRMT_EQUIVALENT_SPIKES][blocks] if wanted, else NULL */
} solved;

/* Local. One point: of one kernel the model is exact. */
static nlrmt_status solve_point(const work *w, nlrmt_equivalent *e, solved *x, double complex z,
                                const nlrmt_equivalent_point *guess, size_t row,
                                nlrmt_equivalent_point *point, nlrmt_error *err) {
  if (w->k.count == 1)
    nlrmt_equivalent_model(e, z, point, err);
  else
    nlrmt_equivalent_solve(e, z, TOLERANCE, guess, point, err);
  if (err->status == NLRMT_OK && x->wanted)
    kernel_vectors_at(&x->vectors, e, point, x->overlap + row * x->vectors.blocks);
  return err->status;
}

/* Local. This rank's points of the law, each from its one before, and of the spikes; the others'
 * stay 0. */
static nlrmt_status solve_points(const work *w, nlrmt_equivalent *e, solved *x, nlrmt_error *err) {
  const nlrmt_comm *comm = w->grid->comm;
  const nlrmt_equivalent_point *guess = NULL;
  nlrmt_equivalent_point spike;
  const double height = KERNEL_SPIKE_HEIGHT / sqrt((double)w->params->n1);
  for (size_t i = (size_t)comm->rank; i < KERNEL_POINTS; i += (size_t)comm->size) {
    const double complex z = x->at.lambda[i] + x->at.height * I;
    if (solve_point(w, e, x, z, guess, i, &x->point[i], err) != NLRMT_OK) return err->status;
    guess = &x->point[i];
  }
  for (size_t s = (size_t)comm->rank; x->wanted && s < x->at.spikes; s += (size_t)comm->size)
    if (solve_point(w, e, x, x->at.place[s] * CMPLX(1, height), NULL, KERNEL_POINTS + s, &spike,
                    err) != NLRMT_OK)
      return err->status;
  return NLRMT_OK;
}

/* Collective. Every point on every rank: bytes that only one rank has, 0 elsewhere. */
static void share_points(const work *w, solved *x) {
  const nlrmt_comm *comm = w->grid->comm;
  MPI_Allreduce(MPI_IN_PLACE, x->point, sizeof x->point, MPI_BYTE, MPI_BOR, comm->mpi);
  if (x->wanted)
    MPI_Allreduce(MPI_IN_PLACE, x->overlap,
                  (int)((KERNEL_POINTS + NLRMT_EQUIVALENT_SPIKES) * x->vectors.blocks), MPI_DOUBLE,
                  MPI_SUM, comm->mpi);
}

/* Local. */
static nlrmt_status begin_vectors(const work *w, solved *x, nlrmt_error *err) {
  const size_t blocks = (size_t)w->params->vector_blocks;
  x->overlap = calloc((KERNEL_POINTS + NLRMT_EQUIVALENT_SPIKES) * blocks, sizeof *x->overlap);
  w->out->overlap = malloc(w->m * blocks * sizeof *w->out->overlap);
  if (!x->overlap || !w->out->overlap)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu blocks", blocks);
  return kernel_vectors_init(&x->vectors, w->params, w->gram, w->k.count == 1 ? w->phi[0] : NULL,
                             err);
}

/* Rank 0. law: of the points. */
static void finish_vectors(const work *w, const solved *x, const nlrmt_law *law) {
  const double *at = x->overlap, *spike = at + KERNEL_POINTS * x->vectors.blocks;
  kernel_vectors_rows(w->m, x->vectors.blocks, law, &x->at, x->point, at, spike, w->out->overlap);
}

/* Rank 0. Keeps what kernel_b starts from; takes *e. */
static nlrmt_status keep_base(const work *w, nlrmt_equivalent **e, const solved *x,
                              nlrmt_error *err) {
  nlrmt_kernel_base *base = malloc(sizeof *base);
  if (!base)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: law of %d points", KERNEL_POINTS);
  *base = (nlrmt_kernel_base){.list = w->k, .at = x->at, .e = *e};
  memcpy(base->point, x->point, sizeof base->point);
  nlrmt_equivalent_thin(base->e);
  *e = NULL;
  w->out->base = base;
  return NLRMT_OK;
}

/* Collective. The training errors, values of gamma dealt to the ranks. A numerical failure is the
 * solution's. */
static nlrmt_status ridge_several(work *w, nlrmt_equivalent *e, nlrmt_error *err) {
  const nlrmt_params *p = w->params;
  const nlrmt_comm *comm = w->grid->comm;
  nlrmt_error *own = &w->out->ridge_failure;
  for (int g = comm->rank; g < p->gammas && own->status == NLRMT_OK; g += comm->size) {
    nlrmt_equivalent_ridge_point at;
    const double gamma = p->gamma[g];
    if (nlrmt_equivalent_ridge(e, gamma, p->sigma_a > 0 ? w->gram : NULL, &at, own) == NLRMT_OK)
      w->out->train_error[g] =
          gamma * gamma *
          (p->sigma_eps * p->sigma_eps * at.dm + p->sigma_a * p->sigma_a * at.signal_dm);
  }
  nlrmt_comm_agree(comm, own);
  MPI_Allreduce(MPI_IN_PLACE, w->out->train_error, p->gammas, MPI_DOUBLE, MPI_SUM, comm->mpi);
  return err->status;
}

/* Collective. Kernels, where to solve, the points: all on every rank. *e is the caller's. */
static nlrmt_status solve_law(work *w, nlrmt_equivalent **e, solved *x, nlrmt_error *err) {
  const nlrmt_comm *comm = w->grid->comm;
  if (share_kernels(w, err) != NLRMT_OK) return err->status;
  nlrmt_equivalent_create(w->m, (size_t)w->params->n1, w->k.count, w->k.weight,
                          (const double *const *)w->phi, e, err);
  if (err->status == NLRMT_OK && comm->rank == 0)
    nlrmt_equivalent_grid(*e, KERNEL_POINTS, x->at.lambda, &x->at.height, &x->at.spikes,
                          x->at.place, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  MPI_Bcast(&x->at, (int)sizeof x->at, MPI_BYTE, 0, comm->mpi);
  if (x->wanted) begin_vectors(w, x, err);
  if (err->status == NLRMT_OK) solve_points(w, *e, x, err);
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK) share_points(w, x);
  return err->status;
}

/* Rank 0. The law of several kernels; of one, only for its quantiles: kernel_law.h has it better.
 */
static nlrmt_status finish_law(const work *w, const nlrmt_equivalent *e, const solved *x,
                               nlrmt_error *err) {
  nlrmt_kernel_solution own = {0}, *s = w->k.count == 1 ? &own : w->out;
  if (kernel_table_law(w->params, e, &x->at, x->point, s, err) == NLRMT_OK && x->wanted)
    finish_vectors(w, x, s->law);
  nlrmt_kernel_solution_clear(&own);
  return err->status;
}

/* Collective. Several kernels, or the overlaps of one. */
static nlrmt_status solve_several(work *w, nlrmt_error *err) {
  const nlrmt_comm *comm = w->grid->comm;
  nlrmt_equivalent *e = NULL;
  solved *x = calloc(1, sizeof *x);
  if (!x) nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: law of %d points", KERNEL_POINTS);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return free(x), err->status;
  x->wanted = w->params->vectors != NLRMT_VECTORS_NO;
  if (solve_law(w, &e, x, err) == NLRMT_OK && comm->rank == 0) finish_law(w, e, x, err);
  if (nlrmt_comm_agree(comm, err) == NLRMT_OK && w->k.count > 1 && w->out->train_error)
    ridge_several(w, e, err);
  if (err->status == NLRMT_OK && comm->rank == 0 && w->k.count > 1 &&
      nlrmt_kernel_given_wanted(w->params))
    keep_base(w, &e, x, err);
  nlrmt_equivalent_destroy(&e);
  kernel_vectors_clear(&x->vectors);
  free(x->overlap);
  free(x);
  return nlrmt_comm_agree(comm, err);
}

/* ---- the point ---- */

/* Collective. */
static nlrmt_status solve(work *w, nlrmt_error *err) {
  const nlrmt_comm *comm = w->grid->comm;
  const nlrmt_params *p = w->params;
  double scale = 1;
  if (p->gammas > 0) {
    w->out->train_error = calloc((size_t)p->gammas, sizeof *w->out->train_error);
    if (!w->out->train_error)
      nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %d values of gamma", p->gammas);
  }
  if (err->status == NLRMT_OK && kernel_list_make(p, &w->k, err) == NLRMT_OK)
    nlrmt_laws_f_scale(p, &scale, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  w->square = scale * scale;
  w->out->kernels = w->k.count;
  if ((w->k.count > 1 || p->vectors != NLRMT_VECTORS_NO) && solve_several(w, err) != NLRMT_OK)
    return err->status;
  if (comm->rank == 0 && w->k.count == 1) solve_one(w, err);
  return nlrmt_comm_agree(comm, err);
}

nlrmt_status nlrmt_kernel_point_make(const nlrmt_grid *grid, const nlrmt_params *params,
                                     nlrmt_samples *samples, nlrmt_kernel_solution *solution,
                                     nlrmt_error *err) {
  double start = nlrmt_clock();
  nlrmt_error own = {0};
  *solution = (nlrmt_kernel_solution){0};
  work w = {.grid = grid,
            .params = params,
            .m = (size_t)params->m,
            .gram = samples->gram,
            .out = solution};
  samples->gram = NULL;
  solve(&w, &own);
  free(w.gram);
  free(w.space);
  if (own.status == NLRMT_ERR_NUMERIC)
    solution->failure = own;
  else if (own.status != NLRMT_OK)
    nlrmt_fail(err, own.status, "theory.laws: kernel: %s", own.text);
  solution->seconds = nlrmt_clock() - start;
  return err->status;
}
