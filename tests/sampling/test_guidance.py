"""Classifier-free guidance: its formula and its cost."""

import pytest
import torch
from torch import Tensor

from components.sampling.guidance import Condition, evaluations_per_step, guided

COND = {"label": torch.tensor([1.0, 2.0])}
NULL = {"label": torch.tensor([0.0, 0.0])}
X, T = torch.ones(2, 1, 1, 1), torch.tensor([0.5, 0.5])


class Network:
    """x + label; remembers the rows it was given."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def __call__(self, x: Tensor, t: Tensor, cond: Condition) -> Tensor:
        assert len(x) == len(t) == len(cond["label"])
        self.rows.append(len(x))
        return x + cond["label"].view(-1, 1, 1, 1)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 2.0, 7.5])
def test_guidance_moves_from_unconditional_towards_conditional(scale: float) -> None:
    guided_output = guided(Network(), COND, NULL, scale)(X, T)
    expected = 1 + scale * COND["label"].view(-1, 1, 1, 1)
    torch.testing.assert_close(guided_output, expected)


@pytest.mark.parametrize(("scale", "rows"), [(1.0, 2), (0.0, 2), (2.0, 4)])
def test_scales_one_and_zero_cost_one_evaluation_and_others_one_batch_of_two(
    scale: float, rows: int
) -> None:
    network = Network()
    guided(network, COND, NULL, scale)(X, T)
    assert network.rows == [rows]
    assert evaluations_per_step(scale, conditional=True) == rows // 2


def test_an_unconditional_network_is_never_asked_twice() -> None:
    calls = []

    def network(x: Tensor, t: Tensor, cond: Condition) -> Tensor:
        calls.append(len(x))
        return x

    guided(network, {}, {}, 4.0)(X, T)
    assert calls == [2]
    assert evaluations_per_step(4.0, conditional=False) == 1
