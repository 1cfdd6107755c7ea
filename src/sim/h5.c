#include "nlrmt/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "nlrmt/fault.h"
#include "nlrmt/file.h"

struct nlrmt_h5 {
  hid_t file;
  char failed[256]; /* what failed first; empty: nothing */
};

static void fail(nlrmt_h5 *h5, const char *what, const char *path) {
  if (h5->failed[0] == 0) snprintf(h5->failed, sizeof h5->failed, "%s %s", what, path);
}

/* Memory-only file access: nothing reaches the disk but through nlrmt_h5_save. */
static hid_t memory_access(void) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_core(access, (size_t)4 << 20, 0);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* failures are reported by us, in one line */
  return access;
}

static nlrmt_h5 *wrap(hid_t file, const char *what, nlrmt_error *err) {
  nlrmt_h5 *h5 = file >= 0 ? calloc(1, sizeof *h5) : NULL;
  if (h5)
    h5->file = file;
  else
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s", what);
  return h5;
}

nlrmt_h5 *nlrmt_h5_create(nlrmt_error *err) {
  hid_t access = memory_access();
  hid_t file = H5Fcreate("nlrmt", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  H5Pclose(access);
  return wrap(file, "HDF5 cannot create a file in memory", err);
}

nlrmt_h5 *nlrmt_h5_load(const char *path, nlrmt_error *err) {
  size_t size = 0;
  void *image = nlrmt_file_read(path, &size, err);
  if (!image) return NULL;
  hid_t access = memory_access();
  H5Pset_file_image(access, image, size);
  hid_t file = H5Fopen("nlrmt", H5F_ACC_RDWR, access);
  H5Pclose(access);
  free(image);
  char what[400];
  snprintf(what, sizeof what, "%s: not an HDF5 file, or a damaged one", path);
  return wrap(file, what, err);
}

nlrmt_status nlrmt_h5_save(nlrmt_h5 *h5, const char *path, nlrmt_error *err) {
  if (h5->failed[0])
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: HDF5 failed to write %s", path, h5->failed);
  H5Fflush(h5->file, H5F_SCOPE_GLOBAL);
  ssize_t size = H5Fget_file_image(h5->file, NULL, 0);
  void *image = size > 0 ? malloc((size_t)size) : NULL;
  if (!image || H5Fget_file_image(h5->file, image, (size_t)size) != size)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory for the file's image (%zd bytes)", path,
               size);
  else
    nlrmt_file_replace(path, image, (size_t)size, err);
  free(image);
  return err->status;
}

void nlrmt_h5_close(nlrmt_h5 **h5) {
  if (!*h5) return;
  H5Fclose((*h5)->file);
  free(*h5);
  *h5 = NULL;
}

bool nlrmt_h5_exists(nlrmt_h5 *h5, const char *path) {
  char prefix[512];
  for (const char *slash = path; *slash; slash++) { /* H5Lexists wants every parent to exist */
    size_t length = (size_t)(slash - path) + 1;
    if ((slash[1] != '/' && slash[1] != 0) || length >= sizeof prefix) continue;
    memcpy(prefix, path, length);
    prefix[length] = 0;
    if (strcmp(prefix, "/") != 0 && H5Lexists(h5->file, prefix, H5P_DEFAULT) <= 0) return false;
  }
  return true;
}

void nlrmt_h5_group(nlrmt_h5 *h5, const char *path) {
  if (nlrmt_h5_exists(h5, path)) return;
  hid_t create = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(create, 1);
  hid_t group = H5Gcreate2(h5->file, path, create, H5P_DEFAULT, H5P_DEFAULT);
  if (group < 0) fail(h5, "group", path);
  H5Gclose(group);
  H5Pclose(create);
}

void nlrmt_h5_remove(nlrmt_h5 *h5, const char *path) {
  if (nlrmt_h5_exists(h5, path) && H5Ldelete(h5->file, path, H5P_DEFAULT) < 0)
    fail(h5, "removal of", path);
}

/* Replaces attribute `name`; closes space. */
static void put_attribute(nlrmt_h5 *h5, const char *object, const char *name, hid_t type,
                          hid_t space, const void *value) {
  hid_t target = H5Oopen(h5->file, object, H5P_DEFAULT);
  if (H5Aexists(target, name) > 0) H5Adelete(target, name);
  hid_t attribute = H5Acreate2(target, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite(attribute, type, value) < 0) fail(h5, "attribute", name);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Oclose(target);
}

static hid_t text_type(void) {
  hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

void nlrmt_h5_attr_text(nlrmt_h5 *h5, const char *object, const char *name, const char *text) {
  hid_t type = text_type();
  put_attribute(h5, object, name, type, H5Screate(H5S_SCALAR), &text);
  H5Tclose(type);
}

void nlrmt_h5_attr_int(nlrmt_h5 *h5, const char *object, const char *name, int64_t value) {
  put_attribute(h5, object, name, H5T_NATIVE_INT64, H5Screate(H5S_SCALAR), &value);
}

void nlrmt_h5_attr_double(nlrmt_h5 *h5, const char *object, const char *name, double value) {
  put_attribute(h5, object, name, H5T_NATIVE_DOUBLE, H5Screate(H5S_SCALAR), &value);
}

void nlrmt_h5_attr_table(nlrmt_h5 *h5, const char *object, const char *name, int64_t rows,
                         int64_t cols, const double *values) {
  hsize_t dims[2] = {(hsize_t)rows, (hsize_t)cols};
  double none = 0; /* a zero-sized write still wants an address */
  put_attribute(h5, object, name, H5T_NATIVE_DOUBLE, H5Screate_simple(2, dims, NULL),
                values ? values : &none);
}

/* Description, unit and dimension scales of a dataset just made. */
static void describe(nlrmt_h5 *h5, const nlrmt_field *field, hid_t dataset) {
  nlrmt_h5_attr_text(h5, field->path, "description", field->description);
  if (field->unit) nlrmt_h5_attr_text(h5, field->path, "unit", field->unit);
  if (field->normalisation)
    nlrmt_h5_attr_text(h5, field->path, "normalisation", field->normalisation);
  for (int d = 0; d < field->rank; d++) {
    if (!field->scale[d]) continue;
    hid_t scale = H5Dopen2(h5->file, field->scale[d], H5P_DEFAULT);
    const char *name = strrchr(field->scale[d], '/') + 1;
    if (H5DSis_scale(scale) <= 0) H5DSset_scale(scale, name);
    if (H5DSattach_scale(dataset, scale, (unsigned)d) < 0 ||
        H5DSset_label(dataset, (unsigned)d, name) < 0)
      fail(h5, "dimension scale of", field->path);
    H5Dclose(scale);
  }
}

static void put(nlrmt_h5 *h5, const nlrmt_field *field, hid_t type, const void *values) {
  hsize_t dims[NLRMT_H5_RANK_MAX];
  size_t count = 1;
  for (int d = 0; d < field->rank; d++) count *= dims[d] = (hsize_t)field->dims[d];
  nlrmt_h5_remove(h5, field->path);
  hid_t space = H5Screate_simple(field->rank, dims, NULL), create = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(create, 1);
  hid_t dataset = -1;
  if (!nlrmt_fault("h5.write"))
    dataset = H5Dcreate2(h5->file, field->path, type, space, create, H5P_DEFAULT, H5P_DEFAULT);
  if (dataset < 0 ||
      (count > 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0))
    fail(h5, "dataset", field->path);
  else
    describe(h5, field, dataset);
  H5Dclose(dataset);
  H5Pclose(create);
  H5Sclose(space);
}

void nlrmt_h5_write(nlrmt_h5 *h5, const nlrmt_field *field, const double *values) {
  put(h5, field, H5T_NATIVE_DOUBLE, values);
}

void nlrmt_h5_write_int(nlrmt_h5 *h5, const nlrmt_field *field, const int64_t *values) {
  put(h5, field, H5T_NATIVE_INT64, values);
}

void nlrmt_h5_write_text(nlrmt_h5 *h5, const nlrmt_field *field, const char *const *texts) {
  hid_t type = text_type();
  put(h5, field, type, texts);
  H5Tclose(type);
}

void nlrmt_h5_growing(nlrmt_h5 *h5, const nlrmt_field *field, bool integer) {
  hsize_t dims[NLRMT_H5_RANK_MAX], most[NLRMT_H5_RANK_MAX], chunk[NLRMT_H5_RANK_MAX];
  for (int d = 0; d < field->rank; d++) most[d] = chunk[d] = dims[d] = (hsize_t)field->dims[d];
  dims[0] = 0;
  most[0] = H5S_UNLIMITED;
  chunk[0] = field->rank == 1 ? 128 : 1;
  nlrmt_h5_remove(h5, field->path);
  hid_t space = H5Screate_simple(field->rank, dims, most);
  hid_t link = H5Pcreate(H5P_LINK_CREATE), create = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_create_intermediate_group(link, 1);
  H5Pset_chunk(create, field->rank, chunk);
  hid_t type = integer ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE;
  hid_t dataset = H5Dcreate2(h5->file, field->path, type, space, link, create, H5P_DEFAULT);
  if (dataset < 0)
    fail(h5, "dataset", field->path);
  else
    describe(h5, field, dataset);
  H5Dclose(dataset);
  H5Pclose(create);
  H5Pclose(link);
  H5Sclose(space);
}

static void append(nlrmt_h5 *h5, const char *path, hid_t type, const void *row) {
  hsize_t dims[NLRMT_H5_RANK_MAX] = {0}, start[NLRMT_H5_RANK_MAX] = {0};
  hid_t dataset = H5Dopen2(h5->file, path, H5P_DEFAULT);
  hid_t old = H5Dget_space(dataset);
  int rank = H5Sget_simple_extent_dims(old, dims, NULL);
  H5Sclose(old);
  start[0] = dims[0]++;
  bool ok = rank >= 1 && H5Dset_extent(dataset, dims) >= 0;
  hid_t space = H5Dget_space(dataset);
  dims[0] = 1;
  hid_t memory = ok ? H5Screate_simple(rank, dims, NULL) : -1;
  if (!ok || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, dims, NULL) < 0 ||
      H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, row) < 0)
    fail(h5, "a row of", path);
  H5Sclose(memory);
  H5Sclose(space);
  H5Dclose(dataset);
}

void nlrmt_h5_append(nlrmt_h5 *h5, const char *path, const double *row) {
  append(h5, path, H5T_NATIVE_DOUBLE, row);
}

void nlrmt_h5_append_int(nlrmt_h5 *h5, const char *path, int64_t value) {
  append(h5, path, H5T_NATIVE_INT64, &value);
}

typedef struct {
  nlrmt_h5 *h5;
  int64_t rows;
  const int64_t *order;
} sorting;

/* Rows of `size` bytes of an open dataset. */
static bool sort_rows(hid_t dataset, hid_t type, size_t size, const sorting *s) {
  char *old = malloc((size_t)s->rows * size), *new = malloc((size_t)s->rows * size);
  bool ok = old && new &&H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, old) >= 0;
  for (int64_t i = 0; ok && i < s->rows; i++)
    memcpy(new + (size_t)i *size, old + (size_t)s->order[i] * size, size);
  ok = ok && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, new) >= 0;
  free(old);
  free(new);
  return ok;
}

/* For H5Lvisit. */
static herr_t sort_dataset(hid_t group, const char *name, const H5L_info_t *info, void *data) {
  const sorting *s = data;
  hsize_t dims[NLRMT_H5_RANK_MAX] = {0}, most[NLRMT_H5_RANK_MAX] = {0};
  (void)info;
  hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  if (object >= 0 && H5Iget_type(object) == H5I_DATASET) {
    hid_t space = H5Dget_space(object), type = H5Dget_type(object);
    int rank = H5Sget_simple_extent_dims(space, dims, most);
    size_t size = H5Tget_size(type);
    for (int d = 1; d < rank; d++) size *= dims[d];
    if (rank >= 1 && most[0] == H5S_UNLIMITED && dims[0] == (hsize_t)s->rows && size > 0 &&
        !sort_rows(object, type, size, s))
      fail(s->h5, "rows in order of", name);
    H5Tclose(type);
    H5Sclose(space);
  }
  H5Oclose(object);
  return 0;
}

void nlrmt_h5_sort_rows(nlrmt_h5 *h5, const char *group, int64_t rows, const int64_t *order) {
  sorting s = {h5, rows, order};
  hid_t place = H5Gopen2(h5->file, group, H5P_DEFAULT);
  if (place < 0 || H5Lvisit(place, H5_INDEX_NAME, H5_ITER_INC, sort_dataset, &s) < 0)
    fail(h5, "rows in order of", group);
  if (place >= 0) H5Gclose(place);
}

int64_t nlrmt_h5_rows(nlrmt_h5 *h5, const char *path) {
  if (!nlrmt_h5_exists(h5, path)) return -1;
  hsize_t dims[NLRMT_H5_RANK_MAX] = {0};
  hid_t dataset = H5Dopen2(h5->file, path, H5P_DEFAULT), space = H5Dget_space(dataset);
  int rank = H5Sget_simple_extent_ndims(space);
  bool ok = rank >= 1 && rank <= NLRMT_H5_RANK_MAX &&
            H5Sget_simple_extent_dims(space, dims, NULL) == rank;
  H5Sclose(space);
  H5Dclose(dataset);
  return ok ? (int64_t)dims[0] : -1;
}

static bool get(nlrmt_h5 *h5, const char *path, size_t count, hid_t type, void *values) {
  if (!nlrmt_h5_exists(h5, path)) return false;
  hid_t dataset = H5Dopen2(h5->file, path, H5P_DEFAULT), space = H5Dget_space(dataset);
  bool ok = H5Sget_simple_extent_npoints(space) == (hssize_t)count &&
            (count == 0 || H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Sclose(space);
  H5Dclose(dataset);
  return ok;
}

bool nlrmt_h5_read(nlrmt_h5 *h5, const char *path, size_t count, double *values) {
  return get(h5, path, count, H5T_NATIVE_DOUBLE, values);
}

bool nlrmt_h5_read_int(nlrmt_h5 *h5, const char *path, size_t count, int64_t *values) {
  return get(h5, path, count, H5T_NATIVE_INT64, values);
}

/* Reads attribute `name` of `object` as `type` into value. */
static bool get_attribute(nlrmt_h5 *h5, const char *object, const char *name, hid_t type,
                          void *value) {
  hid_t target = H5Oopen(h5->file, object, H5P_DEFAULT);
  hid_t attribute = target >= 0 ? H5Aopen(target, name, H5P_DEFAULT) : -1;
  bool ok = attribute >= 0 && H5Aread(attribute, type, value) >= 0;
  if (attribute >= 0) H5Aclose(attribute);
  if (target >= 0) H5Oclose(target);
  return ok;
}

char *nlrmt_h5_read_text(nlrmt_h5 *h5, const char *object, const char *name) {
  hid_t type = text_type();
  char *text = NULL;
  bool ok = get_attribute(h5, object, name, type, &text);
  H5Tclose(type);
  char *copy = ok && text ? strdup(text) : NULL;
  if (ok) H5free_memory(text);
  return copy;
}

bool nlrmt_h5_read_flag(nlrmt_h5 *h5, const char *object, const char *name, int64_t *value) {
  return get_attribute(h5, object, name, H5T_NATIVE_INT64, value);
}

struct nlrmt_h5_matrix {
  hid_t file, dataset;
  hsize_t dims[2];
  char name[400]; /* FILE:/dataset */
};

enum { LIST_BYTES = 256 };

/* For H5Lvisit: collects the names of datasets, as many as fit. */
static herr_t list_dataset(hid_t group, const char *name, const H5L_info_t *info, void *list) {
  char *text = list;
  size_t used = strlen(text);
  hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  (void)info;
  if (object >= 0 && H5Iget_type(object) == H5I_DATASET && used + strlen(name) + 4 < LIST_BYTES)
    sprintf(text + used, "%s/%s", used ? ", " : "", name);
  H5Oclose(object);
  return 0;
}

static nlrmt_status refuse_missing(const nlrmt_h5_matrix *m, nlrmt_error *err) {
  char list[LIST_BYTES] = "";
  H5Lvisit(m->file, H5_INDEX_NAME, H5_ITER_INC, list_dataset, list);
  return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: no such dataset; there %s%s", m->name,
                    *list ? "are: " : "is none", list);
}

static nlrmt_status check_shape(nlrmt_h5_matrix *m, nlrmt_error *err) {
  hid_t space = H5Dget_space(m->dataset), type = H5Dget_type(m->dataset);
  int rank = H5Sget_simple_extent_ndims(space);
  H5T_class_t class = H5Tget_class(type);
  if (rank == 2) H5Sget_simple_extent_dims(space, m->dims, NULL);
  H5Sclose(space);
  H5Tclose(type);
  if (rank != 2)
    return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: has %d dimension%s, must have 2: one sample a row",
                      m->name, rank, rank == 1 ? "" : "s");
  if (class != H5T_INTEGER && class != H5T_FLOAT)
    return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: does not hold numbers", m->name);
  if (m->dims[0] == 0 || m->dims[1] == 0 || m->dims[0] > INT32_MAX || m->dims[1] > INT32_MAX)
    return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: is %llu x %llu: empty or too large", m->name,
                      (unsigned long long)m->dims[0], (unsigned long long)m->dims[1]);
  return NLRMT_OK;
}

/* HDF5 locks what it opens: refused while another program writes there, and always where the file
 * system has no locks (some NFS). HDF5 keeps the reason to itself, so the lock is tried again. */
static nlrmt_status refuse_file(const char *path, nlrmt_error *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int failed = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 ? errno : 0;
  if (fd >= 0) close(fd);
  if (failed)
    return nlrmt_fail(err, NLRMT_ERR_DATA,
                      "%s: HDF5 cannot lock it: %s: wait for the program that writes it, or, if "
                      "none does, set HDF5_USE_FILE_LOCKING=FALSE",
                      path, strerror(failed));
  return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: not an HDF5 file, or a damaged one", path);
}

nlrmt_status nlrmt_h5_matrix_open(const char *path, const char *dataset, nlrmt_h5_matrix **matrix,
                                  int64_t *rows, int64_t *cols, nlrmt_error *err) {
  nlrmt_h5_matrix *m = *matrix = calloc(1, sizeof *m);
  if (!m) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: out of memory", path);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  snprintf(m->name, sizeof m->name, "%s:%s", path, dataset);
  m->dataset = -1;
  m->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (m->file < 0) {
    refuse_file(path, err);
  } else {
    m->dataset = H5Dopen2(m->file, dataset, H5P_DEFAULT);
    if (m->dataset < 0)
      refuse_missing(m, err);
    else
      check_shape(m, err);
  }
  *rows = (int64_t)m->dims[0];
  *cols = (int64_t)m->dims[1];
  if (err->status != NLRMT_OK) nlrmt_h5_matrix_close(matrix);
  return err->status;
}

nlrmt_status nlrmt_h5_matrix_read(nlrmt_h5_matrix *m, int64_t first, int64_t count, double *out,
                                  nlrmt_error *err) {
  hsize_t start[2] = {(hsize_t)first, 0}, size[2] = {(hsize_t)count, m->dims[1]};
  hid_t space = H5Dget_space(m->dataset), memory = H5Screate_simple(2, size, NULL);
  if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL) < 0 ||
      H5Dread(m->dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, out) < 0)
    nlrmt_fail(err, NLRMT_ERR_DATA, "%s: HDF5 cannot read rows %lld to %lld: truncated or damaged",
               m->name, (long long)first, (long long)(first + count - 1));
  H5Sclose(memory);
  H5Sclose(space);
  return err->status;
}

void nlrmt_h5_matrix_close(nlrmt_h5_matrix **matrix) {
  if (!*matrix) return;
  if ((*matrix)->dataset >= 0) H5Dclose((*matrix)->dataset);
  if ((*matrix)->file >= 0) H5Fclose((*matrix)->file);
  free(*matrix);
  *matrix = NULL;
}

const char *nlrmt_h5_version(void) {
  static char text[32];
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
  return text;
}
