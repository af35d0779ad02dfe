import pytest

from ser_fop.experiments.reporting.latex import escape, to_latex
from tests.experiments.reporting.empty_tables import empty_tables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & 5 % of #1", r"a\_b \& 5 \% of \#1"),
        ("3 ± 1", r"3 $\pm$ 1"),
        ("\\x{y}", r"\textbackslash{}x\{y\}"),
    ],
)
def test_escape_of_special_characters_returns_plain_text(text, expected):
    assert escape(text) == expected


def test_to_latex_protects_bracket_at_start_of_row(monkeypatch):
    found = [("A_b", ["x", "y %"], [["[1, 2]", "3 ± 1"]])]
    monkeypatch.setattr("ser_fop.experiments.reporting.latex.sections", lambda tables: found)
    tables = empty_tables()
    tables["corpus"]["name"] = "toy"
    text = to_latex(tables)
    assert r"\caption{A\_b}" in text
    assert r"x & y \% \\" in text
    assert r"{}[1, 2] & 3 $\pm$ 1 \\" in text
