"""The regression guard: ratios measured now against those recorded, never seconds, which differ between machines."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.harness import Comparison, spread

DEFAULT_SHARE = 0.8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the guard found: one line for each ratio.

    Attributes:
        failures: Ratios that fell too far, and contenders of our own that failed.
        unguarded: What could not be compared, and why.
        held: Ratios that held.
    """

    failures: tuple[str, ...]
    unguarded: tuple[str, ...]
    held: tuple[str, ...]


def guard(
    comparisons: Iterable[Comparison], recorded: Mapping[str, Any], *, least_share: float = DEFAULT_SHARE
) -> Verdict:
    """Compare the ratios of ours to each peer with the recorded median.

    The best round is judged: what else the machine does can lower a ratio for a round, a regression lowers all.

    Args:
        comparisons: Measured now.
        recorded: What `record.read_record` gives.
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
                    f" ({share:.0%} of it; at least {least_share:.0%} is asked)"
                )
                (failures if share < least_share else held).append(line)
    return Verdict(failures=tuple(failures), unguarded=tuple(unguarded), held=tuple(held))
