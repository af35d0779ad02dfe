"""Deal speakers out to folds: `ser-fop folds --records records/mine --protocol leave-one-speaker-out --out folds.json`."""

from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.stages import FoldsConfig
from ser_fop.corpora.folds import make_folds, write_folds
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.training.splits.pretraining import folds_of_records


def run(config: FoldsConfig) -> Path:
    """Write a fold file."""
    if config.out.exists():
        raise InputError(f"{config.out} exists: fold files are kept as they were published. Choose another name.")
    if config.count < 3:
        raise InputError(f"--count expected at least 3 (test, validation, training), received {config.count}.")
    records = Records(config.records)
    folds = folds_of_records(records)
    if config.protocol:
        sessions = {row.speaker: row.session for row in records.rows}
        folds = make_folds(config.protocol, records.corpus, sessions, count=config.count)
    config.out.parent.mkdir(parents=True, exist_ok=True)
    write_folds(config.out, folds)
    print(f"{folds.protocol}: {len(folds.folds)} folds of {len(records.speakers)} speakers -> {config.out}")
    return config.out


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("folds", FoldsConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
