"""The Python example of README.md runs as it is written."""

import re
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.usefixtures("eager")
def test_python_example_runs(work, tmp_path, monkeypatch):
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    links = {
        "recordings": work / "audio" / "ravdess" / "Actor_01",
        "records": work / "records",
        "runs/fop": work / "inductive",
    }
    (tmp_path / "runs").mkdir()
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    monkeypatch.chdir(tmp_path)
    waveforms = 0.1 * np.random.default_rng(0).normal(size=(2, 16000)).astype(np.float32)
    found = {"waveforms": waveforms}
    exec(example.replace("epochs=10", "epochs=1"), found)
    assert found["states"]["h1"].ndim == 3
    assert (tmp_path / "mine.keras").exists()
