#include "kinks.h"

#include <math.h>
#include <stdbool.h>

enum { GRID = 2049, HALVINGS = 12, LOCATE = 44 };

/* Second difference: of order w^2 where f is smooth, w at a kink, 1 at a jump. */
static double bend(const double *f) {
  return fabs(f[0] - 2 * f[1] + f[2]);
}

/* Halves [x - w, x + w] towards the largest bend; *d is that bend. */
static void halve(kinks_function f, const void *context, double *x, double *w, double *d) {
  double at[5], value[5];
  int best = 0;
  for (int i = 0; i < 5; i++) at[i] = *x + (i - 2) * *w / 2;
  f(context, 5, at, value);
  for (int i = 1; i < 3; i++)
    if (bend(value + i) > bend(value + best)) best = i;
  *d = bend(value + best);
  *x = at[best + 1];
  *w /= 2;
}

/* Is there a kink in [x - w, x + w]? If so, where. */
static bool locate(kinks_function f, const void *context, double x, double w, double *kink) {
  double first, d = 0;
  halve(f, context, &x, &w, &first);
  for (int k = 0; k < HALVINGS; k++) halve(f, context, &x, &w, &d);
  if (!(d > ldexp(first, -3 * HALVINGS / 2))) return false; /* between w and w^2 */
  for (int k = HALVINGS; k < LOCATE; k++) halve(f, context, &x, &w, &d);
  double round_number = round(x * 1e6) / 1e6; /* kinks are written by people */
  *kink = fabs(x - round_number) < 1e-9 ? round_number : x;
  return true;
}

int kinks_find(kinks_function f, const void *context, double reach, int most, double *kink) {
  double x[GRID], value[GRID], d[GRID] = {0}, size = 0, w = 2 * reach / (GRID - 1);
  int found = 0;
  for (int i = 0; i < GRID; i++) x[i] = -reach + (i + 0.3) * w; /* off the round numbers */
  f(context, GRID - 1, x, value);
  for (int i = 1; i < GRID - 2; i++) {
    d[i] = bend(value + i - 1);
    if (fabs(value[i]) < INFINITY) size = fmax(size, fabs(value[i]));
  }
  for (int i = 2; i < GRID - 3; i++) {
    double place;
    if (!(d[i] > 1e-12 * size && d[i] >= d[i - 1] && d[i] > d[i + 1])) continue;
    if (!locate(f, context, x[i], w, &place)) continue;
    if (found > 0 && found <= most && fabs(place - kink[found - 1]) < 2 * w) continue;
    if (found < most) kink[found] = place;
    found++;
  }
  return found;
}
