"""Prediction of a thousand utterances and of a day of audio."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.apart import apart
from benchmarks.batches import bucketed, padded
from benchmarks.classifiers import FUNCTION, OURS, PREDICT, TORCH, mel_classifier, same, waveform_classifier
from benchmarks.fake_records import fake_mels, write_records
from benchmarks.fake_speech import RATE_HZ, voiced_minute
from benchmarks.harness import Comparison, Contender, compare
from benchmarks.lengths import lengths
from benchmarks.settings import Settings
from benchmarks.shared_network import classifier, write_weights

if TYPE_CHECKING:
    import numpy as np

_BATCH_FRAMES = 16384
_DAY_S, _WINDOW_S, _WINDOWS = 86400, 10, 15


def run(settings: Settings) -> list[Comparison]:
    weights = settings.work / "weights.npz"
    apart(write_weights, weights)
    return [_many(settings, weights), _day(settings, weights)]


def _many(settings: Settings, weights: Path) -> Comparison:
    held = lengths("iemocap", 40 if settings.quick else 1000)
    alone = 10 if settings.quick else 100
    frames = int(held.sum())
    records = settings.work / "records"
    apart(write_records, records, held)
    expected = apart(_each, FUNCTION, weights, held, alone)
    first_utterances = {"weights": weights, "held": held, "count": alone, "expected": expected}
    contenders = [
        Contender(
            name="ser_fop, bucketed, from records",
            setup=_ours_bucketed,
            options={"records": records, "expected": expected},
        ),
        Contender(
            name=f"{FUNCTION}, one by one ({alone} of them)",
            setup=_one_by_one,
            options={"kind": FUNCTION, **first_utterances},
        ),
        Contender(
            name=f"{PREDICT}, one by one ({alone} of them)",
            setup=_one_by_one,
            options={"kind": PREDICT, **first_utterances},
        ),
        Contender(
            name="PyTorch twin, bucketed, in memory",
            setup=_torch_bucketed,
            options={"weights": weights, "held": held, "expected": expected},
        ),
    ]
    title = (
        f"probabilities of {len(held)} utterances of IEMOCAP's lengths, {frames / 1e6:.2f} M frames; bucketed ones in"
        f" batches of at most {_BATCH_FRAMES} frames"
    )
    return compare("prediction-many", title, contenders, unit="frames / s", rounds=settings.rounds, whole=frames)


def _ours_bucketed(records: Path, expected: "np.ndarray") -> Callable[[], float]:
    import keras
    import numpy as np

    from ser_fop.data.records import Records
    from ser_fop.training.classification import compile_classifier, probabilities_of

    network = classifier()
    compile_classifier(network, optimizer=keras.optimizers.Adam())
    opened = Records(records)
    ids = {row.id: 0 for row in opened.rows}
    frames = sum(row.frames for row in opened.rows)

    def work() -> float:
        found = probabilities_of(network, opened, ids, batch_frames=_BATCH_FRAMES)
        assert len(found) == len(ids)
        same(np.array([found[key] for key in list(ids)[: len(expected)]]), expected)
        return frames

    return work


def _each(kind: str, weights: Path, held: "np.ndarray", count: int) -> "np.ndarray":
    """Return the probabilities of the first utterances, computed one by one."""
    import itertools

    import numpy as np

    predict = mel_classifier(kind, weights)
    mels = [mel.astype(np.float32) for mel in itertools.islice(fake_mels(held), count)]
    return np.concatenate([predict(mel[None], np.array([len(mel)])) for mel in mels])


def _one_by_one(
    kind: str, weights: Path, held: "np.ndarray", count: int, expected: "np.ndarray"
) -> Callable[[], float]:
    import itertools

    import numpy as np

    predict = mel_classifier(kind, weights)
    mels = [mel.astype(np.float32) for mel in itertools.islice(fake_mels(held), count)]

    def work() -> float:
        same(np.concatenate([predict(mel[None], np.array([len(mel)])) for mel in mels]), expected)
        return sum(len(mel) for mel in mels)

    return work


def _torch_bucketed(weights: Path, held: "np.ndarray", expected: "np.ndarray") -> Callable[[], float]:
    import numpy as np

    predict = mel_classifier(TORCH, weights)
    mels = [mel.astype(np.float32) for mel in fake_mels(held)]
    batches = bucketed(held, batch_size=256, batch_frames=_BATCH_FRAMES)

    def work() -> float:
        found = np.empty((len(held), expected.shape[1]), np.float32)
        for batch in batches:
            found[batch] = predict(padded([mels[index] for index in batch])[0], held[batch])
        same(found[: len(expected)], expected)
        return int(held.sum())

    return work


def _day(settings: Settings, weights: Path) -> Comparison:
    seconds = _DAY_S if settings.day else 300 if settings.quick else 3600
    options = {"weights": weights, "seconds": seconds}
    contenders = [
        Contender(name=name, setup=_stretch, options={"kind": kind, **options})
        for name, kind in ((OURS, FUNCTION), (TORCH, TORCH))
    ]
    title = (
        f"a day of audio, from samples in memory to probabilities, in windows of {_WINDOW_S} s, {_WINDOWS} at a time:"
        f" measured over {seconds / 3600:.3g} h, the time is that of a day"
    )
    return compare(
        "prediction-day", title, contenders, unit="seconds of audio / s", rounds=settings.rounds, whole=_DAY_S
    )


def _stretch(kind: str, weights: Path, seconds: int) -> Callable[[], float]:
    import numpy as np

    predict = waveform_classifier(kind, weights)
    windows = voiced_minute().reshape(-1, _WINDOW_S * RATE_HZ)

    def work() -> float:
        for first in range(0, seconds // _WINDOW_S, _WINDOWS):
            found = predict(windows[np.arange(first, first + _WINDOWS) % len(windows)])
            assert found.shape[0] == _WINDOWS
        return seconds

    return work
