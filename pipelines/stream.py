"""Recognise emotions while someone speaks: `ser-fop stream FILE | - | --microphone [--json]`."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ser_fop.cli import run_stage
from ser_fop.config.streaming import LONGEST_S, StreamConfig, check_stream_settings
from ser_fop.errors import InputError
from ser_fop.streaming.sources import file_chunks, microphone_chunks, pipe_chunks
from ser_fop.streaming.streaming_recogniser import StreamingRecogniser
from ser_fop.streaming.writing import to_json, to_line


def run(config: StreamConfig) -> None:
    """Print an answer for each chunk, and the final answer; Ctrl-C ends the stream."""
    _check(config)
    recogniser = StreamingRecogniser.load(config.model, config.settings, runtime=config.runtime)
    show = to_json if config.json else to_line
    with _source(config, recogniser.sample_rate_hz) as chunks:
        with contextlib.suppress(KeyboardInterrupt):
            for chunk in chunks:
                answers = recogniser.push(chunk)
                for answer in [one for one in answers if one.is_final or one is answers[-1]]:
                    print(show(answer), flush=True)
        for answer in recogniser.flush():
            print(show(answer), flush=True)


def _check(config: StreamConfig) -> None:
    if bool(config.source) == config.microphone:
        received = "both" if config.microphone else "neither"
        raise InputError(f"expected an audio file (or `-` for standard input) or --microphone, received {received}.")
    if not 0 < config.chunk_ms <= 1000 * LONGEST_S:
        raise InputError(
            f"--chunk-ms expected more than 0, at most {1000 * LONGEST_S:g}, received {config.chunk_ms:g}."
        )
    if config.sample_rate_hz < 0:
        raise InputError(f"--sample-rate-hz expected 0 or more, received {config.sample_rate_hz}.")
    check_stream_settings(config.settings)
    if config.sample_rate_hz and config.source != "-":
        raise InputError("--sample-rate-hz is that of raw PCM on standard input: give `-`, or drop it.")


@contextlib.contextmanager
def _source(config: StreamConfig, sample_rate_hz: int) -> Iterator[Iterator[np.ndarray]]:
    options = {"sample_rate_hz": sample_rate_hz, "chunk_s": config.chunk_ms / 1000}
    if config.microphone:
        with microphone_chunks(**options) as chunks:
            yield chunks
    elif config.source == "-":
        yield pipe_chunks(sys.stdin.buffer, raw_rate_hz=config.sample_rate_hz or sample_rate_hz, **options)
    else:
        yield file_chunks(Path(config.source), **options)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("stream", StreamConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
