/* Template (REAL, GEMM, TRSM, MPI_REAL_TYPE): QR of a panel whose rows are spread over processes.
 *
 * Each finds the QR of its rows, process 0 that of their triangles R one above the other (TSQR,
 * Demmel et al. 2012). That gives the first B columns of the orthogonal factor, rows Q, not
 * reflections; V and T are found again from Q - (S; 0) = V U, S diagonal with entries 1 or -1 that
 * make the LU decomposition of the first B rows of the left side stable without pivots, and
 * T = -U S V1^-T, V1 the first B rows of V (Ballard et al. 2014). What depends on a sign is decided
 * by one process alone: others may round differently.
 */
#ifndef NLRMT_LINALG_EIG_BAND_TALL_H
#define NLRMT_LINALG_EIG_BAND_TALL_H

#include <string.h>

#include "eig_band_panel.h"

enum { SQUARE = NLRMT_BAND * NLRMT_BAND };

/* My rows of a panel of B columns. The first `top` of them are among the panel's first B rows, at
 * place[0 ... top - 1]. */
typedef struct {
  MPI_Comm comm;
  int procs, me; /* procs >= 2 */
  int64_t rows;  /* >= B */
  REAL *a;       /* [B][rows] */
  REAL *q;       /* the same shape: workspace */
  REAL *stack;   /* workspace: process 0 [2 procs + 1][B][B], others [4][B][B] */
  int top;
  const int *place;
} tall_panel;

/* Process 0. triangles: R of each process, [procs][B][B]; becomes Q's rows in their order, and r
 * the triangle of all. work: [procs + 1][B][B]. */
static void stack_qr(int procs, REAL *triangles, REAL *r, REAL *work) {
  enum { B = NLRMT_BAND };
  int64_t high = (int64_t)procs * B;
  REAL t[SQUARE] = {0}, *a = work, *tv = work + procs * SQUARE;
  for (int p = 0; p < procs; p++)
    for (int j = 0; j < B; j++)
      memcpy(a + j * high + p * B, triangles + p * SQUARE + j * B, B * sizeof(REAL));
  memset(r, 0, SQUARE * sizeof(REAL));
  panel_qr(B, high, a, high, r, t);
  multiply(CblasNoTrans, CblasTrans, B, B, B, -1, t, B, a, high, 0, tv, B);
  for (int p = 0; p < procs; p++)
    multiply(CblasNoTrans, CblasNoTrans, B, B, B, 1, a + p * B, high, tv, B, 0,
             triangles + p * SQUARE, B);
  for (int j = 0; j < B; j++) triangles[j * B + j] += 1;
}

/* q <- (1 - V T V')(head; 0), V in a: my rows of Q. */
static void form_q(const tall_panel *p, const REAL *t, const REAL *head) {
  enum { B = NLRMT_BAND };
  REAL x[SQUARE], y[SQUARE];
  multiply(CblasTrans, CblasNoTrans, B, B, B, -1, p->a, p->rows, head, B, 0, x, B);
  multiply(CblasNoTrans, CblasNoTrans, B, B, B, 1, t, B, x, B, 0, y, B);
  multiply(CblasNoTrans, CblasNoTrans, p->rows, B, B, 1, p->a, p->rows, y, B, 0, p->q, p->rows);
  for (int j = 0; j < B; j++)
    for (int i = 0; i < B; i++) p->q[j * p->rows + i] += head[j * B + i];
}

/* Process 0. q1 = Q's first B rows becomes V1, with its zeros and ones; u, t; r <- S r. */
static void reconstruct(REAL *q1, REAL *u, REAL *t, REAL *r) {
  enum { B = NLRMT_BAND };
  REAL sign[B];
  for (int k = 0; k < B; k++) {
    sign[k] = q1[k * B + k] > 0 ? -1 : 1;
    q1[k * B + k] -= sign[k];
    for (int i = k + 1; i < B; i++) q1[k * B + i] /= q1[k * B + k];
    for (int j = k + 1; j < B; j++)
      for (int i = k + 1; i < B; i++) q1[j * B + i] -= q1[k * B + i] * q1[j * B + k];
  }
  for (int j = 0; j < B; j++)
    for (int i = 0; i < B; i++) {
      REAL x = q1[j * B + i], zero = 0;
      u[j * B + i] = i <= j ? x : zero;
      t[j * B + i] = i <= j ? -x * sign[j] : zero;
      r[j * B + i] *= sign[i];
      q1[j * B + i] = i < j ? zero : i == j ? 1 : x;
    }
  TRSM(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasUnit, B, B, 1, q1, B, t, B);
}

/* Collective over p->comm. V takes the place of p->a; R and T to every process. Entries of order 1
 * or less. */
static void tall_qr(const tall_panel *p, REAL *r, REAL *t) {
  enum { B = NLRMT_BAND };
  REAL own[SQUARE] = {0}, head[SQUARE], *all = p->stack, *shared = p->stack;
  memset(t, 0, SQUARE * sizeof *t);
  panel_qr(B, p->rows, p->a, p->rows, own, t);
  MPI_Gather(own, SQUARE, MPI_REAL_TYPE, all, SQUARE, MPI_REAL_TYPE, 0, p->comm);
  if (p->me == 0) stack_qr(p->procs, all, r, all + p->procs * SQUARE);
  MPI_Scatter(all, SQUARE, MPI_REAL_TYPE, head, SQUARE, MPI_REAL_TYPE, 0, p->comm);
  form_q(p, t, head);
  memset(own, 0, sizeof own);
  for (int k = 0; k < p->top; k++)
    for (int j = 0; j < B; j++) own[j * B + p->place[k]] = p->q[j * p->rows + k];
  MPI_Reduce(own, shared, SQUARE, MPI_REAL_TYPE, MPI_SUM, 0, p->comm);
  REAL *v1 = shared, *u = shared + SQUARE, *tt = shared + 2 * SQUARE, *rr = shared + 3 * SQUARE;
  if (p->me == 0) {
    memcpy(rr, r, SQUARE * sizeof *r);
    reconstruct(v1, u, tt, rr);
  }
  MPI_Bcast(shared, 4 * SQUARE, MPI_REAL_TYPE, 0, p->comm);
  memcpy(t, tt, SQUARE * sizeof *t);
  memcpy(r, rr, SQUARE * sizeof *r);
  TRSM(CblasColMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, (int)p->rows, B, 1, u, B,
       p->q, (int)p->rows);
  memcpy(p->a, p->q, (size_t)(p->rows * B) * sizeof(REAL));
  for (int k = 0; k < p->top; k++)
    for (int j = 0; j < B; j++) p->a[j * p->rows + k] = v1[j * B + p->place[k]];
}

#endif
