/* laws: the laws by name, solved for the parameters of one point, and what one draws of them.
 *
 *   alp    the limit law: mu_B as it is            alp_b   given the realised biases of one trial
 *   ps     eta and zeta averaged over mu_B         ps_b    ... over the realised biases
 *   mp     alp with Marchenko-Pastur data, whatever the data are; alp itself for gaussian data
 *   depth  each layer's data law is the layer before's own law (depth.h); depth_b: only there
 *   kernel for samples as they are: not here, but in kernel_point.h; an error that says so
 *
 * The realised biases are those that the simulation draws in that trial (bias.h), so theory and
 * simulation speak of the same ones without meeting; so are, in a mixture of activations, the
 * realised components of the rows (mixture.h): then alp_b differs from alp also without biases. In
 * what follows mu_B is the law of both, b stands for both. With
 * model.surrogate = linear the laws are the same but for the outlier: that model has no row means.
 * All functions are local.
 */
#ifndef NLRMT_LAWS_H
#define NLRMT_LAWS_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/config.h"
#include "nlrmt/law.h"
#include "nlrmt/optimum.h"

/* What the nodes alone say of a law. */
typedef struct {
  double mean;        /* E_b eta: the mean eigenvalue, zeros included, outliers not */
  double fluctuation; /* sd of E_b eta over draws of the biases, sd(eta)/sqrt(n1); 0 given them */
  double zeta;        /* E_b zeta */
} nlrmt_law_eta;

/* What a law is the solution of. */
typedef struct {
  nlrmt_nodes nodes;
  nlrmt_data_law data; /* empty: i.i.d. */
  double sigma_x;      /* its square is the mean eigenvalue of the data */
  double f_scale;      /* f is multiplied by it: 1, or what makes E_b eta = 1 */
  double c2;           /* batch norm's factor of variances, in the nodes already; 1 without */
  nlrmt_law_eta eta;
  nlrmt_law_problem problem; /* points to the nodes and data here: do not copy */
} nlrmt_law_statement;

/* Whether the law `name` looks at the data beyond their sigma_x. */
bool nlrmt_laws_sees_data(const char *name);

/* *sigma_x: its square is the mean eigenvalue of the data. Reads a data.path of eigenvalues; errors
 * as nlrmt_laws_state's. */
nlrmt_status nlrmt_laws_sigma_x(const nlrmt_params *params, double *sigma_x, nlrmt_error *err);

/* States the law `name` of the point; errors as nlrmt_laws_solve's, but for NLRMT_ERR_NUMERIC.
 * Clear it also after an error. */
nlrmt_status nlrmt_laws_state(const nlrmt_params *params, const char *name, int trial,
                              nlrmt_law_statement *statement, nlrmt_error *err);
void nlrmt_laws_state_clear(nlrmt_law_statement *statement);

/* Solves the law `name` (as in nlrmt_params.law) of the point; the biases are those of `trial`.
 * *law is the caller's, NULL on an error: NLRMT_ERR_CONFIG for moments that diverge or f constant,
 * NLRMT_ERR_DATA for a bad data.path, NLRMT_ERR_RESOURCE, NLRMT_ERR_NUMERIC if the law cannot be
 * certified. */
nlrmt_status nlrmt_laws_solve(const nlrmt_params *params, const char *name, int trial,
                              nlrmt_law **law, nlrmt_law_eta *eta, nlrmt_error *err);

/* What f is multiplied by: 1, or with activation.normalize what makes E_b eta = 1 under mu_B. It
 * does not depend on the trial. Errors as nlrmt_laws_state. */
nlrmt_status nlrmt_laws_f_scale(const nlrmt_params *params, double *scale, nlrmt_error *err);

/* train_error[gammas]: the limiting training error at params->gamma (ridge_error.h) under the law
 * `name`, or under a law that is stated already. Errors as nlrmt_laws_solve, and NLRMT_ERR_CONFIG
 * for targets so large that the error overflows. */
nlrmt_status nlrmt_laws_ridge(const nlrmt_params *params, const char *name, int trial,
                              double *train_error, nlrmt_error *err);
nlrmt_status nlrmt_laws_state_ridge(const nlrmt_params *params,
                                    const nlrmt_law_statement *statement, double *train_error,
                                    nlrmt_error *err);

/* m, mtilde [zs]: the limiting Stieltjes transforms of K at params->z (transforms.h), mtilde with
 * X'X in units of params->sigma_x^2 whatever the mean eigenvalue of the data. Errors as
 * nlrmt_transforms_solve. */
nlrmt_status nlrmt_laws_state_transforms(const nlrmt_params *params,
                                         const nlrmt_law_statement *statement, double complex *m,
                                         double complex *mtilde, nlrmt_error *err);

/* optimum[gammas]: the best member of the family at params->gamma, and train_error[gammas, count]:
 * the family at x[count]; for gaussian data, with the point's phi, psi, sigma_x and task; its own
 * activations and biases do not enter. Errors as nlrmt_optimum_find, and as above. */
nlrmt_status nlrmt_laws_optimum(const nlrmt_params *params, nlrmt_family family,
                                nlrmt_optimum *optimum, nlrmt_error *err);
nlrmt_status nlrmt_laws_family(const nlrmt_params *params, nlrmt_family family, size_t count,
                               const double *x, double *train_error, nlrmt_error *err);

/* Whether the law `name` is given the realised biases. */
bool nlrmt_laws_given_biases(const char *name);

/* A law on the grid of theory.lambda, or on the automatic one of theory.points. */
typedef struct {
  size_t count;
  double *lambda, *density, *cdf; /* [count] each, one allocation */
} nlrmt_curve;

/* Evaluates the law. NLRMT_ERR_RESOURCE. Free with nlrmt_curve_clear. */
nlrmt_status nlrmt_laws_curve(const nlrmt_params *params, const nlrmt_law *law, nlrmt_curve *curve,
                              nlrmt_error *err);
void nlrmt_curve_clear(nlrmt_curve *curve);

/* The range of a histogram: from a little below [low, high] to a little above, not below 0; down to
 * 0 if that is near. */
void nlrmt_laws_range(double low, double high, double range[2]);

/* Widens [*low, *high] to hold the law's support. */
void nlrmt_laws_span(const nlrmt_law *law, double *low, double *high);

/* average[k]: the law's density, without its atom, averaged over [edges[k], edges[k + 1]). */
void nlrmt_laws_bins(const nlrmt_law *law, size_t bins, const double *edges, double *average);

#endif
