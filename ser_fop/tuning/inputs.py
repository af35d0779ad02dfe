"""Check that the inputs of a search do not change when it resumes."""

from pathlib import Path

from ser_fop.errors import InputError
from ser_fop.hub.networks import network_digest
from ser_fop.tuning.space import space_file
from ser_fop.tuning.tune_config import TuneConfig
from ser_fop.utils.json_io import read_json, sha256, write_json
from ser_fop.utils.run_folder import digest_of

INPUTS = "inputs.json"


def claim_inputs(config: TuneConfig, inner_folds: Path) -> None:
    """Record the digests of a search's inputs, or compare them with the recorded ones.

    Args:
        config: Config of the search.
        inner_folds: Fold file of the trials; ignored if it does not exist.

    Raises:
        InputError: If an input has changed since the search started.
    """
    found = {str(path): digest_of(path) for path in config.records}
    found[f"the space {space_file(config)}"] = sha256(space_file(config))
    if inner_folds.exists():
        found["the fold"] = sha256(inner_folds)
    if config.pretrained:
        found[str(config.pretrained)] = network_digest(config.pretrained)
    path = config.out / INPUTS
    known = read_json(path) if path.exists() else found
    for name in {**known, **found}:
        if known.get(name) != found.get(name):
            raise InputError(f"{name} has changed since the trials in {config.out} were run. Choose another --out.")
    write_json(path, found)
