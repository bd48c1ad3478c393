"""The sections `network` and `conditioning`."""

from typing import Annotated, Literal

from pydantic import Field

from components.spec.sections.base import Section

ENCODER_LIMIT = 256
"""Tokens that all-MiniLM-L6-v2 reads of a text (its max_seq_length)."""


class ConditioningSpec(Section):
    """What the network is told about the image it makes."""

    encoder: Literal["none", "class", "minilm"] = Field("class", description="kind of condition")
    dropout: float = Field(
        0.1, ge=0.0, lt=1.0, description="share of rows trained without condition, for guidance"
    )
    max_tokens: int | None = Field(
        None,
        ge=2,
        le=ENCODER_LIMIT,
        description="tokens at which captions of the data are cut (minilm); null: the longest "
        "caption's, at most the encoder's 256, which prompts always get",
    )

    def unread(self) -> frozenset[str]:
        if self.encoder == "minilm":
            return frozenset()
        return frozenset({"max_tokens"} if self.encoder == "class" else {"max_tokens", "dropout"})


class NetworkSpec(Section):
    """The denoising UNet (diffusers)."""

    channels: list[Annotated[int, Field(ge=8, le=2048, multiple_of=8)]] = Field(
        [32, 64], min_length=1, max_length=6, description="channels of each resolution"
    )
    layers_per_block: int = Field(2, ge=1, le=8, description="residual layers per resolution")
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="dropout inside residual layers")
