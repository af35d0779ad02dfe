"""The scheduler of `reproduce`: which stages the paper's tables need, in which order, and for how long."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ser_fop.artifacts import COMPLETED
from ser_fop.config import (
    ClassifyConfig,
    ExtractConfig,
    FinetuneConfig,
    PrepareConfig,
    PretrainConfig,
    ReproduceConfig,
)
from ser_fop.errors import InputError
from ser_fop.models.hypercolumns import feature_names
from ser_fop.settings import ALL_FOLDS

SINGLE_FOLD = "0"
CLASSIFIERS = ("svm", "rf", "a_lstm")
# Which network a row's hidden states come from.
IN_CORPUS, UNLABELLED, UNTRAINED = "in_corpus", "unlabelled", "untrained"
# Declared before any figure is seen: the feature and classifier of Table 3's hypercolumn row, as in the paper.
TABLE3_FEATURE, TABLE3_CLASSIFIER = "h_concat", "a_lstm"

Runner = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One stage call.

    Attributes:
        name: Its folder below `runs/`.
        stage: The stage.
        config: Its config.
        cost: What it trains at most: frames times epochs, by kind of network
            (`transformer`, `lstm`).
    """

    name: str
    stage: str
    config: Any
    cost: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the records hold, for the projection of hours.

    Attributes:
        labelled_frames: Frames of the labelled corpus.
        unlabelled_frames: Frames of the second corpus.
        folds: Folds of the labelled corpus.
    """

    labelled_frames: int
    unlabelled_frames: int
    folds: int


def unlabelled_corpus(config: ReproduceConfig) -> tuple[str, Path] | None:
    """Return name and folder of the second corpus, or None.

    Raises:
        InputError: If `--unlabelled` is not NAME=FOLDER.
    """
    if not config.unlabelled:
        return ("synthetic_unlabelled", audio_dir(config)) if config.corpus == "synthetic" else None
    name, equals, folder = config.unlabelled.partition("=")
    if not (name and equals and folder):
        raise InputError(
            f"--unlabelled expected NAME=FOLDER, such as vctk=/data/VCTK-Corpus, received {config.unlabelled!r}."
        )
    return name, Path(folder)


def audio_dir(config: ReproduceConfig) -> Path:
    """Return the labelled corpus's folder; the synthetic corpora are made inside `out` unless told otherwise.

    Raises:
        InputError: If a corpus that is not synthetic has no folder.
    """
    if config.audio_dir is None and config.corpus != "synthetic":
        raise InputError(f"corpus {config.corpus!r} needs --audio-dir, the folder that holds it.")
    return config.audio_dir or config.out / "audio"


def preparation_cells(config: ReproduceConfig) -> list[Cell]:
    """Return the `prepare` calls."""
    common = {"jobs": config.jobs, "features": config.features}
    labelled = PrepareConfig(
        corpus=config.corpus,
        audio_dir=audio_dir(config),
        manifest=config.manifest,
        labels=config.labels,
        out=config.out / "records" / config.corpus,
        **common,
    )
    cells = [Cell(name=f"records/{config.corpus}", stage="prepare", config=labelled)]
    second = unlabelled_corpus(config)
    if second:
        name, folder = second
        if name == config.corpus:
            raise InputError(
                f"--unlabelled names the labelled corpus {name!r}: its own network is trained anyway. Name another."
            )
        prepared = PrepareConfig(corpus=name, audio_dir=folder, out=config.out / "records" / name, **common)
        cells.append(Cell(name=f"records/{name}", stage="prepare", config=prepared))
    return cells


def training_cells(config: ReproduceConfig, sizes: Sizes) -> list[Cell]:
    """Return every other call, repeat by repeat, each after what it needs.

    Args:
        config: The experiment.
        sizes: What the records hold.
    """
    cells = []
    for repeat in range(config.repeats):
        cells += _Repeat(config, sizes, config.seed + repeat).cells()
    return cells


def networks(config: ReproduceConfig) -> tuple[str, ...]:
    """Return the networks whose hidden states are compared, the control last."""
    return (IN_CORPUS, UNLABELLED, UNTRAINED) if unlabelled_corpus(config) else (IN_CORPUS, UNTRAINED)


class _Repeat:
    """The cells of one repeat: a new initialisation, pretraining and classifier."""

    def __init__(self, config: ReproduceConfig, sizes: Sizes, seed: int) -> None:
        self.config = config
        self.sizes = sizes
        self.seed = seed
        self.root = config.out / "runs" / f"seed-{seed}"
        self.records = config.out / "records" / config.corpus
        self.common = {"seed": seed, "deterministic": config.deterministic, "folds": config.folds}
        self.folds = sizes.folds if config.cross_validation else 1
        self.fold = ALL_FOLDS if config.cross_validation else SINGLE_FOLD

    def cells(self) -> list[Cell]:
        """Return the repeat's cells in order."""
        cells = [self.pretrain(network) for network in networks(self.config)]
        cells += [self.finetune(network) for network in ("none", *networks(self.config)) if network != UNTRAINED]
        for network in networks(self.config):
            cells.append(self.extract(network))
            cells += [self.classify(network, *choice) for choice in self.choices(network)]
        return cells

    def choices(self, network: str) -> list[tuple[str, str]]:
        """Return the (feature, classifier) pairs of a network; F needs none and is read beside the control."""
        names = feature_names(self.config.model)
        features = names if network == UNTRAINED else names[1:]
        pairs = [(feature, classifier) for feature in features for classifier in CLASSIFIERS]
        first = self.seed == self.config.seed
        return pairs if first else [pair for pair in pairs if pair != ("F", "svm")]  # nothing random: one value

    def pretrain(self, network: str) -> Cell:
        """Pretrain, leaving out the test speakers of the labelled corpus."""
        settings = self.config.pretraining
        if network == UNTRAINED:
            settings = dataclasses.replace(settings, epochs=0)
        second = unlabelled_corpus(self.config)
        records = self.config.out / "records" / second[0] if network == UNLABELLED and second else self.records
        fold = {UNLABELLED: "", IN_CORPUS: self.fold, UNTRAINED: SINGLE_FOLD}[network]
        frames = self.sizes.unlabelled_frames if network == UNLABELLED else self.sizes.labelled_frames
        times = self.folds if network == IN_CORPUS else 1
        return self.cell(
            f"pretrain-{network}",
            "pretrain",
            PretrainConfig(
                records=(records,),
                out=self.root / f"pretrain-{network}",
                fold=fold,
                model=self.config.model,
                training=settings,
                **self.common,
            ),
            transformer=frames * settings.epochs * times,
        )

    def finetune(self, network: str) -> Cell:
        """Fine-tune from a network, or from none."""
        settings = self.config.finetuning
        pretrained = None if network == "none" else self.root / f"pretrain-{network}"
        every = network == IN_CORPUS
        times = (self.folds if every else 1) * len(settings.learning_rates)
        return self.cell(
            f"finetune-{network}",
            "finetune",
            FinetuneConfig(
                records=self.records,
                out=self.root / f"finetune-{network}",
                pretrained=pretrained,
                fold=self.fold if every else SINGLE_FOLD,
                model=self.config.model,
                training=settings,
                **self.common,
            ),
            transformer=self.sizes.labelled_frames * settings.epochs * times,
        )

    def extract(self, network: str) -> Cell:
        """Pool a network's hypercolumns over the labelled corpus."""
        return self.cell(
            f"hypercolumns-{network}",
            "extract",
            ExtractConfig(
                records=self.records,
                pretrained=self.root / f"pretrain-{network}",
                out=self.root / f"hypercolumns-{network}",
                pooling=self.config.pooling,
            ),
        )

    def classify(self, network: str, feature: str, classifier: str) -> Cell:
        """Train one classifier on one feature of a network."""
        settings = self.config.classifiers
        every = (network, feature, classifier) == (IN_CORPUS, TABLE3_FEATURE, TABLE3_CLASSIFIER)
        lstm = self.sizes.labelled_frames * settings.lstm_epochs * (self.folds if every else 1)
        return self.cell(
            f"classify-{network}-{feature}-{classifier}",
            "classify",
            ClassifyConfig(
                hypercolumns=self.root / f"hypercolumns-{network}",
                out=self.root / f"classify-{network}-{feature}-{classifier}",
                feature=feature,
                classifier=classifier,
                fold=self.fold if every else SINGLE_FOLD,
                settings=settings,
                **self.common,
            ),
            lstm=lstm if classifier == "a_lstm" else 0,
        )

    def cell(self, name: str, stage: str, config: Any, **cost: float) -> Cell:
        """Name a cell by its folder."""
        return Cell(name=f"runs/seed-{self.seed}/{name}", stage=stage, config=config, cost=cost)


def projected_s(cells: list[Cell], rates: Mapping[str, float]) -> float:
    """Return how long the unfinished cells take at most, in seconds.

    Args:
        cells: The cells.
        rates: Frames per second that this machine trains, by kind of network.
    """
    pending = [cell for cell in cells if not (cell.config.out / COMPLETED).exists()]
    return sum(frames / rates[kind] for cell in pending for kind, frames in cell.cost.items())


def run_cells(cells: list[Cell], runners: Mapping[str, Runner], *, rates: Mapping[str, float] | None = None) -> None:
    """Run the cells in order; finished ones are skipped by their stages.

    Args:
        cells: What to run.
        runners: The stages by name.
        rates: As for `projected_s`; prints how long is left after each cell.
    """
    started = time.perf_counter()
    projected = projected_s(cells, rates) if rates else 0.0
    for number, cell in enumerate(cells, start=1):
        print(f"[{number}/{len(cells)}] {cell.name}", flush=True)
        runners[cell.stage](cell.config)
        if rates and number < len(cells):
            left = projected_s(cells[number:], rates)
            done = projected - left
            pace = (time.perf_counter() - started) / done if done > 0 else 1.0
            print(f"[{number}/{len(cells)}] at most {left * min(pace, 3.0) / 60:.0f} minutes left", flush=True)
