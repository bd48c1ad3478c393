"""What a textual inversion reads of the section `finetune`."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from components.spec.reading import Reading


class InversionSettings(BaseModel):
    """What a textual inversion reads."""

    token: str | None = Field(
        None,
        pattern=r"^\S+$",
        max_length=64,
        description="dreambooth, textual_inversion: the word that is taught: a rare one, such as "
        "sks; one that the tokenizer does not know, such as <my-cat>",
    )
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
        return self


def inversion_reading(section: Mapping[str, Any]) -> Reading:
    """How a judge of captions reads the token: as the word that it began as."""
    template = section["template"] and section["template"].replace("{token}", section["token"])
    return Reading(section["token"], section["initial"], numbered=True, template=template)
