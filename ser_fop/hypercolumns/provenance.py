"""The records behind features: what they were made of must still lie where it lay."""

from pathlib import Path

from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.utils.run_folder import digest_of, read_json, require_complete

STAGES = ("extract", "functionals")


def records_behind(features: Path) -> Records:
    """Return the records that features were made of.

    Args:
        features: Folder of `extract` or `functionals`, of a fold or of all.

    Raises:
        InputError: If it is none, or the records have changed since.
    """
    require_complete(features, STAGES)
    inside = sorted(features.glob("fold-*"))
    known = read_json((inside[0] if inside else features) / "config.json")
    records = Records(Path(known["sources"]["records"]))
    if known["inputs"]["records"] != [digest_of(records.folder)]:
        raise InputError(
            f"{records.folder} has changed since {features} was made of it. Run `ser-fop {known['stage']}` again."
        )
    return records


def records_to_test(features: Path, elsewhere: Path | None) -> Records | None:
    """Return another corpus to test on, or None.

    Args:
        features: Features that are learned from.
        elsewhere: Features of the other corpus.

    Raises:
        InputError: If they were not made alike.
    """
    if elsewhere is None:
        return None
    theirs = records_behind(elsewhere)
    here, there = (read_json(one / "config.json") for one in (features, elsewhere))
    for what, one, other in (
        ("the same network", here["inputs"].get("pretrained"), there["inputs"].get("pretrained")),
        ("the same pooling", here["config"].get("pooling"), there["config"].get("pooling")),
        ("the same sets", here["config"].get("sets"), there["config"].get("sets")),
    ):
        if one != other:
            raise InputError(
                f"{features} and {elsewhere} were not made with {what}. Run `ser-fop {here['stage']}` on both with the"
                " same options."
            )
    if here["stage"] == "functionals":
        _require_alike(records_behind(features), theirs)
    return theirs


def _require_alike(ours: Records, theirs: Records) -> None:
    one, other = (
        {"rate": records.manifest.features.sample_rate_hz, "trimming of silence (dB)": records.manifest.trim_below_db}
        for records in (ours, theirs)
    )
    for what, value in one.items():
        if value != other[what]:
            raise InputError(f"the two corpora were prepared unlike: their {what} is {value:g} and {other[what]:g}.")
