"""`ser-fop <stage>`: parses, then calls the pipeline of that name. TensorFlow is imported after parsing."""

import contextlib
import dataclasses
import importlib
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import tyro
import yaml

import ser_fop
from ser_fop.config.presets import has_preset, over_preset
from ser_fop.config.yaml_io import from_mapping, read_yaml
from ser_fop.errors import InputError, StoppedError, closest
from ser_fop.utils.remote import is_remote, location
from ser_fop.utils.renamed import present_name, present_value

Config = TypeVar("Config")

# Stage, and what it does in one line.
STAGES = {
    "download": "an open corpus from its publisher",
    "prepare": "audio folders to checked TFRecord shards of log-mels",
    "folds": "speaker-disjoint folds of a corpus, as a file",
    "pretrain": "learn, without labels, to predict future frames",
    "finetune": "fine-tune for emotion recognition, or train from scratch",
    "extract": "pooled hypercolumns of every utterance",
    "functionals": "openSMILE's features of every utterance, for `classify`",
    "classify": "emotion recognition from hypercolumns: SVM, RF, A-LSTM",
    "tune": "search for better settings with KerasTuner",
    "predict": "the emotion of recordings",
    "export": "a trained run as a SavedModel for TF Serving",
    "publish": "a trained run as a model for others, with its card",
    "serve": "exported models behind TF Serving's REST surface",
    "reproduce": "the paper's whole experiment, ending in its tables",
    "report": "the tables of a `reproduce` folder again",
    "info": "what a corpus folder holds, and every problem found",
}
# These take several groups of settings with the same names; the others drop the prefix.
_PREFIXED = frozenset({"reproduce", "tune"})
_WITHOUT_TENSORFLOW = frozenset({"download", "info", "report"})
# These keep every core busy with threads of their own: TensorFlow's would only get in their way.
_OWN_THREADS = frozenset({"prepare"})
# These may be URLs; other paths are of this machine.
_MAY_BE_REMOTE = frozenset({"audio_dir", "manifest", "staging"})

# Options of every stage that stand before its own.
_COMMON = {"--config": "a YAML file", "--preset": "a preset's name"}


class _BadUrlError(Exception):
    """Carries an `InputError` past the parser, which would frame it."""


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
    """Read paths by `location`: `Path` itself makes `s3:/` of `s3://`."""
    if info.type is not Path:
        return None
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="PATH",
        instance_from_str=_located,
        is_instance=lambda value: isinstance(value, Path) or is_remote(value),
        str_from_instance=lambda value: [str(value)],
    )


def main(arguments: list[str] | None = None) -> int:
    """Run `ser-fop`.

    Args:
        arguments: Command line without the program; `sys.argv` by default.

    Returns:
        Exit status: 0, or 2 after bad input.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(ser_fop.__version__)
        return 0
    stage, *rest = arguments
    if stage not in STAGES:
        print(
            f"ser-fop: error: unknown stage {stage!r}: expected one of {', '.join(STAGES)}.{closest(stage, STAGES)}",
            file=sys.stderr,
        )
        return 2
    return importlib.import_module(f"ser_fop.pipelines.{stage}").main(rest)


def run_stage(stage: str, config_type: type[Config], run: Callable[[Config], Any], arguments: list[str] | None) -> int:
    """Parse a stage's options, run it, and turn bad input into one line.

    Options override the YAML file that `--config` names, which overrides the preset (`--preset`, or the file's own
    key `preset`), which overrides the defaults.

    Args:
        stage: Name of the stage.
        config_type: Its config dataclass.
        run: The stage.
        arguments: Its command line; `sys.argv` by default.

    Returns:
        Exit status: 0; 2 after bad input; 128 and the signal's number if one stopped it, a closed pipe included.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        config = parse(stage, config_type, arguments)
        if config is None:
            return 0
        if stage not in _WITHOUT_TENSORFLOW:
            _import_tensorflow_quietly(one_thread=stage in _OWN_THREADS)
        run(config)
    except BrokenPipeError:  # whoever read has had enough, as `head` has: nothing to tell
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (InputError, OSError) as error:
        print(f"ser-fop {stage}: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except StoppedError as stopped:
        print(f"ser-fop {stage}: {stopped}", file=sys.stderr)
        return 128 + stopped.signal_number
    except KeyboardInterrupt:
        print(f"ser-fop {stage}: interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def parse(stage: str, config_type: type[Config], arguments: list[str]) -> Config | None:
    """Return a stage's config, or None after `--print_config`.

    Raises:
        InputError: If the YAML file is missing or holds a key or value that is wrong.
    """
    rest, common, print_config = _take_common(_with_present_options(stage, arguments))
    where = common.get("--config", "")
    values = read_yaml(Path(where)) if where else {}
    values = over_preset(values, stage, where=where, chosen=common.get("--preset"))
    default = from_mapping(config_type, values, where=where, missing=tyro.MISSING)
    try:
        with _PATHS, warnings.catch_warnings():
            # Of a URL in a YAML file, which is no `Path`.
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
        raise InputError(f"--jobs expected 0 (one a core) or more, received {parsed.jobs}.")
    if print_config:
        print(yaml.safe_dump(_plain(parsed), sort_keys=False), end="")
        return None
    return parsed


def _require_local(config: Any) -> None:
    """Refuse a URL where it would be taken for a folder here."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if is_remote(one) and field.name not in _MAY_BE_REMOTE:
                raise InputError(
                    f"--{field.name.replace('_', '-')} expected a path of this machine, received the URL {one}."
                    " Audio and its manifest may be read from a URL; copy other input here first."
                )


def _import_tensorflow_quietly(*, one_thread: bool) -> None:
    """Import TensorFlow without its greetings, which its log level does not reach; keep them if it fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if one_thread and "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as greetings, os.fdopen(os.dup(2), "wb") as stderr:
        os.dup2(greetings.fileno(), 2)
        try:
            importlib.import_module("tensorflow")
        except ImportError:
            greetings.seek(0)
            stderr.write(greetings.read())
            raise
        finally:
            os.dup2(stderr.fileno(), 2)


def _usage() -> str:
    lines = [f"  {name:<10} {purpose}" for name, purpose in STAGES.items()]
    return (
        "usage: ser-fop STAGE [OPTIONS]\n\nstages:\n"
        + "\n".join(lines)
        + "\n\n`ser-fop STAGE --help` lists a stage's options."
    )


def _common_options(stage: str) -> str:
    """Return what a stage's help says of the options that all stages have."""
    config = "--config FILE.yaml (its keys are the options, with underscores{})"
    if not has_preset(stage):
        return f"\n\nAlso {config.format('')} and --print_config."
    named = "--preset NAME (`paper`, the defaults, or `recommended`)"
    return f"\n\nAlso {named}, {config.format('; it stands over the preset, which it may name itself')} and --print_config."


def _with_present_options(stage: str, arguments: list[str]) -> list[str]:
    """Translate former option names and their values, with one line for each name."""
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
            f"ser-fop {stage}: note: {option} is now {option_now}; the former name goes with the next release.",
            file=sys.stderr,
        )
        translated.append(option_now + equals + (present_value(present, value) if equals else ""))
    return translated


def _take_common(arguments: list[str]) -> tuple[list[str], dict[str, str], bool]:
    """Take `--config`, `--preset` and `--print_config`, which every stage has, out of the command line."""
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
    """Turn a config into what YAML holds."""
    return msgspec.json.decode(msgspec.json.encode(config, enc_hook=str))
