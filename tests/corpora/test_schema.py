import dataclasses

from ser_fop.corpora.schema import UTTERANCES, Row, read_rows, write_rows


def test_read_rows_restores_written_rows(tmp_path):
    full = Row(
        id='a "b", ü',
        shard=1,
        frames=7,
        duration_s=0.0925,
        speaker="s",
        session="1",
        gender="F",
        style="read",
        label="sad",
        annotation="sadness, deep",
        file="x/y.wav",
        start_s=1.25,
        end_s=2.5,
    )
    rows = [full, Row(id="c", shard=0, frames=1, duration_s=1.0, speaker="t")]
    write_rows(tmp_path / UTTERANCES, rows)
    first, second = read_rows(tmp_path / UTTERANCES)
    assert float(first.end_s) == 2.5
    assert dataclasses.replace(first, end_s=2.5) == full
    assert second == rows[1]


def test_read_rows_restores_further_columns(tmp_path):
    """A column may have the name that the label once had."""
    rows = [
        Row(
            id="a",
            shard=0,
            frames=1,
            duration_s=1.0,
            speaker="s",
            label="go",
            columns=(("emotion", "sad"), ("age", "7")),
        ),
        Row(id="b", shard=0, frames=1, duration_s=1.0, speaker="s", label="go", columns=(("emotion", "calm"),)),
    ]
    write_rows(tmp_path / UTTERANCES, rows)
    first, second = read_rows(tmp_path / UTTERANCES)
    assert first.columns == rows[0].columns
    assert second.columns == (("emotion", "calm"), ("age", ""))
