def test_the_figures_of_the_readme_are_those_kept(script):
    module = script("update_results")
    readme = (module.ROOT / "README.md").read_text(encoding="utf-8")
    assert module.update(readme) == readme, "run `python docs/update_results.py`"


def test_a_figure_typed_by_hand_would_be_seen(script):
    module = script("update_results")
    readme = (module.ROOT / "README.md").read_text(encoding="utf-8")
    assert module.update(readme.replace(module.START, module.START + "\n99.9")) == readme
