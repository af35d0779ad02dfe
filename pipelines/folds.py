"""Divide speakers into folds: `ser-fop folds --records records/mine --protocol leave-one-speaker-out --out folds.json`."""

from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.corpus_stages import FoldsConfig
from ser_fop.corpora.folds import make_folds, speaker_sessions, write_folds
from ser_fop.corpora.targets import SPEAKER
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.training.splits.pretraining import folds_of_records


def run(config: FoldsConfig) -> Path:
    """Write a fold file and return its path."""
    if config.out.exists():
        raise InputError(
            f"--out expected a new file, and {config.out} exists: fold files are never overwritten. Choose another name."
        )
    if config.count < 3:
        raise InputError(f"--count expected at least 3 (test, validation, training), received {config.count}.")
    records = Records(config.records, config.target)
    folds = folds_of_records(records)
    if records.unit != SPEAKER and (config.protocol or config.count != FoldsConfig.count):
        raise InputError(
            "--protocol and --count divide speakers, and --target speaker needs every speaker in training. Drop them."
        )
    if config.protocol:
        folds = make_folds(config.protocol, records.corpus, speaker_sessions(records.rows), count=config.count)
    config.out.parent.mkdir(parents=True, exist_ok=True)
    write_folds(config.out, folds)
    print(f"{folds.protocol}: {len(folds.folds)} folds of {len(records.speakers)} {records.unit}s -> {config.out}")
    return config.out


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("folds", FoldsConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
