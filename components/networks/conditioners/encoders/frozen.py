"""A text encoder of transformers, used by its family's convention."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from components.networks.conditioners.encoders.convention import Convention
from components.networks.conditioners.encoders.encoder import Encoded, Form

TokenIds = Callable[[str, int], list[int]]
"""(caption, limit) → ids, at most so many, begin and end among them."""


class FrozenEncoder:
    """A `TextEncoder` whose weights lie in a folder.

    Args:
        folder: as transformers reads it.
        width: of its token states.
        device: that it computes on.
    """

    def __init__(
        self,
        folder: Path,
        token_ids: TokenIds,
        convention: Convention,
        *,
        width: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.folder, self.convention, self.device = folder, convention, device
        self.form = Form(width, convention.masked)
        self._token_ids = token_ids
        self._network: Any = None

    @property
    def limit(self) -> int:
        return self.convention.limit

    def length(self, caption: str, limit: int) -> int:
        return len(self._token_ids(caption, limit))

    @torch.inference_mode()
    def encode(self, captions: Sequence[str], limit: int) -> list[Encoded]:
        found: list[Encoded] = []
        for start in range(0, len(captions), self.convention.batch):
            part = captions[start : start + self.convention.batch]
            found += self._encoded([torch.tensor(self._token_ids(each, limit)) for each in part])
        return found

    def release(self) -> None:
        self._network = None

    def _encoded(self, ids: Sequence[Tensor]) -> list[Encoded]:
        lengths = torch.tensor([len(each) for each in ids])
        tokens = pad_sequence(list(ids), batch_first=True)
        mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
        network = self._loaded()
        given = network(input_ids=tokens.to(self.device), attention_mask=mask.to(self.device))
        states = given.last_hidden_state.float().cpu()
        return [
            Encoded(each[:length].clone())
            for each, length in zip(states, lengths.tolist(), strict=True)
        ]

    def _loaded(self) -> Any:
        if self._network is None:
            import transformers

            loader = getattr(transformers, self.convention.loader)
            network = loader.from_pretrained(str(self.folder), local_files_only=True)
            self._network = network.eval().requires_grad_(False).to(self.device)
        return self._network
