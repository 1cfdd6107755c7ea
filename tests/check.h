/* check: the test programs' counters. One CHECK is one test; a program ends with return check_end().
 * In an MPI test every rank checks; rank 0 prints the closing line, any rank's failure fails the run. */
#ifndef NLRMT_TESTS_CHECK_H
#define NLRMT_TESTS_CHECK_H

#include <stdio.h>

static int check_passed, check_failed;

/* Counts cond; prints where, what and the printf-style values if it does not hold. */
#define CHECK(cond, ...)                                                                           \
  do {                                                                                             \
    if (cond) {                                                                                    \
      check_passed++;                                                                              \
    } else {                                                                                       \
      check_failed++;                                                                              \
      printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #cond);                                       \
      printf(__VA_ARGS__);                                                                         \
      printf("\n");                                                                                \
      fflush(stdout);                                                                              \
    }                                                                                              \
  } while (0)

/* rank: 0 in a serial test. Returns the exit status. */
static inline int check_end(const char *name, int rank) {
  if (rank == 0) printf("%s: %d passed, %d failed\n", name, check_passed, check_failed);
  return check_failed != 0;
}

#endif
