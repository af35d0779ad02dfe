"""Plots of predicted and true spectrograms."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.experiments.reporting import plots
from ser_fop.experiments.reporting.plot import Plot
from ser_fop.experiments.reporting.runs import runs_of

EXAMPLES = "examples.npz"


def spectrograms(seeds: Sequence[Path], tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Yield one plot for each pretrained network of the first repeat.

    Args:
        seeds: Folders of the repeats.
        tables: Result of `collect_tables`.
    """
    hop_s = tables["config"]["features"]["hop_s"]
    for network in ("unlabelled", "in_corpus"):
        runs = [run.single_fold() for run in runs_of(seeds, f"pretrain-{network}")]
        if runs and (runs[0].folder / EXAMPLES).exists():
            with np.load(runs[0].folder / EXAMPLES, allow_pickle=False) as arrays:
                svg = plots.spectrogram_plot(arrays["true"], arrays["predicted"], hop_s=hop_s)
                horizon, key = int(arrays["ahead"]), str(arrays["id"])
            caption = f"Network {network}: utterance {key} of a held-out speaker, predicted {horizon} frames ahead."
            yield Plot(title="Predicted and true spectrograms", caption=caption, svg=svg, wide=True)
