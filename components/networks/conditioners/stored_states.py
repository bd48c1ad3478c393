"""Encoded captions on the disk: each distinct caption of a data set once, without padding.

    states.npy     (tokens, width) float16: the token states, caption after caption
    offsets.npy    (captions + 2,) int64: caption k has the states from offset k to offset k + 1
    pooled.npy     (captions + 1, pooled) float16, where the encoder has such vectors

Caption k is the k-th of the data's captions.csv; behind them stands the empty one, which means no
condition. A half-precision float is off by 0.05 % of a state at most.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError
from components.files.array_file import give_back, read_array
from components.files.manifest import intact
from components.networks.conditioners.encoders import Encoded, Form

STATES, OFFSETS, POOLED = "states.npy", "offsets.npy", "pooled.npy"

_AT_ONCE = 2**16  # offsets that are looked through


@dataclass(frozen=True, eq=False)
class StoredStates:
    """What an encoder has made of captions; in memory is only what was asked for last.

    Attributes:
        form: of the encoder.
        states, offsets, pooled: mapped, as the module has them.
    """

    form: Form
    states: NDArray[np.float16]
    offsets: NDArray[np.int64]
    pooled: NDArray[np.float16] | None

    def __len__(self) -> int:
        """Distinct captions, the empty one aside."""
        return len(self.offsets) - 2

    def take(self, captions: NDArray[np.int64]) -> list[Encoded]:
        """Those of the chosen captions, float32."""
        first, last = self.offsets[captions].tolist(), self.offsets[captions + 1].tolist()
        states = [_single(self.states[a:b]) for a, b in zip(first, last, strict=True)]
        if self.pooled is None:
            found = [Encoded(each) for each in states]
        else:
            pooled = _single(self.pooled[captions])
            found = [Encoded(*each) for each in zip(states, pooled, strict=True)]
        for array in (self.states, self.offsets, self.pooled):
            if array is not None:
                give_back(array)
        return found

    def refuse_beyond(self, last: int) -> None:
        """Raise AlphabarError where there is no caption ``last``."""
        if last >= len(self):
            raise AlphabarError(
                f"the data has at least {last + 1} captions, and states are stored of {len(self)}",
                "give the states of the same data: run the experiment again",
            )

    def absent(self) -> Encoded:
        """The empty caption."""
        return self.take(np.array([len(self)]))[0]


def load_states(folder: Path, form: Form) -> StoredStates:
    """What `write_states` has left in ``folder``; raises AlphabarError for anything else.

    Args:
        form: of the encoder that made them.
    """
    try:
        arrays = [read_array(intact(folder / name), mapped=True) for name in files_of(form)]
    except (OSError, ValueError) as error:
        raise _other(folder, f"is broken: {error}") from error
    states, offsets = arrays[:2]
    pooled = arrays[2] if form.pooled is not None else None
    count = len(offsets) - 1
    fits = states.dtype == np.float16 and states.ndim == 2 and states.shape[1] == form.width
    fits &= offsets.dtype == np.int64 and offsets.ndim == 1 and count > 0
    if pooled is not None:
        fits &= pooled.dtype == np.float16 and pooled.shape == (count, form.pooled)
    if not fits or not _divides(offsets, len(states)):
        beside = f", with vectors of {form.pooled}" if form.pooled is not None else ""
        wanted = f"no states of {form.width} numbers{beside}"
        raise _other(folder, f"holds {states.dtype} {states.shape}, and {wanted}")
    return StoredStates(form, states, offsets, pooled)


def files_of(form: Form) -> tuple[str, ...]:
    """The names of the files that there are."""
    return (STATES, OFFSETS) if form.pooled is None else (STATES, OFFSETS, POOLED)


def _divides(offsets: NDArray[np.int64], tokens: int) -> bool:
    """Whether each caption has states, and all of them are some caption's."""
    inside = all(
        (np.diff(offsets[start : start + _AT_ONCE + 1]) > 0).all()
        for start in range(0, len(offsets), _AT_ONCE)
    )
    ends = bool(offsets[0] == 0 and offsets[-1] == tokens)
    give_back(offsets)
    return inside and ends


def _single(halves: NDArray[np.float16]) -> Tensor:
    return torch.from_numpy(halves.astype(np.float32))


def _other(folder: Path, fault: str) -> AlphabarError:
    return AlphabarError(f"{folder} {fault}", f"delete {folder} and run the experiment again")
