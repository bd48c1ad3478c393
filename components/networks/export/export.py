"""What an exported folder is made of, and what it leaves behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.networks.checkpoint import Checkpoint
from components.networks.codecs.codec import ExportedCodec
from components.networks.conditioners.conditioner import Exported
from components.networks.export.scheduler import EXPORTED
from components.spec.catalogue import GUIDANCE, SOLVERS
from components.spec.catalogue.sampling import guide_of
from components.spec.licences import Licensed
from components.spec.sections.sampling import SamplingSpec

SOLVER_WORDS = {1: "DDIM with eta 0", 2: "DPM-Solver++(2M)"}
"""What a scheduler's `solver_order` comes to."""


DDIM = "DDIMScheduler"
OWN = "AlphabarPipeline"
"""The pipeline whose file lies in the folder; any other is diffusers' own."""


@dataclass(frozen=True)
class Export:
    """A model as a folder for diffusers.

    Attributes:
        network, scheduler: classes of diffusers, or our own scheduler.
        told: what the model is told of an image.
        codec: between images and what the process works on.
        sampling: how alphabar draws with the model; ``steps`` and ``clip`` as they come to.
        order: of the scheduler's solver.
        pipeline: the class that draws with the folder.
        licences: of what the model was trained on, and of weights that go along.
        file: name of the model in one file, where it was asked for.
        one_file: what is to be said of it.
    """

    checkpoint: Checkpoint
    network: Any
    scheduler: Any
    told: Exported
    codec: ExportedCodec
    sampling: Mapping[str, Any]
    order: int
    pipeline: str
    licences: Sequence[Licensed] = ()
    file: str | None = None
    one_file: Sequence[str] = ()

    @property
    def unet_name(self) -> str:
        return type(self.network).__name__

    @property
    def scheduler_name(self) -> str:
        return type(self.scheduler).__name__

    @property
    def stock(self) -> bool:
        """Whether the scheduler is diffusers' own."""
        return type(self.scheduler).__module__.startswith("diffusers.")

    @property
    def solver(self) -> str:
        """The scheduler's solver, in words."""
        return SOLVER_WORDS[self.order]

    @property
    def grid(self) -> str:
        """The scheduler's times, as `sampling.grid` has them."""
        return "leading" if self.scheduler_name == DDIM else EXPORTED

    def words(self, out: Path) -> list[str]:
        """What ``out`` holds, how it is used, and what it does not do, line by line."""
        left = self.left_behind
        same = "draws with other settings than alphabar" if left else "draws the same images"
        folders = sorted(path.name for path in out.iterdir() if path.is_dir())
        inside = ", ".join(f"{name}/" for name in folders)
        loaded = f'{self.pipeline}.from_pretrained("{out}")'
        if self.pipeline == OWN:
            loaded = f'DiffusionPipeline.from_pretrained("{out}", trust_remote_code=True)'
        return [
            f"{out}: {loaded} {same}; README.md shows how; it holds {inside}",
            f"scheduler: {self._scheduler_words}",
            *self.one_file,
            *self._file_words(out),
            *(f"licence of {each.words}" for each in self.licences),
            *(f"not exported: {line}" for line in left),
        ]

    def _file_words(self, out: Path) -> list[str]:
        if self.file is None:
            return []
        return [f"{out / self.file}: {self.read_file(str(out / self.file), str(out))}"]

    def read_file(self, file: str, config: str) -> str:
        """Python that reads the model in one file."""
        return f'{self.pipeline}.from_single_file("{file}", config="{config}")'

    @property
    def _scheduler_words(self) -> str:
        if self.scheduler_name == DDIM:
            return (
                f"{DDIM} (diffusers' own), {self.grid} grid: {self.solver}; its times and its "
                "steps agree on this grid alone"
            )
        ours = "diffusers' own" if self.stock else "the scheduler's file lies in the folder"
        other = 3 - self.order
        return (
            f"{self.scheduler_name} ({ours}), solver_order={self.order}, {self.grid} grid: "
            f"{self.solver}; solver_order={other} is {SOLVER_WORDS[other]}. Not diffusers' {DDIM}, "
            "whose images differ where the steps do not divide the table"
        )

    @property
    def left_behind(self) -> list[str]:
        """What of the sampling section the folder does not draw with, in words."""
        left, scale = left_behind(self.sampling, self.grid), self.sampling["guidance"]
        if self.pipeline != OWN and 0 <= scale < 1:
            left.append(f"guidance {scale:g}: {self.pipeline} takes a scale below 1 for 1")
        if self.pipeline == OWN:
            left += [f"`{name}`" for name, value in self.told.settings.items() if value]
        if not self.stock and self.sampling.get("end") == "first":
            left.append("`end: first`; the folder ends at the clean image")
        return left


def left_behind(sampling: Mapping[str, Any], grid: str = EXPORTED) -> list[str]:
    """What of a sampling section an exported folder does not draw with, in words.

    Args:
        grid: that the folder draws with.
    """
    left = []
    order = SOLVERS[sampling["solver"]].diffusers_order
    if order is None or sampling["eta"] or sampling["churn"]:
        left.append(
            f"alphabar draws with solver `{sampling['solver']}`"
            + "".join(f", {name} {sampling[name]:g}" for name in ("eta", "churn") if sampling[name])
            + f"; the folder with {SOLVER_WORDS[order or 1]}"
        )
    if sampling["grid"] != grid:
        left.append(f"alphabar's grid is `{sampling['grid']}`; the folder's is `{grid}`")
    if not GUIDANCE[sampling["guidance_kind"]].exported:
        left.append(f"guidance of kind `{sampling['guidance_kind']}`; the folder's is `cfg`")
    left += [
        f"`{name}: {sampling[name]}`"
        for name in ("guidance_rescale", "guidance_sigma_min", "guidance_sigma_max")
        if sampling[name] != SamplingSpec.model_fields[name].default
    ]
    if lost := guide_of(sampling).left_behind:
        left.append(lost)
    return left
