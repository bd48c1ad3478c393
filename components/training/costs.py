"""What a published training took and left, from its manifest and its figures.

Times and memory are others in every run: a folder of `dvc repro` has none.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.files.json_file import read_object
from components.files.manifest import MANIFEST, intact, read_manifest, remedy, there
from components.meter import MEMORY, PEAK_MEMORY, SECONDS_A_STEP, STEP_MEMORY
from components.spec.model_folder import ADAPTER_FILE, WEIGHTS

PUBLISHED, WEIGHTS_BYTES, TRAINED = "published_bytes", "weights_bytes", "trained_parameters"

FILES = (ADAPTER_FILE, WEIGHTS)
"""Of which the first one that there is holds what was trained."""

COSTS = "costs"
"""What a manifest holds what `components.meter` measured under."""


@dataclass(frozen=True)
class Costs:
    """What a training took; None for what is not known.

    Attributes:
        parameters: of the network.
        steps: that were done.
        seconds_a_step: the median, without evaluations.
        step_memory: the most in use in a step, bytes.
        peak_memory: the most in use at all, evaluations among it, bytes.
        memory: whose that is, `components.meter.GPU` or `PROCESS`; empty where it is not known.
        published: bytes of all files that it left.
        trained: how many of the parameters were trained.
        weights: bytes of the file of the model, or of what was trained of it, alone.
    """

    parameters: int | None = None
    steps: int | None = None
    seconds_a_step: float | None = None
    step_memory: int | None = None
    peak_memory: int | None = None
    memory: str = ""
    published: int | None = None
    trained: int | None = None
    weights: int | None = None

    def measured(self) -> dict[str, float | None]:
        """Name → value, as records have them, of what the figures do not say themselves."""
        return {
            SECONDS_A_STEP: self.seconds_a_step,
            STEP_MEMORY: self.step_memory,
            PEAK_MEMORY: self.peak_memory,
            PUBLISHED: self.published,
            TRAINED: self.trained,
            WEIGHTS_BYTES: self.weights,
        }


def read_costs(directory: Path) -> Costs:
    """The costs of a published training; raises AlphabarError where a file is damaged."""
    whole = (directory / MANIFEST).is_file()
    manifest = read_manifest(directory) if whole else {}
    taken: dict[str, Any] = manifest.get(COSTS, {})
    files: dict[str, Any] = manifest.get("files", {})
    figures: dict[str, Any] = {}
    if there(directory / "metrics.json"):
        figures = read_object(intact(directory / "metrics.json"), remedy(directory))
    return Costs(
        figures.get("parameters"),
        figures.get("steps"),
        taken.get(SECONDS_A_STEP),
        taken.get(STEP_MEMORY),
        taken.get(PEAK_MEMORY),
        taken.get(MEMORY, ""),
        sum(entry["size"] for entry in files.values()) if files else None,
        figures.get(TRAINED, figures.get("parameters")),
        next((files[name]["size"] for name in FILES if name in files), None),
    )
