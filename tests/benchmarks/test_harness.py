import pytest

from benchmarks.harness import Contender, compare
from tests.benchmarks import tiny_contenders as tiny


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    log = tmp_path_factory.mktemp("harness") / "log"
    contenders = [
        Contender(name="a", setup=tiny.writes_its_name, options={"name": "a", "log": log}),
        Contender(name="none", setup=tiny.is_not_installed),
        Contender(name="x", setup=tiny.raises_in_its_second_round, options={"log": log}, warmups=0),
        Contender(name="b", setup=tiny.writes_its_name, options={"name": "b", "log": log}, warmups=2),
        Contender(name="dies", setup=tiny.dies, warmups=0),
        Contender(name="told", setup=tiny.wants, options={"variable": "TOLD"}, environment={"TOLD": "5"}, warmups=0),
    ]
    comparison = compare("key", "title", contenders, unit="things / s", rounds=2, whole=7.0)
    return comparison, {one.name: one for one in comparison.measurements}, log.read_text()


def test_contenders_take_turns_after_their_warm_up_rounds(found):
    _, _, log = found
    assert log == "a" + "bb" + "axb" + "ab"


def test_each_round_gives_a_rate_and_a_ratio(found):
    comparison, by_name, _ = found
    assert (comparison.key, comparison.unit, comparison.whole) == ("key", "things / s", 7.0)
    assert [len(by_name[name].rates) for name in "ab"] == [2, 2]
    assert len(comparison.ratios(by_name["b"])) == 2
    assert min(by_name["a"].rates) > 0
    assert by_name["a"].peak_gib > 0


def test_what_is_not_installed_says_so(found):
    assert found[1]["none"].missing == "not installed: a_library_that_nobody_has"
    assert found[1]["none"].rates == []


def test_what_raises_says_why_and_the_others_go_on(found):
    assert found[1]["x"].missing == "ValueError: no more"


def test_what_dies_says_so(found):
    assert found[1]["dies"].missing == "its process died"


def test_a_process_has_its_own_environment(found):
    assert found[1]["told"].missing == ""
