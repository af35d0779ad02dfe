"""What a batch of sound must be before it reaches the network: TensorFlow would answer anything, or take all memory."""

from collections.abc import Mapping

import numpy as np

from ser_fop.data.features import hop_length, window_length
from ser_fop.models.saving import NetworkSpec
from ser_fop.serving.errors import RequestError

_LENGTH = "length"
_MOST_CHUNKS = 100


def check_text(body: bytes, *, most_instances: int, most_lists: int) -> None:
    """Raise `RequestError` for a body of far more objects or lists than a request may have.

    A million empty ones fit into a few megabytes of JSON and take hundreds once it is read.

    Args:
        body: The JSON.
        most_instances: Utterances in a request, at most.
        most_lists: Lists for one of them, at most.
    """
    # An utterance is an object, and each encoded file in it another; a few more stand around them.
    if body.count(b"{") > 4 * most_instances + 16:
        raise RequestError(400, f"expected 1 to {most_instances} utterances in a request, received far more objects")
    if body.count(b"[") > most_lists * most_instances + 16:
        raise RequestError(400, "the body has more lists than any request needs")


def check_batch(
    arrays: Mapping[str, np.ndarray], spec: NetworkSpec, *, most_instances: int, max_duration_s: float
) -> None:
    """Raise `RequestError` for what no answer can be given to.

    Args:
        arrays: Inputs of a signature.
        spec: The model's config.
        most_instances: Utterances in a request, at most.
        max_duration_s: Seconds of an utterance, at most.
    """
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) != 1:
        raise RequestError(400, f"expected as many lengths as utterances, received {counts}")
    count = next(iter(counts.values()))
    if not 1 <= count <= most_instances:
        raise RequestError(400, f"expected 1 to {most_instances} utterances in a request, received {count}")
    if _LENGTH not in arrays:
        _check_files(arrays, spec, max_duration_s=max_duration_s)
        return
    ((name, values),) = ((name, array) for name, array in arrays.items() if name != _LENGTH)
    features, lengths = spec.features, arrays[_LENGTH]
    if name == "mel":
        if values.shape[2] != features.width:
            raise RequestError(400, f"'mel' expected {features.width} bands, received {values.shape[2]}")
        least, unit, most = 1, "frames", round(max_duration_s * features.sample_rate_hz / hop_length(features))
    else:
        least, unit, most = window_length(features), "samples", round(max_duration_s * features.sample_rate_hz)
    if lengths.min() < least or lengths.max() > values.shape[1]:
        raise RequestError(
            400, f"'length' expected {least} to {values.shape[1]} {unit}, received {lengths.min()} to {lengths.max()}"
        )
    if values.shape[1] > most:
        raise RequestError(
            400, f"{name!r} expected at most {most} {unit} ({max_duration_s:g} s), received {values.shape[1]}"
        )


def _check_files(arrays: Mapping[str, np.ndarray], spec: NetworkSpec, *, max_duration_s: float) -> None:
    (files,) = arrays.values()
    # The largest header that anybody writes, and 16 bits for each of two channels.
    most = 4096 + round(4 * max_duration_s * spec.features.sample_rate_hz)
    for file in files:
        if len(file) > most:
            raise RequestError(
                400, f"expected WAV files of at most {most} bytes ({max_duration_s:g} s), received {len(file)}"
            )
        if not (file[:4] == b"RIFF" and file[8:12] == b"WAVE"):
            raise RequestError(400, "expected WAV files of 16-bit PCM")
        _check_chunks(file, most=round(max_duration_s * spec.features.sample_rate_hz), max_duration_s=max_duration_s)


def _check_chunks(file: bytes, *, most: int, max_duration_s: float) -> None:
    """Refuse a WAV file whose header states more than there is, or that lasts longer than `most` samples."""
    place, chunks, channels = 12, 0, 1
    while place + 8 <= len(file):
        chunks += 1
        if chunks > _MOST_CHUNKS:
            raise RequestError(400, f"a WAV file has more than {_MOST_CHUNKS} chunks")
        size = int.from_bytes(file[place + 4 : place + 8], "little")
        if place + 8 + size > len(file):
            raise RequestError(
                400, f"a WAV file's header states {size} bytes where {len(file) - place - 8} follow: it was cut short"
            )
        if file[place : place + 4] == b"fmt " and size >= 4:
            channels = max(1, int.from_bytes(file[place + 10 : place + 12], "little"))
        if file[place : place + 4] == b"data" and size > 2 * channels * most:
            raise RequestError(400, f"expected WAV files of at most {max_duration_s:g} s, received a longer one")
        place += 8 + size + size % 2
