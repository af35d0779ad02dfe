import logging

from ser_fop.hub.published import published_models
from ser_fop.hub.saved_model import load_saved_model


def test_loading_prints_no_warning_and_keeps_the_level(caplog):
    logger = logging.getLogger("absl")
    level = logger.level
    model = load_saved_model(published_models()["emotion-common"] / "1")
    assert "serving_default" in model.signatures
    assert caplog.records == []
    assert logger.level == level
