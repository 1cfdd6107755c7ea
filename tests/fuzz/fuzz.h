/* fuzz: what the fuzz targets share.
 *
 * A target is one function fuzz_NAME(data, size) that hands arbitrary bytes to a reader of ours and
 * checks what the reader promises; a broken promise aborts, as a sanitizer's finding does. Built by
 * clang with libFuzzer (make fuzz), one program for each target; built by any compiler into
 * tests/test_fuzz_corpus.c, which runs all of them over the files of tests/fuzz/corpus/NAME.
 */
#ifndef NLRMT_TESTS_FUZZ_H
#define NLRMT_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nlrmt/status.h"

typedef int fuzz_target(const uint8_t *data, size_t size);
fuzz_target fuzz_config, fuzz_activation, fuzz_lists, fuzz_idx, fuzz_cifar10, fuzz_eigenvalues;
fuzz_target fuzz_options, fuzz_hdf5;

/* libFuzzer's own entry, one in each program. */
#ifdef NLRMT_LIBFUZZER
#define FUZZ_ENTRY(target)                                                                         \
  int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                    \
  int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {                                   \
    return target(data, size);                                                                     \
  }
#else
#define FUZZ_ENTRY(target)
#endif

/* A promise of the code under test. */
#define FUZZ_REQUIRE(cond, ...)                                                                    \
  do {                                                                                             \
    if (!(cond)) {                                                                                 \
      fprintf(stderr, "%s:%d: broken promise: %s: ", __FILE__, __LINE__, #cond);                   \
      fprintf(stderr, __VA_ARGS__);                                                                \
      fputc('\n', stderr);                                                                         \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

/* Every refusal: a status of ours and one line of text; every success: no text. */
static inline void fuzz_check_status(nlrmt_status status, const nlrmt_error *err) {
  FUZZ_REQUIRE(status == err->status, "returned %d, recorded %d: %s", status, err->status,
               err->text);
  FUZZ_REQUIRE((status == NLRMT_OK) == (*err->text == '\0'), "status %d, text \"%s\"", status,
               err->text);
  FUZZ_REQUIRE(strchr(err->text, '\n') == NULL, "%s", err->text);
}

/* size bytes as a string, the caller's to free; a zero byte among them ends it early. */
static inline char *fuzz_string(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  if (!text) abort();
  if (size > 0) memcpy(text, data, size);
  text[size] = '\0';
  return text;
}

/* Without long ranges: the time that linspace(0,1,100000) takes is no finding. */
static inline bool fuzz_modest(const char *text) {
  if (!strstr(text, "space(")) return true;
  for (; *text; text++)
    if (strspn(text, "0123456789") > 3) return false;
  return true;
}

/* A file in memory that holds these bytes; `path` opens it until fuzz_file_close. */
typedef struct {
  int fd;
  char path[32];
} fuzz_file;

static inline fuzz_file fuzz_file_open(const uint8_t *data, size_t size) {
  fuzz_file f = {.fd = memfd_create("fuzz", 0)};
  if (f.fd < 0 || write(f.fd, data, size) != (ssize_t)size) abort();
  snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.fd);
  return f;
}

static inline void fuzz_file_close(fuzz_file *f) {
  close(f->fd);
}

#endif
