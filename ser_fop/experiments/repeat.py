"""The jobs of one repeat: a new initialisation, a new pretraining and a new classifier."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ser_fop.config.feature_names import feature_names
from ser_fop.config.settings import ALL_FOLDS, ModelConfig
from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, PretrainConfig
from ser_fop.experiments.baseline import Baseline
from ser_fop.experiments.baselines import chosen_baselines, finetuning_changes, model_changes
from ser_fop.experiments.cross_corpus import cross_corpus_jobs
from ser_fop.experiments.jobs import (
    A_LSTM,
    IN_CORPUS,
    TABLE3_FEATURE,
    UNLABELLED,
    UNTRAINED,
    Job,
    Sizes,
    networks,
    scratch_settings,
    unlabelled_corpus,
)
from ser_fop.experiments.reproduce_config import ReproduceConfig

SINGLE_FOLD = "0"
FOREST = "rf"
CLASSIFIERS = ("svm", FOREST, A_LSTM)
_NO_CHANGES: Mapping[str, Any] = MappingProxyType({})


def training_jobs(config: ReproduceConfig, sizes: Sizes) -> list[list[Job]]:
    """Return the jobs of each repeat, without the preparation jobs.

    Each job comes after the jobs that it needs. The repeats are independent of each other.

    Args:
        config: Config of the experiment.
        sizes: Sizes of the corpora.
    """
    return [_Repeat(config, sizes, config.seed + repeat).jobs() for repeat in range(config.repeats)]


class _Repeat:
    """The jobs of one repeat: a new initialisation, pretraining and classifier."""

    def __init__(self, config: ReproduceConfig, sizes: Sizes, seed: int) -> None:
        self.config = config
        self.sizes = sizes
        self.seed = seed
        self.root = config.out / "runs" / f"seed-{seed}"
        self.records = config.out / "records" / config.corpus
        self.common = {"seed": seed, "deterministic": config.deterministic, "folds": config.folds}
        self.number = seed - config.seed

    def jobs(self) -> list[Job]:
        """Return the repeat's jobs in order."""
        limits = self.config.repeats_of
        present = [network for network in networks(self.config) if network != IN_CORPUS or self.runs(limits.in_corpus)]
        jobs = [self.pretrain(network) for network in present]
        if self.runs(limits.finetuning):
            jobs += [self.finetune("none")]
            jobs += [self.finetune(network, start=network) for network in present if network != UNTRAINED]
        for network in present:
            jobs.append(self.extract(network))
            jobs += [self.classify(network, *choice) for choice in self.choices(network)]
        if self.runs(limits.systems):
            for name, baseline in chosen_baselines(self.config.systems).items():
                if IN_CORPUS in present or not baseline.starts_from_fop:
                    jobs += self.baseline(name, baseline)
        if self.runs(limits.cross_corpus):
            jobs += cross_corpus_jobs(self.config, self.sizes, seed=self.seed)
        return jobs

    def baseline(self, name: str, baseline: Baseline) -> list[Job]:
        """Return the jobs of a system that the paper compares with."""
        if baseline.functionals:
            is_repeated = self.number > 0 and not baseline.is_random
            return [] if is_repeated else [self.classify_functionals(baseline)]
        model = dataclasses.replace(self.config.model, **model_changes(baseline, self.config.model.stacked_frames))
        changes = finetuning_changes(baseline, model.backbone)
        if baseline.pretraining is None:
            start = IN_CORPUS if baseline.starts_from_fop else ""
            return [self.finetune(name, start=start, model=model, changes=changes)]
        return [
            self.pretrain(name, baseline.pretraining, model=model),
            self.finetune(name, start=name, model=model, changes=changes),
            self.extract(name),
            self.classify(name, TABLE3_FEATURE, "svm"),
        ]

    def runs(self, limit: int | None) -> bool:
        """Return whether this repeat is among the first `limit` ones; None means no limit."""
        return limit is None or self.number < limit

    def choices(self, network: str) -> list[tuple[str, str]]:
        """Return the (feature, classifier) pairs of a network; F, the input, is classified with the control only."""
        names = feature_names(self.config.model)
        features = names if network == UNTRAINED else names[1:]
        limits = {FOREST: self.config.repeats_of.forest, A_LSTM: self.config.repeats_of.a_lstm}
        kinds = [kind for kind in CLASSIFIERS if self.runs(limits.get(kind))]
        pairs = [(feature, classifier) for feature in features for classifier in kinds]
        # An SVM on F is deterministic: it needs no repeats.
        if self.config.lstm_features:
            pairs = [pair for pair in pairs if pair[1] != A_LSTM or pair[0] in self.config.lstm_features]
        return pairs if self.number == 0 else [pair for pair in pairs if pair != ("F", "svm")]

    def over_folds(self, *, wanted: bool = True) -> str:
        """Return the `--fold` of a job: all folds if its pooled figure is wanted."""
        return ALL_FOLDS if self.config.cross_validation and wanted else SINGLE_FOLD

    def times(self, fold: str) -> int:
        """Return the number of folds of a `--fold` value."""
        return self.sizes.folds if fold == ALL_FOLDS else 1

    def pretrain(
        self, network: str, changes: Mapping[str, Any] = _NO_CHANGES, *, model: ModelConfig | None = None
    ) -> Job:
        """Return the job that pretrains a network without the test speakers of the labelled corpus."""
        settings = dataclasses.replace(self.config.pretraining, **changes)
        if network == UNTRAINED:
            settings = dataclasses.replace(settings, epochs=0)
        second = unlabelled_corpus(self.config)
        records = self.config.out / "records" / second[0] if network == UNLABELLED and second else self.records
        every = self.over_folds()
        # The untrained network depends on the corpus through its mel statistics only: each fold has its own.
        fold = "" if network == UNLABELLED else every
        frames = self.sizes.unlabelled_frames if network == UNLABELLED else self.sizes.labelled_frames
        times = 1 if network == UNLABELLED else self.times(every)
        return self.job(
            f"pretrain-{network}",
            "pretrain",
            PretrainConfig(
                records=(records,),
                out=self.root / f"pretrain-{network}",
                fold=fold,
                model=model or self.config.model,
                training=settings,
                **self.common,
            ),
            transformer=frames * settings.epochs * times,
        )

    def finetune(
        self,
        name: str,
        *,
        start: str = "",
        model: ModelConfig | None = None,
        changes: Mapping[str, Any] = _NO_CHANGES,
    ) -> Job:
        """Return the job that fine-tunes the pretrained network `start`, or trains from scratch without one."""
        settings = dataclasses.replace(self.config.finetuning, **changes)
        if not start:  # a strategy spares pretrained layers
            settings = scratch_settings(settings)
        fold = self.over_folds()
        times = self.times(fold) * len(settings.learning_rates)
        return self.job(
            f"finetune-{name}",
            "finetune",
            FinetuneConfig(
                records=(self.records,),
                out=self.root / f"finetune-{name}",
                pretrained=self.root / f"pretrain-{start}" if start else None,
                fold=fold,
                model=model or self.config.model,
                training=settings,
                **self.common,
            ),
            transformer=self.sizes.labelled_frames * settings.epochs * times,
        )

    def extract(self, network: str) -> Job:
        """Return the job that pools the hypercolumns of a network over the labelled corpus."""
        return self.job(
            f"hypercolumns-{network}",
            "extract",
            ExtractConfig(
                records=self.records,
                pretrained=self.root / f"pretrain-{network}",
                out=self.root / f"hypercolumns-{network}",
                pooling=self.config.pooling,
            ),
        )

    def classify(self, network: str, feature: str, classifier: str) -> Job:
        """Return the job that trains one classifier on one feature of a network."""
        settings = self.config.classifiers
        # The LSTM takes hours, the others take minutes: it runs over all folds only for F and Table 3's feature.
        fold = self.over_folds(wanted=classifier != A_LSTM or feature in (TABLE3_FEATURE, "F"))
        lstm = self.sizes.labelled_frames * settings.lstm_epochs * self.times(fold)
        return self.job(
            f"classify-{network}-{feature}-{classifier}",
            "classify",
            ClassifyConfig(
                hypercolumns=self.root / f"hypercolumns-{network}",
                out=self.root / f"classify-{network}-{feature}-{classifier}",
                feature=feature,
                classifier=classifier,
                fold=fold,
                keep_classifier=self.config.keep_classifiers,
                settings=settings,
                **self.common,
            ),
            lstm=lstm if classifier == A_LSTM else 0,
        )

    def classify_functionals(self, baseline: Baseline) -> Job:
        """Return the job that trains one classifier on functionals."""
        return self.job(
            baseline.job,
            "classify",
            ClassifyConfig(
                hypercolumns=self.config.out / "functionals" / self.config.corpus,
                out=self.root / baseline.job,
                feature=baseline.functionals,
                classifier=baseline.classifier,
                code=baseline.code,
                fold=self.over_folds(),
                keep_classifier=self.config.keep_classifiers,
                settings=self.config.classifiers,
                **self.common,
            ),
        )

    def job(self, name: str, stage: str, config: Any, **cost: float) -> Job:
        """Return a job that is named after its folder."""
        return Job(name=f"runs/seed-{self.seed}/{name}", stage=stage, config=config, cost=cost)
