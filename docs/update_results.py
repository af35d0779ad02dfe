"""Keep the figures of the README: `python docs/update_results.py [RUN NAME COMMAND]`.

With a finished `reproduce` folder, a name and the command that made it, its tables are kept as
`docs/results/NAME.json`, without the paths of the machine. Then the README's results are written anew from all that
is kept there.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ser_fop.reporting.notes import caution
from ser_fop.reporting.sections import sections
from ser_fop.reporting.tables import collect_tables

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
START, END = "<!-- results -->", "<!-- /results -->"
_PATHS = ("out", "audio_dir", "manifest", "unlabelled", "folds", "also", "kept")


def keep(run: Path, name: str, command: str) -> None:
    """Write `docs/results/NAME.json`."""
    tables = collect_tables(run)
    for one in (tables, *tables["presets"].values()):
        one["config"] = {key: value for key, value in one["config"].items() if key not in _PATHS}
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"command": command, **tables}, indent=1, ensure_ascii=False) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def render() -> str:
    """Return the README's results."""
    parts = ["## Results", ""]
    for path in sorted(RESULTS.glob("*.json")):
        parts += _one(json.loads(path.read_text(encoding="utf-8")), path)
    return "\n".join(parts).strip()


def _one(tables: dict[str, Any], path: Path) -> list[str]:
    computer = tables["machine"]
    repeats = f"{tables['repeats']} repeat{'s' if tables['repeats'] > 1 else ''}"
    lines = [
        f"### {tables['corpus']['title']}",
        "",
        f"`{tables['command']}`, {repeats}, {computer['cores']} cores ({computer['processor']});"
        f" from [{path.name}](docs/results/{path.name}). **{caution(tables)}**",
    ]
    if tables.get("note"):
        lines += ["", tables["note"]]
    for title, header, rows in sections(tables):
        lines += [
            "",
            f"{title}.",
            "",
            *("| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)),
        ]
    return [*lines, ""]


def update(readme: str) -> str:
    """Return a README with its results written anew."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{render()}\n{END}{after}"


if __name__ == "__main__":
    if len(sys.argv) == 4:
        keep(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    elif len(sys.argv) != 1:
        raise SystemExit(__doc__)
    page = ROOT / "README.md"
    page.write_text(update(page.read_text(encoding="utf-8")), encoding="utf-8")
