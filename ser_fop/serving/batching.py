"""Batching of concurrent requests."""

import asyncio
import dataclasses
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ser_fop.serving.errors import RequestError

Arrays = Mapping[str, np.ndarray]
# The message of a failed assertion inside a TensorFlow error.
_ASSERTED = re.compile(r"assertion failed: \[([^\]]*)\]")


@dataclasses.dataclass
class _Waiting:
    arrays: Arrays
    answer: asyncio.Future
    count: int


class Batcher:
    """Queue that joins the requests to one signature to batches and runs them in a thread.

    The first request of a batch waits up to `wait_s` for others. A batch starts after the previous batch has finished.

    Args:
        call: Function of the signature.
        pool: Threads that run `call`.
        max_batch: Maximum number of utterances in a batch.
        wait_s: Time that the first request of a batch waits for others, in seconds.
        max_waiting: Maximum number of queued requests. Further requests are rejected.
        on_batch: Callback that receives the size of each batch.
    """

    def __init__(
        self,
        call: Callable[[Arrays], dict[str, np.ndarray]],
        pool: ThreadPoolExecutor,
        *,
        max_batch: int,
        wait_s: float,
        max_waiting: int,
        on_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._call = call
        self._pool = pool
        self._max_batch = max_batch
        self._wait_s = wait_s
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(max_waiting)
        self._on_batch = on_batch
        self._task: asyncio.Task | None = None

    async def answer(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Return the outputs for the inputs of one request.

        Args:
            arrays: Inputs of the signature, by name.

        Raises:
            RequestError: If the queue is full, or the model rejects the inputs.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        waiting = _Waiting(arrays, asyncio.get_running_loop().create_future(), len(next(iter(arrays.values()))))
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise RequestError(503, "the request queue is full: try again later") from None
        return await waiting.answer

    async def close(self) -> None:
        """Stop the batcher. Queued requests get no response."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        carried_over: _Waiting | None = None
        while True:
            batch = [carried_over or await self._queue.get()]
            carried_over = None
            deadline = asyncio.get_running_loop().time() + self._wait_s
            while (size := sum(one.count for one in batch)) < self._max_batch:
                try:
                    wait_s = max(0.0, deadline - asyncio.get_running_loop().time())
                    one = await asyncio.wait_for(self._queue.get(), wait_s) if wait_s else self._queue.get_nowait()
                except (TimeoutError, asyncio.QueueEmpty):
                    break
                if size + one.count > self._max_batch:
                    carried_over = one
                    break
                batch.append(one)
            batch = [one for one in batch if not one.answer.done()]  # the client has left, or the response timed out
            if batch:
                await self._run_batch(batch)

    async def _run_batch(self, batch: list[_Waiting]) -> None:
        self._on_batch(sum(one.count for one in batch))
        loop = asyncio.get_running_loop()
        try:
            outputs = await loop.run_in_executor(self._pool, self._call, _concatenate([one.arrays for one in batch]))
        except Exception as error:  # one invalid input fails the whole batch: run each request alone
            if len(batch) == 1:
                _set(batch[0].answer, error=_client_error(error))
                return
            for one in batch:
                await self._run_batch([one])
            return
        first = 0
        for one in batch:
            _set(one.answer, result={name: array[first : first + one.count] for name, array in outputs.items()})
            first += one.count


def _concatenate(parts: list[Arrays]) -> dict[str, np.ndarray]:
    """Concatenate arrays and pad them with zeros. The input `length` marks the padding."""
    joined = {}
    for name in parts[0]:
        arrays = [part[name] for part in parts]
        if arrays[0].ndim > 1:
            longest = max(array.shape[1] for array in arrays)
            widths = [[(0, 0), (0, longest - array.shape[1]), *[(0, 0)] * (array.ndim - 2)] for array in arrays]
            arrays = [np.pad(array, width) for array, width in zip(arrays, widths, strict=True)]
        joined[name] = np.concatenate(arrays)
    return joined


def _client_error(error: Exception) -> Exception:
    """Return a `RequestError` for invalid inputs. Other errors are bugs of the server and are returned unchanged."""
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
