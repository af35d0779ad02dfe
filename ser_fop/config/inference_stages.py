"""The config of the stages that put a trained run to use."""

from dataclasses import dataclass
from pathlib import Path

import tyro

# The published model that answers where none is named.
DEFAULT_MODEL = "emotion-ravdess"


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """The emotion of recordings: files, folders, CSV lists (`file`, `start`, `end`), or `-` for standard input.

    Attributes:
        inputs: What is to be recognised.
        model: A run of `finetune` or `classify` (of `pretrain`, for hypercolumns alone), what `export`
            wrote, or the name of a model that comes with the package.
        json: Answers as JSON, an object a line, instead of a table.
        csv: Answers as CSV.
        out: File for the answers; standard output by default.
        window_s: Slide a window of so many seconds over each recording; 0 takes it as a whole.
        hop_s: Distance between windows, in seconds; 0 is a third of the window.
        hypercolumns: Also write every recording's pooled features to this `.npz` file.
    """

    inputs: tyro.conf.Positional[tuple[str, ...]]
    model: Path = Path(DEFAULT_MODEL)
    json: bool = False
    csv: bool = False
    out: Path | None = None
    window_s: float = 0.0
    hop_s: float = 0.0
    hypercolumns: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Write a trained run as a SavedModel for TF Serving, and see that it answers as the network does.

    Attributes:
        model: A run of `finetune` or `classify` (of `pretrain`, for hypercolumns alone).
        out: Model folder, its name the model's; each export is a new version inside.
        version: Number of the version; 0 is the next.
        check_on: Recordings on which both are compared, and with which the server is warmed up; made-up sounds by default.
        onnx: Also write an ONNX model, from log-mels, to this `.onnx` file (extra: `onnx`).
        litert: Also write a LiteRT model, from log-mels, to this `.tflite` file (extra: `litert`).
        litert_frames: Frames that the LiteRT model takes; shorter utterances are filled up.
    """

    model: Path
    out: Path
    version: int = 0
    check_on: tuple[Path, ...] = ()
    onnx: Path | None = None
    litert: Path | None = None
    litert_frames: int = 500


@dataclass(frozen=True, kw_only=True)
class PublishConfig:
    """Make a run a model for others: what `export` writes, with its config, its figures, and a card.

    Attributes:
        model: A run of `finetune` or `pretrain`, of one fold or of none.
        out: Folder of the model, its name the model's; one that is there is replaced.
        licence: Under which it is given.
        figures: Runs of the same recipe over all folds, one a repeat: what the model is worth.
        control: The same without pretraining, from scratch, to stand beside them.
        made_by: The command that made it, for the card.
        notes: What else the card should say of its data, its figures or its limits, a point each.
        check_on: As of `export`; the recordings go with the model.
    """

    model: Path
    out: Path
    licence: str
    figures: tuple[Path, ...] = ()
    control: tuple[Path, ...] = ()
    made_by: str = ""
    notes: tuple[str, ...] = ()
    check_on: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ServeConfig:
    """Serve exported models with TF Serving's REST surface, on one machine.

    Attributes:
        models: Folders of versions that `ser-fop export` wrote, each as NAME=FOLDER or, its name the model's, FOLDER; or
            names of models that come with the package.
        host: Address to listen on; `0.0.0.0` lets other machines in.
        port: Port.
        versions: How many of a model's newest versions are served.
        labels: Versions by label, as NAME:LABEL=VERSION.
        max_body_mb: Size of a request, at most.
        most_instances: Utterances in a request, at most.
        max_duration_s: Seconds of an utterance, at most.
        upload_timeout_s: Seconds in which a request's head, and then its body, must have arrived.
        response_timeout_s: Seconds after which a request is given up.
        batch: Utterances answered together, at most; 1 answers each alone.
        batch_wait_ms: How long the first of a batch waits for others.
    """

    models: tyro.conf.Positional[tuple[str, ...]] = (DEFAULT_MODEL,)
    host: str = "127.0.0.1"
    port: int = 8501
    versions: int = 1
    labels: tuple[str, ...] = ()
    max_body_mb: float = 32.0
    most_instances: int = 64
    max_duration_s: float = 60.0
    upload_timeout_s: float = 30.0
    response_timeout_s: float = 30.0
    batch: int = 16
    batch_wait_ms: float = 2.0
