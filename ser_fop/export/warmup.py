"""Warm-up requests, which TF Serving runs after loading: the file `tf_serving_warmup_requests`."""

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

WARMUP = "tf_serving_warmup_requests"
_BYTES, _TEXT, _MESSAGE = (
    descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
)
# Fields of TF Serving's apis/prediction_log.proto, predict.proto and model.proto. The Python package of TF Serving
# would pin the version of TensorFlow. In the wire format, a map is a repeated entry of key and value, and a message is
# bytes.
_MESSAGES = {
    "ModelSpec": [("name", 1, _TEXT, "", False), ("signature_name", 3, _TEXT, "", False)],
    "Entry": [("key", 1, _TEXT, "", False), ("value", 2, _BYTES, "", False)],
    "PredictRequest": [("model_spec", 1, _MESSAGE, "ModelSpec", False), ("inputs", 2, _MESSAGE, "Entry", True)],
    "PredictLog": [("request", 1, _MESSAGE, "PredictRequest", False)],
    "PredictionLog": [("predict_log", 6, _MESSAGE, "PredictLog", False)],
}
_PACKAGE = "ser_fop.serving"


def write_warmup(folder: Path, inputs: Mapping[str, tf.Tensor], *, signature: str = "serving_default") -> Path:
    """Write one request per utterance of a batch, and one request with the whole batch.

    Args:
        folder: Folder `assets.extra` of the SavedModel.
        inputs: Inputs of the signature, by name.
        signature: Name of the signature.

    Returns:
        The path of the file.
    """
    path = folder / WARMUP
    batch = len(next(iter(inputs.values())))
    requests = [{name: tensor[index : index + 1] for name, tensor in inputs.items()} for index in range(batch)]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in [*requests, inputs]:
            writer.write(_log(request, signature))
    return path


def _log(inputs: Mapping[str, tf.Tensor], signature: str) -> bytes:
    log = _message("PredictionLog")
    log.predict_log.request.model_spec.signature_name = signature
    for name, tensor in inputs.items():
        value = tf.make_tensor_proto(tensor).SerializeToString(deterministic=True)
        log.predict_log.request.inputs.add(key=name, value=value)
    return log.SerializeToString(deterministic=True)


def _message(name: str) -> object:
    """Return an empty protobuf message of TF Serving."""
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="ser_fop_serving.proto", package=_PACKAGE, syntax="proto3")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for field, number, kind, of, repeated in fields:
            described.field.add(
                name=field,
                number=number,
                type=kind,
                type_name=f".{_PACKAGE}.{of}" if of else None,
                label=descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
                if repeated
                else descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            )
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))()
