/* The command line of nlrmt_sim: strings that end with a zero byte. */
#include <getopt.h>

#include "fuzz.h"
#include "nlrmt/options.h"

enum { MANY = 200 };

int fuzz_options(const uint8_t *data, size_t size) {
  char *copy = fuzz_string(data, size), program[] = "nlrmt_sim", *argv[MANY + 1] = {program};
  int argc = 1;
  for (char *at = copy; at < copy + size && argc < MANY; at += strlen(at) + 1) argv[argc++] = at;
  nlrmt_options options;
  nlrmt_error err = {0};
  optind = 0; /* glibc: begin anew */
  fuzz_check_status(nlrmt_options_parse(argc, argv, &options, &err), &err);
  FUZZ_REQUIRE(options.sets <= NLRMT_OPTIONS_MAX && options.panels <= NLRMT_OPTIONS_MAX, "%d, %d",
               options.sets, options.panels);
  if (err.status == NLRMT_OK && !options.help && !options.version && !options.keys)
    FUZZ_REQUIRE(options.config, "no configuration");
  for (int i = 0; i < options.sets; i++) FUZZ_REQUIRE(options.set[i], "--set %d", i);
  free(copy);
  return 0;
}
FUZZ_ENTRY(fuzz_options)
