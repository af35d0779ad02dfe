"""Facts on a probe, for its page."""

from collections.abc import Mapping, Sequence

from ser_fop.data.records import Records
from ser_fop.evaluation.fold_runs import fold_folder
from ser_fop.hub.networks import network_spec
from ser_fop.probing.networks import ProbedNetwork
from ser_fop.probing.probe_config import ProbeConfig
from ser_fop.utils.run_folder import machine, versions


def chance_levels(records: Mapping[str, Records]) -> dict[str, float]:
    """Return one divided by the number of classes, by corpus.

    Args:
        records: Labelled records by corpus.
    """
    return {corpus: 1 / len(one.manifest.labels) for corpus, one in records.items()}


def facts_of(config: ProbeConfig, networks: Sequence[ProbedNetwork]) -> dict[str, str]:
    """Return what a reader must know to trust and to repeat the figures.

    Args:
        config: Config of the probe.
        networks: Its networks.
    """
    corpora = {corpus: one for network in networks for corpus, one in network.records.items()}
    found = {
        f"corpus {one.manifest.title}": f"{sum(bool(row.label) for row in one.rows)} labelled utterances,"
        f" {len(one.speakers)} speakers, {len(one.manifest.labels)} classes; licence: {one.manifest.licence}"
        for one in corpora.values()
    }
    found |= {f"network {network.name}": _described(network) for network in networks}
    found["probes"] = (
        "Logistic regression (linear) and a support vector machine (RBF) on the standardised features. C is chosen on"
        " the validation speakers; the classifier is then fitted on the training and validation speakers."
    )
    found["untrained twin"] = (
        f"the same network with new weights and the same mel statistics, {config.seeds} seeds. F is the input, equal for"
        " both."
    )
    found["fine-tuning"] = (
        "trained on the drawn training speakers alone, without selection, tested on the test speakers of every fold;"
        " from scratch as the twin. Both starts have the same draws."
    )
    found["gain"] = (
        "mean over corpora of the difference in UA, over all test speakers. p is that of a sign-flip test over the"
        " speakers of all corpora, without correction for several comparisons."
    )
    found["machine"] = machine()["processor"]
    return found | {f"version of {name}": version for name, version in versions().items()}


def _described(network: ProbedNetwork) -> str:
    spec = network.spec
    heard = {speaker for path in network.paths for speaker in network_spec(fold_folder(path, 0)).seen_speakers}
    seen = [one.manifest.title for one in network.records.values() if one.heard_before(one.speakers, heard)]
    corpora = sorted({speaker.partition(":")[0] for speaker in heard})
    remark = f"; it has heard speakers of {', '.join(seen)} without labels (transductive)" if seen else ""
    return (
        f"{spec.model.backbone}, {spec.model.layers} layers of width {spec.model.d_model}, pretrained on"
        f" {', '.join(corpora) or 'no speech'}, {len(network.paths)} repeat(s){remark}"
    )
