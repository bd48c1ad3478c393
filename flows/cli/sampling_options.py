"""The options of all commands that sample: what changes a model's own settings one by one."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import within

if TYPE_CHECKING:
    from flows.tools.sampling import Request

Solver = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="`alphabar list solvers` (default: the model's own, else ddim)."
    ),
]
Eta = Annotated[float | None, typer.Option(**within(0.0, 1.0), help="DDIM's noise.")]
Seed = Annotated[int | None, typer.Option(min=0, max=2**31, help="Image k is drawn from seed + k.")]

Adapters = Annotated[
    list[str] | None,
    typer.Option(
        "--adapter",
        metavar="FILE[:WEIGHT]",
        help="A LoRA of diffusers, peft or kohya's scripts, or a fine-tune's folder, and how many "
        "times it counts (1); repeat it.",
    ),
]


@dataclass(frozen=True)
class SamplingOptions:
    """Keys of the sampling section; what is not given is as the model's own settings say."""

    steps: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="Solver steps (default: the model's own, else 50)."),
    ] = None
    grid: Annotated[
        str | None, typer.Option(metavar="NAME", help="Time grid: `alphabar list grids`.")
    ] = None
    guidance: Annotated[
        float | None,
        typer.Option(
            **within(0.0, 50.0),
            help="Scale; 1 is off, but of cfgpp (default: the model's own; else 2, cfgpp 0.5, "
            "solver consistency 1; without anything to guide to: 1).",
        ),
    ] = None
    guidance_kind: Annotated[
        str | None, typer.Option(metavar="NAME", help="`alphabar list guidance` shows them.")
    ] = None
    negative_prompt: Annotated[
        str | None, typer.Option(help="A class or a caption to be guided away from.")
    ] = None
    guide: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="A weaker model to be guided away from, named as MODEL is (default: the one "
            "that a registered model brings along, where its own settings ask for it).",
        ),
    ] = None
    guidance_rescale: Annotated[
        float | None,
        typer.Option(**within(0.0, 1.0), help="Share of guidance's overexposure undone."),
    ] = None
    guidance_sigma_min: Annotated[
        float | None,
        typer.Option(**within(0.0, 1.0e6), help="Guide only above this noise level σ/α."),
    ] = None
    guidance_sigma_max: Annotated[
        float | None,
        typer.Option(**within(0.0, 1.0e6), help="Guide only up to this noise level σ/α."),
    ] = None
    ema_length: Annotated[
        float | None,
        typer.Option(
            **within(0.01, 0.25), help="σ_rel of a post-hoc EMA (default: the trained EMA)."
        ),
    ] = None
    adapters: Adapters = None
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any other sampling key, such as churn=40; repeat it.",
        ),
    ] = None

    def request(self, model: str, prompts: list[str] | None, **others: Any) -> "Request":
        """What is asked of ``model``.

        Args:
            others: keys of the sampling section that only some commands have as options.
        """
        from flows.tools.sampling import Request

        options = asdict(self) | others
        assignments, guide = options.pop("assignments") or [], options.pop("guide")
        adapters = tuple(options.pop("adapters") or [])
        return Request(model, options, assignments, guide, tuple(prompts or []), adapters)
