from benchmarks.step_costs import step_costs
from ser_fop.config.settings import ModelConfig


def test_operations_match_manual_count():
    config = ModelConfig(d_model=4, heads=2, feed_forward=6, layers=1)
    dense, attention, _ = step_costs(config, mels=3, batch=2, frames=5, value_bytes=4)
    # Forward products of one frame: query, key and value; output; inner and outer of the feed-forward; the head.
    forward = 2 * (4 * 12 + 4 * 4 + 4 * 6 + 6 * 4 + 4 * 3)
    # The backward pass has two products for each forward product; the embedding (3 to 4) needs no input gradient.
    assert dense.operations == 2 * 5 * (3 * forward + 2 * 2 * 3 * 4)
    seen = sum(frame + 1 for frame in range(5))  # number of keys per frame
    assert attention.operations == 2 * 6 * 2 * seen * 4


def test_attention_cost_is_quadratic_and_rest_linear():
    costs = {
        frames: step_costs(ModelConfig(), mels=80, batch=1, frames=frames, value_bytes=4) for frames in (999, 1999)
    }
    dense, attention, norms = (long.operations / short.operations for short, long in zip(*costs.values(), strict=True))
    assert dense == norms == 1999 / 999
    assert attention == (1999 * 2000) / (999 * 1000)


def test_bfloat16_needs_half_the_bytes():
    parts = [step_costs(ModelConfig(), mels=80, batch=2, frames=9, value_bytes=size) for size in (4, 2)]
    assert all(single.bytes == 2 * half.bytes for single, half in zip(*parts, strict=True))
