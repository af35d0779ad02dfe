"""The config of `ser-fop tune`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser_fop.config.settings import FinetuningSettings, ModelConfig, PretrainingSettings


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    """Search for better settings with KerasTuner, on validation speakers alone; then train with the best.

    Attributes:
        records: Records folders; for fine-tuning one, with labels.
        out: Folder to write; the same command resumes an interrupted search.
        task: `finetuning` maximises UA on the fold's validation speakers, on whom no trial trains;
            `pretraining` maximises skill on held-out speakers. The fold's test speakers are excluded.
        space: YAML file of the search space; the task's own by default.
        tuner: Search strategy.
        trials: Trials, at most; Hyperband determines its own number.
        hyperband_factor: Hyperband keeps one in this many trials, and trains it this many times longer.
        pretrained: Network to fine-tune, as in `finetune`.
        fold: Fold whose training and validation speakers the search uses. The best settings are evaluated once
            on its test speakers. Pretraining on unlabelled records has none.
        folds: Fold file of your own instead of the published ones.
        seed: Seed of the search, and of every training.
        workers: Trials at once, each in a process of its own; 0 runs them in this process, one after another.
        model: Size of the network, where it is not searched.
        pretraining: How it learns, where that is not searched (`--task pretraining`).
        finetuning: How it learns, where that is not searched (`--task finetuning`).
    """

    records: tuple[Path, ...]
    out: Path
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
