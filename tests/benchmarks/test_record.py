import json

from benchmarks.record import read_record, write_record
from tests.benchmarks.made_up import comparison


def test_figures_are_kept_with_how_they_were_made(tmp_path):
    path = tmp_path / "results.json"
    write_record({"stage": [comparison(peer=(5.0, 6.0, 5.5))]}, command="the command", path=path)
    kept = read_record(path)["speed"]
    assert (kept["stage"], kept["title"], kept["unit"], kept["rounds"]) == ("stage", "things", "things / s", 3)
    assert kept["command"] == "the command"
    assert kept["machine"]["cores"] >= 1
    assert {"python", "numpy", "tensorflow"} <= set(kept["versions"])
    ours, peer = kept["rows"]
    assert ours == {"name": "ours", "rate": {"median": 11.0, "min": 10.0, "max": 12.0}, "peak_gib": 0.25}
    assert peer["ratio"] == {"median": 2.0, "min": 2.0, "max": 2.0}


def test_earlier_comparisons_stay_and_those_measured_again_are_replaced(tmp_path):
    path = tmp_path / "results.json"
    write_record({"one": [comparison(key="a"), comparison(key="b")]}, command="first", path=path)
    write_record({"one": [comparison(key="b")]}, command="second", path=path)
    assert {key: value["command"] for key, value in read_record(path).items()} == {"a": "first", "b": "second"}


def test_a_failure_of_ours_replaces_nothing(tmp_path):
    path = tmp_path / "results.json"
    write_record({"one": [comparison()]}, command="first", path=path)
    write_record({"one": [comparison(ours="ValueError: no")]}, command="second", path=path)
    assert read_record(path)["speed"]["command"] == "first"


def test_a_missing_peer_is_kept_as_missing(tmp_path):
    path = tmp_path / "results.json"
    write_record({"one": [comparison(peer="not installed: torch")]}, command="first", path=path)
    assert json.loads(path.read_text())["speed"]["rows"][1] == {"name": "peer", "missing": "not installed: torch"}


def test_nothing_was_recorded_where_there_is_no_file(tmp_path):
    assert read_record(tmp_path / "results.json") == {}
