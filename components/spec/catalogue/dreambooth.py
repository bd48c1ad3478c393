"""What DreamBooth reads of the section `finetune`."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from components.errors import UnfitError
from components.spec.catalogue.lora import LoraSettings
from components.spec.catalogue.subjects import SubjectSettings

Values = Mapping[str, Any]


class DreamBoothSettings(SubjectSettings, LoraSettings):
    """What DreamBooth reads; the LoRA's part of it with `weights: lora`."""

    weights: Literal["full", "lora"] = Field(
        "full",
        description="dreambooth: which are trained: all (`lr: 5.0e-6` is usual) or a LoRA's "
        "(`lr: 5.0e-4`)",
    )

    @model_validator(mode="after")
    def _a_lora_is_asked_for(self) -> Self:
        for name, field in LoraSettings.model_fields.items():
            if getattr(self, name) != field.default and not TRAINS_A_LORA[self.weights]:
                raise UnfitError(
                    f"`{name}` has no meaning with `weights: {self.weights}`",
                    f"leave `{name}` out, or give `weights: lora`",
                )
        return self


TRAINS_A_LORA = {"full": False, "lora": True}
"""By `weights`."""


def trains_a_lora(section: Values) -> bool:
    """Whether its `weights` are a LoRA's."""
    return TRAINS_A_LORA.get(section["weights"], False)


def of_other_stages(section: Values) -> frozenset[str]:
    """What other stages read, and what nothing does without a prior or a LoRA."""
    found = {"subject", "subject_samples", "subject_prompts", "class_samples"}
    if not trains_a_lora(section):
        found |= LoraSettings.model_fields.keys()
    return frozenset(found if section["prior_weight"] else found | {"prior_images"})
