"""Models that are new, small and whole: for tests of what happens to models."""

from pathlib import Path

from components.networks.checkpoint import new_checkpoint, save_checkpoint
from tests.model_config import model_config


def write_untrained(root: Path, *names: str) -> list[Path]:
    """A directory of 4 x 4 pixels' cats and dogs for each name, each model from another seed."""
    config = model_config(size=4, classes=("cat", "dog"))
    for seed, name in enumerate(names):
        (root / name).mkdir()
        save_checkpoint(root / name, config, new_checkpoint(config, seed).network)
    return [root / name for name in names]
