"""A trained model as a command samples it: its own settings, under what the user gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError, quoted, shortened
from components.files.json_file import write_json
from components.files.new_folder import new_folder
from components.files.samples import DRAWN_BY
from components.runtime import Progress
from components.spec.catalogue.sampling import GUIDED_BY_MODEL, guide_of, reads_negative_prompt
from components.spec.model_folder import drawing_notes, own_guide, own_sampling
from components.spec.near_files import near_path
from components.spec.sampling_choice import sampling_of, settings_given
from components.spec.sections.sampling import SamplingSpec
from flows.tools.chosen import OWN_SETTINGS, Chosen
from flows.tools.judged_settings import judged_with
from flows.tools.models import find_base, find_model, version_of
from flows.tools.whose import whose
from flows.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from components.generation.asked import Asked
    from components.generation.prompts import Prompts


SHEET = 60
"""Images on the labelled sheet."""


@dataclass(frozen=True)
class Manner:
    """How a command samples.

    Attributes:
        command: its name.
        usual: what holds for a model without settings of its own, where the defaults do not.
        needs: settings that it cannot do without; they take the place of the model's own.
        edits: whether it tells the model nothing unless there is a prompt.
    """

    command: str
    usual: Mapping[str, Any] = field(default_factory=dict)
    needs: Mapping[str, Any] = field(default_factory=dict)
    edits: bool = False


GUIDED = {"solver": "ddim", "guidance_kind": "cfg", "guidance": 2.0}
SAMPLE = Manner("sample", GUIDED)
IMG2IMG = Manner("img2img", GUIDED, edits=True)
INTERPOLATE = Manner("interpolate", GUIDED, edits=True)
INPAINT = Manner("inpaint", GUIDED | {"solver": "ddpm"}, edits=True)
INVERT = Manner(
    "invert",
    {"steps": 100, "guidance": 1.0},
    needs={"solver": "ddim", "eta": 0.0, "end": "image"},
    edits=True,
)


@dataclass(frozen=True)
class Request:
    """What a user gives.

    Attributes:
        model: a directory, or NAME@ALIAS.
        options: keys of the sampling section → value; None where it is not given.
        assignments: ``key=value``, over the options.
        guide: a weaker model to be guided away from, named as ``model`` is; None for the one
            that the model brings along, where its own settings ask for it.
        prompts: classes or captions that the images take turns with.
        adapters: files or folders, with ``:`` and a weight behind them or not.
    """

    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    assignments: Sequence[str] = ()
    guide: str | None = None
    prompts: Sequence[str] = ()
    adapters: Sequence[str] = ()

    def given(self) -> list[str]:
        """The options for settings that the user gave, as they are typed."""
        options = [key for key, value in self.options.items() if value is not None]
        options += ["set"] * bool(self.assignments) + ["guide"] * bool(self.guide)
        options += ["adapter"] * bool(self.adapters)
        return [f"--{key.replace('_', '-')}" for key in options]


def choose(manner: Manner, request: Request, workspace: Workspace) -> Chosen:
    """The model that is named, and the settings: what is given, else the model's own, else usual.

    Raises:
        AlphabarError: there is no such model, or a setting is wrong.
    """
    directory = find_model(request.model, workspace, adapters=True)
    base = find_base(directory, workspace, request.model)
    origin = f"the options of `alphabar {manner.command}`"
    options = {**request.options, **({"guide": GUIDED_BY_MODEL} if request.guide else {})}
    own, judged = own_sampling(directory), None
    if not own and (judged := judged_with(directory)):
        own = judged.sampling
    given = settings_given(options, request.assignments, origin, own)
    if own:
        origin += f", with {request.model}'s own settings for the rest"
    settled = _settled(manner, given, own or manner.usual, told=bool(request.prompts))
    sampling = sampling_of(settled[0], origin, settled[1])
    if request.prompts or not manner.edits:  # else guidance itself is refused
        _refuse_unread(sampling, origin)
    weaker = find_model(request.guide, workspace) if request.guide else None
    if weaker is None and sampling.guided_by_model:
        weaker = judged.guide if judged else own_guide(directory)
    registered, used = SamplingSpec().model_dump() | own, sampling.model_dump()
    changed = tuple(key for key in used if used[key] != registered.get(key))
    return Chosen(
        directory,
        sampling,
        weaker,
        changed if own else None,
        drawing_notes(directory, sampling.guidance),
        base,
        workspace.weights,
        tuple(adapter_of(text) for text in request.adapters),
        request.model,
        version_of(request.model, directory, workspace),
        judged.words if judged else OWN_SETTINGS,
        workspace.kernels,
    )


_GIVE_ONE = "give a file or a folder"


def adapter_of(text: str) -> tuple[Path, float]:
    """FILE or FILE:WEIGHT; raises AlphabarError where the file is not there, or the weight is none
    within −10 and 10."""
    if text and Path(text).exists():
        return Path(text), 1.0
    name, _, weight = text.rpartition(":")
    times = _number(weight)
    if not name or not Path(name).exists():
        missing = name if name and times is not None else text
        near = near_path(Path(missing)) if missing else ""
        raise AlphabarError(f"there is no adapter at {missing or quoted(text)}", near + _GIVE_ONE)
    if times is None or not -10 <= times <= 10:
        raise AlphabarError(
            f"`--adapter {text}`: its weight is {weight or 'missing'}",
            "give a number from -10 to 10, or leave the colon out",
        )
    return Path(name), times


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _refuse_unread(sampling: SamplingSpec, origin: str) -> None:
    if sampling.negative_prompt and not reads_negative_prompt(sampling.model_dump()):
        raise AlphabarError(
            f"{origin}: nothing is guided away from the negative prompt "
            f"`{shortened(sampling.negative_prompt)}` with guidance {sampling.guidance:g}",
            "give a larger --guidance, or leave --negative-prompt out",
        )


def _settled(
    manner: Manner, given: Mapping[str, Any], own: Mapping[str, Any], *, told: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is given, with what the manner asks for, and what is left of the model's own.

    A model that is told nothing has nothing to be guided to, unless a weaker model guides it.
    """
    needs = manner.needs if given.get("solver") in (None, manner.needs.get("solver")) else {}
    given, own = {**needs, **given}, dict(own)
    if manner.edits and not told and not guide_of({**own, **given}).another_model:
        own.pop("negative_prompt", None)
        given = {"guidance": 1.0, **given}
    return given, own


def write_sampled(
    chosen: Chosen,
    out: Path,
    count: int,
    prompts: "Asked",
    workspace: Workspace,
    progress: Progress,
) -> list[str]:
    """Write ``count`` images into the new folder ``out``.

    The folder has the form of a published `sample` stage (images.npy, samples.csv, grid.png), the
    images as PNG files that say how they were drawn, with a metadata.csv beside them, and
    sheet.png: the first of them, each above its prompt and seed.

    Args:
        prompts: what they are asked for.

    Returns:
        What is to be said about the prompts.

    Raises:
        AlphabarError: ``out`` exists, a prompt is no class, a file of prompts is broken, or the
            guide does not fit the model.
    """
    with new_folder(out, workspace.store_root) as part:
        progress(0, count, "loading the model")
        sampler = chosen.load()
        from components.generation.asked import all_prompts, prompt_words
        from components.generation.sample import write_samples

        asked = all_prompts(sampler.model, prompts, count)
        images = write_samples(sampler, asked, part, progress, about=chosen.about())
        _sheet(chosen, images, asked, part)
        write_json(part / DRAWN_BY, whose(chosen, workspace))
        return prompt_words(sampler, list(asked.captions))


def _sheet(chosen: Chosen, images: "NDArray[np.uint8]", asked: "Prompts", out: Path) -> None:
    from components.data.grids import save_png
    from components.reporting.pictures.prompted import prompted_sheet

    shown = images[:SHEET]
    first = f", the first {SHEET} of {len(images)} images" if len(images) > SHEET else ""
    told = [label or caption for label, caption in zip(asked.labels, asked.captions, strict=True)]
    seeds = [chosen.sampling.seed + k for k in range(len(shown))]
    called = f"{chosen.called} ({chosen.version})" if chosen.version else chosen.called
    title = f"{called}{first}: {chosen.words()}"
    save_png(out / "sheet.png", prompted_sheet(shown, told[: len(shown)], seeds, title))
