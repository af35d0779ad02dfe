"""What must hold of every network here: no look at the future, at padding, or at the rest of the batch."""

from collections.abc import Callable
from typing import Any

import numpy as np


def assert_causal(fn: Callable[[Any], Any], x: np.ndarray, cut: int, atol: float = 1e-5, *, seed: int = 0) -> None:
    """Check that no output looks at a later frame, and that each looks at its own.

    The frames from `cut` on are replaced by others: the outputs before `cut` must stay
    what they were, and every later one must change.

    Args:
        fn: Maps (batch, frames, ...) to (batch, frames, ...).
        x: Its input.
        cut: First frame to replace, above 0.
        atol: Largest difference that counts as none.
        seed: What the new frames are drawn from.

    Raises:
        AssertionError: If an output before `cut` changes, or a later one does not.
    """
    assert 0 < cut < x.shape[1], f"cut must lie between 0 and {x.shape[1]}, received {cut}"
    changed = x.copy()
    changed[:, cut:] = x[:, cut:] + 1.0 + np.random.default_rng(seed).exponential(size=x[:, cut:].shape)
    before, after = np.asarray(fn(x)), np.asarray(fn(changed))
    assert before.shape[:2] == x.shape[:2], f"expected outputs over {x.shape[:2]}, received {before.shape}"
    difference = np.abs(after - before).reshape(*before.shape[:2], -1).max(axis=-1)  # (batch, frames)
    past, later = difference[:, :cut], difference[:, cut:]
    assert past.max() <= atol, f"an output before frame {cut} looks at a later one: it changes by {past.max():g}"
    assert later.min() > atol, f"an output from frame {cut} on does not look at its own: it changes by {later.min():g}"


def assert_batch_invariant(
    fn: Callable[..., Any], a: np.ndarray | tuple, b: np.ndarray | tuple, atol: float = 1e-5
) -> None:
    """Check that an utterance gives the same alone and beside another one.

    Args:
        fn: Maps arrays whose first axis is the batch to an array of the same kind.
        a: Its argument, or a tuple of its arguments, for one utterance or more.
        b: The same for others, of the same shapes but for the batch.
        atol: Largest difference that counts as none.

    Raises:
        AssertionError: If an output depends on the rest of the batch.
    """
    first, second = (item if isinstance(item, tuple) else (item,) for item in (a, b))
    together = np.asarray(fn(*(np.concatenate(pair) for pair in zip(first, second, strict=True))))
    alone = np.concatenate([np.asarray(fn(*first)), np.asarray(fn(*second))])
    assert together.shape == alone.shape, f"expected outputs of shape {alone.shape}, received {together.shape}"
    worst = np.abs(together - alone).max()
    assert worst <= atol, f"an output depends on the rest of the batch: it changes by {worst:g}"


def assert_padding_invariant(
    fn: Callable[[Any, Any], Any],
    x: np.ndarray,
    padding: int,
    *,
    per_frame: bool,
    atol: float = 1e-5,
    junk: float = 50.0,
    seed: int = 0,
) -> None:
    """Check that padding, whatever stands in it, changes nothing on real frames.

    Args:
        fn: Maps frames (batch, frames, ...) and a mask (batch, frames), true on real
            frames, to outputs.
        x: Frames, all of them real.
        padding: How many frames to append.
        per_frame: Whether outputs have the axis of the frames; then those at padded
            frames are left out.
        atol: Largest difference that counts as none.
        junk: Deviation of what stands in the padding.
        seed: What it is drawn from.

    Raises:
        AssertionError: If the output on real frames changes.
    """
    assert padding > 0, f"padding must be positive, received {padding}"
    batch, frames = x.shape[:2]
    shape = (batch, padding, *x.shape[2:])
    filler = junk * np.random.default_rng(seed).standard_normal(shape)
    longer = np.concatenate([x, filler.astype(x.dtype)], axis=1)
    mask = np.arange(frames + padding) < frames
    plain = np.asarray(fn(x, np.ones((batch, frames), bool)))
    padded = np.asarray(fn(longer, np.tile(mask, (batch, 1))))
    if per_frame:
        padded = padded[:, :frames]
    assert padded.shape == plain.shape, f"expected outputs of shape {plain.shape}, received {padded.shape}"
    worst = np.abs(padded - plain).max()
    assert worst <= atol, f"an output on real frames looks at padding: it changes by {worst:g}"
