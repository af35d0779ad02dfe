import pytest

from ser_fop.errors import DataWarning, InputError
from ser_fop.inference.inputs import recordings_of
from ser_fop.testing.tones import write_voice


@pytest.mark.parametrize("name", ["", "  ", "a\0b.wav"])
def test_empty_name_is_refused(name):
    with pytest.raises(InputError, match="expected an audio file, a folder, a CSV list or `-`, received"):
        recordings_of([name])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_list_with_backslashes_and_blank_rows_is_read(tmp_path, encoding):
    write_voice(tmp_path / "ä" / "1.wav")
    (tmp_path / "list.csv").write_bytes("file;start;end\r\nä\\1.wav;0,1;0,5\r\n;;\r\n\r\n".encode(encoding))
    (recording,) = recordings_of([str(tmp_path / "list.csv")])
    assert (recording.source, recording.start_s, recording.end_s) == (tmp_path / "ä" / "1.wav", 0.1, 0.5)


def test_file_whose_name_contains_a_backslash_is_read(tmp_path):
    write_voice(tmp_path / "a\\b.wav")
    (tmp_path / "list.csv").write_text("file\na\\b.wav\n")
    (recording,) = recordings_of([str(tmp_path / "list.csv")])
    assert recording.source.is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file\n\n", None),
        ("name\na.wav\n", "expected a column `file`"),
        ("file,start\n,1\n", "row 2 of .*expected a file, received a blank"),
        ("file,start\na.wav,-1\n", "row 2 of .*expected a time in seconds"),
        ("file,start\na.wav\n", "row 2 of .*expected 2 fields"),
    ],
)
def test_wrong_rows_of_a_list_are_refused(tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text)
    if message is None:
        assert recordings_of([str(tmp_path / "list.csv")]) == []
        return
    with pytest.raises(InputError, match=message):
        recordings_of([str(tmp_path / "list.csv")])


def test_audio_of_a_folder_that_is_not_read_is_reported(tmp_path):
    write_voice(tmp_path / "a.wav")
    (tmp_path / "b.raw").write_bytes(bytes(100))
    lines = []
    assert len(recordings_of([str(tmp_path)], report=lines.append)) == 1
    assert len(lines) == 1
    assert "b.raw is audio without a header" in lines[0]
    with pytest.warns(DataWarning, match=r"b\.raw"):
        recordings_of([str(tmp_path)])


def test_folder_without_readable_audio_is_refused(tmp_path):
    (tmp_path / "b.raw").write_bytes(bytes(100))
    with pytest.raises(InputError, match="received none that can be read"), pytest.warns(DataWarning):
        recordings_of([str(tmp_path)])
