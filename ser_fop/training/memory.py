"""Release of trained networks, which bounds the memory of a process that trains many of them."""

import contextlib
import ctypes
import gc
from collections.abc import Iterator, MutableMapping

import keras

from ser_fop.training import reuse

# Maximum number of custom-gradient traces after a stage; above it, all networks are released. A transformer of two
# layers has about 20, so that folds and consecutive stages with equal networks share their traces.
_MOST_TRACES = 100
_registered: set[str] = set()


def release_networks() -> None:
    """Remove the networks that stages have trained, with their traces, from memory.

    TensorFlow registers a closure for each trace of a `tf.custom_gradient` and never removes it (TensorFlow issue
    97697). The closure keeps the trace, and so the network, in memory.

    Call this function only while none of these networks is in use: afterwards, a function that was traced but not yet
    differentiated can no longer be differentiated.
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
    """Bound the memory of the networks that are trained in this context.

    On exit, the traces made in such contexts are released if there are too many. A few traces stay, so that the next
    stage can reuse them for an equal network.
    """
    before = custom_gradients()
    try:
        yield
    finally:
        _registered.update(custom_gradients() - before)
        if len(_registered) > _MOST_TRACES:
            release_networks()


def custom_gradients() -> set[str]:
    """Return the names of the custom-gradient traces in TensorFlow's registry."""
    return {name for name in _gradient_registry() if name.startswith("CustomGradient-")}


def _trim_heap() -> None:
    """Return freed memory to the system; glibc would keep most of it. Other C libraries are left alone."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _gradient_registry() -> MutableMapping[str, object]:
    """Return TensorFlow's registry of gradients; empty on other backends, or if TensorFlow has moved the registry."""
    if keras.backend.backend() != "tensorflow":
        return {}
    try:
        from tensorflow.python.framework import ops  # the registry has no public name

        return ops.gradient_registry._registry
    except (ImportError, AttributeError):
        return {}
