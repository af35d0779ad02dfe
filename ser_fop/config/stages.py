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
    """Fetch an open corpus from its publisher; what has arrived is not fetched again.

    Attributes:
        corpus: `ravdess`, `librispeech`, `vctk`, `emodb` or `crema_d`; of `iemocap` it is told how to ask for it.
        out: Folder for it.
        parts: Parts of it, such as LibriSpeech's `dev-clean`; the usual ones by default.
        mirror: Another host with the publisher's paths, such as https://us.openslr.org.
        keep_archives: Keep what was fetched beside what was in it.
        jobs: Files at a time, of a corpus that is published file by file.
    """

    corpus: str
    out: Path
    parts: tuple[str, ...] = ()
    mirror: str = ""
    keep_archives: bool = False
    jobs: int = 8


@dataclass(frozen=True, kw_only=True)
class InfoConfig:
    """Print what a corpus folder holds, and every problem found.

    Attributes:
        corpus: Name of the corpus.
        audio_dir: Folder that holds it, or its URL (s3://, gs:// ..).
        manifest: CSV of a corpus of your own (`--corpus csv`).
        labels: Label set instead of the corpus's own.
        microphone: Which microphone of VCTK 0.92.
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
        audio_dir: Folder that holds it, or its URL (s3://, gs:// ..).
        out: Records folder to write.
        manifest: CSV of a corpus of your own (`--corpus csv`).
        name: Name under which the speakers are known to later stages; the corpus
            name if empty. Give each of your own corpora its own.
        labels: Label set instead of the corpus's own.
        microphone: Which microphone of VCTK 0.92.
        trim_silence: Cut silence at both ends of an utterance.
        trim_below_db: What counts as silence: this far below the loudest frame.
        min_duration_s: Shorter utterances go to quarantine.
        max_duration_s: Longer utterances go to quarantine.
        max_quarantine_share: The run fails when a larger share is quarantined.
        dtype: Type of the stored log-mels.
        utterances_per_shard: Utterances in a shard.
        jobs: Threads, of each worker process on Beam; 0 means one a core. The bytes written do not depend on it.
        runner: Who does the work: this process, or Apache Beam (extra `beam`). The bytes written do not depend on it.
        beam_options: Beam's own options, NAME=VALUE, such as `runner=FlinkRunner flink_master=host:8081`.
        staging: Folder or URL to which Beam's workers bring shards, if they do not share the disk of `out`.
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
    """Deal a corpus's speakers out to folds, as a file for `--folds` of the other stages.

    Attributes:
        records: Records folder with labels.
        out: Fold file to write; never over another one.
        protocol: How speakers are dealt out; without it the published folds are copied,
            or such as the corpus allows are made.
        count: Folds of `k-speaker-folds` (and the share that `single-fold` tests).
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
        fold: Leave this fold's test speakers out; `all` trains one network a fold.
        folds: Fold file of your own instead of the published ones.
        seed: Initialisation, shuffling and dropout.
        deterministic: Same figures to the last bit in two runs on one machine, slower.
        checkpoint_minutes: Minutes after which a checkpoint is written within an epoch; after
            each epoch there is one in any case.
        checkpoints: How many of the last are kept until the run has ended.
        strategy: Train on several devices: `mirrored`, every GPU of this machine;
            `multiworker`, those of every machine in TF_CONFIG, where the same command runs,
            with --out on a disk that all of them see.
        shard_by: What workers share out: `batch`, every worker reads everything and takes
            its part of each batch, as one machine would have it; `file`, each reads shard
            files of its own, and makes its part of a batch from them.
        data_service: Address of a tf.data service that reads the records, such as
            grpc://host:5000; the order of utterances then follows its workers' speed.
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
        pretrained: Run folder of `pretrain`, or its SavedModel alone; none trains
            from scratch.
        fold: Fold to train and test, or `all`; `none` trains on every speaker, for use, and
            tests nobody: what such a network is worth, the folds tell.
        folds: Fold file of your own instead of the published ones.
        styles: Only utterances of these styles (`improvised`, `scripted`, `read`) are
            trained on and tested; all by default.
        test_records: Test on all speakers of this other corpus instead; the fold's test
            speakers are then trained on.
        test_labels: What its labels are called here, as THEIRS=OURS; labels of one name
            need none, and utterances of no class here are left out.
        seed: Initialisation, shuffling and dropout.
        deterministic: Same figures to the last bit in two runs on one machine, slower.
        select_on: Who chooses epoch and learning rate. `test` shows what looking at the
            test speakers is worth; its figures are stamped and are no results.
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
        pretrained: Run folder of `pretrain`, or its SavedModel alone.
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
        records: Records folder: whose utterances, labels and folds.
        audio_dir: Folder of the corpus that it was prepared from.
        out: Folder to write, to be given to `classify --hypercolumns`.
        sets: openSMILE's feature sets; their names are the features of `classify`.
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
        classifier: Support vector machine, random forest, logistic regression; or, on
            the frames of the network that the hypercolumns came from, the attention
            LSTM, or `attention`: the same without the LSTM, a mean with learned weights.
        code: What an SVM, a forest or a regression is given: the feature itself, or the hidden
            code of a `denoising` autoencoder or a semi-supervised `ladder` network trained on it.
        fold: Fold to train and test, or `all`.
        folds: Fold file of your own instead of the published ones.
        styles: Only utterances of these styles (`improvised`, `scripted`, `read`) are
            trained on and tested; all by default.
        test_hypercolumns: Test on all speakers of this other corpus instead, extracted
            with the same network; the fold's test speakers are then trained on.
        test_labels: What its labels are called here, as THEIRS=OURS; labels of one name
            need none, and utterances of no class here are left out.
        seed: Randomness of the forest and of the LSTM.
        deterministic: Same figures to the last bit in two runs on one machine, slower.
        select_on: Who chooses C and the epoch. `test` shows what looking at the test
            speakers is worth; its figures are stamped and are no results.
        settings: Sizes and what is searched.
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


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Write the tables of a finished or running `reproduce` folder again.

    Attributes:
        run: Folder of `reproduce`.
    """

    run: Path
