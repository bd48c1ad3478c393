"""The moving average against its closed form."""

import pytest
import torch
from torch import nn

from components.networks.ema import copy_for_ema, update_ema


def test_the_average_follows_its_recurrence() -> None:
    network = nn.Linear(2, 1)
    average = copy_for_ema(network)
    expected = network.weight.detach().clone()
    for step in range(1, 30):
        with torch.no_grad():
            network.weight.add_(step)
        update_ema(average, network, 0.9, step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * network.weight.detach()
    torch.testing.assert_close(average.weight, expected)


def test_the_average_of_still_weights_is_those_weights() -> None:
    network = nn.Linear(3, 3)
    average = copy_for_ema(network)
    for step in range(1, 10):
        update_ema(average, network, 0.999, step)
    torch.testing.assert_close(average.weight, network.weight)


def test_buffers_are_copied_and_the_average_takes_no_gradient() -> None:
    network = nn.BatchNorm1d(2)
    average = copy_for_ema(network)
    network(torch.randn(8, 2))
    update_ema(average, network, 0.5, 1)
    assert torch.equal(average.running_mean, network.running_mean)
    assert not any(p.requires_grad for p in average.parameters())


@pytest.mark.parametrize("step", [1, 2])
def test_early_steps_forget_the_first_weights(step: int) -> None:
    network, decay = nn.Linear(1, 1, bias=False), 0.9999
    average = copy_for_ema(network)
    with torch.no_grad():
        network.weight.zero_()
    before = average.weight.item()
    update_ema(average, network, decay, step)
    assert abs(average.weight.item()) <= abs(before) * (1 + step) / (10 + step) + 1e-7
