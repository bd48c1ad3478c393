import pytest

from components.errors import AlphabarError
from components.figures.figure import (
    direction,
    first_of,
    main_metric,
    readable,
    sampled,
    sign,
)
from components.spec.metrics import METRICS
from tests.figures.made import made as figure


def test_a_figure_shows_as_many_digits_as_its_interval_supports() -> None:
    assert figure("fd_x", 153.21, 147.0, 159.4).text() == "153.2 [147.0, 159.4]"
    assert figure("kd_x", 0.01234, 0.0111, 0.0135).text() == "0.0123 [0.0111, 0.0135]"
    assert figure("fd_x", 153.21, 100.0, 300.0).text() == "153 [100, 300]"


def test_a_share_is_shown_in_percent() -> None:
    assert figure("recognised_svc", 0.984, 0.97, 0.99).text() == "98.4 % [97.0, 99.0]"


def test_an_interval_without_width_still_prints() -> None:
    assert figure("recognised_svc", 1.0, 1.0, 1.0).text() == "100.0 % [100.0, 100.0]"
    assert figure("fd_x", 0.0, 0.0, 0.0).text() == "0.0 [0.0, 0.0]"


def test_a_metric_has_a_name_in_words() -> None:
    assert readable("fd_efficientnet_lite0") == "Fréchet distance (efficientnet_lite0)"
    assert readable("clip_score") == "CLIP score"
    assert readable("precision") == "precision"
    assert readable("kd_subsets_dinov2") == "kernel distance over subsets (dinov2)"
    assert readable("sharpness") == "sharpness"


def test_the_variational_bound_is_a_networks_figure_and_better_when_low() -> None:
    assert readable("elbo_bpd") == "variational bound in bits per dimension"
    assert (sign("elbo_bpd"), sign("clip_score_domain")) == (1, -1)
    given = {"elbo_bpd": figure("elbo_bpd", 3, 2, 4), "fd_x": figure("fd_x", 1, 0, 2)}
    assert list(sampled(given)) == ["fd_x"]


def test_names_and_directions_are_those_of_the_registry() -> None:
    for name, family in METRICS.items():
        assert direction(f"{name}_x") == family.better
        assert readable(name) == family.words
        assert figure(name, 0.5, 0.4, 0.6).scale == (100 if family.unit == "%" else 1)
    assert direction("sharpness") == "neither"
    with pytest.raises(AlphabarError, match="sharpness"):
        sign("sharpness")


def test_an_extrapolated_distance_does_not_rank() -> None:
    names = ("fd_infinity_x", "fid_infinity", "fd_x", "clip_cosine_x", "clip_score_x")
    given = {name: figure(name, 1, 0, 2) for name in names}
    assert main_metric(given) == "fd_x"
    assert first_of(given, "clip_score") == "clip_score_x"
    assert first_of(given, "recall") is None


def test_a_compact_figure_holds_its_whole_interval() -> None:
    assert figure("fd_x", 153.21, 147.0, 160.4).compact() == "153.2 ±7.2"
    assert figure("recall_x", 0.984, 0.97, 0.99).compact() == "98.4 [97.0, 99.0]"
    # not 6 ±34: no share lies below 0 or above 100 %
    assert figure("recall_x", 0.06, 0.01, 0.40).compact() == "6 [1, 40]"
    assert figure("recall_x", 0.97, 0.90, 0.99).compact() == "97.0 [90.0, 99.0]"
