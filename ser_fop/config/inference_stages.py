"""Configs of the stages that use a trained run: `predict`, `stress`, `export`, `publish`, `serve` and `report`."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from ser_fop.config.runtime import Runtime

# Published model that is used by default.
DEFAULT_MODEL = "emotion-common"


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """Recognise the emotion of recordings: files, folders, CSV lists (`file`, `start`, `end`), or `-` for stdin.

    Attributes:
        inputs: Recordings to recognise.
        model: Run folder of `finetune` or `classify` (or of `pretrain`, for hypercolumns alone), folder of
            `export`, or name of a published model.
        json: Print JSON instead of a table, with one object on each line.
        csv: Print CSV instead of a table.
        out: File to write the predictions to; standard output by default.
        window_s: Length of a sliding window, in seconds. One prediction is made for each window; 0 makes one
            for the whole recording.
        hop_s: Distance between windows, in seconds; 0 means a third of the window.
        hypercolumns: Also write the pooled hypercolumns of every recording to this `.npz` file.
        detect_speech: Refuse recordings and windows without speech, such as music and noise.
        runtime: `onnx` runs the model's ONNX twin, which starts in a second, and `litert` that of `ser-fop export
            --litert-twins`; `tensorflow` takes ten seconds. `auto` chooses a twin where there is one.
    """

    inputs: tyro.conf.Positional[tuple[str, ...]]
    model: Path = Path(DEFAULT_MODEL)
    json: bool = False
    csv: bool = False
    out: Path | None = None
    window_s: float = 0.0
    hop_s: float = 0.0
    hypercolumns: Path | None = None
    detect_speech: bool = True
    runtime: Runtime = "auto"


@dataclass(frozen=True, kw_only=True)
class StressConfig:
    """Measure how a model's accuracy depends on level, noise, room, microphone and coding of the recordings.

    Attributes:
        out: Folder for the page, the table and the figures.
        model: Run folder of `finetune` or `classify`, folder of `export`, or name of a published model.
        corpus: Name of a labelled corpus. Only classes that the model has too are used.
        audio_dir: Folder of the corpus.
        manifest: CSV file of your own corpus (`--corpus csv`).
        target: Column with the labels; that of the model by default.
        test_labels: Renamings of the corpus's labels to the model's, as THEIRS=OURS. Equal names, and the usual
            names of the eight common emotions, need no entry.
        speakers: Speakers to use, such as those that the model has not seen; all by default.
        changes: Names of the changes to apply; all by default.
        limit: Maximum number of recordings, drawn evenly over speakers and classes; 0 means all.
        seed: Seed of the drawing and of the noise.
    """

    out: Path
    model: Path = Path(DEFAULT_MODEL)
    corpus: str = "ravdess"
    audio_dir: Path
    manifest: Path | None = None
    target: str = ""
    test_labels: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    limit: int = 200
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Write a trained run as a SavedModel for TF Serving, and compare its predictions with the network's.

    Attributes:
        model: Run folder of `finetune` or `classify` (or of `pretrain`, for hypercolumns alone).
        out: Model folder, named after the model. Each export adds a version to it.
        version: Number of the version; 0 means the next free number.
        check_on: Recordings for the comparison and for the server's warm-up; synthetic sounds by default.
        calibrate_on: Runs of the same settings that tested speakers (`--fold all`). Their predictions set the
            temperature of the exported model's probabilities, and its threshold.
        coverage: Share of these predictions that remain; less confident answers become `unsure`.
        onnx: Also write an ONNX model, from log-mels, to this `.onnx` file (extra: `onnx`).
        litert: Also write a LiteRT model, from log-mels, to this `.tflite` file (extra: `litert`).
        litert_frames: Input length of the LiteRT model, in frames; shorter utterances are padded.
        litert_stream: Also write one step of a causal model, from samples, to this `.tflite` file (extra: `litert`).
        litert_twins: Also write the LiteRT twins, from samples, that `--runtime litert` runs (extra: `litert`). The
            ONNX twins are always written.
        stream_context_s: Time to which a causal transformer attends in a stream, in seconds.
    """

    model: Path
    out: Path
    version: int = 0
    check_on: tuple[Path, ...] = ()
    calibrate_on: tuple[Path, ...] = ()
    coverage: float = 1.0
    onnx: Path | None = None
    litert: Path | None = None
    litert_frames: int = 500
    litert_stream: Path | None = None
    litert_twins: bool = False
    stream_context_s: float = 10.0


@dataclass(frozen=True, kw_only=True)
class PublishConfig:
    """Publish a trained run: an export with its config, its results and a model card.

    Attributes:
        model: Run folder of `finetune` or `pretrain`, of one fold or of `--fold none`.
        out: Folder of the model, named after it. An existing folder is replaced.
        licence: Licence of the model.
        figures: Runs of the same settings over all folds, one for each repeat. The card reports their results, and
            the model is calibrated on their predictions.
        coverage: Share of these predictions that remain; less confident answers become `unsure`.
        cross_corpus: `report/cross_corpus.json` of `reproduce --cross-corpus`, for the card.
        stress: Folders of `stress`, for the card.
        probe: `probe.json` of `probe`, for the card of a pretrained network.
        control: The same runs trained from scratch, without pretraining, for comparison.
        made_by: Command that trained the model, for the card.
        notes: Further notes for the card, on data, results or limits.
        check_on: As in `export`; the recordings are published with the model.
    """

    model: Path
    out: Path
    licence: str
    figures: tuple[Path, ...] = ()
    coverage: float = 1.0
    cross_corpus: Path | None = None
    stress: tuple[Path, ...] = ()
    probe: Path | None = None
    control: tuple[Path, ...] = ()
    made_by: str = ""
    notes: tuple[str, ...] = ()
    check_on: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ServeConfig:
    """Serve exported models with the REST API of TF Serving, on one machine.

    Attributes:
        models: Model folders of `ser-fop export`, each as NAME=FOLDER or as FOLDER (then the folder's name is
            the model's name); or names of published models.
        host: Address to listen on; `0.0.0.0` accepts requests from other machines.
        port: Port to listen on.
        versions: Number of a model's newest versions to serve.
        labels: Labels of versions, as NAME:LABEL=VERSION.
        max_body_mb: Maximum size of a request, in megabytes.
        most_instances: Maximum number of utterances in a request.
        max_duration_s: Maximum length of an utterance, in seconds.
        upload_timeout_s: Timeout for the head of a request, and again for its body, in seconds.
        response_timeout_s: Timeout for the response to a request, in seconds.
        batch: Maximum number of utterances in a batch; 1 disables batching.
        batch_wait_ms: Time that the first request of a batch waits for others, in milliseconds.
        detect_speech: Refuse utterances without speech, such as music and noise.
        max_streams: Maximum number of open streams (WebSocket).
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
    detect_speech: bool = True
    max_streams: int = 64


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Write the tables of a `reproduce` folder again. The run may still be in progress.

    Attributes:
        run: Run folder of `reproduce`.
    """

    run: Path
