import pytest

from ser_fop.corpora.iemocap_evaluation import Evaluation, read_evaluation

LINES = (
    "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n\n"
    "[10.0 - 11.3]\tSes01F_impro01_F001\tang\t[1.0, 4.5, 3.0]\n"
)
EXPECTED = {
    "Ses01F_impro01_F000": Evaluation(label="neu", valence=2.5, arousal=2.5),
    "Ses01F_impro01_F001": Evaluation(label="ang", valence=1.0, arousal=4.5),
}


def read(folder, content):
    (folder / "a.txt").write_bytes(content)
    problems = []
    return read_evaluation(folder, folder, problems), problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r\r\n"])
def test_read_evaluation_accepts_encodings_and_line_ends(tmp_path, encoding, newline):
    assert read(tmp_path, LINES.replace("\n", newline).encode(encoding)) == (EXPECTED, [])


def test_read_evaluation_accepts_decimal_commas(tmp_path):
    assert read(tmp_path, LINES.replace(".", ",").encode()) == (EXPECTED, [])


def test_read_evaluation_duplicate_line_counts_once(tmp_path):
    assert read(tmp_path, (LINES + LINES).encode()) == (EXPECTED, [])


def test_read_evaluation_contradicting_lines_give_no_label(tmp_path):
    found, (problem,) = read(tmp_path, (LINES + LINES.replace("\tang\t", "\tsad\t")).encode())
    assert set(found) == {"Ses01F_impro01_F000"}
    assert "two lines for Ses01F_impro01_F001" in problem.message


def test_read_evaluation_file_without_lines_is_reported(tmp_path):
    found, (problem,) = read(tmp_path, b"nothing\n")
    assert found == {}
    assert "contains no line such as" in problem.message
