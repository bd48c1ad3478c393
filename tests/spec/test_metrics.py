"""Full names of figures, and what is known of their families."""

import pytest

from components.errors import AlphabarError
from components.spec.metrics import (
    METRICS,
    TAKEN,
    family_of,
    judge_of,
    lower_is_better,
    metric_name,
    sampled,
)


@pytest.mark.parametrize("family", TAKEN)
@pytest.mark.parametrize("judge", ["efficientnet_lite0", "inception", "dinov2", "clip:ViT-B-32:w"])
def test_a_full_name_leads_back_to_a_family_of_the_same_direction(family: str, judge: str) -> None:
    found = family_of(metric_name(family, judge))
    assert found is not None
    assert METRICS[found].better == METRICS[family].better


def test_only_inception_s_distances_have_the_published_names() -> None:
    assert metric_name("fd", "inception") == "fid"
    assert metric_name("kd_subsets", "inception") == "kid_subsets"
    assert metric_name("fd", "dinov2") == "fd_dinov2"
    assert metric_name("precision", "inception") == "precision_inception"
    assert metric_name("fd", "clip:ViT-B-32:laion2b") == "fd_clip_vit-b-32"


@pytest.mark.parametrize(
    ("name", "family", "judge"),
    [
        ("fd_infinity_efficientnet_lite0", "fd_infinity", "efficientnet_lite0"),
        ("fid_infinity", "fid_infinity", ""),
        ("kd_subsets_dinov2", "kd_subsets", "dinov2"),
        ("clip_score_domain", "clip_score", "domain"),
        ("retrieval_top1_bold", "retrieval", "top1_bold"),
        ("fd_efficientnet_lite0/class 3", "fd", "efficientnet_lite0/class 3"),
        ("loss", None, ""),
        ("fidelity", None, ""),
    ],
)
def test_a_name_is_taken_apart(name: str, family: str | None, judge: str) -> None:
    assert (family_of(name), judge_of(name)) == (family, judge)


def test_directions_are_known_or_refused() -> None:
    assert lower_is_better("fd_infinity_dinov2")
    assert lower_is_better("cmmd_clip_vit-b-32")
    assert not lower_is_better("recall_efficientnet_lite0")
    for name in ("loss", "neighbour_ratio_efficientnet_lite0"):
        with pytest.raises(AlphabarError, match="nobody knows"):
            lower_is_better(name)


def test_a_network_s_own_figures_are_told_apart() -> None:
    assert sampled({"elbo_bpd": 1, "fid": 2}) == ["fid"]
