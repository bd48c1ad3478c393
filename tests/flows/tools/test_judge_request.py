"""What is to be judged."""

from typing import Any

import pytest

from components.spec.loading import parse_experiment
from flows.tools.judge_request import DRAWN, drawn


@pytest.mark.parametrize(
    ("asked", "evaluation", "count"),
    [(None, {"samples": 200}, 200), (30, {"samples": 200}, 30), (None, {}, DRAWN)],
)
def test_as_many_images_are_drawn_as_the_experiment_file_names(
    asked: int | None, evaluation: dict[str, Any], count: int
) -> None:
    values = {"name": "x", "data": {"source": "digits"}, "evaluation": evaluation}
    assert drawn(asked, parse_experiment(values, "file.yaml")) == count
    assert drawn(asked, None) == (asked or DRAWN)
