/* config: the INI file of one figure -> panels -> points, each with every parameter resolved.
 *
 * One table (src/base/config_table.c) stands behind parsing, defaults, ranges, --help, --set and
 * the effective configuration that goes into the output. Keys are SECTION.KEY: written short under
 * [SECTION], in full before the first section and in a [panel NAME], whose settings replace the
 * shared ones there. A list on sweep.SECTION.KEY (or on SECTION.KEY in [sweep]) makes one point for
 * each value, several sweeps one for each combination; the last sweep in the file runs fastest.
 * Later wins: default, shared, panel, sweep, --set; phi and n0 are one quantity in this, so are psi
 * and n1, activation.f and mixture.components; an activation.f that wins takes
 * mixture.probabilities away as well. A file without panels has one, main. Lists: a, b, c with
 * logspace(a,b,n), linspace(a,b,n).
 *
 * All functions are local: no communication; call them on one rank, or on all with the same text.
 */
#ifndef NLRMT_CONFIG_H
#define NLRMT_CONFIG_H

#include <complex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "nlrmt/bias.h"
#include "nlrmt/mixture.h"
#include "nlrmt/rng.h"
#include "nlrmt/status.h"

enum { NLRMT_NAME_MAX = 64, NLRMT_TITLE_MAX = 192, NLRMT_LAWS_MAX = 10, NLRMT_SWEEPS_MAX = 8 };
enum { NLRMT_DATA_VALUES_MAX = 32, NLRMT_DATA_PATH_MAX = 192, NLRMT_CLASSES_MAX = 32 };
enum { NLRMT_LAYERS_MAX = 32, NLRMT_MOMENTS_MAX = 8, NLRMT_FAST_INNER_MAX = 1 << 19 };

typedef enum { NLRMT_SPECTRUM_K, NLRMT_SPECTRUM_M } nlrmt_spectrum_matrix;

typedef enum {
  NLRMT_SURROGATE_NO,
  NLRMT_SURROGATE_LINEAR /* F_lin in place of F (surrogate.h) */
} nlrmt_surrogate;

/* Arithmetic of the simulation (precision.h). */
typedef enum {
  NLRMT_PRECISION_DOUBLE,
  NLRMT_PRECISION_SINGLE,
  NLRMT_PRECISION_FAST,
  NLRMT_PRECISION_AUTO /* before the run has chosen one of the three */
} nlrmt_precision;
/* Local. As it is written in a configuration; static. */
const char *nlrmt_config_precision_name(nlrmt_precision mode);

/* A mode against double at a smaller size (probe.h): distances of ordered eigenvalues. */
typedef struct {
  int64_t m; /* the size; 0: not measured */
  double worst, mean, spread;
} nlrmt_probe;

typedef enum {
  NLRMT_VECTORS_NO,
  NLRMT_VECTORS_BLOCKS,
  NLRMT_VECTORS_FULL /* and the whole matrix of the first trial */
} nlrmt_vectors_wanted;

typedef enum {
  NLRMT_SOURCE_GAUSSIAN, /* drawn, entries independent (law: nlrmt_params.entries_x) */
  NLRMT_SOURCE_DISCRETE, /* the eigenvalues below */
  NLRMT_SOURCE_SPECTRUM, /* eigenvalues from the file `path` */
  NLRMT_SOURCE_BIMODAL,  /* a name in the configuration only: a discrete population */
  NLRMT_SOURCE_IDX,      /* samples from files, from here on: images as of MNIST */
  NLRMT_SOURCE_CIFAR10,  /* binary batches */
  NLRMT_SOURCE_HDF5      /* a 2-D dataset */
} nlrmt_data_source;

/* What is known of the data: eigenvalues of X'X/n0 in units of sigma_x^2, or, `population`, those
 * of the covariance matrix of X's columns; or the files that hold samples, of which m are chosen at
 * random by the seed. */
typedef struct {
  nlrmt_data_source source;
  bool population;
  size_t count, weighted; /* of values; of weights: count, or 0 if they are equal */
  double values[NLRMT_DATA_VALUES_MAX], weights[NLRMT_DATA_VALUES_MAX];
  char path[NLRMT_DATA_PATH_MAX]; /* from the working directory; hdf5: FILE.h5:/dataset */
  char label_path[NLRMT_DATA_PATH_MAX];
  int classes; /* 0: all */
  int class_number[NLRMT_CLASSES_MAX];
  bool mean_subtract; /* each feature's mean over the chosen samples */
} nlrmt_data;

/* One point: one set of parameters, `trials` independent draws. Symbols as in the papers. */
typedef struct {
  uint64_t seed;
  int trials, first_trial; /* first_trial ... first_trial + trials - 1 are drawn */
  int64_t m, n0, n1;       /* samples, input dimension, hidden units */
  double phi, psi;         /* n0/m, n0/n1 of the integers above */
  int layers;              /* hidden layers L: Y_0 = X, Y_l = f(W_l Y_(l-1) + b_l), F = Y_L */
  int layer;      /* the one that m, n0, n1, phi, psi speak of: 1, see nlrmt_params_layer */
  int64_t inputs; /* n0 of the first layer, where layer > 1 */
  int64_t width[NLRMT_LAYERS_MAX];   /* [layers] n_1 ... n_L; width[0] = n1 while layer = 1 */
  bool batch_norm;                   /* every Y_l is scaled to empirical variance 1 */
  int shown, show[NLRMT_LAYERS_MAX]; /* spectrum.layers, ascending; none: the last alone */
  double sigma_w;                    /* entries of W have variance sigma_w^2/n0 */
  nlrmt_entries entries, entries_x;  /* laws of the entries of W and of X */
  double dof, dof_x;                 /* their degrees of freedom where they are student_t */
  nlrmt_surrogate surrogate;
  bool complex_field;    /* W, X complex; f on real and imaginary part (complex_model.h) */
  nlrmt_mixture mixture; /* f: one component unless [mixture] says otherwise */
  bool normalize;        /* f is scaled so that E eta(b) = 1 over the components and mu_B */
  nlrmt_bias bias;
  double sigma_x; /* entries of X have variance sigma_x^2; scales the spectrum */
  nlrmt_data data;
  const double *measured; /* [measured_count] eigenvalues of X'X/(n0 sigma_x^2) of samples from
                             files: owned by the run, NULL until it has them */
  size_t measured_count;
  /* Why they could not be computed, else NULL; owned by the run. */
  const nlrmt_error *unmeasured;
  nlrmt_spectrum_matrix matrix; /* eigenvalues of K = F'F/n1 or of M = FF'/m */
  nlrmt_vectors_wanted vectors; /* overlaps of the right singular vectors of X and F */
  int vector_blocks;            /* their map has so many rows and columns */
  int zs;                       /* > 0: the Stieltjes transforms of K are asked for */
  double complex *z;            /* [zs] where: Im z > 0, or real < 0; owned by the nlrmt_config */
  bool mtilde;                  /* ... also that with X'X */
  int moments;                  /* (1/m) tr K^j, j = 1 .. moments, are asked for */
  bool cumulants;               /* cycle correlations of F (cumulants.h) */
  int bins;
  bool range_auto; /* histogram over [0 or below the support, above the support] */
  double range[2];
  int laws;
  char law[NLRMT_LAWS_MAX][16]; /* alp, alp_b, ps, ps_b, mp, kernel, kernel_b, depth, depth_b */
  int points;                   /* size of the lambda grid of theory/<law>/ */
  int lambdas;                  /* > 0: an explicit list replaces that grid */
  double *lambda;               /* [lambdas] ascending, owned by the nlrmt_config */
  int gammas;                   /* > 0: ridge regression is asked for */
  double *gamma;                /* [gammas] its parameters, > 0, owned by the nlrmt_config */
  double sigma_a, sigma_eps; /* targets A X + eps: entries of variance sigma_a^2/n0, sigma_eps^2 */
  int64_t n2;                /* rows of the targets */
  bool optimum[2];           /* the best of a family is asked for: by nlrmt_family (optimum.h) */
  nlrmt_precision precision;
  nlrmt_probe probe;      /* of that mode, once the run has settled it */
  char eigensolver[16];   /* auto, lapack, scalapack, elpa2, band */
  int block;              /* block size of the block-cyclic layout; 0 = auto */
  int ranks_per_trial;    /* size of a rank group (split.h); 0 = auto */
  uint64_t data_checksum; /* of what the files hold, 0: no files, or not read yet (samples.h) */
} nlrmt_params;

typedef struct {
  nlrmt_params params;
  double swept[NLRMT_SWEEPS_MAX]; /* values of the panel's sweep keys, for the index table; NaN for
                                     a key that is not a number */
  char swept_text[NLRMT_SWEEPS_MAX][NLRMT_NAME_MAX]; /* the same as written */
} nlrmt_point;

typedef struct {
  char name[NLRMT_NAME_MAX], title[NLRMT_TITLE_MAX]; /* title: the panel's own, "" if none */
  int sweeps;
  char sweep_key[NLRMT_SWEEPS_MAX][NLRMT_NAME_MAX]; /* SECTION.KEY, the last one runs fastest */
  int points;
  nlrmt_point *point; /* [points] */
  char skipped[600];  /* why nothing of this panel is computed (then points = 0), else "" */
} nlrmt_panel;

typedef struct {
  char name[NLRMT_NAME_MAX], title[NLRMT_TITLE_MAX]; /* name: by default the file's, without .ini */
  uint64_t seed;                                     /* the shared one */
  int panels;
  nlrmt_panel *panel; /* [panels] in the order of the file */
  char *effective;    /* INI text with every key, --set folded in, the kept panels only; parsing it
                         gives the same points and the same text again */
} nlrmt_config;

/* Reads the file `path` (UTF-8, at most 1 MiB, lines to 198 bytes), applies `set`
 * ("SECTION.KEY=VALUE", [sets]; the last of several for a key wins) and keeps only the panels named
 * in `panel` ([panels]; none = all). On success *config is the caller's, else NULL.
 * Errors, one line, the first in the file: NLRMT_ERR_CONFIG "path:line: section.key: reason" or
 * "--set SECTION.KEY=VALUE: section.key: reason", line and key only where there are any;
 * NLRMT_ERR_RESOURCE for lack of memory. */
nlrmt_status nlrmt_config_load(const char *path, int sets, char *const *set, int panels,
                               char *const *panel, nlrmt_config **config, nlrmt_error *err);

/* The same from text already in memory (a copy broadcast by rank 0, or an output's `config`);
 * `path` names it in messages and, where experiment.name is missing, the figure. */
nlrmt_status nlrmt_config_parse(const char *path, const char *text, int sets, char *const *set,
                                int panels, char *const *panel, nlrmt_config **config,
                                nlrmt_error *err);

/* Whether two effective configurations have the same results: the same text but for lines that only
 * say how the ranks share the work. */
bool nlrmt_config_same(const char *a, const char *b);

/* The laws kernel and kernel_b: whether theory.laws names one of them; how many pairs of a
 * component and a bias they mix, at most NLRMT_KERNELS_MAX where they are named. */
enum { NLRMT_KERNELS_MAX = 64 };
bool nlrmt_params_kernel(const nlrmt_params *params);
size_t nlrmt_params_kernels(const nlrmt_params *params);

/* Whether X consists of samples from files. Then n0 is theirs: a point that names neither model.n0
 * nor model.phi has n0 = 0 and phi = 0 (and n1 = 0, if given by model.psi), until it is told. */
bool nlrmt_data_from_files(const nlrmt_data *data);

/* Completes the dimensions of such a point. NLRMT_ERR_CONFIG, the reason with its key, if the
 * configuration has another n0 or n1 comes out of range. */
nlrmt_status nlrmt_params_set_n0(nlrmt_params *params, int64_t n0, nlrmt_error *err);

/* The point, or another layer of it, as layer `layer`, 1 .. layers, sees it: n0 = n_(layer-1), n1 =
 * n_layer, phi and psi of these, the same m. `data` stays that of the network; beyond the first
 * layer all laws but depth and depth_b take their input for i.i.d. of variance sigma_x^2. Pointers
 * are borrowed. */
nlrmt_params nlrmt_params_layer(const nlrmt_params *params, int layer);

/* Whether the features are made layer by layer (network.h): several layers, batch norm, or a law
 * that is given what only that way measures, depth_b. */
bool nlrmt_params_deep(const nlrmt_params *params);

/* What of a point the modes single and fast cannot do, in the words of the keys; NULL: nothing.
 * Chooses the lattice for the entries in mode fast: nlrmt_params_set_precision. */
const char *nlrmt_params_narrow(const nlrmt_params *params, nlrmt_precision mode);
void nlrmt_params_set_precision(nlrmt_params *params, nlrmt_precision mode);

/* Frees *config and sets it to NULL; NULL is allowed. */
void nlrmt_config_destroy(nlrmt_config **config);

/* Writes the table of keys (section, key, default, what is allowed, meaning) for --help. */
void nlrmt_config_help(FILE *stream);

/* The same for scripts: SECTION.KEY, default ("required", "-": none), what is allowed, meaning; one
 * key a line, tabs between. */
void nlrmt_config_list(FILE *stream);

/* Of the `count` words, the one nearest to `word`: at most a third of the letters apart (small and
 * capital letters are equal), or beginning with `word`; NULL if none is near. */
const char *nlrmt_nearest(const char *word, const char *const *words, size_t count);

#endif
