"""Settings of `reproduce`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser_fop.config.settings import (
    ClassifierSettings,
    FeatureConfig,
    FinetuningSettings,
    ModelConfig,
    PretrainingSettings,
)


@dataclass(frozen=True, kw_only=True)
class RepeatLimits:
    """Maximum numbers of repeats of expensive parts; None means no limit, 0 skips the part.

    Attributes:
        finetuning: Repeats of fine-tuning.
        forest: Repeats of the random forest on hypercolumns.
        a_lstm: Repeats of the attention LSTM.
        in_corpus: Repeats of pretraining on the labelled corpus (one network for each fold), and of all jobs that
            need it.
        systems: Repeats of the systems that the paper compares with.
        cross_corpus: Repeats of the networks of the cross-corpus comparison; 0 skips its SVM too.
    """

    finetuning: int | None = None
    forest: int | None = None
    a_lstm: int | None = None
    in_corpus: int | None = None
    systems: int | None = None
    cross_corpus: int | None = None


@dataclass(frozen=True, kw_only=True)
class ReproduceConfig:
    """Run all experiments of the paper on a corpus and write its tables.

    Attributes:
        out: Folder for records, runs and report.
        corpus: Labelled corpus.
        audio_dir: Folder of the corpus; the synthetic corpora are written there.
        manifest: CSV file of a user-defined corpus (`--corpus csv`).
        task: What is recognised: `emotion`, `keyword` or `speaker`. Keywords are the labels of a corpus of keywords or
            digits, and the column `word` of others.
        target: Column with the labels, instead of that of the task.
        labels: Label set to use instead of the corpus's default.
        unlabelled: Second corpus for pretraining, in the role of VCTK, as NAME=FOLDER.
        cross_corpus: Further labelled corpora, for the cross-corpus comparison: every corpus is left out in turn, and
            networks and an SVM on eGeMAPS (extra `classical`) are trained on all others. Each is NAME=FOLDER with the
            name of a reader, or NAME=FOLDER/MANIFEST.csv for your own corpus.
        trim_silence: Cut silence at both ends of the utterances of all corpora.
        renditions: Number of varied copies of each utterance that `prepare` writes for every corpus. The settings
            `renditions` of pretraining and augmentation read them.
        folds: Fold file to use instead of the published folds.
        cross_validation: Also run every fold, for pooled figures and for the claims.
        compare_with: Also run the experiment with other settings: names of presets, or YAML files with groups
            of settings (and `repeats`, `repeats_of`, `cross_validation`). Each has its folder in `out/presets`.
        systems: Systems that the paper compares with, for Table 3: `all`, or names. They use the same records,
            folds, seeds and number of epochs as the FOP model. `all` does not include the variants of the FOP model
            with attentive pooling: give their names.
        dev_speakers: Speakers on whom settings were developed. Table 3 then also has figures without them.
        repeats: Number of repeats; each is a new initialisation, a new pretraining and a new classifier.
        repeats_of: Lower numbers of repeats for expensive parts.
        seed: Seed of the first repeat.
        deterministic: Make two runs on one machine give identical figures; slower.
        pooling: Pooling over time for the utterance vectors of SVM and RF.
        claim_features: Hypercolumn features whose gain from pretraining is declared as a claim, and tested.
        lstm_features: Features that the attention LSTM is trained on; all by default.
        keep_classifiers: Keep the fitted classifiers of hypercolumns too, for `predict` and `export`. The report
            needs their predictions only.
        cache_dir: Folder that stores finished jobs as small files. Jobs found there are not run again, so that
            a study can resume on another machine and its predictions can be published.
        jobs: Number of threads of `prepare`; 0 means one for each core.
        workers: Number of jobs that run in parallel, each in a process with its share of the cores. 0 means one for
            each core, at most 4, and 1 with a GPU.
        verbose: Print what every job prints, instead of writing it to `out/logs`. Jobs then run one after another.
        features: Settings of the log-mel front end.
        model: Settings of the network.
        pretraining: Settings of pretraining.
        finetuning: Settings of fine-tuning.
        classifiers: Settings of the classifiers on hypercolumns.
    """

    out: Path
    corpus: str = "synthetic"
    audio_dir: Path | None = None
    manifest: Path | None = None
    task: Literal["emotion", "keyword", "speaker"] = "emotion"
    target: str = ""
    labels: tuple[str, ...] = ()
    unlabelled: str = ""
    cross_corpus: tuple[str, ...] = ()
    trim_silence: bool = False
    renditions: int = 0
    folds: Path | None = None
    cross_validation: bool = True
    compare_with: tuple[str, ...] = ("recommended",)
    systems: tuple[str, ...] = ()
    dev_speakers: tuple[str, ...] = ()
    repeats: int = 1
    repeats_of: RepeatLimits = field(default_factory=RepeatLimits)
    seed: int = 0
    deterministic: bool = False
    pooling: Literal["mean", "mean_std"] = "mean"
    claim_features: tuple[str, ...] = ("h_concat",)
    lstm_features: tuple[str, ...] = ()
    keep_classifiers: bool = False
    cache_dir: Path | None = None
    jobs: int = 0
    workers: int = 0
    verbose: bool = False
    features: FeatureConfig = field(default_factory=FeatureConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    finetuning: FinetuningSettings = field(default_factory=FinetuningSettings)
    classifiers: ClassifierSettings = field(default_factory=ClassifierSettings)
