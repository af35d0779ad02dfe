"""Command line `ser-fop STAGE`. It parses the options, imports TensorFlow where the stage needs it, and runs its script."""

import contextlib
import dataclasses
import functools
import importlib
import io
import itertools
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import ser_fop
from ser_fop.config.parsing import parse
from ser_fop.errors import DataWarning, InputError, StoppedError, closest
from ser_fop.utils.system_errors import system_message
from ser_fop.utils.tensorflow_import import import_tensorflow_quietly

Config = TypeVar("Config")


@dataclasses.dataclass(frozen=True)
class Stage:
    """Description of a stage.

    Attributes:
        purpose: Purpose of the stage, in one line.
        config_name: Dotted name of the config dataclass, which is imported when the stage runs.
        uses_tensorflow: Whether TensorFlow is imported before the script.
    """

    purpose: str
    config_name: str
    uses_tensorflow: bool = True

    @property
    def config_type(self) -> type:
        """Config dataclass of the stage."""
        module, _, name = self.config_name.rpartition(".")
        return getattr(importlib.import_module(module), name)


_CORPUS, _STAGES, _USE = (f"ser_fop.config.{name}" for name in ("corpus_stages", "stages", "inference_stages"))
STAGES = {
    "download": Stage("download an open corpus from its publisher", f"{_CORPUS}.DownloadConfig", uses_tensorflow=False),
    "prepare": Stage("write checked TFRecord shards of log-mels from audio folders", f"{_CORPUS}.PrepareConfig"),
    "folds": Stage("write the speaker-disjoint folds of a corpus", f"{_CORPUS}.FoldsConfig"),
    "pretrain": Stage("pretrain, without labels, to predict future frames", f"{_STAGES}.PretrainConfig"),
    "finetune": Stage("fine-tune for emotions or another target, or train from scratch", f"{_STAGES}.FinetuneConfig"),
    "extract": Stage("write pooled hypercolumns of every utterance", f"{_STAGES}.ExtractConfig"),
    "functionals": Stage("write openSMILE features of every utterance", f"{_STAGES}.FunctionalsConfig"),
    "classify": Stage(
        "classify hypercolumns, by emotion or another target: SVM, RF, A-LSTM", f"{_STAGES}.ClassifyConfig"
    ),
    "probe": Stage(
        "compare pretrained networks with their untrained twins", "ser_fop.probing.probe_config.ProbeConfig"
    ),
    "tune": Stage("search for better settings with KerasTuner", "ser_fop.tuning.tune_config.TuneConfig"),
    "predict": Stage(
        "recognise the emotion, or another target, of recordings", f"{_USE}.PredictConfig", uses_tensorflow=False
    ),
    "stream": Stage(
        "recognise emotions, or another target, while someone speaks",
        "ser_fop.config.streaming.StreamConfig",
        uses_tensorflow=False,
    ),
    "stress": Stage("measure accuracy under changes of level, noise, room and coding", f"{_USE}.StressConfig"),
    "export": Stage("write a trained run as a SavedModel for TF Serving", f"{_USE}.ExportConfig"),
    "publish": Stage("publish a trained run, with its model card", f"{_USE}.PublishConfig"),
    "serve": Stage("serve exported models with the REST API of TF Serving", f"{_USE}.ServeConfig"),
    "reproduce": Stage(
        "run all experiments of the paper and write its tables",
        "ser_fop.experiments.reproduce_config.ReproduceConfig",
    ),
    "report": Stage("write the tables of a `reproduce` folder again", f"{_USE}.ReportConfig", uses_tensorflow=False),
    "info": Stage(
        "show the content of a corpus folder, and all problems found", f"{_CORPUS}.InfoConfig", uses_tensorflow=False
    ),
}
# Modules of the extra `train`, which `predict` and `stream` do not need for exported and published models.
_TRAINING_MODULES = frozenset(
    [
        "tensorflow",
        "keras",
        "h5py",
        "pandas",
        "jinja2",
        "scipy",
        "sklearn",
        "threadpoolctl",
        "rich",
        "skops",
        "matplotlib",
        "keras_tuner",
    ]
)
# TensorFlow runs with one thread in these stages: `prepare` has its own threads, and a step of a stream is too small.
_OWN_THREADS = frozenset({"prepare", "stream"})


def main(arguments: list[str] | None = None) -> int:
    """Run `ser-fop`.

    Args:
        arguments: Command line without the program; `sys.argv[1:]` by default.

    Returns:
        Exit status, as in `run_stage`.
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
    """Import the script of a stage and run it. The import comes after parsing, because it is slow."""
    importlib.import_module(f"ser_fop.pipelines.{stage}").run(config)


def run_stage(stage: str, config_type: type[Config], run: Callable[[Config], Any], arguments: list[str] | None) -> int:
    """Parse the options of a stage and run it. Bad input is printed as one line.

    Options override the YAML file of `--config`. The file overrides the preset, which `--preset` or the file's key
    `preset` names. The preset overrides the defaults.

    Args:
        stage: Name of the stage.
        config_type: Config dataclass of the stage.
        run: Function that runs the stage.
        arguments: Options of the stage; `sys.argv[1:]` by default.

    Returns:
        Exit status: 0 after success, 2 after bad input, and 128 plus the number of a signal that stopped the stage. A
        closed pipe counts as SIGPIPE.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    _accept_any_name()
    _print_warnings(stage)
    try:
        config = parse(stage, config_type, arguments)
        if config is None:
            return 0
        if stage in _OWN_THREADS:
            _give_tensorflow_one_thread()
        if STAGES[stage].uses_tensorflow:
            import_tensorflow_quietly()
        run(config)
    except BrokenPipeError:  # the reader closed the pipe, as `head` does
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except InputError as error:
        print(f"ser-fop {stage}: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except StoppedError as stopped:
        print(f"ser-fop {stage}: {stopped}", file=sys.stderr)
        return 128 + stopped.signal_number
    except KeyboardInterrupt:
        print(f"ser-fop {stage}: interrupted. Run the same command again to resume.", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _TRAINING_MODULES:
            raise
        print(
            f'ser-fop {stage}: error: this needs {missing}, which is not installed: pip install "ser_fop[train]".',
            file=sys.stderr,
        )
        return 2
    except Exception as error:  # TensorFlow and h5py have their own errors for a full disk
        message = system_message(error)
        if not message:
            raise
        print(f"ser-fop {stage}: error: {message}", file=sys.stderr)
        return 2
    return 0


def _print_warnings(stage: str) -> None:
    """Print warnings about the data as one line."""
    print_others = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **keywords: Any) -> None:
        if issubclass(category, DataWarning):
            print(f"ser-fop {stage}: warning: {message}", file=sys.stderr)
        else:
            print_others(message, category, *where, **keywords)

    warnings.showwarning = show


def _accept_any_name() -> None:
    """Let the output contain any file name: files and pipes get UTF-8, a terminal shows what it can."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _give_tensorflow_one_thread() -> None:
    """Let TensorFlow, wherever it is imported, run with one thread."""
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


def _usage() -> str:
    lines = [f"  {name:<11} {stage.purpose}" for name, stage in STAGES.items()]
    return (
        "usage: ser-fop STAGE [OPTIONS]\n\nstages:\n"
        + "\n".join(lines)
        + "\n\n`ser-fop STAGE --help` lists a stage's options."
    )


def script_stage(arguments: list[str]) -> str:
    """Return the stage whose script runs as the main program, or an empty string.

    Args:
        arguments: Command line of the interpreter, such as `python -m ser_fop.pipelines.prepare --corpus ravdess`.
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


# A script that runs as the main program imports everything before it parses. TensorFlow is imported here first, without
# its start-up messages.
_script = script_stage(sys.orig_argv)
if _script in _OWN_THREADS:
    _give_tensorflow_one_thread()
if _script and STAGES[_script].uses_tensorflow:
    import_tensorflow_quietly()
