/* theory_table: what nlrmt_theory tells its user on a terminal, 100 columns. Local. */
#ifndef NLRMT_THEORY_TABLE_H
#define NLRMT_THEORY_TABLE_H

#include "nlrmt/config.h"
#include "nlrmt/law.h"
#include "nlrmt/output_theory.h"

/* Title of the figure, of a panel; the parameters of one layer of a point (head: the first that is
 * shown) and the heads of the columns. */
void nlrmt_table_figure(const nlrmt_config *config);
void nlrmt_table_panel(const nlrmt_panel *panel);
void nlrmt_table_point(int point, const nlrmt_params *params, bool head);

/* One law: support, atom at 0, mean, outlier (0: none), certificate, seconds spent. */
void nlrmt_table_law(const char *name, const nlrmt_law *law, double mean, double outlier,
                     double seconds);

/* The point's training errors: gamma and a column for each law; a part of the rows if many. */
void nlrmt_table_ridge(const nlrmt_params *params, int count, const nlrmt_ridge_curve *curve);

/* The best member of each family at every gamma, [gammas] each, by nlrmt_family; NULL: not asked.
 */
void nlrmt_table_optimum(const nlrmt_params *params, nlrmt_optimum *const best[2]);

/* How a law's density compares with that of another method, both at lambda + i epsilon. */
typedef struct {
  bool applies;                   /* else the rest is not set */
  size_t count, converged;        /* points */
  double difference, peak;        /* largest difference where converged, largest density */
  double seconds, solver_seconds; /* spent by the method, by the solver */
} nlrmt_method_check;

/* The heads of a point's comparisons, and one of them. */
void nlrmt_table_method_head(const char *method, double epsilon);
void nlrmt_table_method(const char *method, const char *law, const nlrmt_method_check *check);

/* What the columns mean. */
void nlrmt_table_legend(void);

/* A point's parameters in words. */
void nlrmt_table_parameters(const nlrmt_params *params, char *text, size_t size);

#endif
