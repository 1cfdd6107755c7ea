/* theory_table: what nlrmt_theory tells its user on a terminal, 100 columns. Local. */
#ifndef NLRMT_THEORY_TABLE_H
#define NLRMT_THEORY_TABLE_H

#include "nlrmt/config.h"
#include "nlrmt/law.h"

/* Title of the figure, of a panel; a point's parameters and the heads of the columns. */
void nlrmt_table_figure(const nlrmt_config *config);
void nlrmt_table_panel(const nlrmt_panel *panel);
void nlrmt_table_point(const nlrmt_panel *panel, int point);

/* One law: support, atom at 0, mean, outlier (0: none), certificate, seconds spent. */
void nlrmt_table_law(const char *name, const nlrmt_law *law, double mean, double outlier,
                     double seconds);

/* What the columns mean. */
void nlrmt_table_legend(void);

/* A point's parameters in words. */
void nlrmt_table_parameters(const nlrmt_params *params, char *text, size_t size);

#endif
