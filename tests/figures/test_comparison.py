from dataclasses import replace

import numpy as np
import pytest

from components.figures.comparison import difference, differing, unpaired
from components.figures.figure import Origins
from tests.figures.made import made


def test_seed_and_kind_of_interval_are_no_part_of_the_protocol_and_settings_are() -> None:
    one = made("recall_x", 1, 0, 2, settings={"k": 5}, seed=0)
    assert differing(one, made("recall_x", 5, 4, 6, settings={"k": 5}, seed=7)) == []
    assert differing(one, made("recall_x", 1, 0, 2, settings={"k": 5}, interval="t")) == []
    assert differing(one, made("recall_x", 1, 0, 2, settings={"k": 3})) == ["settings"]
    assert differing(one, made("recall_x", 1, 0, 2, settings={"k": 5}, confidence=0.9)) == [
        "confidence"
    ]
    none = made("recall_x", 1, 0, 2, settings={})
    assert differing(none, made("recall_x", 1, 0, 2)) == []


def test_figures_of_different_engines_are_compared_and_pair() -> None:
    rng = np.random.default_rng(0)
    origins = Origins(np.arange(40), "p")
    one, other = (
        made(
            "fd_x", 1, 0, 2, engine=engine, origins=origins,
            pseudo=(rng.normal(size=40), rng.normal(size=540), None),
        )
        for engine in ("onnxruntime 1.32.0", "torch 2.14.1")
    )  # fmt: skip
    assert differing(one, other) == []
    assert unpaired(one, other) == ""


@pytest.mark.parametrize(
    "changed",
    [{"n_generated": 9}, {"n_reference": 9}, {"extractor": "y"}, {"resize": "y"},
     {"reference": "y"}, {"data_hash": "y"}, {"reference_key": "y"}],
)  # fmt: skip
def test_every_other_part_is_compared(changed: dict[str, object]) -> None:
    one = made("fd_x", 1, 0, 2)
    other = replace(one, protocol=replace(one.protocol, **changed))  # type: ignore[arg-type]
    assert differing(one, other) == list(changed)


def test_figures_that_do_not_pair_are_as_far_apart_as_their_intervals_allow() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        ends = np.sort(rng.integers(0, 8, (2, 3)).astype(float), axis=1)
        one, other = (made("fd_x", value, low, high) for low, value, high in ends.tolist())
        found = difference(one, other)
        assert (found.paired, found.p_value) == (False, None)
        assert found.low <= found.value <= found.high
        overlap = one.low <= other.high and other.low <= one.high
        assert found.apart(0.95) is not overlap
        assert found.negated() == difference(other, one)
