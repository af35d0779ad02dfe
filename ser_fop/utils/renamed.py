"""Translate former names of settings and of keys on disk.

Files of earlier versions still load, because `read_json` and `read_yaml` translate their keys. The command line
translates options in the same way.
"""

from collections.abc import Callable, Mapping
from typing import Any

# Former name: present name. Nested settings are translated at any depth.
RENAMED = {
    "against": "baseline_name",
    "ahead": "horizons",
    "also": "compare_with",
    "answer_s": "response_timeout_s",
    "divergence_steps": "kl_warmup_steps",
    "explored": "dev_speakers",
    "gap_share": "mask_ratio",
    "heard": "seen_speakers",
    "kept": "cache_dir",
    "left_out": "unmatched_utterances",
    "longest_s": "max_duration_s",
    "most_body_mb": "max_body_mb",
    "reading": "residual_width",
    "side_by_side": "workers",
    "told": "labelled_speakers",
    "upload_s": "upload_timeout_s",
    "view_weight": "dimensional_loss_weight",
    "views": "dimensional_labels",
}
# Former values of renamed settings, by present name.
RENAMED_VALUES = {"residual_width": {"wide": "model", "narrow": "input"}}


def present_name(name: str) -> str:
    """Return the present name of a setting.

    Args:
        name: Name of a setting, with or without its groups, such as `pretraining.ahead`.
    """
    groups, dot, last = name.rpartition(".")
    return groups + dot + RENAMED.get(last, last)


def present_value(name: str, value: Any) -> Any:
    """Return the present form of a setting's value.

    Args:
        name: Present name of the setting.
        value: One value, or a list of values.
    """
    values = RENAMED_VALUES.get(name.rpartition(".")[2], {})
    if isinstance(value, list):
        return [present_value(name, one) for one in value]
    return values.get(value, value) if isinstance(value, str) else value


def with_present_names(value: Any, *, note: Callable[[str, str], None] | None = None) -> Any:
    """Return JSON or YAML content in which every setting has its present name.

    Args:
        value: Content of a file.
        note: Function that is called with the former and the present name of each translated key.
    """
    if isinstance(value, list):
        return [with_present_names(one, note=note) for one in value]
    if not isinstance(value, Mapping):
        return value
    translated = {}
    for key, inner in value.items():
        name = present_name(key) if isinstance(key, str) else key
        if name != key and note is not None:
            note(key, name)
        translated[name] = present_value(name, with_present_names(inner, note=note)) if isinstance(name, str) else inner
    return translated
