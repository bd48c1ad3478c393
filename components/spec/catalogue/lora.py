"""What a LoRA reads of the section `finetune`."""

import itertools
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from components.spec.catalogue.networks import AND


class TargetRank(BaseModel):
    """A rank of its own for the layers of one target."""

    model_config = ConfigDict(extra="forbid")

    rank: int = Field(ge=1, le=1024)
    alpha: float | None = Field(None, gt=0.0, le=8192.0)


TARGETS: dict[str, tuple[str, ...]] = {
    "attention": ("to_q", "to_k", "to_v", "to_out.0", "q_proj", "k_proj", "v_proj", "out_proj"),
    "feed_forward": ("ff.net.0.proj", "ff.net.2", "fc1", "fc2"),
}
"""What `finetune.targets` may say in the place of layers' names → the ends of their names, those
of text encoders behind the others."""


def _listed(value: Any) -> Any:
    """Names that a sweep has joined, or one alone, as the list of them; anything else as it is."""
    return value.split(AND) if isinstance(value, str) else value


class LoraSettings(BaseModel):
    """What a LoRA reads."""

    rank: int = Field(4, ge=1, le=1024, description="lora: rank of a layer's change")
    alpha: float | None = Field(
        None, gt=0.0, le=8192.0, description="lora: α, of the scale α/rank; none: the rank"
    )
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="lora: of what a change is made of")
    targets: Annotated[list[str] | dict[str, TargetRank], BeforeValidator(_listed)] = Field(
        ["attention"],
        min_length=1,
        description="lora: attention, feed_forward, or ends of layers' names; also as a mapping to "
        "a rank and an alpha of their own",
    )
    rslora: bool = Field(False, description="lora: scale α/√rank in the place of α/rank")
    dora: bool = Field(False, description="lora: with a magnitude for every output")
    text_encoder: bool = Field(
        False,
        description="lora, dreambooth and dpo of a LoRA: change layers of the text encoders, too, "
        "as `targets` has it",
    )

    @model_validator(mode="after")
    def _a_layer_has_one_rank(self) -> Self:
        """Of a mapping no two targets choose a layer that the other may choose, too."""
        if isinstance(self.targets, dict):
            for one, other in itertools.combinations(self.targets, 2):
                for end, longer in itertools.product(_ends(one), _ends(other)):
                    if f".{end}".endswith(f".{longer}") or f".{longer}".endswith(f".{end}"):
                        raise ValueError(
                            f"`targets` gives layers such as {max(end, longer, key=len)} two "
                            f"ranks, by {one} and by {other}: name the layers of the wider one "
                            "by themselves, without those of the other"
                        )
        return self


def _ends(target: str) -> tuple[str, ...]:
    return TARGETS.get(target, (target,))
