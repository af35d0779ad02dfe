import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from ser_fop.config.settings import ClassifierSettings
from ser_fop.hypercolumns.codes import fitted_code, write_code
from ser_fop.hypercolumns.denoising_code import DenoisingCode
from ser_fop.hypercolumns.ladder_code import LadderCode
from tests.stages import eager_steps

TINY = {"widths": (5, 3), "epochs": 1}


@pytest.mark.slow  # about fifty checks, and each one builds networks
@parametrize_with_checks([DenoisingCode(**TINY), LadderCode(**TINY)])
def test_code_passes_scikit_learn_checks(estimator, check):
    with eager_steps():
        check(estimator)


@pytest.fixture(scope="module")
def labelled():
    """Vectors of three factors on different scales, and labels that follow the first factor."""
    generator = np.random.default_rng(0)
    labels = np.array(["calm", "cross"])[np.arange(240) % 2]
    hidden = generator.normal(size=(240, 3))
    hidden[:, 0] = np.where(labels == "cross", 1.5, -1.5) + 0.5 * hidden[:, 0]
    vectors = hidden @ generator.normal(size=(3, 20)) + 0.3 * generator.normal(size=(240, 20))
    return 100 * vectors * np.arange(1, 21), labels


@pytest.mark.parametrize("kind", [DenoisingCode, pytest.param(LadderCode, marks=pytest.mark.slow)])
def test_svm_on_code_recognises_classes(labelled, kind):
    vectors, labels = labelled
    network = kind((16, 8), epochs=40, random_state=3)
    accuracy = make_pipeline(network, SVC()).fit(vectors[:160], labels[:160]).score(vectors[160:], labels[160:])
    assert accuracy > 0.9
    again = clone(network).fit(vectors[:160], labels[:160])
    np.testing.assert_array_equal(again.transform(vectors), network.transform(vectors))
    assert network.parameters_ == (20 + 1) * 16 + (16 + 1) * 8  # the encoder only


def test_unlabelled_vectors_change_the_code(labelled):
    vectors, labels = labelled
    code = {"features": vectors[:80], "labels": labels[:80], "settings": ClassifierSettings(code_epochs=2), "seed": 0}
    with eager_steps():
        one = fitted_code("ladder", unlabelled=vectors[80:], **code)
        other = fitted_code("ladder", unlabelled=vectors[:0], **code)
    assert one.transform(vectors).shape == (240, 128)
    assert np.abs(one.transform(vectors) - other.transform(vectors)).max() > 1e-3


def test_written_arrays_compute_the_code(labelled, tmp_path):
    vectors, labels = labelled
    code = DenoisingCode((6, 4), epochs=1).fit(vectors, labels)
    (path,) = write_code(tmp_path / "code.npz", code)
    with np.load(path, allow_pickle=False) as arrays:
        values = (vectors - arrays["mean"]) / arrays["scale"]
        for number in (1, 2):
            values = np.maximum(values @ arrays[f"kernel_{number}"] + arrays[f"bias_{number}"], 0.0)
    np.testing.assert_allclose(values, code.transform(vectors), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", [DenoisingCode, pytest.param(LadderCode, marks=pytest.mark.slow)])
def test_training_has_no_batch_of_one_vector(labelled, kind):
    """Batch normalisation fails on a batch of one; 241 vectors would be 24 batches of ten and one of one."""
    vectors, labels = labelled
    more = np.concatenate([vectors, vectors[:1]])
    network = kind((16, 8), epochs=20, batch_size=10)
    accuracy = make_pipeline(network, SVC()).fit(more, np.append(labels, labels[0])).score(vectors, labels)
    assert accuracy > 0.9
    assert np.abs(network.transform(vectors)).max() < 100
