"""What DreamBooth reads of the section `finetune`."""

from collections.abc import Mapping
from typing import Any

from components.spec.catalogue.subjects import SubjectSettings
from components.spec.catalogue.weights import WeightsSettings, unread_of_a_lora

Values = Mapping[str, Any]


class DreamBoothSettings(SubjectSettings, WeightsSettings):
    """What DreamBooth reads; the LoRA's part of it with `weights: lora`."""


def of_other_stages(section: Values) -> frozenset[str]:
    """What other stages read, and what nothing does without a prior or a LoRA."""
    found = {"subject", "subject_samples", "subject_prompts", "class_samples"}
    found |= unread_of_a_lora(section)
    return frozenset(found if section["prior_weight"] else found | {"prior_images"})
