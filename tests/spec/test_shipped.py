"""The experiment files that people start from."""

from pathlib import Path

import pytest

from components.spec.loading import load_experiment
from components.spec.plan import in_order, plan_baselines

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "experiments").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_is_a_plan_under_its_own_name(file: Path) -> None:
    experiment = load_experiment(file)
    assert experiment.name == file.stem
    plan = plan_baselines(experiment, lambda data: data.source)
    stages = [node.stage for cell in plan.cells for node in in_order([cell.evaluate])]
    assert {"prepare", "train", "sample", "evaluate"} <= {*stages}


def test_latents_and_pixels_differ_in_what_is_compared() -> None:
    latents, pixels = (
        load_experiment(ROOT / "experiments" / f"{name}.yaml").model_dump()
        for name in ("openmoji", "openmoji-pixels")
    )
    differ = {key for key, value in latents.items() if pixels[key] != value}
    assert differ == {"name", "codec", "network", "training", "registry"}
