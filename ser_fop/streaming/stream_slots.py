"""States of many independent streams of one model, which take their steps together.

A step of one stream is so small that most of its time is overhead. Streams that wait at the same time therefore share
a step: its cost grows much more slowly than their number. The states stay in place, in one variable for each kind; a
step writes only what it changes.
"""

import queue
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from ser_fop.models.stream_state import POSITION, RINGS
from ser_fop.streaming.stream_step import State, StreamStep


@dataclass(frozen=True)
class _Waiting:
    slot: int
    samples: np.ndarray
    frames: int
    keep: float
    outputs: Future = field(default_factory=Future)


class StreamSlots:
    """A fixed number of places for streams, with one thread that takes their steps.

    Args:
        step: The step of the model.
        slots: Largest number of open streams.

    Example:
        >>> slots = StreamSlots(StreamStep(*load_network(Path("emotion-stream"))), 8)
        >>> states = slots.open()
        >>> recogniser = StreamingRecogniser(slots.step, states=states)
        >>> states.close()
        >>> slots.close()
    """

    def __init__(self, step: StreamStep, slots: int) -> None:
        self.step = step
        self._table = _SlotTable(step, slots)
        self._free = list(range(slots))
        self._lock = threading.Lock()
        self._is_closed = False
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="stream-steps", daemon=True)
        self._thread.start()

    def open(self) -> "SlotStates":
        """Return the states of a new stream.

        Raises:
            RuntimeError: If all slots are taken.
        """
        with self._lock:
            if not self._free:
                raise RuntimeError("all slots are taken: close a stream before another one opens.")
            slot = self._free.pop()
        return SlotStates(self, slot)

    def release(self, slot: int) -> None:
        """Take back the slot of a stream that has ended."""
        with self._lock:
            self._free.append(slot)

    def reset(self, slot: int) -> None:
        """Give a slot the state of a new stream."""
        self._table.reset(tf.constant([slot]))

    def advance(self, slot: int, samples: np.ndarray, frames: int, keep: float) -> Mapping[str, np.ndarray]:
        """Take the next steps of a slot, together with the other streams that wait. Blocks until they are done.

        Raises:
            RuntimeError: If the slots are closed.
        """
        waiting = _Waiting(slot, samples, frames, keep)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("expected open slots, but the server of these streams has closed them.")
            self._queue.put(waiting)
        return waiting.outputs.result()

    def close(self) -> None:
        """Stop the thread, after the steps that wait."""
        with self._lock:
            if not self._is_closed:
                self._queue.put(None)
            self._is_closed = True
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            waiting = [one for one in batch if one is not None]
            for size in {one.samples.shape[1] for one in waiting}:
                self._advance([one for one in waiting if one.samples.shape[1] == size])
            if len(waiting) < len(batch):
                return

    def _advance(self, batch: list[_Waiting]) -> None:
        try:
            outputs = self._table.advance(
                tf.constant([one.slot for one in batch]),
                tf.constant(np.concatenate([one.samples for one in batch])),
                tf.constant([one.frames for one in batch]),
                tf.constant([[one.keep] for one in batch], tf.float32),
            )
            found = {name: value.numpy() for name, value in outputs.items()}
        except Exception as error:  # the thread must live; each stream hears of it
            for one in batch:
                one.outputs.set_exception(error)
            return
        for number, one in enumerate(batch):
            one.outputs.set_result({name: value[number : number + 1] for name, value in found.items()})


class SlotStates:
    """State of one stream in a slot.

    Args:
        slots: All slots.
        slot: Number of this one.
    """

    def __init__(self, slots: StreamSlots, slot: int) -> None:
        self._slots, self._slot = slots, slot
        self._is_open = True

    def reset(self) -> None:
        """Begin a new stream."""
        self._slots.reset(self._slot)

    def advance(self, samples: np.ndarray, frames: int, keep: float) -> Mapping[str, np.ndarray]:
        """Take the next steps, and return their outputs by name, (1, steps, width)."""
        return self._slots.advance(self._slot, samples, frames, keep)

    def close(self) -> None:
        """Give the slot back, once. No step may follow."""
        if self._is_open:
            self._slots.release(self._slot)
        self._is_open = False


class _SlotTable(tf.Module):
    """The states of all slots as variables, (slots, ...), and a graph that advances some of them."""

    def __init__(self, step: StreamStep, slots: int) -> None:
        super().__init__()
        self._step = step
        self._first = step.initial_state(1)
        self._states = {name: tf.Variable(tf.repeat(value, slots, axis=0)) for name, value in self._first.items()}
        self._function = tf.function(self._advance, autograph=False)
        self._graphs: dict[int, Any] = {}

    def advance(self, slots: tf.Tensor, samples: tf.Tensor, frames: tf.Tensor, keep: tf.Tensor) -> State:
        """Take steps of some slots, in a graph for this number of samples and any number of slots."""
        size = samples.shape[1]
        if size not in self._graphs:
            self._graphs[size] = self._function.get_concrete_function(
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None, size], tf.float32),
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None, 1], tf.float32),
            )
        return self._graphs[size](slots, samples, frames, keep)

    def reset(self, slots: tf.Tensor) -> None:
        for name, variable in self._states.items():
            variable.scatter_update(tf.IndexedSlices(self._first[name], slots))

    def _advance(self, slots: tf.Tensor, samples: tf.Tensor, frames: tf.Tensor, keep: tf.Tensor) -> State:
        state = {name: tf.gather(variable, slots) for name, variable in self._states.items()}
        outputs, update = self._step.outputs_and_update(samples, frames, keep, state)
        for name, value in update.items():
            if name.rpartition("/")[2] in RINGS:
                backbone = name.rsplit("/", 2)[0]
                self._write_rows(self._states[name], slots, state[f"{backbone}/{POSITION}"], value)
            else:
                self._states[name].scatter_update(tf.IndexedSlices(value, slots))
        return outputs

    def _write_rows(self, ring: tf.Variable, slots: tf.Tensor, position: tf.Tensor, rows: tf.Tensor) -> None:
        heads, context, _ = ring.shape[1:]
        place = (position[:, tf.newaxis] + tf.range(rows.shape[2])) % context  # (slots, steps)
        parts = [slots[:, tf.newaxis, tf.newaxis], tf.range(heads)[tf.newaxis, :, tf.newaxis], place[:, tf.newaxis]]
        shape = tf.shape(rows)[:3]
        ring.scatter_nd_update(tf.stack([tf.broadcast_to(part, shape) for part in parts], axis=-1), rows)
