#include "nlrmt/output_cumulants.h"

#include "nlrmt/cumulants.h"
#include "nlrmt/output_theory.h"

enum { PATH_SIZE = NLRMT_OUTPUT_PATH };

static const char PRODUCTS[] = "cumulants/products";

static int64_t block(int64_t n) {
  return n < NLRMT_CUMULANTS_BLOCK ? n : NLRMT_CUMULANTS_BLOCK;
}

void nlrmt_output_cumulants_begin(nlrmt_h5 *h5, const char *base, const nlrmt_params *params) {
  char path[PATH_SIZE], trial[PATH_SIZE], group[PATH_SIZE];
  if (!params->cumulants) return;
  nlrmt_output_join(trial, base, "trial");
  nlrmt_field f = nlrmt_output_field(
      path, base, PRODUCTS, 2, 0, NLRMT_PRODUCTS,
      "mean products of entries: around cycles of length 2, 4, 6; of pairs in a column, in a row, "
      "apart; all of F with h(b) taken off each row; of pairs in a row of F itself",
      NULL);
  f.normalisation = "per cycle, or pair, of distinct rows and columns";
  f.scale[0] = trial;
  nlrmt_h5_growing(h5, &f, false);
  nlrmt_output_join(group, base, "cumulants");
  nlrmt_h5_attr_int(h5, group, "rows", block(params->n1));
  nlrmt_h5_attr_int(h5, group, "columns", block(params->m));
}

void nlrmt_output_cumulants_trial(nlrmt_h5 *h5, const char *base, const nlrmt_sample *sample) {
  char path[PATH_SIZE];
  if (!sample->product) return;
  nlrmt_output_join(path, base, PRODUCTS);
  nlrmt_h5_append(h5, path, sample->product + (int64_t)(sample->done - 1) * NLRMT_PRODUCTS);
}

bool nlrmt_output_cumulants_load(nlrmt_h5 *h5, const char *base, int64_t rows,
                                 nlrmt_sample *sample) {
  char path[PATH_SIZE];
  if (!sample->product) return true;
  nlrmt_output_join(path, base, PRODUCTS);
  return nlrmt_h5_read(h5, path, (size_t)(rows * NLRMT_PRODUCTS), sample->product);
}

static void write_kappas(nlrmt_h5 *h5, const char *base, const char *name, const double *values,
                         const char *description) {
  char path[PATH_SIZE];
  nlrmt_field f =
      nlrmt_output_field(path, base, name, 1, NLRMT_KAPPAS, 0, description, "product of entries");
  nlrmt_h5_write(h5, &f, values);
}

nlrmt_status nlrmt_output_cumulants_point(nlrmt_h5 *h5, const char *base,
                                          const nlrmt_params *params, const nlrmt_sample *sample,
                                          nlrmt_error *err) {
  char group[PATH_SIZE];
  nlrmt_cumulants c;
  if (!sample->product) return NLRMT_OK;
  if (nlrmt_cumulants_judge(params, sample, &c, err) != NLRMT_OK) return err->status;
  write_kappas(h5, base, "cumulants/kappa", c.kappa,
               "cumulants over cycles of length 2, 4, 6, and along a row of F");
  write_kappas(h5, base, "cumulants/predicted", c.predicted,
               "E eta, theta2^2/n0, theta2^3/n0^2, theta1b");
  if (sample->done > 1) {
    write_kappas(h5, base, "cumulants/kappa_se", c.se, "standard errors of kappa");
    write_kappas(h5, base, "cumulants/z_score", c.z,
                 "kappa minus predicted, in its standard errors");
  }
  nlrmt_output_join(group, base, "cumulants");
  nlrmt_h5_attr_double(h5, group, "theta1", c.theta1);
  nlrmt_h5_attr_double(h5, group, "theta1b", c.theta1b);
  nlrmt_h5_attr_double(h5, group, "theta2", c.theta2);
  return NLRMT_OK;
}
