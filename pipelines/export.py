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
from ser_fop.corpora.audio import AudioError, padded_batch, read_audio
from ser_fop.errors import InputError
from ser_fop.export.calibration import ModelCalibration, calibrate_on
from ser_fop.export.portable import golden_of, write_litert, write_onnx
from ser_fop.export.server_files import write_server_files
from ser_fop.export.serving_model import EXTRA, GOLDEN, write_serving_model
from ser_fop.export.verification import verify
from ser_fop.hub.versions import next_version
from ser_fop.inference.sources import inference_model_of


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
    if found := calibration or _calibration(config, model.labels):
        model.spec = found.applied_to(model.spec)
        print(found.summary())
    sounds = _test_sounds(config.check_on, model.spec.features.sample_rate_hz)
    config.out.mkdir(parents=True, exist_ok=True)
    partial = config.out / f".{version}.partial"  # TF Serving ignores folders whose name is not a number
    shutil.rmtree(partial, ignore_errors=True)
    try:
        write_serving_model(model, partial / "model", sounds=sounds)
        difference = verify(partial / "model", partial / "model" / EXTRA / GOLDEN)
        write_server_files(config.out, name=config.out.resolve().name)
        (partial / "model").rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    megabytes = sum(file.stat().st_size for file in target.rglob("*") if file.is_file()) / 1e6
    print(f"{megabytes:.1f} MB, largest difference to the network {difference:.1g} -> {target}")
    _write_portable(config, model, sounds)
    return target


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
    formats = ((config.onnx, ".onnx", "onnx", "tf2onnx"), (config.litert, ".tflite", "litert", "ai_edge_litert"))
    for path, suffix, option, module in formats:
        if path and path.suffix != suffix:
            raise InputError(f"--{option} expected a file that ends in {suffix}, received {path}.")
        if path and importlib.util.find_spec(module) is None:
            raise InputError(f'--{option} needs {module}, which is not installed: pip install "ser_fop[{option}]".')
    if config.litert and config.litert_frames < 1:
        raise InputError(f"--litert-frames expected a positive number, received {config.litert_frames}.")


def _write_portable(config: ExportConfig, model: Any, sounds: dict[str, Any]) -> None:
    """Write the ONNX and LiteRT files; publish each one only if its outputs match those of the network."""
    for path, frames in ((config.onnx, None), (config.litert, config.litert_frames)):
        if path is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            partial, golden = Path(folder) / path.name, Path(folder) / "golden.npz"
            if frames is None:
                write_onnx(model, partial)
            else:
                write_litert(model, partial, frames=frames)
            golden_of(model, sounds, golden, frames=frames)
            difference = verify(partial, golden)
            for file in (partial.with_name(partial.name + ".json"), partial):
                file.replace(path.parent / file.name)
        size = path.stat().st_size / 1e6
        print(f"{size:.1f} MB, largest difference to the network {difference:.1g} -> {path}")


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
