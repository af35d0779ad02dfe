import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.registry import get_corpus
from ser_fop.corpora.summary import summarize
from ser_fop.testing.fake_corpora import fake_csv, fake_iemocap, fake_ravdess, fake_vctk_092
from ser_fop.testing.shared_data import require_shared
from ser_fop.testing.tones import write_voice


def lines_of(name, folder, *, manifest=None, jobs=2):
    corpus = get_corpus(name)
    listing = corpus.read(folder, ReadOptions(manifest=manifest))
    return summarize(corpus, listing, folder=folder, jobs=jobs)


def fields_of(lines):
    """Return the lines by their first word, without the title and the list of problems."""
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:] if not line.startswith(" ")}


def write_corpus(tmp_path, **segments):
    """Write two files of 1 s. `segments` are extra columns of the first one, such as its start and end."""
    rows = [
        {"file": "a.wav", "speaker": "anna", "emotion": "glad", **segments},
        {"file": "b.wav", "speaker": "bert", "emotion": "", "gender": "M"},
    ]
    return fake_csv(tmp_path, rows=rows)


def test_summarize_labelled_corpus_with_sessions(tmp_path):
    lines = lines_of("iemocap", fake_iemocap(tmp_path, sessions=(1, 2), seconds=0.6))
    assert lines[0] == "IEMOCAP (by request from USC SAIL, not redistributable)"
    assert fields_of(lines) == {
        "utterances": "24",
        "hours": "0.00",
        "duration": "0.60 s shortest, 0.60 s median, 0.60 s longest",
        "speakers": "4 (F 2, M 2)",
        # The order is that of the classes, not alphabetical.
        "labelled": "18 (ang 4, hap 6, sad 4, neu 4)",
        "sessions": "Ses01 12, Ses02 12",
        "styles": "improvised 16, scripted 8",
        "problems": "0",
    }
    assert lines[-1] == "problems    0"


def test_summarize_unlabelled_corpus(tmp_path):
    lines = lines_of("vctk", fake_vctk_092(tmp_path))
    fields = fields_of(lines)
    assert fields["labelled"] == "0"
    assert fields["speakers"] == "6 (F 4, M 2)"
    assert "sessions" not in fields
    assert fields["problems"] == "1"
    assert lines[-1] == "  wav48_silence_trimmed/p226/p226_002_mic2.flac: has no mic1 recording; skipped"


def test_summarize_csv_corpus(tmp_path):
    manifest = write_corpus(tmp_path)
    fields = fields_of(lines_of("csv", tmp_path / "audio", manifest=manifest))
    assert fields["speakers"] == "2 (M 1, unknown 1)"
    assert fields["labelled"] == "1 (glad 1)"
    assert "sessions" not in fields
    assert "styles" not in fields


def test_summarize_counts_duration_of_segments(tmp_path):
    manifest = write_corpus(tmp_path, start="0.25", end="0.5")
    fields = fields_of(lines_of("csv", tmp_path / "audio", manifest=manifest))
    assert fields["duration"] == "0.25 s shortest, 1.00 s median, 1.00 s longest"


def test_summarize_segment_up_to_end_of_file(tmp_path):
    manifest = write_corpus(tmp_path, start="0.25")
    fields = fields_of(lines_of("csv", tmp_path / "audio", manifest=manifest))
    assert fields["duration"] == "0.75 s shortest, 1.00 s median, 1.00 s longest"


@pytest.mark.parametrize("segments", [{"start": "5"}, {"start": "5", "end": "6"}])
def test_summarize_segment_beyond_end_of_file_is_a_problem(tmp_path, segments):
    lines = lines_of("csv", tmp_path / "audio", manifest=write_corpus(tmp_path, **segments))
    assert fields_of(lines)["problems"] == "1"
    assert fields_of(lines)["duration"] == "1.00 s shortest, 1.00 s median, 1.00 s longest"


def test_summarize_hours(tmp_path):
    for number in range(1, 5):
        write_voice(tmp_path / f"03-01-0{number}-01-01-01-01.wav", rate_hz=100, seconds=900)
    fields = fields_of(lines_of("ravdess", tmp_path))
    assert fields["hours"] == "1.00"
    assert fields["duration"].endswith("900.00 s longest")


def test_summarize_invalid_files_are_listed_without_duration(tmp_path):
    root = fake_ravdess(tmp_path, actors=(1,), odd_cases=False)
    (root / "Actor_01" / "03-01-01-01-01-01-01.wav").write_bytes(b"")
    (root / "Actor_01" / "03-01-02-01-01-01-01.wav").write_text("no sound")
    lines = lines_of("ravdess", root)
    fields = fields_of(lines)
    assert (fields["utterances"], fields["problems"]) == ("8", "2")
    assert fields["duration"] == "0.40 s shortest, 0.40 s median, 0.40 s longest"
    assert lines[-2] == "  Actor_01/03-01-01-01-01-01-01.wav: is an empty file"
    assert lines[-1].startswith("  Actor_01/03-01-02-01-01-01-01.wav: is not audio that can be read")


def test_summarize_only_invalid_files(tmp_path):
    (tmp_path / "03-01-01-01-01-01-01.wav").write_bytes(b"")
    fields = fields_of(lines_of("ravdess", tmp_path))
    assert (fields["hours"], fields["problems"]) == ("0.00", "1")
    assert "duration" not in fields


@pytest.mark.parametrize("jobs", [0, 1, 5])
def test_summarize_does_not_depend_on_number_of_threads(tmp_path, jobs):
    root = fake_ravdess(tmp_path, actors=(1, 2))
    assert lines_of("ravdess", root, jobs=jobs) == lines_of("ravdess", root)


def test_summarize_real_ravdess():
    fields = fields_of(lines_of("ravdess", require_shared("RAVDESS-speech")))
    assert fields["hours"] == "1.48"
    assert fields["duration"].startswith("2.94 s shortest")
    assert fields["speakers"] == "24 (F 12, M 12)"
    assert fields["problems"] == "0"
