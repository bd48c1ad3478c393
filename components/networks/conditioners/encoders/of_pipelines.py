"""Text encoders that are read together, as the pipelines of rectified flows do it."""

from collections.abc import Sequence

import torch
from torch.nn.functional import pad

from components.data.readers import Reader
from components.networks.conditioners.encoders.encoder import Encoded, Form, TextEncoder


class _Together:
    """What both have: parts that each read a caption up to their own limit."""

    def __init__(self, parts: Sequence[TextEncoder], width: int, pooled: int) -> None:
        self.parts = tuple(parts)
        self.form = Form(width, masked=False, pooled=pooled)

    @property
    def readers(self) -> tuple[Reader, ...]:
        return tuple(reader for part in self.parts for reader in part.readers)

    @property
    def limit(self) -> int:
        return max(part.limit for part in self.parts)

    def release(self) -> None:
        for part in self.parts:
            part.release()


class SD3Encoder(_Together):
    """A `TextEncoder` of two CLIPs and a T5 (Esser et al. 2024, section 5).

    The CLIPs' states stand side by side, filled up with zeros to T5's width; T5's follow. The
    CLIPs' projected vectors stand side by side, too.

    Args:
        t5: None leaves it out: its states are zeros.
        positions: of T5.
        width: of T5's states.
    """

    def __init__(
        self,
        clips: tuple[TextEncoder, TextEncoder],
        t5: TextEncoder | None,
        *,
        positions: int,
        width: int,
    ) -> None:
        pooled = sum(part.form.pooled or 0 for part in clips)
        super().__init__(clips if t5 is None else (*clips, t5), width, pooled)
        self._clips, self._t5, self._positions = clips, t5, positions

    def of_parts(self, parts: Sequence[TextEncoder]) -> "SD3Encoder":
        one, two, *more = parts
        t5 = more[0] if more else None
        return SD3Encoder((one, two), t5, positions=self._positions, width=self.form.width)

    def length(self, caption: str, limit: int) -> int:
        return self._clips[0].limit + self._positions

    def encode(self, captions: Sequence[str], limit: int) -> list[Encoded]:
        first, second = (part.encode(captions, limit) for part in self._clips)
        width = self.form.width
        zeros = [Encoded(torch.zeros(self._positions, width))] * len(captions)
        third = zeros if self._t5 is None else self._t5.encode(captions, limit)
        return [
            Encoded(torch.cat([_beside(one, two, width), three.states]), _vectors_beside(one, two))
            for one, two, three in zip(first, second, third, strict=True)
        ]


class FluxEncoder(_Together):
    """A `TextEncoder` of a T5's states and the vector that a CLIP has of the whole caption."""

    def __init__(self, clip: TextEncoder, t5: TextEncoder) -> None:
        assert clip.form.pooled is not None
        super().__init__((clip, t5), t5.form.width, clip.form.pooled)

    def of_parts(self, parts: Sequence[TextEncoder]) -> "FluxEncoder":
        return FluxEncoder(*parts)

    def length(self, caption: str, limit: int) -> int:
        return self.parts[1].length(caption, limit)

    def encode(self, captions: Sequence[str], limit: int) -> list[Encoded]:
        clip, t5 = (part.encode(captions, limit) for part in self.parts)
        return [Encoded(b.states, a.pooled) for a, b in zip(clip, t5, strict=True)]


def _beside(one: Encoded, two: Encoded, width: int) -> torch.Tensor:
    states = torch.cat([one.states, two.states], dim=1)
    return pad(states, (0, width - states.shape[1]))


def _vectors_beside(one: Encoded, two: Encoded) -> torch.Tensor:
    assert one.pooled is not None
    assert two.pooled is not None
    return torch.cat([one.pooled, two.pooled])
