"""nlrmt_claims: what both papers and this project state, one Claim a row of the ledger.

A: Adlam, Levinson, Pennington, A Random Matrix Perspective on Mixtures of Nonlinearities in High
Dimensions. B: Piccolo, Schroeder, Analysis of one-hidden-layer neural networks via the resolvent
method. ours: docs/theory.md and the pages it leads to. Panels are those of configs/verify.ini."""
from nlrmt_observe import (atom, atom_of, bulk_power, contest_limit, cumulant_ratio, derived_quartic,
                           fluctuation_power, marchenko_pastur, mixture_gain, mixture_inside,
                           moment_gap, moment_ratio, outlier_gap, outlier_power, overlap_gap,
                           pair_limit, pair_power, printed_quartic, product_wishart, ps_quartic,
                           residual, ridge_gap, same_error, separation, transform_gap, w1_power)
from nlrmt_verdict import Claim

IMAGES = ("images_small", "images_middle", "images_large")
SLOW, NONE = (-0.5,), (0.0,)  # rivals of powers of W1
PER_WIDTH = "falls like width^-1/2 only: a law that misses the draw"
STAYS = "does not fall: a wrong law"


def printed_prefactor(number):
    """kappa_4 over what theta2 of eq. 10 gives with the prefactor sigma_w sigma_x, unsquared."""
    a = number.points[0].attrs
    return (a["sigma_w"] * a["sigma_x"])**-2


def given(name, panel, text, source, law="alp_b", layers=(None,), **attrs):
    """W1 falls like 1/width."""
    return Claim(name, text, source, panel, w1_power(panel, law, layers, **attrs), -1.0, SLOW,
                 PER_WIDTH, f"power of the width in W1 to {law}")


def converges(name, panel, text, source, law="alp", layers=(None,), **attrs):
    """W1 falls at least like width^-1/2, what the draw of the biases leaves."""
    return Claim(name, text, source, panel, w1_power(panel, law, layers, **attrs), -0.5, NONE,
                 STAYS, f"power of the width in W1 to {law}", "at most")


def stays(name, panel, text, source, law="ps", layers=(None,)):
    """W1 stops falling."""
    return Claim(name, text, source, panel, w1_power(panel, law, layers), -0.25, SLOW,
                 "falls: it converges", f"power of the width in W1 to {law}", "at least")


def inside(name, panel, setting):
    """The contest, as A and as B have it."""
    what = "place between the laws, 0 alp, 1 ps"
    return [
        Claim(f"{name}_inside", f"Biases are kept inside the expectation: {setting}", "A, Thm 1",
              panel, contest_limit(panel, "alp", "ps"), 0.0, (1.0,), "the averaged law holds",
              what),
        Claim(f"{name}_given", f"The same, each trial's laws given its own biases: {setting}",
              "ours (theory.md, given the biases)", panel, contest_limit(panel, "alp_b", "ps_b"),
              0.0, (1.0,), "the averaged law holds",
              what.replace("alp", "alp_b").replace("ps", "ps_b")),
        Claim(f"{name}_averaged", f"Averages over the biases give the law: {setting}", "B, Thm 2.5",
              panel, contest_limit(panel, "alp", "ps"), 1.0, (0.0,),
              "the biases stay inside the expectation", what, corrected_by=f"{name}_inside")]


def vanishes(name, text, source, panel, observe, what, within=0.05, **more):
    """A relative gap of one or many components, 0 at infinite width."""
    return Claim(name, text, source, panel, observe, 0.0, (-within, within),
                 f"off by {100 * within:g} %", what, **more)


def same_spectrum(name, panel, label, text, source, within=0.01):
    return Claim(name, text, source, panel, pair_limit(panel, label), 0.0, (within**2,),
                 f"a distance of {100 * within:g} % of the mean eigenvalue",
                 "squared W1 distance/mean eigenvalue squared")


DENSITIES = [
    given("density_relu", "relu",
          "Density, ReLU, b ~ N(0, 1), given the biases drawn: W1 ~ 1/width",
          "A, Thm 1, Fig 1a; ours: the rate"),
    converges("limit_relu", "relu",
              "The limit law itself: W1 falls as the draw of the biases lets it",
              "A, Thm 1, Fig 1a"),
    given("density_bernoulli", "bernoulli",
          "Density, Bernoulli biases, given those drawn: W1 ~ 1/width",
          "A, Thm 1, Fig 1b; ours: the rate"),
    given("density_scaled", "scaled", "sigma_x, sigma_w not 1: S of mean 1, sigma_x in zeta alone",
          "A, Thm 1; ours: the scaling"),
    given("density_bimodal", "bimodal", "Data that are not i.i.d. enter by their spectrum S",
          "A, Thm 1, Fig 2, bottom right"),
    given("density_tanh", "tanh", "Density without biases, tanh: W1 ~ 1/width", "B, Thms 2.1, 2.2",
          "alp"),
    Claim("one_law", "Without biases the laws of A and B are one", "A, eqs. 9-11; B, eq. 6", "tanh",
          separation("tanh", "alp", "ps"), 0.0, (1e-3,), "they differ by 1e-3", "W1(alp, ps)/mean"),
]

CONTEST = [*inside("relu", "relu", "ReLU, b ~ N(0, 1)"),
           *inside("bernoulli", "bernoulli", "ReLU, b Bernoulli"),
           *inside("cubic", "cubic", "x^3, sigma_b = 1/4, B's own Fig 1d")]

RESOLVENT = [
    vanishes("transform_m", "Stieltjes transform m(z) of K", "A, Thm 1, eqs. 6, 9", "relu",
             transform_gap("relu", "m", "alp_b"), "gap of m(z)/|m(z)|"),
    vanishes("transform_mtilde", "Second transform, weighted with X'X", "A, Thm 1, eq. 9", "relu",
             transform_gap("relu", "mtilde", "alp_b"), "gap of mtilde(z)/|mtilde(z)|"),
    vanishes("moments", "Moments (1/m) tr K^j, j = 1 to 4", "A, eq. 7", "relu",
             moment_gap("relu", "alp_b"), "gap/moment"),
    vanishes("quartic_printed", "Quartic for m(z) of one activation, as printed", "A, eq. 15",
             "tanh", residual("tanh", printed_quartic),
             "polynomial at the measured m(z)/sum of |terms|", corrected_by="quartic",
             note="as in the copy at hand"),
    vanishes("quartic", "Quartic for m(z), derived from Thm 1", "ours (theory.md)", "tanh",
             residual("tanh", derived_quartic), "polynomial at the measured m(z)/sum of |terms|"),
    vanishes("quartic_ps", "Quartic for g(z) = (1/n1) tr (M - z)^-1", "B, eq. 6", "tanh",
             residual("tanh", ps_quartic), "polynomial at the measured g(z)/sum of |terms|"),
    Claim("concentration", "Fluctuations: E|g - Eg|^4 <~ 1/(n1^2 (Im z)^4), in the width",
          "B, Lemma 3.4", "tanh", fluctuation_power("tanh"), -2.0, (-1.0,), "falls like 1/n1 only",
          "power of n1 in E|g - Eg|^4", "at most"),
    Claim("concentration_sharp", "In fact n1^-4, as a linear statistic's", "ours (stieltjes.md)",
          "tanh", fluctuation_power("tanh"), -4.0, (-2.0,), "the lemma's own power",
          "power of n1 in E|g - Eg|^4"),
    Claim("concentration_im", "The same in Im z", "B, Lemma 3.4", "tanh",
          fluctuation_power("tanh", "Im z"), -4.0, (-5.0,), "grows like (Im z)^-5",
          "power of Im z in E|g - Eg|^4", "at least"),
]

SPECIAL = [
    vanishes("theta2_zero", "theta2 = 0: Marchenko-Pastur of ratio phi/psi", "B, eq. 7", "even",
             moment_gap("even", marchenko_pastur), "gap/moment of Marchenko-Pastur"),
    vanishes("wishart", "theta1 = theta2, f linear: a product of two Wishart matrices",
             "B, after eq. 7", "affine", moment_gap("affine", product_wishart),
             "gap/moment of the product"),
    Claim("atom", "Atom at 0 of K: max(0, 1 - n1/m), though n0 < m", "A, Thm 1; B, after Thm 2.1",
          "full", atom("full"), atom_of(generic=True), (0.5,), "n0 bounds the rank",
          "share of zero eigenvalues"),
    Claim("atom_affine", "Affine f: rank K <= n0 as well", "A, Thm 1 (theory.md)", "affine",
          atom("affine"), atom_of(generic=False), (0.0,), "only n1 bounds the rank",
          "share of zero eigenvalues"),
    vanishes("outlier", "One outlier at m E h(b)^2, of M at n1 theta1b", "B, Thm 2.5", "relu",
             outlier_gap("relu", "alp"), "largest eigenvalue, measured/predicted - 1", 0.1),
    Claim("outlier_rate", "... up to a factor 1 + O(n1^-1/2)", "B, Thm 2.5", "relu",
          outlier_power("relu", "alp"), -0.5, NONE, "does not converge",
          "power of n1 in its rms gap", "at most"),
    Claim("outlier_given", "Given the biases drawn its place is known to 1/n1", "ours (contest.md)",
          "relu", outlier_power("relu", "alp_b"), -1.0, SLOW, "n1^-1/2, as without them",
          "power of n1 in its rms gap", "at most"),
]

LAYERS = [
    given("isospectral", "layers", "theta2 = 0, no bias: every layer has one law, W1 ~ 1/width",
          "B, sec. 2.2, Fig 2 left", "ps", (1, 2, 3)),
    stays("isospectral_bias", "layers_bias",
          "With bias the deeper layers do not converge to Thm 2.5's law",
          "B, sec. 2.2, Fig 2 right", "ps", (2, 3)),
    Claim("single_layer", "With bias a single layer follows Thm 2.5's law", "B, Fig 3",
          "layers_bias", contest_limit("layers_bias", "alp", "ps", 1), 1.0, (0.0,),
          "it follows Thm 1 of A", "place between the laws, 0 alp, 1 ps",
          corrected_by="single_layer_alp"),
    Claim("single_layer_alp", "... it follows Adlam et al.'s", "A, Thm 1", "layers_bias",
          contest_limit("layers_bias", "alp", "ps", 1), 0.0, (1.0,), "the averaged law holds",
          "place between the laws, 0 alp, 1 ps"),
    stays("batch_norm", "layers_norm", "Batch norm does not bring the layers back to that law",
          "B, Fig 3", "ps", (2, 3)),
    converges("depth", "layers_bias", "They converge to another law: that of every depth",
              "ours (depth.md)", "depth", (1, 2, 3)),
    given("depth_given", "layers_bias", "Given what the draw realised, W1 ~ 1/width at every depth",
          "ours (depth.md)", "depth_b", (1, 2, 3)),
    given("depth_norm", "layers_norm", "The same with batch norm", "ours (depth.md)", "depth_b",
          (1, 2, 3)),
]

CORRELATIONS = [
    Claim("kappa2", "kappa(Y12, Y12) = theta1 (less the row mean's theta1b)", "B, Prop 3.3",
          "cumulants", cumulant_ratio("cumulants", 0), 1.0, (0.95, 1.05), "off by 5 %",
          "measured/predicted"),
    Claim("kappa4", "Cycle of length 4: theta2^2/n0", "B, Prop 3.3", "cumulants",
          cumulant_ratio("cumulants", 1), 1.0, (0.9, 1.1), "off by 10 %", "measured/predicted"),
    Claim("kappa6", "Cycle of length 6: theta2^3/n0^2", "B, Prop 3.3", "cumulants",
          cumulant_ratio("cumulants", 2), 1.0, (0.75, 1.25), "off by 25 %", "measured/predicted"),
    Claim("kappa_row", "Along a row: theta1b", "B, Prop 3.3", "cumulants",
          cumulant_ratio("cumulants", 3), 1.0, (0.75, 1.25), "off by 25 %", "measured/predicted"),
    Claim("theta2_printed", "theta2 with the prefactor sigma_w sigma_x, as printed", "B, eq. 10",
          "cumulants", cumulant_ratio("cumulants", 1), printed_prefactor, (1.0,),
          "(sigma_w sigma_x)^2, as in eqs. 5, 11", "kappa4/(theta2^2/n0), theta2 of eq. 11",
          corrected_by="kappa4"),
]

UNIVERSALITY = [
    same_spectrum("rademacher", "entries", "rademacher", "Entries +1, -1: the Gaussian law",
                  "B, sec. 2 (any centred law)"),
    same_spectrum("uniform", "entries", "uniform", "Uniform entries: the Gaussian law",
                  "B, sec. 2 (any centred law)"),
    same_spectrum("lattice", "entries", "lattice", "Integer entries: the Gaussian law",
                  "B, sec. 2 (any centred law)"),
    same_spectrum("skewed", "entries", "exponential",
                  "Skewed entries: the Gaussian law in the limit", "B, sec. 2 (any centred law)",
                  0.05),
    Claim("skewed_rate", "... but only like m^-1/2, the third cumulant's term",
          "ours (universality.md)", "entries", pair_power("entries", "exponential"), -0.5, (-1.0,),
          "like 1/m, as the others", "power of m in the distance"),
    given("complex", "complex", "Complex W, X: the analogous law, W1 ~ 1/width", "B, Remark E.1"),
    Claim("complex_inside", "Complex entries: biases kept inside the expectation",
          "ours (universality.md)", "complex", contest_limit("complex", "alp_b", "ps_b"), 0.0,
          (1.0,), "the averaged law holds", "place between the laws, 0 alp_b, 1 ps_b"),
    same_spectrum("linear", "linear", "F_lin", "F_lin, linear in random matrices, has F's spectrum",
                  "A, eq. 40 (corrected), App. A.1"),
    Claim("linear_rate", "Their distance falls like 1/m", "ours (universality.md)", "linear",
          pair_power("linear", "F_lin"), -1.0, SLOW, "like m^-1/2", "power of m in the distance"),
    Claim("linear_printed",
          "F_lin with entries of variance 1/n1 beside K = F'F/n1, as printed: tr K_lin/m -> 0",
          "A, eq. 40", "linear", moment_ratio("linear", "alp_b", surrogate="no"), 0.0, (1.0,),
          "variance 1", "(1/m) tr K of F over E eta", corrected_by="linear"),
]

RIDGE = [
    vanishes("ridge_labels", "Training error, random labels", "A, Cor. 1, Fig 3a", "labels",
             ridge_gap("labels", "alp_b"), "gap/E_train"),
    vanishes("ridge_autoencoder", "Training error, autoencoder", "A, Cor. 1, Fig 3b", "autoencoder",
             ridge_gap("autoencoder", "alp_b"), "gap/E_train"),
    vanishes("ridge_noisy", "Training error, noisy autoencoder", "A, Cor. 1, Fig 3c", "noisy",
             ridge_gap("noisy", "alp_b"), "gap/E_train"),
    vanishes("ridge_printed", "Its sign with ' = d/dz: -gamma^2 (...), as printed",
             "A, Cor. 1 (proof)", "labels", ridge_gap("labels", "alp_b", sign=-1.0),
             "gap/E_train to minus the prediction", corrected_by="ridge_labels"),
    vanishes("same_zeta", "E_train depends on f by zeta alone (eta = 1)", "A, sec. 4.1, Fig 4a",
             "same_zeta", same_error("same_zeta"), "difference of two f, zeta = 1/2, over E_train"),
    given("mixture_density", "best_mixture",
          "Mixtures of nonlinearities: the law of their two atoms, W1 ~ 1/width",
          "A, Thm 1, sec. 4.1"),
    Claim("mixture_inside", "The best mixture is a true one: 0 < p < 1 beats p = 0 and p = 1",
          "A, sec. 4.1, Fig 4a", "pure", mixture_inside("best_mixture", "pure"), 1.0, NONE,
          "no difference", "difference of E_train/predicted"),
    Claim("mixture_gain", "The best mixture beats the best single f, by what is predicted",
          "A, sec. 4.1, Fig 4b", "best_mixture", mixture_gain(("best_single", "best_mixture")), 1.0,
          NONE, "no difference", "difference of E_train/predicted"),
]

DATA = [
    vanishes("overlaps", "Overlaps of the singular vectors of X and F are predicted",
             "ours (kernel.md); A, Fig 5, has none", "overlaps", overlap_gap(("overlaps",), "alp"),
             "gap/overlap", 0.1),
    Claim("images_alp", "Images (here Fashion-MNIST): the law of their measured spectrum holds",
          "A, Fig 2, top", IMAGES[-1], bulk_power(IMAGES, "alp"), -0.5, NONE, STAYS,
          "power of m in W1 on the bulk to alp", "at most", corrected_by="images_kernel"),
    Claim("images_kernel", "Images: the law of the exact kernel holds", "ours (kernel.md)",
          IMAGES[-1], bulk_power(IMAGES, "kernel"), -0.5, NONE, STAYS,
          "power of m in W1 on the bulk to kernel", "at most"),
    vanishes("images_overlaps", "Images: overlaps of singular vectors by the exact kernel",
             "ours (kernel.md)", IMAGES[-1], overlap_gap(IMAGES, "kernel"), "gap/overlap", 0.2),
]

SECTIONS = [("Densities", DENSITIES), ("Which law holds with biases", CONTEST),
            ("The resolvent", RESOLVENT), ("Special cases, atom, outlier", SPECIAL),
            ("Several layers", LAYERS), ("Cycle correlations", CORRELATIONS),
            ("Universality, complex entries, linear surrogate", UNIVERSALITY),
            ("Ridge regression and mixtures", RIDGE), ("Singular vectors, data as they are", DATA)]
CLAIMS = [c for _, claims in SECTIONS for c in claims]
