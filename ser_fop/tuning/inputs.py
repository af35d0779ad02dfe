"""What a search learns from and goes through must not change while it goes on."""

from pathlib import Path

from ser_fop.errors import InputError
from ser_fop.hub.networks import network_digest
from ser_fop.tuning.space import space_file
from ser_fop.tuning.tune_config import TuneConfig
from ser_fop.utils.json_io import read_json, sha256, write_json
from ser_fop.utils.run_folder import digest_of

INPUTS = "inputs.json"


def claim_inputs(config: TuneConfig, inner_folds: Path) -> None:
    """Note what a search works with, or find that it is the same as before.

    Args:
        config: The search.
        inner_folds: The fold file that its trials use, where they do.

    Raises:
        InputError: If something has changed.
    """
    found = {str(path): digest_of(path) for path in config.records}
    found[f"the space {space_file(config)}"] = sha256(space_file(config))
    if inner_folds.exists():
        found["the fold"] = sha256(inner_folds)
    if config.pretrained:
        found[str(config.pretrained)] = network_digest(config.pretrained)
    place = config.out / INPUTS
    known = read_json(place) if place.exists() else found
    for name in {**known, **found}:
        if known.get(name) != found.get(name):
            raise InputError(
                f"{name} is another one than the trials in {config.out} were run with. Search into another --out."
            )
    write_json(place, found)
