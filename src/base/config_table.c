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
const char *const nlrmt_source_words[] = {"gaussian", "discrete", "spectrum", "bimodal",
                                          "idx",      "cifar10",  "hdf5",     NULL};
static const char *const of_words[] = {"sample", "population", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const field_words[] = {"real", "complex", NULL};
static const char *const family_words[] = {"single", "mixture", NULL};
static const char *const law_words[] = {"alp",    "alp_b",    "ps",    "ps_b",    "mp",
                                        "kernel", "kernel_b", "depth", "depth_b", NULL};
static const char *const precision_words[] = {"double", "single", "fast", "auto", NULL};
static const char *const eigensolver_words[] = {"auto",  "lapack", "scalapack",
                                                "elpa2", "band",   NULL};

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
     .words = nlrmt_source_words,
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
     .meaning =
         "arithmetic of features and Gram matrix: double; single; fast: entries on a lattice, "
         "exact integer products, the rest single; auto: the fastest whose measured error "
         "is below a tenth of the Monte Carlo error"},
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

const char *nlrmt_config_precision_name(nlrmt_precision mode) {
  return precision_words[mode];
}

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
