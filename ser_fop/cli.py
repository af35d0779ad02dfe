"""`ser-fop <stage>`: parses, then calls the pipeline of that name. TensorFlow is imported after parsing."""

import contextlib
import dataclasses
import functools
import importlib
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import ser_fop
from ser_fop.config.parsing import parse
from ser_fop.errors import InputError, StoppedError, closest

Config = TypeVar("Config")


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage of the command line.

    Attributes:
        purpose: Its purpose, in one line.
        config_name: Dotted name of its config type, which is imported when the stage is called.
        uses_tensorflow: Whether TensorFlow is imported before the pipeline.
    """

    purpose: str
    config_name: str
    uses_tensorflow: bool = True

    @property
    def config_type(self) -> type:
        """The config dataclass."""
        module, _, name = self.config_name.rpartition(".")
        return getattr(importlib.import_module(module), name)


_STAGES, _USE = "ser_fop.config.stages", "ser_fop.config.inference_stages"
STAGES = {
    "download": Stage("fetch an open corpus from its publisher", f"{_STAGES}.DownloadConfig", uses_tensorflow=False),
    "prepare": Stage("write checked TFRecord shards of log-mels from audio folders", f"{_STAGES}.PrepareConfig"),
    "folds": Stage("write the speaker-disjoint folds of a corpus", f"{_STAGES}.FoldsConfig"),
    "pretrain": Stage("learn, without labels, to predict future frames", f"{_STAGES}.PretrainConfig"),
    "finetune": Stage("fine-tune for emotion recognition, or train from scratch", f"{_STAGES}.FinetuneConfig"),
    "extract": Stage("write pooled hypercolumns of every utterance", f"{_STAGES}.ExtractConfig"),
    "functionals": Stage("write openSMILE features of every utterance", f"{_STAGES}.FunctionalsConfig"),
    "classify": Stage("recognise emotions from hypercolumns: SVM, RF, A-LSTM", f"{_STAGES}.ClassifyConfig"),
    "tune": Stage("search for better settings with KerasTuner", "ser_fop.tuning.tune_config.TuneConfig"),
    "predict": Stage("recognise the emotion of recordings", f"{_USE}.PredictConfig"),
    "export": Stage("write a trained run as a SavedModel for TF Serving", f"{_USE}.ExportConfig"),
    "publish": Stage("write a trained run as a model for others, with its card", f"{_USE}.PublishConfig"),
    "serve": Stage("serve exported models behind TF Serving's REST surface", f"{_USE}.ServeConfig"),
    "reproduce": Stage(
        "run the paper's whole experiment, ending in its tables",
        "ser_fop.experiments.reproduce_config.ReproduceConfig",
    ),
    "report": Stage("write the tables of a `reproduce` folder again", f"{_USE}.ReportConfig", uses_tensorflow=False),
    "info": Stage(
        "show the content of a corpus folder, and every problem found", f"{_STAGES}.InfoConfig", uses_tensorflow=False
    ),
}
# These keep every core busy with threads of their own: TensorFlow's would only get in their way.
_OWN_THREADS = frozenset({"prepare"})


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
    return run_stage(stage, STAGES[stage].config_type, functools.partial(_run_pipeline, stage), rest)


def _run_pipeline(stage: str, config: Any) -> None:
    """Import a stage's script and run it: scripts have their imports at the top, and parsing needs none of them."""
    importlib.import_module(f"ser_fop.pipelines.{stage}").run(config)


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
        if STAGES[stage].uses_tensorflow:
            _import_tensorflow_quietly(one_thread=stage in _OWN_THREADS)
        run(config)
    except BrokenPipeError:  # the reader closed the pipe, as `head` does
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
    lines = [f"  {name:<11} {stage.purpose}" for name, stage in STAGES.items()]
    return (
        "usage: ser-fop STAGE [OPTIONS]\n\nstages:\n"
        + "\n".join(lines)
        + "\n\n`ser-fop STAGE --help` lists a stage's options."
    )


def script_stage(arguments: list[str]) -> str:
    """Return the stage whose script is the program itself, or an empty string.

    Args:
        arguments: The interpreter's command line, such as `python -m ser_fop.pipelines.prepare --corpus ravdess`.
    """
    for option, value in itertools.pairwise(arguments):
        if option == "-c":
            return ""
        package, _, name = value.rpartition(".")
        if option == "-m":
            return name if package == "ser_fop.pipelines" and name in STAGES else ""
        path = Path(value)
        if path.suffix == ".py":
            return path.stem if path.resolve().parent.name == "pipelines" and path.stem in STAGES else ""
    return ""


# A script that is the program imports everything before it parses: TensorFlow comes first, as quietly as under `ser-fop`.
_script = script_stage(sys.orig_argv)
if _script and STAGES[_script].uses_tensorflow:
    _import_tensorflow_quietly(one_thread=_script in _OWN_THREADS)
