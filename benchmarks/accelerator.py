"""Compare the training step of Keras on JAX with the PyTorch twin on a GPU: `python -m benchmarks.accelerator`.

Measures frames per second, memory and the share of the GPU's peak, in float32, TF32 and bfloat16, with the flash
attention of Keras on JAX and of PyTorch. Needs a GPU, `jax[cuda12]` and `torch`; without a GPU it prints what it would
measure.
"""

import argparse
import statistics
import subprocess
from collections.abc import Callable
from typing import Any

from benchmarks.harness import Contender, compare
from benchmarks.step_costs import step_costs
from benchmarks.table import comparison_table

PRECISIONS = ("float32", "tf32", "bfloat16")
_STEPS = 20


def main() -> int:
    """Measure and print the tables; without a GPU, describe the measurement. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accelerator", description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--frames", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true", help="run on the CPU, to check that everything works")
    options = parser.parse_args()
    sizes = {"batch": options.batch, "frames": options.frames}
    name = _gpu()
    if name is None and not options.cpu:
        print(
            f"No GPU found. With a GPU, this measures training steps on {options.batch} x {options.frames} frames in"
            f" {', '.join(PRECISIONS)}: Keras on JAX (with flash attention in bfloat16) and the PyTorch twin,"
            " in useful frames/s, GiB and the share of the measured matrix peak."
        )
        return 0
    print(f"device: {name or 'CPU'}\n")
    operations = _operations(**sizes)
    for precision in PRECISIONS:
        common = {"precision": precision, **sizes, "steps": 2 if options.cpu else _STEPS}
        contenders = [
            Contender(name="ser_fop, Keras on JAX", setup=_jax, options=common, environment=_environment(precision)),
            Contender(name="PyTorch twin", setup=_torch, options=common),
            Contender(name="matrix products alone (peak)", setup=_peak, options=common),
        ]
        title = f"training steps on {options.batch} x {options.frames} frames, {precision}"
        found = compare(f"accelerator-{precision}", title, contenders, unit="frames / s", rounds=options.rounds)
        print(comparison_table(found))
        *trained, peak = found.measurements
        for measurement in trained:
            if measurement.rates and peak.rates:
                share = statistics.median(measurement.rates) / statistics.median(peak.rates)
                print(f"{measurement.name}: {share:.0%} of the measured matrix peak")
        print(f"({operations / 1e6:.1f} MFLOP per frame)\n", flush=True)
    return 0


def _gpu() -> str | None:
    """Return the name of the first GPU, or None."""
    try:
        command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.splitlines()[0] if found else None


def _environment(precision: str) -> dict[str, str]:
    matmul = {"float32": "highest", "tf32": "tensorfloat32", "bfloat16": "default"}[precision]
    return {
        "KERAS_BACKEND": "jax",
        "JAX_DEFAULT_MATMUL_PRECISION": matmul,
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }


def _operations(batch: int, frames: int) -> float:
    """Return the operations of a training step per frame."""
    from ser_fop.config.settings import ModelConfig

    parts = step_costs(ModelConfig(), mels=80, batch=batch, frames=frames, value_bytes=4)
    return sum(part.operations for part in parts) / (batch * frames)


def _jax(precision: str, batch: int, frames: int, steps: int) -> Callable[[], float]:
    import jax
    import keras
    import numpy as np

    from ser_fop.config.settings import ModelConfig
    from ser_fop.losses import FramePredictionLoss
    from ser_fop.models.frame_predictor import FramePredictor

    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    keras.utils.set_random_seed(0)
    model = FramePredictor(ModelConfig(), 80)
    model.compile(keras.optimizers.Adam(1e-3), FramePredictionLoss("l1", np.ones(80)), jit_compile=True)
    mel = np.random.default_rng(0).normal(size=(batch, frames + 1, 80)).astype(np.float32)
    mask = np.ones((batch, frames), bool)
    data = ({"mel": mel[:, :-1], "mask": mask}, mel[:, 1:], mask.astype(np.float32))
    inputs, target, weight = jax.tree.map(jax.device_put, data)

    def work() -> float:
        for _ in range(steps):
            model.train_on_batch(inputs, target, weight)
        jax.block_until_ready([variable.value for variable in model.trainable_variables])
        stats = jax.devices()[0].memory_stats() or {}
        if "peak_bytes_in_use" in stats:
            print(f"JAX: peak memory {stats['peak_bytes_in_use'] / 2**30:.2f} GiB", flush=True)
        return batch * frames * steps

    return work


def _torch(precision: str, batch: int, frames: int, steps: int) -> Callable[[], float]:
    import torch

    from benchmarks.torch_twin import FramePredictor, frame_loss

    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = FramePredictor().to(device)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
    mel = torch.randn(batch, frames + 1, 80, device=device)
    weight = torch.ones(batch, frames, device=device)

    def work() -> float:
        for _ in range(steps):
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
                predicted = network(mel[:, :-1])
            loss = frame_loss(predicted, mel[:, 1:], weight)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        _finished(torch, "PyTorch")
        return batch * frames * steps

    return work


def _peak(precision: str, batch: int, frames: int, steps: int) -> Callable[[], float]:
    """Return a function that multiplies large matrices, and counts frames with the same number of operations."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    device, side = ("cuda", 8192) if torch.cuda.is_available() else ("cpu", 1024)
    one = torch.randn(side, side, device=device, dtype=torch.bfloat16 if precision == "bfloat16" else torch.float32)

    def work() -> float:
        for _ in range(steps):
            one @ one
        _finished(torch, "")
        return 2 * side**3 * steps / _operations(batch, frames)

    return work


def _finished(torch: Any, name: str) -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        if name:
            print(f"{name}: peak memory {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
