#include "nlrmt/output_contest.h"

#include <stdio.h>

#include "nlrmt/output_theory.h"

enum { PATH_SIZE = NLRMT_OUTPUT_PATH };

static void write_row(nlrmt_h5 *h5, const char *base, const char *group, const char *name,
                      int64_t trials, const double *values, const char *description,
                      const char *unit) {
  char path[PATH_SIZE], trial[PATH_SIZE];
  nlrmt_output_join(trial, base, "trial");
  nlrmt_field f = nlrmt_output_field(path, group, name, 1, trials, 0, description, unit);
  f.scale[0] = trial;
  nlrmt_h5_write(h5, &f, values);
}

void nlrmt_output_contest(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample,
                          const nlrmt_judgement *judgement) {
  for (int i = 0; i < judgement->contests; i++) {
    const nlrmt_contest *c = &judgement->contest[i];
    const char *first = judgement->law[c->first].name, *second = judgement->law[c->second].name;
    char name[64], group[PATH_SIZE];
    snprintf(name, sizeof name, "contest/%s-%s", first, second);
    nlrmt_output_join(group, base, name);
    write_row(h5, base, group, "statistic", sample->done, c->statistic,
              "projection of F_n - F_first on F_second - F_first: 0 at the first law, 1 at the "
              "second",
              "1");
    write_row(h5, base, group, "separation", sample->done, c->separation,
              "integral of |F_second - F_first|", "eigenvalue");
    write_row(h5, base, group, "weight", sample->done, c->weight,
              "integral of (F_second - F_first)^2; 0: the laws coincide, statistic says nothing",
              "eigenvalue");
    nlrmt_h5_attr_text(h5, group, "first", first);
    nlrmt_h5_attr_text(h5, group, "second", second);
  }
}
