import numpy as np

from components.reporting.pictures.curves import averaged


def test_averaging_keeps_the_mean_and_the_order() -> None:
    steps, loss = averaged(range(1, 10_001), np.linspace(2, 1, 10_000))
    assert len(steps) == 250
    assert np.all(np.diff(steps) > 0)
    np.testing.assert_allclose(loss.mean(), 1.5)
    assert list(averaged([1, 2, 3], [5.0, 4.0, 3.0])[1]) == [5.0, 4.0, 3.0]
