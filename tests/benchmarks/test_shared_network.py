import numpy as np
import pytest

from benchmarks.shared_network import CLASSES, MELS, classifier, twin, twin_hypercolumns, write_weights
from ser_fop.models.hypercolumns import hypercolumns


def test_twin_matches_keras_network(tmp_path):
    torch = pytest.importorskip("torch")
    import keras

    write_weights(tmp_path / "weights.npz")
    network, (other, projection) = classifier(), twin(tmp_path / "weights.npz")
    mel = np.random.default_rng(0).normal(-6, 2, size=(2, 30, MELS)).astype(np.float32)
    inputs = {"mel": mel, "mask": np.ones((2, 30), bool)}
    ours = keras.Model(network.inputs, hypercolumns(network.backbone)).predict(inputs, verbose=0)
    with torch.inference_mode():
        theirs = twin_hypercolumns(other, torch.from_numpy(mel))
        assert torch.equal(theirs["h2"], other.hidden_states(torch.from_numpy(mel))[-1])
    assert set(theirs) == set(ours)
    for name, states in ours.items():
        np.testing.assert_allclose(theirs[name].numpy(), states, atol=1e-3)
    assert projection.shape == (256, CLASSES)
