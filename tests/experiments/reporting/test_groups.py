import numpy as np
import pytest

from ser_fop.corpora.schema import Row, write_rows
from ser_fop.experiments.reporting.groups import groups
from ser_fop.experiments.reporting.sections import sections
from tests.evaluation.made_up import LABELS, drawn, predictions_of
from tests.experiments.reporting.empty_tables import empty_tables
from tests.experiments.reporting.test_runs import write_run


@pytest.fixture
def written(tmp_path):
    """Two repeats of one system; speakers 0 to 5 are women, with a higher accuracy than the others, who are men."""
    generator = np.random.default_rng(0)
    for seed in (0, 1):
        women, men = (drawn(generator, speakers=6, accuracy=share, spread=0.02) for share in (0.9, 0.6))
        right = np.concatenate([women, men])
        right[7] = False
        predictions = predictions_of(right, seed=seed)
        write_run(tmp_path / f"seed-{seed}" / "finetune-none", predictions)
    rows = [
        Row(id=item.id, shard=0, frames=1, duration_s=1.0, speaker=item.speaker, style="scripted", gender=gender)
        for item in predictions
        for gender in ("F" if item.speaker < "s06" else "M",)
    ]
    write_rows(tmp_path / "utterances.csv", rows)
    return tmp_path


def found_in(folder):
    return groups([folder / "seed-0", folder / "seed-1"], folder / "utterances.csv", LABELS)


def test_groups_contain_scores_of_each_gender(written):
    (row,) = found_in(written)
    women, men = row["groups"]
    assert [(part["kind"], part["name"], part["speakers"]) for part in (women, men)] == [
        ("gender", "F", 6),
        ("gender", "M", 6),
    ]
    assert women["n"] == men["n"] == 180
    assert women["ua"] > 0.85 > 0.65 > men["ua"]
    assert women["over_speakers"]["low"] < women["ua"] < women["over_speakers"]["high"]


def test_groups_of_one_style_exclude_style(written):
    (row,) = found_in(written)
    assert {part["kind"] for part in row["groups"]} == {"gender"}


def test_groups_name_speakers_with_extreme_scores(written):
    (row,) = found_in(written)
    assert row["speakers"]["lowest"] == {"speaker": "s07", "wa": 0.0}
    assert row["speakers"]["highest"]["speaker"] < "s06"
    assert row["speakers"]["n"] == 12


def test_sections_with_groups_show_scores_by_group(written):
    tables = empty_tables(groups=found_in(written))
    ((header, rows),) = ((header, rows) for title, header, rows in sections(tables) if "Scores by group" in title)
    assert header[:3] == ["System", "women (6)", "men (6)"]
    assert rows[0][0] == "fine-tuned, no pretraining"
    assert rows[0][3].startswith("0.0 (s07) to ")
    assert all("Scores by group" not in title for title, _, _ in sections({**tables, "groups": []}))


def test_groups_without_runs_are_empty(written):
    assert groups([], written / "utterances.csv", LABELS) == []
