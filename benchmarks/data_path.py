"""How fast `prepare` and the datasets are: `python benchmarks/data_path.py --audio-dir DIR --corpus librispeech`.

Prints times real time and peak memory of `prepare` (imports left out of the time), and the frames per second
that the dataset alone feeds, padding not counted: the median of several epochs after a first one.
"""

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--audio-dir", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=5)
    arguments = parser.parse_args()

    from ser_fop.pipelines.prepare import run

    from ser_fop.artifacts import read_json
    from ser_fop.config import PrepareConfig
    from ser_fop.datasets import unlabelled_batches
    from ser_fop.records import Records

    with tempfile.TemporaryDirectory() as folder:
        out = run(PrepareConfig(corpus=arguments.corpus, audio_dir=arguments.audio_dir, out=Path(folder) / "records"))
        metrics = read_json(out / "metrics.json")
        peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"prepare: {metrics['times_real_time']:.0f} times real time, peak memory {peak_gib:.2f} GiB")
        records = Records(out)
        parts = [(records, frozenset(row.id for row in records.rows))]
        for chunk_frames in (0, 512, 128):
            batches = unlabelled_batches(
                parts, ahead=1, batch_size=32, batch_frames=16384, chunk_frames=chunk_frames, seed=0
            )
            rates = []
            for _ in range(arguments.epochs + 1):
                started = time.perf_counter()
                frames = sum(int(weight.sum()) for _, _, weight in batches.as_numpy_iterator())
                rates.append(frames / (time.perf_counter() - started))
            print(
                f"dataset, chunks of {chunk_frames or 'any'} frames: {statistics.median(rates[1:]) / 1e6:.2f} M frames/s"
            )


if __name__ == "__main__":
    main()
