import pytest


def test_generated_block_matches_stored_searches(script):
    module = script("update_tuning")
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.update(page) == page, "run `python docs/update_tuning.py`"
    names = [path.stem for path in module.SEARCHES.glob("*.json")]
    assert names
    for name in names:
        assert module.update(page.replace(f"<!-- {name} -->", f"<!-- {name} -->\n99.9")) == page


@pytest.mark.parametrize("space", ["ravdess_wide", "ravdess_narrow"])
def test_search_has_twelve_trials_of_its_space(script, space):
    module = script("update_tuning")
    search = module.json.loads((module.SEARCHES / f"{space}.json").read_text(encoding="utf-8"))
    assert f"--space pipelines/spaces/{space}.yaml" in search["command"]
    assert sum(trial["status"] == "completed" for trial in search["all"]) >= 12
    declared = (module.ROOT / "pipelines" / "spaces" / f"{space}.yaml").read_text(encoding="utf-8")
    for trial in search["all"]:
        assert all(f"{name}:" in declared for name in trial["values"] if "." in name)
