"""Markdown tables of comparisons."""

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.harness import Comparison, Measurement, spread

_INSTALL = '`pip install -e ".[dev,bench]"`'


def comparison_table(comparison: Comparison) -> str:
    """Return the Markdown table of one comparison, with its title."""
    header = ["contender", comparison.unit, "ours / theirs", "peak memory, GiB"]
    if comparison.whole:
        header.append("time at that rate")
    rows = [
        _cells(comparison, measurement) + ([_time(comparison, measurement)] if comparison.whole else [])
        for measurement in comparison.measurements
    ]
    return f"**{comparison.key}**: {comparison.title}\n\n{markdown(header, rows)}\n"


def summary_table(comparisons: Mapping[str, Iterable[Comparison]]) -> str:
    """Return one Markdown table of all comparisons, by stage."""
    rows = [
        [stage, comparison.key, comparison.unit, *_cells(comparison, measurement)]
        for stage, found in comparisons.items()
        for comparison in found
        for measurement in comparison.measurements
    ]
    return markdown(["stage", "comparison", "unit", "contender", "rate", "ours / theirs", "peak memory, GiB"], rows)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are aligned in plain text."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    padded.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in padded)


def _cells(comparison: Comparison, measurement: Measurement) -> list[str]:
    """Return the cells of a row: name, rate, ratio and peak memory."""
    if measurement.missing:
        reason = measurement.missing
        if reason.startswith("not installed"):
            reason += f" ({_INSTALL})"
        return [measurement.name, reason, "", ""]
    ours = measurement is comparison.measurements[0]
    ratios = [] if ours else comparison.ratios(measurement)
    ratio = _range(ratios) if ratios else ""
    return [measurement.name, _range(measurement.rates), ratio, f"{measurement.peak_gib:.2f}"]


def _range(values: Sequence[float]) -> str:
    found = spread(values)
    return f"{figure(found['median'])} ({figure(found['min'])} to {figure(found['max'])})"


def _time(comparison: Comparison, measurement: Measurement) -> str:
    """Return the time that `whole` units take at the median rate."""
    if measurement.missing:
        return ""
    seconds = comparison.whole / spread(measurement.rates)["median"]
    return f"{figure(seconds)} s" if seconds >= 1 else f"{figure(1000 * seconds)} ms"


def figure(value: float) -> str:
    """Return a number with three significant digits and commas between thousands."""
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
