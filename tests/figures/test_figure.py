import json
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.figures.figure import (
    Figure,
    direction,
    first_of,
    main_metric,
    parse_figures,
    read_figures,
    read_groups,
    readable,
    sampled,
    sign,
)
from components.spec.metrics import METRICS


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
    assert figure("recall_x", 0.984, 0.97, 0.99).compact() == "98.4 ±1.4"
    # not 6 ±34: no share lies below 0 or above 100 %
    assert figure("recall_x", 0.06, 0.01, 0.40).compact() == "6 [1, 40]"
    assert figure("recall_x", 0.97, 0.90, 0.99).compact() == "97.0 [90.0, 99.0]"


def test_settings_are_part_of_the_protocol() -> None:
    one, other = (Figure("recall_x", 1, 0, 2, {"settings": {"k": k}}) for k in (3, 5))
    assert one.protocol != other.protocol
    none = Figure("recall_x", 1, 0, 2, {"settings": {}})
    assert none.protocol == figure("recall_x", 1, 0, 2).protocol


def test_groups_are_read_where_there_are_any(tmp_path: Path) -> None:
    record = {"value": 1.0, "low": 0.0, "high": 2.0}
    content = {"metrics": {"fd_x": record}, "groups": {"cats": {"fd_x": record}, "none": {}}}
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    groups = read_groups(tmp_path)
    assert list(groups) == ["cats"]
    assert groups["cats"]["fd_x"].value == 1.0
    (tmp_path / "metrics.json").write_text(json.dumps({"metrics": {"fd_x": record}}))
    assert read_groups(tmp_path) == {}


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
