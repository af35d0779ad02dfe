"""Registry of the speech corpora, by name. It does not import TensorFlow."""

from ser_fop.corpora import (
    audiomnist,
    crema_d,
    csv_manifest,
    emodb,
    emospeechcommands,
    fsdd,
    iemocap,
    librispeech,
    ravdess,
    speech_commands,
    speechocean762,
    vctk,
    voxceleb1,
)
from ser_fop.corpora.base import Corpus
from ser_fop.corpora.synthetic import corpus as synthetic
from ser_fop.errors import InputError, closest

CORPORA: dict[str, Corpus] = {
    "synthetic": synthetic.SYNTHETIC,
    "synthetic_unlabelled": synthetic.SYNTHETIC_UNLABELLED,
    "iemocap": iemocap.CORPUS,
    "vctk": vctk.CORPUS,
    "ravdess": ravdess.CORPUS,
    "librispeech": librispeech.CORPUS,
    "emodb": emodb.CORPUS,
    "crema_d": crema_d.CORPUS,
    "speech_commands": speech_commands.CORPUS,
    "fsdd": fsdd.CORPUS,
    "audiomnist": audiomnist.CORPUS,
    "emospeechcommands": emospeechcommands.CORPUS,
    "voxceleb1": voxceleb1.CORPUS,
    "speechocean762": speechocean762.CORPUS,
    "csv": csv_manifest.CORPUS,
}


def get_corpus(name: str) -> Corpus:
    """Return the corpus with the given name.

    Args:
        name: A key of `CORPORA`.

    Raises:
        InputError: If no corpus has this name. The message suggests the closest name.
    """
    if name not in CORPORA:
        raise InputError(f"unknown corpus {name!r}: expected one of {', '.join(CORPORA)}.{closest(name, CORPORA)}")
    return CORPORA[name]
