/* The fuzz targets without a fuzzer: every file of tests/fuzz/corpus/NAME, among them what fuzzing
 * once found, and simple mutations of each. A broken promise aborts; the input is then named. */
#include <dirent.h>
#include <signal.h>

#include "check.h"
#include "fuzz/fuzz.h"

enum { INPUT_MAX = 1 << 16, MUTATIONS = 60 };

static const struct {
  const char *name;
  fuzz_target *target;
} targets[] = {
    {"activation", fuzz_activation},
    {"cifar10", fuzz_cifar10},
    {"config", fuzz_config},
    {"eigenvalues", fuzz_eigenvalues},
    {"hdf5", fuzz_hdf5},
    {"idx", fuzz_idx},
    {"lists", fuzz_lists},
    {"options", fuzz_options},
};

static char running[1024]; /* the input at work, for the message */

static void tell(int signal_number) {
  (void)signal_number;
  if (write(STDERR_FILENO, running, strlen(running)) < 0) _exit(1);
}

static uint32_t state = 2463534242u;

static uint32_t draw(uint32_t below) { /* xorshift: the same mutations on every machine */
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % below;
}

/* Changes, doubles or deletes a few bytes; `data` has room for 64 more. Returns the new size. */
static size_t mutate(uint8_t *data, size_t size) {
  if (size == 0) return 0;
  size_t at = draw((uint32_t)size), span = 1 + draw(16);
  if (span > size - at) span = size - at;
  switch (draw(4)) {
  case 0:
    data[at] = (uint8_t)draw(256);
    return size;
  case 1:
    data[at] ^= (uint8_t)(1u << draw(8));
    return size;
  case 2:
    memmove(data + at, data + at + span, size - at - span);
    return size - span;
  default:
    memmove(data + at + span, data + at, size - at);
    return size + span;
  }
}

static void run_file(const char *path, fuzz_target *target) {
  static uint8_t data[INPUT_MAX], copy[INPUT_MAX + 256];
  FILE *file = fopen(path, "rb");
  size_t size = file ? fread(data, 1, sizeof data, file) : 0;
  CHECK(file && size < sizeof data, "%s: cannot read it, or too large", path);
  if (file) fclose(file);
  for (int k = 0; k <= MUTATIONS; k++) {
    size_t length = size;
    memcpy(copy, data, size);
    for (int i = 0; i < k % 4 + (k > 0); i++) length = mutate(copy, length);
    snprintf(running, sizeof running, "test_fuzz_corpus: %s, mutation %d\n", path, k);
    target(copy, length);
  }
}

/* Returns the number of inputs. */
static int run_folder(const char *name, fuzz_target *target) {
  char folder[300], path[600];
  int inputs = 0;
  snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name);
  struct dirent **entry;
  int count = scandir(folder, &entry, NULL, alphasort);
  for (int i = 0; i < count; i++) {
    if (entry[i]->d_name[0] != '.') {
      snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
      run_file(path, target);
      inputs++;
    }
    free(entry[i]);
  }
  if (count >= 0) free(entry);
  return inputs;
}

int main(void) {
  struct sigaction action = {.sa_handler = tell, .sa_flags = (int)SA_RESETHAND};
  sigaction(SIGABRT, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
  for (size_t k = 0; k < sizeof targets / sizeof targets[0]; k++) {
    int inputs = run_folder(targets[k].name, targets[k].target);
    CHECK(inputs > 2, "tests/fuzz/corpus/%s: %d inputs; run from the root", targets[k].name,
          inputs);
  }
  return check_end("test_fuzz_corpus", 0);
}
