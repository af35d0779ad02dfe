"""Config dataclass of each stage that trains or extracts.

Command-line options, YAML keys and `config.json` are derived from these dataclasses and those of `settings`. Relative
paths are relative to the working directory.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser_fop.config.settings import (
    ClassifierSettings,
    FinetuningSettings,
    ModelConfig,
    PretrainingSettings,
)


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Pretrain a network, without labels, to predict future mel frames.

    Attributes:
        records: Records folders to train on.
        out: Run folder to write.
        fold: Exclude this fold's test speakers; `all` trains one network for each fold.
        folds: Your own fold file instead of the published folds.
        seed: Seed of initialisation, shuffling and dropout.
        deterministic: Make two runs on one machine give identical results, bit for bit. Training is slower.
        checkpoint_minutes: Time between checkpoints within an epoch, in minutes. The end of each epoch always
            writes one.
        checkpoints: Number of checkpoints to keep until the run ends.
        strategy: Train on several devices: `mirrored` uses all GPUs of this machine; `multiworker` uses those of
            all machines in TF_CONFIG. The same command runs on each machine, with --out on a shared disk.
        shard_by: Division of the data between workers. With `batch`, each worker reads all data and takes its
            part of each batch, as on one machine. With `file`, each worker reads different shard files and
            builds its part of a batch from them.
        data_service: Address of a tf.data service that reads the records, such as grpc://host:5000. The order
            of utterances then depends on the speed of its workers.
        model: Settings of the network.
        training: Settings of pretraining.
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
    """Fine-tune a pretrained network for emotions or another target, or train one from scratch.

    Attributes:
        records: Records folders with labels. Several are joined under the common names of `label_map`, and
            an utterance trains only the classes that its corpus has.
        out: Run folder to write.
        target: Column with the labels, such as `speaker`; that of `prepare` by default.
        label_map: YAML file with the common names of labels; by default the published one of eight emotions, and the
            names of the corpora for other targets.
        pretrained: Run folder of `pretrain`, its SavedModel, or a published model. Without it the network is
            trained from scratch.
        fold: Fold to train and test, or `all`. `none` trains on all speakers, for use, and tests no speakers;
            the results of the folds estimate the accuracy of such a network.
        folds: Your own fold file instead of the published folds.
        styles: Train and test only on utterances of these styles (`improvised`, `scripted`, `read`); all by
            default.
        test_records: Records folder of another corpus. All its speakers are tested, and the fold's test speakers
            are trained on instead.
        test_labels: Label names of that corpus and of the training corpus, as THEIRS=OURS. Equal names need no
            entry. Utterances whose label the training corpus does not have are not tested.
        seed: Seed of initialisation, shuffling and dropout.
        deterministic: Make two runs on one machine give identical results, bit for bit. Training is slower.
        select_on: Speakers on which epoch and learning rate are selected. `test` measures the gain from a look
            at the test speakers. Such results are marked and are not valid.
        model: Settings of a network trained from scratch.
        training: Settings of fine-tuning.
    """

    records: tuple[Path, ...]
    out: Path
    target: str = ""
    label_map: Path | None = None
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

    def __post_init__(self) -> None:
        """Accept one records folder without a tuple around it."""
        if isinstance(self.records, str | Path):
            object.__setattr__(self, "records", (Path(self.records),))


@dataclass(frozen=True, kw_only=True)
class ExtractConfig:
    """Extract hypercolumns, pooled over time: F, h1..hL, h_add, h_concat.

    Attributes:
        records: Records folder.
        pretrained: Run folder of `pretrain`, its SavedModel, or a published model.
        out: Hypercolumns folder to write.
        pooling: Pooling over time: mean, or mean and standard deviation.
        batch_frames: Maximum number of frames in a batch, with padding.
        untrained_seed: Replace the network's weights by new ones, drawn with this seed: the untrained twin, as a
            control. The mel statistics remain.
    """

    records: Path
    pretrained: Path
    out: Path
    pooling: Literal["mean", "mean_std"] = "mean"
    batch_frames: int = 16384
    untrained_seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class FunctionalsConfig:
    """Compute openSMILE functionals of each utterance, the classical features, for `classify`.

    Attributes:
        records: Records folder with the utterances, labels and folds.
        audio_dir: Folder of the corpus from which the records were prepared.
        out: Folder to write, for `classify --hypercolumns`.
        sets: Feature sets of openSMILE. `classify --feature` takes their names.
        jobs: Number of processes; 0 means one for each core.
    """

    records: Path
    audio_dir: Path
    out: Path
    sets: tuple[str, ...] = ("eGeMAPSv02", "ComParE_2016")
    jobs: int = 0


@dataclass(frozen=True, kw_only=True)
class ClassifyConfig:
    """Train and test a classifier on hypercolumns.

    Attributes:
        hypercolumns: Folders of `extract` or of `functionals`. Several, computed in the same way, are joined
            under the common names of `label_map`.
        out: Run folder to write.
        target: Column with the labels, such as `speaker`; that of `prepare` by default.
        label_map: YAML file with the common names of labels; by default the published one of eight emotions, and the
            names of the corpora for other targets.
        feature: F, h1..hL, h_add or h_concat; or the name of a set of functionals.
        classifier: Support vector machine (`svm`), random forest (`rf`) or logistic regression on pooled
            features; or attention LSTM (`a_lstm`) or attentive pooling without the LSTM (`attention`) on the
            frames of the network that extracted the hypercolumns.
        code: Input of SVM, random forest and logistic regression: the feature itself (`none`), or the hidden
            code of a `denoising` autoencoder or of a semi-supervised `ladder` network trained on the feature.
        fold: Fold to train and test, or `all`.
        folds: Your own fold file instead of the published folds.
        styles: Train and test only on utterances of these styles (`improvised`, `scripted`, `read`); all by
            default.
        test_hypercolumns: Hypercolumns of another corpus, extracted with the same network. All its speakers are
            tested, and the fold's test speakers are trained on instead.
        test_labels: Label names of that corpus and of the training corpus, as THEIRS=OURS. Equal names need no
            entry. Utterances whose label the training corpus does not have are not tested.
        seed: Seed of the random forest and of the LSTM.
        deterministic: Make two runs on one machine give identical results, bit for bit. Training is slower.
        select_on: Speakers on which C and the epoch are selected. `test` measures the gain from a look at the
            test speakers. Such results are marked and are not valid.
        keep_classifier: Write the fitted classifier too, which `predict` and `export` need.
        settings: Settings of the classifiers.
    """

    hypercolumns: tuple[Path, ...]
    out: Path
    target: str = ""
    label_map: Path | None = None
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
    keep_classifier: bool = True
    settings: ClassifierSettings = field(default_factory=ClassifierSettings)

    def __post_init__(self) -> None:
        """Accept one folder without a tuple around it."""
        if isinstance(self.hypercolumns, str | Path):
            object.__setattr__(self, "hypercolumns", (Path(self.hypercolumns),))

    @property
    def joins_corpora(self) -> bool:
        """Whether the corpora have common names of emotions: several, or one with a label map."""
        return len(self.hypercolumns) > 1 or self.label_map is not None
