"""Conversion between TF Serving's JSON and arrays.

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
    """Parse the JSON object of a request.

    Args:
        body: Body of the request.

    Raises:
        RequestError: If the body is not a JSON object.
    """
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"expected a JSON body, received invalid JSON: {error}") from error
    if not isinstance(request, dict):
        raise RequestError(400, "expected a JSON object, received another JSON value")
    if not isinstance(request.get("signature_name", ""), str):
        raise RequestError(400, "expected a string as 'signature_name', received another JSON value")
    return request


def arrays_of(request: Mapping[str, Any], inputs: Mapping[str, tuple[Any, int]]) -> tuple[dict[str, np.ndarray], bool]:
    """Convert a request to arrays.

    Args:
        request: The parsed request.
        inputs: NumPy type and rank of each input of the signature.

    Returns:
        The arrays by name, and True for the row format (`instances`) or False for the column format (`inputs`).

    Raises:
        RequestError: If the request has both or neither of the two keys, or an array has an unexpected name, shape or
            type.
    """
    in_rows = "instances" in request
    if in_rows == ("inputs" in request):
        raise RequestError(400, "expected exactly one of the keys 'instances' and 'inputs'")
    columns = _columns(request["instances"], inputs) if in_rows else _named(request["inputs"], inputs)
    return {name: _array(columns[name], name, *kind) for name, kind in inputs.items()}, in_rows


def _columns(instances: Any, inputs: Mapping[str, tuple[Any, int]]) -> dict[str, list]:
    """Convert a list of instances to one list per input."""
    if not isinstance(instances, list) or not instances:
        raise RequestError(400, "'instances' expected a list with at least one instance")
    if not _is_object(instances[0]):
        if len(inputs) > 1:
            raise RequestError(400, f"'instances' expected objects with the keys {', '.join(sorted(inputs))}")
        if any(map(_is_object, instances)):
            raise RequestError(400, "'instances' expected only objects or only other values, received both")
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
        raise RequestError(400, f"'inputs' expected the key {missing[0]!r}, which is missing")
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
            400, f"{name!r} expected rows of one shape: pad the rows and give the length of each"
        ) from error
    if array.dtype.kind not in ("iu" if dtype.kind == "i" else "iuf") and array.size:
        raise RequestError(400, f"{name!r} expected numbers of type {dtype}, received other values")
    if dtype.kind == "i" and array.size and not (_INTEGERS.min <= array.min() and array.max() <= _INTEGERS.max):
        raise RequestError(400, f"{name!r} expected numbers in the range of {dtype}, received a number outside")
    with np.errstate(over="ignore"):  # a number outside the range of float32 becomes infinite
        array = array.astype(dtype)
    if not np.isfinite(array).all():
        raise RequestError(400, f"{name!r} expected finite numbers, received an infinite number or NaN")
    return array


def _bytes(value: Any, name: str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and set(value) == {_B64} and isinstance(value[_B64], str):
        try:
            return base64.b64decode("".join(value[_B64].split()), validate=True)  # some clients wrap lines
        except (binascii.Error, ValueError) as error:
            raise RequestError(400, f"{name!r} expected base64 in 'b64', received other text") from error
    raise RequestError(400, f'{name!r} expected a string or {{"b64": "..."}}, received another value')


def response(outputs: Mapping[str, np.ndarray], *, in_rows: bool) -> bytes:
    """Return the JSON body of a response.

    Args:
        outputs: Output arrays by name. A single output is written without its name.
        in_rows: Write `predictions` in the row format instead of `outputs` in the column format.
    """
    plain = {name: _plain(name, array) for name, array in outputs.items()}
    single = next(iter(plain.values())) if len(plain) == 1 else None
    if not in_rows:
        return _dumps({"outputs": plain if single is None else single})
    if single is not None:
        return _dumps({"predictions": single})
    count = len(next(iter(plain.values())))
    return _dumps({"predictions": [{name: values[row] for name, values in plain.items()} for row in range(count)]})


def _plain(name: str, array: np.ndarray) -> Any:
    """Convert an array for JSON. Text is decoded; bytes become base64."""
    if array.dtype.kind not in "OS":
        return np.ascontiguousarray(array)
    binary = name.endswith(BYTES_SUFFIX)

    def converted(value: Any) -> Any:
        if isinstance(value, list):
            return [converted(item) for item in value]
        return {_B64: base64.b64encode(value).decode()} if binary else value.decode("utf-8", "replace")

    return converted(array.tolist())


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
