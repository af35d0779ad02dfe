import numpy as np
import tensorflow as tf
from google.protobuf.internal import decoder

from ser_fop.export.warmup import write_warmup


def test_warmup_requests_have_wire_format_of_tf_serving(tmp_path):
    generator = np.random.default_rng(0)
    inputs = {
        "waveform": generator.normal(size=(3, 8000)).astype(np.float32),
        "length": np.array([8000, 6000, 4000], np.int32),
    }
    path = write_warmup(tmp_path, {name: tf.constant(array) for name, array in inputs.items()})
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    assert len(records) == len(inputs["length"]) + 1
    log = dict(_fields(records[-1]))  # PredictionLog
    request = _fields(dict(_fields(log[6]))[1])  # PredictLog.request
    assert dict(_fields(dict(request)[1]))[3] == b"serving_default"  # ModelSpec.signature_name
    entries = [dict(_fields(value)) for number, value in request if number == 2]
    found = {entry[1].decode(): _tensor(entry[2]) for entry in entries}
    assert set(found) == set(inputs)
    for name, array in found.items():
        np.testing.assert_array_equal(array, inputs[name])


def _fields(message):
    """Parse the length-delimited fields of a message: number and bytes."""
    found, index = [], 0
    while index < len(message):
        tag, index = decoder._DecodeVarint(message, index)
        assert tag & 7 == 2
        size, index = decoder._DecodeVarint(message, index)
        found.append((tag >> 3, message[index : index + size]))
        index += size
    return found


def _tensor(serialized):
    return tf.io.parse_tensor(serialized, tf.int32 if len(serialized) < 100 else tf.float32).numpy()
