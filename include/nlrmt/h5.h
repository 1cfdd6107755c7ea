/* h5: an HDF5 file that is built in memory and saved whole; the only file that knows HDF5.
 *
 * HDF5 promises nothing after a crash or on a full disk, so the file never lives on disk
 * half-written: it is an image in memory, written under a temporary name, synced, renamed, its
 * directory synced. Local: no communication, no MPI; used on one rank. Writers return nothing: the
 * first failure sticks and nlrmt_h5_save reports it. Paths are absolute in the file,
 * "/main/p0000/eigenvalues".
 */
#ifndef NLRMT_H5_H
#define NLRMT_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nlrmt/status.h"

typedef struct nlrmt_h5 nlrmt_h5;

enum { NLRMT_H5_RANK_MAX = 4 };

/* What a dataset is: where, its shape, its meaning. Last index fastest. */
typedef struct {
  const char *path;
  int rank;
  int64_t dims[NLRMT_H5_RANK_MAX];
  const char *description;
  const char *unit; /* NULL: normalisation is given instead */
  const char *normalisation;
  const char *scale[NLRMT_H5_RANK_MAX]; /* path of each dimension's scale, NULL for none */
} nlrmt_field;

/* An empty file. NULL and *err = NLRMT_ERR_RESOURCE if HDF5 refuses. */
nlrmt_h5 *nlrmt_h5_create(nlrmt_error *err);

/* The file at `path`, read into memory. NLRMT_ERR_RESOURCE if it cannot be read or is not HDF5. */
nlrmt_h5 *nlrmt_h5_load(const char *path, nlrmt_error *err);

/* Writes the present state to `path` as told above. NLRMT_ERR_RESOURCE with the system's reason,
 * also for earlier failures; the previous file at `path` is then untouched. */
nlrmt_status nlrmt_h5_save(nlrmt_h5 *h5, const char *path, nlrmt_error *err);

/* Frees the memory, saves nothing; *h5 becomes NULL, NULL is allowed. */
void nlrmt_h5_close(nlrmt_h5 **h5);

bool nlrmt_h5_exists(nlrmt_h5 *h5, const char *path);
void nlrmt_h5_group(nlrmt_h5 *h5, const char *path); /* parents too; no effect if it exists */
void nlrmt_h5_remove(nlrmt_h5 *h5, const char *path);

/* Attributes of an object; an existing one is replaced. count 0 writes a scalar, else [count];
 * rank-2 shapes as [rows, cols]. */
void nlrmt_h5_attr_text(nlrmt_h5 *h5, const char *object, const char *name, const char *text);
void nlrmt_h5_attr_int(nlrmt_h5 *h5, const char *object, const char *name, int64_t value);
void nlrmt_h5_attr_double(nlrmt_h5 *h5, const char *object, const char *name, double value);
void nlrmt_h5_attr_table(nlrmt_h5 *h5, const char *object, const char *name, int64_t rows,
                         int64_t cols, const double *values);

/* Datasets with their attributes and dimension scales. */
void nlrmt_h5_write(nlrmt_h5 *h5, const nlrmt_field *field, const double *values);
void nlrmt_h5_write_int(nlrmt_h5 *h5, const nlrmt_field *field, const int64_t *values);
void nlrmt_h5_write_text(nlrmt_h5 *h5, const nlrmt_field *field, const char *const *texts);

/* An empty dataset that grows along its first dimension (dims[0] is ignored), and one more row of
 * it. */
void nlrmt_h5_growing(nlrmt_h5 *h5, const nlrmt_field *field, bool integer);
void nlrmt_h5_append(nlrmt_h5 *h5, const char *path, const double *row);
void nlrmt_h5_append_int(nlrmt_h5 *h5, const char *path, int64_t value);

/* All datasets below `group` that grow and have `rows` rows: row order[i] goes to place i. */
void nlrmt_h5_sort_rows(nlrmt_h5 *h5, const char *group, int64_t rows, const int64_t *order);

/* Reading back: number of rows of a dataset (-1 if absent); all its values as doubles or integers
 * (`count` expected); a text attribute, malloc'd, or NULL. False if absent or of another size. */
int64_t nlrmt_h5_rows(nlrmt_h5 *h5, const char *path);
bool nlrmt_h5_read(nlrmt_h5 *h5, const char *path, size_t count, double *values);
bool nlrmt_h5_read_int(nlrmt_h5 *h5, const char *path, size_t count, int64_t *values);
char *nlrmt_h5_read_text(nlrmt_h5 *h5, const char *object, const char *name);
bool nlrmt_h5_read_flag(nlrmt_h5 *h5, const char *object, const char *name, int64_t *value);

/* A two-dimensional dataset of numbers in a file of someone else's, left on disk: data that may be
 * larger than memory. */
typedef struct nlrmt_h5_matrix nlrmt_h5_matrix;

/* Opens `dataset` of the file `path`; its shape is [rows, cols]. *matrix is the caller's, NULL on
 * an error: NLRMT_ERR_DATA, one line that names the file, the datasets that are there if this one
 * is not, or what is wrong with it. */
nlrmt_status nlrmt_h5_matrix_open(const char *path, const char *dataset, nlrmt_h5_matrix **matrix,
                                  int64_t *rows, int64_t *cols, nlrmt_error *err);

/* Rows [first, first + count) as doubles into out [count][cols]. NLRMT_ERR_DATA if HDF5 cannot read
 * them. */
nlrmt_status nlrmt_h5_matrix_read(nlrmt_h5_matrix *matrix, int64_t first, int64_t count,
                                  double *out, nlrmt_error *err);

void nlrmt_h5_matrix_close(nlrmt_h5_matrix **matrix); /* NULL is allowed */

/* Version of the HDF5 library, e.g. "1.10.8". */
const char *nlrmt_h5_version(void);

#endif
