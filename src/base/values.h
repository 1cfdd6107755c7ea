/* values: what stands to the right of a key: numbers, comma-separated lists, words, plain text.
 * Private to the configuration. Local: no communication.
 */
#ifndef NLRMT_VALUES_H
#define NLRMT_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nlrmt/status.h"

enum { NLRMT_ITEM_MAX = 64, NLRMT_LIST_MAX = 100000, NLRMT_NUMBER_MAX = 32 };

/* A list with logspace and linspace written out; every item a text of its own. */
typedef struct {
  size_t count, capacity;
  char (*item)[NLRMT_ITEM_MAX]; /* [count] */
} nlrmt_list;

/* The whole of `text` as a finite decimal number; false for anything else: nothing, junk after it,
 * nan, inf, hexadecimal, overflow, underflow. */
bool nlrmt_value_real(const char *text, double *value);

/* The whole of `text` as an integer, digits or a power such as 2^14, with an optional sign. */
bool nlrmt_value_integer(const char *text, bool *negative, uint64_t *magnitude);

/* The shortest decimal text that reads back as exactly `value`. */
void nlrmt_value_print(double value, char text[NLRMT_NUMBER_MAX]);

/* Takes the next item off a comma-separated list: *cursor moves behind it, to NULL after the last
 * one. Commas inside parentheses and double quotes do not separate. The item is *length bytes at
 * *begin. Errors, NLRMT_ERR_CONFIG, the reason alone: an empty item, unbalanced parentheses (those
 * in quotes do not count), an open quote. */
nlrmt_status nlrmt_list_cut(const char **cursor, const char **begin, size_t *length,
                            nlrmt_error *err);

/* The same with the item copied; NLRMT_ITEM_MAX or more bytes are an error too. */
nlrmt_status nlrmt_list_next(const char **cursor, char item[NLRMT_ITEM_MAX], nlrmt_error *err);

/* Splits `text` into *list and writes out logspace(a,b,n), n numbers from 10^a to 10^b, and
 * linspace(a,b,n). Free with nlrmt_list_free, which allows an empty list; on an error there is
 * nothing to free. Errors: as above, a bad range, more than NLRMT_LIST_MAX items. */
nlrmt_status nlrmt_list_expand(const char *text, nlrmt_list *list, nlrmt_error *err);
void nlrmt_list_free(nlrmt_list *list);

/* Letters, digits, _ and - only, 1 to 63 of them: safe as a file name and an HDF5 group name. */
bool nlrmt_name_valid(const char *name);

/* Column, from 1, of the first byte that is no UTF-8 text on one line (control characters other
 * than a tab included); 0 if all `length` bytes are good. */
size_t nlrmt_text_fault(const char *text, size_t length);

#endif
