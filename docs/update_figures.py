"""Write the figures in prose and the table of the README again: `python docs/update_figures.py`.

`docs/figures.py` explains the marks `<!--=QUERY-->..<!--/-->` around a figure.
"""

import re
from pathlib import Path

from figures import figure, result
from marks import between

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"<!--=([^>]*?)-->(.*?)<!--/-->", re.DOTALL)
# Rows of the README's table: the text, and the place of the scores in a stored result.
_EIGHT, _FOUR = "8 emotions", "4 emotions"
_ROWS = (
    ("Fine-tuning from scratch", _EIGHT, "table1", "ravdess_repeats", "none"),
    ("Fine-tuning, pretrained on 1.7 h of LibriSpeech", _EIGHT, "table1", "ravdess_repeats", "unlabelled"),
    ("SVM on hidden states, untrained network", _EIGHT, "table2", "ravdess_repeats", "untrained"),
    ("SVM on hidden states, pretrained on 1.7 h of LibriSpeech", _EIGHT, "table2", "ravdess_repeats", "unlabelled"),
    ("Fine-tuning, pretrained on the training speakers", _FOUR, "systems", "ravdess_systems", "finetune-in_corpus"),
    ("The same with an attention LSTM", _FOUR, "systems", "ravdess_systems", "finetune-fop_attention_lstm"),
)
_KEYS = {"table1": "setting", "table2": "network", "systems": "cell"}


def pages() -> list[Path]:
    """Return all pages that may state figures."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def headline() -> str:
    """Return six rows of results with their intervals."""
    lines = ["| system | test | UA % [95 % over speakers] | chance | repeats |", "|---|---|---|---|---|"]
    for name, test, table, stored, key in _ROWS:
        found = result(stored)
        row = next(row for row in found[table] if row[_KEYS[table]] == key and row.get("feature") in (None, "h_concat"))
        scores = row.get("cross_validation") or row
        scores = scores["svm"] if table == "table2" else scores
        ua, ends = 100 * scores["ua"]["mean"], scores["ua"]["over_speakers"]
        chance = 100 / len(found["corpus"]["labels"])
        interval = f"[{100 * ends['low']:.1f}, {100 * ends['high']:.1f}]"
        lines.append(f"| {name} | {test} | {ua:.1f} {interval} | {chance:.1f} | {scores['repeats']} |")
    return "\n".join(lines)


def update(text: str) -> str:
    """Return the text of a page with its figures and the table written again."""
    text = MARKED.sub(lambda found: f"<!--={found[1]}-->{figure(found[1])}<!--/-->", text)
    return between(text, "headline", headline)


if __name__ == "__main__":
    for path in pages():
        path.write_text(update(path.read_text(encoding="utf-8")), encoding="utf-8")
