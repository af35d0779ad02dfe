"""The jobs of the cross-corpus comparison: every labelled corpus is left out in turn, and all together are tested."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from ser_fop.config.settings import ALL_FOLDS
from ser_fop.config.stages import ClassifyConfig, FinetuneConfig
from ser_fop.corpora.label_map import published_label_map
from ser_fop.experiments.baselines import EGEMAPS
from ser_fop.experiments.jobs import (
    UNLABELLED,
    Job,
    Sizes,
    cross_functionals,
    labelled_corpora,
    scratch_settings,
    unlabelled_corpus,
)
from ser_fop.experiments.reproduce_config import ReproduceConfig

# The systems: the network of the experiment from scratch, the one pretrained on the second corpus, and their rival.
SCRATCH, RIVAL = "scratch", "egemaps_svm"
CROSS_SYSTEMS = (SCRATCH, UNLABELLED, RIVAL)
# A corpus that was not trained on, and speakers that were not trained on of corpora that were.
ZERO_SHOT, WITHIN = "zero_shot", "within"
_WEIGHTS = {"class_weights": "corpus_balanced"}


def cross_name(system: str, protocol: str, corpus: str = "") -> str:
    """Return the name of a job's folder below `seed-S`.

    The system comes first, as the network does in the names of other jobs: the job cache reads it there.

    Args:
        system: One of `CROSS_SYSTEMS`.
        protocol: `ZERO_SHOT` or `WITHIN`.
        corpus: Name of the corpus that is left out; empty for `WITHIN`.
    """
    return "-".join(filter(None, ["cross", system, protocol, corpus]))


def cross_corpus_jobs(config: ReproduceConfig, sizes: Sizes, *, seed: int) -> list[Job]:
    """Return the jobs of one repeat; none without `config.cross_corpus`.

    Args:
        config: Config of the experiment.
        sizes: Sizes of the corpora.
        seed: Seed of the repeat.
    """
    if not config.cross_corpus:
        return []
    corpora = labelled_corpora(config)
    left_out = [(corpus, tuple(name for name in corpora if name != corpus)) for corpus in corpora]
    plans = [*left_out, ("", corpora)]
    jobs = _Jobs(config, sizes, seed)
    found = [jobs.finetune(SCRATCH, *plan) for plan in plans]
    if unlabelled_corpus(config):
        found += [jobs.finetune(UNLABELLED, *plan) for plan in plans]
    # The SVM is deterministic: it needs no repeats.
    return found + [jobs.classify(*plan) for plan in plans if seed == config.seed]


class _Jobs:
    """The jobs of one repeat; `tested` is the corpus that is left out, or empty for all folds of the trained ones."""

    def __init__(self, config: ReproduceConfig, sizes: Sizes, seed: int) -> None:
        self.config, self.sizes, self.seed = config, sizes, seed
        self.root = config.out / "runs" / f"seed-{seed}"
        # The map is named because one corpus alone would otherwise keep its own labels.
        self.common = {"seed": seed, "deterministic": config.deterministic, "label_map": published_label_map()}

    def finetune(self, system: str, tested: str, trained: Sequence[str]) -> Job:
        """Return the job that fine-tunes a network, from scratch or from the one pretrained on the second corpus."""
        settings = self.config.finetuning if system == UNLABELLED else scratch_settings(self.config.finetuning)
        settings = dataclasses.replace(settings, **_WEIGHTS)
        records, fold = self.config.out / "records", self._fold(tested)
        frames = sum(self.sizes.frames_of.get(name, 0) for name in trained)
        times = self.sizes.joined_folds if fold == ALL_FOLDS else 1
        return self._job(
            system,
            tested,
            "finetune",
            FinetuneConfig(
                records=tuple(records / name for name in trained),
                out=self._out(system, tested),
                pretrained=self.root / f"pretrain-{UNLABELLED}" if system == UNLABELLED else None,
                test_records=records / tested if tested else None,
                fold=fold,
                model=self.config.model,
                training=settings,
                **self.common,
            ),
            transformer=frames * settings.epochs * times * len(settings.learning_rates),
        )

    def classify(self, tested: str, trained: Sequence[str]) -> Job:
        """Return the job that trains an SVM on functionals."""
        return self._job(
            RIVAL,
            tested,
            "classify",
            ClassifyConfig(
                hypercolumns=tuple(cross_functionals(self.config, name) for name in trained),
                out=self._out(RIVAL, tested),
                test_hypercolumns=cross_functionals(self.config, tested) if tested else None,
                feature=EGEMAPS,
                classifier="svm",
                fold=self._fold(tested),
                keep_classifier=self.config.keep_classifiers,
                settings=dataclasses.replace(self.config.classifiers, **_WEIGHTS),
                **self.common,
            ),
        )

    def _fold(self, tested: str) -> str:
        return ALL_FOLDS if self.config.cross_validation and not tested else "0"

    def _out(self, system: str, tested: str) -> Any:
        return self.root / cross_name(system, ZERO_SHOT if tested else WITHIN, tested)

    def _job(self, system: str, tested: str, stage: str, config: Any, **cost: float) -> Job:
        name = f"runs/seed-{self.seed}/{self._out(system, tested).name}"
        return Job(name=name, stage=stage, config=config, cost=cost)
