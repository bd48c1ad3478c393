"""The section `finetune`."""

import itertools
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError, create_model, field_validator, model_validator
from pydantic_core import to_jsonable_python

from components.errors import UnfitError
from components.spec.catalogue import FINETUNES, SOURCES
from components.spec.catalogue.finetune_words import FinetuneWords
from components.spec.catalogue.finetuning import FinetuneEntry
from components.spec.metrics import tells_of_a_subject
from components.spec.sections.base import (
    MOST_STEPS,
    Overrides,
    Section,
    refuse_unread,
    unfit,
)
from components.spec.sections.data import DataSpec, check_style
from components.spec.sections.limits import FinetuneLimits
from components.spec.sections.names import OneOf
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import DECIDED_BY_EVALUATIONS, TrainingSpec

TAKEN_OVER = ("steps", "batch_size", "lr", "warmup_steps", "ema", "evaluate_every")
"""Fields that a fine-tune has in the place of its baseline's training section."""


S = TypeVar("S", bound=Section)


def with_settings(entries: Mapping[str, FinetuneEntry]) -> Callable[[type[S]], type[S]]:
    """Gives a section the fields that its kinds bring along, so that they are keys like others.

    Raises:
        TypeError: two kinds, or a kind and the section, have other fields of one name.
    """

    def extended(section: type[S]) -> type[S]:
        fields = dict(section.model_fields)
        for kind, entry in entries.items():
            for name, field in entry.settings.model_fields.items() if entry.settings else ():
                if repr(fields.setdefault(name, field)) != repr(field):
                    raise TypeError(f"the setting `{name}` of kind `{kind}` is another's, too")
        new: dict[str, Any] = {
            n: (f.annotation, f) for n, f in fields.items() if n not in section.model_fields
        }
        whole: type[S] = create_model(
            section.__name__,
            __base__=section,
            __module__=section.__module__,
            __doc__=section.__doc__,
            **new,
        )
        return whole

    return extended


@with_settings(FINETUNES)
class FinetuneSpec(Section):
    """The best baseline, or a model that is there already, trained further: on another style or
    other data, on one subject, on preferences, or into a few-step sampler.

    It has the fields of every kind's own settings besides; those of other kinds are refused.
    """

    kind: Annotated[str, OneOf("finetunes")] = Field("full", description="what training does")
    base: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        exclude_if=lambda base: base is None,
        description="model to start from, in the place of a trained baseline: registered "
        "(digits@champion), a folder, or a diffusers directory or its hub id",
    )
    style: str | None = Field(
        None,
        description="the style to move to, such as bold or line; none: the baseline's own, with a "
        "`base` the data as they are",
    )
    images: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        exclude_if=lambda images: images is None,
        description="train on so many of the images, as `data.images` has it; none: on as many as "
        "the baseline",
    )
    steps: int = Field(1000, ge=1, le=MOST_STEPS, description="optimiser steps")
    batch_size: int = Field(128, ge=1, le=65_536)
    lr: float = Field(1.0e-4, gt=0.0, le=1.0)
    warmup_steps: int = Field(50, ge=0, le=MOST_STEPS)
    ema: float = Field(0.99, ge=0.0, lt=1.0)
    evaluate_every: int = Field(
        0, ge=0, le=MOST_STEPS, description="steps between evaluations; 0 is off"
    )
    checkpoints: list[Annotated[int, Field(ge=1, le=MOST_STEPS)]] | None = Field(
        None,
        max_length=100,
        exclude_if=lambda steps: steps is None,
        description="steps after which the model is a cell, too, beside the one after the last",
    )
    limits: FinetuneLimits = FinetuneLimits()
    sampling: list[Overrides] = Field(
        default_factory=list,
        description="sampling settings beside the baseline's; the first one's figures are the "
        "fine-tune's",
    )

    @field_validator("checkpoints")
    @classmethod
    def _each_is_one_cell(cls, steps: list[int] | None) -> list[int] | None:
        """In their order; raises ValueError for none, and for a step that stands there twice."""
        if steps is None:
            return None
        if not steps:
            raise ValueError("an empty list names no step: leave it out")
        for before, step in itertools.pairwise(sorted(steps)):
            if before == step:
                raise ValueError(f"the checkpoint {step} is planned twice")
        return sorted(steps)

    @model_validator(mode="after")
    def _checkpoints_are_reached(self) -> "FinetuneSpec":
        if self.checkpoints and self.checkpoints[-1] > self.steps:
            raise ValueError(
                f"`checkpoints: {self.checkpoints[-1]}` lies behind the last of `steps: "
                f"{self.steps}`"
            )
        return self

    @model_validator(mode="after")
    def _options_are_read(self) -> "FinetuneSpec":
        refuse_unread(self, "kind", FINETUNES)
        if self.entry.needs_style and self.style is None and self.base is None:
            raise ValueError(
                f"`kind: {self.kind}` needs a `style` to move to, or a `base`, the model that is "
                "trained further on the data"
            )
        self._settings_fit_together()
        self._own_data_fits()
        self.samplings(SamplingSpec())
        return self

    def _settings_fit_together(self) -> None:
        try:
            if self.entry.settings is not None:
                self.entry.settings.model_validate(self.settings)
        except ValidationError as error:
            raise unfit(error) from None

    def _own_data_fits(self) -> None:
        own = "preferences" if self.entry.learns_preferences else "subject"
        for name in ("style", "images") if self.brings_data else ():
            if getattr(self, name) is not None:
                what = f"`{name}` has no meaning with kind `{self.kind}`: its data is `{own}`"
                raise UnfitError(what, f"leave `{name}` out")
        if self.settings.get("prior_weight") and self.batch_size < 2:
            raise ValueError("`batch_size: 1` has no place for the prior, which is half of a batch")

    @property
    def learns_subject(self) -> bool:
        """Whether it is of a subject's few images, in the place of the data's."""
        return self.entry.learns_subject(self.settings)

    @property
    def brings_data(self) -> bool:
        """Whether it is trained on what its own settings name, not on the data's images."""
        return self.learns_subject or self.entry.learns_preferences

    @property
    def settings(self) -> dict[str, Any]:
        """What its kind alone reads, as plain JSON values."""
        return {name: to_jsonable_python(getattr(self, name)) for name in self.entry.options}

    @property
    def read(self) -> dict[str, Any]:
        """What the stage `finetune` reads of that."""
        unread = self.entry.unread(self.settings)
        return {name: value for name, value in self.settings.items() if name not in unread}

    @property
    def cell_steps(self) -> list[int]:
        """After which steps its model is a cell, where that is more than one; the last is."""
        return sorted({*self.checkpoints, self.steps}) if self.checkpoints else []

    @property
    def kept_steps(self) -> list[int]:
        """Of those the ones that are not the last step: what training keeps on its way."""
        return [step for step in self.cell_steps if step < self.steps]

    @property
    def saves_adapter(self) -> bool:
        """Whether what it has trained is published alone."""
        return self.entry.saves_adapter or self.entry.saves_adapter_where(self.settings)

    @property
    def entry(self) -> FinetuneEntry:
        """What is known of its kind."""
        return FINETUNES[self.kind]

    def words(self, data: DataSpec) -> FinetuneWords:
        """What it is called; ``data`` is the baseline's."""
        return self.entry.words.of(self.model_dump(), data.model_dump())

    def data(self, base: DataSpec) -> DataSpec:
        """What is trained on: the baseline's data, in `style` where one is given, and so many
        `images`.

        Raises:
            PydanticCustomError: they have no such style.
            ValueError: it is the baseline's own.
        """
        fewer = {} if self.images is None else {"images": self.images}
        if self.style is None:
            return base.model_copy(update=fewer)
        check_style(base.source, self.style, "finetune.style")
        if not SOURCES[base.source].styles:
            what = f"`finetune.style: {self.style}`: source `{base.source}` has one style"
            raise UnfitError(what, "leave `style` out: with a `base`, `data` are the new images")
        if self.style == base.style:
            raise ValueError("finetune.style is the style that the baseline is trained on")
        return base.model_copy(update={"style": self.style, **fewer})

    def subject_data(self, base: DataSpec) -> DataSpec | None:
        """The folder of the subject's images, at the size of the baseline's; None for a subject
        that is no folder's."""
        name = self.settings.get("subject")
        if not isinstance(name, str):
            return None
        of_folder = {"source": "folder", "name": name, "size": base.size}
        fit = {} if SOURCES[base.source].square else {"fit": base.fit}
        return DataSpec.model_validate(of_folder | fit)

    def samplings(self, base: SamplingSpec) -> list[SamplingSpec]:
        """How the fine-tuned model is sampled: as its kind has it, or as `sampling` changes that.

        Raises:
            ValueError: a change is not one of the sampling section's.
        """
        if any("seed" in change for change in self.sampling):
            raise ValueError(
                "`sampling` sets `seed`, and what is drawn is compared image by image with the "
                "baseline's of the same seeds: set `sampling.seed` of the whole file"
            )
        values = dict(self.entry.sampled(self.model_dump(), base.model_dump()))
        if self.saves_adapter:
            values["ema_length"] = None
        try:
            found = [
                SamplingSpec.model_validate(values | change) for change in self.sampling or [{}]
            ]
            if self.saves_adapter and any(each.ema_length is not None for each in found):
                raise ValueError(
                    f"`ema_length` has no meaning with kind `{self.kind}`: an adapter has no "
                    "snapshots"
                )
            able = self.saves_adapter and self.entry.scaled
            if not able and any(each.adapter_scale != 1 for each in found):
                raise ValueError(f"`adapter_scale` has no meaning with kind `{self.kind}`")
            return found
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, e['loc']))} {e['msg']}" for e in error.errors()]
            raise ValueError(f"`finetune.sampling`: {'; '.join(faults)}") from None

    def training(self, base: TrainingSpec) -> TrainingSpec:
        """The baseline's training section with what the fine-tune says itself.

        Without evaluations of its own it publishes its last weights, whatever the baseline does.
        An adapter has no snapshots, and so no other EMA length is sampled.
        Evaluations sample it as its kind has it; of a subject no distance is taken that could
        decide.
        """
        own: dict[str, Any] = {name: getattr(self, name) for name in TAKEN_OVER}
        own["evaluate_at"] = []  # steps of the baseline's training
        own["accumulate"] = min(base.accumulate, self.batch_size)
        if not self.evaluate_every:
            own |= {n: TrainingSpec.model_fields[n].default for n in DECIDED_BY_EVALUATIONS}
        if self.saves_adapter:
            own["ema_snapshots"] = 0
        if self.learns_subject and base.select_by and not tells_of_a_subject(base.select_by):
            own["select_by"] = None
        own |= self.entry.watched(self.model_dump())
        return TrainingSpec.model_validate(base.model_dump() | own)
