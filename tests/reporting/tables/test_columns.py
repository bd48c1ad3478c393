from components.reporting.tables.columns import Column, main_metrics, ordered_metrics, within

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


def test_the_least_important_columns_give_way() -> None:
    columns = [Column("name", ["x" * 20], 0), Column("a", ["1"], 2), Column("b", ["12345"], 3)]
    assert within(100, columns) == columns
    assert [c.header for c in within(34, columns)] == ["name", "a"]
    assert [c.header for c in within(5, columns)] == ["name"]
