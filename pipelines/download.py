"""Download an open corpus from its publisher: `ser-fop download --corpus ravdess --out corpora/ravdess`."""

from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.corpus_stages import DownloadConfig
from ser_fop.corpora.downloads.crema_d import fetch_crema_d
from ser_fop.corpora.downloads.fetching import fetch
from ser_fop.corpora.downloads.sources import CREMA_D, archives_of, mirrored, require_one_version
from ser_fop.corpora.downloads.unpacking import unpack
from ser_fop.corpora.registry import get_corpus
from ser_fop.errors import InputError
from ser_fop.utils.json_io import read_json, write_json


def run(config: DownloadConfig) -> Path:
    """Download, check and unpack the parts of the corpus that are still missing; return its folder."""
    record = config.out / "download.json"
    done = read_json(record) if record.exists() else {"corpus": config.corpus, "parts": {}}
    if done.get("corpus") != config.corpus:
        raise InputError(
            f"--out {config.out} already holds {done.get('corpus', 'other files')}. Choose another folder for {config.corpus}."
        )
    if config.corpus == CREMA_D and config.parts:
        raise InputError("--parts expected nothing for crema_d, which has no parts. Drop the option.")
    archives = {CREMA_D: None} if config.corpus == CREMA_D else archives_of(config.corpus, config.parts)
    require_one_version(config.corpus, [*done["parts"], *archives])
    corpus = get_corpus(config.corpus)
    print(f"{corpus.title}: {corpus.licence}; {corpus.url}", flush=True)
    for part, archive in archives.items():
        if part in done["parts"]:
            print(f"{part}: already downloaded")
            continue
        if archive is None:
            found = fetch_crema_d(config.out, mirror=config.mirror, jobs=config.jobs)
            checked = f"{found['files']} files by the SHA-256 of their pointers; {len(found['missing'])} without audio"
        else:
            archive_path = config.out / ".download" / archive.name
            checksum = ("md5", archive.md5) if archive.md5 else None
            url = mirrored(archive.url, config.mirror)
            found = fetch(url, archive_path, checksum=checksum, size=archive.size, page=archive.page)
            unpack(archive_path, config.out)
            if not config.keep_archives:
                archive_path.unlink()
            checked = "by its published MD5" if checksum else "by the archive's own checksums: no MD5 is published"
        done["parts"][part] = found
        write_json(record, done)
        print(f"{part}: checked {checked}", flush=True)
    download = config.out / ".download"
    if download.exists() and not any(download.iterdir()):
        download.rmdir()
    print(f"next: ser-fop info --corpus {config.corpus} --audio-dir {config.out}")
    return config.out


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("download", DownloadConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
