"""The models of a study, drawn on the same prompts, seeds and sampling settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.data.prompt_file import read_prompts
from components.errors import AlphabarError
from components.runtime import Progress
from flows.tools.chosen import Chosen
from flows.tools.sampling import GUIDED, Manner, Request, choose, write_sampled
from flows.tools.whose import key_of_model, manifest_of, whose
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.generation.asked import Asked

HOLDOUT = "holdout"

MANNER = Manner("study export", GUIDED)


@dataclass(frozen=True)
class OfModel:
    """What was drawn of one model.

    Attributes:
        folder: its samples.
        about: where they come from, as `Key.models` has it.
    """

    folder: Path
    about: Mapping[str, Any]


class Drawing:
    """How models are drawn for a study.

    Args:
        options: of sampling, that hold for all models; its ``model`` is the baseline.
        prompts: a file or ``holdout``; None where nothing is said.
        count: images of each model.
        own_settings: whether what no option says is each model's own, and not the baseline's.
    """

    def __init__(
        self,
        options: Request,
        prompts: str | None,
        count: int,
        own_settings: bool,
        workspace: Workspace,
    ) -> None:
        self._options, self._prompts, self._count = options, prompts, count
        self._own, self._workspace = own_settings, workspace
        self.told: list[str] = []
        """What is to be said of it, a line each."""
        self.data: Path | None = None
        """The baseline's prepared data, once models are drawn; None where they are not known."""
        self.drawn_from: list[Path] = []
        """The models' directories."""

    def refuse_unread(self, models: Mapping[str, str]) -> None:
        """Raise AlphabarError where something is said of drawing, and nothing is drawn."""
        given = [f"--prompts {self._prompts}"] if self._prompts else []
        given += self._options.given() + ["--own-settings"] * self._own
        if given and not models:
            raise AlphabarError(
                f"{given[0]} has no meaning here: all images are drawn already",
                "give models, or leave it away",
            )

    def drawn(
        self, models: Mapping[str, str], scratch: Path, progress: Progress
    ) -> dict[str, OfModel]:
        """Draw every model into a folder of samples.

        Args:
            models: what a study calls each → what the user calls it, the baseline's first.
            scratch: an empty folder for them.

        Raises:
            AlphabarError: there is no such model, a setting is wrong, or what it is asked for is
                not known.
        """
        progress(0, len(models), "looking for the models")
        chosen = self._chosen(models)
        asked = self._asked(next(iter(chosen.values())))
        found = {}
        for number, (name, each) in enumerate(chosen.items()):
            each.refuse_unasked(asked, "give `--prompts FILE`")
            folder = scratch / f"model-{number}"
            notes = write_sampled(each, folder, self._count, asked, self._workspace, progress)
            self.told += [f"{name}: {line}" for line in (each.words(), *notes)]
            self.drawn_from.append(each.model)
            found[name] = OfModel(folder, whose(each, self._workspace))
        return found

    def _chosen(self, models: Mapping[str, str]) -> dict[str, Chosen]:
        """Every model with its settings: the first one's, where it is not to have its own."""
        found: dict[str, Chosen] = {}
        for name, model in models.items():
            each = choose(MANNER, replace(self._options, model=model), self._workspace)
            if found:
                each = self._alike(name, each, next(iter(found.values())))
            found[name] = each
        return found

    def _alike(self, name: str, each: Chosen, first: Chosen) -> Chosen:
        if self._own:
            return replace(
                each, sampling=each.sampling.model_copy(update={"seed": first.sampling.seed})
            )
        own, same = each.sampling.model_dump(), first.sampling.model_dump()
        if others := [key for key in same if own[key] != same[key] and key != "seed"]:
            self.told.append(
                f"{name}: drawn with the baseline's {', '.join(others)}, not its own "
                "(--own-settings)"
            )
        guide = (each.guide or first.guide) if first.sampling.guided_by_model else None
        return replace(each, sampling=first.sampling, guide=guide, changed=None)

    def _asked(self, baseline: Chosen) -> "Asked":
        """What all models are asked for."""
        from components.generation.asked import SplitCaptions

        self.data = data_of(baseline, self._workspace)
        if self._prompts not in (None, HOLDOUT):
            file = Path(str(self._prompts))
            self.told.append(f"{file}: {read_prompts(file).words(self._count, '--pairs')}")
            return file
        if self.data is not None:
            return SplitCaptions(self.data, "holdout")
        if self._prompts == HOLDOUT and baseline.captioned:
            raise AlphabarError(
                f"`--prompts holdout`: the data of {baseline.called} are not in "
                f"{self._workspace.store_root}",
                "give a file of prompts: `--prompts FILE`",
            )
        return ()


def data_of(chosen: Chosen, workspace: Workspace) -> Path | None:
    """The prepared data of a model; None where they are not in the store."""
    key = key_of_model(chosen, workspace)
    stages = sorted(workspace.store_root.glob(f"*/{key}")) if key else []
    return next(filter(None, (data_of_folder(each, workspace) for each in stages)), None)


def data_of_folder(folder: Path, workspace: Workspace) -> Path | None:
    """The prepared data that a published stage has read; None where they are not known."""
    key = manifest_of(folder).get("inputs", {}).get("data")
    found = sorted(workspace.store_root.glob(f"*/{key}")) if key else []
    return next((each for each in found if (each / "dataset.json").is_file()), None)
