import pytest

from ser_fop.errors import InputError
from ser_fop.utils.csv_io import CsvTable, parse_number

EXPECTED = ("file", "speaker")


def rows(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    return list(CsvTable(tmp_path / "a.csv", expected=EXPECTED))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiter_and_encoding_are_recognised(tmp_path, delimiter, encoding, newline):
    text = newline.join([delimiter.join(row) for row in (("file", " speaker"), ("ä.wav", '"a, b; c"'), ("", ""))])
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    assert rows(tmp_path, (mark + text).encode(encoding)) == [(2, {"file": "ä.wav", "speaker": "a, b; c"})]


def test_delimiter_that_excel_marks_is_used(tmp_path):
    assert rows(tmp_path, b"sep=:\r\nfile:speaker\r\na:b\r\n") == [(3, {"file": "a", "speaker": "b"})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,speaker\na,b,c\n", r"row 2 .*expected 2 fields, received 3\. Quote"),
        (b"file,speaker\na\n", r"row 2 .*expected 2 fields, received 1\. A blank"),
        (b'file,speaker\n"a,b\n', "Correct the quotes"),
        (b"file,speaker\n\xff,b\n", "expected UTF-8 text"),
    ],
)
def test_malformed_text_is_refused(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        rows(tmp_path, content)


@pytest.mark.parametrize(
    ("text", "value"), [("1.5", 1.5), ("1,5", 1.5), ("2", 2.0), ("1e3", 1000.0), ("1,234.5", None), ("x", None)]
)
def test_parse_number(text, value):
    assert parse_number(text) == value
