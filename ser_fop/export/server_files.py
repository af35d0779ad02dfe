"""Configuration files of TF Serving for one model."""

from pathlib import Path

from ser_fop.utils.json_io import write_text

MODELS, BATCHING, MONITORING = "models.config", "batching.config", "monitoring.config"
_MODELS = """model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
    model_version_policy {{ latest {{ num_versions: 2 }} }}
  }}
}}
"""
# `length` marks the padding, so utterances of any length share a batch.
_BATCHING = """max_batch_size { value: 16 }
batch_timeout_micros { value: 2000 }
num_batch_threads { value: 2 }
max_enqueued_batches { value: 100 }
pad_variable_length_inputs: true
"""
_MONITORING = """prometheus_config {
  enable: true
  path: "/monitoring/prometheus/metrics"
}
"""


def write_server_files(folder: Path, *, name: str) -> None:
    """Write `models.config`, `batching.config` and `monitoring.config`.

    Args:
        folder: Folder to write to.
        name: Name of the model, and of its folder in `/models`.
    """
    write_text(folder / MODELS, _MODELS.format(name=name))
    write_text(folder / BATCHING, _BATCHING)
    write_text(folder / MONITORING, _MONITORING)
