"""Write a manifest that divides each recording into halves: `python accent_halves.py METADATA.csv MANIFEST.csv`.

The Speech Accent Archive has one recording of each speaker, of one paragraph. The first half of ten seconds trains (its last
quarter validates), and the second half is tested: other words, but the same session, so the room helps the classifier.
"""

import csv
import sys
from pathlib import Path

_PARTS = (("train", 0.0, 3.75), ("validation", 3.75, 5.0), ("test", 5.0, ""))


def write_halves(metadata: Path, manifest: Path) -> None:
    """Write three rows for each recording: file, speaker, start and end in seconds, and split.

    Args:
        metadata: CSV file with the columns file and speaker.
        manifest: CSV file to write.
    """
    with metadata.open(encoding="utf-8", newline="") as source, manifest.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["file", "speaker", "start", "end", "split"])
        for row in csv.DictReader(source):
            rows.writerows([row["file"], row["speaker"], start_s, end_s, part] for part, start_s, end_s in _PARTS)


if __name__ == "__main__":
    write_halves(Path(sys.argv[1]), Path(sys.argv[2]))
