/* CIFAR-10 batches: the first byte says how many files there are and whether classes are asked for;
 * each further byte makes a record, the pixels are all alike, and the remaining bits of the first
 * cut the last file short. So a record costs one byte and not 3073. */
#include "fuzz_images.h"

enum { RECORD = 3073, RECORDS = 24, FILES = 3 };

int fuzz_cifar10(const uint8_t *data, size_t size) {
  static uint8_t record[RECORDS * RECORD];
  if (size < 2) return 0;
  size_t records = size - 2 < RECORDS ? size - 2 : RECORDS, files = data[0] % FILES + 1;
  size_t bytes = records * RECORD, share = records / files * RECORD;
  if (data[0] & 64) bytes -= bytes < data[1] ? bytes : data[1];
  for (size_t r = 0; r < records; r++) {
    memset(record + r * RECORD, data[2 + r], RECORD);
    record[r * RECORD] = data[2 + r] % 16 < 12 ? data[2 + r] % 16 : 0;
  }
  nlrmt_data what = {.source = NLRMT_SOURCE_CIFAR10, .classes = data[0] & 128 ? 1 : 0};
  what.class_number[0] = 3;
  fuzz_file file[FILES];
  for (size_t k = 0; k < files; k++) {
    size_t begin = k * share < bytes ? k * share : bytes;
    size_t end = k + 1 < files && begin + share < bytes ? begin + share : bytes;
    file[k] = fuzz_file_open(record + begin, end - begin);
    snprintf(what.path + strlen(what.path), sizeof what.path - strlen(what.path), "%s%s",
             k ? ", " : "", file[k].path);
  }
  fuzz_images(&what, 1 + (data[1] & 3));
  for (size_t k = 0; k < files; k++) fuzz_file_close(&file[k]);
  return 0;
}
FUZZ_ENTRY(fuzz_cifar10)
