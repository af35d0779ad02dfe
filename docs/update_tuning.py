"""Keep the searches of docs/tuning.md: `python docs/update_tuning.py [RUN NAME COMMAND]`.

With a finished folder of `ser-fop tune`, a name and the command that made it, its trials are kept in
`docs/searches/NAME.json`. Then the page's tables are written anew from what is kept there.
"""

import functools
import json
import sys
from pathlib import Path

from marks import between

from ser_fop.tuning.trials import to_rows, told_in_words
from ser_fop.utils.run_folder import machine, read_json, versions

ROOT = Path(__file__).resolve().parent.parent
SEARCHES = ROOT / "docs" / "searches"
PAGE = ROOT / "docs" / "tuning.md"


def keep(run: Path, name: str, command: str) -> None:
    """Write `docs/searches/NAME.json`."""
    told = read_json(run / "trials.json")
    kept = {"command": command, "machine": machine(), "versions": versions(), **told}
    SEARCHES.mkdir(exist_ok=True)
    (SEARCHES / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def render(path: Path) -> str:
    """Return a kept search's table and what it says."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    header, rows = to_rows(kept["all"], task="finetuning")
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]
    of = kept["machine"]
    origin = (
        f"`{kept['command']}`, on {of['processor']}, {of['cores']} cores; TensorFlow {kept['versions']['tensorflow']}."
    )
    return "\n".join([origin, "", *lines, "", " ".join(told_in_words(kept))])


def update(page: str) -> str:
    """Return the page with its tables written anew."""
    for path in sorted(SEARCHES.glob("*.json")):
        page = between(page, path.stem, functools.partial(render, path))
    return page


if __name__ == "__main__":
    if len(sys.argv) == 4:
        keep(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    elif len(sys.argv) != 1:
        raise SystemExit(__doc__)
    PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
