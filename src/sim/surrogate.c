#include "nlrmt/surrogate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/laws.h"
#include "nlrmt/moments.h"

/* What was computed last: bias laws of a few values repeat theirs. */
typedef struct {
  int count, next, component[64];
  double bias[64], linear[64], noise[64];
} memory;

static int recall(const memory *m, double bias, int component) {
  for (int i = 0; i < m->count; i++)
    if (m->bias[i] == bias && m->component[i] == component) return i;
  return -1;
}

/* The two coefficients of one row; where they stand in m. */
static int coefficients(const nlrmt_params *p, double sigma_z, double bias, int component,
                        memory *m, nlrmt_error *err) {
  double h, eta, zeta;
  int at = recall(m, bias, component);
  if (at >= 0) return at;
  if (nlrmt_moments_at(&p->mixture.f[component], sigma_z, bias, &h, &eta, &zeta, err) != NLRMT_OK)
    return -1;
  at = m->next;
  m->next = (m->next + 1) % 64;
  if (m->count < 64) m->count++;
  m->bias[at] = bias;
  m->component[at] = component;
  m->linear[at] = sqrt(zeta) / sigma_z;
  m->noise[at] = sqrt(fmax(eta - zeta, 0));
  return at;
}

/* Local. Every size-th row; the others are 0. */
static void own_rows(const nlrmt_comm *comm, const nlrmt_params *p, int trial, double sigma_x,
                     double *linear, double *noise, nlrmt_error *err) {
  memory m = {0};
  memset(linear, 0, (size_t)p->n1 * sizeof *linear);
  memset(noise, 0, (size_t)p->n1 * sizeof *noise);
  for (int64_t a = comm->rank; a < p->n1; a += comm->size) {
    double bias;
    int component, at;
    nlrmt_bias_draw(&p->bias, p->seed, (uint32_t)trial, 0, (uint32_t)a, 1, &bias);
    nlrmt_mixture_draw(&p->mixture, p->seed, (uint32_t)trial, 0, (uint32_t)a, 1, &component);
    at = coefficients(p, p->sigma_w * sigma_x, bias, component, &m, err);
    if (at < 0) return;
    linear[a] = m.linear[at];
    noise[a] = m.noise[at];
  }
}

nlrmt_status nlrmt_surrogate_rows(const nlrmt_comm *comm, const nlrmt_params *params, int trial,
                                  double *linear, double *noise, nlrmt_error *err) {
  double sigma_x = params->sigma_x;
  if (comm->rank == 0) nlrmt_laws_sigma_x(params, &sigma_x, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  MPI_Bcast(&sigma_x, 1, MPI_DOUBLE, 0, comm->mpi);
  own_rows(comm, params, trial, sigma_x, linear, noise, err);
  if (nlrmt_comm_agree(comm, err) != NLRMT_OK) return err->status;
  MPI_Allreduce(MPI_IN_PLACE, linear, (int)params->n1, MPI_DOUBLE, MPI_SUM, comm->mpi);
  MPI_Allreduce(MPI_IN_PLACE, noise, (int)params->n1, MPI_DOUBLE, MPI_SUM, comm->mpi);
  return NLRMT_OK;
}

void nlrmt_surrogate_noise(const nlrmt_params *params, int trial, int64_t mu, int64_t first,
                           int64_t count, double *out) {
  nlrmt_stream stream = {params->seed, (uint32_t)trial, 0, NLRMT_MATRIX_N};
  nlrmt_rng_entries(&stream, NLRMT_ENTRIES_GAUSSIAN, 1, (uint32_t)mu, (uint64_t)first,
                    (size_t)count, out);
}
