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
        Contender(
            name="env", setup=tiny.reads_variable, options={"variable": "TINY"}, environment={"TINY": "5"}, warmups=0
        ),
    ]
    comparison = compare("key", "title", contenders, unit="things / s", rounds=2, whole=7.0)
    return comparison, {one.name: one for one in comparison.measurements}, log.read_text()


def test_contenders_take_turns_after_warmup(found):
    _, _, log = found
    assert log == "a" + "bb" + "axb" + "ab"


def test_each_round_has_rate_and_ratio(found):
    comparison, by_name, _ = found
    assert (comparison.key, comparison.unit, comparison.whole) == ("key", "things / s", 7.0)
    assert [len(by_name[name].rates) for name in "ab"] == [2, 2]
    assert len(comparison.ratios(by_name["b"])) == 2
    assert min(by_name["a"].rates) > 0
    assert by_name["a"].peak_gib > 0


def test_missing_package_is_reported(found):
    assert found[1]["none"].missing == "not installed: a_library_that_nobody_has"
    assert found[1]["none"].rates == []


def test_exception_is_reported_and_others_continue(found):
    assert found[1]["x"].missing == "ValueError: no more"


def test_dead_process_is_reported(found):
    assert found[1]["dies"].missing == "its process died"


def test_contender_has_own_environment(found):
    assert found[1]["env"].missing == ""
