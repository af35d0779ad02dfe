def test_the_figures_of_the_page_are_those_kept(script):
    module = script("update_tuning")
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.update(page) == page, "run `python docs/update_tuning.py`"
    assert module.update(page.replace(module.START, module.START + "\n99.9")) == page
