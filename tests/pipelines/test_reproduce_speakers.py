"""`reproduce --task speaker`: the tables of the paper for speakers, and the table of their identification."""

import json

import pytest
import yaml
from ser_fop.pipelines import reproduce

from ser_fop.experiments.reporting.speakers import FINE_TUNED
from ser_fop.testing.fake_corpora import fake_csv
from tests.pipelines.test_reproduce import CONFIG
from tests.stages import eager_steps

ROWS = [
    {"file": f"{speaker}/{number}.wav", "speaker": speaker}
    for speaker in ("anna", "bert", "carl", "dora", "emil", "fred")
    for number in range(10)
]


@pytest.mark.slow  # a whole experiment
def test_speakers_are_identified_and_verified(tmp_path, monkeypatch):
    manifest = fake_csv(tmp_path, rows=ROWS)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({**CONFIG, "cross_validation": True}))
    monkeypatch.setattr(reproduce, "measure_rates", lambda *_, **__: {"transformer": 1e4, "lstm": 1e4})
    corpus = ["--corpus", "csv", "--audio-dir", str(tmp_path / "audio"), "--manifest", str(manifest)]
    with eager_steps():
        arguments = ["--config", str(tmp_path / "c.yaml"), *corpus, "--task", "speaker", "--out", str(tmp_path / "out")]
        assert reproduce.main(arguments) == 0
    tables = json.loads((tmp_path / "out" / "report" / "tables.json").read_text())
    assert tables["corpus"]["target"] == "speaker"
    assert {(row["network"], row["feature"]) for row in tables["speakers"]} == {
        ("none", "F"),
        *((network, feature) for network in ("in_corpus", "untrained") for feature in ("h1", "h_add", "h_concat")),
        *((network, FINE_TUNED) for network in ("none", "in_corpus")),
    }
    verified = [row for row in tables["speakers"] if row["feature"] != FINE_TUNED]
    assert all(0 <= row["eer"]["mean"] <= 1 for row in verified)
    assert tables["table1"][0]["paper_wa"] is None
    page = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "The paper has no such figures" in page
    assert "IEMOCAP" not in page
