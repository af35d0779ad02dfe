"""The config of each stage; with `settings`, the only declaration: options, YAML and `config.json` follow from it.

Relative paths are relative to the working directory.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser_fop.config.settings import (
    ClassifierSettings,
    FeatureConfig,
    FinetuningSettings,
    ModelConfig,
    PretrainingSettings,
    Protocol,
)


@dataclass(frozen=True, kw_only=True)
class DownloadConfig:
    """Download an open corpus from its publisher; finished files are not downloaded again.

    Attributes:
        corpus: `ravdess`, `librispeech`, `vctk`, `emodb` or `crema_d`. For `iemocap` the error explains how to
            request it.
        out: Folder for the corpus.
        parts: Parts of the corpus, such as LibriSpeech's `dev-clean`; the usual ones by default.
        mirror: Another host with the publisher's paths, such as https://us.openslr.org.
        keep_archives: Keep the archives beside their content.
        jobs: Files downloaded at once, for a corpus that is published file by file.
    """

    corpus: str
    out: Path
    parts: tuple[str, ...] = ()
    mirror: str = ""
    keep_archives: bool = False
    jobs: int = 8


@dataclass(frozen=True, kw_only=True)
class InfoConfig:
    """Print the content of a corpus folder, and every problem found.

    Attributes:
        corpus: Name of the corpus.
        audio_dir: Folder of the corpus, or its URL (s3://, gs:// ..).
        manifest: CSV of a corpus of your own (`--corpus csv`).
        labels: Label set instead of the corpus's own.
        microphone: Microphone of VCTK 0.92.
        jobs: Threads; 0 means one a core.
    """

    corpus: str
    audio_dir: Path
    manifest: Path | None = None
    labels: tuple[str, ...] = ()
    microphone: str = "mic1"
    jobs: int = 0


@dataclass(frozen=True, kw_only=True)
class PrepareConfig:
    """Turn a folder of audio into checked TFRecord shards of log-mel frames.

    Attributes:
        corpus: Name of the corpus.
        audio_dir: Folder of the corpus, or its URL (s3://, gs:// ..).
        out: Records folder to write.
        manifest: CSV of a corpus of your own (`--corpus csv`).
        name: Name of the corpus in later stages, before each speaker's name; the corpus name if empty. Give
            each corpus of your own another name.
        labels: Label set instead of the corpus's own.
        microphone: Microphone of VCTK 0.92.
        trim_silence: Cut silence at both ends of an utterance.
        trim_below_db: Level that counts as silence, in decibels below the loudest frame.
        min_duration_s: Shorter utterances go to quarantine.
        max_duration_s: Longer utterances go to quarantine.
        max_quarantine_share: The run fails when a larger share is quarantined.
        dtype: Type of the stored log-mels.
        utterances_per_shard: Utterances in a shard.
        jobs: Threads (of each worker process on Beam); 0 means one a core. The bytes written do not depend on
            it.
        runner: Where the work is done: in this process, or on Apache Beam (extra `beam`). The bytes written do
            not depend on it.
        beam_options: Options of Beam, NAME=VALUE, such as `runner=FlinkRunner flink_master=host:8081`.
        staging: Folder or URL to which Beam's workers write shards, if they do not share the disk of `out`.
        features: The log-mel front end.
    """

    corpus: str
    audio_dir: Path
    out: Path
    manifest: Path | None = None
    name: str = ""
    labels: tuple[str, ...] = ()
    microphone: str = "mic1"
    trim_silence: bool = False
    trim_below_db: float = 40.0
    min_duration_s: float = 0.1
    max_duration_s: float = 300.0
    max_quarantine_share: float = 0.01
    dtype: Literal["float16", "float32"] = "float16"
    utterances_per_shard: int = 256
    jobs: int = 0
    runner: Literal["local", "beam"] = "local"
    beam_options: tuple[str, ...] = ()
    staging: Path | None = None
    features: FeatureConfig = field(default_factory=FeatureConfig)


@dataclass(frozen=True, kw_only=True)
class FoldsConfig:
    """Write a corpus's speaker-disjoint folds to a file, for `--folds` of the other stages.

    Attributes:
        records: Records folder with labels.
        out: Fold file to write. An existing file is never overwritten.
        protocol: How speakers are divided. By default the published folds are copied, or folds are made that
            the corpus allows.
        count: Folds of `k-speaker-folds` (and the inverse of the share that `single-fold` tests).
    """

    records: Path
    out: Path
    protocol: Protocol | None = None
    count: int = 5


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Learn, without labels, to predict future mel frames.

    Attributes:
        records: Records folders to learn from.
        out: Run folder to write.
        fold: Exclude this fold's test speakers; `all` trains one network a fold.
        folds: Fold file of your own instead of the published ones.
        seed: Seed of initialisation, shuffling and dropout.
        deterministic: Give the same figures to the last bit in two runs on one machine; slower.
        checkpoint_minutes: Minutes between checkpoints within an epoch. The end of each epoch writes one in any
            case.
        checkpoints: Checkpoints kept until the run has ended.
        strategy: Train on several devices: `mirrored`, every GPU of this machine; `multiworker`, those of every
            machine in TF_CONFIG, where the same command runs, with --out on a shared disk.
        shard_by: What the workers divide: `batch`, every worker reads all data and takes its part of each
            batch, as on one machine; `file`, each worker reads shard files of its own and makes its part of a
            batch from them.
        data_service: Address of a tf.data service that reads the records, such as grpc://host:5000. The order
            of utterances then depends on the speed of its workers.
        model: Size of the network.
        training: How it learns.
    """

    records: tuple[Path, ...]
    out: Path
    fold: str = ""
    folds: Path | None = None
    seed: int = 0
    deterministic: bool = False
    checkpoint_minutes: float = 5.0
    checkpoints: int = 3
    strategy: Literal["none", "mirrored", "multiworker"] = "none"
    shard_by: Literal["batch", "file"] = "batch"
    data_service: str = ""
    model: ModelConfig = field(default_factory=ModelConfig)
    training: PretrainingSettings = field(default_factory=PretrainingSettings)


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Fine-tune a pretrained network for emotion recognition, or train one from scratch.

    Attributes:
        records: Records folder with labels.
        out: Run folder to write.
        pretrained: Run folder of `pretrain`, its SavedModel, or a published model. Without it the network is
            trained from scratch.
        fold: Fold to train and test, or `all`. `none` trains on every speaker, for use, and tests none: the
            folds show what such a network is worth.
        folds: Fold file of your own instead of the published ones.
        styles: Train and test on utterances of these styles (`improvised`, `scripted`, `read`) only; all by
            default.
        test_records: Test on all speakers of this other corpus instead. The fold's test speakers are then
            trained on.
        test_labels: Names of its labels here, as THEIRS=OURS. Equal names need none; utterances without a class
            here are not tested.
        seed: Seed of initialisation, shuffling and dropout.
        deterministic: Give the same figures to the last bit in two runs on one machine; slower.
        select_on: Speakers that choose epoch and learning rate. `test` shows how much a look at the test
            speakers gains; its figures are stamped and are no results.
        model: Size of a network trained from scratch.
        training: How it learns.
    """

    records: Path
    out: Path
    pretrained: Path | None = None
    fold: str = "0"
    folds: Path | None = None
    styles: tuple[str, ...] = ()
    test_records: Path | None = None
    test_labels: tuple[str, ...] = ()
    seed: int = 0
    deterministic: bool = False
    select_on: Literal["validation", "test"] = "validation"
    model: ModelConfig = field(default_factory=ModelConfig)
    training: FinetuningSettings = field(default_factory=FinetuningSettings)


@dataclass(frozen=True, kw_only=True)
class ExtractConfig:
    """Extract hypercolumns pooled over time: F, h1..hL, h_add, h_concat.

    Attributes:
        records: Records folder.
        pretrained: Run folder of `pretrain`, its SavedModel, or a published model.
        out: Hypercolumns folder to write.
        pooling: Mean over frames, or mean and standard deviation.
        batch_frames: Frames in a batch, padding included, at most.
    """

    records: Path
    pretrained: Path
    out: Path
    pooling: Literal["mean", "mean_std"] = "mean"
    batch_frames: int = 16384


@dataclass(frozen=True, kw_only=True)
class FunctionalsConfig:
    """Compute openSMILE's functionals of every utterance, for `classify`: the field's classical features.

    Attributes:
        records: Records folder with the utterances, labels and folds.
        audio_dir: Folder of the corpus from which the records were prepared.
        out: Folder to write, for `classify --hypercolumns`.
        sets: Feature sets of openSMILE; their names are the features of `classify`.
        jobs: Processes; 0 means one a core.
    """

    records: Path
    audio_dir: Path
    out: Path
    sets: tuple[str, ...] = ("eGeMAPSv02", "ComParE_2016")
    jobs: int = 0


@dataclass(frozen=True, kw_only=True)
class ClassifyConfig:
    """Recognise emotions from hypercolumns.

    Attributes:
        hypercolumns: Folder of `extract`, or of `functionals`.
        out: Run folder to write.
        feature: F, h1..hL, h_add or h_concat; or the name of a set of functionals.
        classifier: Support vector machine, random forest or logistic regression on pooled features; or the
            attention LSTM, or `attention` (a weighted mean without the LSTM), on the frames of the network that
            the hypercolumns came from.
        code: Input of SVM, forest or regression: the feature itself, or the hidden code of a `denoising`
            autoencoder or a semi-supervised `ladder` network trained on it.
        fold: Fold to train and test, or `all`.
        folds: Fold file of your own instead of the published ones.
        styles: Train and test on utterances of these styles (`improvised`, `scripted`, `read`) only; all by
            default.
        test_hypercolumns: Test on all speakers of this other corpus instead, extracted with the same network.
            The fold's test speakers are then trained on.
        test_labels: Names of its labels here, as THEIRS=OURS. Equal names need none; utterances without a class
            here are not tested.
        seed: Seed of the forest and of the LSTM.
        deterministic: Give the same figures to the last bit in two runs on one machine; slower.
        select_on: Speakers that choose C and the epoch. `test` shows how much a look at the test speakers
            gains; its figures are stamped and are no results.
        settings: Sizes and searched values.
    """

    hypercolumns: Path
    out: Path
    feature: str = "h_concat"
    classifier: Literal["svm", "rf", "logistic", "a_lstm", "attention"] = "svm"
    code: Literal["none", "denoising", "ladder"] = "none"
    fold: str = "0"
    folds: Path | None = None
    styles: tuple[str, ...] = ()
    test_hypercolumns: Path | None = None
    test_labels: tuple[str, ...] = ()
    seed: int = 0
    deterministic: bool = False
    select_on: Literal["validation", "test"] = "validation"
    settings: ClassifierSettings = field(default_factory=ClassifierSettings)
