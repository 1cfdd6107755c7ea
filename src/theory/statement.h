/* statement (private to src/theory): the parts of a law's statement (laws.h) that the laws of one
 * layer and the chain of layers (depth.h) share. All local. */
#ifndef NLRMT_THEORY_STATEMENT_H
#define NLRMT_THEORY_STATEMENT_H

#include "nlrmt/laws.h"

/* s->data and s->sigma_x: what is known of the data, with mean 1; no data law for gaussian data,
 * whose law is built in, and where it is not `seen` or the layer is not the first: then the mean
 * alone. Errors as nlrmt_laws_state's. */
nlrmt_status statement_data(const nlrmt_params *params, bool seen, nlrmt_law_statement *s,
                            nlrmt_error *err);

/* The rows' activations for data of this s->sigma_x: some are centred for it (activation.h). */
nlrmt_status statement_mixture(const nlrmt_params *params, const nlrmt_law_statement *s,
                               nlrmt_mixture *mixture, nlrmt_error *err);

/* The nodes of the components and of b + sigma N, b of law mu_B. */
nlrmt_status statement_limit_nodes(const nlrmt_mixture *mixture, double sigma_z,
                                   const nlrmt_bias *bias, double sigma, nlrmt_nodes *nodes,
                                   nlrmt_error *err);

/* The nodes of n1 rows with these components and biases, [n1] each; `group`: scratch space, [n1].
 */
nlrmt_status statement_row_nodes(const nlrmt_mixture *mixture, double sigma_z, size_t n1,
                                 const int *component, const double *b, double *group,
                                 nlrmt_nodes *nodes, nlrmt_error *err);

/* f -> factor f. */
void statement_scale(nlrmt_nodes *nodes, double factor);

/* The number of the layer among the random streams, from 0. */
uint32_t statement_stream(const nlrmt_params *params);

/* With the nodes of f in place (f_scale included): applies batch norm, sets s->c2 and s->eta.
 * given: the nodes are those of drawn rows. NLRMT_ERR_CONFIG if there is no variance to scale. */
nlrmt_status statement_finish(const nlrmt_params *params, bool given, nlrmt_law_statement *s,
                              nlrmt_error *err);

/* s->problem, which points to the nodes and data of s where it stands. */
void statement_problem(const nlrmt_params *params, nlrmt_law_statement *s);

#endif
