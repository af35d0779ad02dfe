import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from ser_fop.experiments.reporting import plots

LABELS = ("calm", "cross", "sad")
COUNTS = [[8, 1, 1], [0, 10, 0], [5, 0, 5]]
HISTORY = {"val_error": [0.5, 0.4], "error": [0.6, 0.3]}
MEL = np.random.default_rng(0).normal(size=(30, 8))
DRAWN = {
    "confusion": lambda: plots.confusion_plot(COUNTS, LABELS),
    "recall": lambda: plots.recall_plot({"one": COUNTS, "other": COUNTS}, LABELS),
    "reliability": lambda: plots.reliability_plot({"one": [{"confidence": 0.5, "accuracy": 0.4, "count": 9}]}),
    "curve": lambda: plots.curve_plot({"one": HISTORY}, keys=("val_error", "error"), label="error"),
    "horizon": lambda: plots.horizon_plot({"one": {10.0: 0.1, 50.0: 0.2}, "other": {50.0: -0.1, 10.0: 0.3}}),
    "spectrogram": lambda: plots.spectrogram_plot(MEL, MEL + 0.1, hop_s=0.01),
    "map": lambda: plots.map_plot(MEL[:, :2], ["a", "b", "c"] * 10, title="by emotion"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_plot_is_deterministic_svg_without_external_links(name):
    text = DRAWN[name]()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert text == DRAWN[name]()
    targets = [value for key, value in _attributes(text) if key.endswith("href")]
    assert all(target.startswith(("#", "data:")) for target in targets)


def test_confusion_plot_is_in_percent_of_true_class():
    text = DRAWN["confusion"]()
    assert [text.count(f">{value}<") for value in ("80", "100", "50")] == [1, 1, 2]


def _attributes(text):
    return [item for element in ElementTree.fromstring(text).iter() for item in element.attrib.items()]
