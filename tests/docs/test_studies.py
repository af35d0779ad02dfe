def test_generated_block_matches_stored_studies(script):
    module = script("update_studies")
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.update(page) == page, "run `python docs/update_studies.py`"


def test_page_shows_every_study_and_update_removes_manual_figure(script):
    module = script("update_studies")
    page = module.PAGE.read_text(encoding="utf-8")
    for path in module.STUDIES.glob("*.json"):
        for name in module.tables_of(path.stem):
            mark = f"<!-- {name} -->"
            assert mark in page
            assert module.update(page.replace(mark, mark + "\n99.9")) == page


def test_parts_of_a_study_contain_all_its_trials(script):
    module = script("study_parts")
    for study, parts in module.PARTS.items():
        found = {options for part in parts for options in module.part_of(study, part)}
        assert found == module.trials_of(study).keys()


def test_skills_are_sorted_with_one_line_per_setting(script):
    trial = {"untrained_skill": -1.5, "epochs": 20, "minutes": 4.0, "parameters": 1000, "skill_by_horizon": {}}
    trials = [{**trial, "skill": skill} for skill in (0.1, 0.125)]
    several = [{**trial, "skill": 0.3, "skill_by_horizon": {"1": 0.2, "5": 0.4}}]
    lines = script("update_studies")._skills({"few": trials, "several": several})
    assert lines[2:] == [
        "| `several` | 1 ahead +0.200 / 5 ahead +0.400 | -1.50 | 20 | 4 | 1,000 |",
        "| `few` | +0.100, +0.125 | -1.50 | 20, 20 | 4 | 1,000 |",
    ]


def test_transductive_row_is_marked(script):
    trial = {"feature": "h1", "wa": 0.5, "seed": 0, "skill": 0.1, "minutes_of_pretraining": 4.0, "parameters": 1000}
    trials = {"seen": [{**trial, "transductive": True}], "unseen": [{**trial, "wa": 0.25, "transductive": False}]}
    assert script("update_studies")._features(trials)[2:] == [
        "| `seen` (transductive) | +0.100 | 50.0 | 50.0 | 4 | 1,000 |",
        "| `unseen` | +0.100 | 25.0 | 25.0 | 4 | 1,000 |",
    ]
