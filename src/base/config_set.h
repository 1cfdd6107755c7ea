/* config_set: how each kind of value is read. All setters: parse the whole of `text` and store it
 * at key->field (or in the one place they are for). Errors, NLRMT_ERR_CONFIG: the reason alone;
 * NLRMT_ERR_RESOURCE. Private to the configuration. Local: no communication.
 */
#ifndef NLRMT_CONFIG_SET_H
#define NLRMT_CONFIG_SET_H

#include "config_table.h"

typedef nlrmt_status nlrmt_setter(const nlrmt_key *key, const char *text, nlrmt_settings *settings,
                                  nlrmt_error *err);

/* One number in [lo, hi], or a word of key->words (its position in an int or enum). */
nlrmt_setter nlrmt_set_real, nlrmt_set_int, nlrmt_set_int64, nlrmt_set_uint64, nlrmt_set_choice;

/* The figure's name; a title; f (its field: settings->f); words kept as text. */
nlrmt_setter nlrmt_set_name, nlrmt_set_title, nlrmt_set_activation, nlrmt_set_eigensolver;

/* A number of ranks, or auto: 0. */
nlrmt_setter nlrmt_set_ranks;

/* Where a file is. */
nlrmt_setter nlrmt_set_path;

/* Lists. */
nlrmt_setter nlrmt_set_values, nlrmt_set_weights, nlrmt_set_range, nlrmt_set_laws, nlrmt_set_lambda;
nlrmt_setter nlrmt_set_gamma, nlrmt_set_stieltjes;
nlrmt_setter nlrmt_set_data_values, nlrmt_set_data_weights, nlrmt_set_classes;
nlrmt_setter nlrmt_set_widths, nlrmt_set_layers;
nlrmt_setter nlrmt_set_components, nlrmt_set_probabilities, nlrmt_set_optimum;

#endif
