import pytest

from ser_fop.export.card_sections import probe_section

INTERVAL = {"low": -0.01, "high": 0.05, "over": "speakers", "units": 12, "confidence": 0.95}


def score(start, ua, *, corpus="ravdess", task="h1/mean_std/linear"):
    return {"network": "fop", "start": start, "task": task, "corpus": corpus, "ua": ua}


@pytest.fixture
def probed():
    pooled = {
        "difference": 0.021,
        "interval": INTERVAL,
        "p_sign_flip": 0.034,
        "by_corpus": {"ravdess": 0.03, "nemo": 0.012},
    }
    return {
        "chance": {"ravdess": 0.125, "nemo": 1 / 6},
        "scores": [score("pretrained", 0.48), score("pretrained", 0.33, corpus="nemo"), score("untrained", 0.45)],
        "gains": [
            {"network": "fop", "task": "h1/mean_std/linear", "pooled": pooled},
            {"network": "fop", "task": 8, "pooled": {**pooled, "interval": None}},
        ],
    }


def test_probe_section_has_gains_with_intervals_and_the_score_of_each_system(probed):
    text = probe_section(probed)
    assert "| fop | h1, mean and deviation, linear probe | +2.1 [-1.0, +5.0] | 0.034 | +3.0 | +1.2 |" in text
    assert "| fop | fine-tuned with 8 labelled speakers | +2.1 | 0.034 |" in text
    assert "| fop, pretrained: h1, mean and deviation, linear probe | 48.0 | 33.0 |" in text
    assert "| fop, untrained: h1, mean and deviation, linear probe | 45.0 |  |" in text
    assert "| chance | 12.5 | 16.7 |" in text


def test_a_card_without_a_probe_has_no_section():
    assert probe_section({}) == ""
