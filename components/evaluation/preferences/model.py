"""What every preference model can do, and which there are by name."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.evaluation.preferences.hps import Hps
from components.evaluation.preferences.pickscore import PickScore
from components.runtime import Progress, silent
from components.spec.catalogue.preferences import PREFERENCES as LISTED
from components.spec.catalogue.preferences import preference_of

Embeddings = NDArray[np.float32]


class PreferenceModel(Protocol):
    """Scores image and caption by ``scale`` times the cosine of their embeddings.

    Making one finds its weights, or raises AlphabarError; the network is loaded at first use.
    """

    @property
    def suffix(self) -> str:
        """What stands behind the family in a figure's name."""

    @property
    def name(self) -> str:
        """What records call it: the kind of model and the digest of its files."""

    @property
    def engine(self) -> str:
        """What computes the embeddings, for records."""

    @property
    def resize(self) -> str:
        """How images come to its size, for records."""

    @property
    def key(self) -> str:
        """SHA-256 of its files."""

    @property
    def scale(self) -> float:
        """What the cosine is multiplied by."""

    @property
    def context_length(self) -> int:
        """Tokens that it reads of a caption, begin and end among them."""

    def images(self, images: NDArray[np.uint8], progress: Progress = silent) -> Embeddings:
        """(n, dimension) of any length, of (n, height, width, 1 or 3) uint8."""

    def captions(self, captions: Sequence[str]) -> Embeddings:
        """(n, dimension) of any length."""

    def too_long(self, captions: Sequence[str]) -> int:
        """How many of the captions are cut at `context_length`."""


Maker = Callable[[str, torch.device, Path | None], PreferenceModel]
"""From a full name, a device and the folder of weights that is looked through first."""

PREFERENCES: dict[str, Maker | None] = {"none": None, "pickscore": PickScore, "hps": Hps}
"""By the part of a name of `evaluation.preference` before the first colon."""


def build_preference(
    name: str, device: torch.device, weights: Path | None = None
) -> PreferenceModel | None:
    """The preference model called ``name``; None where that says that none judges.

    Args:
        weights: a folder of weights, before the others are looked through.

    Raises:
        AlphabarError: there is none such, or its weights are missing or not whole.
    """
    try:
        entry = preference_of(name)
    except ValueError as error:
        raise AlphabarError(str(error), f"choose from {', '.join(LISTED)}") from error
    if entry is None:
        raise AlphabarError(
            f"the preference model `{name}` does not exist", f"choose from {', '.join(LISTED)}"
        )
    make = PREFERENCES[name.partition(":")[0]]
    return None if make is None else make(name, device, weights)
