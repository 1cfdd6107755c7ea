#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config_table.h"

/* ---- what follows from the keys together ---- */

/* n = a ratio of dimensions, rounded; `what` says how it came about. */
static nlrmt_status round_dimension(const char *what, double ratio, int64_t *n, nlrmt_error *err) {
  double rounded = round(ratio);
  if (!(rounded >= 1 && rounded <= INT32_MAX))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s must be from 1 to %d, comes out as %.6g", what,
                      INT32_MAX, rounded);
  *n = (int64_t)rounded;
  return NLRMT_OK;
}

/* n_1 .. n_L: as listed, or all n1. */
static nlrmt_status derive_widths(nlrmt_settings *settings, const char **blame, nlrmt_error *err) {
  nlrmt_params *p = &settings->p;
  *blame = "model.widths";
  if (settings->widths == 0) {
    for (int l = 0; l < p->layers; l++) p->width[l] = p->n1;
  } else if (settings->widths != (size_t)p->layers) {
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "must have one number for each of the %d layers of model.layers, has %zu",
                      p->layers, settings->widths);
  } else if (p->n1 != p->width[0]) {
    return nlrmt_fail(
        err, NLRMT_ERR_CONFIG,
        "the first layer has %lld units here, but n1 = %lld by model.n1 or model.psi: "
        "leave that out",
        (long long)p->width[0], (long long)p->n1);
  }
  *blame = "spectrum.layers";
  for (int i = 0; i < p->shown; i++)
    if (p->show[i] > p->layers)
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "layer %d: model.layers is %d", p->show[i],
                        p->layers);
  if (p->shown == 0 || p->show[p->shown - 1] < p->layers) p->show[p->shown++] = p->layers;
  return NLRMT_OK;
}

nlrmt_params nlrmt_params_layer(const nlrmt_params *params, int layer) {
  nlrmt_params own = *params;
  own.layer = layer;
  own.inputs = params->layer > 1 ? params->inputs : params->n0;
  own.n0 = layer > 1 ? params->width[layer - 2] : own.inputs;
  own.n1 = params->width[layer - 1];
  own.phi = (double)own.n0 / (double)own.m;
  own.psi = (double)own.n0 / (double)own.n1;
  return own;
}

static nlrmt_status derive_dimensions(nlrmt_params *p, const char **blame, nlrmt_error *err) {
  nlrmt_status status = NLRMT_OK;
  bool files = nlrmt_data_from_files(&p->data), none = p->n0 == 0 && p->phi == 0;
  *blame = "model.phi";
  if (none && !files)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "missing: give model.phi or model.n0");
  if (p->n0 == 0 && !none)
    status = round_dimension("n0 = round(phi m)", p->phi * (double)p->m, &p->n0, err);
  if (status != NLRMT_OK) return status;
  *blame = "model.psi";
  if (p->n1 == 0 && p->psi == 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "missing: give model.psi or model.n1");
  if (none) return NLRMT_OK; /* the files decide */
  if (p->n1 == 0)
    status = round_dimension("n1 = round(n0/psi)", (double)p->n0 / p->psi, &p->n1, err);
  if (status != NLRMT_OK) return status;
  p->phi = (double)p->n0 / (double)p->m;
  p->psi = (double)p->n0 / (double)p->n1;
  return NLRMT_OK;
}

bool nlrmt_data_from_files(const nlrmt_data *data) {
  return data->source >= NLRMT_SOURCE_IDX;
}

nlrmt_status nlrmt_params_set_n0(nlrmt_params *params, int64_t n0, nlrmt_error *err) {
  const char *blame;
  nlrmt_error reason = {0};
  if (params->n0 != 0 && params->n0 != n0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "model.phi, model.n0: n0 = %lld, but data.path has samples of %lld features: "
                      "leave both out",
                      (long long)params->n0, (long long)n0);
  params->n0 = n0;
  if (derive_dimensions(params, &blame, &reason) != NLRMT_OK)
    nlrmt_fail(err, reason.status, "%s: %s", blame, reason.text);
  params->width[0] = params->n1; /* samples in files: one layer */
  return err->status;
}

static nlrmt_status derive_bias(nlrmt_settings *settings, const char **blame, nlrmt_error *err) {
  nlrmt_bias *bias = &settings->p.bias;
  if (bias->law != NLRMT_BIAS_DISCRETE) return NLRMT_OK;
  *blame = settings->values == 0 ? "bias.values" : "bias.weights";
  if (settings->values == 0 || settings->weights == 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "missing: bias.law = discrete needs it");
  if (settings->values != settings->weights)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "must have as many numbers as bias.values, %zu, has %zu", settings->values,
                      settings->weights);
  bias->count = settings->values;
  double sum = 0;
  for (size_t i = 0; i < bias->count; i++) sum += bias->weights[i];
  if (!(fabs(sum - 1) <= 1e-9))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must sum to 1, sum to %.12g", sum);
  return NLRMT_OK;
}

/* As many probabilities as components, or one fewer: the last component gets the rest. */
static nlrmt_status derive_probabilities(nlrmt_settings *settings, nlrmt_error *err) {
  nlrmt_mixture *mixture = &settings->p.mixture;
  int given = (int)settings->probabilities, count = settings->components;
  double sum = 0;
  if (given == 0 && count > 1)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "missing: mixture.components needs it");
  if (given != count && given != count - 1)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "must have as many numbers as mixture.components, %d, or one fewer, has %d",
                      count, given);
  for (int i = 0; i < given; i++) sum += mixture->p[i] = settings->probability[i];
  if (given == count && !(fabs(sum - 1) <= 1e-9))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must sum to 1, sum to %.12g", sum);
  if (!(sum <= 1 + 1e-9))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "must sum to at most 1, the last component gets the rest; sum to %.12g", sum);
  if (given < count) mixture->p[given] = fmax(0, 1 - sum);
  return NLRMT_OK;
}

/* The components with their standard deviation s of z + b; one, activation.f, without [mixture]. */
static nlrmt_status derive_mixture(nlrmt_settings *settings, double s, const char **blame,
                                   nlrmt_error *err) {
  nlrmt_mixture *mixture = &settings->p.mixture;
  nlrmt_status status = NLRMT_OK;
  bool single = settings->components == 0;
  *blame = "mixture.probabilities";
  if (single && settings->probabilities > 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "needs mixture.components, which is missing");
  mixture->count = single ? 1 : settings->components;
  if (single) {
    mixture->f[0] = settings->f;
    mixture->p[0] = 1;
  } else if (derive_probabilities(settings, err) != NLRMT_OK) {
    return err->status;
  }
  *blame = single ? "activation.f" : "mixture.components";
  for (int i = 0; i < mixture->count && status == NLRMT_OK; i++)
    status = nlrmt_activation_init(&mixture->f[i], mixture->f[i].name, s, err);
  return status;
}

/* A discrete population, with two values and equal weights unless others are given. */
static void derive_bimodal(nlrmt_data *data) {
  data->source = NLRMT_SOURCE_DISCRETE;
  data->population = true;
  if (data->count > 0) return;
  data->count = 2;
  data->values[0] = 0.2;
  data->values[1] = 1.8;
}

/* What the sources in files need: a path, and labels where classes are to be told apart. */
static nlrmt_status derive_files(const nlrmt_data *data, const char **blame, nlrmt_error *err) {
  *blame = "data.path";
  if (data->source < NLRMT_SOURCE_SPECTRUM) return NLRMT_OK;
  if (!*data->path)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "missing: data.source = %s needs it",
                      nlrmt_source_words[data->source]);
  if (data->source == NLRMT_SOURCE_HDF5 && !strstr(data->path, ":/"))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must be FILE.h5:/dataset, got \"%s\"", data->path);
  *blame = "data.classes";
  if (data->source == NLRMT_SOURCE_HDF5 && data->classes > 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "data.source = hdf5 has no labels: leave it out");
  *blame = "data.label_path";
  if (data->source == NLRMT_SOURCE_IDX && data->classes > 0 && !*data->label_path)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "missing: data.classes needs it");
  return NLRMT_OK;
}

/* The keys that the source needs, and only they. */
static nlrmt_status derive_data(nlrmt_settings *settings, const char **blame, nlrmt_error *err) {
  nlrmt_data *data = &settings->p.data;
  data->population = settings->of == 1;
  data->mean_subtract = settings->mean_subtract == 1;
  settings->p.entries_x =
      settings->entries_x == 0 ? settings->p.entries : (nlrmt_entries)(settings->entries_x - 1);
  if (settings->p.dof_x == 0) settings->p.dof_x = settings->p.dof;
  if (data->source == NLRMT_SOURCE_BIMODAL) derive_bimodal(data);
  if (derive_files(data, blame, err) != NLRMT_OK) return err->status;
  if (data->source != NLRMT_SOURCE_DISCRETE) return NLRMT_OK;
  *blame = "data.values";
  double sum = 0, total = 0;
  for (size_t i = 0; i < data->count; i++) total += data->values[i];
  if (data->count == 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "missing: data.source = discrete needs it");
  if (total == 0) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must not all be 0");
  *blame = "data.weights";
  if (data->weighted == 0) return NLRMT_OK;
  if (data->weighted != data->count)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "must have as many numbers as data.values, %zu, has %zu", data->count,
                      data->weighted);
  for (size_t i = 0; i < data->count; i++) sum += data->weights[i];
  if (!(fabs(sum - 1) <= 1e-9))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "must sum to 1, sum to %.12g", sum);
  return NLRMT_OK;
}

/* What optimum.h asks for. */
static nlrmt_status check_optimum(const nlrmt_params *p, const char **blame, nlrmt_error *err) {
  *blame = "ridge.optimum";
  if (!p->optimum[0] && !p->optimum[1]) return NLRMT_OK;
  if (p->gammas == 0) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "needs ridge.gamma");
  if (p->data.source != NLRMT_SOURCE_GAUSSIAN)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "needs data.source = gaussian");
  return NLRMT_OK;
}

bool nlrmt_params_deep(const nlrmt_params *params) {
  bool given = false;
  for (int i = 0; i < params->laws; i++) given = given || strcmp(params->law[i], "depth_b") == 0;
  return params->layers > 1 || params->batch_norm || given;
}

bool nlrmt_params_kernel(const nlrmt_params *p) {
  for (int i = 0; i < p->laws; i++)
    if (strncmp(p->law[i], "kernel", 6) == 0) return true;
  return false;
}

size_t nlrmt_params_kernels(const nlrmt_params *p) {
  size_t components = 0;
  for (int i = 0; i < p->mixture.count; i++) components += p->mixture.p[i] > 0;
  return components * nlrmt_bias_atoms(&p->bias);
}

/* What speaks of one layer alone. */
static nlrmt_status check_layers(const nlrmt_params *p, const char **blame, nlrmt_error *err) {
  const char *reason = NULL;
  *blame = "model.layers";
  if (!nlrmt_params_deep(p)) return NLRMT_OK;
  if (nlrmt_params_kernel(p)) reason = "theory.laws = kernel";
  if (p->vectors != NLRMT_VECTORS_NO) reason = "spectrum.vectors";
  if (p->gammas > 0 && p->sigma_a > 0) reason = "ridge.sigma_a > 0";
  if (p->optimum[0] || p->optimum[1]) reason = "ridge.optimum";
  if (p->mtilde) reason = "spectrum.stieltjes_mtilde";
  if (p->surrogate != NLRMT_SURROGATE_NO) reason = "model.surrogate";
  if (p->cumulants) reason = "spectrum.cumulants";
  if (nlrmt_data_from_files(&p->data)) reason = "samples in files";
  if (reason)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "%s: not with several layers, batch norm or the law depth_b", reason);
  return NLRMT_OK;
}

/* What the simulation of complex features does not do. */
static nlrmt_status check_field(const nlrmt_params *p, const char **blame, nlrmt_error *err) {
  const char *reason = NULL;
  *blame = "model.field";
  if (!p->complex_field) return NLRMT_OK;
  if (nlrmt_params_deep(p)) reason = "several layers, batch norm or the law depth_b";
  for (int i = 0; i < p->laws; i++)
    if (strcmp(p->law[i], "depth") == 0) reason = "theory.laws = depth";
  if (p->vectors != NLRMT_VECTORS_NO) reason = "spectrum.vectors";
  if (p->gammas > 0) reason = "ridge.gamma";
  if (p->cumulants) reason = "spectrum.cumulants";
  if (p->mtilde) reason = "spectrum.stieltjes_mtilde";
  if (p->surrogate != NLRMT_SURROGATE_NO) reason = "model.surrogate";
  if (p->cumulants) reason = "spectrum.cumulants";
  if (p->data.source != NLRMT_SOURCE_GAUSSIAN) reason = "data.source other than gaussian";
  if (reason) return nlrmt_fail(err, NLRMT_ERR_CONFIG, "complex: not with %s", reason);
  return NLRMT_OK;
}

/* The law kernel is that of K for one X which stays over the trials. */
static nlrmt_status check_laws(const nlrmt_params *p, const char **blame, nlrmt_error *err) {
  *blame = "theory.laws";
  if (!nlrmt_params_kernel(p)) return NLRMT_OK;
  if (!nlrmt_data_from_files(&p->data))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "kernel needs samples that stay over the trials: data.source must be one of "
                      "idx, cifar10, hdf5, got %s",
                      nlrmt_source_words[p->data.source]);
  if (p->matrix != NLRMT_SPECTRUM_K)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "kernel is a law of K: spectrum.matrix must be K");
  if (p->surrogate != NLRMT_SURROGATE_NO)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "kernel is the law of f itself: model.surrogate must be no");
  if (nlrmt_params_kernels(p) > NLRMT_KERNELS_MAX)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "kernel takes at most %d pairs of a component and a bias, got %zu: use fewer "
                      "mixture.components or bias.values",
                      NLRMT_KERNELS_MAX, nlrmt_params_kernels(p));
  return NLRMT_OK;
}

/* Rows of X can be rotated with K or with its eigenvectors, not with both. */
static nlrmt_status check_stieltjes(const nlrmt_params *p, const char **blame, nlrmt_error *err) {
  *blame = "spectrum.stieltjes_mtilde";
  if (p->mtilde && p->zs == 0)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "needs spectrum.stieltjes_z, which is missing");
  if (p->mtilde && p->vectors != NLRMT_VECTORS_NO)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "not together with spectrum.vectors");
  return NLRMT_OK;
}

/* The cycle correlations are those of features of independent entries. */
static nlrmt_status check_cumulants(const nlrmt_params *p, const char **blame, nlrmt_error *err) {
  *blame = "spectrum.cumulants";
  if (!p->cumulants) return NLRMT_OK;
  if (p->data.source != NLRMT_SOURCE_GAUSSIAN)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "needs independent entries of X: data.source must be "
                      "gaussian, got %s",
                      nlrmt_source_words[p->data.source]);
  if (p->surrogate != NLRMT_SURROGATE_NO)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "is about f itself: model.surrogate must be no");
  if (p->n0 < 3 || p->n1 < 3 || p->m < 3)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "needs model.m, n0 and n1 of 3 or more");
  return NLRMT_OK;
}

const char *nlrmt_params_narrow(const nlrmt_params *p, nlrmt_precision mode) {
  if (mode == NLRMT_PRECISION_DOUBLE) return NULL;
  if (nlrmt_params_deep(p)) return "several layers, batch norm or the law depth_b";
  if (p->complex_field) return "model.field = complex";
  if (p->gammas > 0) return "ridge.gamma";
  if (p->vectors != NLRMT_VECTORS_NO) return "spectrum.vectors";
  if (p->mtilde) return "spectrum.stieltjes_mtilde";
  if (p->surrogate != NLRMT_SURROGATE_NO) return "model.surrogate";
  if (p->data.source != NLRMT_SOURCE_GAUSSIAN) return "data.source other than gaussian";
  if (mode != NLRMT_PRECISION_FAST) return NULL;
  if (p->n0 > NLRMT_FAST_INNER_MAX) return "n0 above 2^19, where integer sums overflow";
  for (int i = 0; i < 2; i++) { /* the default gives way, what was chosen does not */
    nlrmt_entries law = i == 0 ? p->entries : p->entries_x;
    if (law != NLRMT_ENTRIES_GAUSSIAN && law != NLRMT_ENTRIES_LATTICE)
      return "entries that are neither gaussian nor lattice";
  }
  return NULL;
}

void nlrmt_params_set_precision(nlrmt_params *p, nlrmt_precision mode) {
  p->precision = mode;
  if (mode == NLRMT_PRECISION_FAST) p->entries = p->entries_x = NLRMT_ENTRIES_LATTICE;
}

/* Mode auto finds its way around what a mode cannot do. */
static nlrmt_status derive_precision(nlrmt_settings *settings, const char **blame,
                                     nlrmt_error *err) {
  nlrmt_precision mode = (nlrmt_precision)settings->precision;
  *blame = "parallel.precision";
  if (mode != NLRMT_PRECISION_AUTO) {
    const char *reason = nlrmt_params_narrow(&settings->p, mode);
    if (reason)
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: not with %s, use double or auto",
                        nlrmt_config_precision_name(mode), reason);
  }
  nlrmt_params_set_precision(&settings->p, mode);
  return NLRMT_OK;
}

nlrmt_status nlrmt_settings_derive(nlrmt_settings *settings, const char **blame, nlrmt_error *err) {
  nlrmt_params *p = &settings->p;
  nlrmt_status status = NLRMT_OK;
  if (settings->widths > 0 && p->n1 == 0 && p->psi == 0) p->n1 = p->width[0];
  status = derive_dimensions(p, blame, err);
  p->normalize = settings->normalize == 1;
  p->batch_norm = settings->batch_norm == 1;
  p->complex_field = settings->complex_field == 1;
  p->mtilde = settings->mtilde == 1;
  p->cumulants = settings->cumulants == 1;
  p->layer = 1;
  if (status == NLRMT_OK) status = derive_widths(settings, blame, err);
  if (status == NLRMT_OK) status = derive_bias(settings, blame, err);
  if (status == NLRMT_OK) status = derive_data(settings, blame, err);
  if (status == NLRMT_OK) status = check_optimum(p, blame, err);
  if (status == NLRMT_OK) status = check_layers(p, blame, err);
  if (status == NLRMT_OK) status = check_field(p, blame, err);
  if (status == NLRMT_OK) status = check_stieltjes(p, blame, err);
  if (status == NLRMT_OK) status = check_cumulants(p, blame, err);
  if (status == NLRMT_OK) status = derive_precision(settings, blame, err);
  if (status != NLRMT_OK) return status;
  double part = p->complex_field ? sqrt(0.5) : 1; /* of a real or imaginary part */
  double sigma_z = part * p->sigma_w * p->sigma_x, rms = nlrmt_bias_rms(&p->bias);
  double s = hypot(sigma_z, rms);
  *blame = rms < 1e100                          ? "model.sigma_w"
           : p->bias.law == NLRMT_BIAS_DISCRETE ? "bias.values"
                                                : "bias.sigma";
  /* far from overflow and underflow, so that the variances that the theory needs exist too */
  if (!(s < 1e100 && sigma_z > 1e-100))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "f's argument has standard deviation %.3g (sigma_w sigma_x = %.3g): rescale",
                      s, sigma_z);
  if (derive_mixture(settings, s, blame, err) != NLRMT_OK) return err->status;
  return check_laws(p, blame, err);
}
