"""Whose images a study shows: the file beside the key that says which models were compared."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import load_json, write_json
from components.files.manifest import MANIFEST, intact, read_manifest

FILE = "models.json"

Sides = Mapping[str, "Side | None"]
"""``baseline`` and ``finetuned`` → who drew that side's images; None where it is not known."""


@dataclass(frozen=True)
class Side:
    """One of the two models of a study.

    Attributes:
        sample: the key of the stage run that drew the images.
        model: the key of the stage run whose model drew them, such as a `train` or `finetune` one.
        sampling: the sampling section that they were drawn with.
    """

    sample: str
    model: str
    sampling: Mapping[str, Any]


def write_models(samples: Mapping[str, Path], out: Path) -> None:
    """Write `models.json` into ``out``.

    Images that no stage published, such as those of `alphabar sample`, have nobody's name.

    Args:
        samples: side → a ``sample/`` directory.

    Raises:
        AlphabarError: a directory's manifest is broken.
    """
    sides = {name: side_of(directory) for name, directory in samples.items()}
    write_json(out / FILE, {name: asdict(side) if side else None for name, side in sides.items()})


def read_models(directory: Path) -> Sides:
    """The sides of the study in ``directory``.

    Raises:
        AlphabarError: the file is missing, as in studies of before, or broken.
    """
    path = directory / FILE
    try:
        content = load_json(intact(path))
        return {
            name: Side(**content[name]) if content[name] else None
            for name in ("baseline", "finetuned")
        }
    except FileNotFoundError:
        raise AlphabarError(
            f"{path} does not exist: the study does not say which models it compares",
            "run the experiment again: the study is written anew with the same pairs, so the "
            "answers (put aside in its report's folder) still fit",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise AlphabarError(
            f"{path} is broken: {error!r}", "give the models.json that the study stage wrote"
        ) from error


def side_of(directory: Path) -> Side | None:
    """Who drew the images of a ``sample/`` directory; None where no stage that draws published it.

    Raises:
        AlphabarError: its manifest is broken.
    """
    if not (directory / MANIFEST).is_file():
        return None
    manifest = read_manifest(directory)
    try:
        return Side(manifest["key"], manifest["inputs"]["model"], manifest["spec"]["sampling"])
    except (KeyError, TypeError):
        return None  # published, but by no stage that draws with a model
