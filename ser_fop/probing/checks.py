"""Checks of a probe before any work starts."""

from collections.abc import Sequence
from pathlib import Path

from ser_fop.config.stages import FinetuneConfig
from ser_fop.corpora.folds import read_folds
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.hypercolumns.provenance import records_behind
from ser_fop.probing.networks import ProbedNetwork
from ser_fop.probing.probe_config import ProbeConfig
from ser_fop.training.checks import check_finetuning_config


def check_probe_config(config: ProbeConfig, networks: Sequence[ProbedNetwork]) -> None:
    """Check the settings of a probe.

    Args:
        config: Config of the stage.
        networks: Its networks.

    Raises:
        InputError: If a setting is invalid, or if the inputs do not fit together.
    """
    for name, value, least in (("seeds", config.seeds, 1), ("workers", config.workers, 0)):
        if value < least:
            raise InputError(f"--{name} expected at least {least}, received {value}.")
    for name, chosen in (("probes", config.probes), ("poolings", config.poolings)):
        if not chosen:
            raise InputError(f"--{name} expected at least one, received none.")
    if few := [count for count in config.labelled_speakers if count < 0 or count == 1]:
        raise InputError(f"--labelled-speakers expected 2 or more, or 0 for all, received {few[0]}.")
    corpora = {corpus for network in networks for corpus in network.records}
    named = [read_folds(path).corpus for path in config.folds]
    for path, corpus in zip(config.folds, named, strict=True):
        if corpus not in corpora or named.count(corpus) > 1:
            raise InputError(
                f"--folds expected one fold file for each of {', '.join(sorted(corpora))} at most, but {path} is of"
                f" corpus {corpus!r}{' as another one is' if corpus in corpora else ''}."
            )
    if config.labelled_speakers and len(config.finetuning.learning_rates) > 1:
        raise InputError(
            "--labelled-speakers expected one learning rate, because several would be chosen on labelled validation"
            f" speakers; received {len(config.finetuning.learning_rates)} in --finetuning.learning-rates."
        )
    for network in networks:
        records = tuple(one.folder for one in network.records.values())
        job = FinetuneConfig(records=records[:1], out=config.out, model=network.spec.model, training=config.finetuning)
        check_finetuning_config(job)
    _check_functionals(config.functionals, networks)


def check_records(records: Sequence[Records], networks: Sequence[ProbedNetwork]) -> None:
    """Check that every records folder is read by a network, and has labels.

    Args:
        records: All records folders.
        networks: The networks.

    Raises:
        InputError: If a folder is of no use, or folders of one corpus differ.
    """
    for network in networks:
        for corpus, one in network.records.items():
            first = next(other.records[corpus] for other in networks if corpus in other.records)
            if (one.manifest.labels, [row.id for row in one.rows]) != (
                first.manifest.labels,
                [row.id for row in first.rows],
            ):
                raise InputError(
                    f"--records expected the same utterances and labels of {corpus} for all networks, but"
                    f" {first.folder} and {one.folder} differ. Prepare them with the same options but for the features."
                )
    used = {one.folder for network in networks for one in network.records.values()}
    for one in records:
        if one.folder not in used:
            raise InputError(
                f"--records expected folders with the features of a network, but {one.folder} has those of none."
                " Prepare it with --features-of NETWORK, or drop it."
            )
        if not one.manifest.labels:
            raise InputError(f"--records expected labelled corpora, but {one.folder} ({one.corpus}) has no labels.")


def _check_functionals(folders: Sequence[Path], networks: Sequence[ProbedNetwork]) -> None:
    ids = {
        corpus: {row.id for row in records.rows} for network in networks for corpus, records in network.records.items()
    }
    for folder in folders:
        records = records_behind(folder)
        if ids.get(records.corpus) != {row.id for row in records.rows}:
            raise InputError(
                f"--functionals expected the utterances of --records, but {folder} has others of corpus"
                f" {records.corpus!r}. Run `ser-fop functionals` on one of the records folders."
            )
