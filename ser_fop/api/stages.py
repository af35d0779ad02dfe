"""The stages as functions: each takes its config and returns its run folder."""

import importlib
from pathlib import Path
from typing import Any

from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, PrepareConfig, PretrainConfig


def prepare(config: PrepareConfig) -> Path:
    """Write log-mel record shards of a folder of audio.

    Args:
        config: What `ser-fop prepare` takes as options.

    Returns:
        The records folder; a finished one is found and not written again.

    Raises:
        InputError: If the corpus cannot be read, or the folder holds another result.

    Example:
        ```python
        records = ser_fop.prepare(
            ser_fop.PrepareConfig(corpus="ravdess", audio_dir=Path("RAVDESS"), out=Path("records/ravdess"))
        )
        ```
    """
    return _run("prepare", config)


def pretrain(config: PretrainConfig) -> Path:
    """Learn, without labels, to predict future mel frames.

    Args:
        config: What `ser-fop pretrain` takes as options.

    Returns:
        The run folder; a finished one is found and not trained again.

    Raises:
        InputError: If the settings contradict each other, or the folder holds another result.
    """
    return _run("pretrain", config)


def finetune(config: FinetuneConfig) -> Path:
    """Fine-tune a network for emotion recognition, or train one from scratch.

    Args:
        config: What `ser-fop finetune` takes as options.

    Returns:
        The run folder; a finished one is found and not trained again.

    Raises:
        InputError: If the settings contradict each other, or the folder holds another result.
    """
    return _run("finetune", config)


def extract(config: ExtractConfig) -> Path:
    """Write the pooled hypercolumns of every utterance.

    Args:
        config: What `ser-fop extract` takes as options.

    Returns:
        The hypercolumns folder; a finished one is found and not written again.

    Raises:
        InputError: If network and records do not fit, or the folder holds another result.
    """
    return _run("extract", config)


def classify(config: ClassifyConfig) -> Path:
    """Train and test a classifier on hypercolumns.

    Args:
        config: What `ser-fop classify` takes as options.

    Returns:
        The run folder; a finished one is found and not fitted again.

    Raises:
        InputError: If the settings contradict each other, or the folder holds another result.
    """
    return _run("classify", config)


def _run(stage: str, config: Any) -> Path:
    return importlib.import_module(f"ser_fop.pipelines.{stage}").run(config)
