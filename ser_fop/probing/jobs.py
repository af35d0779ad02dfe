"""The jobs of `probe`: features of each network, their probes, and fine-tuning with few labelled speakers."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser_fop.config.settings import ALL_FOLDS, FinetuningSettings
from ser_fop.config.stages import ExtractConfig, FinetuneConfig
from ser_fop.corpora.folds import FoldFile, folds_digest, read_folds, write_folds
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.experiments.jobs import Job, scratch_settings
from ser_fop.hypercolumns.pooled_features import ARRAYS, read_pooled
from ser_fop.hypercolumns.provenance import records_behind
from ser_fop.probing.label_subsets import with_few_speakers
from ser_fop.probing.names import ALL_SPEAKERS, FUNCTIONALS, PRETRAINED, UNTRAINED
from ser_fop.probing.networks import ProbedNetwork
from ser_fop.probing.probe_config import ProbeConfig
from ser_fop.probing.probe_layers import ProbeLayersConfig
from ser_fop.training.splits.pretraining import folds_of_records

# The network's input, equal for every start.
INPUT = "F"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measurement:
    """A job of `probe` whose predictions are scored.

    Attributes:
        network: Name of the network, or of the functionals.
        start: `pretrained`, `untrained` or `functionals`.
        corpus: Name of the corpus.
        repeat: Number of the repeat, from 0.
        speakers: Number of labelled training speakers of a fine-tuning; None for probes.
        folder: Run folder.
    """

    network: str
    start: str
    corpus: str
    repeat: int
    speakers: int | None
    folder: Path


class ProbeJobs:
    """The jobs of a probe, in order, and what they measure.

    Args:
        config: Config of the probe.
        networks: Its networks.

    Attributes:
        jobs: The jobs; each comes after those that it needs.
        measurements: The jobs whose predictions are scored.
        notes: What cannot be measured, and why.
    """

    def __init__(self, config: ProbeConfig, networks: Sequence[ProbedNetwork]) -> None:
        self._config = config
        self.jobs: list[Job] = []
        self.measurements: list[Measurement] = []
        self.notes: list[str] = []
        self._folds: dict[str, tuple[FoldFile, Path]] = {}
        self._given_folds = {read_folds(path).corpus: path for path in config.folds}
        for network in networks:
            for corpus, records in network.records.items():
                self._probe_network(network, corpus, records)
        for folder in config.functionals:
            self._probe_functionals(folder)
        for network in networks if config.labelled_speakers else ():
            for corpus, records in network.records.items():
                self._finetune_network(network, corpus, records)

    def _probe_network(self, network: ProbedNetwork, corpus: str, records: Records) -> None:
        layers = tuple(f"h{number}" for number in range(1, network.spec.model.layers + 1))
        for start, repeat, path, seed in self._starts(network):
            name = f"{network.name}/{corpus}/{start}-{repeat}"
            out = self._config.out / "features" / name
            extract = ExtractConfig(
                records=records.folder, pretrained=path, out=out, pooling="mean_std", untrained_seed=seed
            )
            self._add(f"features/{name}", "extract", extract)
            own = (INPUT, *layers) if (start, repeat) == (PRETRAINED, 0) else layers
            self._probe(f"probes/{name}", out, records, layers=own, poolings=self._config.poolings)
            self._measure(network.name, start, corpus, repeat, None, f"probes/{name}")

    def _probe_functionals(self, folder: Path) -> None:
        records, sets = records_behind(folder, self._config.target), tuple(read_pooled(folder / ARRAYS).arrays)
        name = f"probes/{FUNCTIONALS}/{records.corpus}"
        self._probe(name, folder, records, layers=sets, poolings=())
        self._measure(FUNCTIONALS, FUNCTIONALS, records.corpus, 0, None, name)

    def _probe(self, name: str, features: Path, records: Records, **choices: Any) -> None:
        config = ProbeLayersConfig(
            features=features,
            records=records.folder,
            target=self._config.target,
            folds=self._folds_of(records)[1],
            out=self._config.out / name,
            probes=self._config.probes,
            classifiers=self._config.classifiers,
            **choices,
        )
        self._add(name, "probe_layers", config)

    def _finetune_network(self, network: ProbedNetwork, corpus: str, records: Records) -> None:
        """Fine-tune from both starts with each number of labelled speakers. Both starts have the same draws."""
        folds, _ = self._folds_of(records)
        for count in dict.fromkeys(self._config.labelled_speakers):
            for repeat in range(self._config.seeds):
                seed = self._config.seed + repeat
                few = with_few_speakers(records, folds, count, seed=seed)
                if few is None:
                    note = f"no fine-tuning with {count} labelled speakers on {corpus}, which has too few"
                    self.notes += [note] if note not in self.notes else []
                    continue
                path = self._write_folds(f"{corpus}-{_title(count)}-{repeat}", few)
                place = repeat % len(network.paths)
                for start in (PRETRAINED, UNTRAINED):
                    begins = network.paths[place] if start == PRETRAINED else None
                    # With further repeats of the network, a later call starts from others.
                    of_network = f"-network-{place}" if begins else ""
                    name = f"finetuned/{network.name}/{corpus}/{_title(count)}/{start}-{repeat}{of_network}"
                    job = FinetuneConfig(
                        records=(records.folder,),
                        target=self._config.target,
                        out=self._config.out / name,
                        pretrained=begins,
                        fold=ALL_FOLDS,
                        folds=path,
                        seed=seed,
                        model=network.spec.model,
                        training=_few_speakers_settings(self._config.finetuning, pretrained=begins is not None),
                    )
                    self._add(name, "finetune", job)
                    self._measure(network.name, start, corpus, repeat, count, name)

    def _starts(self, network: ProbedNetwork) -> list[tuple[str, int, Path, int | None]]:
        """Return start, number, path and seed of new weights for each repeat of a network and of its twin."""
        pretrained = [(PRETRAINED, repeat, path, None) for repeat, path in enumerate(network.paths)]
        seeds = range(self._config.seed, self._config.seed + self._config.seeds)
        twins = [(UNTRAINED, repeat, network.paths[0], seed) for repeat, seed in enumerate(seeds)]
        return [*pretrained, *twins]

    def _folds_of(self, records: Records) -> tuple[FoldFile, Path]:
        if records.corpus not in self._folds:
            folds = folds_of_records(records, path=self._given_folds.get(records.corpus))
            self._folds[records.corpus] = folds, self._write_folds(records.corpus, folds)
        return self._folds[records.corpus]

    def _write_folds(self, name: str, folds: FoldFile) -> Path:
        path = self._config.out / "folds" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_folds(path, folds)
        elif folds_digest(read_folds(path).folds) != folds_digest(folds.folds):
            raise InputError(f"{path} holds other folds than those of now. Choose another --out.")
        return path

    def _add(self, name: str, stage: str, config: Any) -> None:
        self.jobs.append(Job(name=name, stage=stage, config=config))

    def _measure(self, network: str, start: str, corpus: str, repeat: int, speakers: int | None, name: str) -> None:
        self.measurements.append(
            Measurement(
                network=network,
                start=start,
                corpus=corpus,
                repeat=repeat,
                speakers=speakers,
                folder=self._config.out / name,
            )
        )


def _title(count: int) -> str:
    return "all" if count == ALL_SPEAKERS else str(count)


def _few_speakers_settings(settings: FinetuningSettings, *, pretrained: bool) -> FinetuningSettings:
    """Return settings that use no labels but those of the training speakers, and select nothing."""
    unselected = dataclasses.replace(settings, keep="last", train_on_validation=False)
    return unselected if pretrained else scratch_settings(unselected)
