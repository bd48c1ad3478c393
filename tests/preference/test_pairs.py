from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.samples import Samples, read_samples
from components.preference.pairs import Pair, draw_pairs


@pytest.fixture
def both(models: dict[str, Path]) -> tuple[Samples, Samples]:
    return read_samples(models["baseline"]), read_samples(models["finetuned"])


def draw(both: tuple[Samples, Samples], count: int = 20, seed: int = 0) -> list[Pair]:
    return draw_pairs(*both, count, seed)


def test_pairs_are_even_over_classes_and_sides(both: tuple[Samples, Samples]) -> None:
    pairs = draw(both)
    classes = Counter(both[0].rows[pair.position].class_index for pair in pairs)
    assert set(classes.values()) == {2}
    assert len({pair.position for pair in pairs}) == 20
    assert sum(pair.baseline_left for pair in pairs) == 10
    assert sum(p.baseline_left for p in draw(both, count=5)) in (2, 3)


def test_the_order_shown_follows_neither_class_nor_side(both: tuple[Samples, Samples]) -> None:
    pairs = draw(both)
    classes = [both[0].rows[pair.position].class_index for pair in pairs]
    assert classes[:10] != classes[10:]
    assert sorted(classes) != classes
    sides = [pair.baseline_left for pair in pairs]
    assert sides != sorted(sides)
    assert sides != sorted(sides, reverse=True)
    assert any(a == b for a, b in zip(sides, sides[1:], strict=False))  # not alternating


def test_a_draw_repeats_and_follows_its_seed(both: tuple[Samples, Samples]) -> None:
    assert draw(both) == draw(both)
    assert draw(both) != draw(both, seed=1)


def test_the_seed_alone_does_not_give_the_key(both: tuple[Samples, Samples]) -> None:
    changed = np.array(both[0].images)
    changed[-1, 0, 0, 0] ^= 1
    assert draw((Samples(changed, both[0].rows), both[1])) != draw(both)


def test_every_pair_stands_on_either_side_over_seeds(both: tuple[Samples, Samples]) -> None:
    left: Counter[int] = Counter()
    for seed in range(60):
        left.update(pair.position for pair in draw(both, 40, seed) if pair.baseline_left)
    assert set(left) == set(range(40))
    # 60 fair draws: outside 10..50 once in 10 million
    assert 10 < min(left.values()) <= max(left.values()) < 50


def test_unlike_rows_are_named(models: dict[str, Path], both: tuple[Samples, Samples]) -> None:
    path = models["finetuned"] / "samples.csv"
    path.write_text(path.read_text().replace("7,107,7,7,", "7,999,7,7,"))
    with pytest.raises(AlphabarError, match="do not match at index 7: seed 107 against 999"):
        draw((both[0], read_samples(models["finetuned"])))


def test_unlike_shapes_are_named(both: tuple[Samples, Samples]) -> None:
    other = Samples(np.zeros((40, 16, 16, 1), np.uint8), both[0].rows)
    with pytest.raises(AlphabarError, match="unlike shapes"):
        draw((both[0], other))


def test_more_pairs_than_samples_are_refused(both: tuple[Samples, Samples]) -> None:
    with pytest.raises(AlphabarError, match="asks for 41 pairs, and there are 40 samples"):
        draw(both, count=41)
