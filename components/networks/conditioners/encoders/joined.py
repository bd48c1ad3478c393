"""Two CLIPs side by side, as SDXL reads them (Podell et al. 2023, section 2.1)."""

from collections.abc import Sequence

import torch

from components.data.readers import Reader
from components.networks.conditioners.encoders.encoder import Encoded, Form, TextEncoder


class JoinedEncoder:
    """A `TextEncoder` of two that read as many tokens: their states side by side, position for
    position, and the second's pooled vector.

    Args:
        size: of the square images, pixels, which the network is told as its `time_ids`: as large
            at first, nothing cut off, as large now.
    """

    def __init__(self, first: TextEncoder, second: TextEncoder, size: int) -> None:
        self.parts, self._size = (first, second), size
        width = first.form.width + second.form.width
        sizes = tuple(map(float, (size, size, 0, 0, size, size)))
        self.form = Form(width, masked=False, pooled=second.form.pooled, time_ids=sizes)

    def of_parts(self, parts: Sequence[TextEncoder]) -> "JoinedEncoder":
        first, second = parts
        return JoinedEncoder(first, second, self._size)

    @property
    def readers(self) -> tuple[Reader, ...]:
        return tuple(reader for part in self.parts for reader in part.readers)

    @property
    def limit(self) -> int:
        return min(part.limit for part in self.parts)

    def length(self, caption: str, limit: int) -> int:
        return self.limit

    def encode(self, captions: Sequence[str], limit: int) -> list[Encoded]:
        first, second = (part.encode(captions, limit) for part in self.parts)
        return [
            Encoded(torch.cat([one.states, two.states], dim=1), two.pooled)
            for one, two in zip(first, second, strict=True)
        ]

    def release(self) -> None:
        for part in self.parts:
            part.release()
