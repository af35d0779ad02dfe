import pytest

from ser_fop.corpora import crema_d, emodb, iemocap, ravdess
from ser_fop.corpora.label_map import LabelMap, read_label_map
from ser_fop.errors import InputError


@pytest.fixture
def published():
    return read_label_map(None)


@pytest.mark.parametrize(
    ("name", "common"),
    [
        ("HAP", "happy"),
        ("joy", "happy"),
        ("happiness", "happy"),
        ("W", "angry"),
        (" Fear ", "fearful"),
        ("frustration", ""),
    ],
)
def test_common_translates_names_of_corpora(published, name, common):
    assert published.common(name) == common


@pytest.mark.parametrize(
    "labels", [ravdess.LABELS, crema_d.LABELS, iemocap.LABELS, tuple(emodb.EMOTIONS.values())], ids=str
)
def test_published_map_contains_the_labels_of_every_reader(published, labels):
    assert {published.common(label) for label in labels} <= {*published.labels, ""}


def test_published_map_has_the_eight_names_of_ravdess(published):
    assert published.labels == ravdess.LABELS


def test_unknown_name_raises_input_error_with_a_suggestion(published):
    with pytest.raises(InputError, match=r"'hapy'.*Did you mean 'happy'.*--label-map"):
        published.common("hapy")


def test_name_under_two_common_names_raises_input_error():
    with pytest.raises(InputError, match="'joy' under 'happy' and 'calm'"):
        LabelMap({"happy": ["joy"], "calm": ["Joy"]}, source="mine.yaml")


@pytest.mark.parametrize("text", ["", "happy", "happy: joy", "happy: [1]", "[a]", "happy: [", "yes: [a]"])
def test_file_that_is_no_label_map_raises_input_error(tmp_path, text):
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"map\.yaml"):
        read_label_map(path)


def test_missing_file_raises_input_error(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_label_map(tmp_path / "none.yaml")
