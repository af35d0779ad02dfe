"""Update the tables of docs/how-to/tune.md: `python docs/update_tuning.py [RUN NAME COMMAND]`.

RUN is a finished folder of `ser-fop tune`, COMMAND the command that wrote it. Its trials are stored in
`docs/searches/NAME.json`. All tables of the page are then generated from the stored searches.
"""

import functools
import json
import sys
from pathlib import Path

from marks import between

from ser_fop.tuning.trials import describe_search, to_rows
from ser_fop.utils.run_folder import machine, read_json, versions

ROOT = Path(__file__).resolve().parent.parent
SEARCHES = ROOT / "docs" / "searches"
PAGE = ROOT / "docs" / "how-to" / "tune.md"


def keep(run: Path, name: str, command: str) -> None:
    """Write `docs/searches/NAME.json`."""
    trials = read_json(run / "trials.json")
    search = {"command": command, "machine": machine(), "versions": versions(), **trials}
    SEARCHES.mkdir(exist_ok=True)
    (SEARCHES / f"{name}.json").write_text(json.dumps(search, indent=1) + "\n", encoding="utf-8")


def render(path: Path) -> str:
    """Return the command, the table and the description of a stored search, as Markdown."""
    search = json.loads(path.read_text(encoding="utf-8"))
    header, rows = to_rows(search["all"], task="finetuning")
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]
    computer, tensorflow = search["machine"], search["versions"]["tensorflow"]
    origin = f"`{search['command']}`, on {computer['processor']}, {computer['cores']} cores; TensorFlow {tensorflow}."
    return "\n".join([origin, "", *lines, "", " ".join(describe_search(search))])


def update(page: str) -> str:
    """Return the page with its tables generated again."""
    for path in sorted(SEARCHES.glob("*.json")):
        page = between(page, path.stem, functools.partial(render, path))
    return page


if __name__ == "__main__":
    if len(sys.argv) == 4:
        keep(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    elif len(sys.argv) != 1:
        raise SystemExit(__doc__)
    PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
