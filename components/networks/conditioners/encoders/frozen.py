"""A text encoder of transformers, used by its family's convention."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from components.data.readers import Reader
from components.networks.conditioners.encoders.convention import Convention
from components.networks.conditioners.encoders.encoder import Encoded, Form


class FrozenEncoder:
    """A `TextEncoder` that is loaded when it is first asked.

    Args:
        load: gives the network, frozen, in evaluation mode, float32.
        device: that it computes on.
        changed: whether its network is another than its folder has.
    """

    def __init__(
        self,
        load: Callable[[], Any],
        reader: Callable[[], Reader],
        convention: Convention,
        form: Form,
        *,
        device: torch.device | str = "cpu",
        changed: bool = False,
    ) -> None:
        self.form, self.convention, self.device = form, convention, device
        self.changed, self._load, self._find_reader = changed, load, reader
        self._network: Any = None

    @cached_property
    def reader(self) -> Reader:
        return self._find_reader()

    @property
    def parts(self) -> tuple["FrozenEncoder"]:
        return (self,)

    def of_parts(self, parts: Sequence["FrozenEncoder"]) -> "FrozenEncoder":
        (part,) = parts
        return part

    def adapted(
        self, change: Callable[[Any], None], reader: Reader | None = None
    ) -> "FrozenEncoder":
        """The same with a network of its own, which ``change`` has changed in place, and with
        another reader, where one is given."""

        def load() -> Any:
            network = self._load()
            change(network)
            return network

        return self._of(load, reader)

    def of_network(self, network: Any) -> "FrozenEncoder":
        """The same of ``network``, as it is whenever it is asked."""
        return self._of(lambda: network)

    def live(self, network: Any) -> "FrozenEncoder":
        """The same of ``network``, with gradients, on its device."""
        return LiveEncoder(lambda: network, lambda: self.reader, self.convention, self.form)

    def _of(self, load: Callable[[], Any], reader: Reader | None = None) -> "FrozenEncoder":
        def find() -> Reader:
            return reader or self.reader

        kept = self.convention, self.form
        return FrozenEncoder(load, find, *kept, device=self.device, changed=True)

    @property
    def readers(self) -> tuple[Reader, ...]:
        return (self.reader,)

    @property
    def limit(self) -> int:
        return self.reader.limit

    def length(self, caption: str, limit: int) -> int:
        return len(self.reader.ids(caption, limit)) if self.form.masked else self.limit

    @torch.inference_mode()
    def encode(self, captions: Sequence[str], limit: int) -> list[Encoded]:
        found = list[Encoded]()
        for start in range(0, len(captions), self.convention.batch):
            part = captions[start : start + self.convention.batch]
            found += self._encoded([torch.tensor(self.reader.ids(each, limit)) for each in part])
        return found

    def release(self) -> None:
        self._network = None

    def _encoded(self, ids: list[Tensor]) -> list[Encoded]:
        lengths = [len(each) for each in ids]
        if self.form.masked:
            tokens = pad_sequence(ids, batch_first=True)
            mask = (torch.arange(tokens.shape[1]) < torch.tensor(lengths)[:, None]).long()
            found = self._run(input_ids=tokens, attention_mask=mask)
        else:
            lengths = [self.limit] * len(ids)
            tokens = torch.full((len(ids), self.limit), self.reader.pad)
            for row, each in zip(tokens, ids, strict=True):
                row[: len(each)] = each
            found = self._run(input_ids=tokens)
        layer, pooled = self.convention.layer, self.convention.pooled
        states = found.last_hidden_state if layer is None else found.hidden_states[layer]
        vectors = [None] * len(ids) if pooled is None else self._kept(getattr(found, pooled[0]))
        return [
            Encoded(each[:length].clone(), vector)
            for each, length, vector in zip(self._kept(states), lengths, vectors, strict=True)
        ]

    def _run(self, **given: Tensor) -> Any:
        network = self.loaded()
        placed = {name: tensor.to(self.device) for name, tensor in given.items()}
        return network(**placed, output_hidden_states=self.convention.layer is not None)

    def loaded(self) -> Any:
        """The network, on its device."""
        if self._network is None:
            self._network = self._load().to(self.device)
        return self._network

    def _kept(self, rows: Tensor) -> list[Tensor]:
        return list(rows.float().cpu())


class LiveEncoder(FrozenEncoder):
    """A `TextEncoder` whose network is being trained: what it gives has gradients, and stays on the
    network's device."""

    def encode(self, captions: Sequence[str], limit: int) -> list[Encoded]:
        """All of ``captions`` at once."""
        return self._encoded([torch.tensor(self.reader.ids(each, limit)) for each in captions])

    def loaded(self) -> Any:
        network = self._load()
        self.device = next(network.parameters()).device
        return network

    def _kept(self, rows: Tensor) -> list[Tensor]:
        return list(rows.float())
