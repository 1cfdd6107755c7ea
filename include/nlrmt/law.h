/* law: a limiting spectral law, solved and certified, ready to be evaluated anywhere.
 *
 * Adlam-Levinson-Pennington, Thm 1, for i.i.d. data (mu_X Marchenko-Pastur of ratio m/n0 = 1/phi)
 * or any other data law (data_law.h). The laws alp, alp_b, ps, ps_b differ in their nodes alone
 * (moments.h): mu_B, the realised biases, and the one-node averages of either.
 */
#ifndef NLRMT_LAW_H
#define NLRMT_LAW_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/data_law.h"
#include "nlrmt/moments.h"
#include "nlrmt/status.h"

typedef struct {
  double phi, psi;            /* n0/m, n0/n1 */
  const nlrmt_nodes *nodes;   /* copied by nlrmt_law_create */
  bool of_m;                  /* the law of M = FF'/m instead of K = F'F/n1 */
  const nlrmt_data_law *data; /* NULL: i.i.d. data; copied by nlrmt_law_create */
} nlrmt_law_problem;

typedef struct nlrmt_law nlrmt_law;

/* What a solved law guarantees about itself (docs/theory.md, "The certificate"). */
typedef struct {
  double residual_max;  /* largest relative residual of the equations over all certified points */
  double mass_error;    /* sum over bulks of |integrated - closed-form mass|, + mass not resolved */
  double moment_error;  /* largest relative error of the first two moments against closed form */
  size_t solves, steps; /* points solved, Newton steps taken */
} nlrmt_law_certificate;

/* Local. Finds the support, the atom, the density on every bulk; certifies them.
 * Errors: NLRMT_ERR_CONFIG for parameters out of range (phi, psi > 0; 0 <= zeta <= eta);
 * NLRMT_ERR_NUMERIC if the law cannot be certified: the text holds the parameters. */
nlrmt_status nlrmt_law_create(const nlrmt_law_problem *problem, nlrmt_law **law, nlrmt_error *err);
void nlrmt_law_destroy(nlrmt_law **law);

/* Local. A law known at points only, lambda[count] strictly ascending from >= 0, with density and
 * cdf, the last cdf 1: a monotone cubic between them (in theta of bulk.h, so that square-root edges
 * at the ends cost nothing). cdf[0] > 0 is an atom at 0. For distances, density, quantiles, grids;
 * moments beyond the second are NAN, nlrmt_law_transform fails, no outlier is predicted.
 * certificate.mass_error: |integral of the interpolated density - mass|. NLRMT_ERR_NUMERIC for
 * anything else, NLRMT_ERR_RESOURCE. */
nlrmt_status nlrmt_law_of_table(size_t count, const double *lambda, const double *density,
                                const double *cdf, nlrmt_law **law, nlrmt_error *err);

/* Local, all: lambda in units of the matrix's eigenvalues, probabilities with total mass 1. */
double nlrmt_law_density(const nlrmt_law *law, double lambda); /* continuous part, 0 outside */
double nlrmt_law_cdf(const nlrmt_law *law, double lambda);     /* right-continuous, atom included */
double nlrmt_law_cdf_integral(const nlrmt_law *law,
                              double lambda);              /* integral of cdf over (-inf, lambda] */
double nlrmt_law_quantile(const nlrmt_law *law, double p); /* smallest lambda with cdf >= p */
double nlrmt_law_atom(const nlrmt_law *law);               /* mass at 0 */
size_t nlrmt_law_bulks(const nlrmt_law *law);
void nlrmt_law_edges(const nlrmt_law *law, size_t bulk, double *left, double *right);
const nlrmt_law_certificate *nlrmt_law_certify(const nlrmt_law *law);

/* Local. m(z) = lim (1/m) tr (K - z)^-1 and mtilde(z) = lim (1/m) tr(X'X/(n0 sigma_x^2) (K -
 * z)^-1), Im z > 0, always of K. NLRMT_ERR_NUMERIC if the branch cannot be certified. */
nlrmt_status nlrmt_law_transform(const nlrmt_law *law, double complex z, double complex *m,
                                 double complex *mtilde, nlrmt_error *err);

/* Local. moment[j] = E lambda^j = lim (1/m) tr K^j (or (1/n1) tr M^j), j = 0 .. k, k <=
 * NLRMT_LAW_MOMENTS: from the equations at infinity, to rounding, independent of the density. */
enum { NLRMT_LAW_MOMENTS = 8 };
void nlrmt_law_moments(const nlrmt_law *law, int k, double *moment);

/* Local. Strictly ascending grid of k >= 2 values of lambda over the support: each bulk from edge
 * to edge, denser at edges, with a share of the points that grows as the root of its mass (at least
 * 2; the leftmost k/2 bulks if there are more). */
void nlrmt_law_grid(const nlrmt_law *law, size_t k, double *lambda);

/* Local. Predicted number of outliers (0 or 1: the rank-one row means h 1') and the place of it,
 * given the finite m and n1, as it grows with the size: the root right of the support of
 * -m m(lambda) E_B[h^2/D] = 1 for K, times n1/m for M. To order one it is (m/n1) sum h^2 +
 * (m/n1) sum h^2 eta/sum h^2 + E eta. *lambda is untouched if there is none. */
size_t nlrmt_law_outlier(const nlrmt_law *law, double m, double n1, double *lambda);

#endif
