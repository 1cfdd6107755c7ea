#include "nlrmt/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option LONG[] = {
    {"output", required_argument, NULL, 'o'},
    {"set", required_argument, NULL, 's'},
    {"panel", required_argument, NULL, 'p'},
    {"plan", no_argument, NULL, 'P'},
    {"check", no_argument, NULL, 'C'},
    {"resume", no_argument, NULL, 'R'},
    {"fresh", no_argument, NULL, 'F'},
    {"time-limit", required_argument, NULL, 'T'},
    {"save-every", required_argument, NULL, 'S'},
    {"keys", no_argument, NULL, 'K'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static nlrmt_status append(char **list, int *count, char *value, const char *option,
                           nlrmt_error *err) {
  if (*count >= NLRMT_OPTIONS_MAX)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: given more than %d times", option,
                      NLRMT_OPTIONS_MAX);
  list[(*count)++] = value;
  return NLRMT_OK;
}

static nlrmt_status parse_minutes(const char *text, double *minutes, nlrmt_error *err) {
  char *end;
  *minutes = strtod(text, &end);
  if (end == text || *end != 0 || !(*minutes > 0 && *minutes < 1e7))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "--time-limit: must be minutes > 0, got \"%s\"", text);
  return NLRMT_OK;
}

static nlrmt_status parse_seconds(const char *text, double *seconds, nlrmt_error *err) {
  char *end;
  *seconds = strtod(text, &end);
  if (end == text || *end != 0 || !(*seconds >= 0 && *seconds < 1e7))
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "--save-every: must be seconds >= 0, got \"%s\"",
                      text);
  return NLRMT_OK;
}

static nlrmt_status take(int c, char **argv, nlrmt_options *o, nlrmt_error *err) {
  switch (c) {
  case 'o':
    o->output = optarg;
    break;
  case 's':
    return append(o->set, &o->sets, optarg, "--set", err);
  case 'p':
    return append(o->panel, &o->panels, optarg, "--panel", err);
  case 'P':
    o->plan = true;
    break;
  case 'C':
    o->check = true;
    break;
  case 'R':
  case 'F':
    if (o->mode != NLRMT_OUTPUT_NEW)
      return nlrmt_fail(err, NLRMT_ERR_CONFIG, "--resume and --fresh: choose one, once");
    o->mode = c == 'R' ? NLRMT_OUTPUT_RESUME : NLRMT_OUTPUT_FRESH;
    break;
  case 'T':
    return parse_minutes(optarg, &o->time_limit, err);
  case 'S':
    return parse_seconds(optarg, &o->save_every, err);
  case 'K':
    o->keys = true;
    break;
  case 'q':
    o->quiet = true;
    break;
  case 'v':
    o->verbose = true;
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

nlrmt_status nlrmt_options_parse(int argc, char **argv, nlrmt_options *options, nlrmt_error *err) {
  int c;
  memset(options, 0, sizeof *options);
  options->save_every = -1;
  while ((c = getopt_long(argc, argv, ":o:s:p:qvh", LONG, NULL)) != -1)
    if (take(c, argv, options, err) != NLRMT_OK) return err->status;
  if (options->help || options->version || options->keys) return NLRMT_OK;
  if (optind == argc)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                      "no configuration: nlrmt_sim configs/fig1.ini, or --help");
  if (optind + 1 < argc)
    return nlrmt_fail(err, NLRMT_ERR_CONFIG, "%s: one configuration only, %s is the first",
                      argv[optind + 1], argv[optind]);
  options->config = argv[optind];
  return NLRMT_OK;
}

void nlrmt_options_help(FILE *stream) {
  fputs("nlrmt_sim: spectra of random neural-network features, measured and predicted\n"
        "\n"
        "  mpirun -n RANKS nlrmt_sim [options] CONFIG.ini\n"
        "\n"
        "  -o, --output FILE.h5       default results/<experiment.name>.h5\n"
        "  -s, --set SECTION.KEY=VAL  override a key, repeatable: -s model.m=2048\n"
        "  -p, --panel NAME           only this panel, repeatable\n"
        "      --plan                 points, grids, memory per rank, time; runs nothing\n"
        "      --check                parse and validate; runs nothing\n"
        "      --resume               continue an unfinished output\n"
        "      --fresh                move an existing output aside and begin anew\n"
        "      --time-limit MIN       stop cleanly and resumably before that; default: a\n"
        "                             minute before the end of the Slurm job, if it is one\n"
        "      --save-every SEC       save a finished trial when the last save is that old\n"
        "                             (default 5, and at most 5 % of the time for saving)\n"
        "  -q, --quiet                errors only\n"
        "  -v, --verbose              more about each trial\n"
        "  -h, --help                 this text\n"
        "      --version              versions of the program and its libraries\n"
        "      --keys                 the keys below for scripts, in columns divided by tabs\n"
        "\n"
        "Exit status: 0 done, 2 command line or configuration, 3 data file, 4 memory or disk,\n"
        "5 finished but trials, laws or spectra of data failed (recorded in the output),\n"
        "75 stopped early, resumable with --resume (time limit, SIGTERM, SIGINT, SIGUSR1,\n"
        "a file OUTPUT.stop).\n"
        "\n"
        "Then nlrmt_plot FILE.h5 draws it, nlrmt_report FILE.h5 tells it in words (in tools/).\n"
        "\n",
        stream);
  nlrmt_config_help(stream);
}
