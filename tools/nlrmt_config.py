"""nlrmt_config: the effective configuration that an output holds, as lines."""
import re
from dataclasses import dataclass

RANGE = "trials", "first_trial"


@dataclass
class Config:
    """The shared sections' lines, and each panel's after [panel NAME]; a list over several lines is one."""
    head: list
    panels: dict  # name -> lines


def parse_config(text):
    lines, config = [], Config([], {})
    for line in text.rstrip("\n").split("\n"):
        if line.startswith(" ") and lines:
            lines[-1] += "\n" + line
        else:
            lines.append(line)
    target = config.head
    for line in lines:
        panel = re.fullmatch(r"\[panel (.*)\]", line)
        if panel:
            target = config.panels[panel[1]] = []
        elif line or target is config.head:
            target.append(line)
    while config.head and not config.head[-1]:
        config.head.pop()
    return config


def config_text(config):
    """As nlrmt_sim writes it, to the byte: it compares."""
    blocks = [config.head, *([f"[panel {name}]", *lines] for name, lines in config.panels.items())]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def setting(lines, key, fallback=None):
    """The value of `key = value`, unless it is absent."""
    return next((line.split(" = ", 1)[1] for line in lines if line.startswith(f"{key} = ")), fallback)


def with_setting(lines, key, value):
    return [f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in lines]


def integer(text):
    """As nlrmt_sim reads them: 2^14 is one."""
    base, _, exponent = str(text).partition("^")
    return int(base) ** int(exponent or 1)


def trial_range(config, panel):
    """(first, number) of a panel's trials; None if they are swept."""
    lines = config.panels[panel]
    if any(line.startswith(f"sweep.experiment.{k} ") for line in lines for k in RANGE):
        return None
    number, first = (integer(setting(lines, f"experiment.{k}", setting(config.head, k, 0))) for k in RANGE)
    return first, number
