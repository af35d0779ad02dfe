"""Parse command-line options and YAML files to the config of a stage."""

import dataclasses
import sys
import warnings
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import tyro
import yaml

from ser_fop.config.presets import has_preset, over_preset
from ser_fop.config.yaml_io import from_mapping, read_yaml
from ser_fop.errors import InputError
from ser_fop.utils.remote import is_remote, location
from ser_fop.utils.renamed import present_name, present_value

Config = TypeVar("Config")

# In these stages, several groups of settings share field names. Their options keep the group as a prefix.
_PREFIXED = frozenset({"reproduce", "tune", "probe"})
# These fields may be URLs; all other paths must be local.
_MAY_BE_REMOTE = frozenset({"audio_dir", "manifest", "staging"})
# Options of every stage, parsed before the stage's own options.
_COMMON = {"--config": "a YAML file", "--preset": "a preset's name"}


class _BadUrlError(Exception):
    """Carries the message of an `InputError` through tyro, which would print it in a frame."""


def _located(texts: list[str]) -> Path:
    try:
        return location(texts[0])
    except InputError as error:
        raise _BadUrlError(str(error)) from error


_PATHS = tyro.constructors.ConstructorRegistry()


@_PATHS.primitive_rule
def _path_rule(
    info: tyro.constructors.PrimitiveTypeInfo,
) -> tyro.constructors.PrimitiveConstructorSpec[Path] | None:
    """Parse paths with `location`, because `Path` changes `s3://` to `s3:/`."""
    if info.type is not Path:
        return None
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="PATH",
        instance_from_str=_located,
        is_instance=lambda value: isinstance(value, Path) or is_remote(value),
        str_from_instance=lambda value: [str(value)],
    )


def parse(stage: str, config_type: type[Config], arguments: list[str]) -> Config | None:
    """Return a stage's config, or None after `--print_config`.

    Raises:
        InputError: If the YAML file is missing, or contains a wrong key or value.
    """
    rest, common, print_config = _take_common(_with_present_options(stage, arguments))
    where = common.get("--config", "")
    values = read_yaml(Path(where)) if where else {}
    values = over_preset(values, stage, where=where, chosen=common.get("--preset"))
    default = from_mapping(config_type, values, where=where, missing=tyro.MISSING)
    try:
        with _PATHS, warnings.catch_warnings():
            # The warning is about a URL in a YAML file: a `UPath` is not a `Path`.
            warnings.filterwarnings("ignore", message=r".*upath\.implementations")
            parsed = tyro.cli(
                config_type,
                prog=f"ser-fop {stage}",
                description=(config_type.__doc__ or "").partition("Attributes:")[0].strip() + _common_options(stage),
                default=default,
                args=rest,
                config=() if stage in _PREFIXED else (tyro.conf.OmitArgPrefixes,),
            )
    except _BadUrlError as error:
        raise InputError(str(error)) from None
    _require_local(parsed)
    if getattr(parsed, "jobs", 0) < 0:
        raise InputError(f"--jobs expected 0 (one for each core) or more, received {parsed.jobs}.")
    if print_config:
        print(yaml.safe_dump(_plain(parsed), sort_keys=False), end="")
        return None
    return parsed


def _require_local(config: Any) -> None:
    """Raise an `InputError` if an option that needs a local path has a URL."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if is_remote(one) and field.name not in _MAY_BE_REMOTE:
                raise InputError(
                    f"--{field.name.replace('_', '-')} expected a local path, received the URL {one}."
                    " Only audio, its manifest and staging may be URLs; copy other input to this machine first."
                )


def _common_options(stage: str) -> str:
    """Return the help text of the options that all stages have."""
    config = "--config FILE.yaml (its keys are the options, with underscores{})"
    if not has_preset(stage):
        return f"\n\nFurther options: {config.format('')} and --print_config."
    named = "--preset NAME (`paper`, the defaults, or `recommended`)"
    precedence = "; it overrides the preset, and its key `preset` may name one"
    return f"\n\nFurther options: {named}, {config.format(precedence)} and --print_config."


def _with_present_options(stage: str, arguments: list[str]) -> list[str]:
    """Translate former option names and their values, and print a note for each former name."""
    translated: list[str] = []
    former = present = ""
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if not option.startswith("--"):
            translated.append(present_value(present, argument) if former else argument)
            continue
        name = option[2:].replace("-", "_")
        present = present_name(name)
        former = name if present != name else ""
        if not former:
            translated.append(argument)
            continue
        option_now = f"--{present.replace('_', '-')}"
        print(
            f"ser-fop {stage}: note: {option} is now {option_now}. The next release removes the former name.",
            file=sys.stderr,
        )
        translated.append(option_now + equals + (present_value(present, value) if equals else ""))
    return translated


def _take_common(arguments: list[str]) -> tuple[list[str], dict[str, str], bool]:
    """Separate `--config`, `--preset` and `--print_config` from the options of the stage."""
    rest, common, print_config = [], {}, False
    pending = iter(arguments)
    for argument in pending:
        if argument in ("--print_config", "--print-config"):
            print_config = True
            continue
        name, equals, value = argument.partition("=")
        if name not in _COMMON:
            rest.append(argument)
            continue
        value = value if equals else next(pending, "")
        if not value:
            raise InputError(f"{name} expected {_COMMON[name]}, received nothing.")
        common[name] = value
    return rest, common, print_config


def _plain(config: Any) -> Any:
    """Convert a config to the types of YAML."""
    return msgspec.json.decode(msgspec.json.encode(config, enc_hook=str))
