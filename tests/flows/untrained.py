"""Models that are new, small and whole: for tests of what happens to models."""

from pathlib import Path

from components.networks.checkpoint import new_checkpoint, save_checkpoint
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec


def write_untrained(root: Path, *names: str) -> list[Path]:
    """A directory of 4 x 4 pixels' cats and dogs for each name, each model from another seed."""
    config = {
        "process": ProcessSpec(steps=100).model_dump(mode="json"),
        "network": NetworkSpec(channels=[8], layers_per_block=1).model_dump(mode="json"),
        "conditioning": ConditioningSpec().model_dump(mode="json"),
        "images": {"size": 4, "channels": 1, "classes": ["cat", "dog"]},
    }
    for seed, name in enumerate(names):
        (root / name).mkdir()
        save_checkpoint(root / name, config, new_checkpoint(config, seed).network)
    return [root / name for name in names]
