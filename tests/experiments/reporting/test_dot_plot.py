import xml.etree.ElementTree as ElementTree

from ser_fop.experiments.reporting.dot_plot import Dot, dot_plot

ROWS = [
    Dot(name="ours", value=61.25, low=55.0, high=67.0, mark=70.0),
    Dot(name="a control with a name of many words, which does not fit on one line", value=40.0, control=True),
]


def test_dot_plot_shows_names_and_values_of_all_rows():
    text = dot_plot(ROWS, reference=25.0, label="WA, %")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    for shown in (">ours<", ">61.2<", ">40.0<", "does not fit"):
        assert shown in text
    assert text == dot_plot(ROWS, reference=25.0, label="WA, %")


def test_dot_plot_marks_only_rows_with_a_mark():
    hollow = "fill: none; stroke: #444444"
    assert hollow in dot_plot(ROWS[:1], reference=25.0, label="WA, %").replace("fill-opacity: 0", "fill: none")
    assert hollow not in dot_plot(ROWS[1:], reference=25.0, label="WA, %")


def test_differences_have_a_sign():
    assert ">+61.2<" in dot_plot(ROWS[:1], reference=0.0, label="points")
