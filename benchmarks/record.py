"""Reading and writing of the recorded figures, with which the guard compares."""

import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness import Comparison, Measurement, spread

RESULTS = Path(__file__).with_name("results.json")
_LIBRARIES = (
    "tensorflow",
    "keras",
    "numpy",
    "scikit-learn",
    "torch",
    "librosa",
    "kaldi-native-fbank",
    "h5py",
    "pyarrow",
)


def read_record(path: Path = RESULTS) -> dict[str, Any]:
    """Return the recorded comparisons by key; an empty dict if there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_record(comparisons: Mapping[str, Iterable[Comparison]], *, command: str, path: Path = RESULTS) -> None:
    """Record comparisons; earlier entries stay if ser_fop was not measured in this run.

    Args:
        comparisons: Comparisons by stage.
        command: The command of this run, without local paths.
        path: File to update.
    """
    from ser_fop.utils.run_folder import machine

    how = {"command": command, "machine": machine(), "versions": _versions()}
    recorded = read_record(path)
    for stage, found in comparisons.items():
        for comparison in found:
            if not comparison.measurements[0].missing:
                recorded[comparison.key] = {"stage": stage, **entry(comparison), **how}
    text = json.dumps(dict(sorted(recorded.items())), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def entry(comparison: Comparison) -> dict[str, Any]:
    """Return the recorded fields of one comparison."""
    return {
        "title": comparison.title,
        "unit": comparison.unit,
        "whole": comparison.whole,
        "rounds": max(len(measurement.rates) for measurement in comparison.measurements),
        "rows": [_row(comparison, measurement) for measurement in comparison.measurements],
    }


def _row(comparison: Comparison, measurement: Measurement) -> dict[str, Any]:
    if measurement.missing:
        return {"name": measurement.name, "missing": measurement.missing}
    row = {"name": measurement.name, "rate": _rounded(measurement.rates)}
    ratios = comparison.ratios(measurement)
    if measurement is not comparison.measurements[0] and ratios:
        row["ratio"] = _rounded(ratios)
    return {**row, "peak_gib": round(measurement.peak_gib, 3)}


def _rounded(values: list[float]) -> dict[str, float]:
    return {name: float(f"{value:.4g}") for name, value in spread(values).items()}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
