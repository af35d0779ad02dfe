import io
import tarfile
import zipfile

import pytest

from ser_fop.corpora.downloads.unpacking import unpack
from ser_fop.errors import InputError


def zipped(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def tarred(path, names):
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    return path


def names_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("pack", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
class TestUnpack:
    def test_unpack_keeps_existing_files(self, tmp_path, pack, name):
        (tmp_path / "out" / "d").mkdir(parents=True)
        (tmp_path / "out" / "d" / "old").write_text("old")
        unpack(pack(tmp_path / name, ["d/x.wav", "d/y.wav"]), tmp_path / "out")
        assert names_below(tmp_path / "out") == ["d/old", "d/x.wav", "d/y.wav"]
        assert (tmp_path / "out" / "d" / "x.wav").read_text() == "d/x.wav"

    @pytest.mark.parametrize("outside", ["../evil", "/tmp/evil"])
    def test_unpack_path_outside_the_folder_is_rejected(self, tmp_path, pack, name, outside):
        out = tmp_path / "deep" / "out"
        if pack is tarred and outside.startswith("/"):  # tarfile removes the leading slash
            unpack(pack(tmp_path / name, [outside]), out)
            assert names_below(out) == ["tmp/evil"]
            return
        with pytest.raises(InputError, match="nothing was"):
            unpack(pack(tmp_path / name, ["fine", outside]), out)
        assert not out.exists()
        assert names_below(tmp_path) == [name]

    def test_unpack_damaged_archive_writes_nothing(self, tmp_path, pack, name):
        damaged = pack(tmp_path / name, [f"d/{number}" for number in range(200)])
        damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
        with pytest.raises(InputError, match="cannot be unpacked"):
            unpack(damaged, tmp_path / "out")
        assert not (tmp_path / "out").exists()
