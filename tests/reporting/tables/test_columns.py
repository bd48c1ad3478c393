from components.reporting.tables.columns import main_metrics, metric_column, ordered_metrics
from components.spec.metric_families import FAMILIES

NAMES = [
    "vendi_dinov2",
    "recall_dinov2",
    "recall_inception",
    "precision_dinov2",
    "fd_dinov2",
    "fid",
    "kid",
    "kd_dinov2",
    "clip_score_domain",
    "fd_infinity_dinov2",
]


def test_a_family_has_one_main_column_by_the_judge_that_ranks() -> None:
    by_dino = main_metrics([NAMES], "fd_dinov2")
    assert by_dino == [
        *("fd_dinov2", "kd_dinov2", "precision_dinov2", "recall_dinov2", "clip_score_domain")
    ]
    by_inception = main_metrics([NAMES], "fid")
    assert by_inception[:2] == ["fid", "kid"]
    assert "recall_inception" in by_inception
    assert "precision_dinov2" in by_inception  # nobody else measured it


def test_an_unknown_ranking_figure_keeps_its_column() -> None:
    assert main_metrics([["sharpness"]], "sharpness") == ["sharpness"]
    assert main_metrics([["sharpness"]], None) == ["sharpness"]


def test_metrics_are_in_one_order_unknown_ones_last() -> None:
    order = ordered_metrics([["sharpness", *NAMES]])
    assert order[:3] == ["fid", "fd_dinov2", "kid"]
    assert order[-1] == "sharpness"


def test_a_column_says_what_the_familys_entry_says() -> None:
    column = metric_column("precision_dinov2")
    family = FAMILIES["precision"]
    assert (column.title, column.below, column.better) == (family.words, "dinov2", family.better)
    assert column.hint == f"precision_dinov2: {family.line}, higher is better"
    assert column.brief == "precision\n%"
    assert family.column is not None
    assert column.gives_way == family.column.gives_way
    assert metric_column("precision_dinov2", ranks=True).gives_way == 0


def test_a_models_own_figure_and_an_unknown_one_are_called_by_their_names() -> None:
    assert metric_column("elbo_bpd").title == "elbo_bpd"
    assert metric_column("elbo_bpd").hint == "variational bound in bits per dimension"
    assert metric_column("sharpness").title == metric_column("sharpness").hint == "sharpness"
