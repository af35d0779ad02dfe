"""Regression guard: compares measured ratios with recorded ones, never seconds, which differ between machines."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.harness import Comparison, spread

DEFAULT_SHARE = 0.8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """Result of the guard, with one line for each ratio.

    Attributes:
        failures: Ratios below the limit, and contenders of ser_fop that failed.
        unguarded: Comparisons that were not possible, with the reason.
        held: Ratios within the limit.
    """

    failures: tuple[str, ...]
    unguarded: tuple[str, ...]
    held: tuple[str, ...]


def guard(
    comparisons: Iterable[Comparison], recorded: Mapping[str, Any], *, least_share: float = DEFAULT_SHARE
) -> Verdict:
    """Compare the ratio to each peer with its recorded median.

    The best round counts: other load on the machine can lower the ratio of one round, whereas a regression lowers the
    ratio of every round.

    Args:
        comparisons: Comparisons of this run.
        recorded: Result of `record.read_record`.
        least_share: A best ratio below this share of the recorded median is a failure.
    """
    failures, unguarded, held = [], [], []
    for comparison in comparisons:
        ours, *peers = comparison.measurements
        if ours.missing:
            failures.append(f"{comparison.key}: {ours.name} could not be measured: {ours.missing}")
            continue
        rows = {row["name"]: row for row in recorded.get(comparison.key, {}).get("rows", [])}
        if not rows:
            unguarded.append(f"{comparison.key}: not recorded")
            continue
        for peer in peers:
            before = rows.get(peer.name, {}).get("ratio")
            if peer.missing:
                unguarded.append(f"{comparison.key}, {peer.name}: {peer.missing}")
            elif before is None:
                unguarded.append(f"{comparison.key}, {peer.name}: not recorded")
            else:
                best = spread(comparison.ratios(peer))["max"]
                share = best / before["median"]
                line = (
                    f"{comparison.key}, {peer.name}: ours / theirs was {before['median']:.3g}, is {best:.3g} at best"
                    f" ({share:.0%} of it; at least {least_share:.0%} is required)"
                )
                (failures if share < least_share else held).append(line)
    return Verdict(failures=tuple(failures), unguarded=tuple(unguarded), held=tuple(held))
