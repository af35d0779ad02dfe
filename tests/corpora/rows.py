"""Rows of utterances that were read and not prepared."""

from ser_fop.corpora.schema import Row


def rows_of(utterances):
    """Return a row of one second for each utterance."""
    return [Row(**vars(one), shard=0, frames=100, duration_s=1.0) for one in utterances]
