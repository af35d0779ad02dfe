"""Requests that arrive together are answered together."""

import asyncio
import dataclasses
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ser_fop.serving.errors import RequestError

Arrays = Mapping[str, np.ndarray]
# What the graph itself says of a bad input, in the middle of what TensorFlow says of the graph.
_ASSERTED = re.compile(r"assertion failed: \[([^\]]*)\]")


@dataclasses.dataclass
class _Waiting:
    arrays: Arrays
    answer: asyncio.Future
    count: int


class Batcher:
    """Joins requests to one signature, runs them in a thread, and deals the answers out.

    A request waits until the one before it has been answered, or for `wait_s`; alone it costs nothing more.

    Args:
        call: The signature.
        pool: Threads that run it.
        most: Utterances in a batch, at most.
        wait_s: How long the first one waits for others.
        most_waiting: Requests that may wait; more are turned away.
        seen: Told the size of each batch.
    """

    def __init__(
        self,
        call: Callable[[Arrays], dict[str, np.ndarray]],
        pool: ThreadPoolExecutor,
        *,
        most: int,
        wait_s: float,
        most_waiting: int,
        seen: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._call = call
        self._pool = pool
        self._most = most
        self._wait_s = wait_s
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(most_waiting)
        self._seen = seen
        self._task: asyncio.Task | None = None

    async def answer(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Return the outputs for some inputs.

        Raises:
            RequestError: If too many wait already, or the model refuses the inputs.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        waiting = _Waiting(arrays, asyncio.get_running_loop().create_future(), len(next(iter(arrays.values()))))
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise RequestError(503, "too many requests are waiting: try again later") from None
        return await waiting.answer

    async def close(self) -> None:
        """Answer nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        left: _Waiting | None = None
        while True:
            batch = [left or await self._queue.get()]
            left = None
            until = asyncio.get_running_loop().time() + self._wait_s
            while (size := sum(one.count for one in batch)) < self._most:
                try:
                    wait_s = max(0.0, until - asyncio.get_running_loop().time())
                    one = await asyncio.wait_for(self._queue.get(), wait_s) if wait_s else self._queue.get_nowait()
                except (TimeoutError, asyncio.QueueEmpty):
                    break
                if size + one.count > self._most:
                    left = one
                    break
                batch.append(one)
            batch = [one for one in batch if not one.answer.done()]  # who left needs no answer
            if batch:
                await self._answer_together(batch)

    async def _answer_together(self, batch: list[_Waiting]) -> None:
        self._seen(sum(one.count for one in batch))
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._pool, self._call, _joined([one.arrays for one in batch]))
        except Exception as error:  # one bad file spoils the batch: each is asked alone, and told its own fault
            if len(batch) == 1:
                _set(batch[0].answer, error=_told(error))
                return
            for one in batch:
                await self._answer_together([one])
            return
        first = 0
        for one in batch:
            _set(one.answer, result={name: array[first : first + one.count] for name, array in found.items()})
            first += one.count


def _joined(parts: list[Arrays]) -> dict[str, np.ndarray]:
    """Put arrays on top of one another, filled up with zeros: `length` says what is real."""
    joined = {}
    for name in parts[0]:
        arrays = [part[name] for part in parts]
        if arrays[0].ndim > 1:
            longest = max(array.shape[1] for array in arrays)
            widths = [[(0, 0), (0, longest - array.shape[1]), *[(0, 0)] * (array.ndim - 2)] for array in arrays]
            arrays = [np.pad(array, width) for array, width in zip(arrays, widths, strict=True)]
        joined[name] = np.concatenate(arrays)
    return joined


def _told(error: Exception) -> Exception:
    """Return the client's error for an error of TensorFlow; any other error is a bug of ours."""
    if type(error).__name__ == "InvalidArgumentError":
        asserted = _ASSERTED.search(str(error))
        return RequestError(400, asserted[1] if asserted else "the model cannot read this input")
    return error


def _set(answer: asyncio.Future, *, result: dict | None = None, error: Exception | None = None) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(result)
