"""The section `codec`, and what a checkpoint says of its codec."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from components.spec.catalogue import CODECS
from components.spec.sections.base import MOST_SEED, MOST_STEPS, Section, Unkeyed, refuse_unread
from components.spec.sections.names import OneOf
from components.spec.sections.training import TrainingSpec

Downsample = Literal[1, 2, 4, 8, 16, 32]


class CodecSpec(Section):
    """What the process works on in the place of images, and how that is learnt."""

    kind: Annotated[str, OneOf("codecs")] = Field(
        "pixels", description="between images and what the process works on"
    )
    pretrained: Annotated[str | None, Unkeyed()] = Field(
        None,
        min_length=1,
        description="folder of a trained autoencoder in diffusers' format, in the place of all "
        "that follows",
    )
    downsample: Downsample = Field(4, description="how many times smaller latents are, a side")
    latent_channels: int = Field(4, ge=1, le=64, description="channels of the latents")
    width: int = Field(
        32,
        ge=8,
        le=512,
        multiple_of=8,
        description="channels at the images' size; twice as many at each halving, at most 4 times",
    )
    layers_per_block: int = Field(1, ge=1, le=8, description="residual layers per resolution")
    kl: float = Field(
        1.0e-6, ge=0.0, le=1.0, description="weight of the KL divergence from a normal; 0 is off"
    )
    perceptual: float = Field(
        0.1,
        ge=0.0,
        le=100.0,
        description="weight of the distance in EfficientNet-Lite0's features; 0 is off",
    )
    steps: int = Field(4000, ge=1, le=MOST_STEPS, description="optimiser steps")
    batch_size: int = Field(64, ge=1, le=65_536, description="images a step")
    lr: float = Field(1.0e-3, gt=0.0, le=1.0, description="AdamW learning rate, cosine to 0")
    ema: float = Field(0.999, ge=0.0, lt=1.0, description="EMA decay a step, after warm-up")
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field("32-true")
    seed: int = Field(0, ge=0, le=MOST_SEED, description="seed of weights, batches and noise")
    evaluate_every: int = Field(
        1000, ge=0, le=MOST_STEPS, description="steps between looks at the holdout; 0 is off"
    )
    checkpoint_every: Annotated[int, Unkeyed()] = Field(
        200,
        ge=1,
        le=MOST_STEPS,
        description="most steps between resume points; a minute is the most as well",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_trained_one_is_an_autoencoder(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("pretrained") and "kind" not in values:
            learnt = next(name for name, entry in CODECS.items() if "pretrained" in entry.options)
            values = {**values, "kind": learnt}
        return values

    @model_validator(mode="after")
    def _options_are_read(self) -> "CodecSpec":
        refuse_unread(self, "kind", CODECS)
        fields = type(self).model_fields
        given = [n for n in sorted(self.unread()) if getattr(self, n) != fields[n].default]
        if self.pretrained and given:
            raise ValueError(f"`{given[0]}` has no meaning with `pretrained`: its folder says it")
        return self

    @model_serializer(mode="wrap")
    def _what_is_read(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        read = {"kind", *CODECS[self.kind].options}
        return {name: value for name, value in handler(self).items() if name in read}

    def unread(self) -> frozenset[str]:
        fields = frozenset(type(self).model_fields) - {"kind"}
        if self.pretrained is not None:
            return fields - {"pretrained"}
        return fields - set(CODECS[self.kind].options)

    @property
    def learnt(self) -> bool:
        """Whether a stage must make it before anything is trained on."""
        return CODECS[self.kind].learnt

    def training(self) -> TrainingSpec:
        """How it is trained, in the words of the section `training`."""
        return TrainingSpec(
            steps=self.steps,
            batch_size=self.batch_size,
            lr=self.lr,
            ema=self.ema,
            precision=self.precision,
            seed=self.seed,
            evaluate_every=self.evaluate_every,
            checkpoint_every=self.checkpoint_every,
        )


class CodecConfig(Section):
    """What a model says of its codec; the weights of one that is learnt lie beside the model's."""

    kind: Annotated[str, OneOf("codecs")] = Field("pixels", description="as in the section `codec`")
    downsample: Downsample = Field(1, description="how many times smaller latents are, a side")
    latent_channels: int | None = Field(None, ge=1, le=64, description="channels of latents")
    digest: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the codec's configuration, its scale among it, and its weights",
    )

    @model_serializer(mode="wrap")
    def _only_what_is_learnt(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return values if CODECS[self.kind].learnt else {"kind": self.kind}

    @model_validator(mode="after")
    def _what_is_learnt_is_described(self) -> Self:
        learnt = CODECS[self.kind].learnt
        if learnt and (self.latent_channels is None or self.digest is None):
            raise ValueError(f"codec `{self.kind}` needs `latent_channels` and `digest`")
        return self
