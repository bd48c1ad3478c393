"""Kinds of fine-tune: what planner, report and records must know of each.

The other half of a kind, what torch does, is its member of `components.finetuning.FINETUNES`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from components.spec.catalogue.consistency import (
    ConsistencySettings,
    few_steps,
    one_step_a_segment,
    teacher_and_average,
)
from components.spec.catalogue.dpo import (
    DpoSettings,
    pair_and_reference,
    unread_of_preferences,
)
from components.spec.catalogue.dreambooth import DreamBoothSettings, of_other_stages
from components.spec.catalogue.finetune_words import FinetuneWords
from components.spec.catalogue.inversion import (
    InversionSettings,
    drift_of_a_word,
    inversion_reading,
    of_a_subject,
    of_its_subject,
)
from components.spec.catalogue.lora import LoraSettings
from components.spec.catalogue.subjects import subject_reading
from components.spec.catalogue.weights import WeightsSettings, trains_a_lora
from components.spec.reading import Reading

Values = Mapping[str, Any]
"""A section of the experiment file as plain values."""


def _as_the_baseline(section: Values, baseline: Values) -> Values:
    return baseline


def _as_in_training(section: Values) -> Values:
    return {}


def _none_beside(section: Values, conditional: bool) -> int:
    return 0


def _never(section: Values) -> bool:
    return False


def _always(section: Values) -> bool:
    return True


def _as_written(section: Values) -> None:
    return None


def _none_unread(section: Values) -> frozenset[str]:
    return frozenset()


def _nothing(section: Values) -> str:
    return ""


@dataclass(frozen=True)
class FinetuneEntry:
    """A kind of fine-tune.

    Attributes:
        line, source: as everywhere.
        settings: what it alone reads: fields of the finetune section with their bounds and
            defaults, and what must fit among them. Kinds that share one have the same model of it.
        words: what it is called.
        compared: what a comparison with the baseline holds fixed: the ``sampling`` (before and
            after), or the ``cost``, in network evaluations.
        needs_style: whether it is nothing without another style to move to.
        needs_own_data: whether it reads the baseline's data besides its own, in the role
            ``base_data``.
        learns_subject: finetune section → whether it teaches a word for the images of
            `finetune.subject`, so that the model must read captions. They come in the role
            ``subject``, images of its class that the baseline has drawn, where it reads some, in
            the role ``prior``; ``data`` is the baseline's own.
        learns_preferences: whether it is trained on pairs that somebody has decided between, which
            come in the role ``preferences``; ``data`` is the baseline's own.
        saves_adapter: whether it publishes what it has trained alone, which is read with the
            baseline's model beside it, in the role ``base``.
        saves_adapter_where: finetune section → the same, of a kind where the section decides.
        unread: finetune section → its settings that the stage `finetune` does not read.
        scaled: whether that can count more or less than once (`sampling.adapter_scale`).
        sampled: (finetune section, the baseline's sampling section) → how the model is sampled,
            unless the file says otherwise.
        watched: finetune section → fields of the training section by which evaluations sample it.
        images_a_row: that one row of a batch has.
        beside: (finetune section, whether the model is told what to draw) → network evaluations
            that a row of a training step takes besides its own forward and backward pass.
        trains_text: finetune section → whether captions are encoded in every step, since what
            reads them is trained; else they are stored.
        words_alone: whether new words are all that is trained of what reads them.
        reading: finetune section → how a judge of captions reads the word that is taught; None
            for a kind that teaches none.
        of_drift: finetune section → what must be known to read its drift, a sentence; empty where
            that says what it says of all.
    """

    line: str
    source: str
    words: FinetuneWords
    compared: Literal["sampling", "cost"]
    settings: type[BaseModel] | None = None
    needs_style: bool = False
    needs_own_data: bool = False
    learns_subject: Callable[[Values], bool] = _never
    learns_preferences: bool = False
    saves_adapter: bool = False
    saves_adapter_where: Callable[[Values], bool] = _never
    unread: Callable[[Values], frozenset[str]] = _none_unread
    scaled: bool = True
    sampled: Callable[[Values, Values], Values] = _as_the_baseline
    watched: Callable[[Values], Values] = _as_in_training
    images_a_row: int = 1
    beside: Callable[[Values, bool], int] = _none_beside
    trains_text: Callable[[Values], bool] = _never
    words_alone: bool = False
    reading: Callable[[Values], Reading | None] = _as_written
    of_drift: Callable[[Values], str] = _nothing

    @property
    def options(self) -> tuple[str, ...]:
        """Names of `settings`' fields."""
        return tuple(self.settings.model_fields) if self.settings else ()


def trained_lora(kind: str, settings: Values) -> LoraSettings | None:
    """The LoRA that a kind trains with these settings, which fit together; None for none."""
    own = FINETUNES[kind].settings
    if own is None or not issubclass(own, LoraSettings):
        return None
    found = own.model_validate(settings)
    trains = not isinstance(found, WeightsSettings) or found.trains_a_lora
    return found if trains else None


def _text_if_asked(section: Values) -> bool:
    return bool(section["text_encoder"])


FINETUNES: dict[str, FinetuneEntry] = {
    "full": FinetuneEntry(
        "every weight, on new images or another style of the data",
        "plain training",
        FinetuneWords(
            act="fine-tuning",
            done="fine-tuned",
            model="fine-tuned",
            run="fine-tuned on {style}",
            goal="{style}",
            title="Fine-tune to {target}",
            about="{start} was trained further on {target}; both are measured against the holdout "
            "of {style}.",
        ),
        compared="sampling",
        needs_style=True,
    ),
    "lora": FinetuneEntry(
        "low-rank changes of chosen layers, on new images or another style of the data",
        "Hu et al. 2021; rsLoRA: Kalajdzievski 2023; DoRA: Liu et al. 2024",
        FinetuneWords(
            act="fine-tuning",
            done="fine-tuned",
            model="fine-tuned, LoRA",
            run="LoRA on {style}",
            goal="{style}",
            title="LoRA to {target}",
            about="{start} stays as it is; low-rank changes of it were trained on {target}. Both "
            "are measured against the holdout of {style}.",
        ),
        compared="sampling",
        settings=LoraSettings,
        needs_style=True,
        saves_adapter=True,
        trains_text=_text_if_asked,
    ),
    "textual_inversion": FinetuneEntry(
        "a new word for what the images show, and nothing else",
        "Gal et al. 2022",
        FinetuneWords(
            act="textual inversion",
            done="taught a word",
            model="with the word {token}",
            run="the word {token}",
            goal="{token}",
            title="Textual inversion: {token}",
            about="{start} was taught the word {token}; none of its weights changed. "
            "Both are measured against the same holdout.",
        ),
        compared="sampling",
        settings=InversionSettings,
        learns_subject=of_a_subject,
        unread=of_its_subject,
        saves_adapter=True,
        scaled=False,
        trains_text=_always,
        words_alone=True,
        reading=inversion_reading,
        of_drift=drift_of_a_word,
    ),
    "dreambooth": FinetuneEntry(
        "a rare word for the subject of 3 to 30 images, full or LoRA, with a prior of its class",
        "Ruiz et al. 2023",
        FinetuneWords(
            act="fine-tuning",
            done="fine-tuned",
            model="DreamBooth",
            run="DreamBooth of {token} {class_word}",
            goal="{token} {class_word}",
            title="DreamBooth: {token} {class_word}",
            about="{start} was taught a word for one subject; both are measured against "
            "the baseline's holdout, which says what it no longer can.",
        ),
        compared="sampling",
        settings=DreamBoothSettings,
        learns_subject=_always,
        saves_adapter_where=trains_a_lora,
        unread=of_other_stages,
        trains_text=_text_if_asked,
        reading=subject_reading,
    ),
    "dpo": FinetuneEntry(
        "towards the images that people chose in a study, with the base as reference, full or LoRA",
        "Diffusion-DPO: Wallace et al. 2023",
        FinetuneWords(
            act="preference tuning",
            done="tuned to preferences",
            model="DPO",
            run="DPO on {preferences}",
            goal="preferences",
            title="Preferences: {preferences}",
            about="{start} was trained on pairs of images that were decided between, and held to "
            "itself; both are measured against the same holdout, which knows no preference.",
            card="It was trained on pairs of images that were decided between (Diffusion-DPO).",
        ),
        compared="sampling",
        settings=DpoSettings,
        learns_preferences=True,
        images_a_row=2,
        saves_adapter_where=trains_a_lora,
        unread=unread_of_preferences,
        beside=pair_and_reference,
        trains_text=_text_if_asked,
    ),
    "consistency": FinetuneEntry(
        "consistency distillation into a sampler of 1 to 4 steps",
        "Song et al. 2023; Heek et al. 2024",
        FinetuneWords(
            act="distillation",
            done="distilled",
            model="distilled, {kind}",
            run="distilled",
            goal="{kind}",
            title="Distillation into few steps: {kind}",
            about="{start} was distilled into a sampler of few steps; both are measured against "
            "the same holdout.",
            card="It was distilled: it draws in a few steps, with its guidance taken in.",
        ),
        compared="cost",
        settings=ConsistencySettings,
        sampled=few_steps,
        watched=one_step_a_segment,
        beside=teacher_and_average,
    ),
}
