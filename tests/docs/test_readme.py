"""README.md: its Python examples run as they are written, and its table comes from the stored results."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PREDICTING, TRAINING = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_first_example_prints_the_output_that_is_shown(capsys):
    exec(PREDICTING, {})
    shown = re.search(r"```python\n" + re.escape(PREDICTING) + r"```\n\n```text\n(.*?)```", README, re.DOTALL)
    assert capsys.readouterr().out == shown[1]


@pytest.mark.usefixtures("eager")
def test_keras_example_runs(work, tmp_path, monkeypatch):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "mine").symlink_to(work / "records" / "ravdess")
    monkeypatch.chdir(tmp_path)
    found = {"waveforms": 0.1 * np.random.default_rng(0).normal(size=(2, 16000)).astype(np.float32)}
    exec(TRAINING.replace("epochs=10", "epochs=1"), found)
    assert found["states"]["h1"].ndim == 3
    assert (tmp_path / "mine.keras").exists()


def test_readme_is_short():
    assert len(README.splitlines()) <= 130
    assert README.count("![") == 1
