"""What a network draws while it trains, in MLflow's image grid: a key a prompt, from step 0 on."""

from pathlib import Path

import numpy as np
from mlflow import MlflowClient
from PIL import Image

from components.data.grids import tile
from components.errors import AlphabarError
from components.files.manifest import intact
from components.tracking.images import SAMPLES, log_image, logged_images, open_whole, slugs
from components.training.pictures import PROMPTS, Shown, pictures, read_prompts

MOST_PROMPTS = 8


def log_pictures(client: MlflowClient, run_id: str, folder: Path) -> None:
    """Log what ``folder`` holds of a training's pictures by now and the run does not.

    At each step the whole sheet under ``samples``, and the first image of each of up to 8 distinct
    prompts under that prompt's slug, which is its key in the runs of cells, too. Without
    ``prompts.csv`` there is the sheet alone. A picture that is being written is left for the next
    call; keys that a kill has left out are added by it.

    Raises:
        AlphabarError: ``prompts.csv`` is not readable, or does not fit the pictures.
    """
    found = pictures(folder)
    if not found:
        return
    try:
        shown = read_prompts(folder)
        places = _places(shown)
        logged = logged_images(client, run_id)
        for step, path in found.items():
            missing = [key for key in (SAMPLES, *places) if (key, step) not in logged]
            sheet = open_whole(intact(path)) if missing else None
            if sheet is None:
                continue
            for key in missing:
                image = _cut(sheet, shown, places[key]) if shown and key in places else sheet
                log_image(client, run_id, image, key, step)
    except ValueError as error:
        raise AlphabarError(
            f"{folder / PROMPTS} is broken: {error}",
            f"delete {folder.parent} and run the experiment again",
        ) from error


def _places(shown: Shown | None) -> dict[str, tuple[int, int]]:
    """Key → row and column of the image that is logged under it."""
    firsts = shown.firsts(MOST_PROMPTS) if shown else {}
    return dict(zip(slugs(list(firsts)), firsts.values(), strict=True))


def _cut(sheet: Image.Image, shown: Shown, at: tuple[int, int]) -> Image.Image:
    return Image.fromarray(tile(np.asarray(sheet), shown.grid, at))
