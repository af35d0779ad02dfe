"""Export a trained run for TF Serving: `ser-fop export --model runs/ft --out models/emotion`."""

import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.cli import run_stage
from ser_fop.config.inference_stages import ExportConfig
from ser_fop.config.streaming import LONGEST_S
from ser_fop.corpora.audio import AudioError, padded_batch, read_audio
from ser_fop.errors import InputError
from ser_fop.export.calibration import ModelCalibration, calibrate_on
from ser_fop.export.portable import golden_of, write_litert, write_onnx
from ser_fop.export.portable_stream import golden_of_stream, write_litert_stream
from ser_fop.export.server_files import write_server_files
from ser_fop.export.serving_model import GOLDEN, write_serving_model
from ser_fop.export.twins import write_twins
from ser_fop.export.verification import verify
from ser_fop.hub.model_paths import EXTRA
from ser_fop.hub.versions import next_version
from ser_fop.inference.sources import inference_model_of
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streamable import check_streamable, is_streamable


def run(config: ExportConfig, *, calibration: ModelCalibration | None = None) -> Path:
    """Export the next version of a model, and return its folder; `calibration` replaces `config.calibrate_on`.

    The version is written to a hidden folder, compared with the network, and renamed. A server that watches `--out`
    therefore never loads an unfinished or a wrong model.
    """
    if config.version < 0:
        raise InputError(f"--version expected a positive number, received {config.version}.")
    version = config.version or next_version(config.out)
    target = config.out / str(version)
    if target.exists():
        raise InputError(
            f"--version expected a new number, and {target} exists: versions are never overwritten. Choose another --version."
        )
    _check_portable(config)
    model = inference_model_of(config.model)
    if config.litert_stream and model.head is None:
        check_streamable(model.spec)
    elif config.litert_stream:
        raise InputError(
            "--litert-stream expected a network of `finetune` or `pretrain`, received a run of `classify`."
        )
    if found := calibration or _calibration(config, model.labels):
        model.spec = found.applied_to(model.spec)
        print(found.summary())
    sounds = _test_sounds(config.check_on, model.spec.features.sample_rate_hz)
    config.out.mkdir(parents=True, exist_ok=True)
    partial = config.out / f".{version}.partial"  # TF Serving ignores folders whose name is not a number
    shutil.rmtree(partial, ignore_errors=True)
    try:
        write_serving_model(model, partial / "model", sounds=sounds, context_s=config.stream_context_s)
        difference = verify(partial / "model", partial / "model" / EXTRA / GOLDEN)
        step = _step(config, model)
        twins = write_twins(
            model,
            step,
            partial / "model" / EXTRA,
            sounds,
            context_s=config.stream_context_s,
            litert=config.litert_twins,
        )
        difference = max(difference, twins)
        if step:
            golden_of_stream(step, sounds, partial / "stream.npz")
            difference = max(difference, verify(partial / "model", partial / "stream.npz", kind="saved_model_stream"))
        write_server_files(config.out, name=config.out.resolve().name)
        (partial / "model").rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    megabytes = sum(file.stat().st_size for file in target.rglob("*") if file.is_file()) / 1e6
    print(f"{megabytes:.1f} MB, largest difference to the network {difference:.1g} -> {target}")
    _write_portable(config, model, sounds)
    return target


def _step(config: ExportConfig, model: Any) -> StreamStep | None:
    """Return the step of a stream; None for a network that is not causal."""
    if model.head is not None or not is_streamable(model.spec):
        return None
    return StreamStep(model.network, model.spec, context_s=config.stream_context_s)


def _calibration(config: ExportConfig, labels: Sequence[str]) -> ModelCalibration | None:
    """Return the calibration of the model; None without runs to calibrate it on."""
    if config.calibrate_on:
        return calibrate_on(config.calibrate_on, labels, coverage=config.coverage)
    if config.coverage != 1:
        raise InputError(
            f"--coverage {config.coverage:g} expected --calibrate-on, the runs whose predictions tell the threshold,"
            " received none. Add it, or drop --coverage."
        )
    return None


def _check_portable(config: ExportConfig) -> None:
    """Raise `InputError` if the ONNX or LiteRT file cannot be written, before any version is published."""
    formats = {
        "onnx": (config.onnx, ".onnx", "onnx", "tf2onnx"),
        "litert": (config.litert, ".tflite", "litert", "ai_edge_litert"),
        "litert-stream": (config.litert_stream, ".tflite", "litert", "ai_edge_litert"),
    }
    for option, (path, suffix, extra, module) in formats.items():
        if path and path.suffix != suffix:
            raise InputError(f"--{option} expected a file that ends in {suffix}, received {path}.")
        if path and importlib.util.find_spec(module) is None:
            raise InputError(f'--{option} needs {module}, which is not installed: pip install "ser_fop[{extra}]".')
    if config.litert_twins and importlib.util.find_spec("ai_edge_litert") is None:
        raise InputError('--litert-twins needs ai_edge_litert, which is not installed: pip install "ser_fop[litert]".')
    if not 0 < config.stream_context_s <= LONGEST_S:
        raise InputError(
            f"--stream-context-s expected more than 0, at most {LONGEST_S:g}, received {config.stream_context_s:g}."
        )
    if config.litert and config.litert_frames < 1:
        raise InputError(f"--litert-frames expected a positive number, received {config.litert_frames}.")


def _write_portable(config: ExportConfig, model: Any, sounds: dict[str, Any]) -> None:
    """Write the ONNX and LiteRT files; publish each one only if its outputs match those of the network."""
    for kind, path in {"onnx": config.onnx, "litert": config.litert, "litert_stream": config.litert_stream}.items():
        if path is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            partial, golden = Path(folder) / path.name, Path(folder) / "golden.npz"
            _write_kind(kind, config, model, partial, golden, sounds)
            difference = verify(partial, golden, kind=kind)
            for file in (partial.with_name(partial.name + ".json"), partial):
                file.replace(path.parent / file.name)
        size = path.stat().st_size / 1e6
        print(f"{size:.1f} MB, largest difference to the network {difference:.1g} -> {path}")


def _write_kind(kind: str, config: ExportConfig, model: Any, path: Path, golden: Path, sounds: dict[str, Any]) -> None:
    """Write a portable model, and the file that it is verified with."""
    if kind == "litert_stream":
        step = StreamStep(model.network, model.spec, context_s=config.stream_context_s)
        write_litert_stream(step, path)
        golden_of_stream(step, sounds, golden)
    elif kind == "onnx":
        write_onnx(model, path)
        golden_of(model, sounds, golden)
    else:
        write_litert(model, path, frames=config.litert_frames)
        golden_of(model, sounds, golden, frames=config.litert_frames)


def _test_sounds(files: tuple[Path, ...], sample_rate_hz: int) -> dict[str, Any]:
    """Return a padded batch of the recordings, or of synthetic sounds (harmonics and noise) if there are none."""
    sounds = []
    for file in files:
        try:
            sounds.append(read_audio(file, sample_rate_hz=sample_rate_hz, max_duration_s=60.0))
        except AudioError as error:
            raise InputError(f"--check-on {file} {error}.") from error
    generator = np.random.default_rng(0)
    for duration_s, pitch_hz in ((0.6, 220.0), (1.7, 110.0), (3.2, 160.0)) if not files else ():
        time_s = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
        harmonics = sum(np.sin(2 * np.pi * pitch_hz * number * time_s) / number for number in range(1, 20))
        swell = 0.1 * np.sin(np.pi * time_s / duration_s)
        sounds.append(swell * harmonics + 1e-3 * generator.normal(size=len(time_s)))
    waveform, lengths = padded_batch(sounds)
    return {"waveform": waveform, "length": lengths}


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("export", ExportConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
