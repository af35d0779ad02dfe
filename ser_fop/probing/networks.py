"""The networks of a probe, and the records that each of them reads."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.evaluation.fold_runs import fold_folder
from ser_fop.hub.networks import network_spec
from ser_fop.models.network_spec import NetworkSpec


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbedNetwork:
    """A pretrained network, with its repeats.

    Attributes:
        name: Name in tables and in paths.
        paths: Run folder, SavedModel or published model of each repeat.
        spec: JSON config of the first repeat.
        records: Labelled records with the network's features, by corpus.
    """

    name: str
    paths: tuple[Path, ...]
    spec: NetworkSpec
    records: Mapping[str, Records]


def probed_networks(pretrained: Sequence[str], records: Sequence[Records]) -> list[ProbedNetwork]:
    """Return the networks of `--pretrained`, in order.

    Args:
        pretrained: Networks as NAME=PATH or PATH.
        records: Labelled records folders.

    Raises:
        InputError: If a network or its records are missing, or repeats of one name have different forms.
    """
    if not pretrained:
        raise InputError("--pretrained expected at least one network, received none.")
    paths: dict[str, list[Path]] = {}
    for entry in pretrained:
        name, equals, path = entry.partition("=")
        name, path = (name, path) if equals else (Path(entry).name, entry)
        if not path or not name or "/" in name:
            raise InputError(f"--pretrained expected NAME=PATH or PATH, received {entry!r}.")
        paths.setdefault(name, []).append(Path(path))
    return [_network(name, found, records) for name, found in paths.items()]


def _network(name: str, paths: Sequence[Path], records: Sequence[Records]) -> ProbedNetwork:
    specs = [network_spec(fold_folder(path, 0)) for path in paths]
    for path, spec in zip(paths, specs, strict=True):
        if (spec.model, spec.features, spec.kind) != (specs[0].model, specs[0].features, specs[0].kind):
            raise InputError(
                f"--pretrained expected repeats of one recipe under the name {name!r}, but {paths[0]} and {path} differ"
                " in their model or their features. Give them two names."
            )
    own: dict[str, Records] = {}
    for one in records:
        if one.manifest.features == specs[0].features:
            if one.corpus in own:
                raise InputError(
                    f"--records expected one folder of {one.corpus} with the features of {name!r}, received"
                    f" {own[one.corpus].folder} and {one.folder}. Drop one."
                )
            own[one.corpus] = one
    if not own:
        raise InputError(
            f"--records expected a folder with the features of {name!r}, received none. Run `ser-fop prepare"
            f" --features-of {paths[0]}`."
        )
    return ProbedNetwork(name=name, paths=tuple(paths), spec=specs[0], records=own)
