#include "nlrmt/theory_options.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlrmt/config.h"
#include "nlrmt/methods.h"

static const double EPSILON = 1e-6;

static const struct option LONG[] = {
    {"output", required_argument, NULL, 'o'},
    {"set", required_argument, NULL, 's'},
    {"panel", required_argument, NULL, 'p'},
    {"law", required_argument, NULL, 'L'},
    {"lambda", required_argument, NULL, 'X'},
    {"csv", no_argument, NULL, 'S'},
    {"method", required_argument, NULL, 'M'},
    {"epsilon", required_argument, NULL, 'E'},
    {"check", no_argument, NULL, 'C'},
    {"fresh", no_argument, NULL, 'F'},
    {"keys", no_argument, NULL, 'K'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static nlrmt_status append(char **list, int *count, char *value, const char *option,
                           nlrmt_error *err) {
  if (*count >= NLRMT_THEORY_OPTIONS_MAX)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: given more than %d times", option,
                      NLRMT_THEORY_OPTIONS_MAX);
  list[(*count)++] = value;
  return NLRMT_OK;
}

/* Whether the law is any is for the configuration to say. */
static nlrmt_status add_law(const char *name, nlrmt_theory_options *o, nlrmt_error *err) {
  size_t used = strlen(o->laws);
  int length =
      snprintf(o->laws + used, sizeof o->laws - used, "%s%s", used ? ", " : "theory.laws=", name);
  if ((size_t)length >= sizeof o->laws - used)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "--law: too many of them, or too long: \"%.40s\"",
                      name);
  return NLRMT_OK;
}

/* a:b:n -> n values from a to b; the configuration has the very same as linspace(a,b,n). */
static nlrmt_status set_lambda(const char *text, nlrmt_theory_options *o, nlrmt_error *err) {
  const char *colon = strchr(text, ':'), *last = colon ? strchr(colon + 1, ':') : NULL;
  char *end_a = NULL, *end_b = NULL, *end_n = NULL;
  double a = strtod(text, &end_a), b = last ? strtod(colon + 1, &end_b) : 0;
  long n = last ? strtol(last + 1, &end_n, 10) : 0;
  bool good = last && end_a == colon && end_b == last && *end_n == '\0' && isfinite(a) &&
              isfinite(b) && a < b && n >= 2 && n <= 100000;
  int length = good ? snprintf(o->lambda, sizeof o->lambda, "theory.lambda=linspace(%.*s,%.*s,%ld)",
                               (int)(colon - text), text, (int)(last - colon - 1), colon + 1, n)
                    : 0;
  if (!good || (size_t)length >= sizeof o->lambda)
    return nlrmt_fail(
        err, NLRMT_ERR_CONFIG,
        "--lambda: must be a:b:n, numbers a < b and n from 2 to 100000, got \"%.60s\"", text);
  return NLRMT_OK;
}

static nlrmt_status set_method(const char *text, nlrmt_theory_options *o, nlrmt_error *err) {
  enum { MANY = 32 };
  const char *name[MANY], *near;
  char all[256] = "";
  size_t count;
  const nlrmt_method *method = nlrmt_methods(&count);
  o->method = text;
  if (nlrmt_method_find(text)) return NLRMT_OK;
  for (size_t i = 0; i < count && i < MANY; i++) {
    size_t used = strlen(all);
    name[i] = method[i].name;
    snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", name[i]);
  }
  near = nlrmt_nearest(text, name, count < MANY ? count : MANY);
  return nlrmt_fail(err, NLRMT_ERR_CONFIG, "--method: must be one of %s, got \"%.60s\"%s%s", all,
                    text, near ? ", nearest is " : "", near ? near : "");
}

static nlrmt_status set_epsilon(const char *text, nlrmt_theory_options *o, nlrmt_error *err) {
  char *end;
  o->epsilon = strtod(text, &end);
  if (end != text && *end == '\0' && o->epsilon > 0 && isfinite(o->epsilon)) return NLRMT_OK;
  return nlrmt_fail(err, NLRMT_ERR_CONFIG, "--epsilon: must be a number > 0, got \"%.60s\"", text);
}

static nlrmt_status take(int c, char **argv, nlrmt_theory_options *o, nlrmt_error *err) {
  switch (c) {
  case 'o':
    o->output = optarg;
    break;
  case 's':
    return append(o->set, &o->sets, optarg, "--set", err);
  case 'p':
    return append(o->panel, &o->panels, optarg, "--panel", err);
  case 'L':
    return add_law(optarg, o, err);
  case 'X':
    return set_lambda(optarg, o, err);
  case 'M':
    return set_method(optarg, o, err);
  case 'E':
    return set_epsilon(optarg, o, err);
  case 'S':
    o->csv = true;
    break;
  case 'C':
    o->check = true;
    break;
  case 'F':
    o->fresh = true;
    break;
  case 'K':
    o->keys = true;
    break;
  case 'q':
    o->quiet = true;
    break;
  case 'h':
    o->help = true;
    break;
  case 'V':
    o->version = true;
    break;
  case ':':
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: needs a value, see --help", argv[optind - 1]);
  default:
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: unknown option, see --help", argv[optind - 1]);
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_theory_options_parse(int argc, char **argv, nlrmt_theory_options *options,
                                        nlrmt_error *err) {
  int c;
  memset(options, 0, sizeof *options);
  while ((c = getopt_long(argc, argv, ":o:s:p:qh", LONG, NULL)) != -1)
    if (take(c, argv, options, err) != NLRMT_OK) return err->status;
  if (options->help || options->version || options->keys) return NLRMT_OK;
  if (optind == argc)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "no configuration: nlrmt_theory configs/fig1.ini, or --help");
  if (optind + 1 < argc)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: one configuration only, %s is the first",
                      argv[optind + 1], argv[optind]);
  if (options->csv && (options->output || options->fresh))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "--csv: goes to standard output, leave out --output and --fresh");
  if (options->csv && options->method)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "--csv: standard output holds the curves alone, leave out --method");
  if (options->epsilon > 0 && !options->method)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "--epsilon: belongs to --method, which is missing");
  if (options->epsilon == 0) options->epsilon = EPSILON;
  options->config = argv[optind];
  if (options->laws[0]) options->set[options->sets++] = options->laws;
  if (options->lambda[0]) options->set[options->sets++] = options->lambda;
  return NLRMT_OK;
}

void nlrmt_theory_options_help(FILE *stream) {
  fputs(
      "nlrmt_theory: the theory of a configuration alone, without a simulation\n"
      "\n"
      "  nlrmt_theory [options] CONFIG.ini\n"
      "\n"
      "  -o, --output FILE.h5       default results/<experiment.name>-theory.h5\n"
      "  -s, --set SECTION.KEY=VAL  override a key, repeatable: -s model.phi=2\n"
      "  -p, --panel NAME           only this panel, repeatable\n"
      "      --law NAME             this law instead of theory.laws, repeatable\n"
      "      --lambda a:b:n         n values of lambda from a to b instead of theory.points\n"
      "      --csv                  panel,point,law,lambda,density,cdf to standard output, no "
      "file\n"
      "      --method NAME          check the solver against another method at lambda + i E:\n"
      "                             newton alp13 fixed_point half_averaged, and for one node "
      "quartic\n"
      "                             quartic_b marchenko_pastur product_wishart;\n"
      "                             the iterations give up after 10000 steps a point\n"
      "      --epsilon E            that E, default 1e-6\n"
      "      --check                parse and validate; solves nothing\n"
      "      --fresh                move an existing output aside\n"
      "  -q, --quiet                errors only\n"
      "  -h, --help                 this text\n"
      "      --version              versions of the program and its libraries\n"
      "      --keys                 the keys below for scripts, in columns divided by tabs\n"
      "\n"
      "Laws given the realised biases (alp_b, ps_b) are those of trial 0 with the configuration's\n"
      "seed: the biases, and in a mixture the components, that nlrmt_sim draws there.\n"
      "\n"
      "Exit status: 0 done, 2 command line or configuration, 3 data file, 4 memory or disk,\n"
      "5 a law could not be certified (told with its parameters; the others are written),\n"
      "or --method contradicts it: converged, and more than 1e-6 of the peak away.\n"
      "\n"
      "Then nlrmt_plot FILE.h5 draws it, nlrmt_report FILE.h5 tells it in words (in tools/).\n"
      "\n",
      stream);
  nlrmt_config_help(stream);
}
