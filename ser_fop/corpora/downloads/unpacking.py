"""Unpacking of archives: all files or none, and only into the target folder."""

import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path

from ser_fop.errors import InputError


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar archive into a folder.

    Args:
        archive: Path of the archive.
        folder: Target folder. Its files stay, unless the archive contains a file of the same name.

    Raises:
        InputError: If the archive is damaged, if it contains a path outside the target folder, or if the disk has
            too little space for a zip archive. In these cases the target folder is unchanged.
    """
    temporary = archive.with_name(archive.name + ".unpacked")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        _extract(archive, temporary)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise InputError(
            f"{archive.name} cannot be unpacked ({error}); nothing was unpacked. Remove it and try again."
        ) from error
    else:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(temporary, folder, copy_function=shutil.move, dirs_exist_ok=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _extract(archive: Path, folder: Path) -> None:
    if not zipfile.is_zipfile(archive):
        with tarfile.open(archive) as content:
            content.extractall(folder, filter="data")
        return
    with zipfile.ZipFile(archive) as content:
        needed, free = sum(entry.file_size for entry in content.infolist()), shutil.disk_usage(archive.parent).free
        if needed > free:
            raise InputError(
                f"{archive.parent} has {free / 1e9:.1f} GB free; the content of {archive.name} needs {needed / 1e9:.1f}."
            )
        for name in content.namelist():
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise InputError(f"{archive.name} contains {name!r}, a path outside the folder; nothing was unpacked.")
        content.extractall(folder)
