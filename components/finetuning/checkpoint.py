"""The stage `checkpoint`: what a fine-tune was after an earlier step, as a model of its own.

model.safetensors, codec/    or adapter.safetensors: as the fine-tune has kept it
metrics.json                 that of the fine-tune, as far as it holds after that step
licences.json                of what it was made from, where that is known
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import read_object, write_json
from components.files.manifest import intact, remedy
from components.licences import licences_in, publish_licences
from components.runtime import Runtime
from components.spec.model_folder import CHECKPOINTS, step_folder

OF_THE_TRAINING = ("loss", "steps", "best_step", "best_metric", "best_value", "evaluations_missed")
"""What metrics.json of a fine-tune says that does not hold after an earlier step."""


def checkpoint(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """Publish what the fine-tune in ``inputs["training"]`` was after ``spec["step"]``.

    Raises:
        AlphabarError: it has kept nothing then, or a file is damaged.
    """
    training, step = inputs["training"], spec["step"]
    kept = training / CHECKPOINTS / step_folder(step)
    if not kept.is_dir():
        raise AlphabarError(
            f"{training} has no checkpoint of step {step}",
            f"delete {training} and run the experiment again",
        )
    for path in sorted(kept.rglob("*")):
        if path.is_file():
            place = out / path.relative_to(kept)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(intact(path), place)
    figures = read_object(intact(training / "metrics.json"), remedy(training))
    own = {name: value for name, value in figures.items() if name not in OF_THE_TRAINING}
    write_json(out / "metrics.json", own | {"steps": step})
    publish_licences(out, licences_in(training))
