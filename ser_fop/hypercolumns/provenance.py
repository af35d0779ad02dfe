"""Provenance of features: the records that they were computed from, unchanged."""

from pathlib import Path

from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.utils.run_folder import digest_of, read_json, require_complete

STAGES = ("extract", "functionals")


def records_behind(features: Path) -> Records:
    """Return the records that features were computed from.

    Args:
        features: Run folder of `extract` or `functionals`, of one fold or of all folds.

    Raises:
        InputError: If the folder is of another stage, or the records have changed since.
    """
    require_complete(features, STAGES)
    folds = sorted(features.glob("fold-*"))
    config = read_json((folds[0] if folds else features) / "config.json")
    records = Records(Path(config["sources"]["records"]))
    if config["inputs"]["records"] != [digest_of(records.folder)]:
        raise InputError(
            f"{records.folder} has changed since {features} was computed. Run `ser-fop {config['stage']}` again."
        )
    return records


def records_to_test(features: Path, elsewhere: Path | None) -> Records | None:
    """Return the records of another corpus to test on, or None.

    Args:
        features: Folder of the features to train on.
        elsewhere: Folder of the other corpus's features, or None.

    Raises:
        InputError: If the two folders were computed in different ways.
    """
    if elsewhere is None:
        return None
    test_records = records_behind(elsewhere)
    train_config, test_config = (read_json(folder / "config.json") for folder in (features, elsewhere))
    for what, section, key in (
        ("network", "inputs", "pretrained"),
        ("pooling", "config", "pooling"),
        ("feature sets", "config", "sets"),
    ):
        if train_config[section].get(key) != test_config[section].get(key):
            raise InputError(
                f"{features} and {elsewhere} were not made with the same {what}. Run"
                f" `ser-fop {train_config['stage']}` on both with the same options."
            )
    if train_config["stage"] == "functionals":
        _require_same_preparation(records_behind(features), test_records)
    return test_records


def _require_same_preparation(train_records: Records, test_records: Records) -> None:
    one, other = (
        {
            "sample rate (Hz)": records.manifest.features.sample_rate_hz,
            "silence trimming (dB)": records.manifest.trim_below_db,
        }
        for records in (train_records, test_records)
    )
    for what, value in one.items():
        if value != other[what]:
            raise InputError(
                f"expected the same {what} of both corpora, received {value:g} and {other[what]:g}. Run"
                " `ser-fop prepare` on both with the same options."
            )
