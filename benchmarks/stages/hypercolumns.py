"""Extraction of pooled hypercolumns from records."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.apart import apart
from benchmarks.batches import bucketed, padded
from benchmarks.fake_records import fake_mels, write_records
from benchmarks.harness import Comparison, Contender, compare
from benchmarks.lengths import FRAMES_PER_SECOND, lengths
from benchmarks.settings import Settings
from benchmarks.shared_network import classifier, twin, twin_hypercolumns, write_weights

if TYPE_CHECKING:
    import numpy as np

_BATCH_FRAMES = 16384
# Number of utterances whose features are compared with those of a separate call per utterance.
_CHECKED = 4
_TOLERANCE = 2e-3


def run(settings: Settings) -> list[Comparison]:
    held = lengths("ravdess", 60 if settings.quick else 1440)
    alone = 5 if settings.quick else 40
    frames = int(held.sum())
    records, weights, reference = (settings.work / name for name in ("records", "weights.npz", "reference.npz"))
    apart(write_records, records, held)
    apart(write_weights, weights)
    apart(_write_reference, reference, held)
    contenders = [
        Contender(name="ser_fop extract", setup=_ours, options={"records": records, "reference": reference}),
        Contender(
            name="PyTorch twin, bucketed, in memory",
            setup=_torch,
            options={"weights": weights, "held": held, "reference": reference},
        ),
        Contender(
            name=f"model.predict, one by one ({alone} of them)",
            setup=_keras_loop,
            options={"held": held, "count": alone},
        ),
    ]
    title = (
        f"F, h1, h2, h_add and h_concat averaged over each of {len(held)} utterances of RAVDESS's lengths,"
        f" {frames / FRAMES_PER_SECOND / 3600:.2f} h. Ours reads its records, and each round traces the network anew."
    )
    return [compare("hypercolumns", title, contenders, unit="frames / s", rounds=settings.rounds, whole=frames)]


def _ours(records: Path, reference: Path) -> Callable[[], float]:
    from ser_fop.data.records import Records
    from ser_fop.hypercolumns.pooled import extract_pooled

    backbone = classifier().backbone
    opened = Records(records)
    frames = sum(row.frames for row in opened.rows)

    def work() -> float:
        pooled = extract_pooled(backbone, opened, pooling="mean", batch_frames=_BATCH_FRAMES)
        _check(pooled.arrays, reference)
        return frames

    return work


def _torch(weights: Path, held: "np.ndarray", reference: Path) -> Callable[[], float]:
    import numpy as np
    import torch

    network, _ = twin(weights)
    mels = [mel.astype(np.float32) for mel in fake_mels(held)]
    batches = bucketed(held, batch_size=256, batch_frames=_BATCH_FRAMES)

    @torch.inference_mode()
    def work() -> float:
        found: dict[str, np.ndarray] = {}
        for batch in batches:
            mel, mask = (torch.from_numpy(array) for array in padded([mels[index] for index in batch]))
            weight = mask[:, :, None].float()
            for name, states in twin_hypercolumns(network, mel).items():
                pooled = (states * weight).sum(1) / weight.sum(1)
                found.setdefault(name, np.empty((len(held), pooled.shape[1]), np.float32))[batch] = pooled.numpy()
        _check(found, reference)
        return int(held.sum())

    return work


def _keras_loop(held: "np.ndarray", count: int) -> Callable[[], float]:
    import itertools

    extractor = _extractor()
    mels = list(itertools.islice(fake_mels(held), count))

    def work() -> float:
        for mel in mels:
            extractor.predict(_batch_of_one(mel), verbose=0)
        return sum(len(mel) for mel in mels)

    return work


def _extractor() -> Any:
    """Return a Keras model from log-mels to pooled hypercolumns."""
    import keras

    from ser_fop.layers.masked_pooling import MaskedPooling
    from ser_fop.models.hypercolumns import hypercolumns

    backbone = classifier().backbone
    inputs = backbone.inputs_by_name()
    pool = MaskedPooling("mean")
    return keras.Model(
        inputs, {name: pool(states, mask=inputs["mask"]) for name, states in hypercolumns(backbone).items()}
    )


def _batch_of_one(mel: "np.ndarray") -> dict[str, Any]:
    import numpy as np

    return {"mel": mel[None].astype(np.float32), "mask": np.ones((1, len(mel)), bool)}


def _write_reference(path: Path, held: "np.ndarray") -> None:
    import itertools

    import numpy as np

    extractor = _extractor()
    found = [extractor(_batch_of_one(mel), training=False) for mel in itertools.islice(fake_mels(held), _CHECKED)]
    np.savez(path, **{name: np.concatenate([one[name] for one in found]) for name in found[0]})


def _check(found: "dict[str, np.ndarray]", reference: Path) -> None:
    """Assert that the features of the first utterances agree with those of a separate call per utterance."""
    import numpy as np

    with np.load(reference) as expected:
        assert set(found) == set(expected.files)
        for name, array in expected.items():
            largest = float(np.abs(found[name][: len(array)] - array).max())
            assert largest < _TOLERANCE, f"{name} is up to {largest:.2g} from the reference"
