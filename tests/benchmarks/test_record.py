import json

from benchmarks.record import read_record, write_record
from tests.benchmarks.made_up import comparison


def test_record_has_figures_and_provenance(tmp_path):
    path = tmp_path / "results.json"
    write_record({"stage": [comparison(peer=(5.0, 6.0, 5.5))]}, command="the command", path=path)
    entry = read_record(path)["speed"]
    assert (entry["stage"], entry["title"], entry["unit"], entry["rounds"]) == ("stage", "things", "things / s", 3)
    assert entry["command"] == "the command"
    assert entry["machine"]["cores"] >= 1
    assert {"python", "numpy", "tensorflow"} <= set(entry["versions"])
    ours, peer = entry["rows"]
    assert ours == {"name": "ours", "rate": {"median": 11.0, "min": 10.0, "max": 12.0}, "peak_gib": 0.25}
    assert peer["ratio"] == {"median": 2.0, "min": 2.0, "max": 2.0}


def test_record_replaces_only_measured_comparisons(tmp_path):
    path = tmp_path / "results.json"
    write_record({"one": [comparison(key="a"), comparison(key="b")]}, command="first", path=path)
    write_record({"one": [comparison(key="b")]}, command="second", path=path)
    assert {key: value["command"] for key, value in read_record(path).items()} == {"a": "first", "b": "second"}


def test_failed_measurement_replaces_nothing(tmp_path):
    path = tmp_path / "results.json"
    write_record({"one": [comparison()]}, command="first", path=path)
    write_record({"one": [comparison(ours="ValueError: no")]}, command="second", path=path)
    assert read_record(path)["speed"]["command"] == "first"


def test_missing_peer_is_recorded_as_missing(tmp_path):
    path = tmp_path / "results.json"
    write_record({"one": [comparison(peer="not installed: torch")]}, command="first", path=path)
    assert json.loads(path.read_text())["speed"]["rows"][1] == {"name": "peer", "missing": "not installed: torch"}


def test_missing_record_is_empty(tmp_path):
    assert read_record(tmp_path / "results.json") == {}
