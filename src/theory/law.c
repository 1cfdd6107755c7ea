/* The law is solved for K in lambda; that of M has lambda_K = rho lambda_M and rho times the
 * continuous mass, rho = psi/phi = m/n1. Masses are kept in the law's own unit from the start: 1 -
 * rho (1 - F_K) would lose what little mass K has. */
#include "nlrmt/law.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bulk.h"
#include "series.h"

enum { SPLITS_MAX = 10000 };

static const double ACCEPTED = 1e-6; /* mass and moment errors above this are a failure */

struct nlrmt_law {
  sce s;
  nlrmt_nodes nodes; /* the problem's, copied: the outlier needs h */
  bool of_m;
  double unit; /* the law's mass per mass of K, and lambda of K per lambda: 1, or rho for M */
  double atom;
  support edges;
  size_t count;
  bulk *bulk; /* [count], ascending */
  nlrmt_law_certificate certificate;
};

static nlrmt_status copy_nodes(const nlrmt_nodes *from, nlrmt_nodes *to, nlrmt_error *err) {
  const size_t bytes = from->count * sizeof(double);
  *to = (nlrmt_nodes){from->count, malloc(bytes), malloc(bytes), malloc(bytes), malloc(bytes)};
  if (!to->weight || !to->h || !to->eta || !to->zeta)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "law: %zu nodes: out of memory", from->count);
  memcpy(to->weight, from->weight, bytes);
  memcpy(to->h, from->h, bytes);
  memcpy(to->eta, from->eta, bytes);
  memcpy(to->zeta, from->zeta, bytes);
  return NLRMT_OK;
}

static nlrmt_status add_bulk(nlrmt_law *law, const bulk *b, nlrmt_error *err) {
  bulk *grown = realloc(law->bulk, (law->count + 1) * sizeof *grown);
  if (!grown) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "law: out of memory");
  law->bulk = grown;
  law->bulk[law->count++] = *b;
  return NLRMT_OK;
}

/* Bulk after bulk, left to right; one that turns out to hold a gap is split and tried again. */
static nlrmt_status build(nlrmt_law *law, sce_counts *counts, nlrmt_error *err) {
  const sce *s = &law->s;
  if (support_find(s, &law->edges, counts, err) != NLRMT_OK) return err->status;
  double right = 0, cdf = law->atom, integral = 0;
  for (int splits = 0; 2 * law->count < law->edges.count;) {
    const size_t k = law->count;
    const sce_edge *edge = &law->edges.edge[2 * k];
    sce_point at;
    bulk b;
    const double start = integral + cdf * (edge->lambda - right);
    const bulk_result r = bulk_build(s, edge, edge + 1, law->unit, start, &b, &at, counts);
    if (r == BULK_MEMORY) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "law: out of memory");
    if (r == BULK_LOST || (r == BULK_GAP && splits++ == SPLITS_MAX))
      return nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                        "law: phi=%g psi=%g, %zu nodes: no certified density at lambda=%.17g",
                        s->phi, s->phi * s->rho, s->count, creal(at.z));
    if (r == BULK_GAP) {
      if (support_split(s, &law->edges, k, &at, counts, err) != NLRMT_OK) return err->status;
      continue;
    }
    if (add_bulk(law, &b, err) != NLRMT_OK) return bulk_clear(&b), err->status;
    right = b.right, cdf = b.cdf_right, integral = b.integral_right;
  }
  return NLRMT_OK;
}

/* E eta and (E eta)^2 + rho E eta^2 + (E zeta)^2 Var S: docs/theory.md, "The certificate". */
static void closed_moments(const sce *s, double moment[2]) {
  double eta = 0, eta2 = 0, zeta = 0;
  for (size_t k = 0; k < s->count; k++) {
    const double e = s->p[k] + s->q[k];
    eta += s->w[k] * e;
    eta2 += s->w[k] * e * e;
    zeta += s->w[k] * s->q[k];
  }
  moment[0] = eta;
  moment[1] = eta * eta + s->rho * eta2 + zeta * zeta * s->data.variance;
}

static nlrmt_status certify(nlrmt_law *law, const sce_counts *counts, nlrmt_error *err) {
  nlrmt_law_certificate *c = &law->certificate;
  *c = (nlrmt_law_certificate){
      .residual_max = counts->residual_max, .solves = counts->solves, .steps = counts->steps};
  double exact[2], moment[2] = {0}, above = law->s.rank;
  closed_moments(&law->s, exact);
  for (size_t k = 0; k < law->count; k++) {
    const bulk *b = &law->bulk[k];
    c->mass_error += b->mass_error + law->unit * fabs(b->above_left - above);
    for (int i = 0; i < 2; i++) moment[i] += b->moment[i] / law->unit;
    above = b->above_right;
  }
  c->mass_error += law->unit * fabs(above);
  for (int i = 0; i < 2; i++)
    c->moment_error = fmax(c->moment_error, fabs(moment[i] / exact[i] - 1));
  if (c->mass_error <= ACCEPTED && c->moment_error <= ACCEPTED) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                    "law: phi=%g psi=%g, %zu nodes, E eta=%g: not certified: mass error %.1e, "
                    "moment error %.1e in %zu bulks",
                    law->s.phi, law->s.phi * law->s.rho, law->s.count, exact[0], c->mass_error,
                    c->moment_error, law->count);
}

static void set_unit(nlrmt_law *law) {
  law->unit = law->of_m ? law->s.rho : 1;
  const double rest = 1 - law->unit * law->s.rank;
  law->atom = rest > 4e-16 ? rest : 0; /* no atom but for rounding */
}

nlrmt_status nlrmt_law_create(const nlrmt_law_problem *problem, nlrmt_law **law, nlrmt_error *err) {
  sce_counts counts = {0};
  *law = NULL;
  nlrmt_law *l = calloc(1, sizeof *l);
  if (!l) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "law: out of memory");
  l->of_m = problem->of_m;
  nlrmt_status status = sce_init(&l->s, problem, err);
  if (status == NLRMT_OK) set_unit(l);
  if (status == NLRMT_OK) status = copy_nodes(problem->nodes, &l->nodes, err);
  if (status == NLRMT_OK) status = build(l, &counts, err);
  if (status == NLRMT_OK) status = certify(l, &counts, err);
  if (status == NLRMT_OK)
    *law = l;
  else
    nlrmt_law_destroy(&l);
  return status;
}

static nlrmt_status check_table(size_t count, const double *lambda, const double *density,
                                const double *cdf, nlrmt_error *err) {
  bool good = count >= 2 && lambda[0] >= 0 && cdf[0] >= 0 && fabs(cdf[count - 1] - 1) < 1e-12;
  for (size_t k = 0; good && k < count; k++) {
    good = isfinite(lambda[k]) && density[k] >= 0 && isfinite(density[k]);
    good = good && (k == 0 || (lambda[k] > lambda[k - 1] && cdf[k] >= cdf[k - 1]));
  }
  if (good) return NLRMT_OK;
  return nlrmt_fail(
      err, NLRMT_ERR_NUMERIC,
      "law: the table of %zu points is none of a law: lambda must ascend from >= 0, cdf "
      "from >= 0 to 1, the density be >= 0",
      count);
}

nlrmt_status nlrmt_law_of_table(size_t count, const double *lambda, const double *density,
                                const double *cdf, nlrmt_law **law, nlrmt_error *err) {
  *law = NULL;
  if (check_table(count, lambda, density, cdf, err) != NLRMT_OK) return err->status;
  nlrmt_law *l = calloc(1, sizeof *l);
  bulk b = {0};
  if (!l || bulk_of_table(count, lambda, density, cdf, cdf[0] * lambda[0], &b) != BULK_OK) {
    free(l);
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "law: out of memory");
  }
  l->unit = 1;
  l->atom = cdf[0];
  l->certificate.mass_error = b.mass_error;
  if (add_bulk(l, &b, err) != NLRMT_OK) return bulk_clear(&b), free(l), err->status;
  *law = l;
  return NLRMT_OK;
}

void nlrmt_law_destroy(nlrmt_law **law) {
  if (!*law) return;
  for (size_t k = 0; k < (*law)->count; k++) bulk_clear(&(*law)->bulk[k]);
  free((*law)->bulk);
  support_clear(&(*law)->edges);
  nlrmt_nodes_clear(&(*law)->nodes);
  sce_clear(&(*law)->s);
  free(*law);
  *law = NULL;
}

/* Number of bulks that begin left of lambda (of K). */
static size_t bulks_before(const nlrmt_law *law, double lambda) {
  size_t lo = 0, hi = law->count;
  while (lo < hi) {
    const size_t mid = (lo + hi) / 2;
    if (law->bulk[mid].left < lambda)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static double scaled_density(const nlrmt_law *law, double lambda) {
  const size_t k = bulks_before(law, lambda);
  if (k == 0 || lambda >= law->bulk[k - 1].right) return 0;
  return bulk_density(&law->bulk[k - 1], lambda);
}

static double scaled_cdf(const nlrmt_law *law, double lambda) {
  if (lambda < 0) return 0;
  const size_t k = bulks_before(law, lambda);
  if (k == 0) return law->atom;
  const bulk *b = &law->bulk[k - 1];
  if (lambda < b->right) return bulk_cdf(b, lambda);
  return k == law->count ? 1 : b->cdf_right;
}

static double scaled_cdf_integral(const nlrmt_law *law, double lambda) {
  if (lambda < 0) return 0;
  const size_t k = bulks_before(law, lambda);
  if (k == 0) return law->atom * lambda;
  const bulk *b = &law->bulk[k - 1];
  if (lambda < b->right) return bulk_cdf_integral(b, lambda);
  return b->integral_right + (k == law->count ? 1 : b->cdf_right) * (lambda - b->right);
}

static double scaled_quantile(const nlrmt_law *law, double p) {
  if (p <= law->atom) return 0;
  size_t lo = 0, hi = law->count; /* first bulk with cdf_right >= p */
  while (lo < hi) {
    const size_t mid = (lo + hi) / 2;
    if (law->bulk[mid].cdf_right < p)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo == law->count) return law->bulk[lo - 1].right;
  const bulk *b = &law->bulk[lo];
  if (p <= b->cdf_left) return b->left;
  return p == b->cdf_right ? b->right : bulk_quantile(b, p);
}

double nlrmt_law_density(const nlrmt_law *law, double lambda) {
  return law->unit * scaled_density(law, law->unit * lambda);
}

double nlrmt_law_cdf(const nlrmt_law *law, double lambda) {
  return scaled_cdf(law, law->unit * lambda);
}

double nlrmt_law_cdf_integral(const nlrmt_law *law, double lambda) {
  return scaled_cdf_integral(law, law->unit * lambda) / law->unit;
}

double nlrmt_law_quantile(const nlrmt_law *law, double p) {
  return scaled_quantile(law, p) / law->unit;
}

double nlrmt_law_atom(const nlrmt_law *law) {
  return law->atom;
}

size_t nlrmt_law_bulks(const nlrmt_law *law) {
  return law->count;
}

void nlrmt_law_edges(const nlrmt_law *law, size_t k, double *left, double *right) {
  const double unit = law->unit;
  *left = law->bulk[k].left / unit;
  *right = law->bulk[k].right / unit;
}

const nlrmt_law_certificate *nlrmt_law_certify(const nlrmt_law *law) {
  return &law->certificate;
}

nlrmt_status nlrmt_law_transform(const nlrmt_law *law, double complex z, double complex *m,
                                 double complex *mtilde, nlrmt_error *err) {
  sce_counts counts = {0};
  sce_point x;
  if (law->s.count == 0)
    return nlrmt_fail(err, NLRMT_ERR_NUMERIC, "law: m(z) of a tabulated law is not known");
  if (!(cimag(z) > 0) || !sce_solve(&law->s, z, &x, &counts))
    return nlrmt_fail(err, NLRMT_ERR_NUMERIC,
                      "law: phi=%g psi=%g, %zu nodes: m(z) not certified at z=%.17g%+.17gi",
                      law->s.phi, law->s.phi * law->s.rho, law->s.count, creal(z), cimag(z));
  *m = x.a;
  *mtilde = x.t;
  return NLRMT_OK;
}

void nlrmt_law_moments(const nlrmt_law *law, int k, double *moment) {
  double all[SERIES_TERMS], unit = law->unit;
  if (law->s.count == 0) { /* a table */
    for (int j = 0; j <= k; j++) moment[j] = j == 0 ? 1 : j < 3 ? law->bulk[0].moment[j - 1] : NAN;
    return;
  }
  sce_moments(&law->s, all);
  moment[0] = 1;
  for (int j = 1; j <= k; j++) moment[j] = all[j] * pow(unit, 1 - j);
}

/* Shares by the root of the mass, at least two points a bulk, equidistant in theta. */
void nlrmt_law_grid(const nlrmt_law *law, size_t k, double *lambda) {
  const double unit = law->unit;
  const size_t used = law->count < k / 2 ? law->count : k / 2; /* the leftmost, if k is too small */
  double total = 0, before = 0;
  for (size_t i = 0; i < used; i++) total += sqrt(law->bulk[i].exact);
  size_t at = 0;
  for (size_t i = 0; i < used; i++) {
    const bulk *b = &law->bulk[i];
    before += sqrt(b->exact);
    const size_t spare = (size_t)((double)(k - 2 * used) * fmin(1, before / total) + 0.5);
    const size_t end = i + 1 == used ? k : 2 * (i + 1) + spare, points = end - at;
    for (size_t j = 0; j < points; j++)
      lambda[at + j] = bulk_lambda(b, M_PI * (double)j / (double)(points - 1)) / unit;
    at = end;
  }
}

/* What the row means' equation needs (docs/theory.md, "The outlier"). */
typedef struct {
  const nlrmt_law *law;
  double m;
  bool failed;
} outlier_search;

/* log of -m a(z) E_B[h^2/D]: falls through 0 at the outlier. */
static double outlier_excess(const outlier_search *o, double complex a, double complex t) {
  const nlrmt_nodes *n = &o->law->nodes;
  double sum = 0;
  for (size_t k = 0; k < n->count; k++) {
    const double complex d = sce_denominator(&o->law->s, n->eta[k] - n->zeta[k], n->zeta[k], a, t);
    sum += n->weight[k] * n->h[k] * n->h[k] / creal(d);
  }
  return log(-o->m * creal(a) * sum);
}

static double outlier_function(double lambda, void *data) {
  outlier_search *o = data;
  sce_counts counts = {0};
  sce_point x;
  if (!sce_solve(&o->law->s, lambda, &x, &counts)) {
    o->failed = true;
    return 0;
  }
  return outlier_excess(o, x.a, x.t);
}

size_t nlrmt_law_outlier(const nlrmt_law *law, double m, double n1, double *lambda) {
  outlier_search o = {.law = law, .m = m};
  if (law->s.count == 0) return 0; /* a table */
  const sce_edge *edge = &law->edges.edge[law->edges.count - 1];
  double lo = edge->lambda * (1 + 1e-9), hi = 2 * edge->lambda;
  if (!(outlier_excess(&o, edge->a, edge->t) > 0) || !(outlier_function(lo, &o) > 0)) return 0;
  while (outlier_function(hi, &o) > 0) lo = hi, hi *= 2;
  gsl_function f = {outlier_function, &o};
  gsl_root_fsolver *brent = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
  if (!brent || o.failed) return gsl_root_fsolver_free(brent), 0;
  gsl_root_fsolver_set(brent, &f, lo, hi);
  for (int k = 0; k < 100 && hi - lo > 1e-12 * hi; k++) {
    gsl_root_fsolver_iterate(brent);
    lo = gsl_root_fsolver_x_lower(brent), hi = gsl_root_fsolver_x_upper(brent);
  }
  const double root = gsl_root_fsolver_root(brent);
  gsl_root_fsolver_free(brent);
  *lambda = law->of_m ? root * n1 / m : root;
  return o.failed ? 0 : 1;
}
