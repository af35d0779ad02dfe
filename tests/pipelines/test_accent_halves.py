"""The manifest that divides each recording of the Accent Archive into halves."""

import csv
import subprocess
import sys
from pathlib import Path

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.csv_manifest import read
from ser_fop.testing.tones import write_voice

SCRIPT = Path(__file__).parents[2] / "pipelines" / "experiments" / "accent_halves.py"


def test_halves_train_and_test_every_speaker_on_other_seconds(tmp_path):
    for name in ("anna", "bert"):
        write_voice(tmp_path / f"{name}.wav", speaker=name, seconds=10.0)
    (tmp_path / "metadata.csv").write_text("file,speaker\nanna.wav,anna\nbert.wav,bert\n")
    subprocess.run([sys.executable, SCRIPT, tmp_path / "metadata.csv", tmp_path / "halves.csv"], check=True)
    with (tmp_path / "halves.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 6
    options = ReadOptions(manifest=tmp_path / "halves.csv", target="speaker")
    for name in ("anna", "bert"):
        own = [one for one in read(tmp_path, options).utterances if one.speaker == name]
        parts = {dict(one.columns)["split"]: (one.start_s, one.end_s) for one in own}
        assert parts == {"train": (0.0, 3.75), "validation": (3.75, 5.0), "test": (5.0, None)}
