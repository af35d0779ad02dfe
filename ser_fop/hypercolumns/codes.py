"""Selection, training and storage of the networks whose hidden code is classified."""

from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.config.settings import ClassifierSettings
from ser_fop.hypercolumns.denoising_code import DenoisingCode
from ser_fop.hypercolumns.hidden_code import HiddenCode
from ser_fop.hypercolumns.ladder_code import LadderCode

CODE = "code.npz"
_CODES = {"denoising": DenoisingCode, "ladder": LadderCode}


def fitted_code(
    name: str,
    features: np.ndarray,
    labels: np.ndarray,
    *,
    unlabelled: np.ndarray,
    settings: ClassifierSettings,
    seed: int,
) -> HiddenCode:
    """Train the network that computes a code.

    Args:
        name: `denoising` or `ladder`.
        features: Features of the training utterances, (utterances, width).
        labels: Their labels.
        unlabelled: Features of more utterances, used without labels, (utterances, width).
        settings: Layer widths, noise and epochs of the network.
        seed: Random seed of initialisation, shuffling and noise.
    """
    code = _CODES[name](settings.code_widths, noise=settings.code_noise, epochs=settings.code_epochs, random_state=seed)
    return code.fit(features, labels, unlabelled=unlabelled)


def write_code(path: Path, code: HiddenCode) -> list[Path]:
    """Write the arrays of a fitted code, and return the files written."""
    arrays: dict[str, Any] = {"mean": code.scaler_.mean_, "scale": code.scaler_.scale_}
    for number, layer in enumerate(code.layers_, start=1):
        arrays |= {f"{name}_{number}": values for name, values in layer.items()}
    np.savez(path, **arrays)
    return [path]
