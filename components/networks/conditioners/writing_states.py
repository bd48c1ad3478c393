"""Captions are encoded and written as `stored_states` reads them, some at a time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.errors import AlphabarError, shortened
from components.files.growing_array import GrowingArray
from components.files.json_file import load_json, write_json
from components.files.leftovers import remove
from components.files.put import put
from components.networks.conditioners.encoders import Encoded, Form, TextEncoder
from components.networks.conditioners.stored_states import OFFSETS, POOLED, STATES
from components.runtime import Progress

MOST_BYTES, MOST = 2**26, 4096
"""Of states in single precision, and of captions, between two writings."""

DONE = "done.json"
"""Beside the files while they grow: how many captions, and tokens of them, are written."""


def write_states(
    folder: Path,
    encoder: TextEncoder,
    limit: int,
    captions: Iterable[str],
    count: int,
    progress: Progress,
) -> None:
    """Encode ``captions``, ``count`` of them, and the empty one, into ``folder``.

    What a run that was stopped has left there stays; the files come out the same.

    Args:
        limit: tokens at which a caption is cut.

    Raises:
        AlphabarError: a state is not finite in half precision.
    """
    with _Files(folder, encoder.form) as files:
        done = files.resumed()
        left = islice(chain(captions, [""]), done, None)
        for part in _parts(left, encoder, limit):
            files.append(part, _encoded(part, encoder, limit))
            done += len(part)
            progress(done, count + 1, "captions")
        files.finish()


def _parts(captions: Iterable[str], encoder: TextEncoder, limit: int) -> Iterator[list[str]]:
    """``captions`` in their order, so many at a time that memory is bounded."""
    part: list[str] = []
    tokens, most = 0, MOST_BYTES // (4 * encoder.form.width)
    for caption in captions:
        length = encoder.length(caption, limit)
        if part and (tokens + length > most or len(part) == MOST):
            yield part
            part, tokens = [], 0
        part.append(caption)
        tokens += length
    if part:
        yield part


def _encoded(captions: Sequence[str], encoder: TextEncoder, limit: int) -> list[Encoded]:
    """Each of ``captions``; those of about the same length are encoded together, so that padding
    costs little."""
    lengths = [encoder.length(caption, limit) for caption in captions]
    order = sorted(range(len(captions)), key=lengths.__getitem__)
    found = encoder.encode([captions[k] for k in order], limit)
    placed = dict(zip(order, found, strict=True))
    return [placed[k] for k in range(len(captions))]


class _Files:
    """The three files while they grow, and how far they are whole."""

    def __init__(self, folder: Path, form: Form) -> None:
        self.done = folder / DONE
        self.captions = self.tokens = 0
        self._stack = ExitStack()
        enter = self._stack.enter_context
        self.states = enter(GrowingArray(folder / STATES, (form.width,), np.float16))
        self.offsets = enter(GrowingArray(folder / OFFSETS, (), np.int64))
        self.pooled = None
        if form.pooled is not None:
            self.pooled = enter(GrowingArray(folder / POOLED, (form.pooled,), np.float16))

    def __enter__(self) -> "_Files":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def resumed(self) -> int:
        """How many captions are there, whole; the rest is forgotten."""
        self.captions, self.tokens = _written(self.done)
        if any(len(file) < rows for file, rows in self._rows()):
            self.captions = self.tokens = 0
        for file, rows in self._rows():
            file.keep(rows)
        if not self.captions:
            self.offsets.append(np.zeros(1, np.int64))
        return self.captions

    def append(self, captions: Sequence[str], found: Sequence[Encoded]) -> None:
        """Write what was found of more captions; raises AlphabarError where it is not finite."""
        self.states.append(_halves(captions, [each.states for each in found]))
        if self.pooled is not None:
            vectors = [each.pooled[None] for each in found if each.pooled is not None]
            self.pooled.append(_halves(captions, vectors))
        ends = self.tokens + np.cumsum([len(each.states) for each in found], dtype=np.int64)
        self.offsets.append(ends)
        self.captions, self.tokens = self.captions + len(found), int(ends[-1])
        with put(self.done) as part:
            write_json(part, [self.captions, self.tokens])

    def finish(self) -> None:
        """The files become whole arrays."""
        for file, _ in self._rows():
            file.finish()
        remove(self.done)

    def _rows(self) -> list[tuple[GrowingArray, int]]:
        """Each file, and the rows that it has of the captions that are done."""
        offsets = self.captions + 1 if self.captions else 0
        rows = [(self.states, self.tokens), (self.offsets, offsets)]
        return rows + ([(self.pooled, self.captions)] if self.pooled is not None else [])


def _written(done: Path) -> tuple[int, int]:
    """Captions, and tokens of them, as ``done`` says; none where it does not say so."""
    try:
        captions, tokens = load_json(done)
        return int(captions), int(tokens)
    except (OSError, ValueError, TypeError):
        return 0, 0


def _halves(captions: Sequence[str], found: Sequence[Tensor]) -> NDArray[Any]:
    """One below the other, float16, the rows of all ``captions``."""
    halves = [each.to(torch.float16) for each in found]
    for caption, each in zip(captions, halves, strict=True):
        if not bool(each.isfinite().all()):
            raise AlphabarError(
                f"the text encoder's states of `{shortened(caption)}` are not finite in half "
                "precision",
                "give another encoder, or leave that caption out of the data",
            )
    whole: NDArray[Any] = torch.cat(halves).numpy()
    return whole
