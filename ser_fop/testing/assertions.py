"""Assertions that outputs do not depend on future frames, on padding, or on the rest of the batch."""

from collections.abc import Callable
from typing import Any

import numpy as np


def assert_causal(fn: Callable[[Any], Any], x: np.ndarray, cut: int, atol: float = 1e-5, *, seed: int = 0) -> None:
    """Check that each output frame depends on its own input frame and on no later one.

    The input frames from `cut` on are replaced. The outputs before `cut` must not change; all others must change.

    Args:
        fn: Function that maps (batch, frames, ...) to (batch, frames, ...).
        x: Input of `fn`.
        cut: First frame to replace, above 0.
        atol: Absolute tolerance; smaller differences count as equal.
        seed: Seed of the new frames.

    Raises:
        AssertionError: If an output before `cut` changes, or if a later one does not.
    """
    assert 0 < cut < x.shape[1], f"cut must lie between 0 and {x.shape[1]}, received {cut}"
    changed = x.copy()
    changed[:, cut:] = x[:, cut:] + 1.0 + np.random.default_rng(seed).exponential(size=x[:, cut:].shape)
    before, after = np.asarray(fn(x)), np.asarray(fn(changed))
    assert before.shape[:2] == x.shape[:2], f"expected outputs over {x.shape[:2]}, received {before.shape}"
    difference = np.abs(after - before).reshape(*before.shape[:2], -1).max(axis=-1)  # (batch, frames)
    past, rest = difference[:, :cut], difference[:, cut:]
    assert past.max() <= atol, f"an output before frame {cut} looks at a later one: it changes by {past.max():g}"
    assert rest.min() > atol, f"an output from frame {cut} on does not look at its own: it changes by {rest.min():g}"


def assert_batch_invariant(
    fn: Callable[..., Any], a: np.ndarray | tuple, b: np.ndarray | tuple, atol: float = 1e-5
) -> None:
    """Check that the output of an utterance does not depend on the other utterances of the batch.

    Args:
        fn: Function that maps arrays to an array; the first axis of each is the batch.
        a: Argument of `fn`, or tuple of its arguments, for one or more utterances.
        b: The same for other utterances. Only the batch sizes may differ.
        atol: Absolute tolerance; smaller differences count as equal.

    Raises:
        AssertionError: If an output depends on the rest of the batch.
    """
    first, second = (item if isinstance(item, tuple) else (item,) for item in (a, b))
    joint = np.asarray(fn(*(np.concatenate(pair) for pair in zip(first, second, strict=True))))
    alone = np.concatenate([np.asarray(fn(*first)), np.asarray(fn(*second))])
    assert joint.shape == alone.shape, f"expected outputs of shape {alone.shape}, received {joint.shape}"
    worst = np.abs(joint - alone).max()
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
    """Check that the outputs of real frames do not depend on the number or the values of padded frames.

    Args:
        fn: Function that maps frames (batch, frames, ...) and a mask (batch, frames), true on real frames, to outputs.
        x: Frames, all of them real.
        padding: Number of frames to append.
        per_frame: Whether the outputs have a frame axis; then the outputs of padded frames are ignored.
        atol: Absolute tolerance; smaller differences count as equal.
        junk: Standard deviation of the values in padded frames.
        seed: Seed of these values.

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
