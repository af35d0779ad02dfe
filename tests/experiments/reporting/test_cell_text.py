import pytest

from ser_fop.experiments.reporting import cell_text

INTERVAL = {"low": 0.5, "high": 0.625}


@pytest.mark.parametrize(("p", "stars"), [(0.0005, "***"), (0.001, "**"), (0.01, "*"), (0.05, "")])
def test_stars(p, stars):
    assert cell_text.stars(p) == stars


def test_one_repeat_has_no_deviation():
    alone = {"mean": 0.555, "deviation": None, "over_speakers": INTERVAL}
    several = {"mean": 0.555, "deviation": 0.01, "over_speakers": INTERVAL}
    assert cell_text.percent({"wa": alone}) == "55.50 [50.0, 62.5]"
    assert cell_text.percent({"wa": several}) == "55.50 ± 1.00 [50.0, 62.5]"
    assert cell_text.both({"wa": several, "ua": alone}) == "55.50 ± 1.00 [50.0, 62.5] (55.50)"


def test_what_a_figure_must_not_be_taken_for_stands_beside_it():
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
def test_how_many_repeats_stand_behind_cells(figures, text):
    assert cell_text.repeats(*figures) == text


def test_what_was_not_run_says_so():
    assert cell_text.percent({}) == cell_text.both({}) == cell_text.NOT_RUN
