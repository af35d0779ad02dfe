"""Print a summary of a corpus folder: `ser-fop info --corpus X --audio-dir DIR`."""

from ser_fop.cli import run_stage
from ser_fop.config.corpus_stages import InfoConfig
from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.reading import read_corpus
from ser_fop.corpora.registry import get_corpus
from ser_fop.corpora.summary import summarize


def run(config: InfoConfig) -> None:
    """Print the utterances, hours, speakers, labels and sessions of a corpus, and every problem found."""
    corpus = get_corpus(config.corpus)
    options = ReadOptions(
        manifest=config.manifest, labels=config.labels, microphone=config.microphone, target=config.target
    )
    listing = read_corpus(corpus, config.audio_dir, options)
    print("\n".join(summarize(corpus, listing, folder=config.audio_dir, jobs=config.jobs)))


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("info", InfoConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
