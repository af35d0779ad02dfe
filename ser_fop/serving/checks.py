"""Checks of request inputs before TensorFlow runs: size, duration and format.

Without them, TensorFlow would give meaningless results for invalid inputs, or use all memory.
"""

from collections.abc import Mapping

import numpy as np

from ser_fop.config.frame_sizes import hop_length, window_length
from ser_fop.corpora.audio import LARGEST_PEAK
from ser_fop.corpora.opening import PLACEHOLDER
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.serving.errors import RequestError

_LENGTH = "length"
_MAX_CHUNKS = 100


def check_text(body: bytes, *, most_instances: int, most_lists: int) -> None:
    """Check the number of objects and lists in a JSON body before it is parsed.

    A million empty objects need a few megabytes of JSON, but hundreds of megabytes of memory after parsing.

    Args:
        body: The JSON text.
        most_instances: Maximum number of utterances in a request.
        most_lists: Maximum number of lists for one utterance.

    Raises:
        RequestError: If the body has far too many objects or lists.
    """
    # Each utterance is an object that can contain another object with an encoded file.
    if body.count(b"{") > 4 * most_instances + 16:
        raise RequestError(
            400, f"expected 1 to {most_instances} utterances in a request, received too many JSON objects"
        )
    if body.count(b"[") > most_lists * most_instances + 16:
        raise RequestError(
            400, f"expected at most {most_lists * most_instances + 16} JSON lists in a request, received more"
        )


def check_batch(
    arrays: Mapping[str, np.ndarray], spec: NetworkSpec, *, most_instances: int, max_duration_s: float
) -> None:
    """Check the inputs of a request.

    Args:
        arrays: Inputs of the signature, by name.
        spec: Config of the model.
        most_instances: Maximum number of utterances in a request.
        max_duration_s: Maximum duration of an utterance, in seconds.

    Raises:
        RequestError: If the inputs are invalid or exceed a limit.
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
        min_length, unit, max_length = (
            1,
            "frames",
            round(max_duration_s * features.sample_rate_hz / hop_length(features)),
        )
    else:
        min_length, unit, max_length = (
            window_length(features),
            "samples",
            round(max_duration_s * features.sample_rate_hz),
        )
    if lengths.min() < min_length or lengths.max() > values.shape[1]:
        raise RequestError(
            400,
            f"'length' expected {min_length} to {values.shape[1]} {unit}, received {lengths.min()} to {lengths.max()}",
        )
    if name != "mel" and values.size and np.abs(values).max() > LARGEST_PEAK:
        raise RequestError(
            400,
            f"{name!r} expected samples with full scale 1, received values up to {np.abs(values).max():.0f}: divide"
            " samples of 16-bit integers by 32768",
        )
    if values.shape[1] > max_length:
        raise RequestError(
            400, f"{name!r} expected at most {max_length} {unit} ({max_duration_s:g} s), received {values.shape[1]}"
        )


def _check_files(arrays: Mapping[str, np.ndarray], spec: NetworkSpec, *, max_duration_s: float) -> None:
    (files,) = arrays.values()
    # A generous size for the header, and 64-bit samples of two channels.
    max_bytes = 4096 + round(16 * max_duration_s * spec.features.sample_rate_hz)
    for file in files:
        if len(file) > max_bytes:
            raise RequestError(
                400, f"expected WAV files of at most {max_bytes} bytes ({max_duration_s:g} s), received {len(file)}"
            )
        if not (file[:4] == b"RIFF" and file[8:12] == b"WAVE"):
            raise RequestError(400, "expected WAV files, received another format")
        _check_chunks(
            file, max_samples=round(max_duration_s * spec.features.sample_rate_hz), max_duration_s=max_duration_s
        )


def _check_chunks(file: bytes, *, max_samples: int, max_duration_s: float) -> None:
    """Reject a WAV file that is shorter than its header states, or that exceeds `max_samples` per channel.

    The size of the samples follows the rules of `ser_fop.inference.wav_decoding`.
    """
    offset, chunks, frame_bytes = 12, 0, 2
    while offset + 8 <= len(file):
        chunks += 1
        if chunks > _MAX_CHUNKS:
            raise RequestError(400, f"expected a WAV file of at most {_MAX_CHUNKS} chunks, received more")
        size, rest = int.from_bytes(file[offset + 4 : offset + 8], "little"), len(file) - offset - 8
        if file[offset : offset + 4] == b"data":
            if _sample_bytes(file[offset + 8 :], size) > frame_bytes * max_samples:
                raise RequestError(400, f"expected WAV files of at most {max_duration_s:g} s, received a longer one")
            return
        if size > rest:
            raise RequestError(400, f"expected a WAV chunk of {size} bytes, received {rest}: the file is incomplete")
        if file[offset : offset + 4] == b"fmt " and size >= 16:
            frame_bytes = max(1, int.from_bytes(file[offset + 20 : offset + 22], "little"))
        offset += 8 + size + size % 2


def _sample_bytes(content: bytes, stated: int) -> int:
    """Return how many bytes of samples the graph decodes, at most.

    Args:
        content: Samples, and what follows them.
        stated: Size that the header states; streams state 0 or a placeholder.
    """
    if stated == 0 or stated >= PLACEHOLDER:
        return len(content)
    if stated > len(content) + 1:
        raise RequestError(
            400, f"expected a WAV chunk of {stated} bytes, received {len(content)}: the file is incomplete"
        )
    following = content[stated:]
    ends_here = len(following) < 5 or len(set(following)) == 1
    ends_at_chunk = any(_is_printable(following[skipped : skipped + 4]) for skipped in (0, 1))
    return min(stated, len(content)) if ends_here or ends_at_chunk else len(content)


def _is_printable(part: bytes) -> bool:
    return len(part) == 4 and all(0x20 <= byte < 0x7F for byte in part)
