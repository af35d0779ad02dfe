def test_the_figures_of_the_page_are_those_kept(script):
    module = script("update_studies")
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.update(page) == page, "run `python docs/update_studies.py`"


def test_every_study_is_on_the_page_and_a_figure_typed_by_hand_would_be_seen(script):
    module = script("update_studies")
    page = module.PAGE.read_text(encoding="utf-8")
    for path in module.STUDIES.glob("*.json"):
        mark = f"<!-- {path.stem} -->"
        assert mark in page
        assert module.update(page.replace(mark, mark + "\n99.9")) == page
