"""Read weight files that were written when layer classes had other names."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import h5py

# Keras names a layer's group in the file after its class.
_FORMER = {
    "attention_layer": "transformer_layer",
    "denoising_cost": "denoising_loss_layer",
    "gaps": "masking_noise",
    "label_cost": "label_loss_layer",
    "pair_contrast": "pairwise_contrastive_loss",
    "shift": "bias_scale",
    "step_contrast": "info_nce",
    "view_cost": "dimensional_loss_layer",
}
_NAME = re.compile(rf"({'|'.join(_FORMER)})(_\d+)?")


@contextlib.contextmanager
def present_weights(path: Path) -> Iterator[Path]:
    """Provide a weight file whose groups have the present class names.

    Args:
        path: A file of `keras.Model.save_weights`.

    Yields:
        The path of the file itself, or of a translated copy. The copy is removed afterwards.
    """
    with h5py.File(path, "r") as file:
        former = _former_groups(file)
    if not former:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        with h5py.File(copy, "r+") as file:
            for name in former:
                parent, _, last = name.rpartition("/")
                found = _NAME.fullmatch(last)
                file.move(name, f"{parent}/{_FORMER[found.group(1)]}{found.group(2) or ''}")
        yield copy


def _former_groups(file: h5py.File) -> list[str]:
    """Return the names of the groups with a former name, innermost first."""
    names: list[str] = []
    file.visit(lambda name: names.append(name) if _NAME.fullmatch(name.rpartition("/")[2]) else None)
    return sorted(names, key=lambda name: -name.count("/"))
