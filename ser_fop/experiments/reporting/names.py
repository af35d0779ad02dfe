"""Names of the rows of the tables, with `{corpus}` and `{unlabelled}` for the titles of the corpora."""

from collections.abc import Mapping
from typing import Any

SETTINGS = {
    "none": "no pretraining",
    "unlabelled": "pre-trained on {unlabelled}",
    "in_corpus": "pre-trained on {corpus}, without its test speakers",
}
# The paper's pretraining in the same row.
PAPER_SETTINGS = {"none": "no pretraining", "unlabelled": "VCTK", "in_corpus": "IEMOCAP, with the test speakers"}
SOURCES = {
    "none": "no network",
    "in_corpus": "pre-trained on {corpus}",
    "unlabelled": "pre-trained on {unlabelled}",
    "untrained": "control: same network, untrained",
}
SYSTEMS = {"hypercolumns": "FOP + Hypercolumns (h_concat, A-LSTM)", "finetuning": "FOP + Fine-tuning"}


def named(template: str, tables: Mapping[str, Any]) -> str:
    """Return a name with the titles of the corpora.

    Args:
        template: Name with `{corpus}` and `{unlabelled}`.
        tables: Result of `collect_tables`.
    """
    second = tables["unlabelled"]
    return template.format(
        corpus=tables["corpus"]["title"], unlabelled=second["title"] if second else "a second corpus"
    )
