"""The config of the stages that put a trained run to use."""

from dataclasses import dataclass
from pathlib import Path

import tyro

# The published model that answers where none is named.
DEFAULT_MODEL = "emotion-ravdess"


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """Recognise the emotion of recordings: files, folders, CSV lists (`file`, `start`, `end`), or `-` for stdin.

    Attributes:
        inputs: Recordings to recognise.
        model: A run of `finetune` or `classify` (or of `pretrain`, for hypercolumns alone), a folder of
            `export`, or the name of a published model.
        json: Print JSON, one object a line, instead of a table.
        csv: Print CSV.
        out: File for the predictions; standard output by default.
        window_s: Length of a window that slides over each recording, in seconds; 0 takes each recording as a
            whole.
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
    """Write a trained run as a SavedModel for TF Serving, and compare its predictions with the network's.

    Attributes:
        model: A run of `finetune` or `classify` (or of `pretrain`, for hypercolumns alone).
        out: Model folder, named after the model. Each export adds a version to it.
        version: Number of the version; 0 is the next one.
        check_on: Recordings for the comparison and for the server's warm-up; made-up sounds by default.
        onnx: Also write an ONNX model, from log-mels, to this `.onnx` file (extra: `onnx`).
        litert: Also write a LiteRT model, from log-mels, to this `.tflite` file (extra: `litert`).
        litert_frames: Frames that the LiteRT model takes; shorter utterances are padded.
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
    """Publish a run as a model for others: an export with its config, its figures and a card.

    Attributes:
        model: A run of `finetune` or `pretrain`, of one fold or of `--fold none`.
        out: Folder of the model, named after it. An existing folder is replaced.
        licence: Licence of the model.
        figures: Runs of the same recipe over all folds, one a repeat: the figures of the card.
        control: The same runs without pretraining, from scratch, for comparison.
        made_by: Command that made the model, for the card.
        notes: Further points of the card, on data, figures or limits.
        check_on: As in `export`; the recordings are published with the model.
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
        models: Model folders of `ser-fop export`, each as NAME=FOLDER or as FOLDER (its name is the model's);
            or names of published models.
        host: Address to listen on; `0.0.0.0` admits other machines.
        port: Port.
        versions: Number of a model's newest versions to serve.
        labels: Versions by label, as NAME:LABEL=VERSION.
        max_body_mb: Size of a request, at most, in megabytes.
        most_instances: Utterances in a request, at most.
        max_duration_s: Length of an utterance, at most, in seconds.
        upload_timeout_s: Seconds within which a request's head, and then its body, must arrive.
        response_timeout_s: Seconds after which a request is given up.
        batch: Utterances in one batch, at most; 1 batches none.
        batch_wait_ms: Milliseconds that the first request of a batch waits for others.
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


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Write the tables of a finished or running `reproduce` folder again.

    Attributes:
        run: Folder of `reproduce`.
    """

    run: Path
