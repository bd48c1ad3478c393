"""Training batches, every one known from its step alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from components.data.captions import Captions
from components.networks.conditioners.conditioner import Table
from components.networks.conditioners.rows import PLACES, Rows
from components.process.streams import Purpose, generator, words
from components.process.transfer import to_device
from components.training.stored import Stored

Batch = tuple[int, Tensor, Rows]
"""(step, what is trained on, its conditions)."""


Order = Callable[[int, int, int], Tensor]
"""(step, rows of a batch, seed) → which rows of what is stored stand in the step's batch."""


@dataclass(frozen=True)
class TrainingSet:
    """What is trained on.

    Attributes:
        stored: uint8 images (n, channel, height, width), or what else x0 is made from.
        encode: (step, some of ``stored`` on the device that trains) → x0 (batch, channel, height,
            width).
        rows: entries → their conditions; an entry is a row of ``stored`` with one of its captions.
        captions: says which entries each row has; None where each has one, of its own number.
        mirrored: the rows of the mirrored images, which take the place of half of ``stored``'s at
            each step; None where none do.
        order: the rows of each batch; None for shuffled passes over all of ``stored``.
    """

    stored: Stored
    encode: Callable[[int, Tensor], Tensor]
    rows: Table
    captions: Captions | None = None
    mirrored: Stored | None = None
    order: Order | None = None


class Batches(IterableDataset[Batch]):
    """The batches of steps ``first`` … ``last`` − 1, of rows as they are stored.

    The rows of all steps together are one endless stream of shuffled passes over the data.
    A run that is resumed at step k draws the same batches as one that was never stopped.
    """

    def __init__(
        self,
        data: TrainingSet,
        *,
        batch_size: int,
        first: int,
        last: int,
        seed: int,
    ) -> None:
        self.data = data
        self.batch_size, self.first, self.last, self.seed = batch_size, first, last, seed

    def __iter__(self) -> Iterator[Batch]:
        for step in range(self.first, self.last):
            index = self._index(step)
            yield step, self._shown(step, index), self.data.rows(self._entries(step, index))

    def _shown(self, step: int, index: Tensor) -> Tensor:
        """The rows ``index``, each mirrored or not, both as likely."""
        shown = self.data.stored[index]
        if self.data.mirrored is not None:
            turned = words([self.seed], step, Purpose.FLIP, len(index))[0] >> 31 == 1
            shown[turned] = self.data.mirrored[index[turned]]
        return shown

    def _entries(self, step: int, index: Tensor) -> Tensor:
        """What the rows ``index`` are shown with: one of each one's captions, all as likely."""
        captions = self.data.captions
        if captions is None or captions.one_each:
            return index
        first, counts = map(torch.from_numpy, captions.entries_of(index.numpy()))
        drawn = words([self.seed], step, Purpose.CAPTION, len(index))[0]
        return first + (drawn * counts >> 32)

    def _index(self, step: int) -> Tensor:
        order = self.data.order or partial(passes, len(self.data.stored))
        return order(step, self.batch_size, self.seed)


class TrainingData(pl.LightningDataModule):
    """Batches for Lightning, which brings them to its device, where they become x0.

    Rows are taken from memory or a mapped file, so no workers are needed.
    """

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self.batches = batches

    def train_dataloader(self) -> DataLoader[Batch]:
        return DataLoader(self.batches, batch_size=None)

    def transfer_batch_to_device(
        self, batch: Batch, device: torch.device, dataloader_idx: int
    ) -> Batch:
        step, stored, rows = batch
        moved = {
            name: row if name == PLACES else to_device(row, device) for name, row in rows.items()
        }
        return step, to_device(stored, device), moved

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        step, stored, rows = batch
        return step, self.batches.data.encode(step, stored), rows


def passes(n: int, step: int, count: int, seed: int, purpose: Purpose = Purpose.ORDER) -> Tensor:
    """The ``count`` rows of a step, (count,): those of all steps together are one endless stream of
    shuffled passes over ``n`` rows."""
    position = torch.arange(step * count, (step + 1) * count)
    number, rank = position // n, position % n
    index = torch.empty_like(position)
    for each in sorted(set(number.tolist())):
        here = number == each
        index[here] = _shuffled(n, seed, each, purpose)[rank[here]]
    return index


@lru_cache(maxsize=4)
def _shuffled(n: int, seed: int, number: int, purpose: Purpose) -> Tensor:
    """The order of the pass ``number`` over ``n`` rows."""
    return torch.randperm(n, generator=generator(seed, number, purpose))
