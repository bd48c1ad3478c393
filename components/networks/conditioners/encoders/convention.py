"""How a family of text encoders is used: what of its network a denoiser reads."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """What tells families apart.

    Attributes:
        loader: the class of transformers that reads the folder.
        limit: tokens that are read of a caption, begin and end among them.
        masked: as `Form` has it.
        batch: captions that are encoded at once.
    """

    loader: str
    limit: int
    masked: bool = True
    batch: int = 256
