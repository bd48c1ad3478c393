"""The section `sampling`."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from components.files.text_file import odd_character
from components.spec.catalogue import GUIDANCE, GUIDES, SOLVERS
from components.spec.choices import Choices
from components.spec.sections.base import MOST_NOISE, Options, Section, Switch, refuse_unread
from components.spec.sections.names import OneOf


class SamplingSpec(Section):
    """How images are drawn from a trained network."""

    solver: Annotated[str, OneOf("solvers")] = Field(
        "ddim", description="solver of the reverse process"
    )
    steps: int = Field(50, ge=1, le=1000, description="solver steps; rk45 starts with this many")
    grid: Annotated[str, OneOf("grids")] = Field("trailing", description="time grid")
    eta: float = Field(0.0, ge=0.0, le=1.0, description="ddim: 0 deterministic, 1 ancestral")
    end: Literal["image", "first"] = Field(
        "image",
        exclude_if=lambda end: end == "image",
        description="ddim: ends at the clean image, or at the process's least noisy time, as "
        "diffusers' `set_alpha_to_one: false`",
    )
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
    guidance: float = Field(
        1.0, ge=0.0, le=50.0, description="guidance scale; 1 is off, but of cfgpp"
    )
    guidance_kind: Annotated[str, OneOf("guidance")] = Field(
        "cfg", description="how strong and weak prediction are put together"
    )
    guide: Annotated[str, OneOf("guides")] = Field(
        "unconditional", description="the weak prediction: no condition, or the model of `guide`"
    )
    negative_prompt: str = Field(
        "", description="a class or caption that takes the place of no condition"
    )
    guidance_rescale: float = Field(
        0.0, ge=0.0, le=1.0, description="share of the guided prediction's spread that is undone"
    )
    guidance_sigma_min: float = Field(
        0.0, ge=0.0, le=MOST_NOISE, description="noise level σ/α up to which guidance is off"
    )
    guidance_sigma_max: float | None = Field(
        None,
        gt=0.0,
        le=MOST_NOISE,
        description="noise level σ/α above which guidance is off; none: never",
    )
    ema_length: float | None = Field(
        None, ge=0.01, le=0.25, description="σ_rel of a post-hoc EMA; none: the trained EMA"
    )
    adapter_scale: float = Field(
        1.0,
        ge=0.0,
        le=10.0,
        exclude_if=lambda scale: scale == 1.0,
        description="how many times what an adapter has learnt counts; 0 is its base",
    )
    precision: Literal["auto", "32-true", "bf16-mixed"] = Field(
        "32-true",
        exclude_if=lambda precision: precision == "32-true",
        description="of the network's arithmetic; auto: what is faster on this machine, measured "
        "once",
    )
    compile: Switch = Field(
        "off",
        exclude_if=lambda compile: compile == "off",
        description="whether torch.compile makes the network's kernels; auto: where that pays "
        "within the images that are drawn on this machine, measured once",
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31,
        description="image k is drawn from seed + k; its first noise is torch's, of 32 bits",
    )
    options: Options = Field(default_factory=dict)

    @classmethod
    def plugged(cls) -> tuple[str, Choices[Any]]:
        return "solver", SOLVERS

    @property
    def guided_by_model(self) -> bool:
        """Whether another model gives the weak prediction."""
        return GUIDES[self.guide].another_model

    @field_validator("negative_prompt")
    @classmethod
    def _is_text(cls, text: str) -> str:
        if odd := odd_character(text, lines=True):
            raise ValueError(f"it holds the character {odd}: give UTF-8 text without such")
        return text

    @model_validator(mode="after")
    def _options_are_read(self) -> "SamplingSpec":
        refuse_unread(self, "solver", SOLVERS)
        refuse_unread(self, "guidance_kind", GUIDANCE)
        refuse_unread(self, "guide", GUIDES)
        guidance = GUIDANCE[self.guidance_kind]
        if guidance.most is not None and self.guidance > guidance.most:
            raise ValueError(
                f"`guidance_kind: {self.guidance_kind}` takes a scale within [0, {guidance.most:g}]"
            )
        if guidance.to_level and not SOLVERS[self.solver].to_level:
            able = ", ".join(name for name, solver in SOLVERS.items() if solver.to_level)
            raise ValueError(
                f"`guidance_kind: {self.guidance_kind}` cannot be used with solver "
                f"`{self.solver}`: only {able} step to α x0 + σ ε, as it asks for"
            )
        if (
            self.guidance_sigma_max is not None
            and self.guidance_sigma_min >= self.guidance_sigma_max
        ):
            raise ValueError("`guidance_sigma_min` must be below `guidance_sigma_max`")
        return self
