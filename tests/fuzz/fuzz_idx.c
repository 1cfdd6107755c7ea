/* IDX images with a file of labels, each plain or .gz: two bytes say how long the images are (high
 * byte first), the third m - 1 and, in its high bits, whether labels and classes are asked for. */
#include "fuzz_images.h"

int fuzz_idx(const uint8_t *data, size_t size) {
  if (size < 3) return 0;
  size_t length = (size_t)data[0] << 8 | data[1], rest = size - 3;
  int64_t m = (data[2] & 7) + 1;
  if (length > rest) length = rest;
  fuzz_file image = fuzz_file_open(data + 3, length);
  fuzz_file label = fuzz_file_open(data + 3 + length, rest - length);
  nlrmt_data what = {.source = NLRMT_SOURCE_IDX};
  strcpy(what.path, image.path);
  if (data[2] & 128) strcpy(what.label_path, label.path);
  if ((data[2] & 192) == 192) {
    what.classes = 2;
    what.class_number[0] = 1;
    what.class_number[1] = 7;
  }
  fuzz_images(&what, m);
  fuzz_file_close(&image);
  fuzz_file_close(&label);
  return 0;
}
FUZZ_ENTRY(fuzz_idx)
