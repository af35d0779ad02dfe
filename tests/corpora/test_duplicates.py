from ser_fop.corpora.duplicates import duplicate_problems
from ser_fop.corpora.schema import Utterance


def utterance(name, **fields):
    return Utterance(**{"id": name, "file": f"{name}.wav", "speaker": "s", "label": "sad", **fields})


def write(folder, **contents):
    for name, content in contents.items():
        (folder / f"{name}.wav").write_bytes(content)


def test_equal_bytes_are_reported_once(tmp_path):
    write(tmp_path, a=b"1234", b=b"1234", c=b"1235", d=b"123")
    (problem,) = duplicate_problems([utterance(name) for name in "abcd"], folder=tmp_path)
    assert (problem.file, problem.message) == ("a.wav", "the same audio has several ids: 'a', 'b'")


def test_different_labels_of_equal_bytes_are_named(tmp_path):
    write(tmp_path, a=b"1234", b=b"1234")
    pair = [utterance("a"), utterance("b", label="happy", speaker="t")]
    (problem,) = duplicate_problems(pair, folder=tmp_path)
    assert problem.message.endswith("with different values: label happy and sad; speaker s and t")


def test_equal_stretches_of_one_file_are_reported_and_others_are_not(tmp_path):
    write(tmp_path, a=b"1234")
    rows = [
        utterance("x", file="a.wav", end_s=1.0),
        utterance("y", file="a.wav", end_s=1.0),
        utterance("a", start_s=1.0),
    ]
    (problem,) = duplicate_problems(rows, folder=tmp_path)
    assert "'x', 'y'" in problem.message


def test_missing_file_is_left_to_the_reader(tmp_path):
    assert duplicate_problems([utterance("a"), utterance("b")], folder=tmp_path) == []
