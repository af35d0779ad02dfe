"""Addresses of the open corpora, with the checksums that their publishers state."""

import dataclasses
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit, urlunsplit

from ser_fop.errors import InputError, closest


@dataclasses.dataclass(frozen=True, kw_only=True)
class Archive:
    """One published file.

    Attributes:
        url: Address of the file.
        md5: MD5 checksum; empty if the publisher states none.
        size: Size in bytes; 0 if the publisher states none.
        page: The publisher's page, which an error message names if the address no longer works.
    """

    url: str
    md5: str = ""
    size: int = 0
    page: str

    @property
    def name(self) -> str:
        """Name of the file."""
        return urlsplit(self.url).path.rpartition("/")[2]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """Published files of a corpus.

    Attributes:
        archives: Files by the name of the part.
        default: Names of the parts that are downloaded if `--parts` is not given.
        are_versions: Whether the parts are versions of the corpus, of which a folder can hold one.
    """

    archives: Mapping[str, Archive]
    default: tuple[str, ...]
    are_versions: bool = False


_LIBRISPEECH = {  # https://www.openslr.org/resources/12/md5sum.txt
    "dev-clean": "42e2234ba48799c1f50f24a7926300a1",
    "dev-other": "c8d0bcc9cca99d4f8b62fcc847357931",
    "test-clean": "32fa31d27d2e1cad72775fee3f4849a9",
    "test-other": "fb5a50374b501bb3bac4815ee91d3135",
    "train-clean-100": "2a93770f6d5c6c964bc36631d331a522",
    "train-clean-360": "c0e676e450a7ff2f54aeade5171606fa",
    "train-other-500": "d1a0fd59409feb2c614ce4d30c387708",
}
_SPEECH_COMMANDS = {  # the ETags of the store, which torchaudio checks too
    "v0.02": "6b74f3901214cb2c2934e98196829835",
    "v0.01": "3cd23799cb2bbdec517f1cc028f8d43c",
}
SOURCES = {
    "ravdess": Source(
        archives={
            "speech": Archive(
                url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",
                md5="bc696df654c87fed845eb13823edef8a",
                size=208_468_073,
                page="https://zenodo.org/records/1188976",
            )
        },
        default=("speech",),
    ),
    "librispeech": Source(
        archives={
            part: Archive(
                url=f"https://www.openslr.org/resources/12/{part}.tar.gz", md5=md5, page="https://www.openslr.org/12"
            )
            for part, md5 in _LIBRISPEECH.items()
        },
        default=("train-clean-100",),
    ),
    "vctk": Source(
        archives={
            "0.92": Archive(
                url="https://datashare.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",
                md5="8a6ba2946b36fcbef0212cad601f4bfa",
                size=11_747_302_977,
                page="https://datashare.ed.ac.uk/handle/10283/3443",
            )
        },
        default=("0.92",),
    ),
    "emodb": Source(
        archives={
            "wav": Archive(url="http://emodb.bilderbar.info/download/download.zip", page="http://emodb.bilderbar.info/")
        },
        default=("wav",),
    ),
    "speech_commands": Source(
        archives={
            version: Archive(
                url=f"https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_{version}.tar.gz",
                md5=md5,
                page="https://arxiv.org/abs/1804.03209",
            )
            for version, md5 in _SPEECH_COMMANDS.items()
        },
        default=("v0.02",),
        are_versions=True,
    ),
    "fsdd": Source(
        archives={
            "v1.0.10": Archive(
                url="https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.10.tar.gz",
                page="https://github.com/Jakobovski/free-spoken-digit-dataset",
            )
        },
        default=("v1.0.10",),
    ),
    "audiomnist": Source(
        archives={
            "master": Archive(
                url="https://github.com/soerenab/AudioMNIST/archive/refs/heads/master.zip",
                page="https://github.com/soerenab/AudioMNIST",
            )
        },
        default=("master",),
    ),
    "speechocean762": Source(
        archives={
            "all": Archive(
                url="https://www.openslr.org/resources/101/speechocean762.tar.gz", page="https://www.openslr.org/101"
            )
        },
        default=("all",),
    ),
}
# CREMA-D is published as single files, which `crema_d.py` downloads.
CREMA_D = "crema_d"
_ON_REQUEST = {
    "iemocap": "IEMOCAP is available on request only: fill in the release form of USC's SAIL laboratory,"
    " https://sail.usc.edu/iemocap/iemocap_release.htm, and wait for the e-mail with an address and a password."
    " Unpack the archive, and give `ser-fop prepare --corpus iemocap` the folder that contains Session1 .. Session5.",
    "voxceleb1": "VoxCeleb1 is available on request only: fill in the form on https://mm.kaist.ac.kr/datasets/voxceleb/,"
    " and wait for the e-mail with the access. Unpack vox1_dev_wav.zip and vox1_test_wav.zip into one folder, put"
    " iden_split.txt and vox1_meta.csv beside the folder wav, and give `ser-fop prepare --corpus voxceleb1` that folder.",
}


def archives_of(corpus: str, parts: tuple[str, ...]) -> dict[str, Archive]:
    """Return the archives to download, by part.

    Args:
        corpus: Name of the corpus.
        parts: Names of the parts; empty for the default parts.

    Raises:
        InputError: If the corpus has no open address, or if it does not have one of the parts.
    """
    if corpus in _ON_REQUEST:
        raise InputError(_ON_REQUEST[corpus])
    if corpus not in SOURCES:
        known = sorted([*SOURCES, CREMA_D, *_ON_REQUEST])
        raise InputError(
            f"--corpus expected one of {', '.join(known)}, received {corpus!r}.{closest(corpus, known)} Other"
            " corpora have no open address: `ser-fop prepare --corpus csv` reads your own files."
        )
    source = SOURCES[corpus]
    for part in parts:
        if part not in source.archives:
            known = list(source.archives)
            raise InputError(
                f"--parts of {corpus} expected some of {', '.join(known)}, received {part!r}.{closest(part, known)}"
            )
    return {part: source.archives[part] for part in parts or source.default}


def require_one_version(corpus: str, parts: Iterable[str]) -> None:
    """Refuse two versions of a corpus in one folder, which would mix their recordings.

    Args:
        corpus: Name of the corpus.
        parts: Names of the parts that the folder has and is to have.

    Raises:
        InputError: If the parts are several versions.
    """
    found = sorted(set(parts))
    if len(found) > 1 and corpus in SOURCES and SOURCES[corpus].are_versions:
        raise InputError(
            f"--out expected one version of {corpus}, received {' and '.join(found)}: their recordings would mix. Choose"
            " another folder for each."
        )


def mirrored(url: str, mirror: str) -> str:
    """Return the address of a published file on a mirror that has the publisher's paths.

    Args:
        url: The publisher's address.
        mirror: Address of the mirror, such as `https://us.openslr.org`; empty for the publisher itself.

    Raises:
        InputError: If the mirror is not an http or https address.
    """
    if not mirror:
        return url
    host = urlsplit(mirror)
    if host.scheme not in ("http", "https") or not host.netloc:
        raise InputError(f"--mirror expected an address such as https://us.openslr.org, received {mirror!r}.")
    return urlunsplit((host.scheme, host.netloc, host.path.rstrip("/") + urlsplit(url).path, "", ""))
