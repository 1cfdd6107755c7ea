/* judge: the laws of one point against its trials: distances, histogram, outliers, training errors.
 *
 * Local, rank 0; knows nothing of MPI or HDF5. Derived results are functions of the stored rows of
 * the trials and the configuration alone, so a resumed run that has those rows has everything.
 */
#ifndef NLRMT_JUDGE_H
#define NLRMT_JUDGE_H

#include "nlrmt/config.h"
#include "nlrmt/law.h"
#include "nlrmt/plan.h"

enum { NLRMT_PRODUCTS = 7 }; /* mean products a trial gives with spectrum.cumulants (cumulants.h) */

/* The laws depth and depth_b of one layer (depth_point.h). */
typedef struct {
  nlrmt_law *limit;                  /* NULL: not asked for, or limit_failure tells why */
  nlrmt_law **given;                 /* [trials] of depth_b; NULL likewise */
  double *limit_error, *given_error; /* [gammas], [trials][gammas] training errors, if any */
  double fluctuation;                /* of the limit, as nlrmt_law_eta's */
  int trials;
  nlrmt_error limit_failure, given_failure;
} nlrmt_depth_solution;

/* The trials of one point that succeeded; in order of their number when they are judged. */
typedef struct {
  int done, failed;
  int *trial;           /* [done] trial numbers */
  double *lambda;       /* [done][n] ascending */
  double *drawn;        /* [done][gammas] training error for the drawn targets (ridge.h) */
  double *signal;       /* [done][gammas] */
  double *overlap;      /* [done][cells] (vectors.h) */
  double *product;      /* [done][NLRMT_PRODUCTS], NULL if not asked for */
  double *full;         /* [m][m] of trial 0, or NULL */
  double *seconds;      /* [done][NLRMT_PHASES] */
  int *failed_trial;    /* [failed] */
  nlrmt_error *failure; /* [failed] */
  int64_t n;
  int gammas, cells;      /* cells: vector_blocks^2, or 0 */
  double complex *mtilde; /* [done][zs] (stieltjes.h), NULL if not asked for */
  int zs;
  int64_t units;    /* n_1 + ... + n_L in the last layer's sample for the law depth_b, else 0 */
  double *mean;     /* [done][units] and */
  double *variance; /* [done][layers]: nlrmt_trial_rows */
  const nlrmt_depth_solution *depth; /* borrowed; NULL if neither law is asked for */
} nlrmt_sample;

typedef struct nlrmt_kernel_base nlrmt_kernel_base; /* kernel_given.h */

/* The law `kernel` of the point, solved before its trials (kernel_point.h), or `kernel_b` of one
 * trial. */
typedef struct {
  nlrmt_law *law; /* of the eigenvalues that are no spikes, mass 1; NULL: failure tells why */
  size_t spikes;
  double *place;       /* [spikes] descending: where K has its largest eigenvalues */
  double *train_error; /* [gammas], NULL without any; not to be had if ridge_failure is one */
  double *overlap;     /* [m][vector_blocks] if asked for: m times the mean of (v_i'u_j)^2 over a
                        * block of v_i, j-th eigenvalue of K ascending; else NULL */
  size_t kernels;      /* that the law mixes */
  double kernel_error; /* bound of what their series leave out, relative to their mean diagonal */
  double cdf_error;    /* kernels > 1: largest difference of two ways to the law's cdf */
  nlrmt_kernel_base *base; /* several kernels and the law kernel_b: what that starts from */
  double seconds;
  nlrmt_error failure, ridge_failure;
} nlrmt_kernel_solution;

/* One law against the sample. */
typedef struct {
  char name[16];
  const nlrmt_kernel_solution *kernel; /* of the law kernel: borrowed, its law too; of kernel_b:
                                           that of the first trial, `given`; else NULL */
  nlrmt_kernel_solution given;
  bool borrowed;      /* the law: of depth, depth_b */
  nlrmt_law *law;     /* of the limit, or given the first trial's biases (names ending in _b) */
  size_t outliers;    /* per trial that the law predicts, excluded from the distances */
  double fluctuation; /* sd of E_b eta over draws of the biases, sd(eta)/sqrt(n1); 0 given them */
  double *wasserstein1, *kolmogorov;            /* [done] */
  double *outlier_predicted, *outlier_measured; /* [done]; 0 where none is predicted */
  double *spike_measured;                       /* [done][kernel->spikes] descending; else NULL */
  double cut, *bulk; /* [done] integral of |F_n - F| up to cut (distance.h), if the point has the
                        law kernel; else NULL */
} nlrmt_verdict;

/* One law's training errors against the sample's. z: mean of measured minus predicted over the
 * trials, in standard errors; 0 where the trials
 * do not differ. Not stored for a single trial. */
typedef struct {
  char name[16];
  bool given;           /* the biases: one prediction a trial */
  double *predicted;    /* [done or 1][gammas] */
  double *z, *expected; /* [gammas] of the drawn errors, of their conditional expectation */
} nlrmt_ridge_verdict;

/* One law's overlaps of singular vectors. z as above, for each block. */
typedef struct {
  char name[16];
  double *predicted, *z; /* [cells] */
  double balance;        /* overlap.h */
} nlrmt_vectors_verdict;

/* Two laws of one kind against each other (projection.h); one allocation, at statistic. */
typedef struct {
  int first, second;                       /* indices of nlrmt_judgement.law */
  double *statistic, *separation, *weight; /* [done] */
} nlrmt_contest;

enum { NLRMT_CONTESTS_MAX = NLRMT_LAWS_MAX * (NLRMT_LAWS_MAX - 1) / 2 };
/* One law's Stieltjes transforms and moments of K. z: as above, of the real and of the imaginary
 * part. */
typedef struct {
  char name[16];
  bool given;                     /* the biases: one prediction a trial */
  double complex *m, *mtilde;     /* [done or 1][zs] */
  double complex *m_z, *mtilde_z; /* [zs]; mtilde_z: 0 if it is not measured */
  double *moment, *moment_z;      /* [done or 1][moments], [moments] */
} nlrmt_stieltjes_verdict;

typedef struct {
  int laws; /* that could be solved and certified */
  nlrmt_verdict law[NLRMT_LAWS_MAX];
  int failures; /* laws that could not: "name: reason" each */
  char failure[4 * NLRMT_LAWS_MAX + NLRMT_CONTESTS_MAX][600];
  int bins;
  double *edges;                    /* [bins + 1] */
  double *empirical, *empirical_se; /* [bins] density of the eigenvalues, outliers and zeros left
                                       out of the bins but not of the total mass 1 */
  double *predicted;                /* [laws][bins] bin averages of the law's density */
  int ridges;                       /* laws whose training errors could be solved */
  nlrmt_ridge_verdict ridge[NLRMT_LAWS_MAX];
  double *expected; /* [done][gammas] conditional expectation over the targets, ridge.h */
  int maps;         /* laws whose overlaps could be solved */
  nlrmt_vectors_verdict map[NLRMT_LAWS_MAX];
  int contests; /* pairs of laws of one kind */
  nlrmt_contest contest[NLRMT_CONTESTS_MAX];
  int transforms; /* laws whose transforms and moments could be solved */
  nlrmt_stieltjes_verdict transform[NLRMT_LAWS_MAX];
  double complex *empirical_m; /* [done][zs] stieltjes.h, without `excluded` eigenvalues */
  double *moment;              /* [done][moments] likewise */
  int64_t excluded; /* largest eigenvalues: the most outliers that one of the laws predicts */
} nlrmt_judgement;

/* Local. Space for `trials` rows of n eigenvalues and of what else params ask for; `whole`: also
 * for the matrix of spectrum.vectors = full. NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_sample_init(nlrmt_sample *sample, const nlrmt_params *params, int trials,
                               int64_t n, bool whole, nlrmt_error *err);
void nlrmt_sample_clear(nlrmt_sample *sample);

/* Local. Solves every law of the point and judges the sample; sample->done >= 1. Adds each trial's
 * seconds to sample->seconds[.][NLRMT_PHASE_THEORY], kernel->seconds to the first. kernel: NULL if
 * the point has no such law (kernel or kernel_b); must live as long as *judgement. A law that
 * cannot be certified is told in failure[] and left out. Errors: NLRMT_ERR_RESOURCE, and
 * NLRMT_ERR_CONFIG for moments that diverge. */
nlrmt_status nlrmt_judge(const nlrmt_params *params, const nlrmt_plan *plan,
                         const nlrmt_kernel_solution *kernel, nlrmt_sample *sample,
                         nlrmt_judgement *judgement, nlrmt_error *err);

/* Local. The law `name` of one trial, row `row` of the sample, if it is depth or depth_b; Borrowed;
 * NULL for other names and after a failure, which then is *err. */
nlrmt_law *nlrmt_judge_depth(const nlrmt_sample *sample, const char *name, int row,
                             nlrmt_error *err);

void nlrmt_kernel_solution_clear(nlrmt_kernel_solution *solution); /* a zeroed one is allowed */

/* Local. What becomes of a law's error `own`: a numerical one is told in failure[] ("name: reason")
 * and the others go on; any other becomes *err. */
void nlrmt_judgement_fail(nlrmt_judgement *judgement, const char *name, const nlrmt_error *own,
                          nlrmt_error *err);

/* Local. z [count]: mean over the trials of measured [trials][count] minus predicted, in standard
 * errors; 0 where the trials do not differ. step: 0 if one row of predictions serves all trials,
 * else count. difference: scratch, [trials]. */
void nlrmt_judge_score(int trials, int count, const double *measured, const double *predicted,
                       int step, double *difference, double *z);

/* Local. The part of nlrmt_judge that is about training errors: judge_ridge.c. */
nlrmt_status nlrmt_judge_ridge(const nlrmt_params *params, const nlrmt_plan *plan,
                               const nlrmt_kernel_solution *kernel, nlrmt_sample *sample,
                               nlrmt_judgement *judgement, nlrmt_error *err);

/* Local. The part that is about singular vectors: judge_vectors.c. Not of the law kernel_b. */
nlrmt_status nlrmt_judge_vectors(const nlrmt_params *params, const nlrmt_plan *plan,
                                 const nlrmt_kernel_solution *kernel, nlrmt_sample *sample,
                                 nlrmt_judgement *judgement, nlrmt_error *err);

/* Local. The part that compares the laws with one another: judge_contest.c. Every pair of the same
 * kind, both given the biases or neither; not the law kernel. */
nlrmt_status nlrmt_judge_contest(const nlrmt_params *params, const nlrmt_plan *plan,
                                 nlrmt_sample *sample, nlrmt_judgement *judgement,
                                 nlrmt_error *err);
/* Local. The part that is about Stieltjes transforms and moments: judge_stieltjes.c. Comes after
 * the laws, whose outliers it leaves out. Not of the law kernel. */
nlrmt_status nlrmt_judge_stieltjes(const nlrmt_params *params, const nlrmt_plan *plan,
                                   nlrmt_sample *sample, nlrmt_judgement *judgement,
                                   nlrmt_error *err);
void nlrmt_judge_stieltjes_clear(nlrmt_judgement *judgement);

/* Local. clean [n]: lambda [n] ascending, zeros within rounding made exact: the law's atom is
 * exact, the solver's is not. */
void nlrmt_judge_clean(int64_t n, const double *lambda, double *clean);

void nlrmt_judgement_clear(nlrmt_judgement *judgement);

#endif
