"""A subject of a few images: what the experiment file says of it, and the prompts that follow."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator

from components.errors import UnfitError
from components.spec.reading import Reading

FEWEST_IMAGES, MOST_IMAGES = 3, 30
"""Of one subject."""

TOKEN, CLASS_WORD = "{token}", "{class_word}"
"""What stands for both in the template of a prompt."""


class SubjectFields(BaseModel):
    """What a fine-tune reads that may teach a word for one subject."""

    subject: (
        Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
        | None
    ) = Field(
        None,
        description="dreambooth, textual_inversion: which 3 to 30 images: the name of a folder "
        "that `data add` has added, or a list of captions, of images of the baseline's data (of "
        "both splits; the baseline has seen those that are not held out)",
    )
    token: str | None = Field(
        None,
        pattern=r"^\S+$",
        max_length=64,
        description="dreambooth, textual_inversion: the word that is taught: a rare one, such as "
        "sks; one that the tokenizer does not know, such as <my-cat>",
    )
    class_word: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="dreambooth, textual_inversion: what the subject is, such as cat",
    )
    prompt: str = Field(
        f"a {TOKEN} {CLASS_WORD}",
        max_length=1000,
        description="dreambooth, textual_inversion: of the subject; without the token that of the "
        "class",
    )
    subject_samples: int = Field(
        40,
        ge=2,
        le=100_000,
        description="dreambooth, textual_inversion: images of the subject's prompt that tuned "
        "model and baseline draw",
    )
    subject_prompts: list[Annotated[str, Field(max_length=1000)]] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        exclude_if=lambda prompts: prompts is None,
        description="dreambooth, textual_inversion: prompts that these take turns with, such as "
        "'a {token} {class_word} in the snow'; none: `prompt` alone",
    )
    class_samples: int = Field(
        100,
        ge=20,
        le=100_000,
        exclude_if=lambda count: count == 100,
        description="dreambooth, textual_inversion: images of the class, without the token, that "
        "tuned model and baseline draw",
    )

    def refuse_unsaid(self, kind: str) -> None:
        """Raise ValueError where what a subject needs is not all said."""
        for name, what in (
            ("subject", "a folder of `data add`, or captions of the data"),
            ("token", "a rare word, such as sks"),
            ("class_word", "what the subject is, such as cat"),
        ):
            if getattr(self, name) is None:
                raise UnfitError(f"`kind: {kind}` needs a `{name}`: {what}", f"add `{name}`")
        for part in (TOKEN, CLASS_WORD):
            if part not in self.prompt:
                raise ValueError(f"`prompt: {self.prompt}` lacks `{part}`")
        for prompt in self.subject_prompts or ():
            if TOKEN not in prompt:
                raise ValueError(f"`subject_prompts` has `{prompt}`, which lacks `{TOKEN}`")
        self._words_are_told_apart()
        if len(self.subject_prompts or ()) > self.subject_samples:
            raise ValueError(
                f"`subject_samples: {self.subject_samples}` does not draw each of the "
                f"{len(self.subject_prompts or ())} `subject_prompts` once"
            )

    def _words_are_told_apart(self) -> None:
        """Raise ValueError where the class's prompts would have the token, or a prompt has what
        stands for nothing."""
        for name in ("token", "class_word"):
            word = getattr(self, name)
            if word != " ".join(word.split()) or not word.isprintable():
                raise ValueError(
                    f"`{name}: {word!r}` is no word or words with single spaces between"
                )
            if "{" in word or "}" in word:
                raise ValueError(f"`{name}: {word}` has a brace, which prompts have for {TOKEN}")
        prompts = {"prompt": [self.prompt], "subject_prompts": self.subject_prompts or []}
        for name, text in ((name, text) for name, texts in prompts.items() for text in texts):
            if not text.isprintable():
                raise ValueError(f"`{name}` has {text!r}: a prompt is one line without tabs")
            refuse_unknown(name, text, TOKEN, CLASS_WORD)
        plain = f"{self.class_word} {self.prompt.replace(TOKEN, ' ')}".lower().split()
        if str(self.token).lower() in plain:
            raise UnfitError(
                f"`token: {self.token}` is a word of `class_word: {self.class_word}` or of "
                "`prompt`, which say the class without it: nothing new is taught",
                "give a rare word as `token`, such as sks",
            )


class SubjectSettings(SubjectFields):
    """What a fine-tune reads that teaches a word for one subject beside images of its class."""

    prior_weight: float = Field(
        1.0,
        ge=0.0,
        le=100.0,
        description="dreambooth: of the loss of images of the class, which the baseline draws and "
        "which are half of each batch; 0 is without",
    )
    prior_images: int = Field(
        100, ge=2, le=100_000, description="dreambooth: images of the class that are drawn, once"
    )

    @model_validator(mode="after")
    def _all_is_said(self) -> Self:
        self.refuse_unsaid("dreambooth")
        return self


def subject_prompt(section: Mapping[str, Any]) -> str:
    """What the subject's images are shown with."""
    return _said(section["prompt"], section)


def asked_prompts(section: Mapping[str, Any]) -> list[str]:
    """What images of the subject are asked for with, to be judged; each once."""
    asked = section["subject_prompts"] or [section["prompt"]]
    return list(dict.fromkeys(_said(prompt, section) for prompt in asked))


def subject_reading(section: Mapping[str, Any]) -> Reading:
    """How a judge of captions reads the token: as the class word, which it knows."""
    return Reading(section["token"], section["class_word"])


def _said(prompt: str, section: Mapping[str, Any]) -> str:
    return prompt.replace(TOKEN, section["token"]).replace(CLASS_WORD, section["class_word"])


def class_prompt(section: Mapping[str, Any]) -> str:
    """The same without the token: what the class's images are asked for with."""
    prompt = " ".join(section["prompt"].replace(TOKEN, " ").split())
    return prompt.replace(CLASS_WORD, section["class_word"])


def refuse_unknown(field: str, text: str, *known: str) -> None:
    """Raise ValueError where ``text`` has another thing in braces than what is ``known`` there."""
    for part in known:
        text = text.replace(part, "")
    if unknown := re.search(r"\{[^{}]*\}|[{}]", text):
        raise ValueError(
            f"`{field}` has `{unknown[0]}`, which stands for nothing: write {' and '.join(known)}"
        )
