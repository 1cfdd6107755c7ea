#include "theory_table.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, INDENT = 7, MODEL_TEXT = NLRMT_MIXTURE_TEXT + 480 };
enum { SHOWN = 4, ROWS = 12 }; /* bulks told before the rest is only counted; rows of a table */

/* How much of `line` to put in `room` bytes: to the last comma in the later half, else the last
 * blank, else the whole first word. */
static int fitting(const char *line, int room) {
  if ((int)strlen(line) <= room) return (int)strlen(line);
  for (int take = room; take > room / 2; take--)
    if (line[take] == ' ' && line[take - 1] == ',') return take;
  for (int take = room; take > INDENT; take--)
    if (line[take] == ' ') return take;
  return INDENT + (int)strcspn(line + INDENT, " ");
}

/* `text` in lines of at most WIDTH bytes; all but the first indented. */
static void put_wrapped(const char *text) {
  for (const char *line = text; *line;) {
    int indent = line == text ? 0 : INDENT, take = fitting(line, WIDTH - indent);
    printf("%*s%.*s\n", indent, "", take, line);
    line += take;
    line += strspn(line, " ");
  }
}

void nlrmt_table_figure(const nlrmt_config *config) {
  char text[512];
  snprintf(text, sizeof text, "%s%s%s", config->name, *config->title ? ": " : "", config->title);
  put_wrapped(text);
}

void nlrmt_table_panel(const nlrmt_panel *panel) {
  char text[512];
  snprintf(text, sizeof text, "[%s]%s%s", panel->name, *panel->title ? " " : "", panel->title);
  putchar('\n');
  put_wrapped(text);
}

static void sizes_text(const nlrmt_params *p, char *text, size_t size) {
  snprintf(text, size, "m = %lld, n0 = %lld, n1 = %lld, phi = %.6g, psi = %.6g", (long long)p->m,
           (long long)p->n0, (long long)p->n1, p->phi, p->psi);
}

static void model_text(const nlrmt_params *p, char *text, size_t size) {
  char bias[64], data[128], f[NLRMT_MIXTURE_TEXT];
  nlrmt_output_mixture_text(&p->mixture, f, sizeof f);
  nlrmt_output_bias_text(&p->bias, bias, sizeof bias);
  nlrmt_output_data_text(&p->data, data, sizeof data);
  snprintf(text, size, "%s, %s%s%s, bias %s, data %s, sigma_w = %.6g, sigma_x = %.6g",
           p->matrix == NLRMT_SPECTRUM_K ? "K = F'F/n1" : "M = FF'/m",
           p->mixture.count > 1 ? "rows with f = " : "f = ", f,
           p->normalize ? " scaled to E eta = 1" : "", bias, data, p->sigma_w, p->sigma_x);
}

void nlrmt_table_parameters(const nlrmt_params *params, char *text, size_t size) {
  char sizes[160], model[MODEL_TEXT];
  sizes_text(params, sizes, sizeof sizes);
  model_text(params, model, sizeof model);
  snprintf(text, size, "%s, %s", sizes, model);
}

static const char ROW[] = "  %-6s%-27s%-10s%-12s%-12s%-9s%-6s%-7s%s\n";

void nlrmt_table_point(int point, const nlrmt_params *params, bool head) {
  char sizes[160], model[MODEL_TEXT], text[MODEL_TEXT + INDENT];
  sizes_text(params, sizes, sizeof sizes);
  model_text(params, model, sizeof model);
  printf("p%04d", point);
  if (params->layers > 1) printf(", layer %d of %d", params->layer, params->layers);
  if (params->batch_norm) printf(", batch norm");
  printf(": %s\n", sizes);
  snprintf(text, sizeof text, "       %s", model);
  if (head) put_wrapped(text);
  printf(ROW, "law", "support", "atom at 0", "mean", "outlier", "residual", "mass", "moment",
         "time");
}

static void interval_text(const nlrmt_law *law, size_t bulk, char *text, size_t size) {
  double left, right;
  nlrmt_law_edges(law, bulk, &left, &right);
  snprintf(text, size, "[%.6g, %.6g]", left, right);
}

static void error_text(double error, char text[32]) {
  snprintf(text, 32, error > 0 ? "%.0e" : "%.0f", error);
}

static void duration_text(double seconds, char *text, size_t size) {
  if (seconds < 1)
    snprintf(text, size, "%.3g ms", 1e3 * seconds);
  else
    snprintf(text, size, "%.3g s", seconds);
}

void nlrmt_table_law(const char *name, const nlrmt_law *law, double mean, double outlier,
                     double seconds) {
  const nlrmt_law_certificate *c = nlrmt_law_certify(law);
  char support[64], atom[32], average[32], place[32] = "-", residual[32], mass[32], moment[32],
                                           time[32];
  size_t bulks = nlrmt_law_bulks(law);
  interval_text(law, 0, support, sizeof support);
  snprintf(atom, sizeof atom, "%.4g", nlrmt_law_atom(law));
  snprintf(average, sizeof average, "%.6g", mean);
  if (outlier > 0) snprintf(place, sizeof place, "%.6g", outlier);
  error_text(c->residual_max, residual);
  error_text(c->mass_error, mass);
  error_text(c->moment_error, moment);
  duration_text(seconds, time, sizeof time);
  printf(ROW, name, support, atom, average, place, residual, mass, moment, time);
  for (size_t i = 1; i < bulks && i < SHOWN; i++) {
    interval_text(law, i, support, sizeof support);
    printf("  %-6s%s\n", "", support);
  }
  if (bulks > SHOWN) printf("  %-6sand %zu intervals more\n", "", bulks - SHOWN);
}

/* Of `all` values of gamma, how many rows a table has, and which one row r shows. */
static int table_rows(int all) {
  return all < ROWS ? all : ROWS;
}

static int shown_row(int r, int all) {
  int rows = table_rows(all);
  return rows > 1 ? (int)((long long)r * (all - 1) / (rows - 1)) : 0;
}

static void table_title(const char *what, const nlrmt_params *params) {
  int all = params->gammas, rows = table_rows(all);
  printf("  %s, sigma_a = %.6g, sigma_eps = %.6g", what, params->sigma_a, params->sigma_eps);
  if (rows < all) printf(" (%d of %d gamma)", rows, all);
  printf("\n  %-13s", "gamma");
}

void nlrmt_table_optimum(const nlrmt_params *params, nlrmt_optimum *const best[2]) {
  static const char *const x[] = {"zeta*", "p*"};
  table_title("training error of the best activation and mixture", params);
  for (nlrmt_family f = NLRMT_FAMILY_SINGLE; f <= NLRMT_FAMILY_MIXTURE; f++)
    if (best[f]) printf(" %16s %16s", x[f], nlrmt_output_family(f));
  putchar('\n');
  for (int r = 0; r < table_rows(params->gammas); r++) {
    int k = shown_row(r, params->gammas);
    printf("  %-13.6g", params->gamma[k]);
    for (int f = 0; f < 2; f++)
      if (best[f]) printf(" %16.10g %16.10g", best[f][k].x, best[f][k].train_error);
    putchar('\n');
  }
}

void nlrmt_table_ridge(const nlrmt_params *params, int count, const nlrmt_ridge_curve *curve) {
  table_title("training error", params);
  for (int i = 0; i < count; i++) printf(" %16s", curve[i].name);
  putchar('\n');
  for (int r = 0; r < table_rows(params->gammas); r++) {
    int k = shown_row(r, params->gammas);
    printf("  %-13.6g", params->gamma[k]);
    for (int i = 0; i < count; i++) printf(" %16.10g", curve[i].train_error[k]);
    putchar('\n');
  }
}

static const char METHOD_ROW[] = "  %-6s%-27s%-22s%-22s%s\n";

void nlrmt_table_method_head(const char *method, double epsilon) {
  printf("  %s at lambda + %gi, against the solver\n", method, epsilon);
  printf(METHOD_ROW, "law", "largest difference/peak", "converged", "us a point", "solver's");
}

void nlrmt_table_method(const char *method, const char *law, const nlrmt_method_check *check) {
  char difference[32] = "-", share[48], cost[32], solver[32];
  if (!check->applies) {
    printf("  %-6s%s does not apply: it is for one node and i.i.d. data%s\n", law, method,
           strcmp(method, "marchenko_pastur") == 0  ? ", zeta = 0"
           : strcmp(method, "product_wishart") == 0 ? ", zeta = eta"
                                                    : "");
    return;
  }
  if (check->converged > 0)
    snprintf(difference, sizeof difference, "%.1e", check->difference / check->peak);
  snprintf(share, sizeof share, "%zu of %zu", check->converged, check->count);
  snprintf(cost, sizeof cost, "%.3g", 1e6 * check->seconds / (double)check->count);
  snprintf(solver, sizeof solver, "%.3g", 1e6 * check->solver_seconds / (double)check->count);
  printf(METHOD_ROW, law, difference, share, cost, solver);
}

void nlrmt_table_legend(void) {
  puts("\nresidual: largest of the equations' relative residuals; mass, moment: errors of the "
       "total mass\nand of the first two moments against closed form");
}
