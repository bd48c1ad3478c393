"""How a family of text encoders is used: what of its network a denoiser reads."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """What tells families apart.

    Attributes:
        loader: the class of transformers that reads the folder.
        masked: as `Form` has it.
        layer: whose states are read, counted from the last one: −2 is the last but one, without
            the final norm; None for what the network gives, with it.
        pooled: the network's name for the vector of the whole caption, and the configuration's key
            of its width; None where it is not read.
        batch: captions that are encoded at once.
    """

    loader: str
    masked: bool = True
    layer: int | None = None
    pooled: tuple[str, str] | None = None
    batch: int = 32


SD_CLIP = Convention("CLIPTextModel", masked=False)
"""Stable Diffusion 1 and 2, whose encoder's folder has one layer fewer."""

SDXL_CLIP = Convention("CLIPTextModel", masked=False, layer=-2)
SDXL_CLIP_2 = Convention(
    "CLIPTextModelWithProjection",
    masked=False,
    layer=-2,
    pooled=("text_embeds", "projection_dim"),
)
"""SDXL's first and second."""

FLUX_CLIP = Convention("CLIPTextModel", masked=False, pooled=("pooler_output", "hidden_size"))
"""Flux's, of which only the vector is read."""

T5_PADDED = Convention("T5EncoderModel", masked=False)
"""As Stable Diffusion 3 and Flux read it: its padding, too."""

T5_ENCODER = Convention("T5EncoderModel")
"""As PixArt reads it: with its mask."""
