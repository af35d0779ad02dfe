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


def test_pretrainings_alone_have_a_line_for_each_way_the_most_skill_first(script):
    trial = {"untrained_skill": -1.5, "epochs": 20, "minutes": 4.0, "parameters": 1000, "skill_by_horizon": {}}
    held = [{**trial, "skill": skill} for skill in (0.1, 0.125)]
    several = [{**trial, "skill": 0.3, "skill_by_horizon": {"1": 0.2, "5": 0.4}}]
    lines = script("update_studies")._skills({"few": held, "several": several})
    assert lines[2:] == [
        "| `several` | 1 ahead +0.200 / 5 ahead +0.400 | -1.50 | 20 | 4 | 1,000 |",
        "| `few` | +0.100, +0.125 | -1.50 | 20, 20 | 4 | 1,000 |",
    ]


def test_what_heard_its_test_speakers_unlabelled_is_stamped(script):
    trial = {"feature": "h1", "wa": 0.5, "seed": 0, "skill": 0.1, "minutes_of_pretraining": 4.0, "parameters": 1000}
    held = {"told": [{**trial, "transductive": True}], "not": [{**trial, "wa": 0.25, "transductive": False}]}
    assert script("update_studies")._features(held)[2:] == [
        "| `told` (transductive) | +0.100 | 50.0 | 4 | 1,000 |",
        "| `not` | +0.100 | 25.0 | 4 | 1,000 |",
    ]
