"""Write the generated parts of the reference again: `python docs/update_reference.py`.

The page of the command line has a table of options for each stage, that of the configuration one for each group of
settings. Both come from the config dataclasses and their docstrings.
"""

import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from marks import between

from ser_fop.cli import STAGES
from ser_fop.config import settings
from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.config.parsing import _PREFIXED
from ser_fop.config.presets import has_preset

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "docs" / "reference" / "command-line.md"
CONFIGURATION = ROOT / "docs" / "reference" / "configuration.md"
_RECOMMENDED = ROOT / "ser_fop" / "config" / "preset_files" / "recommended.yaml"
# Groups of settings: the heading on the page, the dataclass, and the keys of the preset's section.
GROUPS: dict[str, tuple[type, tuple[str, ...]]] = {
    "Front end": (settings.FeatureConfig, ("features",)),
    "Network": (settings.ModelConfig, ("model",)),
    "Pretraining": (settings.PretrainingSettings, ("pretraining",)),
    "Fine-tuning": (settings.FinetuningSettings, ("finetuning",)),
    "Augmentation": (AugmentationSettings, ("finetuning", "augmentation")),
    "Classifiers": (settings.ClassifierSettings, ("classifiers",)),
}
_HEADINGS = {group: heading for heading, (group, _) in GROUPS.items()}


def commands() -> str:
    """Return one section for each stage: its purpose, its options and its groups of settings."""
    lines: list[str] = []
    for name, stage in STAGES.items():
        config = stage.config_type
        lines += [f"## ser-fop {name}", "", _summary(config), ""]
        own = [field for field in dataclasses.fields(config) if not dataclasses.is_dataclass(_type(config, field.name))]
        lines += ["| option | values | default | meaning |", "|---|---|---|---|"]
        lines += [_option(config, field) for field in own]
        groups = [(field.name, _type(config, field.name)) for field in dataclasses.fields(config) if field not in own]
        if groups:
            lines += ["", _groups(name, groups)]
        if has_preset(name):
            lines += ["", "`--preset recommended` changes the defaults ([presets](configuration.md#presets))."]
        lines.append("")
    return "\n".join(lines).rstrip()


def groups() -> str:
    """Return one table for each group of settings, with the values of both presets."""
    preset = yaml.safe_load(_RECOMMENDED.read_text(encoding="utf-8"))
    lines: list[str] = []
    for heading, (group, keys) in GROUPS.items():
        changed: Mapping[str, Any] = preset
        for key in keys:
            changed = changed.get(key, {})
        lines += [f"## {heading}", "", _summary(group), ""]
        lines += ["| key | values | `paper` | `recommended` | meaning |", "|---|---|---|---|---|"]
        described = _attributes(group)
        for field in dataclasses.fields(group):
            if dataclasses.is_dataclass(_type(group, field.name)):
                continue
            value = f"`{_text(changed[field.name])}`" if field.name in changed else ""
            cells = [_values(_type(group, field.name)), _default(field), value, described.get(field.name, "")]
            lines.append(_row(f"`{field.name}`", *cells))
        lines.append("")
    return "\n".join(lines).rstrip()


def _groups(stage: str, found: list[tuple[str, Any]]) -> str:
    """Return a sentence on the groups of settings of a stage."""
    links = []
    for name, group in found:
        heading = _HEADINGS.get(group, "")
        link = f"[{heading.lower()}](configuration.md#{heading.lower().replace(' ', '-')})" if heading else f"`{name}`"
        links.append(f"{link} as `--{name.replace('_', '-')}.KEY`" if stage in _PREFIXED else link)
    joined = ", ".join(links)
    form = "" if stage in _PREFIXED else ": each key is an option, such as `--KEY VALUE`"
    return f"Groups of settings: {joined}{form}."


def _option(config: type, field: dataclasses.Field) -> str:
    flag = "--" + field.name.replace("_", "-")
    kind = _type(config, field.name)
    default = _default(field)
    if kind is bool:
        flag = f"{flag}`, `--no-{flag[2:]}"
    meaning = _attributes(config).get(field.name, "")
    return _row(f"`{flag}`", _values(kind), default, meaning)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(config: type, name: str) -> Any:
    return typing.get_type_hints(config)[name]


def _values(kind: Any) -> str:
    """Return the values of a type in words."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"several: {_values(arguments[0])}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_values(one) for one in arguments if one is not type(None))
    names = {bool: "yes or no", int: "whole number", float: "number", str: "text", Path: "path"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))


def _default(field: dataclasses.Field) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{_text(field.default)}`" if field.default not in (None, "", ()) else ""
    return "" if field.default_factory is not dataclasses.MISSING else "required"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(_text, value)) if isinstance(value, tuple | list) else str(value)


def _summary(config: type) -> str:
    """Return the first paragraphs of a docstring as one line each."""
    text = inspect.getdoc(config) or ""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text.partition("Attributes:")[0].strip())


def _attributes(config: type) -> dict[str, str]:
    """Return the descriptions of a docstring's attributes by name."""
    body = textwrap.dedent((inspect.getdoc(config) or "").partition("Attributes:\n")[2])
    return {name: " ".join(words.split()) for name, words in _entries(body)}


def _entries(body: str) -> Iterator[tuple[str, str]]:
    for entry in re.split(r"\n(?=\S)", body):
        name, colon, words = entry.partition(":")
        if colon:
            yield name.strip(), words


def update(page: Path) -> str:
    """Return the text of a page with its generated part written again."""
    text = between(page.read_text(encoding="utf-8"), "commands", commands)
    return between(text, "groups", groups)


if __name__ == "__main__":
    for path in (COMMANDS, CONFIGURATION):
        path.write_text(update(path), encoding="utf-8")
