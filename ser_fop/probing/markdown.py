"""The tables of a probe in Markdown, for model cards and pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from ser_fop.probing.names import START_TITLES, task_title


def probe_tables(probed: Mapping[str, Any]) -> str:
    """Return the gains and the scores of a probe.

    Args:
        probed: Content of `probe.json` of `ser-fop probe`.
    """
    corpora = list(dict.fromkeys(score["corpus"] for score in probed["scores"]))
    gains = [_gain_cells(gain, corpora) for gain in probed["gains"]]
    systems: dict[str, dict[str, float]] = {}
    for score in probed["scores"]:
        name = f"{score['network']}, {START_TITLES[score['start']]}: {task_title(score['task'])}"
        systems.setdefault(name, {})[score["corpus"]] = score["ua"]
    rows = [[name, *(_percent(found, corpus) for corpus in corpora)] for name, found in systems.items()]
    rows.append(["chance", *(_percent(probed["chance"], corpus) for corpus in corpora)])
    gain = "gain in UA over the untrained twin, points [95 % over speakers]"
    return "\n".join(
        [*_table(["network", "measured by", gain, "p", *corpora], gains), "", *_table(["UA, %", *corpora], rows)]
    )


def _gain_cells(gain: Mapping[str, Any], corpora: Sequence[str]) -> list[str]:
    pooled = gain["pooled"]
    interval = pooled["interval"]
    ends = f" [{100 * interval['low']:+.1f}, {100 * interval['high']:+.1f}]" if interval else ""
    by_corpus = [f"{100 * pooled['by_corpus'][name]:+.1f}" if name in pooled["by_corpus"] else "" for name in corpora]
    cells = [gain["network"], task_title(gain["task"]), f"{100 * pooled['difference']:+.1f}{ends}"]
    return [*cells, f"{pooled['p_sign_flip']:.2g}", *by_corpus]


def _percent(shares: Mapping[str, float], corpus: str) -> str:
    return f"{100 * shares[corpus]:.1f}" if corpus in shares else ""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
