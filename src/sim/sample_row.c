#include "nlrmt/sample_row.h"

#include <stdlib.h>
#include <string.h>

enum { PIECES = 10 };

/* An array of a sample: `count` words for each trial; the matrix of one trial for all. */
typedef struct {
  double *at;
  int64_t count;
  bool whole;
} piece;

/* What a trial leaves in a sample; unused arrays have count 0. */
static void list_pieces(const nlrmt_sample *s, const nlrmt_params *params, bool full,
                        piece list[PIECES]) {
  const piece all[PIECES] = {
      {s->lambda, s->n, false},
      {s->drawn, s->gammas, false},
      {s->signal, s->gammas, false},
      {s->overlap, s->cells, false},
      {(double *)s->mtilde, s->mtilde ? 2 * s->zs : 0, false},
      {s->product, s->product ? NLRMT_PRODUCTS : 0, false},
      {s->mean, s->units, false},
      {s->variance, s->units > 0 ? params->layers : 0, false},
      {s->seconds, NLRMT_PHASES, false},
      {s->full, full && s->full ? s->n * s->n : 0, true},
  };
  memcpy(list, all, sizeof all);
}

static double *row_of(const piece *p, int row) {
  return p->whole ? p->at : p->at + (int64_t)row * p->count;
}

size_t nlrmt_sample_words(const nlrmt_sample *sample, const nlrmt_params *params, bool full) {
  piece list[PIECES];
  size_t words = 0;
  list_pieces(sample, params, full, list);
  for (int i = 0; i < PIECES; i++) words += (size_t)list[i].count;
  return words;
}

size_t nlrmt_sample_pack(const nlrmt_sample *sample, const nlrmt_params *params, int row, bool full,
                         double *word) {
  piece list[PIECES];
  size_t used = 0;
  list_pieces(sample, params, full, list);
  for (int i = 0; i < PIECES; i++) {
    size_t count = (size_t)list[i].count;
    if (count > 0) memcpy(word + used, row_of(&list[i], row), count * sizeof *word);
    used += count;
  }
  return used;
}

size_t nlrmt_sample_unpack(nlrmt_sample *sample, const nlrmt_params *params, int row, bool full,
                           const double *word) {
  piece list[PIECES];
  size_t used = 0;
  list_pieces(sample, params, full, list);
  for (int i = 0; i < PIECES; i++) {
    size_t count = (size_t)list[i].count;
    if (count > 0) memcpy(row_of(&list[i], row), word + used, count * sizeof *word);
    used += count;
  }
  return used;
}

typedef struct {
  int trial, row;
} place;

static int by_trial(const void *a, const void *b) {
  const place *x = a, *y = b;
  return (x->trial > y->trial) - (x->trial < y->trial);
}

bool nlrmt_sample_order(const nlrmt_sample *sample, int64_t *order) {
  bool sorted = true;
  for (int t = 0; t < sample->done; t++) {
    order[t] = t;
    sorted = sorted && (t == 0 || sample->trial[t] > sample->trial[t - 1]);
  }
  place *list = sorted ? NULL : malloc((size_t)sample->done * sizeof *list);
  if (!list) return true;
  for (int t = 0; t < sample->done; t++) list[t] = (place){sample->trial[t], t};
  qsort(list, (size_t)sample->done, sizeof *list, by_trial);
  for (int t = 0; t < sample->done; t++) order[t] = list[t].row;
  free(list);
  return false;
}

/* A new array in the order wanted takes the old one's place. */
static void sort_piece(piece *p, int rows, const int64_t *order, double *space) {
  size_t count = (size_t)p->count;
  for (int t = 0; t < rows; t++)
    memcpy(space + (size_t)t * count, p->at + (size_t)order[t] * count, count * sizeof *space);
  memcpy(p->at, space, (size_t)rows * count * sizeof *space);
}

static void sort_failures(nlrmt_sample *s) {
  for (int i = 1; i < s->failed; i++) /* few */
    for (int k = i; k > 0 && s->failed_trial[k] < s->failed_trial[k - 1]; k--) {
      int trial = s->failed_trial[k];
      nlrmt_error failure = s->failure[k];
      s->failed_trial[k] = s->failed_trial[k - 1];
      s->failure[k] = s->failure[k - 1];
      s->failed_trial[k - 1] = trial;
      s->failure[k - 1] = failure;
    }
}

nlrmt_status nlrmt_sample_sort(nlrmt_sample *sample, const nlrmt_params *params,
                               const int64_t *order, nlrmt_error *err) {
  piece list[PIECES];
  int64_t widest = 1;
  sort_failures(sample);
  if (!order) return NLRMT_OK;
  size_t rows = (size_t)sample->done;
  list_pieces(sample, params, false, list);
  for (int i = 0; i < PIECES; i++)
    if (list[i].count > widest) widest = list[i].count;
  double *space = malloc((rows + 1) * (size_t)widest * sizeof *space);
  int *trial = malloc((rows + 1) * sizeof *trial);
  if (!space || !trial) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "out of memory: %zu trials in order", rows);
  } else {
    for (int i = 0; i < PIECES; i++)
      if (list[i].count > 0) sort_piece(&list[i], sample->done, order, space);
    for (size_t t = 0; t < rows; t++) trial[t] = sample->trial[order[t]];
    memcpy(sample->trial, trial, rows * sizeof *trial);
  }
  free(space);
  free(trial);
  return err->status;
}
