"""The sections `network` and `conditioning`."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from components.spec.catalogue import CODECS, CONDITIONERS, DENOISERS
from components.spec.choices import Choices
from components.spec.pipelines.families import NETWORKS
from components.spec.pipelines.sizes import refuse_wild
from components.spec.sections.base import Options, Section, Unkeyed
from components.spec.sections.codec import CodecConfig, CodecSpec
from components.spec.sections.joined import OrJoined
from components.spec.sections.names import EncoderName, OneOf

FOREIGN = next(name for name, entry in DENOISERS.own.items() if entry.foreign)
"""The kind of a network that others have trained."""

MOST_TOKENS = 512
"""Of any encoder that is read: T5 was trained on as many."""


class ConditioningSpec(Section):
    """What the network is told about the image it makes."""

    encoder: Annotated[str, EncoderName("conditioners"), OrJoined()] = Field(
        "class", description="kind of condition; two CLIPs that are read together as a list"
    )
    dropout: float = Field(
        0.1, ge=0.0, lt=1.0, description="share of rows trained without condition, for guidance"
    )
    max_tokens: int | None = Field(
        None,
        ge=2,
        le=MOST_TOKENS,
        description="tokens at which captions of the data are cut; null: the longest caption's, at "
        "most as many as the encoder reads, which prompts always get",
    )

    options: Options = Field(default_factory=dict)

    @classmethod
    def plugged(cls) -> tuple[str, Choices[Any]]:
        return "encoder", CONDITIONERS

    @model_validator(mode="after")
    def _no_more_tokens_than_are_read(self) -> Self:
        limit = CONDITIONERS[self.encoder].token_limit
        if self.max_tokens is not None and limit is not None and self.max_tokens > limit:
            raise ValueError(
                f"`max_tokens: {self.max_tokens}` is more than the {limit} tokens that "
                f"encoder `{self.encoder}` reads"
            )
        return self

    def unread(self) -> frozenset[str]:
        return frozenset({"dropout", "max_tokens"} - set(CONDITIONERS[self.encoder].options))


class ConditioningConfig(ConditioningSpec):
    """What a model says of its conditions: the section, and which encoders it was trained with."""

    digests: list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(
        default_factory=list,
        exclude_if=lambda digests: not digests,
        description="SHA-256 of each encoder's configuration, weights and tokenizer, where they "
        "lie in a folder of the user's",
    )


def _layers(value: Any) -> Any:
    """`true` is one layer, and `false` none."""
    return int(value) if isinstance(value, bool) else value


Layers = Annotated[int, Field(ge=0, le=24), BeforeValidator(_layers)]


class NetworkSpec(Section):
    """The network that denoises; JSON of it has only the keys that its kind reads."""

    kind: Annotated[str, OneOf("denoisers")] = Field("unet", description="kind of network")
    channels: list[Annotated[int, Field(ge=8, le=2048, multiple_of=8)]] = Field(
        [32, 64], min_length=1, max_length=6, description="channels of each resolution"
    )
    layers_per_block: int = Field(2, ge=1, le=8, description="residual layers per resolution")
    attention: list[Layers] | None = Field(
        None,
        min_length=1,
        max_length=6,
        exclude_if=lambda layers: layers is None,
        description="attention layers after each residual layer of each resolution: 0 or 1 (false, "
        "true), with captions also more; the middle always has some; none: 1 at the smallest",
    )
    head_channels: int | None = Field(
        None,
        ge=4,
        le=512,
        exclude_if=lambda channels: channels is None,
        description="channels of an attention head; none: 32, 16 or 8, the most that divide",
    )
    patch: int = Field(2, ge=1, le=64, description="side of the squares that are one token each")
    depth: int = Field(12, ge=1, le=64, description="blocks of attention and feed-forward layers")
    width: int = Field(384, ge=16, le=8192, multiple_of=8, description="channels of a token")
    heads: int = Field(6, ge=1, le=128, description="attention heads of a block")
    dropout: float = Field(
        0.0, ge=0.0, lt=1.0, description="dropout inside residual or feed-forward layers"
    )

    pretrained: Annotated[str | None, Unkeyed()] = Field(
        None,
        min_length=1,
        exclude_if=lambda folder: folder is None,
        description="directory in diffusers' format, or its hub id, whose network is trained on",
    )

    options: Options = Field(default_factory=dict)

    @classmethod
    def plugged(cls) -> tuple[str, Choices[Any]]:
        return "kind", DENOISERS

    @model_validator(mode="before")
    @classmethod
    def _a_pretrained_one_is_foreign(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("pretrained") and "kind" not in values:
            values = {**values, "kind": FOREIGN}
        return values

    def unread(self) -> frozenset[str]:
        own = {option for entry in DENOISERS.own.values() for option in entry.options}
        return frozenset(own - {*DENOISERS[self.kind].options})

    @model_serializer(mode="wrap")
    def _of_its_kind(
        self, write: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        unread = self.unread() if info.mode == "json" else frozenset()
        return {name: value for name, value in write(self).items() if name not in unread}

    @model_validator(mode="after")
    def _a_foreign_one_is_described(self) -> Self:
        if DENOISERS[self.kind].foreign and not self._described():
            raise ValueError(f"kind `{self.kind}` needs `pretrained`, the directory that has it")
        return self

    def _described(self) -> bool:
        """Whether it says what a foreign network is."""
        return self.pretrained is not None

    @property
    def attended(self) -> int | None:
        """Channels of its widest attention; None where that is not known."""
        return DENOISERS[self.kind].attended(self.model_dump())

    def unfit(self, size: int) -> str | None:
        """Why it cannot work on what is ``size`` wide and high; None where it can."""
        return DENOISERS[self.kind].unfit(self.model_dump(), size)


class NetworkConfig(NetworkSpec):
    """What a model says of its network; of a pretrained one its class."""

    model: str | None = Field(
        None, exclude_if=lambda name: name is None, description="class of diffusers"
    )
    config: dict[str, Any] = Field(
        default_factory=dict,
        exclude_if=lambda config: not config,
        description="what that class is made from",
    )

    def _described(self) -> bool:
        return self.model is not None

    @model_validator(mode="after")
    def _the_class_is_one_that_is_read(self) -> Self:
        if self.model is not None and self.model not in NETWORKS:
            raise ValueError(f"`model: {self.model}` is not one of {', '.join(NETWORKS)}")
        refuse_wild(Path("network.config"), self.config)
        return self


def refuse_unfit(network: NetworkSpec, codec: CodecSpec | CodecConfig, size: int, key: str) -> None:
    """Raise ValueError unless the network can work on what the codec makes of images of ``size``.

    Args:
        key: where ``size`` stands, for the message.
    """
    factor = CODECS[codec.kind].downsample(codec.model_dump())
    if factor is None:  # who trains it looks
        return
    smaller = f", which codec `{codec.kind}` makes {factor} times smaller," if factor > 1 else ""
    left = size % factor
    unfit = f"cannot be divided by {factor}" if left else network.unfit(size // factor)
    if unfit:
        raise ValueError(f"`{key}: {size}`{smaller} {unfit}")


def refuse_unsound(network: NetworkSpec, conditioning: ConditioningSpec) -> None:
    """Raise ValueError unless the network's keys fit together, and what the model is told."""
    captions = CONDITIONERS[conditioning.encoder].captions
    unsound = DENOISERS[network.kind].unsound(network.model_dump(), captions)
    if unsound:
        raise ValueError(unsound)
