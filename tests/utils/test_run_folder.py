import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ser_fop.errors import InputError
from ser_fop.utils import json_io, run_folder
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
    def test_commit_writes_config_metrics_and_content(self, tmp_path, source):
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

    def test_open_stage_before_commit_writes_only_a_partial_folder(self, tmp_path):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        (stage.folder / "result.txt").write_text("half")
        assert stage.folder == tmp_path / "run.partial"
        assert not stage.out.exists()

    def test_commit_writes_completed_last(self, tmp_path, monkeypatch):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        (stage.folder / "result.txt").write_text("whole")
        order = []
        real = run_folder.write_text
        for module in (run_folder, json_io):
            monkeypatch.setattr(module, "write_text", lambda path, text: (order.append(path.name), real(path, text)))
        stage.commit(metrics={}, content=[stage.folder / "result.txt"])
        assert order == ["config.json", "metrics.json", "COMPLETED"]

    def test_commit_after_a_crash_leaves_no_complete_folder(self, tmp_path, monkeypatch):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))

        def crash(path):
            raise OSError("disk full")

        monkeypatch.setattr(run_folder, "sha256", crash)
        (stage.folder / "result.txt").write_text("whole")
        with pytest.raises(OSError, match="disk full"):
            stage.commit(metrics={}, content=[stage.folder / "result.txt"])
        assert not (tmp_path / "run").exists()
        assert not (stage.folder / "COMPLETED").exists()
        with pytest.raises(InputError, match="not a finished folder"):
            require_complete(stage.folder, "pretrain")

    def test_commit_replaces_an_empty_folder(self, tmp_path):
        (tmp_path / "run").mkdir()
        assert (make(tmp_path / "run").out / "COMPLETED").exists()

    def test_digest_depends_on_the_content_alone(self, tmp_path):
        digests = [
            digest_of(make(tmp_path / name, text=text, seed=seed).out)
            for name, text, seed in (("a", "same", 0), ("b", "same", 1), ("c", "other", 0))
        ]
        assert digests[0] == digests[1] != digests[2]


class TestReuse:
    def test_open_stage_of_a_complete_folder_changes_nothing(self, tmp_path):
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
    def test_open_stage_rejects_another_config_with_key_and_values(self, tmp_path, changes, message):
        make(tmp_path / "run")
        with pytest.raises(InputError, match=rf"holds another run: {message}\. Choose another --out"):
            make(tmp_path / "run", **changes)
        assert (tmp_path / "run" / "result.txt").read_text() == "result"

    def test_open_stage_rejects_another_stage(self, tmp_path):
        make(tmp_path / "run")
        with pytest.raises(InputError, match="its stage is 'pretrain', now 'finetune'"):
            make(tmp_path / "run", name="finetune")

    def test_open_stage_accepts_other_jobs(self, tmp_path):
        make(tmp_path / "run")
        assert make(tmp_path / "run", jobs=7).complete

    def test_open_stage_accepts_a_moved_result(self, tmp_path):
        make(tmp_path / "run")
        (tmp_path / "run").rename(tmp_path / "moved")
        assert make(tmp_path / "moved").complete

    def test_open_stage_accepts_moved_input(self, tmp_path, source):
        make(tmp_path / "run", inputs={"records": [source]}, records=(source,))
        moved = tmp_path / "elsewhere"
        source.rename(moved)
        assert make(tmp_path / "run", inputs={"records": [moved]}, records=(moved,)).complete

    def test_open_stage_rejects_changed_input(self, tmp_path, source):
        make(tmp_path / "run", inputs={"records": [source]}, records=(source,))
        shutil.rmtree(source)
        make(source, name="prepare", text="other shards")
        with pytest.raises(InputError, match="its content of records is"):
            make(tmp_path / "run", inputs={"records": [source]}, records=(source,))

    def test_open_stage_rejects_a_changed_digest(self, tmp_path):
        make(tmp_path / "run", digests={"pretrained": "aaa"})
        assert make(tmp_path / "run", digests={"pretrained": "aaa"}).complete
        with pytest.raises(InputError, match=r"content of pretrained is \['aaa'\], now \['bbb'\]"):
            make(tmp_path / "run", digests={"pretrained": "bbb"})

    def test_open_stage_without_an_earlier_digest_compares_the_value(self, tmp_path):
        stage = make(tmp_path / "run", seed=3)
        assert make(tmp_path / "run", seed=3, digests={"seed": "aaa"}).complete
        with pytest.raises(InputError, match="its seed is 3, now 4"):
            make(tmp_path / "run", seed=4, digests={"seed": "aaa"})
        assert read_json(stage.out / "config.json")["inputs"] == {}

    def test_open_stage_rejects_a_further_input(self, tmp_path, source):
        make(tmp_path / "run", inputs={"records": [source]}, records=(source,))
        with pytest.raises(InputError, match="content of records"):
            make(tmp_path / "run", inputs={"records": [source, source]}, records=(source, source))


class TestForeignFolders:
    def test_open_stage_rejects_a_folder_with_other_files(self, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "thesis.txt").write_text("precious")
        with pytest.raises(InputError, match="expected an empty folder or a finished `ser-fop pretrain` folder"):
            make(tmp_path / "run")
        assert (tmp_path / "run" / "thesis.txt").read_text() == "precious"

    def test_open_stage_rejects_a_file(self, tmp_path):
        (tmp_path / "run").write_text("precious")
        with pytest.raises(InputError, match="contains other files"):
            make(tmp_path / "run")

    def test_open_stage_rejects_a_folder_without_completed(self, tmp_path):
        make(tmp_path / "run")
        (tmp_path / "run" / "COMPLETED").unlink()
        with pytest.raises(InputError, match="contains other files"):
            make(tmp_path / "run")
        with pytest.raises(InputError, match="has no COMPLETED"):
            require_complete(tmp_path / "run", "pretrain")


class TestPartialFolder:
    def leave(self, tmp_path, **changes):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run", **changes))
        (stage.folder / "shard").write_text("finished")
        return stage

    def test_partial_folder_of_the_same_config_is_resumed(self, tmp_path):
        self.leave(tmp_path)
        again = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run", jobs=3))
        assert (again.folder / "shard").read_text() == "finished"

    @pytest.mark.parametrize("changes", [{"seed": 1}, {"model": Inner(layers=5)}])
    def test_partial_folder_of_another_config_is_replaced(self, tmp_path, changes):
        self.leave(tmp_path, **changes)
        again = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        assert [path.name for path in again.folder.iterdir()] == ["config.json"]
        assert read_json(again.folder / "config.json")["config"]["seed"] == 0

    @pytest.mark.parametrize(
        "work", ["checkpoints/epoch-1.npz", "fold-1.partial/checkpoints/epoch-1.npz", "fold-0/COMPLETED"]
    )
    def test_partial_folder_with_checkpoints_is_not_deleted(self, tmp_path, work):
        stage = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        (stage.folder / work).parent.mkdir(parents=True)
        (stage.folder / work).write_text("hours")
        with pytest.raises(InputError, match=r"run\.partial holds another run: its seed is 0, now 1"):
            open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run", seed=1))
        again = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        assert (again.folder / work).read_text() == "hours"

    def test_open_stage_fills_missing_settings_with_defaults(self, tmp_path):
        stage = make(tmp_path / "run")
        config = read_json(stage.out / "config.json")
        del config["config"]["model"]["layers"], config["config"]["records"]
        write_json(stage.out / "config.json", config)
        assert make(tmp_path / "run").complete
        with pytest.raises(InputError, match=r"its model\.layers is 2, now 3"):
            make(tmp_path / "run", model=Inner(layers=3))

    def test_partial_folder_without_a_config_is_replaced(self, tmp_path):
        stage = self.leave(tmp_path)
        (stage.folder / "config.json").unlink()
        again = open_stage("pretrain", out=tmp_path / "run", config=Config(out=tmp_path / "run"))
        assert not (again.folder / "shard").exists()


class TestRequireComplete:
    def test_require_complete_returns_the_config(self, source):
        assert require_complete(source, "prepare")["stage"] == "prepare"
        assert require_complete(source, ("extract", "prepare"))["stage"] == "prepare"

    def test_require_complete_names_another_stage(self, source):
        with pytest.raises(
            InputError, match=r"expected a folder written by `ser-fop extract`, but .*`ser-fop prepare`"
        ):
            require_complete(source, "extract")

    def test_require_complete_names_a_missing_folder(self, tmp_path):
        with pytest.raises(InputError, match="nothing does not exist"):
            require_complete(tmp_path / "nothing", ["pretrain", "finetune"])


class TestClaimFolder:
    def claim(self, out, extendable=("jobs", "seed"), **changes):
        claim_folder("reproduce", out=out, config=Config(out=out, **changes), extendable=extendable)

    def test_claim_folder_accepts_the_same_run_again(self, tmp_path):
        self.claim(tmp_path / "run")
        (tmp_path / "run" / "records").mkdir()
        self.claim(tmp_path / "run")
        assert read_json(tmp_path / "run" / "config.json")["stage"] == "reproduce"

    def test_claim_folder_accepts_changed_extendable_keys(self, tmp_path):
        self.claim(tmp_path / "run")
        self.claim(tmp_path / "run", seed=5)
        assert read_json(tmp_path / "run" / "config.json")["config"]["seed"] == 5

    def test_claim_folder_rejects_other_changed_keys(self, tmp_path):
        self.claim(tmp_path / "run")
        with pytest.raises(InputError, match=r"its model\.layers is 2, now 3"):
            self.claim(tmp_path / "run", model=Inner(layers=3))
        with pytest.raises(InputError, match="its seed is 0, now 1"):
            self.claim(tmp_path / "run", extendable=(), seed=1)

    def test_claim_folder_rejects_other_files(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("precious")
        with pytest.raises(InputError, match="or a `ser-fop reproduce` folder"):
            self.claim(tmp_path)
        with pytest.raises(InputError, match="or a `ser-fop reproduce` folder"):
            self.claim(tmp_path / "thesis.txt")

    def test_claim_folder_rejects_the_folder_of_a_stage(self, source):
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

    def test_write_text_leaves_no_temporary_file(self, tmp_path):
        write_text(tmp_path / "a.txt", "one")
        write_text(tmp_path / "a.txt", "two")
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "two")]

    @pytest.mark.parametrize("data", [b"{", b"", b"\xff\xfe"])
    def test_read_json_rejects_invalid_json(self, tmp_path, data):
        (tmp_path / "a.json").write_bytes(data)
        with pytest.raises(InputError, match=r"a\.json is not valid JSON"):
            read_json(tmp_path / "a.json")

    def test_sha256(self, tmp_path):
        (tmp_path / "a").write_bytes(b"abc")
        assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    def test_to_plain_converts_a_config(self):
        found = to_plain(Config(out=Path("x"), records=(Path("a"), Path("b"))))
        assert found == json.loads(json.dumps(found))
        assert found["records"] == ["a", "b"]

    def test_versions_name_python_and_keras(self):
        assert versions()["keras"].startswith("3.")
