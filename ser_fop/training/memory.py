"""Release trained networks, so that the memory of a process that trains many of them stays bounded."""

import contextlib
import ctypes
import gc
from collections.abc import Iterator, MutableMapping

import keras

from ser_fop.training import reuse

# Traces of custom gradients that may live on after a stage; above it, the stage's end releases all networks. A
# transformer of two layers has about twenty, so that equal networks of neighbouring stages still share their traces.
_MOST_TRACES = 30
_registered: set[str] = set()


def release_networks() -> None:
    """Forget all networks that stages have trained, with their traces.

    Call it where no network that a stage trained is in use: a function that was traced, and not differentiated yet,
    can no longer be differentiated. TensorFlow registers a closure for each trace of a `tf.custom_gradient`, and never
    removes it (TensorFlow issue 97697); it pins the trace, and so the network.
    """
    reuse.forget()
    keras.backend.clear_session()
    registry = _gradient_registry()
    for name in _registered & registry.keys():
        del registry[name]
    _registered.clear()
    gc.collect()
    _trim_heap()


@contextlib.contextmanager
def network_scope() -> Iterator[None]:
    """Bound the memory of the networks that are trained inside.

    Their traces, and those alone, are released at the end once there are too many; a few stay for the next stage that
    trains an equal network.
    """
    before = custom_gradients()
    try:
        yield
    finally:
        _registered.update(custom_gradients() - before)
        if len(_registered) > _MOST_TRACES:
            release_networks()


def custom_gradients() -> set[str]:
    """Return the names under which TensorFlow keeps traces of custom gradients."""
    return {name for name in _gradient_registry() if name.startswith("CustomGradient-")}


def _trim_heap() -> None:
    """Hand freed memory back to the system, where the C library is glibc: it would keep most of it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _gradient_registry() -> MutableMapping[str, object]:
    """Return TensorFlow's registry of gradients; an empty one on other backends, or where TensorFlow has moved it."""
    if keras.backend.backend() != "tensorflow":
        return {}
    try:
        from tensorflow.python.framework import ops  # no public name leads to it

        return ops.gradient_registry._registry
    except (ImportError, AttributeError):
        return {}
