/* The configuration: strings that end with a zero byte; the first is the INI text, one that begins
 * with @ a panel that is wanted, any other a --set. What is accepted must read back as itself. */
#include "../../src/base/expression.h"
#include "fuzz.h"
#include "nlrmt/config.h"

enum { MANY = 8 };

typedef struct {
  char *text;
  int sets, panels;
  char *set[MANY], *panel[MANY];
} arguments;

/* The strings in `copy`, whose end is a zero byte at copy[size]. */
static arguments split(char *copy, size_t size) {
  arguments a = {.text = copy};
  for (char *at = copy + strlen(copy) + 1; at <= copy + size; at += strlen(at) + 1)
    if (*at == '@' && a.panels < MANY)
      a.panel[a.panels++] = at + 1;
    else if (a.sets < MANY)
      a.set[a.sets++] = at;
  return a;
}

static void check_round(const nlrmt_config *config) {
  nlrmt_config *again;
  nlrmt_error err = {0};
  nlrmt_status status =
      nlrmt_config_parse("y.ini", config->effective, 0, NULL, 0, NULL, &again, &err);
  FUZZ_REQUIRE(status == NLRMT_OK, "%s\n%s", err.text, config->effective);
  FUZZ_REQUIRE(strcmp(config->effective, again->effective) == 0, "\n%s\n%s", config->effective,
               again->effective);
  FUZZ_REQUIRE(config->panels == again->panels, "%d, %d", config->panels, again->panels);
  for (int k = 0; k < config->panels; k++)
    FUZZ_REQUIRE(config->panel[k].points == again->panel[k].points, "panel %d", k);
  nlrmt_config_destroy(&again);
}

int fuzz_config(const uint8_t *data, size_t size) {
  char *copy = fuzz_string(data, size);
  arguments a = split(copy, size);
  nlrmt_config *config = NULL;
  nlrmt_error err = {0};
  if (fuzz_modest(a.text)) {
    nlrmt_status status =
        nlrmt_config_parse("x.ini", a.text, a.sets, a.set, a.panels, a.panel, &config, &err);
    fuzz_check_status(status, &err);
    FUZZ_REQUIRE((status == NLRMT_OK) == (config != NULL), "%s", err.text);
    if (config) check_round(config);
    nlrmt_config_destroy(&config);
  }
  expression_forget();
  free(copy);
  return 0;
}
FUZZ_ENTRY(fuzz_config)
