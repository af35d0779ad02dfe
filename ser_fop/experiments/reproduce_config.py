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
    """Repeats of what takes long: as many as of the rest unless a number is given, 0 for none.

    Attributes:
        finetuning: Of fine-tuning.
        forest: Of the random forest on hypercolumns.
        a_lstm: Of the attention LSTM.
        in_corpus: Of pretraining on the labelled corpus (a network a fold), and of all that rests on it.
        systems: Of the systems that the paper compares with.
    """

    finetuning: int | None = None
    forest: int | None = None
    a_lstm: int | None = None
    in_corpus: int | None = None
    systems: int | None = None


@dataclass(frozen=True, kw_only=True)
class ReproduceConfig:
    """Run the paper's whole experiment on a corpus and write its tables.

    Attributes:
        out: Folder for records, runs and report.
        corpus: Labelled corpus.
        audio_dir: Folder of the corpus; the synthetic corpora are made there.
        manifest: CSV of a corpus of your own (`--corpus csv`).
        labels: Label set instead of the corpus's own.
        unlabelled: Second corpus for pretraining, in the role of VCTK, as NAME=FOLDER.
        trim_silence: Cut silence at both ends of the utterances of both corpora.
        folds: Fold file of your own instead of the published ones.
        cross_validation: Also run every fold, for pooled figures and for the claims.
        compare_with: Run the experiment under other settings too: names of presets, or YAML files with groups
            of settings (and `repeats`, `repeats_of`, `cross_validation`). Each has its folder in `out/presets`.
        systems: Systems that the paper compares with, for Table 3: `all`, or names. They use the same records,
            folds and seeds, and train as long as the FOP model. By name alone: variants of the FOP model with
            attentive pooling.
        dev_speakers: Speakers on whom settings were developed. Table 3 then has figures without them too.
        repeats: Number of repeats; each is a new initialisation, a new pretraining and a new classifier.
        repeats_of: Fewer repeats of expensive parts.
        seed: Seed of the first repeat.
        deterministic: Give the same figures to the last bit in two runs on one machine; slower.
        pooling: Utterance vector for SVM and RF.
        cache_dir: Folder that stores finished jobs as small files. Jobs found there are not run again, so that
            a study can resume on another machine and its predictions can be published.
        jobs: Threads of `prepare`; 0 means one a core.
        workers: Repeats that run at once, each with its share of the cores.
        features: The log-mel front end.
        model: Size of the network.
        pretraining: How the network learns to predict.
        finetuning: How the whole network learns to recognise emotions.
        classifiers: Classifiers on hypercolumns.
    """

    out: Path
    corpus: str = "synthetic"
    audio_dir: Path | None = None
    manifest: Path | None = None
    labels: tuple[str, ...] = ()
    unlabelled: str = ""
    trim_silence: bool = False
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
    cache_dir: Path | None = None
    jobs: int = 0
    workers: int = 1
    features: FeatureConfig = field(default_factory=FeatureConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    finetuning: FinetuningSettings = field(default_factory=FinetuningSettings)
    classifiers: ClassifierSettings = field(default_factory=ClassifierSettings)
