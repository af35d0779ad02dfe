"""Comparisons with invented figures."""

from benchmarks.harness import Comparison, Measurement


def comparison(key="speed", ours=(10.0, 12.0, 11.0), **peers):
    """Return a comparison; a peer given as a string is missing for that reason."""
    measurements = [_measurement("ours", ours)]
    measurements += [_measurement(name, rates) for name, rates in peers.items()]
    return Comparison(key=key, title="things", unit="things / s", measurements=measurements)


def _measurement(name, rates):
    if isinstance(rates, str):
        return Measurement(name=name, missing=rates)
    return Measurement(name=name, rates=list(rates), peak_gib=0.25)
