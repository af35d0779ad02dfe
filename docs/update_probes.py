"""Update the tables and plots of probes in the studies page: `python docs/update_probes.py [PROBE NAME COMMAND]`.

PROBE is a finished folder of `ser-fop probe`, COMMAND the command that wrote it. Its figures are stored in
`docs/probes/probe_NAME.json`. The page is then updated: the table between the marks `probe_NAME`, and the plot
`probe_NAME.svg` of the gains.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plot_files
from marks import between

from ser_fop.experiments.reporting.dot_plot import Dot, dot_plot
from ser_fop.probing.markdown import probe_tables
from ser_fop.probing.names import task_title

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "lab-notebook" / "studies.md"
RESULTS = ROOT / "docs" / "probes"
_KIND = "probe_"


def keep(probe: Path, name: str, command: str) -> None:
    """Write `docs/probes/probe_NAME.json`."""
    figures = json.loads((probe / "probe.json").read_text(encoding="utf-8"))
    text = json.dumps({"command": command, **figures}, indent=1, ensure_ascii=False) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{_KIND}{name}.json").write_text(text, encoding="utf-8")


def stored() -> dict[str, dict[str, Any]]:
    """Return the figures of all stored probes, by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob(f"{_KIND}*.json"))}


def table(figures: Mapping[str, Any]) -> str:
    """Return the command, the gains and the scores as Markdown."""
    return f"`{figures['command']}`, {figures['facts']['machine']}.\n\n{probe_tables(figures)}"


def plots() -> dict[str, str]:
    """Return the plot of each stored probe, by name."""
    return {name: _gain_plot(figures["gains"]) for name, figures in stored().items()}


def _gain_plot(gains: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for gain in gains:
        interval = gain["pooled"]["interval"] or {}
        ends = {end: 100 * interval[end] for end in ("low", "high") if end in interval}
        title = f"{gain['network']}: {task_title(gain['task'])}"
        rows.append(Dot(name=title, value=100 * gain["pooled"]["difference"], **ends))
    return dot_plot(rows, reference=0.0, label="gain in UA over the untrained twin, points")


def main() -> None:
    """Store a probe if one is given; update the page and the plots."""
    if len(sys.argv) not in (1, 4):
        raise SystemExit(__doc__)
    if len(sys.argv) == 4:
        keep(Path(sys.argv[1]), *sys.argv[2:])
    page = PAGE.read_text(encoding="utf-8")
    for name, figures in stored().items():
        page = between(page, name, lambda figures=figures: table(figures))
    PAGE.write_text(page, encoding="utf-8")
    plot_files.write(plots())


if __name__ == "__main__":
    main()
