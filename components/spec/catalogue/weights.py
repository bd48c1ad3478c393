"""Which weights a fine-tune trains that leaves the choice: all, or a LoRA's."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from components.errors import UnfitError
from components.spec.catalogue.lora import LoraSettings

Values = Mapping[str, Any]

TRAINS_A_LORA = {"full": False, "lora": True}
"""By `weights`."""


class WeightsSettings(LoraSettings):
    """What a kind reads whose `weights` may be a LoRA's."""

    weights: Literal["full", "lora"] = Field(
        "full",
        description="dreambooth, dpo: which are trained: all (`lr: 5.0e-6` is usual) or a LoRA's "
        "(`lr: 5.0e-4`)",
    )

    @property
    def trains_a_lora(self) -> bool:
        """Whether `weights` are a LoRA's."""
        return TRAINS_A_LORA[self.weights]

    @model_validator(mode="after")
    def _a_lora_is_asked_for(self) -> Self:
        for name, field in LoraSettings.model_fields.items():
            if getattr(self, name) != field.default and not self.trains_a_lora:
                raise UnfitError(
                    f"`{name}` has no meaning with `weights: {self.weights}`",
                    f"leave `{name}` out, or give `weights: lora`",
                )
        return self


def trains_a_lora(section: Values) -> bool:
    """Whether its `weights` are a LoRA's."""
    return TRAINS_A_LORA.get(section["weights"], False)


def unread_of_a_lora(section: Values) -> frozenset[str]:
    """What is a LoRA's, where none is trained."""
    return frozenset() if trains_a_lora(section) else frozenset(LoraSettings.model_fields)
