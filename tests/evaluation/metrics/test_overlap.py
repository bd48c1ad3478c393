import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics import distances
from components.evaluation.metrics import overlap as module
from components.evaluation.metrics.manifold import manifold
from components.evaluation.metrics.overlap import Overlap, overlap
from components.figures.statistics.intervals import Estimate, split_groups
from components.figures.statistics.measured import Measured
from components.figures.statistics.score_intervals import Jackknifed

FIGURES = ("precision", "recall", "density", "coverage")


def values(of: Overlap) -> list[float]:
    return [getattr(of, name).estimate.value for name in FIGURES]


def same(one: Overlap, other: Overlap) -> bool:
    pairs: list[tuple[Measured, Measured]] = [
        (getattr(one, name), getattr(other, name)) for name in FIGURES
    ]
    return one.k == other.k and all(
        a.estimate == b.estimate
        and np.array_equal(a.generated, b.generated)  # type: ignore[arg-type]
        and np.array_equal(a.reference, b.reference)  # type: ignore[arg-type]
        for a, b in pairs
    )


def pair(n: int = 62, m: int = 45, d: int = 4) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(n, d)) * 0.8 + 0.5, generator.normal(size=(m, d))


@pytest.fixture
def jackknifed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Jackknifed]:
    """The figures of `pair` with their replicates."""
    seen: list[Jackknifed] = []

    def watch(figure: Jackknifed, size: float, confidence: float) -> Estimate:
        seen.append(figure)
        return Estimate(figure.value, 0.0, 1.0, confidence, "none")

    with monkeypatch.context() as watched:
        watched.setattr(module, "share_of_two_sets", watch)
        watched.setattr(module, "count_of_two_sets", watch)
        overlap(*pair(), 0.95)
    return dict(zip(FIGURES, seen, strict=True))


def test_what_images_bring_that_make_no_balls_is_exact(jackknifed: dict[str, Jackknifed]) -> None:
    x, y = pair()
    without_x = [values(overlap(np.delete(x, g, axis=0), y, 0.95)) for g in split_groups(len(x))]
    without_y = [values(overlap(x, np.delete(y, g, axis=0), 0.95)) for g in split_groups(len(y))]
    by_x, by_y = np.transpose(without_x), np.transpose(without_y)
    for index, name in enumerate(FIGURES):
        figure = jackknifed[name]
        assert 0.0 < figure.value != 1.0
        side, exact = (figure.reference, by_y) if name == "recall" else (figure.generated, by_x)
        np.testing.assert_allclose(side.values, exact[index], rtol=1e-12)
        assert figure.generated.sizes.sum() == len(x)
        assert figure.reference.sizes.sum() == len(y)


@pytest.mark.parametrize("name", FIGURES)
def test_without_a_group_balls_go_and_those_of_others_grow_by_their_mean_growth(
    jackknifed: dict[str, Jackknifed], name: str
) -> None:
    """Ball by ball: each alone as far as k - 2 and k + 2 neighbours, a quarter of the difference
    for each neighbour that is left out; and so too without each group of the other set."""
    x, y = pair()
    makers, images = (x, y) if name == "recall" else (y, x)
    balls, out = manifold(makers), 7
    squared = ((images[:, None] - makers) ** 2).sum(axis=2)
    left = np.flatnonzero(balls.group_of != out)

    def total(kept: np.ndarray, of: np.ndarray, radii: np.ndarray) -> float:
        inside = squared[np.ix_(kept, of)] < radii[of]
        if name == "density":
            return float(inside.sum()) / balls.k
        return float(inside.any(axis=0 if name == "coverage" else 1).sum())

    def without(kept: np.ndarray) -> float:
        sum_, every = total(kept, left, balls.radii[:, 1]), np.arange(len(makers))
        for ball in left:
            smaller, larger = np.repeat(balls.radii[None, :, 1], 2, axis=0)
            smaller[ball], larger[ball] = balls.radii[ball, [0, 2]]
            grown = total(kept, every, larger) - total(kept, every, smaller)
            sum_ += balls.members[ball, out] / 4 * grown
        return sum_ / (len(left) if name == "coverage" else len(kept))

    figure = jackknifed[name]
    side, both = figure.reference, figure.both
    if name == "recall":
        side, both = figure.generated, figure.both.T
    assert side.values[out] == pytest.approx(without(np.arange(len(images))))
    for group, rows in enumerate(split_groups(len(images))[:3]):
        kept = np.delete(np.arange(len(images)), rows)
        assert both[group, out] == pytest.approx(without(kept))


def test_figures_do_not_depend_on_the_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = overlap(*pair(), 0.95)
    monkeypatch.setattr(distances, "_HEIGHT", 7)
    monkeypatch.setattr(distances, "_WIDTH", 2)
    assert same(overlap(*pair(), 0.95), whole)


def test_a_manifold_stands_for_its_features() -> None:
    x, y = pair()
    assert same(overlap(manifold(x), manifold(y), 0.95), overlap(x, y, 0.95))
    assert same(overlap(manifold(x, 3), y, 0.95, k=3), overlap(x, y, 0.95, k=3))
    assert overlap(x, y, 0.95, k=3).k == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copies_on_the_rims_of_balls_are_outside(dtype: type) -> None:
    """Each image is in its own ball and k - 1 others' on average: the density is exactly 1."""
    x = np.random.default_rng(1).normal(size=(200, 40)).astype(dtype)
    plain = overlap(x, x, 0.95)
    assert values(plain) == [1.0, 1.0, pytest.approx(1.0, rel=1e-12), 1.0]
    turned = overlap(x[::-1].copy(), x, 0.95)
    assert values(turned) == pytest.approx(values(plain), rel=1e-12)


def test_sets_that_do_not_meet_have_nothing_in_common_and_still_intervals() -> None:
    x, y = pair()
    apart = overlap(x + 100.0, y, 0.95)
    for name in FIGURES:
        figure = getattr(apart, name).estimate
        assert (figure.value, figure.low) == (0.0, pytest.approx(0.0, abs=1e-12))
        assert figure.high > 0.01


def test_a_generator_of_one_image_covers_nothing() -> None:
    _, y = pair()
    collapsed = overlap(np.repeat(y[:1], 60, axis=0), y, 0.95)
    assert collapsed.precision.estimate.value == 1.0
    assert collapsed.recall.estimate.value == 0.0
    assert collapsed.coverage.estimate.value < 0.3


@pytest.mark.parametrize("name", FIGURES)
def test_intervals_lie_around_the_figure_and_inside_its_range(name: str) -> None:
    x, y = pair()
    figure = getattr(overlap(x, y, 0.95), name).estimate
    assert 0.0 <= figure.low < figure.value < figure.high
    assert name == "density" or figure.high <= 1.0


def test_more_images_give_narrower_intervals() -> None:
    few, many = overlap(*pair(60, 60), 0.95), overlap(*pair(600, 600), 0.95)
    for name in FIGURES:
        less, more = getattr(few, name).estimate, getattr(many, name).estimate
        assert more.high - more.low < 0.6 * (less.high - less.low)


def test_manifolds_of_different_k_are_refused() -> None:
    x, y = pair()
    with pytest.raises(AlphabarError, match="neighbours 3 and 5"):
        overlap(manifold(x, 3), manifold(y, 5), 0.95)


def test_features_of_different_extractors_are_refused() -> None:
    x, y = pair()
    with pytest.raises(AlphabarError, match="cannot be compared"):
        overlap(x, y[:, :3], 0.95)


def test_the_same_sets_give_the_same_record() -> None:
    assert same(overlap(*pair(), 0.95), overlap(*pair(), 0.95))
