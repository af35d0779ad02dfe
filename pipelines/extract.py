"""Pooled hypercolumns: `ser-fop extract --records records/ravdess --pretrained runs/fop --out hyper/ravdess`."""

import dataclasses
import time
from pathlib import Path
from typing import Any

from ser_fop.cli import run_stage
from ser_fop.config.stages import ExtractConfig


def run(config: ExtractConfig) -> Path:
    """Extract with one network, or with each fold's, or find it complete."""
    from ser_fop.data.records import Records

    records = Records(config.records)
    inside = sorted(config.pretrained.glob("fold-*"), key=lambda path: int(path.name.removeprefix("fold-")))
    if not inside:
        return extract(config, records)
    from ser_fop.hub.networks import network_digest
    from ser_fop.utils.run_folder import METRICS, open_stage, read_json

    digests = {"pretrained": network_digest(config.pretrained)}
    stage = open_stage("extract", out=config.out, config=config, inputs={"records": [config.records]}, digests=digests)
    if stage.complete:
        print(f"{stage.out} is complete.")
        return stage.out
    runs = [
        extract(dataclasses.replace(config, pretrained=one, out=stage.folder / one.name), records) for one in inside
    ]
    seconds = sum(read_json(one / METRICS)["seconds"] for one in runs)
    return stage.commit(metrics={"networks": len(runs), "seconds": seconds}, content=[one / METRICS for one in runs])


def extract(config: ExtractConfig, records: Any) -> Path:
    """Extract with one network."""
    from ser_fop.data.records import require_same_features
    from ser_fop.hub.networks import load_network, network_digest, network_spec, resolve_model_path
    from ser_fop.hypercolumns.pooled import ARRAYS, extract_pooled, write_pooled
    from ser_fop.training.setup import seed_everything
    from ser_fop.utils.run_folder import open_stage

    spec = network_spec(config.pretrained)
    require_same_features({str(records.folder): records.manifest.features, str(config.pretrained): spec.features})
    digests = {"pretrained": network_digest(config.pretrained)}
    stage = open_stage("extract", out=config.out, config=config, inputs={"records": [config.records]}, digests=digests)
    if stage.complete:
        print(f"{stage.out} is complete.")
        return stage.out
    started = time.perf_counter()
    seed_everything(0, deterministic=False)
    network, spec = load_network(config.pretrained)
    pooled = extract_pooled(network.backbone, records, pooling=config.pooling, batch_frames=config.batch_frames)
    write_pooled(stage.folder / ARRAYS, pooled)
    metrics = {
        "utterances": len(pooled.ids),
        "widths": {name: array.shape[1] for name, array in pooled.arrays.items()},
        "seconds": time.perf_counter() - started,
    }
    sources = {"records": config.records.resolve(), "pretrained": resolve_model_path(config.pretrained).resolve()}
    known = {"seen_speakers": spec.seen_speakers, "labelled_speakers": spec.labelled_speakers}
    out = stage.commit(metrics=metrics, content=[stage.folder / ARRAYS], sources=sources, **known)
    print(f"{metrics['utterances']} utterances, {metrics['seconds']:.1f} s -> {out}")
    return out


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("extract", ExtractConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
