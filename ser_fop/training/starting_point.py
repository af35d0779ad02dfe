"""The network from which fine-tuning starts."""

import dataclasses
from collections.abc import Collection

from ser_fop.config.stages import FinetuneConfig
from ser_fop.data.records import Records, mel_moments, require_same_features
from ser_fop.hub.networks import load_network
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier


@dataclasses.dataclass(frozen=True)
class StartingPoint:
    """A network before fine-tuning.

    Attributes:
        network: A pretrained or a fresh backbone, with a fresh head.
        seen_speakers: Speakers whose speech its backbone has seen, as `corpus:speaker`.
        labelled_speakers: Speakers whose labels its backbone has seen, as `corpus:speaker`.
    """

    network: EmotionClassifier
    seen_speakers: tuple[str, ...] = ()
    labelled_speakers: tuple[str, ...] = ()


def starting_point(config: FinetuneConfig, records: Records, *, normalised_on: Collection[str]) -> StartingPoint:
    """Return the network before fine-tuning.

    Args:
        config: The config of the stage.
        records: The labelled records.
        normalised_on: Utterance ids whose mel statistics serve where the pretrained network's do not.

    Raises:
        InputError: If the pretrained network reads other features than the records hold.
    """
    settings, features = config.training, records.manifest.features
    size, known = config.model, {}
    if config.pretrained:
        pretrained, spec = load_network(config.pretrained)
        require_same_features({str(records.folder): features, str(config.pretrained): spec.features})
        size = spec.model
        known = {"seen_speakers": spec.seen_speakers, "labelled_speakers": spec.labelled_speakers}
    if settings.finetuning_dropout is not None:
        size = dataclasses.replace(size, dropout=settings.finetuning_dropout)
    backbone = Backbone(size, features.width, attention=settings.attention, name="backbone")
    if config.pretrained:
        backbone.set_weights(pretrained.backbone.get_weights())
    if not config.pretrained or settings.normalisation == "target":
        backbone.normalization.set_statistics(*mel_moments([(records, normalised_on)]))
    network = EmotionClassifier(backbone, len(records.manifest.labels), pooling=settings.pooling)
    return StartingPoint(network, **known)
