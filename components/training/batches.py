"""Training batches from memory: uint8 images, every batch known from its step alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from components.networks.captions import Rows
from components.networks.conditioning import Conditioner
from components.process.streams import Purpose, generator


@dataclass(frozen=True)
class TrainingSet:
    """Images (n, channel, height, width) uint8 with their encoded conditions, one row each."""

    images: Tensor
    classes: tuple[int, ...]
    captions: tuple[str, ...]


class Batches(IterableDataset[tuple[int, Tensor, Rows]]):
    """The batches of steps ``first`` … ``last`` − 1, as (step, images, rows).

    The rows of all steps together are one endless stream of shuffled passes over the data.
    A run that is resumed at step k draws the same batches as one that was never stopped.
    """

    def __init__(
        self,
        data: TrainingSet,
        conditioner: Conditioner,
        *,
        batch_size: int,
        first: int,
        last: int,
        seed: int,
    ) -> None:
        self.images = data.images
        self.rows = conditioner.table(data.classes, data.captions)
        self.batch_size, self.first, self.last, self.seed = batch_size, first, last, seed

    def __iter__(self) -> Iterator[tuple[int, Tensor, Rows]]:
        for step in range(self.first, self.last):
            index = self._index(step)
            yield step, self.images[index], self.rows(index)

    def _index(self, step: int) -> Tensor:
        n = len(self.images)
        position = torch.arange(step * self.batch_size, (step + 1) * self.batch_size)
        passes, rank = position // n, position % n
        index = torch.empty_like(position)
        for number in sorted(set(passes.tolist())):
            here = passes == number
            index[here] = _shuffled(n, self.seed, number)[rank[here]]
        return index


class TrainingData(pl.LightningDataModule):
    """Batches for Lightning; they come from memory, so no workers are needed."""

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self.batches = batches

    def train_dataloader(self) -> DataLoader[tuple[int, Tensor, Rows]]:
        return DataLoader(self.batches, batch_size=None)


@lru_cache(maxsize=2)
def _shuffled(n: int, seed: int, number: int) -> Tensor:
    """The order of the pass ``number`` over ``n`` images."""
    return torch.randperm(n, generator=generator(seed, number, Purpose.ORDER))
