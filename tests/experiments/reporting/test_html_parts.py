from ser_fop.experiments.reporting.html_parts import table


def test_table_keeps_each_figure_on_one_line():
    """Lines break between a figure and its interval, but not within them; other text is unchanged."""
    cell = "66.59 ± 0.95 [62.1, -71.1] (65.23 ± 0.37), p 0.2, by chance"
    (found,) = table(["a"], [[cell]]).split("<td>")[1:]
    figures = "66.59\u00a0±\u00a00.95 [62.1,\u00a0-71.1] (65.23\u00a0±\u00a00.37), p\u00a00.2, by chance"
    assert found.split("</td>")[0] == figures


def test_table_of_many_columns_is_wide():
    assert 'class="scroll wide"' in table(["a"] * 9, [["b"] * 9])
    assert 'class="scroll"' in table(["a"] * 8, [["b"] * 8])


def test_table_escapes_text():
    assert "<td>a &lt;b&gt; &amp;</td>" in table(["x"], [["a <b> &"]])
