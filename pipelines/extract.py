"""Extract pooled hypercolumns: `ser-fop extract --records records/ravdess --pretrained runs/fop --out hyper/ravdess`."""

import dataclasses
import functools
import time
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.stages import ExtractConfig
from ser_fop.data.records import Records, require_same_features
from ser_fop.errors import InputError
from ser_fop.hub.model_paths import resolve_model_path
from ser_fop.hub.networks import load_network, network_digest, network_spec
from ser_fop.hypercolumns.pooled import extract_pooled
from ser_fop.hypercolumns.pooled_features import ARRAYS, write_pooled
from ser_fop.models.untrained import untrained_twin
from ser_fop.training.memory import network_scope
from ser_fop.training.setup import seed_everything
from ser_fop.utils.json_io import read_json
from ser_fop.utils.run_folder import METRICS, Stage
from ser_fop.utils.run_once import run_once


def run(config: ExtractConfig) -> Path:
    """Extract with one network or with the network of each fold, unless the run folder is complete."""
    if config.untrained_seed is not None and config.untrained_seed < 0:
        raise InputError(f"--untrained-seed expected 0 or more, received {config.untrained_seed}.")
    records = Records(config.records)
    networks = sorted(config.pretrained.glob("fold-*"), key=lambda path: int(path.name.removeprefix("fold-")))
    if networks:
        return _run_once(config, functools.partial(_extract_folds, config, records, networks))
    return _extract_once(config, records)


@network_scope()
def extract(config: ExtractConfig, records: Records, stage: Stage) -> Path:
    """Extract the hypercolumns of one network; return the run folder."""
    started = time.perf_counter()
    seed_everything(0, deterministic=False)
    network, spec = load_network(config.pretrained)
    labelled_speakers = spec.labelled_speakers
    if config.untrained_seed is not None:
        network, labelled_speakers = untrained_twin(network, spec, seed=config.untrained_seed), ()
    pooled = extract_pooled(network.backbone, records, pooling=config.pooling, batch_frames=config.batch_frames)
    write_pooled(stage.folder / ARRAYS, pooled)
    metrics = {
        "utterances": len(pooled.ids),
        "widths": {name: array.shape[1] for name, array in pooled.arrays.items()},
        "seconds": time.perf_counter() - started,
    }
    out = stage.commit(
        metrics=metrics,
        content=[stage.folder / ARRAYS],
        sources={"records": config.records.resolve(), "pretrained": resolve_model_path(config.pretrained).resolve()},
        seen_speakers=spec.seen_speakers,
        labelled_speakers=labelled_speakers,
    )
    print(f"{metrics['utterances']} utterances, {metrics['seconds']:.1f} s -> {out}")
    return out


def _extract_once(config: ExtractConfig, records: Records) -> Path:
    features = network_spec(config.pretrained).features
    require_same_features({str(records.folder): records.manifest.features, str(config.pretrained): features})
    return _run_once(config, functools.partial(extract, config, records))


def _extract_folds(config: ExtractConfig, records: Records, networks: list[Path], stage: Stage) -> Path:
    runs = [
        _extract_once(dataclasses.replace(config, pretrained=network, out=stage.folder / network.name), records)
        for network in networks
    ]
    seconds = sum(read_json(run / METRICS)["seconds"] for run in runs)
    return stage.commit(metrics={"networks": len(runs), "seconds": seconds}, content=[run / METRICS for run in runs])


def _run_once(config: ExtractConfig, work: functools.partial) -> Path:
    digests = {"pretrained": network_digest(config.pretrained)}
    return run_once("extract", config, work, inputs={"records": [config.records]}, digests=digests)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("extract", ExtractConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
