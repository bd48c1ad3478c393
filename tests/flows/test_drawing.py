"""`alphabar sample`: options that become a sampling section, and the images drawn by it."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from components.errors import AlphabarError
from components.spec.sections.sampling import SamplingSpec
from flows.cli import app
from flows.drawing import sampling_of
from tests.flows.untrained import write_untrained

ORIGIN = "the options"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two untrained models, strong/ and weak/."""
    root = tmp_path_factory.mktemp("models")
    write_untrained(root, "strong", "weak")
    return root


def figures(model: Path, out: Path, *options: str) -> dict[str, float]:
    """Draw 4 images in 3 steps; the metrics.json."""
    words = ["sample", str(model), "--out", str(out), "-n", "4", "--steps", "3", "-q", *options]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    content: dict[str, float] = json.loads((out / "metrics.json").read_text())
    return content


def test_options_that_are_not_given_are_at_their_defaults() -> None:
    assert sampling_of({"steps": None, "solver": None}, [], ORIGIN) == SamplingSpec()


def test_assignments_set_any_key_and_win_over_options() -> None:
    assignments = ["churn=40", "clip=false", "negative_prompt=a red circle", "steps=7"]
    sampling = sampling_of({"solver": "heun", "steps": 5}, assignments, ORIGIN)
    assert sampling == SamplingSpec(
        solver="heun", churn=40.0, clip=False, negative_prompt="a red circle", steps=7
    )
    assert sampling_of({"guide": "weaker"}, ["ema_length=0.1"], ORIGIN).ema_length == 0.1


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("chrun=4", "did you mean `churn`"),
        ("steps", "write KEY=VALUE"),
        ("steps=0", "`sampling.steps: 0` is wrong"),
        ("solver=dpmp_2m", "did you mean `dpmpp_2m`"),
        ("variance=large", "`variance` has no meaning with solver `ddim`"),
    ],
)
def test_a_wrong_assignment_is_refused(assignment: str, message: str) -> None:
    with pytest.raises(AlphabarError) as error:
        sampling_of({}, [assignment], ORIGIN)
    assert message in str(error.value)
    assert str(error.value).startswith(ORIGIN)


def test_the_command_is_guided_by_default_and_by_a_weaker_model(
    models: Path, tmp_path: Path
) -> None:
    strong, weak = models / "strong", models / "weak"
    assert figures(strong, tmp_path / "a") == {"samples": 4, "network_evaluations": 6}
    assert figures(strong, tmp_path / "b", "--guidance", "1")["network_evaluations"] == 3
    assert figures(strong, tmp_path / "c", "--guide", str(weak))["network_evaluations"] == 6
    negative = ("--negative-prompt", "cat", "--guidance-kind", "cfgpp", "--grid", "linspace")
    assert figures(strong, tmp_path / "d", *negative)["network_evaluations"] == 6
    by_null, by_weak = (np.load(tmp_path / name / "images.npy") for name in "ac")
    assert (by_null != by_weak).any()


def test_a_negative_prompt_that_is_no_class_leaves_no_folder(models: Path, tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="did you mean `cat`"):
        figures(models / "strong", tmp_path / "out", "--negative-prompt", "cats")
    assert list(tmp_path.iterdir()) == []
