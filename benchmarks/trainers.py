"""Trainers of the frame predictor: ser_fop with and without kernels, a naive Keras version, and the PyTorch twin.

Each `fit_...` function returns a function that trains for one epoch and returns the number of predicted real frames.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.batches import bucketed, padded
from benchmarks.fake_records import fake_mels

if TYPE_CHECKING:
    import numpy as np

BATCH_SIZE = 32
BATCH_FRAMES = 16384


def ours(precision: str, *, plain: bool = False) -> Any:
    """Return the compiled frame predictor of ser_fop.

    Args:
        precision: `float32` or `bfloat16`.
        plain: Use the plain `keras.ops` versions instead of the kernels.
    """
    import keras
    import numpy as np

    from ser_fop.config.settings import ModelConfig
    from ser_fop.layers import causal_self_attention, kernels
    from ser_fop.layers import transformer_layer as attention_layer
    from ser_fop.losses import FramePredictionLoss
    from ser_fop.metrics import FrameError
    from ser_fop.models.frame_predictor import FramePredictor
    from ser_fop.training.setup import jit_compile, seed_everything
    from ser_fop.training.setup import precision as precision_scope

    if plain:
        causal_self_attention.causal_attention = kernels.plain_causal_attention
        attention_layer.add_and_normalise = kernels.plain_add_and_normalise
    seed_everything(0, deterministic=False)
    with precision_scope(precision):
        model = FramePredictor(ModelConfig(), 80)
    std = np.ones(80)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=FramePredictionLoss("l1", std),
        weighted_metrics=[FrameError("l1", std)],
        jit_compile=jit_compile(),
    )
    return model


def fit_ours(records: Path, precision: str, chunk_frames: int, plain: bool = False) -> Callable[[], float]:
    """Set up `model.fit` with the dataset of ser_fop, which reads the records from disk."""
    import numpy as np

    from ser_fop.data.datasets import unlabelled_batches
    from ser_fop.data.records import Records

    opened = Records(records)
    parts = [(opened, frozenset(row.id for row in opened.rows))]
    sizes = {"batch_size": BATCH_SIZE, "batch_frames": BATCH_FRAMES, "chunk_frames": chunk_frames}
    batches = unlabelled_batches(parts, horizons=(1,), seed=0, **sizes)
    model = ours(precision, plain=plain)
    frames = float((chunks(np.array([row.frames for row in opened.rows]), chunk_frames) - 1).sum())

    def work() -> float:
        model.fit(batches, epochs=1, shuffle=False, verbose=0)
        return frames

    return work


def fit_naive(held: "np.ndarray", precision: str) -> Callable[[], float]:
    """Set up `model.fit` with random batches from memory, padded to the longest utterance."""
    import keras
    import numpy as np

    from benchmarks.naive_keras import naive_frame_predictor
    from ser_fop.training.setup import precision as precision_scope
    from ser_fop.training.setup import seed_everything

    seed_everything(0, deterministic=False)
    with precision_scope(precision):
        model = naive_frame_predictor()
    model.compile("adam", loss="mae", jit_compile=False)
    mels = [mel.astype(np.float32) for mel in fake_mels(held)]
    generator = np.random.default_rng(0)

    class RandomBatches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return -(-len(mels) // BATCH_SIZE)

        def __getitem__(self, index: int) -> tuple:
            if not index:
                self.order = generator.permutation(len(mels))
            chosen = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
            mel, mask = padded([mels[one] for one in chosen])
            return mel[:, :-1], mel[:, 1:], mask[:, 1:].astype(np.float32)

    batches = RandomBatches()

    def work() -> float:
        model.fit(batches, epochs=1, shuffle=False, verbose=0)
        return float((held - 1).sum())

    return work


def fit_twin(held: "np.ndarray", precision: str) -> Callable[[], float]:
    """Set up a plain PyTorch loop with bucketed batches from memory."""
    import torch

    step = twin_step(precision)
    batches = [
        tuple(map(torch.from_numpy, padded(list(_chosen(held, batch)))))
        for batch in bucketed(held, batch_size=BATCH_SIZE, batch_frames=BATCH_FRAMES, seed=0)
    ]

    def work() -> float:
        for mel, mask in batches:
            step(mel, mask)
        return float((held - 1).sum())

    return work


def twin_step(precision: str) -> Callable[[Any, Any], float]:
    """Return a training step of the PyTorch twin for mel (batch, frames, mels) and mask (batch, frames)."""
    import torch

    from benchmarks.torch_twin import FramePredictor, frame_loss

    torch.manual_seed(0)
    network = FramePredictor()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)

    def step(mel: Any, mask: Any) -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            predicted = network(mel[:, :-1])
        loss = frame_loss(predicted, mel[:, 1:], mask[:, 1:].float())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def chunks(held: "np.ndarray", limit: int) -> "np.ndarray":
    """Return the lengths of equal chunks of at most `limit` frames; with 0, the utterances stay whole."""
    import numpy as np

    from ser_fop.data.bucketing import chunk_lengths

    return np.concatenate([chunk_lengths(length, limit) for length in held]) if limit else held


def _chosen(held: "np.ndarray", batch: "np.ndarray") -> Iterator["np.ndarray"]:
    import numpy as np

    wanted = set(batch.tolist())
    return (mel.astype(np.float32) for index, mel in enumerate(fake_mels(held)) if index in wanted)
