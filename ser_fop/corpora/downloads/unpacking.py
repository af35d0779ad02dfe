"""Archives to folders: whole or not at all, and never outside."""

import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path

from ser_fop.errors import InputError


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar archive into a folder.

    Args:
        archive: The archive.
        folder: Where to; what is there already stays, files of the same name are replaced.

    Raises:
        InputError: If it is damaged, or a name in it leads outside.
    """
    beside = archive.with_name(archive.name + ".unpacked")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _extract(archive, beside)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise InputError(
            f"{archive.name} cannot be unpacked ({error}); nothing was. Remove it and try again."
        ) from error
    else:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(beside, folder, copy_function=shutil.move, dirs_exist_ok=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _extract(archive: Path, folder: Path) -> None:
    if not zipfile.is_zipfile(archive):
        with tarfile.open(archive) as content:
            content.extractall(folder, filter="data")
        return
    with zipfile.ZipFile(archive) as content:
        needed, free = sum(one.file_size for one in content.infolist()), shutil.disk_usage(archive.parent).free
        if needed > free:
            raise InputError(
                f"{archive.parent} has {free / 1e9:.1f} GB free; what is in {archive.name} needs {needed / 1e9:.1f}."
            )
        for name in content.namelist():
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise InputError(f"{archive.name} holds {name!r}, which leads outside; nothing was unpacked.")
        content.extractall(folder)
