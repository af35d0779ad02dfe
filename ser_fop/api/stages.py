"""Stages as functions: each function takes a config and returns the run folder."""

import importlib
from pathlib import Path
from typing import Any

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, PretrainConfig


def prepare(config: PrepareConfig) -> Path:
    """Convert a folder of audio to checked TFRecord shards of log-mels.

    Args:
        config: Config with the options of `ser-fop prepare`.

    Returns:
        The records folder. A finished folder is returned without any work.

    Raises:
        InputError: If the corpus cannot be read, or the folder contains another result.

    Example:
        ```python
        records = ser_fop.prepare(
            ser_fop.PrepareConfig(corpus="ravdess", audio_dir=Path("RAVDESS"), out=Path("records/ravdess"))
        )
        ```
    """
    return _run("prepare", config)


def pretrain(config: PretrainConfig) -> Path:
    """Pretrain a network, without labels, to predict future mel frames.

    Args:
        config: Config with the options of `ser-fop pretrain`.

    Returns:
        The run folder. A finished folder is returned without any work.

    Raises:
        InputError: If the settings contradict each other, or the folder contains another result.
    """
    return _run("pretrain", config)


def finetune(config: FinetuneConfig) -> Path:
    """Fine-tune a pretrained network for emotions or another target, or train one from scratch.

    Args:
        config: Config with the options of `ser-fop finetune`.

    Returns:
        The run folder. A finished folder is returned without any work.

    Raises:
        InputError: If the settings contradict each other, or the folder contains another result.
    """
    return _run("finetune", config)


def extract(config: ExtractConfig) -> Path:
    """Extract the pooled hypercolumns of every utterance.

    Args:
        config: Config with the options of `ser-fop extract`.

    Returns:
        The hypercolumns folder. A finished folder is returned without any work.

    Raises:
        InputError: If the network does not fit the records, or the folder contains another result.
    """
    return _run("extract", config)


def classify(config: ClassifyConfig) -> Path:
    """Train and test a classifier on hypercolumns.

    Args:
        config: Config with the options of `ser-fop classify`.

    Returns:
        The run folder. A finished folder is returned without any work.

    Raises:
        InputError: If the settings contradict each other, or the folder contains another result.
    """
    return _run("classify", config)


def _run(stage: str, config: Any) -> Path:
    return importlib.import_module(f"ser_fop.pipelines.{stage}").run(config)
