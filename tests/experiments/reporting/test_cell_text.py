import pytest

from ser_fop.experiments.reporting import cell_text

INTERVAL = {"low": 0.5, "high": 0.625}


@pytest.mark.parametrize(("p", "stars"), [(0.0005, "***"), (0.001, "**"), (0.01, "*"), (0.05, "")])
def test_stars_of_p_values(p, stars):
    assert cell_text.stars(p) == stars


def test_percent_of_one_repeat_has_no_standard_deviation():
    single = {"mean": 0.555, "deviation": None, "over_speakers": INTERVAL}
    several = {"mean": 0.555, "deviation": 0.01, "over_speakers": INTERVAL}
    assert cell_text.percent({"wa": single}) == "55.50 [50.0, 62.5]"
    assert cell_text.percent({"wa": several}) == "55.50 ± 1.00 [50.0, 62.5]"
    assert cell_text.both({"wa": several, "ua": single}) == "55.50 ± 1.00 [50.0, 62.5] (55.50)"


def test_both_adds_warnings_to_figures():
    figures = {key: {"mean": 0.5, "deviation": None} for key in ("wa", "ua")}
    stamped = {**figures, "transductive": True, "selected_on": "test"}
    assert cell_text.both(stamped) == "50.00 (50.00), transductive, SELECTED ON TEST"
    assert cell_text.both({**figures, "transductive": False, "selected_on": "validation"}) == "50.00 (50.00)"


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ([{"repeats": 20}, {"repeats": 20}, {"repeats": 20}], "20"),
        ([{"repeats": 20}, {"repeats": 20}, {"repeats": 1}], "20 / 20 / 1"),
        ([{"repeats": 3}, {}], "3 / 0"),
        ([{}, {}], "0"),
    ],
)
def test_repeats_are_joined_unless_equal(figures, text):
    assert cell_text.repeats(*figures) == text


def test_missing_figures_are_formatted_as_not_run():
    assert cell_text.percent({}) == cell_text.both({}) == cell_text.NOT_RUN
