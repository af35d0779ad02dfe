"""Initial network of a fine-tuning."""

import dataclasses
from collections.abc import Collection

from ser_fop.config.stages import FinetuneConfig
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.records import Records, mel_moments, require_same_features
from ser_fop.evaluation.fold_runs import fold_folder
from ser_fop.hub.networks import load_network, network_digest, network_spec
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.training.strategies import check_strategy
from ser_fop.utils.json_io import sha256


@dataclasses.dataclass(frozen=True)
class StartingPoint:
    """Initial network of a fine-tuning.

    Attributes:
        network: A pretrained or new backbone with a new head.
        seen_speakers: Speakers whose speech the backbone has seen, as `corpus:speaker`.
        labelled_speakers: Speakers whose labels the backbone has seen, as `corpus:speaker`.
    """

    network: EmotionClassifier
    seen_speakers: tuple[str, ...] = ()
    labelled_speakers: tuple[str, ...] = ()


def input_digests(config: FinetuneConfig, *, fold: int | None = None) -> dict[str, str]:
    """Return the digests of the pretrained network and of the label map, by the names of their options.

    Args:
        config: Config of `finetune`.
        fold: A fold whose network must be readable, so that an unusable network fails before any training.

    Raises:
        InputError: If the network is missing or unusable.
    """
    digests = {"label_map": sha256(config.label_map)} if config.label_map else {}
    if not config.pretrained:
        return digests
    if fold is not None:
        network_spec(fold_folder(config.pretrained, fold))
    return {**digests, "pretrained": network_digest(config.pretrained)}


def starting_point(
    config: FinetuneConfig, records: Records | JoinedRecords, *, normalised_on: Collection[str]
) -> StartingPoint:
    """Return the initial network of a fine-tuning.

    Args:
        config: Config of `finetune`.
        records: The labelled records.
        normalised_on: Ids of the utterances whose mel statistics are used without a pretrained network, or with the
            setting `normalisation: target`.

    Raises:
        InputError: If the features of the pretrained network differ from those of the records, or if the strategy does
            not fit the network.
    """
    settings, features = config.training, records.manifest.features
    size, known = config.model, {}
    if config.pretrained:
        pretrained, spec = load_network(config.pretrained)
        require_same_features({str(records.folder): features, str(config.pretrained): spec.features})
        size = spec.model
        known = {"seen_speakers": spec.seen_speakers, "labelled_speakers": spec.labelled_speakers}
    check_strategy(settings, layers=size.layers)
    if settings.finetuning_dropout is not None:
        size = dataclasses.replace(size, dropout=settings.finetuning_dropout)
    backbone = Backbone(size, features.width, attention=settings.attention, name="backbone")
    if config.pretrained:
        backbone.set_weights(pretrained.backbone.get_weights())
    if not config.pretrained or settings.normalisation == "target":
        backbone.normalization.set_statistics(*mel_moments([(records, normalised_on)]))
    network = EmotionClassifier(backbone, len(records.manifest.labels), pooling=settings.pooling)
    return StartingPoint(network, **known)
