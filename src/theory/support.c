/* The mass above a point in a gap is a closed form (sce_above) made of weights, so two gaps
 * with equal mass have nothing between them, and two with different mass have a bulk between them
 * that bisection must find, however thin. */
#include "support.h"

#include <math.h>
#include <stdlib.h>

enum { BISECTIONS = 200, DEPTH_MAX = 120 };

static const double HARD = 1e-14;

typedef struct {
  const sce *s;
  support *found;
  sce_counts *counts;
  nlrmt_error *err;
} search;

/* A solved real point with its mass. */
typedef struct {
  sce_point x;
  double lambda, above;
  bool gap;
} probe;

static void set_probe(const search *c, probe *p) {
  p->lambda = creal(p->x.z);
  p->gap = p->x.kind == SCE_GAP;
  p->above = p->gap ? sce_above(c->s, &p->x) : NAN;
}

static bool solve_probe(const search *c, double lambda, probe *p) {
  if (!sce_solve(c->s, lambda, &p->x, c->counts)) return false;
  set_probe(c, p);
  return true;
}

/* A probe between lo and hi near their middle (geometric over large ratios), tried from the nearer
 * solved neighbour first; an unlucky point on an edge is avoided. */
static bool middle(const search *c, const probe *lo, const probe *hi, probe *mid) {
  for (int k = 0; k < 4; k++) {
    const double f = 0.5 - 0.07 * k;
    const double l = lo->lambda, h = hi->lambda;
    const double lambda = h > 4 * l ? l * pow(h / l, f) : l + f * (h - l);
    mid->x = lo->gap ? lo->x : hi->x;
    if (!sce_follow(c->s, lambda, &mid->x, c->counts)) continue;
    set_probe(c, mid);
    return true;
  }
  return false;
}

static nlrmt_status lost(const search *c, double lambda) {
  return nlrmt_fail(c->err, NLRMT_ERR_NUMERIC,
                    "law: phi=%g psi=%g, %zu nodes: no certified solution near lambda=%.17g",
                    c->s->phi, c->s->phi * c->s->rho, c->s->count, lambda);
}

static nlrmt_status add_edge(const search *c, const sce_edge *edge) {
  support *f = c->found;
  if (f->count == f->capacity) {
    const size_t capacity = f->capacity ? 2 * f->capacity : 16;
    sce_edge *grown = realloc(f->edge, capacity * sizeof *grown);
    if (!grown) return nlrmt_fail(c->err, NLRMT_ERR_RESOURCE, "law: edges: out of memory");
    f->edge = grown, f->capacity = capacity;
  }
  size_t k = f->count++;
  for (; k > 0 && f->edge[k - 1].lambda > edge->lambda; k--) f->edge[k] = f->edge[k - 1];
  f->edge[k] = *edge;
  return NLRMT_OK;
}

/* The edge between a gap and a bulk probe, by bisection until Newton arrives inside the bracket. */
static bool find_edge(const search *c, probe gap, probe bulk, sce_edge *edge) {
  const bool left = gap.lambda < bulk.lambda;
  for (int k = 0; k < BISECTIONS; k++) {
    const double lo = fmin(gap.lambda, bulk.lambda), hi = fmax(gap.lambda, bulk.lambda);
    if (cimag(bulk.x.a) < cabs(bulk.x.a) * 0.8 &&
        sce_edge_newton(c->s, &bulk.x, left, edge, c->counts) && edge->lambda >= lo &&
        edge->lambda <= hi)
      return true;
    probe mid;
    if (!(left ? middle(c, &gap, &bulk, &mid) : middle(c, &bulk, &gap, &mid))) return false;
    if (!(mid.lambda > lo && mid.lambda < hi)) return false;
    *(mid.gap ? &gap : &bulk) = mid;
  }
  return false;
}

/* What lies between two gaps, of which the upper one is at lambda. */
static bool negligible(const sce *s, double above_lo, double above_hi, double lambda) {
  const double size = fmax(1, lambda / s->mean), mass = (above_lo - above_hi) / s->rank;
  return mass < SUPPORT_MASS_THIN || mass * s->rank < SUPPORT_MASS_ROUNDING * above_lo ||
         mass * size * size < SUPPORT_MASS_MIN;
}

/* Adds all edges between two probes; between two bulk probes there are none, until the density
 * says otherwise (support_split). */
static nlrmt_status refine(const search *c, const probe *lo, const probe *hi, int depth) {
  if (!lo->gap && !hi->gap) return NLRMT_OK;
  if (lo->gap && hi->gap) {
    if (negligible(c->s, lo->above, hi->above, hi->lambda)) return NLRMT_OK;
    probe mid;
    if (depth == DEPTH_MAX || !middle(c, lo, hi, &mid)) return lost(c, lo->lambda);
    if (!(mid.lambda > lo->lambda && mid.lambda < hi->lambda)) return lost(c, lo->lambda);
    if (refine(c, lo, &mid, depth + 1) != NLRMT_OK) return c->err->status;
    return refine(c, &mid, hi, depth + 1);
  }
  const probe *gap = lo->gap ? lo : hi;
  sce_edge edge;
  if (!find_edge(c, *gap, lo->gap ? *hi : *lo, &edge)) return lost(c, gap->lambda);
  if (add_edge(c, &edge) != NLRMT_OK) return c->err->status;
  /* Whole bulks may lie between the edge and the gap probe. */
  const probe at = {.lambda = edge.lambda, .above = edge.above, .gap = true};
  return lo->gap ? refine(c, lo, &at, depth + 1) : refine(c, &at, hi, depth + 1);
}

/* Scans downwards from the upper bound until nothing but the atom is left below. Rounding blurs the
 * equations at lambda/scale < 1e-14 or so: what reaches that far reaches 0. */
nlrmt_status support_find(const sce *s, support *found, sce_counts *counts, nlrmt_error *err) {
  const search c = {s, found, counts, err};
  probe hi, lo;
  if (!solve_probe(&c, s->scale, &hi) || !hi.gap) return lost(&c, s->scale);
  for (double lambda = s->scale; lambda > 1e-18 * s->scale; hi = lo) {
    lambda /= lambda > 1e-4 * s->scale ? 1.4 : 10;
    if (!solve_probe(&c, lambda, &lo) && !solve_probe(&c, lambda *= 1.01, &lo)) {
      if (lambda < HARD * s->scale && !hi.gap) break;
      return lost(&c, lambda);
    }
    if (refine(&c, &lo, &hi, 0) != NLRMT_OK) return err->status;
    if (lo.gap && negligible(s, s->rank, lo.above, lambda)) return NLRMT_OK;
  }
  if (hi.gap) return lost(&c, hi.lambda);
  const sce_edge hard = {.lambda = 0, .above = s->rank, .left = true};
  return add_edge(&c, &hard);
}

/* A bulk probe between gap and the edge at distance `reach` (signed). */
static bool probe_near_edge(const search *c, double edge, double reach, probe *bulk) {
  for (int k = 0; k < 40; k++) {
    reach /= 2;
    if (solve_probe(c, edge + reach, bulk) && !bulk->gap) return true;
  }
  return false;
}

nlrmt_status support_split(const sce *s, support *found, size_t bulk, const sce_point *gap,
                           sce_counts *counts, nlrmt_error *err) {
  const search c = {s, found, counts, err};
  const double left = found->edge[2 * bulk].lambda, right = found->edge[2 * bulk + 1].lambda;
  probe at = {.x = *gap}, lo, hi;
  set_probe(&c, &at);
  if (!probe_near_edge(&c, left, at.lambda - left, &lo) ||
      !probe_near_edge(&c, right, at.lambda - right, &hi))
    return lost(&c, at.lambda);
  if (refine(&c, &lo, &at, 0) != NLRMT_OK) return err->status;
  return refine(&c, &at, &hi, 0);
}

void support_clear(support *found) {
  free(found->edge);
  *found = (support){0};
}
