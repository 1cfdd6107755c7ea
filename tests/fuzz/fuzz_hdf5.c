/* A dataset in an HDF5 file: sound files of every shape, type, layout and name, as the bytes say,
 * with the bytes that are left for values. Damaged files are not made here: what they meet first is
 * the HDF5 library. */
#include "fuzz_images.h"

#include <hdf5.h>

enum { RANK_MAX = 4, BYTES_MAX = 1 << 16 };

typedef struct {
  const uint8_t *at;
  size_t left;
} source;

static unsigned take(source *s) {
  if (s->left == 0) return 0;
  s->left--;
  return *s->at++;
}

/* A new type, numbers mostly. */
static hid_t make_type(unsigned choice) {
  const hid_t number[] = {H5T_NATIVE_DOUBLE, H5T_IEEE_F32BE,   H5T_STD_U8LE,     H5T_STD_I16BE,
                          H5T_STD_U64LE,     H5T_NATIVE_INT64, H5T_STD_B8LE,     H5T_UNIX_D32LE,
                          H5T_NATIVE_FLOAT,  H5T_IEEE_F64BE,   H5T_NATIVE_SCHAR, H5T_C_S1};
  hid_t type = H5Tcopy(number[choice % 12]);
  if (choice < 192 || choice % 12 == 11) return type;
  hid_t outer = choice < 224 ? H5Tcreate(H5T_COMPOUND, H5Tget_size(type)) : H5Tvlen_create(type);
  if (choice < 224) H5Tinsert(outer, "a", 0, type);
  H5Tclose(type);
  return outer;
}

static hid_t make_space(source *s, unsigned choice, size_t size, hsize_t dims[RANK_MAX]) {
  int rank = (int)(choice % 8 < 5 ? choice % 8 : 2);
  size_t bytes = size;
  for (int d = 0; d < rank; d++) {
    dims[d] = take(s);
    if (dims[d] * bytes > BYTES_MAX) dims[d] = 1;
    bytes *= dims[d] ? dims[d] : 1;
  }
  if (rank == 0) return H5Screate(choice & 16 ? H5S_NULL : H5S_SCALAR);
  return H5Screate_simple(rank, dims, NULL);
}

/* Chunked and packed where the choice says so and the shape allows it. */
static hid_t make_layout(hid_t space, unsigned choice) {
  hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  hsize_t dims[RANK_MAX];
  int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 1 || H5Sget_simple_extent_npoints(space) < 1 || !(choice & 1)) return list;
  H5Sget_simple_extent_dims(space, dims, NULL);
  for (int d = 0; d < rank; d++) dims[d] = dims[d] / 2 + 1;
  H5Pset_chunk(list, rank, dims);
  if (choice & 2) H5Pset_deflate(list, 1);
  if (choice & 4) H5Pset_shuffle(list);
  return list;
}

/* One object with a name of up to 64 bytes: a dataset, sometimes a group or a link to nowhere. */
static void put_object(hid_t file, source *s) {
  static uint8_t value[BYTES_MAX];
  unsigned choice = take(s), length = take(s) % 64;
  char name[80] = "/x"; /* what the reader asks for, unless the bytes say otherwise */
  for (unsigned i = 0; i < length; i++) name[1 + i] = (char)take(s);
  hsize_t dims[RANK_MAX];
  if (choice > 250) H5Lcreate_soft("/nowhere", file, name, H5P_DEFAULT, H5P_DEFAULT);
  hid_t type = make_type(take(s)), space = make_space(s, choice, H5Tget_size(type), dims);
  hid_t layout = make_layout(space, choice >> 5);
  if (choice < 240) {
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    size_t bytes = s->left < BYTES_MAX ? s->left : BYTES_MAX;
    memset(value, 0, sizeof value);
    if (bytes > 0) memcpy(value, s->at, bytes);
    if (H5Tget_class(type) != H5T_VLEN && set >= 0)
      H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
    if (set >= 0) H5Dclose(set);
  } else {
    hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group >= 0) H5Gclose(group);
  }
  H5Pclose(layout);
  H5Sclose(space);
  H5Tclose(type);
}

/* The file's bytes, the caller's to free. */
static void *make_file(source *s, ssize_t *size) {
  hid_t core = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_core(core, 1 << 14, 0);
  hid_t file = H5Fcreate("fuzz.h5", H5F_ACC_TRUNC, H5P_DEFAULT, core);
  for (unsigned objects = take(s) % 3 + 1; objects > 0; objects--) put_object(file, s);
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  *size = H5Fget_file_image(file, NULL, 0);
  void *image = *size > 0 ? malloc((size_t)*size) : NULL;
  if (!image || H5Fget_file_image(file, image, (size_t)*size) < 0) abort();
  H5Fclose(file);
  H5Pclose(core);
  return image;
}

int fuzz_hdf5(const uint8_t *data, size_t size) {
  source s = {data, size};
  ssize_t bytes;
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  int64_t m = take(&s) % 8 + 1;
  void *image = make_file(&s, &bytes);
  fuzz_file file = fuzz_file_open(image, (size_t)bytes);
  nlrmt_data what = {.source = NLRMT_SOURCE_HDF5};
  snprintf(what.path, sizeof what.path, "%s:/x", file.path);
  fuzz_images(&what, m);
  fuzz_file_close(&file);
  free(image);
  return 0;
}
FUZZ_ENTRY(fuzz_hdf5)
