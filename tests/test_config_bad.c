/* Bad configurations: each is refused as a whole, with exactly this place and these words. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "nlrmt/config.h"

/* Four good lines; what a case adds begins at line 5. */
#define GOOD "[model]\nm = 8\nphi = 1\npsi = 1\n"

typedef struct {
  const char *text, *set, *panel, *expect; /* expect: how the message must begin */
} bad;

static const bad numbers[] = {
    {GOOD "sigma_w = 0\n", 0, 0, "x.ini:5: model.sigma_w: must be > 0, got 0"},
    {GOOD "sigma_w = -1\n", 0, 0, "x.ini:5: model.sigma_w: must be > 0, got -1"},
    {GOOD "sigma_w = nan\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number, got "},
    {GOOD "sigma_w = NaN(1)\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = inf\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = infinity\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = 1e999\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = 1e-999\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = 0x1p3\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = 1 2\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = 1.5x\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = 1,5\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = e5\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = --1\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w = = 1\n", 0, 0, "x.ini:5: model.sigma_w: must be a finite decimal number"},
    {GOOD "sigma_w =\n", 0, 0, "x.ini:5: model.sigma_w: empty value"},
    {GOOD "sigma_w = ; nothing\n", 0, 0, "x.ini:5: model.sigma_w: empty value"},
    {GOOD "sigma_w = 1e200\n", 0, 0, "x.ini:5: model.sigma_w: f's argument has standard deviation"},
    {GOOD "sigma_w = 1e-200\n", 0, 0, "x.ini:5: model.sigma_w: f's argument"},
    {"[model]\nm = 0\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to 2147483647, got 0"},
    {"[model]\nm = -8\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {"[model]\nm = 8.0\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {"[model]\nm = 1e3\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {"[model]\nm = 2147483648\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {"[model]\nm = 2^31\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {"[model]\nm = 2^64\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {"[model]\nm = 2^-1\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {"[model]\nm = 2^\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {"[model]\nm = 99999999999999999999\n", 0, 0, "x.ini:2: model.m: must be an integer from 1"},
    {"[model]\nm = \xC2\xBD\n", 0, 0, "x.ini:2: model.m: must be an integer from 1 to"},
    {GOOD "[bias]\nsigma = -1\n", 0, 0, "x.ini:6: bias.sigma: must be >= 0, got -1"},
    {GOOD "[bias]\np = 1.5\n", 0, 0, "x.ini:6: bias.p: must be from 0 to 1, got 1.5"},
    {GOOD "[bias]\np = -0.1\n", 0, 0, "x.ini:6: bias.p: must be from 0 to 1, got -0.1"},
    {GOOD "[experiment]\nseed = -1\n", 0, 0, "x.ini:6: experiment.seed: must be an integer from 0"},
    {GOOD "[experiment]\nseed = 18446744073709551616\n", 0, 0,
     "x.ini:6: experiment.seed: must be an integer from 0 to 2^64 - 1"},
    {GOOD "[experiment]\ntrials = 0\n", 0, 0,
     "x.ini:6: experiment.trials: must be an integer from 1 to 1000000, got 0"},
    {GOOD "[experiment]\ntrials = 1000001\n", 0, 0, "x.ini:6: experiment.trials: must be an int"},
    {GOOD "[spectrum]\nbins = 0\n", 0, 0, "x.ini:6: spectrum.bins: must be an integer from 1 to "},
    {GOOD "[spectrum]\nbins = 100001\n", 0, 0, "x.ini:6: spectrum.bins: must be an integer"},
    {GOOD "[theory]\npoints = 1\n", 0, 0, "x.ini:6: theory.points: must be an integer from 2 to "},
    {GOOD "[parallel]\nblock = 1025\n", 0, 0, "x.ini:6: parallel.block: must be an integer from 0"},
};

static const bad words[] = {
    {GOOD "entries = gausian\n", 0, 0,
     "x.ini:5: model.entries: must be one of gaussian, rademacher, uniform, lattice, exponential, "
     "student_t, got \"gausian\", "
     "nearest is gaussian"},
    {GOOD "entries = Gaussian\n", 0, 0, "x.ini:5: model.entries: must be one of gaussian, rade"},
    {GOOD "entries = student-t\n", 0, 0,
     "x.ini:5: model.entries: must be one of gaussian, rademacher, uniform, lattice, exponential, "
     "student_t, got \"student-t\", nearest is student_t"},
    {GOOD "entries = student_t\ndof = 2\n", 0, 0, "x.ini:6: model.dof: must be > 2, got 2"},
    {GOOD "sweep.model.dof = 3, 1.5\n", 0, 0, "x.ini:5: sweep.model.dof: must be > 2, got 1.5"},
    {GOOD "[data]\nentries = none\n", 0, 0, "x.ini:6: data.entries: must be one of model, gauss"},
    {GOOD "[data]\ndof = 0\n", 0, 0, "x.ini:6: data.dof: must be > 2, got 0"},
    {GOOD "[bias]\nlaw = cauchy\n", 0, 0, "x.ini:6: bias.law: must be one of none, gaussian, "},
    {GOOD "[data]\nsource = cifar\n", 0, 0,
     "x.ini:6: data.source: must be one of gaussian, discrete, spectrum, bimodal, idx, cifar10, "
     "hdf5, got \"cifar\", nearest is cifar10"},
    {GOOD "[data]\nmean_subtract = maybe\n", 0, 0,
     "x.ini:6: data.mean_subtract: must be one of no, yes, got \"maybe\""},
    {GOOD "[data]\nof = samples\n", 0, 0,
     "x.ini:6: data.of: must be one of sample, population, got \"samples\", nearest is sample"},
    {GOOD "[spectrum]\nmatrix = k\n", 0, 0,
     "x.ini:6: spectrum.matrix: must be one of K, M, got \"k\", nearest is K"},
    {GOOD "[parallel]\nprecision = half\n", 0, 0,
     "x.ini:6: parallel.precision: must be one of double, single, fast, auto, got \"half\""},
    {GOOD "[parallel]\nprecision = fast\n[ridge]\ngamma = 1\n", 0, 0,
     "x.ini:6: parallel.precision: fast: not with ridge.gamma, use double or auto"},
    {GOOD "[parallel]\neigensolver = elpa\n", 0, 0,
     "x.ini:6: parallel.eigensolver: must be one of auto, lapack, scalapack, elpa2, band, got "
     "\"elpa\", "
     "nearest is elpa2"},
    {GOOD "[activation]\nf = relo\n", 0, 0, "x.ini:6: activation.f: "},
    {GOOD "[activation]\nf = leaky_relu\n", 0, 0, "x.ini:6: activation.f: "},
    {GOOD "[activation]\nf = hermite(-1)\n", 0, 0, "x.ini:6: activation.f: "},
    {GOOD "[activation]\nf = relu, tanh\n", 0, 0, "x.ini:6: activation.f: "},
    {GOOD "[experiment]\nname = a/b\n", 0, 0, "x.ini:6: experiment.name: must be 1 to 63 letters"},
    {GOOD "[experiment]\nname = ..\n", 0, 0, "x.ini:6: experiment.name: must be 1 to 63 letters"},
    {GOOD "[experiment]\nname = a b\n", 0, 0, "x.ini:6: experiment.name: must be 1 to 63 letters"},
    {GOOD "[experiment]\ntitle = "
          "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
          "5678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
          "0123456789x\n",
     0, 0, "x.ini:6: experiment.title: must have at most 180 bytes, has 181"},
};

static const bad lists[] = {
    {GOOD "[data]\nsource = discrete\n", 0, 0, "x.ini: data.values: missing: data.source = discr"},
    {GOOD "[data]\nsource = spectrum\n", 0, 0, "x.ini: data.path: missing: data.source = spectru"},
    {GOOD "[data]\nsource = idx\n", 0, 0, "x.ini: data.path: missing: data.source = idx needs it"},
    {GOOD "[data]\nsource = cifar10\n", 0, 0, "x.ini: data.path: missing: data.source = cifar10 n"},
    {GOOD "[data]\nsource = idx\npath = a\nclasses = 0, 8\n", 0, 0,
     "x.ini: data.label_path: missing: data.classes needs it"},
    {GOOD "[data]\nsource = hdf5\npath = a.h5\n", 0, 0,
     "x.ini:7: data.path: must be FILE.h5:/dataset, got \"a.h5\""},
    {GOOD "[data]\nsource = hdf5\npath = a.h5:/x\nclasses = 1\n", 0, 0,
     "x.ini:8: data.classes: data.source = hdf5 has no labels"},
    {GOOD "[data]\nclasses = 1, 1\n", 0, 0, "x.ini:6: data.classes: 1 is listed twice"},
    {GOOD "[data]\nclasses = 0.5\n", 0, 0, "x.ini:6: data.classes: must be integers, got 0.5"},
    {GOOD "[data]\nclasses = 256\n", 0, 0, "x.ini:6: data.classes: must be from 0 to 255, got 256"},
    {GOOD "[data]\nclasses = linspace(0,32,33)\n", 0, 0,
     "x.ini:6: data.classes: must have at most 32 numbers, has 33"},
    {"[model]\nm = 8\npsi = 1\n[data]\nsource = bimodal\n", 0, 0,
     "x.ini: model.phi: missing: give model.phi or model.n0"},
    {"[model]\nm = 8\n[data]\nsource = idx\npath = a\n", 0, 0,
     "x.ini: model.psi: missing: give model.psi or model.n1"},
    {GOOD "[data]\nvalues = 1, -1\n", 0, 0, "x.ini:6: data.values: must be >= 0, got -1"},
    {GOOD "[data]\nvalues = 1, nan\n", 0, 0, "x.ini:6: data.values: must be finite decimal numb"},
    {GOOD "[data]\nsource = discrete\nvalues = 0, 0\n", 0, 0,
     "x.ini:7: data.values: must not all be 0"},
    {GOOD "[data]\nsource = discrete\nvalues = 1, 2\nweights = 1\n", 0, 0,
     "x.ini:8: data.weights: must have as many numbers as data.values, 2, has 1"},
    {GOOD "[data]\nsource = discrete\nvalues = 1, 2\nweights = 0.5, 0.4\n", 0, 0,
     "x.ini:8: data.weights: must sum to 1, sum to 0.9"},
    {GOOD "[data]\nweights = 1.5, -0.5\n", 0, 0, "x.ini:6: data.weights: must be >= 0, got -0.5"},
    {GOOD "[data]\nvalues = linspace(0,1,33)\n", 0, 0,
     "x.ini:6: data.values: must have at most 32 numbers, has 33"},
    {GOOD "[spectrum]\nrange = 1\n", 0, 0, "x.ini:6: spectrum.range: must be auto or two ascend"},
    {GOOD "[spectrum]\nrange = 1, 1\n", 0, 0, "x.ini:6: spectrum.range: must be auto or two asc"},
    {GOOD "[spectrum]\nrange = 2, 1\n", 0, 0, "x.ini:6: spectrum.range: must be auto or two asc"},
    {GOOD "[spectrum]\nrange = 1, 2, 3\n", 0, 0,
     "x.ini:6: spectrum.range: must be auto or two ascending"},
    {GOOD "[spectrum]\nrange = 1, inf\n", 0, 0,
     "x.ini:6: spectrum.range: must be auto or two ascending"},
    {GOOD "[spectrum]\nrange = atuo\n", 0, 0,
     "x.ini:6: spectrum.range: must be auto or two ascending"},
    {GOOD "[theory]\nlaws = alp, alp\n", 0, 0, "x.ini:6: theory.laws: alp is listed twice"},
    {GOOD "[theory]\nlaws = alp, kernels\n", 0, 0,
     "x.ini:6: theory.laws: must be one of alp, alp_b, ps, ps_b, mp, kernel, kernel_b, depth, "
     "depth_b, got \"kernels\""},
    {GOOD "[theory]\nlaws = alp, kernel\n", 0, 0,
     "x.ini:6: theory.laws: kernel needs samples that stay over the trials: data.source must be "
     "one of idx, cifar10, hdf5, got gaussian"},
    {GOOD "[theory]\nlaws = kernel\n[data]\nsource = idx\npath = x\n[spectrum]\nmatrix = M\n", 0, 0,
     "x.ini:6: theory.laws: kernel is a law of K: spectrum.matrix must be K"},
    {GOOD "[theory]\nlaws = kernel_b\n", 0, 0,
     "x.ini:6: theory.laws: kernel needs samples that stay over the trials: data.source must be "},
    {GOOD "[theory]\nlaws = kernel_b\n[data]\nsource = idx\npath = x\n[bias]\nlaw = gaussian\n"
          "[mixture]\ncomponents = relu, tanh, erf, abs, sign, step\n"
          "probabilities = 0.1, 0.1, 0.1, 0.1, 0.1\n",
     0, 0,
     "x.ini:6: theory.laws: kernel takes at most 64 pairs of a component and a bias, got 72: use "
     "fewer mixture.components or bias.values"},
    {GOOD "[theory]\nlaws = alp,\n", 0, 0, "x.ini:6: theory.laws: empty item in the list"},
    {GOOD "[ridge]\ngamma = 1, 0\n", 0, 0, "x.ini:6: ridge.gamma: must be > 0, got 0"},
    {GOOD "[ridge]\ngamma = -1\n", 0, 0, "x.ini:6: ridge.gamma: must be > 0, got -1"},
    {GOOD "[ridge]\ngamma = nan\n", 0, 0, "x.ini:6: ridge.gamma: must be finite decimal numbers"},
    {GOOD "[ridge]\ngamma =\n", 0, 0, "x.ini:6: ridge.gamma: empty value"},
    {GOOD "[sweep]\nridge.gamma = 1, 2\n", 0, 0, "x.ini:6: sweep.ridge.gamma: cannot be swept: it"},
    {GOOD "[ridge]\nsigma_eps = -1\n", 0, 0, "x.ini:6: ridge.sigma_eps: must be >= 0, got -1"},
    {GOOD "[ridge]\nsigma_a = -1e-9\n", 0, 0, "x.ini:6: ridge.sigma_a: must be >= 0, got -1e-9"},
    {GOOD "[ridge]\ngama = 1\n", 0, 0, "x.ini:6: ridge.gama: unknown key, nearest is ridge.gamma"},
    {GOOD "[activation]\nnormalize = true\n", 0, 0,
     "x.ini:6: activation.normalize: must be one of no, yes, got \"true\""},
    {GOOD "[theory]\nlambda = 1, 3, 2\n", 0, 0, "x.ini:6: theory.lambda: must be ascending, got 2"},
    {GOOD "[theory]\nlambda = 1, 1\n", 0, 0, "x.ini:6: theory.lambda: must be ascending, got 1"},
    {GOOD "[theory]\nlambda = 1,, 2\n", 0, 0, "x.ini:6: theory.lambda: empty item in the list"},
    {GOOD "[theory]\nlambda = linspace(0,1\n", 0, 0, "x.ini:6: theory.lambda: unbalanced paren"},
    {GOOD "[theory]\nlambda = 1)\n", 0, 0, "x.ini:6: theory.lambda: unbalanced parentheses"},
    {GOOD "[theory]\nlambda = linspace(0,1)\n", 0, 0,
     "x.ini:6: theory.lambda: must be linspace(a, b, n), a and b numbers, n an integer from 2"},
    {GOOD "[theory]\nlambda = linspace(0,1,2,3)\n", 0, 0, "x.ini:6: theory.lambda: must be linsp"},
    {GOOD "[theory]\nlambda = linspace(0,1,1)\n", 0, 0, "x.ini:6: theory.lambda: must be linspace"},
    {GOOD "[theory]\nlambda = linspace(0,1,3)x\n", 0, 0, "x.ini:6: theory.lambda: must be linsp"},
    {GOOD "[theory]\nlambda = logspace(0,1,100001)\n", 0, 0, "x.ini:6: theory.lambda: must be log"},
    {GOOD "[theory]\nlambda = logspace(0,400,3)\n", 0, 0, "x.ini:6: theory.lambda: out of the ra"},
    {GOOD "[theory]\nlambda = logspace(-400,0,3)\n", 0, 0, "x.ini:6: theory.lambda: out of the r"},
    {GOOD "[theory]\nlambda = linspace(0,1,60000), linspace(2,3,60000)\n", 0, 0,
     "x.ini:6: theory.lambda: more than 100000 items in the list"},
    {GOOD "[theory]\nlambda = "
          "0.0000000000000000000000000000000000000000000000000000000000000000000001\n",
     0, 0, "x.ini:6: theory.lambda: list item longer than 63 bytes"},
    {GOOD "[bias]\nlaw = discrete\n", 0, 0, "x.ini: bias.values: missing: bias.law = discrete "},
    {GOOD "[bias]\nlaw = discrete\nvalues = 1, 2\n", 0, 0,
     "x.ini: bias.weights: missing: bias.law"},
    {GOOD "[bias]\nlaw = discrete\nvalues = 1, 2\nweights = 1\n", 0, 0,
     "x.ini:8: bias.weights: must have as many numbers as bias.values, 2, has 1"},
    {GOOD "[bias]\nlaw = discrete\nvalues = 1, 2\nweights = 0.5, 0.499999\n", 0, 0,
     "x.ini:8: bias.weights: must sum to 1, sum to 0.999999"},
    {GOOD "[bias]\nweights = 1.5, -0.5\n", 0, 0, "x.ini:6: bias.weights: must be >= 0, got -0.5"},
    {GOOD "[bias]\nvalues = linspace(0,1,33)\n", 0, 0,
     "x.ini:6: bias.values: must have at most 32 numbers, has 33"},
    {GOOD "[bias]\nlaw = discrete\nvalues = 1e200, 2\nweights = 0.5, 0.5\n", 0, 0,
     "x.ini:7: bias.values: f's argument has standard deviation"},
};

#define PAIR GOOD "[mixture]\ncomponents = relu, tanh\n"

static const bad mixtures[] = {
    {PAIR, 0, 0, "x.ini: mixture.probabilities: missing: mixture.components needs it"},
    {GOOD "[mixture]\nprobabilities = 0.5\n", 0, 0,
     "x.ini:6: mixture.probabilities: needs mixture.components, which is missing"},
    {PAIR "probabilities = 0.5, 0.4\n", 0, 0,
     "x.ini:7: mixture.probabilities: must sum to 1, sum to 0.9"},
    {PAIR "probabilities = 0.5, 0.500000002\n", 0, 0,
     "x.ini:7: mixture.probabilities: must sum to 1, sum to 1.000000002"},
    {GOOD "[mixture]\ncomponents = relu, tanh, erf\nprobabilities = 0.5, 0.6\n", 0, 0,
     "x.ini:7: mixture.probabilities: must sum to at most 1, the last component gets the rest; sum "
     "to 1.1"},
    {PAIR "probabilities = -0.1\n", 0, 0,
     "x.ini:7: mixture.probabilities: must be from 0 to 1, got -0.1"},
    {PAIR "probabilities = 1.1, -0.1\n", 0, 0,
     "x.ini:7: mixture.probabilities: must be from 0 to 1, got 1.1"},
    {PAIR "probabilities = half\n", 0, 0,
     "x.ini:7: mixture.probabilities: must be finite decimal numbers, got \"half\""},
    {PAIR "probabilities = 0.2, 0.3, 0.5\n", 0, 0,
     "x.ini:7: mixture.probabilities: must have as many numbers as mixture.components, 2, or one "
     "fewer, has 3"},
    {GOOD "[mixture]\ncomponents = relu, tanh, erf\nprobabilities = 0.5\n", 0, 0,
     "x.ini:7: mixture.probabilities: must have as many numbers as mixture.components, 3, or"},
    {GOOD "[mixture]\ncomponents = relu, tanh, erf\n[sweep]\nmixture.probabilities = 0.1, 0.2\n", 0,
     0, "x.ini:8: sweep.mixture.probabilities: must have as many numbers as mixture.components"},
    {PAIR "probabilities = linspace(0,0.1,9)\n", 0, 0,
     "x.ini:7: mixture.probabilities: must have at most 8 numbers, has 9"},
    {GOOD "[mixture]\ncomponents = relu, tahn\n", 0, 0,
     "x.ini:6: mixture.components: \"tahn\" is unknown"},
    {GOOD "[mixture]\ncomponents = reluu, tanh\n", 0, 0,
     "x.ini:6: mixture.components: \"reluu\" is unknown, did you mean relu?"},
    {GOOD "[mixture]\ncomponents = relu, random(0.5)\n", 0, 0,
     "x.ini:6: mixture.components: activation \"random(0.5)\": zeta must be"},
    {GOOD "[mixture]\ncomponents = relu, \"max(x\"\n", 0, 0,
     "x.ini:6: mixture.components: \"max(x\" is no expression in x and b"},
    {GOOD "[mixture]\ncomponents = relu, \"x, b\n", 0, 0,
     "x.ini:6: mixture.components: the closing quote is missing in the list"},
    {GOOD "[mixture]\ncomponents = relu,, tanh\n", 0, 0,
     "x.ini:6: mixture.components: empty item in the list"},
    {GOOD "[mixture]\ncomponents = abs,abs,abs,abs,abs,abs,abs,abs,abs\n", 0, 0,
     "x.ini:6: mixture.components: must have at most 8 components"},
    {GOOD "[mixture]\ncomponent = relu\n", 0, 0,
     "x.ini:6: mixture.component: unknown key, nearest is mixture.components"},
    {GOOD "[sweep]\nmixture.components = relu, tanh\n", 0, 0,
     "x.ini:6: sweep.mixture.components: cannot be swept: its value is a list"},
    {GOOD "[activation]\nf = relu\n[mixture]\ncomponents = relu, tanh\n", 0, 0,
     "x.ini:8: mixture.components: give either this or activation.f (line 6), not both"},
    {PAIR, "mixture.probabilities=0.1,0.2,0.7", 0,
     "--set mixture.probabilities=0.1,0.2,0.7: mixture.probabilities: must have as many numbers"},
    {GOOD "[ridge]\nn2 = 0\n", 0, 0,
     "x.ini:6: ridge.n2: must be an integer from 1 to 2147483647, got 0"},
    {GOOD "[ridge]\noptimum = single\n", 0, 0, "x.ini:6: ridge.optimum: needs ridge.gamma"},
    {GOOD "[ridge]\ngamma = 1\noptimum = singel\n", 0, 0,
     "x.ini:7: ridge.optimum: must be one of single, mixture, got \"singel\", nearest is single"},
    {GOOD "[ridge]\ngamma = 1\noptimum = single, single\n", 0, 0,
     "x.ini:7: ridge.optimum: single is listed twice"},
    {GOOD "[ridge]\ngamma = 1\noptimum = single\n[data]\nsource = discrete\nvalues = 1\n", 0, 0,
     "x.ini:7: ridge.optimum: needs data.source = gaussian"},
    {GOOD "[spectrum]\nstieltjes_z = 1\n", 0, 0,
     "x.ini:6: spectrum.stieltjes_z: must have Im z > 0, or be real and < 0, got \"1\""},
    {GOOD "[spectrum]\nstieltjes_z = 1-0.1i\n", 0, 0,
     "x.ini:6: spectrum.stieltjes_z: must have Im z > 0, or be real and < 0, got \"1-0.1i\""},
    {GOOD "[spectrum]\nstieltjes_z = 1+0i\n", 0, 0, "x.ini:6: spectrum.stieltjes_z: must have Im"},
    {GOOD "[spectrum]\nstieltjes_z = 0\n", 0, 0, "x.ini:6: spectrum.stieltjes_z: must have Im"},
    {GOOD "[spectrum]\nstieltjes_z = 1i, 1+0.1j\n", 0, 0,
     "x.ini:6: spectrum.stieltjes_z: must be complex numbers such as 0.5+0.1i or -1, got "
     "\"1+0.1j\""},
    {GOOD "[spectrum]\nstieltjes_z = 1+i\n", 0, 0,
     "x.ini:6: spectrum.stieltjes_z: must be complex"},
    {GOOD "[spectrum]\nstieltjes_z = i\n", 0, 0, "x.ini:6: spectrum.stieltjes_z: must be complex"},
    {GOOD "[spectrum]\nstieltjes_z = nan+1i\n", 0, 0,
     "x.ini:6: spectrum.stieltjes_z: must be comp"},
    {GOOD "[spectrum]\nstieltjes_z = linspace(0,1)+1i\n", 0, 0,
     "x.ini:6: spectrum.stieltjes_z: must be linspace(a, b, n)"},
    {GOOD "[spectrum]\nstieltjes_z = linspace(0,1,200)+linspace(1,2,51)i\n", 0, 0,
     "x.ini:6: spectrum.stieltjes_z: must have at most 10000 numbers"},
    {GOOD "[sweep]\nspectrum.stieltjes_z = 1i, 2i\n", 0, 0,
     "x.ini:6: sweep.spectrum.stieltjes_z: cannot be swept: its value is a list"},
    {GOOD "[spectrum]\nstieltjes_mtilde = yes\n", 0, 0,
     "x.ini:6: spectrum.stieltjes_mtilde: needs spectrum.stieltjes_z, which is missing"},
    {GOOD "[spectrum]\nstieltjes_z = 1i\nstieltjes_mtilde = yes\nvectors = blocks\n", 0, 0,
     "x.ini:7: spectrum.stieltjes_mtilde: not together with spectrum.vectors"},
    {GOOD "[spectrum]\nmoments = 9\n", 0, 0,
     "x.ini:6: spectrum.moments: must be an integer from 0 to 8, got 9"},
};

static const bad structure[] = {
    {"", 0, 0, "x.ini: model.m: missing, it has no default"},
    {"[model]\nphi = 1\npsi = 1\n", 0, 0, "x.ini: model.m: missing"},
    {"[model]\nm = 8\npsi = 1\n", 0, 0, "x.ini: model.phi: missing: give model.phi or model.n0"},
    {"[model]\nm = 8\nphi = 1\n", 0, 0, "x.ini: model.psi: missing: give model.psi or model.n1"},
    {"[model]\nm = 8\nphi = 0.01\npsi = 1\n", 0, 0,
     "x.ini:3: model.phi: n0 = round(phi m) must be from 1 to 2147483647, comes out as 0"},
    {"[model]\nm = 8\nphi = 1e300\npsi = 1\n", 0, 0, "x.ini:3: model.phi: n0 = round(phi m)"},
    {"[model]\nm = 8\nphi = 1\npsi = 1000\n", 0, 0,
     "x.ini:4: model.psi: n1 = round(n0/psi) must be from 1 to 2147483647, comes out as 0"},
    {"[model]\nm = 8\nphi = 1\npsi = 1e-12\n", 0, 0, "x.ini:4: model.psi: n1 = round(n0/psi)"},
    {GOOD "n0 = 8\n", 0, 0, "x.ini:5: model.n0: give either this or model.phi (line 3), not both"},
    {GOOD "n1 = 8\n", 0, 0, "x.ini:5: model.n1: give either this or model.psi (line 4), not both"},
    {GOOD "m = 8\n", 0, 0, "x.ini:5: model.m: already set at line 2"},
    {GOOD "[bias]\n\n[model]\nm = 9\n", 0, 0, "x.ini:8: model.m: already set at line 2"},
    {"model.m = 8\n[model]\nm = 8\n", 0, 0, "x.ini:3: model.m: already set at line 1"},
    {GOOD "sigma_ww = 1\n", 0, 0, "x.ini:5: model.sigma_ww: unknown key, nearest is model.sigma_w"},
    {GOOD "bins = 5\n", 0, 0, "x.ini:5: model.bins: unknown key, nearest is spectrum.bins"},
    {GOOD "zzzzzzzz = 5\n", 0, 0, "x.ini:5: model.zzzzzzzz: unknown key; see the table"},
    {GOOD "= 5\n", 0, 0, "x.ini:5: no key before ="},
    {"m = 8\n", 0, 0, "x.ini:1: m: unknown key, nearest is model.m"},
    {"modle.m = 8\n", 0, 0, "x.ini:1: modle.m: unknown key, nearest is model.m"},
    {GOOD "bias.law = none\n", 0, 0, "x.ini:5: bias.law: keys in [model] are short"},
    {"[modell]\nm = 8\n", 0, 0, "x.ini:1: [modell]: unknown section, nearest is [model]"},
    {"[Model]\nm = 8\n", 0, 0, "x.ini:1: [Model]: unknown section, nearest is [model]"},
    {"[]\nm = 8\n", 0, 0, "x.ini:1: []: unknown section"},
    {"[output]\npath = 8\n", 0, 0, "x.ini:1: [output]: unknown section"},
    {"[model\nm = 8\n", 0, 0, "x.ini:1: section heading without ]"},
    {"[model] m = 8\n", 0, 0, "x.ini:1: unexpected text after ]: m = 8"},
    {"[model]]\nm = 8\n", 0, 0, "x.ini:1: unexpected text after ]: ]"},
    {GOOD "sigma_w 2\n", 0, 0, "x.ini:5: expected KEY = VALUE or [SECTION], got \"sigma_w 2\""},
    {"junk\n[nonsense]\n", 0, 0, "x.ini:1: expected KEY = VALUE or [SECTION], got \"junk\""},
    {"<?xml version=\"1.0\"?>\n<a/>\n", 0, 0, "x.ini:1: <?xml version: unknown key"},
    {GOOD "  sigma_w = 2\n", 0, 0, "x.ini:5: an indented line continues the value above it"},
    {GOOD "  [bias]\n", 0, 0, "x.ini:5: an indented line continues the value above it"},
    {GOOD "  2\n", 0, 0, "x.ini:4: model.psi: must be a finite decimal number, got \"1 2\""},
    {GOOD "sigma_w =;2\n", 0, 0, "x.ini:5: a comment needs white space before its ;"},
    {GOOD "sigma_w = 1\a\n", 0, 0, "x.ini:5: column 12: byte 0x07 is not UTF-8 text"},
    {GOOD "; \xFF\n", 0, 0, "x.ini:5: column 3: byte 0xff is not UTF-8 text"},
    {GOOD "; \xC0\xAF\n", 0, 0, "x.ini:5: column 3: byte 0xc0 is not UTF-8 text"},
    {GOOD "; \xED\xA0\x80\n", 0, 0, "x.ini:5: column 3: byte 0xed is not UTF-8 text"},
    {"[model]\rm = 8\r", 0, 0, "x.ini:1: column 8: byte 0x0d is not UTF-8 text"},
    {"\x7F"
     "ELF\n",
     0, 0, "x.ini:1: column 1: byte 0x7f is not UTF-8 text"},
    {GOOD "[experiment]\ntitle = "
          "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
          "5678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
          "0123456789 012345678901\n",
     0, 0, "x.ini:6: line longer than 198 bytes; break it"},
};

static const bad panels[] = {
    {GOOD "[panel a]\n[panel a]\n", 0, 0, "x.ini:6: [panel a]: already defined at line 5"},
    {GOOD "[panel index]\n", 0, 0, "x.ini:5: [panel index]: a panel's name must be"},
    {GOOD "[panel a b]\n", 0, 0, "x.ini:5: [panel a b]: a panel's name must be"},
    {GOOD "[panel a/b]\n", 0, 0, "x.ini:5: [panel a/b]: a panel's name must be"},
    {GOOD "[panel]\n", 0, 0, "x.ini:5: [panel ]: a panel's name must be"},
    {GOOD "[panel a]\nlaw = none\n", 0, 0, "x.ini:6: law: unknown key, nearest is bias.law"},
    {GOOD "[panel a]\nbias.lw = none\n", 0, 0,
     "x.ini:6: bias.lw: unknown key, nearest is bias.law"},
    {GOOD "[panel a]\nmodel.psi = -1\n", 0, 0, "x.ini:6: model.psi: must be > 0, got -1"},
    {GOOD "[panel a]\nmodel.m = 1\nmodel.m = 2\n", 0, 0, "x.ini:7: model.m: already set at line 6"},
    {GOOD "[panel a]\ntitle = x\ntitle = y\n", 0, 0, "x.ini:7: title: already set at line 6"},
    {GOOD "[panel a]\nmodel.n0 = 1\nmodel.phi = 2\n", 0, 0,
     "x.ini:7: model.phi: give either this or model.n0 (line 6), not both"},
    {GOOD "[panel a]\nexperiment.name = x\n", 0, 0, "x.ini:6: experiment.name: belongs to the who"},
    {GOOD "[panel a]\nmodel.psi = 100\n", 0, 0, "x.ini:6: model.psi: n1 = round(n0/psi) must be"},
    {"[model]\nphi = 1\npsi = 1\n[panel a]\nmodel.m = 2\n[panel b]\n", 0, 0,
     "x.ini: model.m: missing"},
    {GOOD "[panel a]\n[panel b]\n", 0, "c", "x.ini: no panel \"c\", the panels are: a, b"},
    {GOOD, 0, "a", "x.ini: no panel \"a\", the panels are: main"},
    {GOOD "sweep.model.psi = 1, 0\n", 0, 0, "x.ini:5: sweep.model.psi: must be > 0, got 0"},
    {GOOD "sweep.model.psi = 1, 100\n", 0, 0, "x.ini:5: sweep.model.psi: n1 = round(n0/psi)"},
    {GOOD "sweep.model.psy = 1\n", 0, 0,
     "x.ini:5: sweep.model.psy: unknown key, nearest is sweep.model.psi"},
    {GOOD "[sweep]\nmodel.psi = 1, x\n", 0, 0,
     "x.ini:6: sweep.model.psi: must be a finite decimal number, got \"x\""},
    {GOOD "[sweep]\npsi = 1\n", 0, 0,
     "x.ini:6: sweep.psi: unknown key, nearest is sweep.model.psi"},
    {GOOD "[sweep]\ntheory.lambda = 1\n", 0, 0,
     "x.ini:6: sweep.theory.lambda: cannot be swept: it"},
    {GOOD "[sweep]\nexperiment.name = a, b\n", 0, 0,
     "x.ini:6: sweep.experiment.name: cannot be sw"},
    {GOOD "[sweep]\nmodel.psi = 1\nmodel.psi = 1\n", 0, 0,
     "x.ini:7: sweep.model.psi: already set at line 6"},
    {GOOD "[sweep]\nmodel.phi = 1\nmodel.n0 = 1\n", 0, 0,
     "x.ini:7: sweep.model.n0: give either this or model.phi (line 6), not both"},
    {GOOD "[sweep]\nmodel.psi = linspace(1,2,400)\nmodel.sigma_w = linspace(1,2,400)\n", 0, 0,
     "x.ini:7: sweep.model.sigma_w: more than 100000 points in all panels"},
    {GOOD "[panel a]\nsweep.model.psi = linspace(1,2,60000)\n[panel b]\n"
          "sweep.model.sigma_w = linspace(1,2,40001)\n",
     0, 0, "x.ini:8: sweep.model.sigma_w: more than 100000 points in all panels"},
    {GOOD "[sweep]\nmodel.m=8\nmodel.phi=1\nmodel.psi=1\nmodel.sigma_w=1\nbias.p=1\nbias.sigma=1\n"
          "data.sigma_x=1\nspectrum.bins=1\ntheory.points=2\n",
     0, 0, "x.ini:14: sweep.theory.points: more than 8 sweeps"},
};

static const bad sets[] = {
    {GOOD, "model.psi=-1", 0, "--set model.psi=-1: model.psi: must be > 0, got -1"},
    {GOOD, "model.psi", 0, "--set model.psi: expected SECTION.KEY=VALUE"},
    {GOOD, "=1", 0, "--set =1: expected SECTION.KEY=VALUE"},
    {GOOD, "", 0, "--set : expected SECTION.KEY=VALUE"},
    {GOOD, "model.psi=", 0, "--set model.psi=: model.psi: empty value"},
    {GOOD, "psi=1", 0, "--set psi=1: psi: unknown key, nearest is model.psi"},
    {GOOD, "model.sigma_ww=1", 0, "--set model.sigma_ww=1: model.sigma_ww: unknown key, nearest"},
    {GOOD, "sweep.model.psi=1,2", 0, "--set sweep.model.psi=1,2: sweeps and panels belong"},
    {GOOD, "panel a.model.psi=1", 0, "--set panel a.model.psi=1: sweeps and panels belong"},
    {GOOD, "experiment.title=a ;b", 0, "--set experiment.title=a ;b: a value cannot hold"},
    {GOOD, "experiment.title=a\nb", 0, "--set experiment.title=a?b: not UTF-8 text on one line"},
    {GOOD, "model.psi=100", 0, "--set model.psi=100: model.psi: n1 = round(n0/psi)"},
    {GOOD "[bias]\nlaw = discrete\n", "bias.values=1", 0, "x.ini: bias.weights: missing"},
};

static void check_all(const bad *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    nlrmt_config *config = (nlrmt_config *)&config;
    nlrmt_error err = {0};
    char *set[] = {(char *)cases[i].set}, *panel[] = {(char *)cases[i].panel};
    nlrmt_status status = nlrmt_config_parse("x.ini", cases[i].text, cases[i].set != NULL, set,
                                             cases[i].panel != NULL, panel, &config, &err);
    CHECK(status == NLRMT_ERR_CONFIG && err.status == status, "%s: status %d", cases[i].expect,
          (int)status);
    CHECK(strncmp(err.text, cases[i].expect, strlen(cases[i].expect)) == 0,
          "expected \"%s\", got \"%s\"", cases[i].expect, err.text);
    CHECK(config == NULL, "%s: a configuration came back", cases[i].expect);
    nlrmt_config_destroy(&config);
  }
}

/* Two --set for phi and n0 conflict; of two for one key the last counts. */
static void check_conflicting_sets(void) {
  nlrmt_config *config;
  nlrmt_error err = {0};
  char *set[] = {"model.n0=8", "model.phi=1"};
  nlrmt_config_parse("x.ini", GOOD, 2, set, 0, NULL, &config, &err);
  const char *expect = "--set model.phi=1: model.phi: give either this or model.n0, not both";
  CHECK(strcmp(err.text, expect) == 0, "got \"%s\"", err.text);
  CHECK(config == NULL, "not refused");
}

static void check_file(const char *path, const char *expect) {
  nlrmt_config *config;
  nlrmt_error err = {0};
  nlrmt_status status = nlrmt_config_load(path, 0, NULL, 0, NULL, &config, &err);
  CHECK(status == NLRMT_ERR_CONFIG, "%s: status %d", path, (int)status);
  CHECK(strstr(err.text, expect) != NULL, "expected \"%s\", got \"%s\"", expect, err.text);
  CHECK(config == NULL, "%s: a configuration came back", path);
}

static void check_written(const char *bytes, size_t count, const char *expect) {
  char path[] = "/tmp/nlrmt_test_XXXXXX";
  int fd = mkstemp(path);
  CHECK(fd >= 0 && write(fd, bytes, count) == (ssize_t)count, "cannot write %s", path);
  close(fd);
  check_file(path, expect);
  unlink(path);
}

static void check_files(void) {
  check_file("no/such/file.ini", "no/such/file.ini: cannot open: No such file or directory");
  check_file("/", "/: cannot read: Is a directory");
  check_file("/dev/zero", "/dev/zero: larger than 1 MiB");
  check_file("/dev/null", "/dev/null: model.m: missing");
  check_written("[model]\nm = 8\0\n", 15, ":2: holds a NUL byte: not a text file");
  check_written("\x89HDF\r\n\x1a\n", 8, ":1: column 1: byte 0x89 is not UTF-8 text");
  nlrmt_config *config;
  nlrmt_error err = {0};
  nlrmt_config_parse("my file.ini", GOOD, 0, NULL, 0, NULL, &config, &err);
  CHECK(strncmp(err.text, "my file.ini: experiment.name: missing", 37) == 0, "%s", err.text);
}

int main(void) {
  check_all(numbers, sizeof numbers / sizeof numbers[0]);
  check_all(words, sizeof words / sizeof words[0]);
  check_all(lists, sizeof lists / sizeof lists[0]);
  check_all(mixtures, sizeof mixtures / sizeof mixtures[0]);
  check_all(structure, sizeof structure / sizeof structure[0]);
  check_all(panels, sizeof panels / sizeof panels[0]);
  check_all(sets, sizeof sets / sizeof sets[0]);
  check_conflicting_sets();
  check_files();
  return check_end("test_config_bad", 0);
}
