import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ser_fop.errors import InputError
from ser_fop.utils import json_io as json_files
from ser_fop.utils import run_folder as artifacts
from ser_fop.utils.run_folder import (
    claim_folder,
    digest_of,
    open_stage,
    read_json,
    require_complete,
    sha256,
    to_plain,
    versions,
    write_json,
    write_text,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inner:
    layers: int = 2
    rates: tuple[float, ...] = (0.1,)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    out: Path
    records: tuple[Path, ...] = ()
    seed: int = 0
    jobs: int = 0
    model: Inner = dataclasses.field(default_factory=Inner)


def make(out, *, inputs=None, digests=None, text="result", name="pretrain", **changes):
    """Run a whole stage: open, write a file, commit."""
    config = Config(out=out, **changes)
    stage = open_stage(name, out=out, config=config, inputs=inputs, digests=digests)
    if not stage.complete:
        (stage.folder / "result.txt").write_text(text)
        stage.commit(metrics={"wa": 0.5}, content=[stage.folder / "result.txt"], seen_speakers=("toy:anna",))
    return stage


@pytest.fixture
def source(tmp_path):
    make(tmp_path / "records", name="prepare", text="shards")
    return tmp_path / "records"


class TestCommit:
    def test_what_a_finished_folder_holds(self, tmp_path, source):
        stage = make(tmp_path / "run", inputs={"records": [source]}, records=(source,), seed=3)
        assert not stage.complete
        assert {path.name for path in stage.out.iterdir()} == {"config.json", "metrics.json", "COMPLETED", "result.txt"}
        assert read_json(stage.out / "metrics.json") == {"wa": 0.5}
        config = read_json(stage.out / "config.json")
        assert config["stage"] == "pretrain"
        assert config["config"]["model"] == {"layers": 2, "rates": [0.1]}
        assert config["inputs"] == {"records": [digest_of(source)]}
        assert config["seed"] == 3
        assert config["seen_speakers"] == ["toy:anna"]
        assert set(config["versions"]) >= {"python", "keras", "tensorflow", "numpy"}
        assert not (tmp_path / "run.partial").exists()

    def test_nothing_stands_in_place_before_it(self, tmp_path):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        (stage.folder / "result.txt").write_text("half")
        assert stage.folder == tmp_path / "run.partial"
        assert not stage.out.exists()

    def test_completed_comes_last(self, tmp_path, monkeypatch):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        (stage.folder / "result.txt").write_text("whole")
        order = []
        real = artifacts.write_text
        for module in (artifacts, json_files):
            monkeypatch.setattr(module, "write_text", lambda path, text: (order.append(path.name), real(path, text)))
        stage.commit(metrics={}, content=[stage.folder / "result.txt"])
        assert order == ["config.json", "metrics.json", "COMPLETED"]

    def test_a_crash_before_it_leaves_no_complete_folder(self, tmp_path, monkeypatch):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))

        def crash(path):
            raise OSError("disk full")

        monkeypatch.setattr(artifacts, "sha256", crash)
        (stage.folder / "result.txt").write_text("whole")
        with pytest.raises(OSError, match="disk full"):
            stage.commit(metrics={}, content=[stage.folder / "result.txt"])
        assert not (tmp_path / "run").exists()
        assert not (stage.folder / "COMPLETED").exists()
        with pytest.raises(InputError, match="not a finished folder"):
            require_complete(stage.folder, "pretrain")

    def test_an_empty_folder_in_its_place_is_no_hindrance(self, tmp_path):
        (tmp_path / "run").mkdir()
        assert (make(tmp_path / "run").out / "COMPLETED").exists()

    def test_the_digest_is_that_of_the_content(self, tmp_path):
        digests = [
            digest_of(make(tmp_path / name, text=text, seed=seed).out)
            for name, text, seed in (("a", "same", 0), ("b", "same", 1), ("c", "other", 0))
        ]
        assert digests[0] == digests[1] != digests[2]


class TestReuse:
    def test_a_complete_folder_is_skipped(self, tmp_path):
        make(tmp_path / "run")
        before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()}
        assert make(tmp_path / "run", text="another").complete
        assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()} == before
        assert not (tmp_path / "run.partial").exists()

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"seed": 1}, "its seed is 0, now 1"),
            ({"model": Inner(layers=3)}, r"its model\.layers is 2, now 3"),
            ({"model": Inner(rates=(0.1, 0.2))}, r"its model\.rates is \[0.1\], now \[0.1, 0.2\]"),
        ],
    )
    def test_another_config_is_refused_with_key_and_values(self, tmp_path, changes, message):
        make(tmp_path / "run")
        with pytest.raises(InputError, match=rf"holds another run: {message}\. Choose another --out"):
            make(tmp_path / "run", **changes)
        assert (tmp_path / "run" / "result.txt").read_text() == "result"

    def test_another_stage_is_refused(self, tmp_path):
        make(tmp_path / "run")
        with pytest.raises(InputError, match="its stage is 'pretrain', now 'finetune'"):
            make(tmp_path / "run", name="finetune")

    def test_jobs_may_differ(self, tmp_path):
        make(tmp_path / "run")
        assert make(tmp_path / "run", jobs=7).complete

    def test_a_moved_result_is_the_same(self, tmp_path):
        make(tmp_path / "run")
        (tmp_path / "run").rename(tmp_path / "moved")
        assert make(tmp_path / "moved").complete

    def test_moved_input_is_accepted(self, tmp_path, source):
        make(tmp_path / "run", inputs={"records": [source]}, records=(source,))
        moved = tmp_path / "elsewhere"
        source.rename(moved)
        assert make(tmp_path / "run", inputs={"records": [moved]}, records=(moved,)).complete

    def test_changed_input_is_refused(self, tmp_path, source):
        make(tmp_path / "run", inputs={"records": [source]}, records=(source,))
        shutil.rmtree(source)
        make(source, name="prepare", text="other shards")
        with pytest.raises(InputError, match="its content of records is"):
            make(tmp_path / "run", inputs={"records": [source]}, records=(source,))

    def test_a_changed_digest_is_refused(self, tmp_path):
        make(tmp_path / "run", digests={"pretrained": "aaa"})
        assert make(tmp_path / "run", digests={"pretrained": "aaa"}).complete
        with pytest.raises(InputError, match=r"content of pretrained is \['aaa'\], now \['bbb'\]"):
            make(tmp_path / "run", digests={"pretrained": "bbb"})

    def test_of_what_an_earlier_run_did_not_digest_the_name_counts(self, tmp_path):
        stage = make(tmp_path / "run", seed=3)
        assert make(tmp_path / "run", seed=3, digests={"seed": "aaa"}).complete
        with pytest.raises(InputError, match="its seed is 3, now 4"):
            make(tmp_path / "run", seed=4, digests={"seed": "aaa"})
        assert read_json(stage.out / "config.json")["inputs"] == {}

    def test_one_input_more_is_refused(self, tmp_path, source):
        make(tmp_path / "run", inputs={"records": [source]}, records=(source,))
        with pytest.raises(InputError, match="content of records"):
            make(tmp_path / "run", inputs={"records": [source, source]}, records=(source, source))


class TestForeignFolders:
    def test_files_of_another_kind_are_left_alone(self, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "thesis.txt").write_text("precious")
        with pytest.raises(InputError, match="already holds something that is no finished `ser-fop pretrain` folder"):
            make(tmp_path / "run")
        assert (tmp_path / "run" / "thesis.txt").read_text() == "precious"

    def test_a_file_is_left_alone(self, tmp_path):
        (tmp_path / "run").write_text("precious")
        with pytest.raises(InputError, match="already holds something"):
            make(tmp_path / "run")

    def test_a_folder_without_completed_is_not_complete(self, tmp_path):
        make(tmp_path / "run")
        (tmp_path / "run" / "COMPLETED").unlink()
        with pytest.raises(InputError, match="already holds something"):
            make(tmp_path / "run")
        with pytest.raises(InputError, match="has no COMPLETED"):
            require_complete(tmp_path / "run", "pretrain")


class TestLeftovers:
    def leave(self, tmp_path, **changes):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run", **changes))
        (stage.folder / "shard").write_text("finished")
        return stage

    def test_of_the_same_config_are_kept(self, tmp_path):
        self.leave(tmp_path)
        again = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run", jobs=3))
        assert (again.folder / "shard").read_text() == "finished"

    @pytest.mark.parametrize("changes", [{"seed": 1}, {"model": Inner(layers=5)}])
    def test_of_another_config_are_replaced(self, tmp_path, changes):
        self.leave(tmp_path, **changes)
        again = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        assert [path.name for path in again.folder.iterdir()] == ["config.json"]
        assert read_json(again.folder / "config.json")["config"]["seed"] == 0

    @pytest.mark.parametrize(
        "work", ["checkpoints/epoch-1.npz", "fold-1.partial/checkpoints/epoch-1.npz", "fold-0/COMPLETED"]
    )
    def test_what_took_long_is_not_thrown_away(self, tmp_path, work):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        (stage.folder / work).parent.mkdir(parents=True)
        (stage.folder / work).write_text("hours")
        with pytest.raises(InputError, match=r"run\.partial holds another run: its seed is 0, now 1"):
            open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run", seed=1))
        again = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        assert (again.folder / work).read_text() == "hours"

    def test_a_setting_that_they_do_not_know_counts_as_its_default(self, tmp_path):
        stage = make(tmp_path / "run")
        config = read_json(stage.out / "config.json")
        del config["config"]["model"]["layers"], config["config"]["records"]
        write_json(stage.out / "config.json", config)
        assert make(tmp_path / "run").complete
        with pytest.raises(InputError, match=r"its model\.layers is 2, now 3"):
            make(tmp_path / "run", model=Inner(layers=3))

    def test_without_a_config_are_replaced(self, tmp_path):
        stage = self.leave(tmp_path)
        (stage.folder / "config.json").unlink()
        again = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        assert not (again.folder / "shard").exists()


class TestRequireComplete:
    def test_returns_the_config(self, source):
        assert require_complete(source, "prepare")["stage"] == "prepare"
        assert require_complete(source, ("extract", "prepare"))["stage"] == "prepare"

    def test_another_stage_is_named(self, source):
        with pytest.raises(
            InputError, match=r"expected a folder written by `ser-fop extract`, but .*`ser-fop prepare`"
        ):
            require_complete(source, "extract")

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(InputError, match="nothing does not exist"):
            require_complete(tmp_path / "nothing", ["pretrain", "finetune"])


class TestClaimFolder:
    def claim(self, out, extendable=("jobs", "seed"), **changes):
        claim_folder("reproduce", out=out, config=Config(out=out, **changes), extendable=extendable)

    def test_marks_and_finds_the_same_run(self, tmp_path):
        self.claim(tmp_path / "run")
        (tmp_path / "run" / "records").mkdir()
        self.claim(tmp_path / "run")
        assert read_json(tmp_path / "run" / "config.json")["stage"] == "reproduce"

    def test_extendable_keys_may_change(self, tmp_path):
        self.claim(tmp_path / "run")
        self.claim(tmp_path / "run", seed=5)
        assert read_json(tmp_path / "run" / "config.json")["config"]["seed"] == 5

    def test_other_keys_may_not(self, tmp_path):
        self.claim(tmp_path / "run")
        with pytest.raises(InputError, match=r"its model\.layers is 2, now 3"):
            self.claim(tmp_path / "run", model=Inner(layers=3))
        with pytest.raises(InputError, match="its seed is 0, now 1"):
            self.claim(tmp_path / "run", extendable=(), seed=1)

    def test_foreign_folders_are_refused(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("precious")
        with pytest.raises(InputError, match="no `ser-fop reproduce` folder"):
            self.claim(tmp_path)
        with pytest.raises(InputError, match="no `ser-fop reproduce` folder"):
            self.claim(tmp_path / "thesis.txt")

    def test_the_folder_of_a_stage_is_refused(self, source):
        with pytest.raises(InputError, match="holds another run"):
            self.claim(source)


class TestFiles:
    def test_json_round_trip(self, tmp_path):
        value = {"path": Path("a/b"), "array": np.arange(3), "scalar": np.float32(0.5), "text": "ü", "none": None}
        write_json(tmp_path / "a.json", value)
        assert read_json(tmp_path / "a.json") == {
            "path": "a/b",
            "array": [0, 1, 2],
            "scalar": 0.5,
            "text": "ü",
            "none": None,
        }
        assert "ü" in (tmp_path / "a.json").read_text(encoding="utf-8")

    def test_writing_leaves_nothing_beside(self, tmp_path):
        write_text(tmp_path / "a.txt", "one")
        write_text(tmp_path / "a.txt", "two")
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "two")]

    @pytest.mark.parametrize("data", [b"{", b"", b"\xff\xfe"])
    def test_broken_json_is_refused(self, tmp_path, data):
        (tmp_path / "a.json").write_bytes(data)
        with pytest.raises(InputError, match=r"a\.json is not valid JSON"):
            read_json(tmp_path / "a.json")

    def test_sha256(self, tmp_path):
        (tmp_path / "a").write_bytes(b"abc")
        assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    def test_builtins_of_a_config(self):
        found = to_plain(Config(out=Path("x"), records=(Path("a"), Path("b"))))
        assert found == json.loads(json.dumps(found))
        assert found["records"] == ["a", "b"]

    def test_versions_name_python_and_keras(self):
        assert versions()["keras"].startswith("3.")
