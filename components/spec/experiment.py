"""The experiment file as one pydantic model of its sections: what must fit across them."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from components.spec.catalogue import CODECS, CONDITIONERS
from components.spec.catalogue.entries import ConditionerEntry
from components.spec.sections.base import Overrides, Scalar, Section, Slug
from components.spec.sections.codec import CodecSpec
from components.spec.sections.data import DataSpec
from components.spec.sections.evaluation import SEEN, EvaluationSpec, ScorerSpec
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.joined import OrJoined
from components.spec.sections.network import (
    ConditioningSpec,
    NetworkSpec,
    refuse_unfit,
    refuse_unsound,
)
from components.spec.sections.process import ProcessSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.study import StudySpec
from components.spec.sections.training import TrainingSpec


class RegistrySpec(Section):
    """Where the winner and its fine-tune are registered, and what makes them champions.

    The gate is asked once, when one is registered; `alphabar promote` asks again.
    """

    model: Slug | None = Field(None, description="model name in the registry; none: no record")
    finetuned: Slug | None = Field(
        None,
        exclude_if=lambda name: name is None,
        description="model name of the chosen fine-tune, whose first champion must beat its own "
        "baseline; none: no record",
    )
    gate: str | None = Field(
        None,
        min_length=1,
        description="gate file, from the project's root folder; none: a better Fréchet distance "
        "than the champion's",
    )

    @model_validator(mode="after")
    def _names_fit_together(self) -> "RegistrySpec":
        if self.gate is not None and self.model is None and self.finetuned is None:
            raise ValueError(
                "`gate` decides who is champion in the registry: give `model` too, or `finetuned`"
            )
        if self.finetuned is not None and self.finetuned == self.model:
            raise ValueError(
                f"`model` and `finetuned` are both {self.model}: a baseline and its fine-tune are "
                "versions of two models, each with its champion"
            )
        return self


class RunnerSpec(Section):
    """Where the stages run. Keys have what `threads` and `accelerator` come to on this machine."""

    kind: Literal["threads", "ray"] = Field("threads", description="here, or on a Ray cluster")
    workers: int = Field(1, ge=1, le=1024, description="stages at once")
    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="of torch and BLAS in a stage; none: this machine's cores, shared by `workers`",
    )
    accelerator: Literal["auto", "cpu", "gpu", "mps"] = Field(
        "auto", description="what networks compute on; auto: a GPU where there is one"
    )


class Experiment(Section):
    """One experiment file."""

    name: Slug = Field(description="names the MLflow experiment and reports/<name>")
    data: DataSpec
    codec: CodecSpec = CodecSpec()
    scorer: ScorerSpec = ScorerSpec()
    conditioning: ConditioningSpec = ConditioningSpec()
    process: ProcessSpec = ProcessSpec()
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()
    sampling: SamplingSpec = SamplingSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    guide: dict[str, Any] = Field(
        default_factory=dict,
        description="the weaker model of autoguidance: dotted network and training keys that "
        "differ from the model's own",
    )
    finetune: FinetuneSpec | None = None
    study: StudySpec | None = None
    registry: RegistrySpec = RegistrySpec()
    runner: RunnerSpec = RunnerSpec()
    sweep: dict[str, Annotated[list[Annotated[Scalar, OrJoined()]], Field(min_length=1)]] = Field(
        default_factory=dict, description="dotted path: values; the product is the plan"
    )
    cells: list[Overrides] = Field(
        default_factory=list,
        description="single cells beside the sweep, or instead of one: dotted path: value",
    )
    also: list[Overrides] = Field(
        default_factory=list,
        description="the same, but references: compared with the others, never the winner",
    )

    def as_written(self) -> dict[str, Any]:
        """What the file says, without the defaults: what is read of it again is the same, also by
        those who ask whether a key is there."""
        return self.model_dump(exclude_unset=True)

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str) -> str:
        if name == "compare":
            raise ValueError("reports/compare is where `alphabar compare` writes: choose another")
        if name == "studies":
            raise ValueError("reports/studies is where studies lie: choose another")
        return name

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "Experiment":
        if self.base is None:  # else who reads the base looks
            refuse_unsound(self.network, self.conditioning)
            refuse_unfit(self.network, self.codec, self.data.size, "data.size")
        if self.finetune is not None:
            self.finetune.data(self.data)
            drawn = self.finetune.samplings(self.sampling)
            if any(e.ema_length for e in drawn) and not self.training.ema_snapshots:
                raise ValueError("`finetune.sampling.ema_length` needs `training.ema_snapshots`")
            self._reads_a_word(self.finetune)
            self._text_is_trained(self.finetune)
            self._checkpoints_are_cells(self.finetune)
        if self.study is not None and self.finetune is None:
            raise ValueError("study compares baseline and fine-tuned model: give `finetune` too")
        if self.study is not None and self.study.samples > self.evaluation.samples:
            raise ValueError(
                f"`study.pairs: {self.study.pairs}` shows {self.study.samples} samples of each "
                f"model, and `evaluation.samples` is {self.evaluation.samples}"
            )
        if self.registry.finetuned is not None and self.finetune is None:
            raise ValueError(
                f"`registry.finetuned: {self.registry.finetuned}` registers a fine-tune: give "
                "`finetune` too"
            )
        self._asks_for_what_there_is()
        return self

    @property
    def base(self) -> str | None:
        """The model that is there already and stands in the baseline's place, if any."""
        return None if self.finetune is None else self.finetune.base

    def _asks_for_what_there_is(self) -> None:
        if self.base is None or "encoder" in self.conditioning.model_fields_set:
            self._asks_for_what_the_model_is_told()
        if self.evaluation.counts_bits and CODECS[self.codec.kind].levels is None:
            raise ValueError(
                f"`evaluation.likelihood: {self.evaluation.likelihood}` counts bits of pixels, and "
                f"codec `{self.codec.kind}` works on latents, whose density says nothing of them"
            )
        if self.sampling.ema_length is not None and self.base is not None:
            raise ValueError(
                f"`sampling.ema_length` has no meaning with `finetune.base: {self.base}`, which "
                "brings no snapshots"
            )
        if self.sampling.ema_length is not None and not self.training.ema_snapshots:
            raise ValueError("`sampling.ema_length` needs `training.ema_snapshots`, 10 or so")
        if self.sampling.guided_by_model and not self.guide:
            raise ValueError(f"`sampling.guide: {self.sampling.guide}` needs the section `guide`")

    def _asks_for_what_the_model_is_told(self) -> None:
        told = CONDITIONERS[self.conditioning.encoder]
        if self.evaluation.recognises and not told.labels:
            labelled = next(name for name, entry in CONDITIONERS.items() if entry.labels)
            raise ValueError(
                f"evaluation.classifier: {self.evaluation.classifier} needs "
                f"conditioning.encoder: {labelled}"
            )
        if self.evaluation.prompts is not None and not told.conditional:
            raise ValueError(
                "`evaluation.prompts` has no meaning with conditioning.encoder: "
                f"{self.conditioning.encoder}, which is told nothing"
            )
        if self.evaluation.judges_preference and not told.conditional:
            raise ValueError(
                "`evaluation.preference` has no meaning with conditioning.encoder: "
                f"{self.conditioning.encoder}: images that nobody asked for have no captions"
            )
        if self.evaluation.prompts == SEEN and not told.captions:
            raise ValueError(
                f"`evaluation.prompts: {SEEN}` has no meaning with conditioning.encoder: "
                f"{self.conditioning.encoder}: its classes are asked for alike in both splits"
            )

    def _reads_a_word(self, finetune: FinetuneSpec) -> None:
        """Raise ValueError where the model reads no captions and is to learn a word; a directory
        of others may say what reads them."""
        encoder = self.conditioning.encoder
        if not finetune.learns_subject or CONDITIONERS[encoder].captions:
            return
        if not self._of_others():
            raise ValueError(
                f"`finetune.kind: {finetune.kind}` teaches a word, and `conditioning.encoder: "
                f"{encoder}` reads none"
            )

    def _checkpoints_are_cells(self, tuned: FinetuneSpec) -> None:
        """Raise ValueError where evaluations or an EMA length would say what a checkpoint is."""
        if not tuned.checkpoints:
            return
        training = tuned.training(self.training)
        for name, usual in (("patience", 0), ("publish", "last")):
            if (value := getattr(training, name)) != usual:
                raise ValueError(
                    f"`training.{name}: {value}` has no meaning with `finetune.checkpoints`, whose "
                    "cells are compared after training: leave one out, or "
                    "`finetune.evaluate_every`"
                )
        if any(each.ema_length is not None for each in tuned.samplings(self.sampling)):
            raise ValueError(
                "`sampling.ema_length` has no meaning with `finetune.checkpoints`, which keep the "
                "average of `finetune.ema`"
            )

    def _of_others(self) -> bool:
        """Whether a directory of others may say what reads captions."""
        others = self.network.pretrained or self.base
        return others is not None and "encoder" not in self.conditioning.model_fields_set

    def _text_is_trained(self, tuned: FinetuneSpec) -> None:
        if not tuned.entry.trains_text(tuned.model_dump()) or self._of_others():
            return
        words, encoder = tuned.entry.words_alone, self.conditioning.encoder

        def able(entry: ConditionerEntry) -> bool:
            return entry.captions if words else entry.trained

        if not able(CONDITIONERS[encoder]):
            what = "teaches a text encoder a word" if words else "trains text encoders"
            others = ", ".join(name for name, entry in CONDITIONERS.items() if able(entry))
            raise ValueError(
                f"`finetune` {what}, and conditioning.encoder: {encoder} is none that can be: "
                f"{others} are"
            )
