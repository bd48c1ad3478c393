"""The experiment file as pydantic models: every field, its range and its default.

The names in the ``Literal`` types are those of `components.spec.catalogue`, which a test holds
equal to the registries of the code.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from components.errors import AlphabarError
from components.spec.catalogue import (
    EXTRACTORS,
    FINETUNES,
    GUIDANCE,
    LOSS_WEIGHTS,
    PREDICTIONS,
    SCHEDULES,
    SOLVERS,
    TIME_SAMPLINGS,
    Entry,
)
from components.spec.metrics import CLIP_FAMILIES, MetricFamily, lower_is_better, slug

SOURCE_STYLES: dict[str, tuple[str, ...]] = {
    "digits": ("regular", "bold"),
    "openmoji": ("color", "line"),
    "folder": (),
}
"""The paired styles of each packaged source; the first one decides the split."""

CFGPP_SOLVERS = ("ddim", "euler", "euler_ancestral")

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


def check_extractor(name: str) -> str:
    """An extractor's name; raises ValueError for any other."""
    if name not in EXTRACTORS and not is_clip(name):
        raise ValueError(f"`{name}` is no extractor: choose from {', '.join(EXTRACTORS)}")
    return name


def check_clip(name: str) -> str:
    """What `evaluation.clip` may be; raises ValueError for anything else."""
    if name not in ("domain", "none") and not is_clip(name):
        raise ValueError(f"`{name}` is no CLIP: choose from domain, none, clip:MODEL:WEIGHTS")
    return name


def is_clip(name: str) -> bool:
    """Whether this names an open_clip model and its weights: a file, or open_clip's own name."""
    kind, *parts = name.split(":", 2)
    return kind == "clip" and len(parts) == 2 and all(part.strip() for part in parts)


Extractor = Annotated[str, AfterValidator(check_extractor)]
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

    schedule: Literal[
        "linear", "scaled_linear", "cosine", "sigmoid", "table", "rectified_flow", "edm"
    ] = Field("cosine", description="noise schedule")
    prediction: Literal["eps", "x0", "v", "flow", "edm"] = Field(
        "v", description="prediction target"
    )
    steps: int = Field(1000, ge=2, le=10_000, description="length of the discrete table")
    table: list[Annotated[float, Field(ge=0.0, lt=1.0)]] | None = Field(
        None, description="schedule `table`: ᾱ at equal times, falling; few are interpolated"
    )
    zero_terminal_snr: bool = Field(False, description="rescale a discrete table to end at SNR 0")
    snr_shift: float = Field(1.0, gt=0.0, le=1000.0, description="divide the SNR by its square")
    sigma_min: float = Field(0.002, gt=0.0, description="schedule `edm`: least noise level")
    sigma_max: float = Field(80.0, gt=0.0, description="schedule `edm`: largest noise level")
    sigma_data: float = Field(0.5, gt=0.0, description="prediction `edm`: spread of the data")

    @model_validator(mode="after")
    def _schedule_and_prediction_fit_together(self) -> "ProcessSpec":
        if (self.schedule == "table") != (self.table is not None):
            raise ValueError("`table` is given with schedule `table`, and only with it")
        if self.table is not None:
            check_table(self.table, self.steps)
        if self.sigma_min >= self.sigma_max:
            raise ValueError("`sigma_min` must be below `sigma_max`")
        continuous = self.schedule in ("rectified_flow", "edm")
        if self.zero_terminal_snr and continuous:
            why = "has it" if self.schedule == "rectified_flow" else "cannot have it: its α is 1"
            raise ValueError(f"`zero_terminal_snr` rescales a table; `{self.schedule}` {why}")
        ends_at_zero = (
            self.zero_terminal_snr
            or self.schedule == "rectified_flow"
            or (self.table is not None and self.table[-1] == 0)
        )
        if ends_at_zero and self.prediction == "eps":
            raise ValueError(
                "`eps` says nothing about the image where the SNR is 0: use `v`, `x0` or `flow`"
            )
        refuse_unread(self, "schedule", SCHEDULES)
        refuse_unread(self, "prediction", PREDICTIONS)
        return self


def check_table(values: list[float], steps: int) -> None:
    """Raise ValueError unless ``values`` can be a table of ᾱ with ``steps`` entries."""
    if not 2 <= len(values) <= steps:
        raise ValueError(f"`table` has {len(values)} values: give 2 to `steps` = {steps}")
    if any(a <= b for a, b in pairwise(values)):
        raise ValueError("`table` must fall: it is ᾱ from the least noisy time to the noisiest")
    if len(values) < steps and values[-1] == 0:
        raise ValueError("`table` is interpolated in log-SNR, so it cannot end at 0: give 1e-6")


def refuse_unread(section: Section, choice: str, entries: Mapping[str, Entry]) -> None:
    """Raise ValueError where an option is set that the chosen entry does not read.

    An option at its default is taken as not set.
    """
    chosen = getattr(section, choice)
    for option in sorted({option for entry in entries.values() for option in entry.options}):
        default = type(section).model_fields[option].default
        if option not in entries[chosen].options and getattr(section, option) != default:
            readers = ", ".join(name for name, e in entries.items() if option in e.options)
            raise ValueError(
                f"`{option}` has no meaning with {choice} `{chosen}`: it belongs to {readers}"
            )


class NetworkSpec(Section):
    """The denoising UNet (diffusers)."""

    channels: list[Annotated[int, Field(ge=8, le=2048, multiple_of=8)]] = Field(
        [32, 64], min_length=1, max_length=6, description="channels of each resolution"
    )
    layers_per_block: int = Field(2, ge=1, le=8, description="residual layers per resolution")
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="dropout inside residual layers")


DECIDED_BY_EVALUATIONS = ("select_by", "patience", "publish", "max_share")
"""Fields of the training section that mean nothing without evaluations."""


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
    ema_snapshots: int = Field(
        0, ge=0, le=1000, description="snapshots of two power-function EMAs; 0 is off"
    )
    loss_weight: Literal["uniform", "min_snr", "p2", "edm", "snr_trunc"] = Field(
        "uniform", description="how much each noise level counts"
    )
    snr_gamma: float = Field(5.0, gt=0.0, description="min_snr: largest weight on x0")
    time_sampling: Literal["uniform", "low_discrepancy", "logit_normal", "lognormal_sigma"] = Field(
        "uniform", description="which noise levels are drawn"
    )
    time_mean: float | None = Field(
        None, description="logit_normal: mean, 0 unless given; lognormal_sigma: -1.2"
    )
    time_std: float | None = Field(
        None, gt=0.0, description="logit_normal: deviation, 1 unless given; lognormal_sigma: 1.2"
    )
    offset_noise: float = Field(
        0.0, ge=0.0, le=1.0, description="spread of noise that is the same over a whole channel"
    )
    input_perturbation: float = Field(
        0.0, ge=0.0, le=1.0, description="extra noise in the input that is not to be predicted"
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field("32-true")
    seed: int = Field(0, ge=0, description="seed of weights, batches and noise")
    checkpoint_every: int = Field(200, ge=1, description="steps between resume checkpoints")
    evaluate_every: int = Field(1000, ge=0, description="steps between evaluations; 0 is off")
    evaluate_samples: int = Field(256, ge=20, le=50_000, description="EMA samples an evaluation")
    evaluate_steps: int = Field(20, ge=1, le=1000, description="DDIM steps of those samples")
    evaluate_size: int = Field(64, ge=32, le=1024, description="feature size then, pixels")
    evaluate_guidance: float = Field(2.0, ge=0.0, le=50.0, description="guidance of those samples")
    select_by: str | None = Field(
        None, description="figure that the best evaluation has; none: the Fréchet distance"
    )
    patience: int = Field(
        0,
        ge=0,
        description="evaluations in a row, worse than the best by more than the interval, that end "
        "training; 0 is off",
    )
    publish: Literal["last", "best"] = Field(
        "last", description="which weights are the model; the others are kept beside it"
    )
    max_share: float | None = Field(
        None,
        gt=0.0,
        le=1.0,
        description="largest share of the training time for evaluations, else some are left out, "
        "as the machine's speed has it; none: no limit",
    )

    @model_validator(mode="after")
    def _options_are_read(self) -> "TrainingSpec":
        refuse_unread(self, "loss_weight", LOSS_WEIGHTS)
        refuse_unread(self, "time_sampling", TIME_SAMPLINGS)
        return self

    @model_validator(mode="after")
    def _evaluations_can_decide(self) -> "TrainingSpec":
        for name in DECIDED_BY_EVALUATIONS:
            given = getattr(self, name)
            if not self.evaluate_every and given != type(self).model_fields[name].default:
                raise ValueError(f"`{name}: {given}` has no meaning with `evaluate_every: 0`")
        if self.select_by is not None:
            try:
                lower_is_better(self.select_by)
            except AlphabarError as error:
                raise ValueError(f"{error.what}: {error.remedy}") from None
        return self


class SamplingSpec(Section):
    """How images are drawn from a trained network."""

    solver: Literal[
        "ddim",
        "ddpm",
        "euler",
        "euler_ancestral",
        "heun",
        "dpmpp_2m",
        "dpmpp_2m_sde",
        "unipc",
        "rk45",
        "langevin",
        "predictor_corrector",
        "consistency",
    ] = Field("ddim", description="solver of the reverse process")
    steps: int = Field(50, ge=1, le=1000, description="solver steps; rk45 starts with this many")
    grid: Literal["trailing", "leading", "linspace", "karras", "uniform_logsnr"] = Field(
        "trailing", description="time grid"
    )
    eta: float = Field(0.0, ge=0.0, le=1.0, description="ddim: 0 deterministic, 1 ancestral")
    variance: Literal["small", "large"] = Field("small", description="ddpm: which fixed variance")
    churn: float = Field(0.0, ge=0.0, le=1000.0, description="euler, heun: S_churn; 0 is off")
    tolerance: float = Field(1.0e-3, gt=0.0, le=1.0, description="rk45: relative and absolute")
    corrector_steps: int = Field(
        1, ge=1, le=1000, description="langevin, predictor_corrector: Langevin steps a level"
    )
    corrector_snr: float = Field(
        0.16, gt=0.0, le=1.0, description="langevin, predictor_corrector: step size as SNR"
    )
    clip: bool = Field(True, description="hold x0 within the range of pixels")
    guidance: float = Field(1.0, ge=0.0, le=50.0, description="guidance scale; 1 is off")
    guidance_kind: Literal["cfg", "apg", "cfgpp"] = Field(
        "cfg", description="how strong and weak prediction are put together"
    )
    guide: Literal["unconditional", "weaker"] = Field(
        "unconditional", description="the weak prediction: no condition, or the model of `guide`"
    )
    negative_prompt: str = Field(
        "", description="a class or caption that takes the place of no condition"
    )
    guidance_rescale: float = Field(
        0.0, ge=0.0, le=1.0, description="share of the guided prediction's spread that is undone"
    )
    guidance_sigma_min: float = Field(
        0.0, ge=0.0, description="noise level σ/α up to which guidance is off"
    )
    guidance_sigma_max: float | None = Field(
        None, gt=0.0, description="noise level σ/α above which guidance is off; none: no limit"
    )
    ema_length: float | None = Field(
        None, ge=0.01, le=0.25, description="σ_rel of a post-hoc EMA; none: the trained EMA"
    )
    seed: int = Field(
        0, ge=0, le=2**31, description="image k is drawn from seed + k; torch reads 32 bits"
    )

    @model_validator(mode="after")
    def _options_are_read(self) -> "SamplingSpec":
        refuse_unread(self, "solver", SOLVERS)
        refuse_unread(self, "guidance_kind", GUIDANCE)
        if self.guidance_kind == "cfgpp" and self.guidance > 1:
            raise ValueError("`guidance_kind: cfgpp` takes a scale within [0, 1]")
        if self.guidance_kind == "cfgpp" and self.solver not in CFGPP_SOLVERS:
            raise ValueError(
                f"`guidance_kind: cfgpp` cannot be used with solver `{self.solver}`: only "
                f"{', '.join(CFGPP_SOLVERS)} step to α x0 + σ ε, as it asks for"
            )
        if (
            self.guidance_sigma_max is not None
            and self.guidance_sigma_min >= self.guidance_sigma_max
        ):
            raise ValueError("`guidance_sigma_min` must be below `guidance_sigma_max`")
        if self.guide == "weaker" and self.negative_prompt:
            raise ValueError("`negative_prompt` has no meaning with guide `weaker`")
        return self


class EvaluationSpec(Section):
    """How samples are compared with the holdout."""

    samples: int = Field(2000, ge=20, le=1_000_000, description="images a cell")
    extractor: Extractor = Field(
        "efficientnet_lite0", description="the network whose Fréchet distance ranks cells"
    )
    others: list[Extractor] = Field(
        default_factory=list, description="further extractors, each with figures of its own"
    )
    size: int = Field(
        64, ge=32, le=1024, description="efficientnet_lite0: side at which it looks, pixels"
    )
    metrics: list[MetricFamily] | None = Field(
        None, description="which figures are taken; none: all that the rest of the file allows"
    )
    neighbours: int = Field(
        5, ge=1, le=100, description="precision, recall, density, coverage: reach of the balls"
    )
    clip: Annotated[str, AfterValidator(check_clip)] = Field(
        "domain", description="which CLIP score: domain, none, or clip:<model>:<weights>"
    )
    classifier: Literal["none", "svc"] = Field(
        "none", description="svc: share of class-conditional samples that an SVC recognises"
    )
    groups: Literal["none", "class", "caption"] = Field(
        "class", description="what else figures are taken for, each on its own"
    )
    likelihood: Literal["none", "elbo"] = Field(
        "none", description="elbo: variational bound of the holdout, bits per dimension"
    )
    confidence: float = Field(0.95, gt=0.5, lt=1.0, description="level of every interval")

    @model_validator(mode="after")
    def _metrics_can_be_taken(self) -> "EvaluationSpec":
        extractors = [self.extractor, *self.others]
        names = [slug(name) for name in extractors]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"figures of two extractors would both be called `{twice[0]}`")
        if self.metrics is None:
            return self
        if "fd" not in self.metrics:
            raise ValueError("`metrics` must have `fd`, which ranks the cells")
        if "cmmd" in self.metrics and not any(name.startswith("clip:") for name in extractors):
            raise ValueError("`cmmd` needs an extractor `clip:<model>:<weights>`")
        if self.clip == "none" and (idle := sorted(CLIP_FAMILIES & set(self.metrics))):
            raise ValueError(f"`{idle[0]}` has no meaning with `clip: none`")
        return self


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
    """The best baseline, trained further: on another style, or into a few-step sampler."""

    kind: Literal["full", "consistency"] = Field("full", description="what training does")
    style: str | None = Field(
        None, description="the style to move to, such as bold or line; none: the baseline's own"
    )
    steps: int = Field(1000, ge=1, description="optimiser steps")
    batch_size: int = Field(128, ge=1, le=65_536)
    lr: float = Field(1.0e-4, gt=0.0, le=1.0)
    warmup_steps: int = Field(50, ge=0)
    ema: float = Field(0.99, ge=0.0, lt=1.0)
    evaluate_every: int = Field(0, ge=0, description="steps between evaluations; 0 is off")
    teacher_steps: int = Field(
        50, ge=2, le=1000, description="consistency: DDIM steps of the teacher"
    )
    teacher_guidance: float = Field(
        1.0, ge=0.0, le=50.0, description="consistency: guidance that is distilled in"
    )
    segments: int = Field(
        2, ge=1, le=16, description="consistency: parts of the time, each crossed in one step"
    )
    sampling: list[Overrides] = Field(
        default_factory=list,
        description="sampling settings beside the baseline's; the first one's figures are the "
        "fine-tune's",
    )

    @model_validator(mode="after")
    def _options_are_read(self) -> "FinetuneSpec":
        refuse_unread(self, "kind", FINETUNES)
        if self.kind == "full" and self.style is None:
            raise ValueError("`kind: full` needs a `style` to move to")
        if self.teacher_steps % self.segments:
            raise ValueError(
                f"`teacher_steps: {self.teacher_steps}` cannot be split into `segments: "
                f"{self.segments}` equal parts"
            )
        self.samplings(SamplingSpec())
        return self

    def samplings(self, base: SamplingSpec) -> list[SamplingSpec]:
        """How the fine-tuned model is sampled: as its baseline (a distilled one in one DDIM step a
        segment, or with consistency sampling in 2 steps), or as `sampling` changes that.

        Raises:
            ValueError: a change is not one of the sampling section's.
        """
        if self.kind == "consistency":
            whole = self.segments == 1
            base = SamplingSpec(
                solver="consistency" if whole else "ddim",
                steps=2 if whole else self.segments,
                clip=base.clip,
                seed=base.seed,
            )
        values = base.model_dump()
        try:
            return [
                SamplingSpec.model_validate(values | change) for change in self.sampling or [{}]
            ]
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, e['loc']))} {e['msg']}" for e in error.errors()]
            raise ValueError(f"`finetune.sampling`: {'; '.join(faults)}") from None


class StudySpec(Section):
    """The blind comparison of baseline and fine-tuned model."""

    pairs: int = Field(40, ge=1, le=10_000, description="side-by-side choices")
    seed: int = Field(0, ge=0, description="seed of sides and order")


class RegistrySpec(Section):
    """Where the winner is registered, and what makes it champion.

    The gate is asked once, when the winner is registered; `alphabar promote` asks again.
    """

    model: Slug | None = Field(None, description="model name in the registry; none: no record")
    gate: str | None = Field(
        None,
        min_length=1,
        description="gate file, from the project's root folder; none: a better Fréchet distance "
        "than the champion's",
    )

    @model_validator(mode="after")
    def _gate_has_a_model(self) -> "RegistrySpec":
        if self.gate is not None and self.model is None:
            raise ValueError("`gate` decides who is champion in the registry: give `model` too")
        return self


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
    guide: dict[str, Any] = Field(
        default_factory=dict,
        description="the weaker model of autoguidance: dotted network and training keys that "
        "differ from the model's own",
    )
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
        if self.finetune is not None and self.finetune.style is not None:
            check_style(self.data.source, self.finetune.style)
            if not SOURCE_STYLES[self.data.source]:
                raise ValueError(
                    f"finetune needs a second style; source `{self.data.source}` has one"
                )
            if self.finetune.style == self.data.style:
                raise ValueError("finetune.style is the style that the baseline is trained on")
        if self.finetune is not None:
            self.finetune.samplings(self.sampling)
        if self.study is not None and self.finetune is None:
            raise ValueError("study compares baseline and fine-tuned model: give `finetune` too")
        if self.evaluation.classifier == "svc" and self.conditioning.encoder != "class":
            raise ValueError("evaluation.classifier: svc needs conditioning.encoder: class")
        if self.sampling.ema_length is not None and not self.training.ema_snapshots:
            raise ValueError("`sampling.ema_length` needs `training.ema_snapshots`, 10 or so")
        if self.sampling.guide == "weaker" and not self.guide:
            raise ValueError("`sampling.guide: weaker` needs the section `guide`")
        return self
