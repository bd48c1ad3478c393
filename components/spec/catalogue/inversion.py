"""What a textual inversion reads of the section `finetune`."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from components.spec.catalogue.subjects import TOKEN, SubjectFields, refuse_unknown
from components.spec.reading import Reading

OF_SUBJECTS = SubjectFields.model_fields.keys() - {"token"}
"""What is read of a subject alone."""


class InversionSettings(SubjectFields):
    """What a textual inversion reads; it is of the data's images, or of a `subject`."""

    vectors: int = Field(
        1, ge=1, le=64, description="textual_inversion: that the word stands for, in each encoder"
    )
    initial: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="textual_inversion: a word of one token, as which all vectors start",
    )
    template: str | None = Field(
        None,
        max_length=500,
        description="textual_inversion: what is said in the place of the data's captions, with "
        "{token} and, for the caption itself, {caption}; none: captions have the word themselves",
    )

    @model_validator(mode="after")
    def _word_is_one(self) -> Self:
        if self.token is None or self.initial is None:
            raise ValueError("a textual inversion needs a `token` and an `initial` word")
        if self.token != self.token.lower():
            raise ValueError(
                f"`token: {self.token}` has capital letters, which CLIP's tokenizers do not tell "
                "from small ones"
            )
        if self.template is not None and "{token}" not in self.template:
            raise ValueError(f"`template: {self.template}` lacks the word: write {{token}}")
        if self.template is not None:
            refuse_unknown("template", self.template, TOKEN, "{caption}")
        if self.subject is not None:
            self.refuse_unsaid("textual_inversion")
            if self.template is not None:
                raise ValueError("`template` has no meaning with a `subject`: give its `prompt`")
            return self
        for name in sorted(OF_SUBJECTS - {"subject"}):
            if getattr(self, name) != SubjectFields.model_fields[name].default:
                raise ValueError(f"`{name}` has no meaning without a `subject`")
        return self


def inversion_reading(section: Mapping[str, Any]) -> Reading:
    """How a judge of captions reads the token: as the class word of a subject, else as the word
    that it began as."""
    word = section["class_word"] or section["initial"]
    template = section["template"] and section["template"].replace("{token}", section["token"])
    return Reading(section["token"], word, numbered=True, template=template)


def drift_of_a_word(section: Mapping[str, Any]) -> str:
    """What must be known to read the drift: only prompts with the word can have any, and of a
    subject captions of the data are without."""
    same = (
        f"Under equal sampling the textual inversion of {section['token']} draws prompts without "
        "that word as its base does, to the bit"
    )
    if not of_a_subject(section):
        return f"{same}: its drift is that of prompts with it."
    return (
        f"{same}. Captions of the data are such, the word being its subject's: on them its drift "
        "is 0 by nature, so that no `drift_at_most` above 0 rules it out."
    )


def of_a_subject(section: Mapping[str, Any]) -> bool:
    """Whether it learns the images of one, and not those of the data."""
    return section["subject"] is not None


def of_its_subject(section: Mapping[str, Any]) -> frozenset[str]:
    """What the stage `finetune` does not read."""
    if not of_a_subject(section):
        return frozenset(OF_SUBJECTS)
    return frozenset(OF_SUBJECTS - {"class_word", "prompt"})
