"""The experiment file as pydantic models: every field, its range and its default.

The names in the ``Literal`` types are the keys of the registries in `components.process`,
`components.sampling` and `components.data`; a test holds the two equal, so that this module
needs no torch to know what exists.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SOURCE_STYLES: dict[str, tuple[str, ...]] = {
    "digits": ("regular", "bold"),
    "openmoji": ("color", "line"),
    "folder": (),
}
"""The paired styles of each packaged source; the first one decides the split."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Scalar = str | int | float | bool
Overrides = dict[str, Scalar]


class Section(BaseModel):
    """A part of the experiment file: closed, immutable, strict about types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DataSpec(Section):
    """Which images, at which size, and how they are split."""

    source: Literal["digits", "openmoji", "folder"] = Field(
        description="where the images come from"
    )
    name: Slug | None = Field(None, description="source `folder`: the name given to `data add`")
    style: str | None = Field(None, description="digits: regular, bold; openmoji: color, line")
    size: int = Field(8, ge=4, le=1024, description="side of the square images, pixels")
    holdout: float = Field(0.1, gt=0.0, lt=0.9, description="share of the images held out")
    split_seed: int = Field(0, ge=0, description="seed of the split's hash")
    caption_column: str = Field("caption", description="metadata column with the caption")
    label_column: str = Field("label", description="metadata column with the class, if any")

    @model_validator(mode="before")
    @classmethod
    def _default_style(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("style") is None:
            styles = SOURCE_STYLES.get(values.get("source", ""), ())
            if styles:
                values = {**values, "style": styles[0]}
        return values

    @model_validator(mode="after")
    def _style_and_name_fit_the_source(self) -> "DataSpec":
        if (self.source == "folder") != (self.name is not None):
            raise ValueError("`name` is given with source `folder`, and only with it")
        check_style(self.source, self.style)
        return self


def check_style(source: str, style: str | None) -> None:
    """Raise ValueError unless ``style`` is one of ``source``'s styles."""
    styles = SOURCE_STYLES[source]
    if style is not None and styles and style not in styles:
        raise ValueError(
            f"source `{source}` has no style `{style}`: choose from {', '.join(styles)}"
        )


class ConditioningSpec(Section):
    """What the network is told about the image it makes."""

    encoder: Literal["none", "class", "minilm"] = Field("class", description="kind of condition")
    dropout: float = Field(
        0.1, ge=0.0, lt=1.0, description="share of rows trained without condition, for guidance"
    )
    max_tokens: int = Field(16, ge=2, le=256, description="caption length in tokens (minilm)")


class ProcessSpec(Section):
    """The forward process and what the network predicts."""

    schedule: Literal["linear", "cosine"] = Field("cosine", description="noise schedule")
    prediction: Literal["eps", "x0", "v"] = Field("v", description="prediction target")
    steps: int = Field(1000, ge=2, le=10_000, description="length of the discrete table")


class NetworkSpec(Section):
    """The denoising UNet (diffusers)."""

    channels: list[Annotated[int, Field(ge=8, le=2048, multiple_of=8)]] = Field(
        [32, 64], min_length=1, max_length=6, description="channels of each resolution"
    )
    layers_per_block: int = Field(2, ge=1, le=8, description="residual layers per resolution")
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="dropout inside residual layers")


class TrainingSpec(Section):
    """How the network is trained, and how it is watched meanwhile."""

    steps: int = Field(20_000, ge=1, description="optimiser steps")
    batch_size: int = Field(128, ge=1, le=65_536, description="rows a step")
    lr: float = Field(1.0e-4, gt=0.0, le=1.0, description="AdamW learning rate")
    lr_decay: Literal["constant", "cosine"] = Field("cosine", description="after the warm-up")
    warmup_steps: int = Field(100, ge=0, description="linear learning-rate warm-up, steps")
    weight_decay: float = Field(0.0, ge=0.0, le=1.0, description="AdamW weight decay")
    gradient_clip: float = Field(1.0, ge=0.0, description="largest gradient norm; 0 is off")
    ema: float = Field(0.999, ge=0.0, lt=1.0, description="EMA decay a step, after warm-up")
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field("32-true")
    seed: int = Field(0, ge=0, description="seed of weights, batches and noise")
    checkpoint_every: int = Field(200, ge=1, description="steps between resume checkpoints")
    evaluate_every: int = Field(1000, ge=0, description="steps between evaluations; 0 is off")
    evaluate_samples: int = Field(128, ge=20, le=50_000, description="EMA samples an evaluation")
    evaluate_steps: int = Field(20, ge=1, le=1000, description="DDIM steps of those samples")
    evaluate_size: int = Field(64, ge=32, le=1024, description="feature size then, pixels")
    evaluate_guidance: float = Field(2.0, ge=0.0, le=50.0, description="guidance of those samples")


class SamplingSpec(Section):
    """How images are drawn from a trained network."""

    solver: Literal["ddim", "ddpm"] = Field("ddim", description="solver of the reverse process")
    steps: int = Field(50, ge=1, le=1000, description="solver steps")
    guidance: float = Field(1.0, ge=0.0, le=50.0, description="guidance scale; 1 is off")
    eta: float = Field(0.0, ge=0.0, le=1.0, description="DDIM: 0 deterministic, 1 ancestral")
    grid: Literal["trailing", "leading", "linspace"] = Field("trailing", description="time grid")
    clip: bool = Field(True, description="hold x0 within the range of pixels")
    seed: int = Field(0, ge=0, description="image k is drawn from seed + k")


class EvaluationSpec(Section):
    """How samples are compared with the holdout."""

    samples: int = Field(2000, ge=20, le=1_000_000, description="images a cell")
    extractor: Literal["efficientnet_lite0"] = Field("efficientnet_lite0")
    size: int = Field(64, ge=32, le=1024, description="side at which features are taken, pixels")
    clip: Literal["domain", "none"] = Field("domain", description="which CLIP score")
    classifier: Literal["none", "svc"] = Field(
        "none", description="svc: share of class-conditional samples that an SVC recognises"
    )
    confidence: float = Field(0.95, gt=0.5, lt=1.0, description="level of every interval")


class ScorerSpec(Section):
    """The domain CLIP: two frozen towers, trained projections."""

    steps: int = Field(1000, ge=1, description="contrastive steps")
    batch_size: int = Field(256, ge=2, description="pairs a step")
    lr: float = Field(1.0e-3, gt=0.0, le=1.0)
    weight_decay: float = Field(0.05, ge=0.0, le=1.0, description="AdamW weight decay")
    embed_dim: int = Field(256, ge=8, le=2048, description="width of the shared space")
    dropout: float = Field(0.3, ge=0.0, lt=1.0, description="feature dropout while training")
    size: int = Field(64, ge=32, le=1024, description="side of the image tower's input, pixels")
    seed: int = Field(0, ge=0)


class FinetuneSpec(Section):
    """The best baseline, trained further on another style of the same data."""

    kind: Literal["full"] = Field("full", description="which weights move: all of them")
    style: str = Field(description="the style to move to, such as bold or line")
    steps: int = Field(1000, ge=1, description="optimiser steps")
    batch_size: int = Field(128, ge=1, le=65_536)
    lr: float = Field(1.0e-4, gt=0.0, le=1.0)
    warmup_steps: int = Field(50, ge=0)
    ema: float = Field(0.99, ge=0.0, lt=1.0)
    evaluate_every: int = Field(0, ge=0, description="steps between evaluations; 0 is off")


class StudySpec(Section):
    """The blind comparison of baseline and fine-tuned model."""

    pairs: int = Field(40, ge=1, le=10_000, description="side-by-side choices")
    seed: int = Field(0, ge=0, description="seed of sides and order")


class RegistrySpec(Section):
    """Where the winner is registered."""

    model: Slug | None = Field(None, description="model name in the registry; none: no record")


class RunnerSpec(Section):
    """Where the stages run. Nothing here changes a result, so nothing here enters a key."""

    kind: Literal["threads", "ray"] = Field("threads")
    workers: int = Field(1, ge=1, le=1024, description="stages at once")
    accelerator: Literal["auto", "cpu", "gpu", "mps"] = Field("auto")


class Experiment(Section):
    """One experiment file."""

    name: Slug = Field(description="names the MLflow experiment and reports/<name>")
    data: DataSpec
    scorer: ScorerSpec = ScorerSpec()
    conditioning: ConditioningSpec = ConditioningSpec()
    process: ProcessSpec = ProcessSpec()
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()
    sampling: SamplingSpec = SamplingSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    finetune: FinetuneSpec | None = None
    study: StudySpec | None = None
    registry: RegistrySpec = RegistrySpec()
    runner: RunnerSpec = RunnerSpec()
    sweep: dict[str, Annotated[list[Scalar], Field(min_length=1)]] = Field(
        default_factory=dict, description="dotted path: values; the product is the plan"
    )
    also: list[Overrides] = Field(
        default_factory=list, description="single cells beside the sweep: dotted path: value"
    )

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "Experiment":
        halvings = len(self.network.channels) - 1
        if self.data.size % 2**halvings:
            raise ValueError(
                f"`data.size: {self.data.size}` cannot be halved {halvings} times, as "
                f"{halvings + 1} entries in `network.channels` ask for"
            )
        if self.finetune is not None:
            check_style(self.data.source, self.finetune.style)
            if not SOURCE_STYLES[self.data.source]:
                raise ValueError(
                    f"finetune needs a second style; source `{self.data.source}` has one"
                )
            if self.finetune.style == self.data.style:
                raise ValueError("finetune.style is the style that the baseline is trained on")
        if self.study is not None and self.finetune is None:
            raise ValueError("study compares baseline and fine-tuned model: give `finetune` too")
        if self.evaluation.classifier == "svc" and self.conditioning.encoder != "class":
            raise ValueError("evaluation.classifier: svc needs conditioning.encoder: class")
        return self
