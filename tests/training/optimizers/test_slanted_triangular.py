import keras
import pytest

from ser_fop.training.optimizers.slanted_triangular import SlantedTriangular


@pytest.fixture
def schedule():
    return SlantedTriangular(0.01, 100)


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 0.01 / 32), (5, 0.01 * (1 + 0.5 * 31) / 32), (10, 0.01), (55, 0.01 * (1 + 0.5 * 31) / 32), (100, 0.01 / 32)],
)
def test_schedule_values_follow_equation_3(schedule, step, expected):
    assert float(schedule(step)) == pytest.approx(expected, rel=1e-5)


def test_schedule_beyond_last_step_stays_at_lowest_rate(schedule):
    assert float(schedule(1000)) == pytest.approx(0.01 / 32)


def test_schedule_round_trip_through_config_keeps_values(schedule):
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert float(again(7)) == float(schedule(7))
