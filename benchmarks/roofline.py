"""Compare a training step with the limits of the machine: `python -m benchmarks.roofline [--trace DIR]`.

Prints the measured matrix peak and memory bandwidth, the operations, bytes and least time of each part, the measured
time of a step, and the operations in TensorFlow's profile. `--record` stores the page as benchmarks/roofline.md.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.step_costs import step_costs
from benchmarks.table import markdown

PAGE = Path(__file__).with_name("roofline.md")
_SIDE = 2048
_COPIED = 2**27  # number of values, far more than the caches hold


def main() -> None:
    """Measure and print the table for each precision."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.roofline", description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--frames", type=int, default=370)
    parser.add_argument("--trace", type=Path, help="folder for the profiler's traces, for TensorBoard")
    parser.add_argument("--record", action="store_true", help=f"store the page as benchmarks/{PAGE.name}")
    options = parser.parse_args()
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"})
    page = _page(options)
    print(page)
    if options.record:
        PAGE.write_text(page + "\n", encoding="utf-8")


def _page(options: argparse.Namespace) -> str:
    from ser_fop.utils.run_folder import machine

    bandwidth = _bandwidth()
    where = machine()
    lines = [
        f"`python -m benchmarks.roofline --batch {options.batch} --frames {options.frames}`, {where['processor']},"
        f" {where['cores']} cores; memory bandwidth, copying: {bandwidth / 1e9:.0f} GB/s."
    ]
    for precision, value_bytes in (("float32", 4), ("bfloat16", 2)):
        peak = _matrix_peak(precision)
        lines += ["", f"### {precision}", "", f"Matrix peak, {_SIDE} x {_SIDE}: {peak / 1e9:.0f} GFLOP/s."]
        lines += _report(options, precision, value_bytes, peak=peak, bandwidth=bandwidth)
    return "\n".join(lines)


def _report(
    options: argparse.Namespace, precision: str, value_bytes: int, *, peak: float, bandwidth: float
) -> list[str]:
    """Return the tables of one precision."""
    from ser_fop.config.settings import ModelConfig

    parts = step_costs(ModelConfig(), mels=80, batch=options.batch, frames=options.frames, value_bytes=value_bytes)
    rows, total = [], 0.0
    for part in parts:
        # Norms and dropout have no matrix products, so only the memory bandwidth limits them.
        least = max(part.operations / peak if "norm" not in part.name else 0.0, part.bytes / bandwidth)
        total += least
        rows.append([part.name, f"{part.operations / 1e9:.1f}", f"{part.bytes / 1e9:.2f}", f"{1000 * least:.0f}"])
    seconds, spent = _step(options, precision)
    rows.append(["least for the step", "", "", f"{1000 * total:.0f}"])
    rows.append([f"measured ({total / seconds:.0%} of what the machine allows)", "", "", f"{1000 * seconds:.0f}"])
    frames = options.batch * options.frames
    return [
        "",
        markdown(["part", "GFLOP", "GB", "ms"], rows),
        "",
        f"{frames / seconds:,.0f} frames/s; the machine would allow {frames / total:,.0f}. Operations, as TensorFlow's"
        " profiler saw them in one step (up to two run at once, and one that waits for threads counts as running):",
        "",
        markdown(["operation", "calls", "ms"], spent),
    ]


def _bandwidth() -> float:
    """Return the bytes per second, read and written, of a large copy."""
    import tensorflow as tf

    source = tf.zeros([_COPIED])
    copy = tf.function(lambda values: values + 1.0)
    return 2 * 4 * _COPIED / _median(lambda: copy(source))


def _matrix_peak(precision: str) -> float:
    import tensorflow as tf

    one = tf.cast(tf.random.normal([_SIDE, _SIDE]), precision)
    product = tf.function(tf.matmul)
    return 2 * _SIDE**3 / _median(lambda: product(one, one))


def _median(run: Callable[[], Any], rounds: int = 9) -> float:
    run()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _step(options: argparse.Namespace, precision: str) -> tuple[float, list[list[str]]]:
    """Return the seconds of a step, and the operations with the longest total time in the profile."""
    import numpy as np
    import tensorflow as tf

    from benchmarks.trainers import ours

    model = ours(precision)
    shape = (options.batch, options.frames)
    mel = np.random.default_rng(0).normal(size=(shape[0], shape[1] + 1, 80)).astype(np.float32)
    mask = np.ones(shape, bool)
    batch = ({"mel": mel[:, :-1], "mask": mask}, mel[:, 1:], mask.astype(np.float32))
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
    model.make_train_function()
    seconds = _median(lambda: model.train_function(batches))
    with tempfile.TemporaryDirectory() as folder:
        trace = options.trace / precision if options.trace else Path(folder)
        tf.profiler.experimental.start(str(trace))
        model.train_function(batches)
        tf.profiler.experimental.stop()
        return seconds, _operations(trace)


def _operations(trace: Path, most: int = 12) -> list[list[str]]:
    """Return the operations of a trace as table rows, the longest total time first."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(max(trace.rglob("*.xplane.pb")).read_bytes())
    spent, calls = Counter(), Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            path, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
            # Operations are named path:Kind; other events belong to the executor.
            if path and "/" in path and "::" not in path and " " not in kind:
                spent[kind] += event.duration_ps / 1e9
                calls[kind] += 1
    return [[kind, str(calls[kind]), f"{ms:.0f}"] for kind, ms in spent.most_common(most)]


if __name__ == "__main__":
    main()
