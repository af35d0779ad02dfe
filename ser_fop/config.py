"""The only declaration of every setting: options, YAML and `config.json` follow from these types.

The defaults are preset `paper`: the paper to the letter, and where it is silent the
choice that the README lists with its reason. Relative paths are relative to the
working directory.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# `--fold` of every stage: one fold's number, or every fold in turn.
ALL_FOLDS = "all"


@dataclass(frozen=True, kw_only=True)
class FeatureConfig:
    """The log-mel front end. Frame t covers the samples [t hop, t hop + window) and no later one.

    Attributes:
        sample_rate_hz: Rate to which audio is resampled.
        window_s: Length of the Hann window, in seconds.
        hop_s: Distance between frames, in seconds.
        fft_size: Length of the Fourier transform, in samples.
        mels: Number of mel bands (HTK scale).
        low_hz: Lower edge of the lowest band.
        high_hz: Upper edge of the highest band.
        floor: Smallest band power before the natural logarithm.
    """

    sample_rate_hz: int = 16000
    window_s: float = 0.025
    hop_s: float = 0.010
    fft_size: int = 512
    mels: int = 80
    low_hz: float = 20.0
    high_hz: float = 7600.0
    floor: float = 1e-8


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Size of the causal transformer (section 4.1 of the paper).

    Attributes:
        reading: `wide` has a residual stream of `d_model`; `narrow` has one of the
            mel width, in which equation 7 stands as written.
        d_model: Width of the attention: heads times the width of a head.
        heads: Attention heads.
        feed_forward: Inner width of the feed-forward layer.
        layers: Attention layers.
        dropout: Dropout rate.
    """

    reading: Literal["wide", "narrow"] = "wide"
    d_model: int = 256
    heads: int = 4
    feed_forward: int = 513
    layers: int = 2
    dropout: float = 0.2


@dataclass(frozen=True, kw_only=True)
class PretrainingSettings:
    """How the network learns to predict future frames.

    Attributes:
        ahead: Distance of the predicted frame, in frames.
        loss: Error on normalised log-mels, averaged over valid frames.
        learning_rate: Adam's learning rate.
        schedule: Keep the rate, or let it fall to zero along a cosine over all epochs.
        batch_size: Utterances (or chunks) in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        chunk_frames: Longer utterances are cut into equal chunks of at most this
            many frames; 0 keeps them whole.
        epochs: Epochs at most; 0 leaves the network untrained (a control).
        patience: Epochs without a better validation error before training stops.
        validation_share: Share of the speakers held out for early stopping.
    """

    ahead: int = 1
    loss: Literal["l1", "mse", "huber"] = "l1"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    batch_size: int = 32
    batch_frames: int = 16384
    chunk_frames: int = 512
    epochs: int = 100
    patience: int = 10
    validation_share: float = 0.1


@dataclass(frozen=True, kw_only=True)
class FinetuningSettings:
    """How the whole network learns to recognise emotions (equation 6).

    Attributes:
        learning_rates: Adam's learning rates to try; the one with the best accuracy
            on the validation speakers is kept.
        batch_size: Utterances in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        epochs: Epochs at most.
        patience: Epochs without a better validation loss before training stops.
    """

    learning_rates: tuple[float, ...] = (1e-3,)
    batch_size: int = 32
    batch_frames: int = 16384
    epochs: int = 50
    patience: int = 8


@dataclass(frozen=True, kw_only=True)
class ClassifierSettings:
    """Classifiers on hypercolumns.

    Attributes:
        svm_c: Values of C to try by validation speakers (RBF kernel).
        rf_trees: Trees of the random forest.
        lstm_units: Units of the attention LSTM.
        lstm_dropout: Dropout rate of the attention LSTM.
        lstm_learning_rate: Adam's learning rate for the attention LSTM.
        lstm_epochs: Epochs of the attention LSTM at most.
        lstm_patience: Epochs without a better validation loss before it stops.
        lstm_batch_size: Utterances in a batch of the attention LSTM.
    """

    svm_c: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0)
    rf_trees: int = 500
    lstm_units: int = 128
    lstm_dropout: float = 0.2
    lstm_learning_rate: float = 1e-3
    lstm_epochs: int = 50
    lstm_patience: int = 8
    lstm_batch_size: int = 32


@dataclass(frozen=True, kw_only=True)
class InfoConfig:
    """Print what a corpus folder holds, and every problem found.

    Attributes:
        corpus: Name of the corpus.
        audio_dir: Folder that holds it.
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
        audio_dir: Folder that holds it.
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
        jobs: Threads; 0 means one a core. The bytes written do not depend on it.
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
    features: FeatureConfig = field(default_factory=FeatureConfig)


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
        model: Size of the network.
        training: How it learns.
    """

    records: tuple[Path, ...]
    out: Path
    fold: str = ""
    folds: Path | None = None
    seed: int = 0
    deterministic: bool = False
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
        fold: Fold to train and test, or `all`.
        folds: Fold file of your own instead of the published ones.
        seed: Initialisation, shuffling and dropout.
        deterministic: Same figures to the last bit in two runs on one machine, slower.
        normalisation: Whose mel statistics: the pretrained network's or those of the
            fold's training speakers.
        model: Size of a network trained from scratch.
        training: How it learns.
    """

    records: Path
    out: Path
    pretrained: Path | None = None
    fold: str = "0"
    folds: Path | None = None
    seed: int = 0
    deterministic: bool = False
    normalisation: Literal["pretrained", "target"] = "pretrained"
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
class ClassifyConfig:
    """Recognise emotions from hypercolumns.

    Attributes:
        hypercolumns: Folder of `extract`.
        out: Run folder to write.
        feature: F, h1..hL, h_add or h_concat.
        classifier: Support vector machine, random forest, or the attention LSTM,
            which reads the frames of the network that the hypercolumns came from.
        fold: Fold to train and test, or `all`.
        folds: Fold file of your own instead of the published ones.
        seed: Randomness of the forest and of the LSTM.
        deterministic: Same figures to the last bit in two runs on one machine, slower.
        settings: Sizes and what is searched.
    """

    hypercolumns: Path
    out: Path
    feature: str = "h_concat"
    classifier: Literal["svm", "rf", "a_lstm"] = "svm"
    fold: str = "0"
    folds: Path | None = None
    seed: int = 0
    deterministic: bool = False
    settings: ClassifierSettings = field(default_factory=ClassifierSettings)


@dataclass(frozen=True, kw_only=True)
class ReproduceConfig:
    """Run the paper's whole experiment on a corpus and write its tables.

    Attributes:
        out: Folder for everything: records, runs, report.
        corpus: Labelled corpus.
        audio_dir: Folder that holds it; the synthetic corpora are made there.
        manifest: CSV of a corpus of your own (`--corpus csv`).
        labels: Label set instead of the corpus's own.
        unlabelled: Second corpus for pretraining, in the role of VCTK, as NAME=FOLDER.
        folds: Fold file of your own instead of the published ones.
        cross_validation: Also run every fold, for the second column of Table 3.
        repeats: Initialisations; each is a new pretraining and a new classifier.
        seed: Seed of the first repeat.
        deterministic: Same figures to the last bit in two runs on one machine, slower.
        pooling: Utterance vector for SVM and RF.
        jobs: Threads of `prepare`; 0 means one a core.
        features: The log-mel front end.
        model: Size of the network.
        pretraining: How the network learns to predict.
        finetuning: How the whole network learns to recognise.
        classifiers: Classifiers on hypercolumns.
    """

    out: Path
    corpus: str = "synthetic"
    audio_dir: Path | None = None
    manifest: Path | None = None
    labels: tuple[str, ...] = ()
    unlabelled: str = ""
    folds: Path | None = None
    cross_validation: bool = True
    repeats: int = 1
    seed: int = 0
    deterministic: bool = False
    pooling: Literal["mean", "mean_std"] = "mean"
    jobs: int = 0
    features: FeatureConfig = field(default_factory=FeatureConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    finetuning: FinetuningSettings = field(default_factory=FinetuningSettings)
    classifiers: ClassifierSettings = field(default_factory=ClassifierSettings)


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Write the tables of a finished or running `reproduce` folder again.

    Attributes:
        run: Folder of `reproduce`.
    """

    run: Path
