"""Keep the search of docs/tuning.md: `python docs/update_tuning.py [RUN COMMAND]`.

With a finished folder of `ser-fop tune` and the command that made it, its trials are kept in
`docs/searches/ravdess.json`. Then the page's table is written anew from that file.
"""

import json
import sys
from pathlib import Path

from ser_fop.artifacts import machine, read_json, versions
from ser_fop.tuning.trials import to_rows, told_in_words

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "docs" / "searches" / "ravdess.json"
PAGE = ROOT / "docs" / "tuning.md"
START, END = "<!-- search -->", "<!-- /search -->"


def keep(run: Path, command: str) -> None:
    """Write `docs/searches/ravdess.json`."""
    told = read_json(run / "trials.json")
    kept = {"command": command, "machine": machine(), "versions": versions(), **told}
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def render() -> str:
    """Return the table and what it says."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    header, rows = to_rows(kept["all"], task="finetuning")
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]
    of = kept["machine"]
    origin = (
        f"`{kept['command']}`, on {of['processor']}, {of['cores']} cores; TensorFlow {kept['versions']['tensorflow']}."
    )
    return "\n".join([origin, "", *lines, "", " ".join(told_in_words(kept))])


def update(page: str) -> str:
    """Return the page with its table written anew."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{render()}\n{END}{after}"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        keep(Path(sys.argv[1]), sys.argv[2])
    elif len(sys.argv) != 1:
        raise SystemExit(__doc__)
    PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
