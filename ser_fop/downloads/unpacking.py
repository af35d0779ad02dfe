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
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as content:
                for name in content.namelist():
                    if Path(name).is_absolute() or ".." in Path(name).parts:
                        raise InputError(f"{archive.name} holds {name!r}, which leads outside; nothing was unpacked.")
                content.extractall(beside)
        else:
            with tarfile.open(archive) as content:
                content.extractall(beside, filter="data")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise InputError(
            f"{archive.name} cannot be unpacked ({error}); nothing was. Remove it and try again."
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(beside, folder, copy_function=shutil.move, dirs_exist_ok=True)
    shutil.rmtree(beside)
