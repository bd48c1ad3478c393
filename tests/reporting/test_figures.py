import json
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.reporting.figures import (
    Figure,
    lower_is_better,
    parse_figures,
    read_figures,
    readable,
    sampled,
)


def figure(metric: str, value: float, low: float, high: float) -> Figure:
    return Figure(metric, value, low, high, {})


def test_a_figure_shows_as_many_digits_as_its_interval_supports() -> None:
    assert figure("fd_x", 153.21, 147.0, 159.4).text() == "153.2 [147.0, 159.4]"
    assert figure("kd_x", 0.01234, 0.0111, 0.0135).text() == "0.0123 [0.0111, 0.0135]"
    assert figure("fd_x", 153.21, 100.0, 300.0).text() == "153 [100, 300]"


def test_a_share_is_shown_in_percent() -> None:
    assert figure("recognised_svc", 0.984, 0.97, 0.99).text() == "98.4 % [97.0, 99.0]"


def test_an_interval_without_width_still_prints() -> None:
    assert figure("recognised_svc", 1.0, 1.0, 1.0).text() == "100.0 % [100.0, 100.0]"
    assert figure("fd_x", 0.0, 0.0, 0.0).text() == "0.0 [0.0, 0.0]"


def test_intervals_overlap_when_they_share_a_point() -> None:
    one = figure("fd_x", 10, 9, 11)
    assert one.overlaps(figure("fd_x", 12, 11, 13))
    assert not one.overlaps(figure("fd_x", 13, 11.1, 14))
    assert figure("fd_x", 10, 1, 20).overlaps(one)


def test_a_metric_has_a_name_in_words() -> None:
    assert readable("fd_efficientnet_lite0") == "Fréchet distance (efficientnet_lite0)"
    assert readable("clip_score") == "CLIP score"
    assert readable("precision") == "precision"


def test_the_variational_bound_is_a_networks_figure_and_better_when_low() -> None:
    assert readable("elbo_bpd") == "variational bound in bits per dimension"
    assert lower_is_better("elbo_bpd")
    assert not lower_is_better("clip_score_domain")
    given = {"elbo_bpd": figure("elbo_bpd", 3, 2, 4), "fd_x": figure("fd_x", 1, 0, 2)}
    assert list(sampled(given)) == ["fd_x"]


def test_a_file_without_figures_is_named(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"loss": 0.1}))
    with pytest.raises(AlphabarError, match=r"metrics\.json holds no evaluated figures"):
        read_figures(tmp_path)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match=r"metrics\.json does not exist"):
        read_figures(tmp_path)
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(AlphabarError, match=r"metrics\.json is broken"):
        read_figures(tmp_path)


def test_a_bare_number_is_refused() -> None:
    with pytest.raises(AlphabarError, match="the record of fd_x has no value, low and high"):
        parse_figures({"metrics": {"fd_x": {"value": 3.0}}}, "a.json")
    with pytest.raises(AlphabarError, match="the record of fd_x"):
        parse_figures({"metrics": {"fd_x": 3.0}}, "a.json")
