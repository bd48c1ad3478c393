"""The Inception Score against torchmetrics, given the same logits."""

import numpy as np
import pytest
import torch
from torchmetrics.image.inception import InceptionScore

from components.evaluation.metrics.inception_score import cut, inception_score, split_scores


@pytest.mark.parametrize("blocks", [1, 7])
@pytest.mark.parametrize("splits", [2, 10])
@pytest.mark.parametrize("sharpness", [0.5, 4.0, 40.0])
def test_it_is_torchmetrics_on_the_same_logits_in_the_same_order(
    blocks: int, splits: int, sharpness: float
) -> None:
    logits = sharpness * torch.randn(200, 12, generator=torch.Generator().manual_seed(0))
    metric = InceptionScore(feature=torch.nn.Identity(), splits=splits)
    metric.set_dtype(torch.float64)
    metric.update(logits.double())
    torch.manual_seed(7)
    theirs, deviation = (value.item() for value in metric.compute())
    torch.manual_seed(7)
    order = torch.randperm(200)
    p = logits.double().softmax(dim=1).numpy()
    ours = split_scores(np.array_split(p, blocks), cut(order.numpy(), splits), splits)
    assert ours.mean() == pytest.approx(theirs, rel=1e-6)
    assert ours.std(ddof=1) == pytest.approx(deviation, rel=1e-5)


def test_the_estimate_is_the_definition_s_mean_over_splits() -> None:
    p = np.random.default_rng(0).dirichlet(np.full(5, 0.4), 120)
    order = np.random.default_rng(3).permutation(120)
    estimate = inception_score(p, 0.95, seed=3).estimate
    scores = [
        np.exp(np.mean([np.sum(q * np.log(q / part.mean(axis=0))) for q in part]))
        for part in np.split(p[order], 10)
    ]
    assert estimate.value == pytest.approx(np.mean(scores), rel=1e-12)
