"""The experiment files that people start from."""

import re
from pathlib import Path

import pytest
import yaml

from components.spec.loading import load_experiment, parse_experiment
from components.spec.plan import in_order, plan_baselines
from components.spec.tunings import tunings

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "experiments").glob("*.yaml"))
WRITTEN = [
    (page.name, block)
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for block in re.findall(r"```yaml\n(name: .*?)```", page.read_text(), re.DOTALL)
]
"""Whole experiment files in what people read."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_is_a_plan_under_its_own_name(file: Path) -> None:
    experiment = load_experiment(file)
    assert experiment.name == file.stem
    if experiment.base is not None:  # whose model says what is drawn
        assert len(tunings(experiment)) > 1
        return
    plan = plan_baselines(experiment, lambda data: data.source)
    stages = [node.stage for cell in plan.cells for node in in_order([cell.evaluate])]
    assert {"prepare", "train", "sample", "evaluate"} <= {*stages}


@pytest.mark.parametrize(("page", "block"), WRITTEN)
def test_every_whole_file_in_the_documents_is_one(page: str, block: str) -> None:
    experiment = parse_experiment(yaml.safe_load(block), page)
    assert bool(tunings(experiment)) == (experiment.finetune is not None)


def test_latents_and_pixels_differ_in_what_is_compared() -> None:
    latents, pixels = (
        load_experiment(ROOT / "experiments" / f"{name}.yaml").model_dump()
        for name in ("openmoji", "openmoji-pixels")
    )
    differ = {key for key, value in latents.items() if pixels[key] != value}
    assert differ == {"name", "codec", "network", "training", "registry"}
