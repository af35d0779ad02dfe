import pytest


def test_the_figures_of_the_page_are_those_kept(script):
    module = script("update_tuning")
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.update(page) == page, "run `python docs/update_tuning.py`"
    names = [path.stem for path in module.SEARCHES.glob("*.json")]
    assert names
    for name in names:
        assert module.update(page.replace(f"<!-- {name} -->", f"<!-- {name} -->\n99.9")) == page


@pytest.mark.parametrize("space", ["ravdess_wide", "ravdess_narrow"])
def test_a_search_of_the_page_has_twelve_trials_of_the_space_it_names(script, space):
    module = script("update_tuning")
    kept = module.json.loads((module.SEARCHES / f"{space}.json").read_text(encoding="utf-8"))
    assert f"--space pipelines/spaces/{space}.yaml" in kept["command"]
    assert sum(trial["status"] == "completed" for trial in kept["all"]) >= 12
    declared = (module.ROOT / "pipelines" / "spaces" / f"{space}.yaml").read_text(encoding="utf-8")
    for trial in kept["all"]:
        assert all(f"{name}:" in declared for name in trial["values"] if "." in name)
