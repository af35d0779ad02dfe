"""Provenance of features: the records that they were computed from, unchanged."""

from pathlib import Path

from ser_fop.config.stages import ClassifyConfig
from ser_fop.data.joined_records import JoinedRecords, joined_if_several, label_map_of
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.utils.run_folder import CONFIG, digest_of, read_json, require_complete

STAGES = ("extract", "functionals")


def records_behind(features: Path, target: str = "") -> Records:
    """Return the records that features were computed from.

    Args:
        features: Run folder of `extract` or `functionals`, of one fold or of all folds.
        target: Column with the labels; by default that of the records.

    Raises:
        InputError: If the folder is of another stage, or the records have changed since.
    """
    require_complete(features, STAGES)
    folds = sorted(features.glob("fold-*"))
    config = read_json((folds[0] if folds else features) / CONFIG)
    records = Records(Path(config["sources"]["records"]), target)
    if config["inputs"]["records"] != [digest_of(records.folder)]:
        raise InputError(
            f"{records.folder} has changed since {features} was computed. Run `ser-fop {config['stage']}` again."
        )
    return records


def records_to_train(config: ClassifyConfig) -> Records | JoinedRecords:
    """Return the labelled records of `classify`.

    Args:
        config: Config of `classify`.

    Returns:
        The records behind one folder, or joined records of several folders, or of one with a label map.

    Raises:
        InputError: If folders were computed in different ways, or their records cannot be joined.
    """
    parts = [records_behind(folder, config.target) for folder in config.hypercolumns]
    for folder, part in zip(config.hypercolumns[1:], parts[1:], strict=True):
        _require_same_computation(config.hypercolumns[0], folder, parts[0], part)
    return joined_if_several(parts, config.label_map)


def records_to_test(config: ClassifyConfig, records: Records | JoinedRecords) -> Records | JoinedRecords | None:
    """Return the records of another corpus to test on, or None.

    Args:
        config: Config of `classify`, with the features of one fold.
        records: The training records. If they are joined, the other corpus has the same common names.

    Raises:
        InputError: If the features of the two corpora were computed in different ways.
    """
    if config.test_hypercolumns is None:
        return None
    found = records_behind(config.test_hypercolumns, records.manifest.target)
    _require_same_computation(config.hypercolumns[0], config.test_hypercolumns, records, found)
    return (
        JoinedRecords([found], label_map_of([found], config.label_map)) if isinstance(records, JoinedRecords) else found
    )


def _require_same_computation(one: Path, other: Path, records: Records | JoinedRecords, others: Records) -> None:
    """Raise an `InputError` if two folders of features were computed in different ways."""
    first, second = (read_json(folder / CONFIG) for folder in (one, other))
    for what, section, key in (
        ("network", "inputs", "pretrained"),
        ("pooling", "config", "pooling"),
        ("feature sets", "config", "sets"),
    ):
        if first[section].get(key) != second[section].get(key):
            raise InputError(
                f"{one} and {other} were not made with the same {what}. Run `ser-fop {first['stage']}` on both with the"
                " same options."
            )
    if first["stage"] == "functionals":
        _require_same_preparation(records, others)


def _require_same_preparation(records: Records | JoinedRecords, others: Records) -> None:
    first, second = (
        {
            "sample rate (Hz)": one.manifest.features.sample_rate_hz,
            "silence trimming (dB)": one.manifest.trim_below_db,
        }
        for one in (records, others)
    )
    for what, value in first.items():
        if value != second[what]:
            raise InputError(
                f"expected the same {what} of both corpora, received {value:g} and {second[what]:g}. Run"
                " `ser-fop prepare` on both with the same options."
            )
