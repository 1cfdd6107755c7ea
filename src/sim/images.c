#include "nlrmt/images.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "nlrmt/h5.h"
#include "nlrmt/rng.h"

static const char PATH[] = "data.path", LABEL_PATH[] = "data.label_path";
static const char FETCH[] = "tools/get_data fetches MNIST and CIFAR-10, the package "
                            "dataset-fashion-mnist has /usr/share/datasets/fashion-mnist";

/* ---- a file of bytes, plain or .gz ---- */

enum { DEFLATE_MOST = 1032 }; /* deflate packs no more into a byte (zlib's technical details) */

typedef struct {
  const char *key, *path;
  gzFile file;
  int64_t at;   /* bytes read so far, decompressed */
  int64_t most; /* that the file can hold, decompressed */
} bytes;

/* A regular file that can be read; *size its length on disk. */
static nlrmt_status check_file(const char *key, const char *path, const char *remedy, int64_t *size,
                               nlrmt_error *err) {
  struct stat info;
  FILE *file = fopen(path, "rb");
  int reason = errno;
  if (!file || fstat(fileno(file), &info) != 0)
    nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: cannot open: %s%s%s", key, path, strerror(reason),
               *remedy ? "; " : "", remedy);
  else if (!S_ISREG(info.st_mode))
    nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: not a regular file", key, path);
  else
    *size = (int64_t)info.st_size;
  if (file) fclose(file);
  return err->status;
}

static nlrmt_status open_bytes(const char *key, const char *path, bytes *b, nlrmt_error *err) {
  int64_t size;
  *b = (bytes){.key = key, .path = path};
  if (check_file(key, path, FETCH, &size, err) != NLRMT_OK) return err->status;
  b->file = gzopen(path, "rb");
  if (!b->file) return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: %s: out of memory", key, path);
  gzbuffer(b->file, 1 << 17);
  b->most = size * DEFLATE_MOST;
  return NLRMT_OK;
}

static void close_bytes(bytes *b) {
  if (b->file) gzclose(b->file);
  b->file = NULL;
}

/* What zlib makes of the place where reading ended. Corruption may lie anywhere beyond it: zlib
 * unpacks ahead. */
static nlrmt_status refuse_bytes(const bytes *b, const char *what, nlrmt_error *err) {
  int code = Z_OK;
  const char *reason = gzerror(b->file, &code), *packed = gzdirect(b->file) ? "" : " unpacked";
  size_t prefix = strlen(b->path) + 2; /* zlib puts "path: " before its reason */
  if (code == Z_DATA_ERROR)
    return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: corrupt: %s, after byte %lld%s; fetch it again",
                      b->key, b->path, strlen(reason) > prefix ? reason + prefix : reason,
                      (long long)b->at, packed);
  if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END)
    return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: cannot read after byte %lld%s: %s", b->key,
                      b->path, (long long)b->at, packed,
                      code == Z_ERRNO ? strerror(errno) : reason);
  return nlrmt_fail(err, NLRMT_ERR_DATA,
                    "%s: %s: truncated: ends at byte %lld%s, within %s; fetch it again", b->key,
                    b->path, (long long)b->at, packed, what);
}

/* The next `size` bytes; `what` they are, for the message. */
static nlrmt_status read_bytes(bytes *b, size_t size, void *out, const char *what,
                               nlrmt_error *err) {
  int got = gzread(b->file, out, (unsigned)size);
  if (got > 0) b->at += got;
  return got == (int)size ? NLRMT_OK : refuse_bytes(b, what, err);
}

/* The file must end here; reading on makes zlib verify its checksum. */
static nlrmt_status end_bytes(bytes *b, nlrmt_error *err) {
  unsigned char more;
  int code = Z_OK, got = gzread(b->file, &more, 1);
  gzerror(b->file, &code);
  if (got > 0)
    return nlrmt_fail(err, NLRMT_ERR_DATA,
                      "%s: %s: goes on after byte %lld, where its header says that it ends", b->key,
                      b->path, (long long)b->at);
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
    return refuse_bytes(b, "its checksum", err);
  return NLRMT_OK;
}

/* ---- IDX ---- */

/* An IDX header: its magic number and `dimensions` sizes, all > 0. */
static nlrmt_status read_header(bytes *b, int dimensions, int64_t *size, nlrmt_error *err) {
  unsigned char word[4];
  uint32_t expected = 0x800u + (uint32_t)dimensions;
  for (int d = -1; d < dimensions; d++) {
    if (read_bytes(b, 4, word, "the header", err) != NLRMT_OK) return err->status;
    uint32_t value = (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 |
                     (uint32_t)word[3];
    if (d < 0 && value != expected)
      return nlrmt_fail(err, NLRMT_ERR_DATA,
                        "%s: %s: byte 0: magic number 0x%08x, IDX %s have 0x%08x", b->key, b->path,
                        value, dimensions == 3 ? "images" : "labels", expected);
    if (d >= 0 && (value == 0 || value > INT32_MAX))
      return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: byte %lld: size %u of dimension %d", b->key,
                        b->path, (long long)(b->at - 4), value, d + 1);
    if (d >= 0) size[d] = value;
  }
  return NLRMT_OK;
}

/* Whether the file can hold what its header says; what it says is believed, and memory taken, only
 * then. */
static nlrmt_status check_promise(const bytes *b, int64_t count, int64_t size, nlrmt_error *err) {
  if (count <= b->most / size) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_DATA,
                    "%s: %s: truncated, or its header is corrupt: %lld items of %lld bytes cannot "
                    "be in it; fetch it again",
                    b->key, b->path, (long long)count, (long long)size);
}

/* Opens the images and reads their header. */
static nlrmt_status open_idx(const nlrmt_data *data, bytes *b, int64_t *count, int64_t *n0,
                             nlrmt_error *err) {
  int64_t size[3];
  if (open_bytes(PATH, data->path, b, err) != NLRMT_OK || read_header(b, 3, size, err) != NLRMT_OK)
    return err->status;
  *count = size[0];
  *n0 = size[1] * size[2];
  if (*n0 > INT32_MAX)
    return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: byte 8: images of %lld x %lld pixels", PATH,
                      data->path, (long long)size[1], (long long)size[2]);
  return check_promise(b, *count, *n0, err);
}

static unsigned char *new_labels(int64_t count, nlrmt_error *err) {
  unsigned char *label = malloc((size_t)count);
  if (!label)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "data: out of memory: %lld labels", (long long)count);
  return label;
}

/* *label: malloc'd, NULL if there is no file of labels. */
static nlrmt_status label_idx(const nlrmt_data *data, int64_t count, unsigned char **label,
                              nlrmt_error *err) {
  bytes b;
  int64_t labels = 0;
  if (!*data->label_path) return NLRMT_OK;
  if (open_bytes(LABEL_PATH, data->label_path, &b, err) == NLRMT_OK &&
      read_header(&b, 1, &labels, err) == NLRMT_OK) {
    if (labels != count)
      nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: %lld labels, but %s has %lld images", LABEL_PATH,
                 data->label_path, (long long)labels, data->path, (long long)count);
    else if ((*label = new_labels(count, err)) &&
             read_bytes(&b, (size_t)count, *label, "the labels", err) == NLRMT_OK)
      end_bytes(&b, err);
  }
  close_bytes(&b);
  return err->status;
}

/* The next sample of `size` bytes, into its column of x if it is chosen. */
static nlrmt_status take_bytes(bytes *b, const nlrmt_images *images, int64_t sample,
                               unsigned char *pixel, double *x, nlrmt_error *err) {
  char what[64];
  int64_t column = images->column[sample], n0 = images->n0;
  snprintf(what, sizeof what, "image %lld of %lld", (long long)sample + 1,
           (long long)images->count);
  if (read_bytes(b, (size_t)n0, pixel, what, err) != NLRMT_OK) return err->status;
  for (int64_t i = 0; i < n0 && column >= 0; i++) x[column * n0 + i] = pixel[i];
  return NLRMT_OK;
}

static nlrmt_status read_idx(const nlrmt_data *data, const nlrmt_images *images,
                             unsigned char *pixel, double *x, nlrmt_error *err) {
  bytes b;
  int64_t count, n0;
  open_idx(data, &b, &count, &n0, err);
  for (int64_t s = 0; s < images->count && err->status == NLRMT_OK; s++)
    take_bytes(&b, images, s, pixel, x, err);
  if (err->status == NLRMT_OK) end_bytes(&b, err);
  close_bytes(&b);
  return err->status;
}

/* ---- CIFAR-10 ---- */

enum { CIFAR_PIXELS = 3072, CIFAR_RECORD = CIFAR_PIXELS + 1, CIFAR_FILES = 16 };

typedef struct {
  int files;
  char path[CIFAR_FILES][NLRMT_DATA_PATH_MAX + 32];
  int64_t records[CIFAR_FILES];
} batches;

static void add_batch(batches *all, const char *text, int length) {
  snprintf(all->path[all->files], sizeof all->path[0], "%.*s", length, text);
  all->files++;
}

/* The files that data.path names: a folder's five training batches, or files separated by commas.
 */
static nlrmt_status list_batches(const nlrmt_data *data, batches *all, nlrmt_error *err) {
  struct stat info;
  all->files = 0;
  if (stat(data->path, &info) == 0 && S_ISDIR(info.st_mode)) {
    for (int k = 1; k <= 5; k++)
      snprintf(all->path[all->files++], sizeof all->path[0], "%s/data_batch_%d.bin", data->path, k);
    return NLRMT_OK;
  }
  for (const char *at = data->path;;) {
    at += strspn(at, " \t");
    int length = (int)strcspn(at, ",");
    const char *next = at + length;
    while (length > 0 && strchr(" \t", at[length - 1])) length--;
    if (length == 0 || all->files == CIFAR_FILES)
      return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: an empty name, or more than %d files", PATH,
                        data->path, CIFAR_FILES);
    add_batch(all, at, length);
    if (!*next) return NLRMT_OK;
    at = next + 1;
  }
}

static nlrmt_status size_batches(const nlrmt_data *data, batches *all, int64_t *count,
                                 nlrmt_error *err) {
  *count = 0;
  if (list_batches(data, all, err) != NLRMT_OK) return err->status;
  for (int k = 0; k < all->files; k++) {
    int64_t size = 0;
    if (check_file(PATH, all->path[k], FETCH, &size, err) != NLRMT_OK) return err->status;
    all->records[k] = size / CIFAR_RECORD;
    if (size == 0 || size % CIFAR_RECORD != 0)
      return nlrmt_fail(err, NLRMT_ERR_DATA,
                        "%s: %s: truncated: %lld bytes are not whole records of %d bytes, the one "
                        "at byte %lld is not; fetch it again",
                        PATH, all->path[k], (long long)size, CIFAR_RECORD,
                        (long long)(all->records[k] * CIFAR_RECORD));
    *count += all->records[k];
  }
  return NLRMT_OK;
}

/* Goes through all records: labels if `label`, pixels of the chosen ones if x. */
static nlrmt_status scan_batches(const batches *all, const nlrmt_images *images,
                                 unsigned char *label, unsigned char *pixel, double *x,
                                 nlrmt_error *err) {
  int64_t sample = 0;
  for (int k = 0; k < all->files && err->status == NLRMT_OK; k++) {
    bytes b;
    open_bytes(PATH, all->path[k], &b, err);
    for (int64_t r = 0; r < all->records[k] && err->status == NLRMT_OK; r++, sample++) {
      unsigned char own;
      if (read_bytes(&b, 1, &own, "a label", err) != NLRMT_OK) break;
      if (own > 9)
        nlrmt_fail(err, NLRMT_ERR_DATA,
                   "%s: %s: byte %lld: label %d, must be 0 to 9: not a CIFAR-10 batch", PATH,
                   all->path[k], (long long)b.at - 1, own);
      else if (take_bytes(&b, images, sample, pixel, x, err) == NLRMT_OK && label)
        label[sample] = own;
    }
    if (err->status == NLRMT_OK) end_bytes(&b, err);
    close_bytes(&b);
  }
  return err->status;
}

static nlrmt_status open_cifar(const nlrmt_data *data, nlrmt_images *images, unsigned char **label,
                               nlrmt_error *err) {
  batches all;
  unsigned char pixel[CIFAR_PIXELS];
  images->n0 = CIFAR_PIXELS;
  if (size_batches(data, &all, &images->count, err) != NLRMT_OK) return err->status;
  *label = new_labels(images->count, err);
  images->column = malloc((size_t)images->count * sizeof *images->column);
  if (!images->column)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "data: out of memory: %lld samples",
                      (long long)images->count);
  for (int64_t s = 0; s < images->count; s++) images->column[s] = -1;
  return *label ? scan_batches(&all, images, *label, pixel, NULL, err) : err->status;
}

static nlrmt_status read_cifar(const nlrmt_data *data, const nlrmt_images *images,
                               unsigned char *pixel, double *x, nlrmt_error *err) {
  batches all;
  int64_t count;
  if (size_batches(data, &all, &count, err) != NLRMT_OK) return err->status;
  if (count != images->count)
    return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: the files change while they are read", PATH,
                      data->path);
  return scan_batches(&all, images, NULL, pixel, x, err);
}

/* ---- HDF5 ---- */

/* FILE.h5:/dataset; the configuration has checked that there is a ":/". */
static nlrmt_status open_hdf5(const nlrmt_data *data, nlrmt_h5_matrix **matrix, int64_t *count,
                              int64_t *n0, nlrmt_error *err) {
  char file[NLRMT_DATA_PATH_MAX];
  const char *colon = strstr(data->path, ":/");
  int64_t size;
  nlrmt_error own = {0};
  *matrix = NULL;
  snprintf(file, sizeof file, "%.*s", (int)(colon - data->path), data->path);
  if (check_file(PATH, file, "", &size, err) == NLRMT_OK &&
      nlrmt_h5_matrix_open(file, colon + 1, matrix, count, n0, &own) != NLRMT_OK)
    nlrmt_fail(err, own.status, "%s: %s", PATH, own.text);
  return err->status;
}

/* Takes `rows` rows from row `first` on. */
static nlrmt_status take_rows(const nlrmt_data *data, const nlrmt_images *images, int64_t first,
                              int64_t rows, const double *row, double *x, nlrmt_error *err) {
  int64_t n0 = images->n0;
  for (int64_t r = 0; r < rows; r++, row += n0) {
    int64_t column = images->column[first + r];
    for (int64_t i = 0; i < n0; i++)
      if (!isfinite(row[i]))
        return nlrmt_fail(err, NLRMT_ERR_DATA, "%s: %s: [%lld, %lld] is %s: must be finite", PATH,
                          data->path, (long long)(first + r), (long long)i,
                          isnan(row[i]) ? "NaN" : "infinite");
    if (column >= 0) memcpy(x + column * n0, row, (size_t)n0 * sizeof *x);
  }
  return NLRMT_OK;
}

static nlrmt_status read_hdf5(const nlrmt_data *data, const nlrmt_images *images, double *x,
                              nlrmt_error *err) {
  nlrmt_h5_matrix *matrix;
  nlrmt_error own = {0};
  int64_t count, n0, step = (1 << 20) / images->n0 + 1;
  double *row = malloc((size_t)(step * images->n0) * sizeof *row);
  if (!row)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "data: out of memory: %lld rows", (long long)step);
  open_hdf5(data, &matrix, &count, &n0, err);
  for (int64_t first = 0; first < images->count && err->status == NLRMT_OK; first += step) {
    int64_t rows = images->count - first < step ? images->count - first : step;
    if (nlrmt_h5_matrix_read(matrix, first, rows, row, &own) != NLRMT_OK)
      nlrmt_fail(err, own.status, "%s: %s", PATH, own.text);
    else
      take_rows(data, images, first, rows, row, x, err);
  }
  nlrmt_h5_matrix_close(&matrix);
  free(row);
  return err->status;
}

/* ---- the same for all ---- */

/* *label: malloc'd, NULL where there are none. */
static nlrmt_status open_source(const nlrmt_data *data, nlrmt_images *images, unsigned char **label,
                                nlrmt_error *err) {
  bytes b = {0};
  nlrmt_h5_matrix *matrix = NULL;
  switch (data->source) {
  case NLRMT_SOURCE_IDX:
    if (open_idx(data, &b, &images->count, &images->n0, err) == NLRMT_OK)
      label_idx(data, images->count, label, err);
    close_bytes(&b);
    break;
  case NLRMT_SOURCE_CIFAR10:
    open_cifar(data, images, label, err);
    break;
  default:
    open_hdf5(data, &matrix, &images->count, &images->n0, err);
    nlrmt_h5_matrix_close(&matrix);
  }
  if (err->status == NLRMT_OK && !images->column)
    images->column = malloc((size_t)images->count * sizeof *images->column);
  if (err->status == NLRMT_OK && !images->column)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "data: out of memory: %lld samples",
               (long long)images->count);
  return err->status;
}

/* Counts the samples of the classes asked for in column[]. */
static nlrmt_status select_classes(const nlrmt_data *data, nlrmt_images *images,
                                   const unsigned char *label, nlrmt_error *err) {
  int64_t of_class[256] = {0};
  bool wanted[256];
  for (int c = 0; c < 256; c++) wanted[c] = data->classes == 0;
  for (int k = 0; k < data->classes; k++) wanted[data->class_number[k]] = true;
  for (int64_t s = 0; s < images->count; s++) {
    int c = label ? label[s] : 0;
    of_class[c]++;
    images->column[s] = wanted[c] ? images->available++ : -1;
  }
  int low = 0, high = 255;
  while (low < 255 && of_class[low] == 0) low++;
  while (high > 0 && of_class[high] == 0) high--;
  for (int k = 0; k < data->classes; k++)
    if (of_class[data->class_number[k]] == 0)
      return nlrmt_fail(err, NLRMT_ERR_DATA,
                        "data.classes: no sample of class %d in %s: its labels are from %d to %d",
                        data->class_number[k], data->path, low, high);
  return NLRMT_OK;
}

nlrmt_status nlrmt_images_open(const nlrmt_data *data, int64_t m, nlrmt_images *images,
                               nlrmt_error *err) {
  unsigned char *label = NULL;
  *images = (nlrmt_images){0};
  if (open_source(data, images, &label, err) == NLRMT_OK &&
      select_classes(data, images, label, err) == NLRMT_OK && images->available < m)
    nlrmt_fail(err, NLRMT_ERR_DATA, "model.m: %lld, but %s has %lld samples%s", (long long)m,
               data->path, (long long)images->available,
               data->classes > 0 ? " of these classes" : "");
  free(label);
  if (err->status != NLRMT_OK) nlrmt_images_clear(images);
  return err->status;
}

typedef struct {
  double key;
  int64_t sample;
} ticket;

static int by_key(const void *a, const void *b) {
  const ticket *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return (x->sample > y->sample) - (x->sample < y->sample);
}

nlrmt_status nlrmt_images_choose(nlrmt_images *images, uint64_t seed, int64_t m, nlrmt_error *err) {
  ticket *all = malloc((size_t)images->available * sizeof *all);
  int64_t count = 0;
  nlrmt_stream stream = {seed, 0, 0, NLRMT_MATRIX_D};
  if (!all)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "data: out of memory: %lld samples",
                      (long long)images->available);
  for (int64_t s = 0; s < images->count; s++) {
    if (images->column[s] < 0) continue;
    all[count++] = (ticket){nlrmt_rng_uniform(&stream, (uint32_t)s), s};
    images->column[s] = -1;
  }
  qsort(all, (size_t)count, sizeof *all, by_key);
  for (int64_t k = 0; k < m && k < count; k++) images->column[all[k].sample] = k;
  free(all);
  return NLRMT_OK;
}

nlrmt_status nlrmt_images_read(const nlrmt_data *data, const nlrmt_images *images, double *x,
                               nlrmt_error *err) {
  if (data->source == NLRMT_SOURCE_HDF5) return read_hdf5(data, images, x, err);
  unsigned char *pixel = malloc((size_t)images->n0);
  if (!pixel)
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "data: out of memory: %lld pixels", (long long)images->n0);
  else if (data->source == NLRMT_SOURCE_IDX)
    read_idx(data, images, pixel, x, err);
  else
    read_cifar(data, images, pixel, x, err);
  free(pixel);
  return err->status;
}

void nlrmt_images_clear(nlrmt_images *images) {
  free(images->column);
  *images = (nlrmt_images){0};
}

/* The file of `item`, which may go on with a comma or, for a dataset in a file, with ":/". */
static bool absent(const char *item) {
  char path[NLRMT_DATA_PATH_MAX];
  const char *dataset = strstr(item, ":/");
  size_t length = strcspn(item, ",");
  if (dataset && (size_t)(dataset - item) < length) length = (size_t)(dataset - item);
  snprintf(path, sizeof path, "%.*s", (int)length, item);
  return *path && access(path, F_OK) != 0 && errno == ENOENT;
}

bool nlrmt_images_absent(const nlrmt_data *data) {
  for (const char *item = data->path; item; item = strchr(item, ',')) {
    item += strspn(item, ", ");
    if (absent(item)) return true;
  }
  return absent(data->label_path);
}
