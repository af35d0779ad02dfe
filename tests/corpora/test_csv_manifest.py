import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.csv_manifest import CORPUS
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_csv
from ser_fop.testing.shared_data import require_shared
from ser_fop.testing.tones import write_voice

ROW = {"file": "a.wav", "speaker": "anna", "emotion": "glad"}


def read(manifest, *labels):
    return CORPUS.read(manifest.parent / "audio", ReadOptions(manifest=manifest, labels=labels))


def read_rows(tmp_path, *rows, labels=(), **keywords):
    return read(fake_csv(tmp_path, rows=rows, **keywords), *labels)


def read_text(tmp_path, text, *, encoding="utf-8"):
    manifest = fake_csv(tmp_path, rows=[ROW])
    manifest.write_bytes(text.encode(encoding))
    return read(manifest)


class TestListing:
    def test_read_required_columns_only(self, tmp_path):
        listing = read(fake_csv(tmp_path))
        speakers = ("anna", "bert", "carl", "dora")
        assert [u.id for u in listing.utterances] == [
            f"{name}/{label}" for name in speakers for label in listing.labels
        ]
        assert listing.labels == ("happy", "sad")
        assert listing.problems == ()
        first = listing.utterances[0]
        assert (first.file, first.speaker, first.label, first.annotation) == (
            "anna/happy.wav",
            "anna",
            "happy",
            "happy",
        )
        assert (first.session, first.gender, first.style, first.start_s, first.end_s) == ("", "", "", 0.0, None)

    def test_read_optional_columns(self, tmp_path):
        extra = {
            "session": "s1",
            "start": "0.5",
            "end": "1.25",
            "id": "x",
            "gender": "female",
            "style": "read",
            "arousal": "4.5",
            "valence": "",
            "note": "1",
        }
        (utterance,) = read_rows(tmp_path, {**ROW, **extra}).utterances
        assert (utterance.id, utterance.session, utterance.gender, utterance.style) == ("x", "s1", "F", "read")
        assert (utterance.arousal, utterance.valence) == (4.5, None)
        assert (utterance.start_s, utterance.end_s) == (0.5, 1.25)

    @pytest.mark.parametrize(("written", "gender"), [("m", "M"), ("Male", "M"), ("F", "F"), ("FEMALE", "F"), ("", "")])
    def test_read_gender_spellings(self, tmp_path, written, gender):
        (utterance,) = read_rows(tmp_path, {**ROW, "gender": written}).utterances
        assert utterance.gender == gender

    def test_read_segments_of_one_file(self, tmp_path):
        listing = read_rows(tmp_path, {**ROW, "start": 0, "end": 1.5}, {**ROW, "start": 1.5}, {**ROW, "end": 3})
        found = [(u.id, u.start_s, u.end_s) for u in listing.utterances]
        assert found == [("a_0.0-1.5", 0.0, 1.5), ("a_0.0-3.0", 0.0, 3.0), ("a_1.5-end", 1.5, None)]

    def test_read_blank_emotion_is_unlabelled(self, tmp_path):
        listing = read_rows(tmp_path, ROW, {**ROW, "file": "b.wav", "emotion": " "})
        assert [u.label for u in listing.utterances] == ["glad", ""]
        assert listing.labels == ("glad",)

    def test_read_blank_emotions_only_has_no_labels(self, tmp_path):
        assert read_rows(tmp_path, {**ROW, "emotion": ""}).labels == ()

    def test_read_label_option_sets_the_order(self, tmp_path):
        listing = read_rows(
            tmp_path, ROW, {**ROW, "file": "b.wav", "emotion": "cross"}, labels=("sad", "glad", "cross")
        )
        assert listing.labels == ("sad", "glad", "cross")

    def test_read_accepts_byte_order_mark_quotes_and_blank_lines(self, tmp_path):
        text = 'speaker, file,note,emotion\r\n\r\nanna,a.wav,"one, ""two""", glad \r\n'
        (utterance,) = read_text(tmp_path, text, encoding="utf-8-sig").utterances
        assert (utterance.speaker, utterance.label, utterance.file) == ("anna", "glad", "a.wav")

    @pytest.mark.parametrize("name", [r"sub\a.wav", "./sub/a.wav", "sub//a.wav"])
    def test_read_normalises_paths(self, tmp_path, name):
        manifest = fake_csv(tmp_path, rows=[{**ROW, "file": name}], write_audio=False)
        write_voice(manifest.parent / "audio" / "sub" / "a.wav")
        (utterance,) = read(manifest).utterances
        assert (utterance.file, utterance.id) == ("sub/a.wav", "sub/a")

    def test_read_names_in_any_script(self, tmp_path):
        (utterance,) = read_rows(tmp_path, {"file": "ж/ö b.wav", "speaker": "Zoë", "emotion": "怒り"}).utterances
        assert (utterance.id, utterance.speaker, utterance.label) == ("ж/ö b", "Zoë", "怒り")

    def test_read_follows_link_inside_the_folder(self, tmp_path):
        manifest = fake_csv(tmp_path, rows=[ROW, {**ROW, "file": "b.wav"}])
        (tmp_path / "audio" / "b.wav").unlink()
        (tmp_path / "audio" / "b.wav").symlink_to(tmp_path / "audio" / "a.wav")
        assert len(read(manifest).utterances) == 2

    def test_read_audio_folder_may_be_a_link(self, tmp_path):
        manifest = fake_csv(tmp_path / "real", rows=[ROW])
        (tmp_path / "link").symlink_to(manifest.parent / "audio")
        listing = CORPUS.read(tmp_path / "link", ReadOptions(manifest=manifest))
        assert [u.id for u in listing.utterances] == ["a"]

    def test_read_ravdess_metadata(self):
        folder = require_shared("RAVDESS-speech")
        listing = CORPUS.read(folder, ReadOptions(manifest=folder / "metadata.csv"))
        assert len(listing.utterances) == 1440
        assert len(listing.labels) == 8
        # RAVDESS contains one recording twice.
        (problem,) = listing.problems
        assert "'Actor_07/03-01-03-01-02-01-07', 'Actor_07/03-01-03-01-02-02-07'" in problem.message


class TestMissingFiles:
    def test_missing_file_is_a_problem(self, tmp_path):
        manifest = fake_csv(tmp_path, rows=[ROW, {**ROW, "file": "b.wav", "emotion": "cross"}])
        (tmp_path / "audio" / "b.wav").unlink()
        listing = read(manifest)
        assert [u.id for u in listing.utterances] == ["a"]
        assert listing.labels == ("glad",)
        assert [problem.file for problem in listing.problems] == ["b.wav"]
        assert re.search(r"row 3 .*skipped", listing.problems[0].message)

    def test_folder_with_name_of_a_file_is_a_problem(self, tmp_path):
        (tmp_path / "audio" / "b.wav").mkdir(parents=True)
        manifest = fake_csv(tmp_path, rows=[ROW, {**ROW, "file": "b.wav"}], write_audio=False)
        write_voice(tmp_path / "audio" / "a.wav")
        assert [problem.file for problem in read(manifest).problems] == ["b.wav"]

    def test_broken_and_circular_links_are_problems(self, tmp_path):
        manifest = fake_csv(tmp_path, rows=[ROW, *({**ROW, "file": f"{name}.wav"} for name in "bc")])
        audio = tmp_path / "audio"
        for name, target in (("b", "nowhere.wav"), ("c", "c.wav")):
            (audio / f"{name}.wav").unlink()
            (audio / f"{name}.wav").symlink_to(audio / target)
        assert [problem.file for problem in read(manifest).problems] == ["b.wav", "c.wav"]

    def test_too_long_file_name_is_a_problem(self, tmp_path):
        manifest = fake_csv(tmp_path, rows=[ROW, {**ROW, "file": "x" * 300 + ".wav"}], write_audio=False)
        write_voice(tmp_path / "audio" / "a.wav")
        assert len(read(manifest).problems) == 1

    def test_no_existing_file_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"none of the 2 files .*the first is a\.wav.*relative to --audio-dir"):
            read_rows(tmp_path, ROW, {**ROW, "file": "b.wav"}, write_audio=False)


class TestRows:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"speaker": " "}, r"expected a speaker, received a blank"),
            ({"file": ""}, r"expected a file, received a blank"),
            ({"file": "."}, r"expected a file, received a blank"),
            ({"file": "a\0.wav"}, r"null character"),
            ({"file": "/etc/a.wav"}, r"received the absolute path '/etc/a\.wav'"),
            ({"file": r"C:\a.wav"}, r"received the absolute path"),
            ({"file": r"\\host\a.wav"}, r"received the absolute path"),
            ({"file": "../x.wav"}, r"'\.\./x\.wav', which leads out"),
            ({"file": "b/../../a.wav"}, r"'b/\.\./\.\./a\.wav', which leads out"),
            ({"file": r"..\a.wav"}, r"which leads out"),
            ({"start": "soon"}, r"expected start in seconds, 0 or more, received 'soon'"),
            ({"start": "0;5"}, r"expected start in seconds, 0 or more, received '0;5'"),
            ({"start": "-1"}, r"expected start in seconds, 0 or more, received '-1'"),
            ({"end": "nan"}, r"expected end in seconds, 0 or more, received 'nan'"),
            ({"start": "inf"}, r"expected start in seconds"),
            ({"start": "2", "end": "2"}, r"expected an end after the start, received start 2\.0 and end 2\.0"),
            ({"start": "2", "end": "1"}, r"expected an end after the start, received start 2\.0 and end 1\.0"),
            ({"end": "0"}, r"expected an end after the start"),
            ({"gender": "x"}, r"expected the gender F, M or a blank, received 'x'"),
            ({"style": "reads"}, r"received 'reads'\. Did you mean 'read'\?"),
        ],
    )
    def test_invalid_value_is_rejected(self, tmp_path, change, message):
        with pytest.raises(InputError, match=rf"^row 3 of .*manifest\.csv: .*{message}") as error:
            read_rows(tmp_path, {**ROW, "file": "first.wav"}, {**ROW, **change}, write_audio=False)
        assert "\n" not in str(error.value)

    def test_absolute_path_is_rejected_if_file_exists(self, tmp_path):
        write_voice(tmp_path / "elsewhere.wav")
        with pytest.raises(InputError, match=r"absolute path '.*elsewhere\.wav'"):
            read_rows(tmp_path, {**ROW, "file": str(tmp_path / "elsewhere.wav")})

    def test_label_outside_the_set_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"row 2 .*out of glad, sad.*received 'gladd'\. Did you mean 'glad'\?"):
            read_rows(tmp_path, {**ROW, "emotion": "gladd"}, labels=("glad", "sad"))

    def test_duplicate_label_in_the_set_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"twice: glad, glad"):
            read_rows(tmp_path, ROW, labels=("glad", "glad"))

    @pytest.mark.parametrize("linked", ["a.wav", "sub"])
    def test_read_follows_link_out_of_the_folder(self, tmp_path, linked):
        file = "a.wav" if linked == "a.wav" else "sub/a.wav"
        manifest = fake_csv(tmp_path, rows=[{**ROW, "file": file}], write_audio=False)
        write_voice(tmp_path / "outside" / "a.wav")
        target = tmp_path / "outside" / "a.wav" if linked == "a.wav" else tmp_path / "outside"
        (tmp_path / "audio" / linked).symlink_to(target)
        assert [utterance.file for utterance in read(manifest).utterances] == [file]

    @pytest.mark.parametrize("change", [{}, {"id": "x"}, {"speaker": "bert"}])
    def test_duplicate_ids_are_rejected(self, tmp_path, change):
        row = {**ROW, **change}
        with pytest.raises(InputError, match=r"rows 2 and 3 of .* share the id '(a|x)': .*column id"):
            read_rows(tmp_path, row, row)

    def test_same_name_with_two_suffixes_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"share the id 'a'"):
            read_rows(tmp_path, ROW, {**ROW, "file": "a.flac"})

    def test_row_with_an_extra_field_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"row 2 .*expected 3 fields, received 4\. Quote"):
            read_text(tmp_path, "file,speaker,emotion\na.wav,anna,glad,really\n")

    def test_row_with_a_missing_field_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"row 3 .*expected 3 fields, received 2"):
            read_text(tmp_path, "file,speaker,emotion\na.wav,anna,glad\nb.wav,anna\n")

    def test_unclosed_quote_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"expected comma-separated values.*Correct the quotes"):
            read_text(tmp_path, 'file,speaker,emotion\n"a.wav,anna,glad\n')


class TestManifest:
    def test_read_without_manifest_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"needs a manifest, received none\. Give --manifest"):
            CORPUS.read(tmp_path, ReadOptions())

    @pytest.mark.parametrize("name", ["nothing.csv", "."])
    def test_missing_manifest_is_rejected(self, tmp_path, name):
        with pytest.raises(InputError, match=r" is not a file: expected a CSV file.*--manifest"):
            CORPUS.read(tmp_path, ReadOptions(manifest=tmp_path / name))

    def test_missing_columns_are_named(self, tmp_path):
        with pytest.raises(
            InputError, match=r"lacks the columns speaker, emotion: .*received file, speakers, mood.*'speakers'\?"
        ):
            read_text(tmp_path, "file,speakers,mood\na.wav,anna,glad\n")

    @pytest.mark.parametrize(("wrong", "column"), [("files", "file"), ("Speaker", "speaker"), ("emotions", "emotion")])
    def test_missing_column_suggests_closest_name(self, tmp_path, wrong, column):
        header = "file,speaker,emotion".replace(column, wrong)
        with pytest.raises(InputError, match=rf"lacks the column {column}: .*Did you mean '{wrong}'\?"):
            read_text(tmp_path, f"{header}\na.wav,anna,glad\n")

    def test_semicolons_and_decimal_commas_are_read(self, tmp_path):
        listing = read_text(tmp_path, "sep=;\r\nfile;speaker;emotion;start;end\r\na.wav;anna;glad;0,1;0,3\r\n;;;;\r\n")
        assert [(one.start_s, one.end_s) for one in listing.utterances] == [(0.1, 0.3)]

    def test_unknown_separator_is_rejected(self, tmp_path):
        with pytest.raises(
            InputError, match=r"lacks the columns file, speaker, emotion.*received file:speaker:emotion"
        ):
            read_text(tmp_path, "file:speaker:emotion\na.wav:anna:glad\n")

    def test_duplicate_column_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"column emotion 2 times"):
            read_text(tmp_path, "file,speaker,emotion,emotion\na.wav,anna,glad,sad\n")

    @pytest.mark.parametrize("text", ["", "file,speaker,emotion\n", "file,speaker,emotion\n\n\n"])
    def test_empty_manifest_is_rejected(self, tmp_path, text):
        with pytest.raises(InputError, match=r"manifest\.csv is empty: expected"):
            read_text(tmp_path, text)

    def test_other_encoding_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"expected UTF-8 text.*Save it as UTF-8"):
            read_text(tmp_path, "file,speaker,emotion\na.wav,Zoë,glad\n", encoding="latin-1")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_read_accepts_unicode_encodings(self, tmp_path, encoding):
        listing = read_text(tmp_path, "file,speaker,emotion\na.wav,Zoë,glad\n", encoding=encoding)
        assert [one.speaker for one in listing.utterances] == ["Zoë"]

    @settings(max_examples=60, deadline=None)
    @given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
    def test_arbitrary_bytes_raise_only_input_errors(self, tmp_path_factory, content):
        folder = tmp_path_factory.getbasetemp()
        manifest = folder / "any.csv"
        manifest.write_bytes(b"file,speaker,emotion,start,end\n" + content)
        # The folder has no audio, so that no manifest is valid.
        with pytest.raises(InputError):
            CORPUS.read(folder, ReadOptions(manifest=manifest))
