"""Settings of `probe`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser_fop.config.settings import ClassifierSettings, FinetuningSettings

ProbeKind = Literal["linear", "rbf"]
Pooling = Literal["mean", "mean_std"]


@dataclass(frozen=True, kw_only=True)
class ProbeConfig:
    """Compare pretrained networks with their untrained twins: probes of each layer, and fine-tuning with few speakers.

    Attributes:
        pretrained: Networks, each as NAME=PATH or PATH: a run folder of `pretrain`, its SavedModel, or a published
            model. Paths of one name are repeats of one recipe with other seeds.
        records: Labelled records folders. A network reads those that have its features.
        out: Folder for the page, the figures and the runs.
        target: Column with the labels, such as `speaker`; that of the records by default.
        functionals: Folders of `functionals` of the same corpora, for comparison.
        folds: Fold files to use instead of the published folds; each names its corpus.
        probes: Classifiers of a layer: `linear`, logistic regression, and `rbf`, a support vector machine with an
            RBF kernel. Both choose C on the validation speakers.
        poolings: Pooling of a layer over time.
        seeds: Number of untrained twins of each network, and of fine-tunings from each start.
        seed: First seed.
        labelled_speakers: Numbers of training speakers with labels, for fine-tuning; 0 means all. Without a number,
            nothing is fine-tuned.
        workers: Number of jobs that run at the same time; 0 means one for each core.
        classifiers: Settings of the probes.
        finetuning: Settings of fine-tuning. It trains on the training speakers alone, and keeps the last epoch.
    """

    pretrained: tuple[str, ...]
    records: tuple[Path, ...]
    out: Path
    target: str = ""
    functionals: tuple[Path, ...] = ()
    folds: tuple[Path, ...] = ()
    probes: tuple[ProbeKind, ...] = ("linear", "rbf")
    poolings: tuple[Pooling, ...] = ("mean", "mean_std")
    seeds: int = 3
    seed: int = 0
    labelled_speakers: tuple[int, ...] = (2, 4, 8, 16, 0)
    workers: int = 0
    classifiers: ClassifierSettings = field(default_factory=ClassifierSettings)
    finetuning: FinetuningSettings = field(default_factory=FinetuningSettings)
