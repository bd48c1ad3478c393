"""Initial weights that depend on a seed alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within it the global generator, which diffusers draws weights from, starts at ``seed``;
    behind it that generator is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
