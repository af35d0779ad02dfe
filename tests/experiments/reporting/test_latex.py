import pytest

from ser_fop.experiments.reporting.latex import escape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & 5 % of #1", r"a\_b \& 5 \% of \#1"),
        ("3 ± 1", r"3 $\pm$ 1"),
        ("\\x{y}", r"\textbackslash{}x\{y\}"),
    ],
)
def test_nothing_is_read_as_a_command(text, expected):
    assert escape(text) == expected
