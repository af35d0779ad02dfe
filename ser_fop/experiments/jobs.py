"""The jobs of an experiment: stage calls, their corpora and their maximum cost."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.settings import FinetuningSettings
from ser_fop.config.stages import FunctionalsConfig
from ser_fop.corpora.registry import get_corpus
from ser_fop.corpora.targets import EMOTION, SPEAKER
from ser_fop.errors import InputError
from ser_fop.experiments.baselines import EGEMAPS, chosen_baselines, functional_sets
from ser_fop.experiments.further_corpora import FurtherCorpus, entry_name, further_corpora
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.remote import location
from ser_fop.utils.run_folder import COMPLETED

# Networks whose hidden states the tables compare.
IN_CORPUS, UNLABELLED, UNTRAINED = "in_corpus", "unlabelled", "untrained"
# The feature of Table 3's hypercolumn row, as in the paper; declared before any figure is seen.
TABLE3_FEATURE = "h_concat"
A_LSTM = "a_lstm"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """A stage call.

    Attributes:
        name: Its folder, relative to the folder of the experiment.
        stage: Name of the stage.
        config: Config of the stage.
        cost: Maximum cost of its training, in frames times epochs, by kind of network (`transformer`, `lstm`).
    """

    name: str
    stage: str
    config: Any
    cost: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes of the corpora, to project the duration of the jobs.

    Attributes:
        labelled_frames: Number of frames of the labelled corpus.
        unlabelled_frames: Number of frames of the second corpus.
        folds: Number of folds of the labelled corpus.
        frames_of: Number of frames of each corpus of the cross-corpus comparison, by its name.
        joined_folds: Number of folds of these corpora side by side.
    """

    labelled_frames: int
    unlabelled_frames: int
    folds: int
    frames_of: Mapping[str, int] = dataclasses.field(default_factory=dict)
    joined_folds: int = 1


def pending(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that are not complete."""
    return [job for job in jobs if not (job.config.out / COMPLETED).exists()]


def projected_s(jobs: Sequence[Job], rates: Mapping[str, float]) -> float:
    """Return the maximum duration of the pending jobs, in seconds.

    Args:
        jobs: The jobs.
        rates: Training speed of this machine in frames per second, by kind of network.
    """
    return sum(frames / rates[kind] for job in pending(jobs) for kind, frames in job.cost.items())


def unlabelled_corpus(config: ReproduceConfig) -> tuple[str, Path] | None:
    """Return the name and the folder of the second corpus, or None if there is none.

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
    """Return the folder of the labelled corpus; the synthetic corpora are written to `out/audio` by default.

    Raises:
        InputError: If a corpus that is not synthetic has no folder.
    """
    if config.audio_dir is None and config.corpus != "synthetic":
        raise InputError(f"--corpus {config.corpus} expected --audio-dir, the folder of the corpus, received none.")
    return config.audio_dir or config.out / "audio"


def labelled_corpora(config: ReproduceConfig) -> tuple[str, ...]:
    """Return the names of the corpora of the cross-corpus comparison, that of `--corpus` first."""
    return (config.corpus, *map(entry_name, config.cross_corpus))


def cross_functionals(config: ReproduceConfig, corpus: str) -> Path:
    """Return the folder of a corpus's functionals for the cross-corpus comparison.

    They do not depend on the sets that `--systems` needs: joined corpora must have the same sets.
    """
    return config.out / "functionals" / "cross" / corpus


def scratch_settings(settings: FinetuningSettings) -> FinetuningSettings:
    """Return the settings for a new network, whose layers all learn at the full rate."""
    return dataclasses.replace(settings, strategy="whole", layer_rate_decay=1.0)


def preparation_jobs(config: ReproduceConfig) -> list[Job]:
    """Return the `prepare` jobs, and the `functionals` jobs if systems need them.

    Raises:
        InputError: If the corpora or the names of the systems are invalid.
    """
    common = {
        "jobs": config.jobs,
        "features": config.features,
        "trim_silence": config.trim_silence,
        "renditions": config.renditions,
    }
    records = config.out / "records"
    labelled = PrepareConfig(
        corpus=config.corpus,
        audio_dir=audio_dir(config),
        manifest=config.manifest,
        target=_target(config),
        labels=config.labels,
        out=records / config.corpus,
        **common,
    )
    taken, prepared = {config.corpus: "--corpus"}, [labelled]
    if second := unlabelled_corpus(config):
        name, folder = second
        if name == config.corpus:
            raise InputError(
                f"--unlabelled expected a second corpus, received the labelled corpus {name!r}, whose network is"
                " always trained. Choose another corpus."
            )
        taken[name] = "--unlabelled"
        prepared.append(PrepareConfig(corpus=name, audio_dir=folder, out=records / name, **common))
    further = [
        _prepare_further(one, records / one.name, common) for one in further_corpora(config.cross_corpus, taken=taken)
    ]
    jobs = [Job(name=f"records/{one.out.name}", stage="prepare", config=one) for one in (*prepared, *further)]
    if sets := functional_sets(chosen_baselines(config.systems)):
        jobs.append(_functionals_job(config, labelled, config.out / "functionals" / config.corpus, sets))
    for one in (labelled, *further) if further else ():
        jobs.append(_functionals_job(config, one, cross_functionals(config, one.out.name), (EGEMAPS,)))
    return jobs


def _target(config: ReproduceConfig) -> str:
    """Return the column with the labels; empty for the corpus's own target."""
    if config.task == SPEAKER and config.target not in ("", SPEAKER):
        raise InputError(f"--task speaker expected no other --target, received {config.target!r}. Drop one of the two.")
    own = get_corpus(config.corpus).target
    by_task = {SPEAKER: SPEAKER, "keyword": "" if own != EMOTION else "word"}
    target = config.target or by_task.get(config.task, "")
    if config.cross_corpus and target not in ("", EMOTION):
        raise InputError(
            f"--cross-corpus compares emotions under common names, received the target {target!r}. Drop one of the two."
        )
    return target


def _prepare_further(corpus: FurtherCorpus, out: Path, common: Mapping[str, Any]) -> PrepareConfig:
    return PrepareConfig(
        corpus=corpus.reader,
        name=corpus.name if corpus.manifest else "",
        audio_dir=corpus.audio_dir,
        manifest=corpus.manifest,
        out=out,
        **common,
    )


def _functionals_job(config: ReproduceConfig, corpus: PrepareConfig, out: Path, sets: tuple[str, ...]) -> Job:
    computed = FunctionalsConfig(records=corpus.out, audio_dir=corpus.audio_dir, out=out, sets=sets, jobs=config.jobs)
    return Job(name=out.relative_to(config.out).as_posix(), stage="functionals", config=computed)


def networks(config: ReproduceConfig) -> tuple[str, ...]:
    """Return the names of the networks whose hidden states are compared; the untrained control is last."""
    return (IN_CORPUS, UNLABELLED, UNTRAINED) if unlabelled_corpus(config) else (IN_CORPUS, UNTRAINED)
