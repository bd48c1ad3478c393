import numpy as np
import pytest

from components.evaluation.metrics import retrieval as module
from components.evaluation.metrics.retrieval import retrieval


def test_an_image_at_its_caption_is_found() -> None:
    found = retrieval(np.eye(5, dtype="f4"), np.eye(5, dtype="f4"), np.arange(5), 0, 0.95)
    assert (found.top1.value, found.candidates, found.chance) == (1.0, 5, 0.2)


def test_a_tie_is_a_miss() -> None:
    same = np.ones((3, 2), np.float32)
    assert retrieval(same, same, np.arange(3), 0, 0.95).top1.value == 0.0


def test_many_captions_leave_a_hundred_to_choose_from() -> None:
    points = np.eye(150, dtype=np.float32)
    found = retrieval(points, points, np.arange(150), 0, 0.95)
    assert (found.top1.value, found.candidates) == (1.0, 100)


def test_any_other_caption_may_be_among_those_to_choose_from() -> None:
    """Of 101 captions the first or the last is nearest; 99 of the 100 others are drawn."""
    for nearest in (0, 100):
        captions = np.full((101, 2), -1.0, np.float32)
        captions[50], captions[nearest] = 0.5, 1.0
        found = retrieval(np.ones((200, 2), "f4"), captions, np.full(200, 50), 0, 0.95)
        assert 0.0 <= found.top1.value < 0.05


def test_guesses_among_many_captions_are_right_as_often_as_chance() -> None:
    generator = np.random.default_rng(0)
    images, captions = generator.normal(size=(4000, 8)), generator.normal(size=(150, 8))
    found = retrieval(images, captions, generator.integers(0, 150, 4000), 0, 0.99)
    assert found.top1.low < found.chance < found.top1.high


def test_the_draw_of_other_captions_follows_the_seed() -> None:
    generator = np.random.default_rng(1)
    images, captions = generator.normal(size=(300, 8)), generator.normal(size=(400, 8))
    images = images + 0.8 * captions[:300]
    shares = [
        retrieval(images.copy(), captions, np.arange(300), s, 0.95).top1.value for s in (0, 0, 1, 2)
    ]
    assert shares[0] == pytest.approx(shares[1])
    assert len(set(shares)) > 1


@pytest.mark.parametrize("m", [40, 150])
def test_it_does_not_depend_on_how_it_is_cut_into_blocks(
    m: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(2)
    captions, of = generator.normal(size=(m, 8)), generator.integers(0, m, 90)
    images = captions[of] + generator.normal(size=(90, 8))
    whole = retrieval(images, captions, of, 3, 0.95)
    monkeypatch.setattr(module, "_COSINES_A_BLOCK", 7 * m)
    cut = retrieval(images, captions, of, 3, 0.95)
    np.testing.assert_array_equal(cut.measured.generated, whole.measured.generated)
    assert 0.1 < whole.top1.value < 0.9
