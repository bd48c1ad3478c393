"""What every design has, whatever its size and seed."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.preference.design.blocks import assigned
from components.preference.design.design import Design, Row, draw_design
from components.preference.design.order import least_distance
from components.preference.design.size import NOISE, REAL, Size

SEEDS = st.integers(0, 2**63 - 1)


@st.composite
def sizes(draw: st.DrawFn, kind: str = "pairwise") -> Size:
    raters = draw(st.integers(1, 6))
    people = draw(st.integers(raters, 14))
    pairs = draw(st.integers(-(-people // raters), 60))
    models = draw(st.integers(2 if kind == "pairwise" else 1, 5))
    hidden = st.integers(6, 9)
    names = tuple(f"m{i}" for i in range(models))
    return Size(names, pairs, people, raters, draw(hidden), draw(hidden), kind)  # type: ignore[arg-type]


def within_one(counts: list[int]) -> bool:
    return max(counts) - min(counts) <= 1


def of_kind(design: Design, kind: str) -> list[Row]:
    return [row for row in design.rows if row.kind == kind]


@settings(max_examples=60)
@given(sizes(), SEEDS)
def test_every_pair_has_its_raters_and_every_slot_its_share(size: Size, seed: int) -> None:
    shown = of_kind(draw_design(size, seed), "shown")
    who: dict[int, list[int]] = {}
    for row in shown:
        who.setdefault(row.pair, []).append(row.slot)
    assert sorted(who) == list(range(size.pairs))
    assert all(len(slots) == len(set(slots)) == size.raters for slots in who.values())
    loads = Counter(row.slot for row in shown)
    assert len(loads) == size.people
    assert within_one(list(loads.values()))


@settings(max_examples=60)
@given(sizes(), SEEDS)
def test_models_meet_equally_often_for_all_and_for_each_person(size: Size, seed: int) -> None:
    shown = of_kind(draw_design(size, seed), "shown")
    every = list(combinations(size.models, 2))
    met = Counter({row.pair: tuple(sorted((row.left, row.right))) for row in shown}.values())
    assert within_one([met[two] for two in every])
    own = Counter((row.slot, *sorted((row.left, row.right))) for row in shown)
    for two in every:
        assert within_one([own[(slot, *two)] for slot in range(size.people)])


@settings(max_examples=60)
@given(sizes(), SEEDS)
def test_sides_are_balanced_for_each_person_each_pair_and_each_two_models(
    size: Size, seed: int
) -> None:
    leans: Counter[tuple[object, ...]] = Counter()
    for row in of_kind(draw_design(size, seed), "shown"):
        lean = 1 if row.left < row.right else -1
        two = tuple(sorted((row.left, row.right)))
        groups = [("slot", row.slot), ("pair", row.pair), ("models", *two), (row.slot, *two)]
        for group in groups:
            leans[group] += lean
    assert all(abs(lean) <= 1 for lean in leans.values())


@settings(max_examples=60)
@given(sizes(), SEEDS)
def test_repeats_are_swapped_and_far_from_what_they_repeat(size: Size, seed: int) -> None:
    design = draw_design(size, seed)
    for slot in range(size.people):
        rows = design.of_slot(slot)
        assert [row.place for row in rows] == list(range(len(rows)))
        last: dict[int, Row] = {}
        count = sum(row.kind == "shown" for row in rows)
        apart = least_distance(count, size.repeats)
        assert apart >= min(count, 6)
        for row in rows:
            assert (row.kind == "repeat") == (row.pair in last)
            if row.kind == "repeat":
                before = last[row.pair]
                assert (row.left, row.right) == (before.right, before.left)
                assert row.place - before.place >= apart
            if row.kind != "check":
                last[row.pair] = row
        again = Counter(row.pair for row in rows if row.kind == "repeat")
        assert sum(again.values()) == size.repeats
        assert max(again.values()) <= -(-size.repeats // count)


@settings(max_examples=60)
@given(sizes(), SEEDS)
def test_checks_are_spread_and_their_real_image_is_on_either_side(size: Size, seed: int) -> None:
    design = draw_design(size, seed)
    for slot in range(size.people):
        rows = design.of_slot(slot)
        checks = [row for row in rows if row.kind == "check"]
        assert sorted(row.pair - size.pairs for row in checks) == list(range(size.checks))
        assert {frozenset((row.left, row.right)) for row in checks} == {frozenset((REAL, NOISE))}
        assert abs(sum(1 if row.left == REAL else -1 for row in checks)) <= 1
        part = len(rows) / size.checks
        for turn, row in enumerate(sorted(checks, key=lambda row: row.place)):
            assert (turn - 1) * part <= row.place <= (turn + 2) * part


@settings(max_examples=40)
@given(sizes("realism"), SEEDS)
def test_of_single_images_half_are_real_for_all_and_for_each_person(size: Size, seed: int) -> None:
    design = draw_design(size, seed)
    assert {row.right for row in design.rows} == {""}
    shown = of_kind(design, "shown")
    image = {row.pair: row.left for row in shown}
    assert sum(left == REAL for left in image.values()) == size.pairs - size.pairs // 2
    made = Counter(left for left in image.values() if left != REAL)
    assert within_one([made[model] for model in size.models])
    for slot in range(size.people):
        leans = [1 if row.left == REAL else -1 for row in shown if row.slot == slot]
        assert abs(sum(leans)) <= 1 + size.pairs % 2
    assert {row.left for row in of_kind(design, "check")} == {NOISE}
    for row in of_kind(design, "repeat"):
        assert row.left == image[row.pair]


@settings(max_examples=30)
@given(sizes(), SEEDS)
def test_a_seed_gives_one_design_and_another_seed_or_salt_another(size: Size, seed: int) -> None:
    design = draw_design(size, seed)
    assert draw_design(size, seed) == design
    assert draw_design(size, seed + 1).rows != design.rows
    assert draw_design(size, seed, b"images").rows != design.rows


def test_names_of_items_are_all_unlike_and_tell_nothing() -> None:
    size = Size(("old", "new"), 200, 20, 5)
    one, other = draw_design(size, 1), draw_design(size, 2)
    names = [row.item for row in (*one.rows, *other.rows)]
    assert len(set(names)) == len(names)
    assert {len(name) for name in names} == {20}
    kinds: dict[str, list[int]] = {}
    for row in one.rows:
        kinds.setdefault(row.kind, []).append(int(row.item, 16))
    means = {kind: np.mean(values) / 16**20 for kind, values in kinds.items()}
    assert all(abs(mean - 0.5) < 0.1 for mean in means.values())


def test_a_pair_s_number_does_not_tell_its_models() -> None:
    rows = of_kind(draw_design(Size(("a", "b", "c"), 300, 10, 2), 5), "shown")
    pairs: dict[frozenset[str], list[int]] = {}
    for row in rows:
        pairs.setdefault(frozenset((row.left, row.right)), []).append(row.pair)
    assert all(100 < np.mean(each) < 200 for each in pairs.values())


def test_any_two_slots_share_about_as_many_pairs_as_others() -> None:
    slots = assigned(["x"] * 120, 10, 3, np.random.default_rng(0))
    shared = Counter(two for row in slots for two in combinations(sorted(row.tolist()), 2))
    assert len(shared) == 45
    assert max(shared.values()) - min(shared.values()) <= 2  # 8 on the average


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"models": ("a",)}, "2 or more models"),
        ({"models": ("a", "a")}, "unlike names"),
        ({"models": ("a", "noise")}, "called 'noise'"),
        ({"repeats": 5}, "6 repeats and checks"),
        ({"raters": 5}, "4 people cannot judge"),
        ({"pairs": 1, "raters": 3}, "nothing to judge"),
        ({"pairs": 0}, "cannot judge"),
    ],
)
def test_a_size_that_no_design_has_is_refused(change: dict[str, object], fault: str) -> None:
    right = {"models": ("a", "b"), "pairs": 10, "people": 4, "raters": 3}
    with pytest.raises(ValueError, match=fault):
        Size(**(right | change))  # type: ignore[arg-type]
