"""What is run: stage calls, their corpora, and what they cost at most."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser_fop.config.stages import FunctionalsConfig, PrepareConfig
from ser_fop.errors import InputError
from ser_fop.experiments.baselines import chosen_baselines, functional_sets
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.remote import location

# Which network a row's hidden states come from.
IN_CORPUS, UNLABELLED, UNTRAINED = "in_corpus", "unlabelled", "untrained"
# Declared before any figure is seen: the feature of Table 3's hypercolumn row, as in the paper.
TABLE3_FEATURE = "h_concat"
A_LSTM = "a_lstm"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
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
    return name, location(folder)


def audio_dir(config: ReproduceConfig) -> Path:
    """Return the labelled corpus's folder; the synthetic corpora are made inside `out` unless told otherwise.

    Raises:
        InputError: If a corpus that is not synthetic has no folder.
    """
    if config.audio_dir is None and config.corpus != "synthetic":
        raise InputError(f"corpus {config.corpus!r} needs --audio-dir, the folder that holds it.")
    return config.audio_dir or config.out / "audio"


def preparation_jobs(config: ReproduceConfig) -> list[Job]:
    """Return the `prepare` calls, and that of `functionals` where a system needs it."""
    common = {"jobs": config.jobs, "features": config.features, "trim_silence": config.trim_silence}
    labelled = PrepareConfig(
        corpus=config.corpus,
        audio_dir=audio_dir(config),
        manifest=config.manifest,
        labels=config.labels,
        out=config.out / "records" / config.corpus,
        **common,
    )
    jobs = [Job(name=f"records/{config.corpus}", stage="prepare", config=labelled)]
    second = unlabelled_corpus(config)
    if second:
        name, folder = second
        if name == config.corpus:
            raise InputError(
                f"--unlabelled names the labelled corpus {name!r}: its own network is trained anyway. Name another."
            )
        prepared = PrepareConfig(corpus=name, audio_dir=folder, out=config.out / "records" / name, **common)
        jobs.append(Job(name=f"records/{name}", stage="prepare", config=prepared))
    sets = functional_sets(chosen_baselines(config.systems))
    if sets:
        computed = FunctionalsConfig(
            records=labelled.out,
            audio_dir=labelled.audio_dir,
            out=config.out / "functionals" / config.corpus,
            sets=sets,
            jobs=config.jobs,
        )
        jobs.append(Job(name=f"functionals/{config.corpus}", stage="functionals", config=computed))
    return jobs


def networks(config: ReproduceConfig) -> tuple[str, ...]:
    """Return the networks whose hidden states are compared, the control last."""
    return (IN_CORPUS, UNLABELLED, UNTRAINED) if unlabelled_corpus(config) else (IN_CORPUS, UNTRAINED)
