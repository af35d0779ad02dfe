"""TF Serving's JSON: requests to arrays, arrays to responses.

Reference:
    https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from ser_fop.serving.errors import RequestError

BYTES_SUFFIX = "_bytes"
_B64 = "b64"
_INTEGERS = np.iinfo(np.int32)


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request.

    Raises:
        RequestError: If it is none.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise RequestError(400, "the body is JSON, but not an object")
    if not isinstance(found.get("signature_name", ""), str):
        raise RequestError(400, "'signature_name' expected a string")
    return found


def arrays_of(request: Mapping[str, Any], inputs: Mapping[str, tuple[Any, int]]) -> tuple[dict[str, np.ndarray], bool]:
    """Return a request's inputs.

    Args:
        request: What `parse` returned.
        inputs: NumPy type and rank of each input of the signature.

    Returns:
        The arrays by name, and whether the request was in rows (`instances`) rather than in columns (`inputs`).

    Raises:
        RequestError: If the request has both or neither, or an array of another name, shape or type.
    """
    in_rows = "instances" in request
    if in_rows == ("inputs" in request):
        raise RequestError(400, "expected one of the keys 'instances' and 'inputs'")
    columns = _columns(request["instances"], inputs) if in_rows else _named(request["inputs"], inputs)
    return {name: _array(columns[name], name, *kind) for name, kind in inputs.items()}, in_rows


def _columns(instances: Any, inputs: Mapping[str, tuple[Any, int]]) -> dict[str, list]:
    """Turn rows into columns."""
    if not isinstance(instances, list) or not instances:
        raise RequestError(400, "'instances' expected a list with at least one instance")
    if not _is_object(instances[0]):
        if len(inputs) > 1:
            raise RequestError(400, f"'instances' expected objects with the keys {', '.join(sorted(inputs))}")
        if any(map(_is_object, instances)):
            raise RequestError(400, "'instances' mixes objects with other values")
        return {next(iter(inputs)): instances}
    for number, instance in enumerate(instances):
        if not _is_object(instance) or set(instance) != set(inputs):
            raise RequestError(400, f"instance {number} expected an object with the keys {', '.join(sorted(inputs))}")
    return {name: [instance[name] for instance in instances] for name in inputs}


def _named(values: Any, inputs: Mapping[str, tuple[Any, int]]) -> dict[str, Any]:
    if not _is_object(values):
        if len(inputs) > 1:
            raise RequestError(400, f"'inputs' expected an object with the keys {', '.join(sorted(inputs))}")
        return {next(iter(inputs)): values}
    missing = sorted(set(inputs) - set(values))
    if missing:
        raise RequestError(400, f"'inputs' has no {missing[0]!r}")
    return values


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {_B64}


def _array(value: Any, name: str, dtype: Any, rank: int) -> np.ndarray:
    if dtype is object:
        array = np.array(
            [_bytes(item, name) for item in value] if isinstance(value, list) else _bytes(value, name), object
        )
    else:
        array = _numbers(value, name, np.dtype(dtype))
    if array.ndim != rank:
        raise RequestError(400, f"{name!r} expected {rank} dimensions, received {array.ndim}")
    return array


def _numbers(value: Any, name: str, dtype: np.dtype) -> np.ndarray:
    try:
        array = np.array(value)
    except ValueError as error:  # lists of unequal length
        raise RequestError(
            400, f"{name!r} expected rows of one shape: fill them up, and give each one's length"
        ) from error
    if array.dtype.kind not in ("iu" if dtype.kind == "i" else "iuf") and array.size:
        raise RequestError(400, f"{name!r} expected numbers of type {dtype}")
    if dtype.kind == "i" and array.size and not (_INTEGERS.min <= array.min() and array.max() <= _INTEGERS.max):
        raise RequestError(400, f"{name!r} has a number beyond {dtype}")
    with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite
        array = array.astype(dtype)
    if not np.isfinite(array).all():
        raise RequestError(400, f"{name!r} has a number that is not finite")
    return array


def _bytes(value: Any, name: str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and set(value) == {_B64} and isinstance(value[_B64], str):
        try:
            return base64.b64decode(value[_B64], validate=True)
        except binascii.Error as error:
            raise RequestError(400, f"{name!r} has a 'b64' that is not base64") from error
    raise RequestError(400, f'{name!r} expected a string, or {{"b64": "..."}}')


def response(outputs: Mapping[str, np.ndarray], *, in_rows: bool) -> bytes:
    """Return the body of an answer: `predictions` for rows, `outputs` for columns; a single output has no name."""
    plain = {name: _plain(name, array) for name, array in outputs.items()}
    alone = next(iter(plain.values())) if len(plain) == 1 else None
    if not in_rows:
        return _dumps({"outputs": plain if alone is None else alone})
    if alone is not None:
        return _dumps({"predictions": alone})
    count = len(next(iter(plain.values())))
    return _dumps({"predictions": [{name: values[row] for name, values in plain.items()} for row in range(count)]})


def _plain(name: str, array: np.ndarray) -> Any:
    """Return an array whose rows can be written; text is decoded."""
    if array.dtype.kind not in "OS":
        return np.ascontiguousarray(array)
    binary = name.endswith(BYTES_SUFFIX)

    def written(value: Any) -> Any:
        if isinstance(value, list):
            return [written(item) for item in value]
        return {_B64: base64.b64encode(value).decode()} if binary else value.decode("utf-8", "replace")

    return written(array.tolist())


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
