"""The config of `ser-fop tune`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser_fop.config.settings import FinetuningSettings, ModelConfig, PretrainingSettings


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    """Search for better settings with KerasTuner, on validation speakers alone; then train with the best.

    Attributes:
        records: Records folders; of fine-tuning one, with labels.
        out: Folder to write; the same command goes on where it stopped.
        task: `finetuning` looks for UA on the fold's validation speakers, whom no trial trains on; `pretraining` for
            skill on held-out speakers. Nobody whom the fold tests is heard.
        space: YAML file of what is searched; the task's own by default.
        tuner: How.
        trials: Trials at most; Hyperband has its own number.
        hyperband_factor: One in so many trials of Hyperband goes on to so many times the epochs.
        pretrained: Network to fine-tune, as of `finetune`.
        fold: Fold in whose training and validation speakers the search takes place, and on whose test speakers the best
            is told at its end; pretraining on unlabelled records has none.
        folds: Fold file of your own instead of the published ones.
        seed: Of the search, and of every training.
        workers: Trials at once, each in a process of its own; 0 runs them here, one after another.
        model: Size of the network where nothing is searched.
        pretraining: How it learns where nothing is searched (`--task pretraining`).
        finetuning: How it learns where nothing is searched (`--task finetuning`).
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
