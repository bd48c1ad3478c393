"""What a text encoder is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from components.data.readers import Reader


@dataclass(frozen=True)
class Form:
    """What an encoder makes of captions, known without its weights.

    Attributes:
        width: of the token states.
        masked: whether captions are as long as they are, and stand beside others with a mask;
            else each has all of the encoder's positions, its padding is read too, and there is no
            mask (as Stable Diffusion's networks are trained).
        pooled: width of the vector of the whole caption; None where there is none.
        time_ids: SDXL's sizes, the same for every caption: of the original (height, width), of
            its corner (top, left), of what is drawn (height, width), pixels; None where the
            network is told none.
    """

    width: int
    masked: bool = True
    pooled: int | None = None
    time_ids: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Encoded:
    """A caption as its encoder has it, float32 on the CPU.

    Attributes:
        states: (tokens, `Form.width`).
        pooled: (`Form.pooled`,); None where the form has none.
    """

    states: Tensor
    pooled: Tensor | None = None


class TextEncoder(Protocol):
    """A frozen network that reads captions. It is loaded when it is first asked.

    Attributes:
        parts: the networks that it is made of, each a `FrozenEncoder`; its own alone, or several.
        form: of what it gives.
        readers: its tokenizers, one for each network.
        limit: tokens that it reads of a caption, begin and end among them.
    """

    @property
    def form(self) -> Form: ...

    @property
    def parts(self) -> Sequence[Any]: ...

    @property
    def readers(self) -> Sequence[Reader]: ...

    @property
    def limit(self) -> int: ...

    def length(self, caption: str, limit: int) -> int:
        """Token states that `encode` gives of a caption."""
        ...

    def encode(self, captions: Sequence[str], limit: int) -> list[Encoded]:
        """What it makes of each caption; longer ones are cut at ``limit``, their end token kept."""
        ...

    def of_parts(self, parts: Sequence[Any]) -> "TextEncoder":
        """The same of other networks in the place of `parts`."""
        ...

    def release(self) -> None:
        """Let go of the network; it is loaded again when it is asked again."""
        ...
