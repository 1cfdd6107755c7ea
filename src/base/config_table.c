#include "config_table.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config_set.h"

/* ---- the table ---- */

static const char *const section_names[] = {"experiment", "model",   "activation", "mixture",
                                            "bias",       "data",    "spectrum",   "theory",
                                            "ridge",      "parallel"};
enum { SECTIONS = sizeof section_names / sizeof section_names[0] };

/* in the order of the enums nlrmt_entries (of X: after the word for those of W), nlrmt_bias_law,
 * nlrmt_spectrum_matrix, nlrmt_data_source; data.of: false, true; nlrmt_params.optimum */
static const char *const entries_words[] = {"gaussian",    "rademacher", "uniform", "lattice",
                                            "exponential", "student_t",  NULL};
static const char *const entries_x_words[] = {"model",   "gaussian",    "rademacher", "uniform",
                                              "lattice", "exponential", "student_t",  NULL};
static const char *const surrogate_words[] = {"no", "linear", NULL};
static const char *const bias_words[] = {"none",    "gaussian", "bernoulli",
                                         "uniform", "discrete", NULL};
static const char *const matrix_words[] = {"K", "M", NULL};
static const char *const vectors_words[] = {"no", "blocks", "full", NULL};
static const char *const source_words[] = {"gaussian", "discrete", "spectrum", "bimodal",
                                           "idx",      "cifar10",  "hdf5",     NULL};
static const char *const of_words[] = {"sample", "population", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const field_words[] = {"real", "complex", NULL};
static const char *const family_words[] = {"single", "mixture", NULL};
static const char *const law_words[] = {"alp",    "alp_b",    "ps",    "ps_b",    "mp",
                                        "kernel", "kernel_b", "depth", "depth_b", NULL};
static const char *const precision_words[] = {"double", NULL};
static const char *const eigensolver_words[] = {"auto", "lapack", "scalapack", "elpa2", NULL};

const nlrmt_key nlrmt_keys[] = {
    {.name = "experiment.name",
     .set = nlrmt_set_name,
     .global = true,
     .allowed = "1 to 63 letters, digits, _ or -",
     .meaning = "names the output file; default: the configuration file's name"},
    {.name = "experiment.title",
     .set = nlrmt_set_title,
     .global = true,
     .field = offsetof(nlrmt_settings, title),
     .allowed = "text, 180 bytes",
     .meaning = "title of the figure"},
    {.name = "experiment.seed",
     .fallback = "1",
     .set = nlrmt_set_uint64,
     .field = offsetof(nlrmt_settings, p.seed),
     .allowed = "from 0 to 2^64 - 1",
     .meaning = "of all random numbers"},
    {.name = "experiment.trials",
     .fallback = "1",
     .set = nlrmt_set_int,
     .field = offsetof(nlrmt_settings, p.trials),
     .lo = 1,
     .hi = 1e6,
     .meaning = "independent draws for each point"},
    {.name = "experiment.first_trial",
     .fallback = "0",
     .set = nlrmt_set_int,
     .field = offsetof(nlrmt_settings, p.first_trial),
     .lo = 0,
     .hi = 1e9,
     .meaning = "number of the first draw: tasks of one campaign take disjoint ranges of numbers"},

    {.name = "model.m",
     .set = nlrmt_set_int64,
     .required = true,
     .field = offsetof(nlrmt_settings, p.m),
     .lo = 1,
     .hi = INT32_MAX,
     .meaning = "samples: columns of X; may be written 2^14"},
    {.name = "model.phi",
     .set = nlrmt_set_real,
     .rival = "model.n0",
     .field = offsetof(nlrmt_settings, p.phi),
     .lo = 0,
     .open = true,
     .hi = INFINITY,
     .meaning = "n0/m; n0 is rounded; either phi or n0, neither for samples in files"},
    {.name = "model.n0",
     .set = nlrmt_set_int64,
     .rival = "model.phi",
     .field = offsetof(nlrmt_settings, p.n0),
     .lo = 1,
     .hi = INT32_MAX,
     .meaning = "input dimension: rows of X"},
    {.name = "model.psi",
     .set = nlrmt_set_real,
     .rival = "model.n1",
     .field = offsetof(nlrmt_settings, p.psi),
     .lo = 0,
     .open = true,
     .hi = INFINITY,
     .meaning = "n0/n1; n1 is rounded; either psi or n1"},
    {.name = "model.n1",
     .set = nlrmt_set_int64,
     .rival = "model.psi",
     .field = offsetof(nlrmt_settings, p.n1),
     .lo = 1,
     .hi = INT32_MAX,
     .meaning = "hidden units: rows of W and F"},
    {.name = "model.sigma_w",
     .fallback = "1",
     .set = nlrmt_set_real,
     .field = offsetof(nlrmt_settings, p.sigma_w),
     .lo = 0,
     .open = true,
     .hi = INFINITY,
     .meaning = "entries of W have variance sigma_w^2/n0"},
    {.name = "model.entries",
     .fallback = "gaussian",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, p.entries),
     .words = entries_words,
     .meaning = "law of the entries of W and X, of variance 1 before scaling; lattice: integers, a "
                "discrete Gaussian; exponential: centred"},
    {.name = "model.dof",
     .fallback = "5",
     .set = nlrmt_set_real,
     .field = offsetof(nlrmt_settings, p.dof),
     .lo = 2,
     .open = true,
     .hi = INFINITY,
     .meaning = "student_t: degrees of freedom; moments exist below this order"},
    {.name = "model.surrogate",
     .fallback = "no",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, p.surrogate),
     .words = surrogate_words,
     .meaning = "linear: in place of F the linear model with noise that has the same eta and zeta "
                "in every row, and no row means"},

    {.name = "model.field",
     .fallback = "real",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, complex_field),
     .words = field_words,
     .meaning =
         "entries of W and X; complex: f acts on real and imaginary part of WX, each with the "
         "row's bias"},
    {.name = "model.layers",
     .fallback = "1",
     .set = nlrmt_set_int,
     .field = offsetof(nlrmt_settings, p.layers),
     .lo = 1,
     .hi = NLRMT_LAYERS_MAX,
     .meaning = "hidden layers L: Y_l = f(W_l Y_(l-1) + b_l), Y_0 = X, fresh W_l, b_l; F = Y_L"},
    {.name = "model.widths",
     .set = nlrmt_set_widths,
     .list = true,
     .lo = 1,
     .hi = INT32_MAX,
     .allowed = "list, one integer a layer",
     .meaning = "n_1, ..., n_L; without it all are n1"},
    {.name = "model.batch_norm",
     .fallback = "no",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, batch_norm),
     .words = yes_words,
     .meaning = "every Y_l is scaled to empirical variance 1"},

    {.name = "activation.f",
     .fallback = "relu",
     .set = nlrmt_set_activation,
     .rival = "mixture.components",
     .field = offsetof(nlrmt_settings, f),
     .meaning = "the nonlinearity in F = f(WX + b), or an expression in x and b in double quotes, "
                "as \"max(x,0) + b*x\""},
    {.name = "activation.normalize",
     .fallback = "no",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, normalize),
     .words = yes_words,
     .meaning = "f scaled to E eta(b) = 1 over the law of the biases and the mixture"},

    {.name = "mixture.components",
     .set = nlrmt_set_components,
     .rival = "activation.f",
     .list = true,
     .allowed = "list of f, 8 at most",
     .meaning = "each row of F draws one of these, instead of activation.f"},
    {.name = "mixture.probabilities",
     .set = nlrmt_set_probabilities,
     .of = "mixture.components",
     .list = true,
     .sweepable = true,
     .lo = 0,
     .hi = 1,
     .allowed = "list, sums to 1",
     .meaning = "their probabilities; the last may be left out: the rest. May be swept where one "
                "number says all"},

    {.name = "bias.law",
     .fallback = "none",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, p.bias.law),
     .words = bias_words,
     .meaning = "law of the biases, one per row of F"},
    {.name = "bias.sigma",
     .fallback = "1",
     .set = nlrmt_set_real,
     .field = offsetof(nlrmt_settings, p.bias.sigma),
     .lo = 0,
     .hi = INFINITY,
     .meaning = "gaussian, uniform: standard deviation; bernoulli: the value that is not 0"},
    {.name = "bias.p",
     .fallback = "0.5",
     .set = nlrmt_set_real,
     .field = offsetof(nlrmt_settings, p.bias.p),
     .lo = 0,
     .hi = 1,
     .meaning = "bernoulli: probability of sigma, else 0"},
    {.name = "bias.values",
     .set = nlrmt_set_values,
     .list = true,
     .lo = -INFINITY,
     .hi = INFINITY,
     .allowed = "list, 32 at most",
     .meaning = "discrete: the values"},
    {.name = "bias.weights",
     .set = nlrmt_set_weights,
     .list = true,
     .lo = 0,
     .hi = INFINITY,
     .allowed = "list, sums to 1",
     .meaning = "discrete: their probabilities"},

    {.name = "data.source",
     .fallback = "gaussian",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, p.data.source),
     .words = source_words,
     .meaning =
         "X: drawn with the law data.entries; its eigenvalues, listed or in a file; bimodal: a "
         "discrete population, values 0.2, 1.8 unless given; samples in files: IDX images, "
         "CIFAR-10 batches, HDF5"},
    {.name = "data.entries",
     .fallback = "model",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, entries_x),
     .words = entries_x_words,
     .meaning = "law of the entries of X where it is drawn; model: as model.entries"},
    {.name = "data.dof",
     .set = nlrmt_set_real,
     .field = offsetof(nlrmt_settings, p.dof_x),
     .lo = 2,
     .open = true,
     .hi = INFINITY,
     .meaning = "student_t: degrees of freedom; default: model.dof"},
    {.name = "data.of",
     .fallback = "sample",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, of),
     .words = of_words,
     .meaning = "discrete, spectrum: eigenvalues of X'X/n0 (theory alone), or of the covariance "
                "matrix of its columns"},
    {.name = "data.values",
     .set = nlrmt_set_data_values,
     .list = true,
     .lo = 0,
     .hi = INFINITY,
     .allowed = "list, 32 at most, >= 0",
     .meaning = "discrete: the eigenvalues, in units of sigma_x^2"},
    {.name = "data.weights",
     .set = nlrmt_set_data_weights,
     .list = true,
     .lo = 0,
     .hi = INFINITY,
     .allowed = "list, sums to 1",
     .meaning = "discrete: their shares; default: equal"},
    {.name = "data.path",
     .set = nlrmt_set_path,
     .field = offsetof(nlrmt_settings, p.data.path),
     .allowed = "text, 180 bytes",
     .meaning =
         "spectrum: text file, one eigenvalue a line, in units of sigma_x^2; # comments. idx: "
         "images, may be .gz. cifar10: folder, or files a, b, c. hdf5: FILE.h5:/dataset, one "
         "sample a row"},
    {.name = "data.label_path",
     .set = nlrmt_set_path,
     .field = offsetof(nlrmt_settings, p.data.label_path),
     .allowed = "text, 180 bytes",
     .meaning = "idx: file of the labels, may be .gz"},
    {.name = "data.classes",
     .set = nlrmt_set_classes,
     .list = true,
     .lo = 0,
     .hi = 255,
     .allowed = "list, 32 at most",
     .meaning = "idx, cifar10: labels of the samples to choose from; default: all"},
    {.name = "data.mean_subtract",
     .fallback = "no",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, mean_subtract),
     .words = yes_words,
     .meaning = "samples in files: take each feature's mean away"},
    {.name = "data.sigma_x",
     .fallback = "1",
     .set = nlrmt_set_real,
     .field = offsetof(nlrmt_settings, p.sigma_x),
     .lo = 0,
     .open = true,
     .hi = INFINITY,
     .meaning = "entries of X have variance sigma_x^2; samples in files are scaled to it"},

    {.name = "spectrum.matrix",
     .fallback = "K",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, p.matrix),
     .words = matrix_words,
     .meaning = "K = F'F/n1 (m x m) or M = FF'/m (n1 x n1)"},
    {.name = "spectrum.bins",
     .fallback = "100",
     .set = nlrmt_set_int,
     .field = offsetof(nlrmt_settings, p.bins),
     .lo = 1,
     .hi = 1e5,
     .meaning = "bins of the histogram"},
    {.name = "spectrum.range",
     .fallback = "auto",
     .set = nlrmt_set_range,
     .list = true,
     .lo = -INFINITY,
     .hi = INFINITY,
     .allowed = "auto, or LO, HI",
     .meaning = "range of the histogram; auto: what the theory's support needs"},

    {.name = "spectrum.layers",
     .set = nlrmt_set_layers,
     .list = true,
     .lo = 1,
     .hi = NLRMT_LAYERS_MAX,
     .allowed = "ascending list of layers",
     .meaning = "layers whose spectra are wanted; the last always is, and alone by default"},
    {.name = "spectrum.vectors",
     .fallback = "no",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, p.vectors),
     .words = vectors_words,
     .meaning = "overlaps of the right singular vectors of X and F, averaged over blocks; full: "
                "also the first trial's whole matrix"},
    {.name = "spectrum.vector_blocks",
     .fallback = "30",
     .set = nlrmt_set_int,
     .field = offsetof(nlrmt_settings, p.vector_blocks),
     .lo = 1,
     .hi = 1000,
     .meaning = "rows and columns of that map"},
    {.name = "spectrum.stieltjes_z",
     .set = nlrmt_set_stieltjes,
     .list = true,
     .allowed = "list, Im z > 0 or z < 0",
     .meaning = "where the Stieltjes transforms of K are taken: 0.5+0.1i, -1; a range in either "
                "part makes several, as linspace(0,4,41)+0.1i"},
    {.name = "spectrum.stieltjes_mtilde",
     .fallback = "no",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, mtilde),
     .words = yes_words,
     .meaning =
         "there also (1/m) tr(X'X/(n0 sigma_x^2) (K - z)^-1), for which X is rotated with K"},
    {.name = "spectrum.moments",
     .fallback = "0",
     .set = nlrmt_set_int,
     .field = offsetof(nlrmt_settings, p.moments),
     .lo = 0,
     .hi = NLRMT_MOMENTS_MAX,
     .meaning = "moments (1/m) tr K^j, j from 1 to this"},

    {.name = "spectrum.cumulants",
     .fallback = "no",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, cumulants),
     .words = yes_words,
     .meaning = "cycle correlations of F on its first rows and columns, at most 1024 of each, "
                "against Piccolo-Schroeder's theta1, theta2, theta1b"},

    {.name = "theory.laws",
     .fallback = "alp, alp_b",
     .set = nlrmt_set_laws,
     .list = true,
     .words = law_words,
     .meaning = "list of laws; _b: given the realised biases; mp: alp as if the data were i.i.d.; "
                "kernel, kernel_b: for the samples as they are, data.source in files only; depth, "
                "depth_b: each layer's data law is the layer before's own law"},
    {.name = "theory.points",
     .fallback = "2000",
     .set = nlrmt_set_int,
     .field = offsetof(nlrmt_settings, p.points),
     .lo = 2,
     .hi = 1e6,
     .meaning = "size of the lambda grid"},
    {.name = "theory.lambda",
     .set = nlrmt_set_lambda,
     .list = true,
     .lo = -INFINITY,
     .hi = INFINITY,
     .allowed = "ascending list",
     .meaning = "these lambda instead of the grid"},

    {.name = "ridge.gamma",
     .set = nlrmt_set_gamma,
     .list = true,
     .lo = 0,
     .open = true,
     .hi = INFINITY,
     .allowed = "list, > 0",
     .meaning = "ridge parameters whose training error is predicted"},
    {.name = "ridge.sigma_a",
     .fallback = "0",
     .set = nlrmt_set_real,
     .field = offsetof(nlrmt_settings, p.sigma_a),
     .lo = 0,
     .hi = INFINITY,
     .meaning = "targets Y = A X + noise: entries of A have variance sigma_a^2/n0"},
    {.name = "ridge.sigma_eps",
     .fallback = "1",
     .set = nlrmt_set_real,
     .field = offsetof(nlrmt_settings, p.sigma_eps),
     .lo = 0,
     .hi = INFINITY,
     .meaning = "standard deviation of that noise"},
    {.name = "ridge.n2",
     .fallback = "64",
     .set = nlrmt_set_int64,
     .field = offsetof(nlrmt_settings, p.n2),
     .lo = 1,
     .hi = INT32_MAX,
     .meaning = "rows of the targets Y"},
    {.name = "ridge.optimum",
     .set = nlrmt_set_optimum,
     .list = true,
     .words = family_words,
     .meaning = "families whose best member is found at every gamma, eta = 1: one f of any zeta; "
                "a linear and a purely nonlinear f mixed"},

    {.name = "parallel.precision",
     .fallback = "double",
     .set = nlrmt_set_choice,
     .field = offsetof(nlrmt_settings, precision),
     .words = precision_words,
     .meaning = "floating-point format of the simulation"},
    {.name = "parallel.eigensolver",
     .fallback = "auto",
     .set = nlrmt_set_eigensolver,
     .words = eigensolver_words,
     .meaning = "auto: by size and by what was built in"},
    {.name = "parallel.block",
     .fallback = "0",
     .set = nlrmt_set_int,
     .field = offsetof(nlrmt_settings, p.block),
     .lo = 0,
     .hi = 1024,
     .meaning = "block size of the distributed matrices; 0: by size"},
    {.name = "parallel.ranks_per_trial",
     .fallback = "auto",
     .set = nlrmt_set_ranks,
     .field = offsetof(nlrmt_settings, p.ranks_per_trial),
     .lo = 1,
     .hi = 1e6,
     .allowed = "auto, or an integer from 1",
     .meaning = "ranks that share one trial, at least; groups of them do trials at the same time; "
                "auto: by predicted time and memory"},
    {.name = NULL},
};

int nlrmt_key_find(const char *name) {
  for (int i = 0; nlrmt_keys[i].name; i++)
    if (strcmp(nlrmt_keys[i].name, name) == 0) return i;
  return -1;
}

bool nlrmt_section_known(const char *section) {
  for (size_t i = 0; i < SECTIONS; i++)
    if (strcmp(section_names[i], section) == 0) return true;
  return false;
}

const char *nlrmt_section_nearest(const char *section) {
  return nlrmt_nearest(section, section_names, SECTIONS);
}

/* First a misspelt key of the same section, then the same key of another section, then any key. */
const char *nlrmt_key_nearest(const char *name) {
  const char *word[NLRMT_KEYS_MAX], *row[NLRMT_KEYS_MAX];
  const char *dot = strchr(name, '.');
  size_t prefix = dot ? (size_t)(dot - name) + 1 : 0, same = 0, all = 0;
  for (; nlrmt_keys[all].name; all++)
    if (prefix > 0 && strncmp(nlrmt_keys[all].name, name, prefix) == 0) {
      row[same] = nlrmt_keys[all].name;
      word[same++] = nlrmt_keys[all].name + prefix;
    }
  const char *near = same > 0 ? nlrmt_nearest(name + prefix, word, same) : NULL;
  if (near) return near - prefix;
  for (size_t i = 0; i < all; i++) {
    row[i] = nlrmt_keys[i].name;
    if (strcmp(strchr(row[i], '.') + 1, name + prefix) == 0) return row[i];
  }
  return same > 0 ? NULL : nlrmt_nearest(name, row, all);
}

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
                      source_words[data->source]);
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
                      source_words[p->data.source]);
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
                      source_words[p->data.source]);
  if (p->surrogate != NLRMT_SURROGATE_NO)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "is about f itself: model.surrogate must be no");
  if (p->n0 < 3 || p->n1 < 3 || p->m < 3)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "needs model.m, n0 and n1 of 3 or more");
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
