"""One time for all rows gives what as many equal times give."""

from itertools import product

import pytest
import torch
from torch import Tensor

from components.networks.checkpoint import new_checkpoint
from components.process.one_time import is_one_time
from components.process.prediction import PREDICTIONS
from components.process.schedules import SCHEDULES
from components.sampling.guidance import GUIDANCE, Guidance, guided_denoiser
from components.sampling.network import Condition, Conditioned, Evaluations
from tests.model_config import DIGITS, model_config

ROWS, SHAPE = 5, (2, 4, 4)
LABELS = {"label": torch.arange(1.0, ROWS + 1)}


def test_it_goes_by_what_is_stored_and_compares_nothing() -> None:
    t = torch.tensor(0.5, dtype=torch.float64)
    assert is_one_time(t.expand(7))
    assert is_one_time(t.view(1))
    assert not is_one_time(t.repeat(7))
    assert not is_one_time(t.expand(0))


def network(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
    told = (condition["label"] + t).view(-1, 1, 1, 1).to(x)
    return torch.sin(3 * x + told)


def other(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
    return 0.9 * network(x, t, condition)


@pytest.mark.parametrize("kind", sorted(GUIDANCE))
@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("weaker", [network, other])
def test_pairs_and_evaluations_are_those_of_rows_one_by_one(
    kind: str, scale: float, weaker: object
) -> None:
    x = torch.randn(ROWS, *SHAPE, generator=torch.Generator().manual_seed(0))
    interval = Guidance(kind, scale, sigma_min=0.3, sigma_max=3.0)
    for schedule, prediction in product(SCHEDULES, PREDICTIONS):
        if schedule == "table":
            continue
        table = SCHEDULES[schedule](1000)
        for time in (0.05, 0.5, 0.95):  # below, within and above the interval, of the cosine
            found = []
            for t in (torch.tensor(time).double().expand(ROWS), torch.full((ROWS,), time).double()):
                seen = Evaluations()
                strong = Conditioned(seen.counted(network), LABELS)
                zeros = {"label": torch.zeros(ROWS)}
                same = strong.network if weaker is network else seen.counted(other)
                denoise = guided_denoiser(
                    strong, Conditioned(same, zeros), interval, table, PREDICTIONS[prediction]
                )
                found.append((*denoise(x, t), seen.rows))
            assert torch.equal(found[0][0], found[1][0]), (schedule, prediction, time)
            assert torch.equal(found[0][1], found[1][1]), (schedule, prediction, time)
            assert found[0][2] == found[1][2]


def test_a_network_is_told_the_same_time() -> None:
    model = new_checkpoint(model_config(classes=DIGITS, steps=100), 0)
    seen: list[Tensor] = []
    model.network.register_forward_pre_hook(lambda module, given: seen.append(given[1]))
    x, rows = torch.zeros(3, 1, 8, 8), model.conditioner.encode([0, 1, 2], [""] * 3)
    for t in (torch.tensor(0.37).double().expand(3), torch.full((3,), 0.37).double()):
        model.predict(x, t, rows)
    assert torch.equal(seen[0], seen[1])
    assert seen[0].shape == (3,)
    assert seen[0].dtype == torch.float32
