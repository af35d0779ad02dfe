"""The config of `ser-fop tune`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser_fop.config.settings import FinetuningSettings, ModelConfig, PretrainingSettings


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    """Search for better settings with KerasTuner on validation speakers, then train with the best ones.

    Attributes:
        records: Records folders. Fine-tuning needs exactly one, with labels.
        out: Folder to write; the same command resumes an interrupted search.
        target: Column with the labels, such as `speaker`; that of `prepare` by default.
        task: `finetuning` maximises UA on the fold's validation speakers, who are in no trial's training data.
            `pretraining` maximises skill on held-out speakers. The fold's test speakers are in no trial.
        space: YAML file of the search space; the default depends on the task.
        tuner: Search strategy.
        trials: Maximum number of trials. Hyperband determines its own number.
        hyperband_factor: Reduction factor of Hyperband: it keeps one in this many trials, and trains it this many
            times longer.
        pretrained: Network to fine-tune, as in `finetune`.
        fold: Fold whose training and validation speakers the search uses. The best settings are evaluated once
            on its test speakers. Pretraining on unlabelled records has no folds.
        folds: Fold file to use instead of the published folds.
        seed: Seed of the search and of every training.
        workers: Number of trials at a time, each in a separate process; 0 runs the trials one after another in this
            process.
        model: Settings of the network that are not searched.
        pretraining: Settings of pretraining that are not searched (`--task pretraining`).
        finetuning: Settings of fine-tuning that are not searched (`--task finetuning`).
    """

    records: tuple[Path, ...]
    out: Path
    target: str = ""
    task: Literal["finetuning", "pretraining"] = "finetuning"
    space: Path | None = None
    tuner: Literal["random", "hyperband", "bayesian", "grid"] = "random"
    trials: int = 20
    hyperband_factor: int = 3
    pretrained: Path | None = None
    fold: str = "0"
    folds: Path | None = None
    seed: int = 0
    workers: int = 0
    model: ModelConfig = field(default_factory=ModelConfig)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    finetuning: FinetuningSettings = field(default_factory=FinetuningSettings)
